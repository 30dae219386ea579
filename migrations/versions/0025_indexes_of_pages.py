"""Indexes that keep a page's cost the same when a community is loved."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# Name, table, columns, and of which rows where not of all.
INDEXES = (
    ("ix_entry_event_type", "entry", ["book_id", "event_type", "accounting_on", "id"], None),
    ("ix_entry_recorded_at", "entry", ["book_id", "recorded_at"], None),
    (
        "ix_pledge_open",
        "pledge",
        ["book_id", "commodity", "created_at", "id"],
        "state in ('open', 'part_fulfilled')",
    ),
    ("ix_basket_campaign_id", "basket", ["campaign_id", "created_at", "id"], None),
    ("ix_basket_party_id", "basket", ["party_id"], None),
    ("ix_fulfilment_entry_id", "fulfilment", ["book_id", "entry_id"], None),
    ("ix_party_person_id", "party", ["person_id"], None),
    ("ix_intake_received_on", "intake", ["book_id", "received_on", "id"], None),
    ("ix_valuation_intake_id", "valuation", ["intake_id"], None),
    ("ix_asset_loan_asset_id", "asset_loan", ["asset_id"], None),
    (
        "ix_asset_loan_lender_id",
        "asset_loan",
        ["lender_id", "returned_on", "due_on", "id"],
        None,
    ),
    ("ix_hours_entry_party_id", "hours_entry", ["party_id"], None),
    (
        "ix_balance_transaction_unposted",
        "balance_transaction",
        ["created_at", "stripe_txn_id"],
        "posted_at is null",
    ),
    (
        "ix_bank_line_open",
        "bank_line",
        ["book_id", "booked_on", "position", "id"],
        "state = 'open'",
    ),
)


def upgrade() -> None:
    """Create them."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    for name, table, columns, rows in INDEXES:
        where = sa.text(rows) if rows else None
        op.create_index(name, table, columns, postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    """Drop them."""
    for name, table, _columns, _rows in INDEXES:
        op.drop_index(name, table)
