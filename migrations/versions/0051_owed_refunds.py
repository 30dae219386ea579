"""What is owed back to donors is found at once, and a refund that was returned is owed again."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

NAME, TABLE = "ix_balance_transaction_owed_back", "balance_transaction"


def upgrade() -> None:
    """Owe returned refunds again, and add the index."""
    op.execute(
        "update balance_transaction set owed_back = amount "
        "where outcome = 'refund_bounced' and owed_back = 0 and amount > 0"
    )
    op.create_index(
        NAME,
        TABLE,
        ["book_id", "created_at", "stripe_txn_id"],
        postgresql_where=sa.text("owed_back > 0"),
        sqlite_where=sa.text("owed_back > 0"),
    )


def downgrade() -> None:
    """Take both back."""
    op.drop_index(NAME, TABLE)
    op.execute("update balance_transaction set owed_back = 0 where outcome = 'refund_bounced'")
