"""Find what Stripe moved, what was disputed, bounced and worked for a pledge by an index.

The pages of a giver ask for these by pledge; without an index each page would read the tables.
"""

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

TABLES = ("balance_transaction", "hours_entry", "dispute", "deposit_item")


def upgrade() -> None:
    """Make the indexes."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES:
        op.create_index(f"ix_{table}_pledge_id", table, ["pledge_id"])


def downgrade() -> None:
    """Drop them."""
    for table in reversed(TABLES):
        op.drop_index(f"ix_{table}_pledge_id", table)
