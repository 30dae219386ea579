"""Stripe's ids have up to 255 characters; those of its checkout sessions have 66.

SQLite keeps no length, so only PostgreSQL has something to change.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

COLUMNS = (
    ("balance_transaction", "stripe_txn_id"),
    ("balance_transaction", "source_id"),
    ("balance_transaction", "stripe_payout_id"),
    ("dispute", "stripe_dispute_id"),
    ("dispute", "stripe_charge_id"),
    ("mandate", "stripe_customer_id"),
    ("mandate", "stripe_payment_method_id"),
    ("payment_attempt", "stripe_session_id"),
    ("payment_attempt", "stripe_payment_intent_id"),
    ("payout", "stripe_payout_id"),
    ("recurring_gift", "stripe_customer_id"),
    ("recurring_gift", "stripe_subscription_id"),
    ("refund", "stripe_charge_id"),
    ("refund", "stripe_refund_id"),
    ("stripe_event", "stripe_event_id"),
    ("stripe_event", "object_id"),
)


def upgrade() -> None:
    """Widen the columns."""
    _change(64, 255)


def downgrade() -> None:
    """Narrow them again; refused where an id is longer."""
    _change(255, 64)


def _change(before: int, after: int) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, column in COLUMNS:
        op.alter_column(table, column, existing_type=sa.String(before), type_=sa.String(after))
