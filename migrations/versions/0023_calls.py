"""Who drafted a campaign, and who opened it to everybody."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

PEOPLE = ("made_by", "opened_by")


def upgrade() -> None:
    """Add the columns; campaigns of before name nobody."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute("SET LOCAL lock_timeout = '5s'")
    for name in PEOPLE:
        # Alembic would copy the table on SQLite, and the copy would lose its checks.
        op.execute(
            f"ALTER TABLE campaign ADD COLUMN {name} {'UUID' if postgresql else 'CHAR(32)'}"
            f" CONSTRAINT fk_campaign_{name} REFERENCES person (id)"
        )
    op.add_column("campaign", sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Drop them."""
    for name in (*PEOPLE, "opened_at"):
        op.drop_column("campaign", name)
