"""Indexes and marks that keep more pages at the same cost, however much there is.

``bank_line.parked`` and ``intake.valued`` say what had to be looked up for every line and every
hand-over there ever was.
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

OPEN = "state in ('open', 'part_fulfilled')"
THINGS = f"{OPEN} and substr(commodity, 1, 4) in ('EQP.', 'GRM.', 'MLT.')"
ELSEWHERE = "source not in ('bank', 'hours', 'payment', 'pledge', 'stripe')"
# Name, table, columns, and of which rows where not of all; a mark as PostgreSQL and SQLite say it.
INDEXES = (
    ("ix_mandate_failure", "mandate", ["pledge_id"], "failure is not null"),
    (
        "ix_basket_confirmed",
        "basket",
        ["campaign_id", "created_at", "id"],
        "confirmed_at is not null",
    ),
    ("ix_pledge_open_things", "pledge", ["book_id", "created_at", "id"], THINGS),
    (
        "ix_bank_line_open_amount",
        "bank_line",
        ["book_id", "account", "commodity", "amount", "state"],
        "state = 'open'",
    ),
    (
        "ix_bank_line_parked",
        "bank_line",
        ["book_id", "booked_on", "position", "id"],
        ("parked", "parked = 1"),
    ),
    ("ix_bank_line_open_statement_id", "bank_line", ["statement_id"], "state = 'open'"),
    ("ix_bank_line_interim", "bank_line", ["statement_id"], ("interim", "interim = 1")),
    ("ix_bank_line_part_open", "bank_line_part", ["book_id", "bank_line_id"], "state = 'open'"),
    ("ix_bank_statement_bank_account_id", "bank_statement", ["bank_account_id", "closes_on"], None),
    ("ix_match_entry_id", "match", ["book_id", "entry_id"], None),
    ("ix_match_undone", "match", ["bank_line_id"], "undone_at is not null"),
    (
        "ix_intake_unvalued",
        "intake",
        ["book_id", "received_on", "id"],
        ("not valued", "valued = 0"),
    ),
    (
        "ix_balance_transaction_suspended",
        "balance_transaction",
        ["book_id", "created_at", "stripe_txn_id"],
        "outcome = 'movement_suspended'",
    ),
    ("ix_balance_transaction_net", "balance_transaction", ["commodity", "net"], None),
    ("ix_payout_in_transit", "payout", ["book_id", "arrival_on"], "bank_line_id is null"),
    ("ix_refund_book_id_state", "refund", ["book_id", "state"], None),
    ("ix_recurring_gift_basket_id", "recurring_gift", ["basket_id"], None),
    ("ix_commitment_step_entry_id", "commitment_step", ["book_id", "entry_id"], None),
    ("ix_allocation_run_pool_id", "allocation_run", ["pool_id", "state"], None),
    ("ix_api_token_person_id", "api_token", ["person_id"], None),
    ("ix_entry_elsewhere", "entry", ["book_id", "accounting_on", "id"], ELSEWHERE),
)
# Indexes that get more columns: name, table, columns before and now.
WIDER = (
    ("ix_basket_party_id", "basket", ["party_id"], ["party_id", "created_at", "id"]),
    ("ix_pledge_party_id", "pledge", ["party_id"], ["party_id", "created_at", "id"]),
)
# Every hand-over is replaced by those that still wait for a value.
RECEIVED = ("ix_intake_received_on", "intake", ["book_id", "received_on", "id"])
PARKED = """
update bank_line set parked = true where id in (
    select parked.bank_line_id from "match" as parked
    where parked.rule = 'unidentified' and parked.undone_at is null and not exists (
        select 1 from "match" as found
        where found.bank_line_id = parked.bank_line_id and found.rule = 'identified' and found.undone_at is null
            and coalesce(cast(found.part_id as text), '')
                = coalesce(cast(parked.part_id as text), '')
    )
)
"""
VALUED = """
update intake set valued = true
where id in (select intake_id from valuation where state = 'approved' and intake_id is not null)
"""


def upgrade() -> None:
    """Add the marks, fill them and create the indexes."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    for table, mark in (("bank_line", "parked"), ("intake", "valued")):
        column = sa.Column(mark, sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column(table, column)
    op.execute(PARKED)
    op.execute(VALUED)
    for name, table, columns, rows in INDEXES:
        postgresql, sqlite = rows if isinstance(rows, tuple) else (rows, rows)
        op.create_index(
            name,
            table,
            columns,
            postgresql_where=sa.text(postgresql) if postgresql else None,
            sqlite_where=sa.text(sqlite) if sqlite else None,
        )
    for name, table, _before, now in WIDER:
        op.drop_index(name, table)
        op.create_index(name, table, now)
    op.drop_index(RECEIVED[0], RECEIVED[1])


def downgrade() -> None:
    """Drop the indexes and the marks."""
    op.create_index(*RECEIVED)
    for name, table, before, _now in WIDER:
        op.drop_index(name, table)
        op.create_index(name, table, before)
    for name, table, _columns, _rows in INDEXES:
        op.drop_index(name, table)
    op.drop_column("intake", "valued")
    op.drop_column("bank_line", "parked")
