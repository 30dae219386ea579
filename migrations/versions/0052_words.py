"""Let columns of states and kinds hold no other words than the program knows.

Each got a type of its own in the models; those below had no CHECK constraint yet. A row that holds
another word stops the migration: nothing here can tell what was meant.
"""

import sqlalchemy as sa
from alembic import op

from ledger.errors import Conflict
from migrations.tables import change_table

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

CONSENTS = ("name", "initials", "anonymous")
FIGURES = (
    *("received", "advances", "other_income", "from_communities", "spent", "granted"),
    *("to_communities", "brought_forward", "between_funds", "exchanged", "in_pools", "money"),
    *("held", "held_for_pools", "committed", "custody", "owed", "intended", "conditional"),
)
AGREEMENTS = (
    *("spending", "expense", "grant", "outside_grant", "loan", "refundable"),
    *("conditional_allocation", "promise", "sponsor", "depreciation", "purchase", "bank_debit"),
)
AGREEMENT_STATES = (
    *("submitted", "approved", "rejected", "cancelled", "billed", "released", "cleared"),
    *("reimbursed", "waived", "active", "closed", "paid", "lent", "repaid", "held", "returned"),
    *("due", "done", "lapsed", "owed", "written_off", "worn_out", "ended", "in_service"),
    *("pending", "failed"),
)
MOVES = (
    *("approve", "reject", "cancel", "bill", "release", "clear", "return", "reimburse", "waive"),
    *("receive", "earn", "claim", "close", "pay", "complete", "repay", "exit", "reach", "work"),
    *("lapse", "increase", "unwind", "write_off", "match", "unmatch", "wear", "end", "serve"),
    "fail",
)
# Table, column and the words that it may hold.
WORDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "account",
        "kind",
        (
            *("asset", "liability", "equity", "income", "expense"),
            *("stock", "source", "use", "memo"),
        ),
    ),
    (
        "allocation_run",
        "rule",
        ("equal", "weights", "percent", "fixed", "need_capped", "quadratic"),
    ),
    ("basket", "consent", CONSENTS),
    ("book", "profile", ("US_GAAP", "UK_SORP_2026", "INPAS", "CASH_SIMPLE")),
    ("campaign", "acceptance", ("by_hand", "all_confirmed")),
    ("commitment", "kind", AGREEMENTS),
    ("commitment", "state", AGREEMENT_STATES),
    ("commitment_step", "name", MOVES),
    ("commodity", "kind", ("currency", "holding", "time", "item", "bulk")),
    ("edition", "scope", ("book", "pool", "all")),
    ("edition", "audience", ("public", "auditor")),
    ("factor_policy", "role", ("member", "treasurer", "approver", "auditor", "admin")),
    ("figure_day", "figure", FIGURES),
    ("figure_giver", "figure", FIGURES),
    ("figure_total", "figure", FIGURES),
    (
        "fulfilment",
        "source",
        (
            *("payment", "bank_line", "cash", "asset", "hours", "gift_list"),
            *("refund", "return", "undone"),
        ),
    ),
    (
        "fund",
        "fund_class",
        (
            *("unrestricted", "designated", "purpose", "time", "purpose_time"),
            *("endowment_expendable", "endowment_permanent", "agency"),
        ),
    ),
    (
        "match",
        "rule",
        (
            *("M-01", "M-05", "M-09", "M-12", "gift", "unidentified", "identified"),
            *("entry", "owed_refund"),
        ),
    ),
    ("party", "kind", ("individual", "community")),
    ("payment_attempt", "kind", ("checkout", "setup", "subscription", "off_session")),
    (
        "payment_attempt",
        "state",
        ("created", "open", "processing", "succeeded", "posted", "failed", "expired"),
    ),
    ("recurring_gift", "consent", CONSENTS),
    (
        "refund",
        "state",
        (
            *("requested", "rejected", "approved", "unanswered"),
            *("sent", "posted", "failed", "bounced"),
        ),
    ),
    (
        "valuation",
        "method",
        (
            *("comparable_sales", "donor_invoice", "price_list", "expert_opinion"),
            *("observable", "rate_table", "use", "none"),
        ),
    ),
)


def upgrade() -> None:
    """Look for other words in every table, then add the constraints."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    for table, column, words in WORDS:
        _refuse_others(table, column, words)
    for table in dict.fromkeys(table for table, _column, _words in WORDS):
        with change_table(table) as batch:
            for named, column, words in WORDS:
                if named == table:
                    listed = ", ".join(f"'{word}'" for word in words)
                    name = op.f(f"ck_{table}_{column}")
                    batch.create_check_constraint(name, f"{column} in ({listed})")


def downgrade() -> None:
    """Let the columns hold any word again."""
    for table in dict.fromkeys(table for table, _column, _words in WORDS):
        with change_table(table) as batch:
            for named, column, _words in WORDS:
                if named == table:
                    batch.drop_constraint(op.f(f"ck_{table}_{column}"), type_="check")


def _refuse_others(table: str, column: str, words: tuple[str, ...]) -> None:
    here = sa.column(column, sa.String)
    query = sa.select(here).select_from(sa.table(table)).where(here.not_in(words)).limit(1)
    other = op.get_bind().scalar(query)
    if other is not None:
        raise Conflict(
            f"A row of {table} has the {column} “{other}”, which is none of "
            f"{', '.join(words)}: change it before the upgrade."
        )
