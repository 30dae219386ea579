"""Find entries by an amount and by a donor."""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

NAMED = sa.text("party is not null")


def upgrade() -> None:
    """Add the indexes."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_posting_quantity", "posting", ["book_id", "quantity", "accounting_on", "entry_id"]
    )
    op.create_index(
        "ix_posting_party",
        "posting",
        ["book_id", "party"],
        postgresql_where=NAMED,
        sqlite_where=NAMED,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_posting_party", "posting")
    op.drop_index("ix_posting_quantity", "posting")
