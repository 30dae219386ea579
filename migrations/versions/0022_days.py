"""An index of days, so that a trial balance does not read all days of a book."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

COLUMNS = ("starts_on", "account", "fund_id", "commodity", "counterparty_id", "quantity")


def upgrade() -> None:
    """Create the index."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_balance_day_starts_on",
        "balance_day",
        ["book_id", *COLUMNS],
        sqlite_where=sa.text("commodity > ''"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_balance_day_starts_on", "balance_day")
