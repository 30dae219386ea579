"""Each basket keeps its own name, and whether the owner of its address has said it is theirs.

Baskets of somebody who signs in stand as they are; the names and messages of all others are
withheld until the owner of the address has signed in and shown them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and fill them from the parties."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    instant = sa.DateTime(timezone=True)
    op.add_column("basket", sa.Column("name", sa.Text, nullable=False, server_default=""))
    op.add_column("basket", sa.Column("confirmed_at", instant))
    op.add_column("party", sa.Column("joined_at", instant))
    op.execute("update basket set name = (select name from party where party.id = basket.party_id)")
    op.execute(
        "update basket set confirmed_at = created_at where party_id in"
        " (select id from party where person_id is not null)"
    )
    # What was the strictest word of a giver about all their baskets stays so for each.
    op.execute(
        "update basket set consent = 'anonymous' where party_id in"
        " (select id from party where consent = 'anonymous')"
    )


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("party", "joined_at")
    op.drop_column("basket", "confirmed_at")
    op.drop_column("basket", "name")
