"""Let the import of a bank statement and the receipt of equipment be undone.

When, by whom and why, and a word for the lines and items that count no longer.
"""

import sqlalchemy as sa
from alembic import op

from migrations.tables import change_table

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
BEFORE = ("open", "matched")
LINES = ("bank_line", "bank_line_part")
ITEMS = (
    *("in_custody", "on_loan", "damaged", "transferred", "disposed", "lost"),
    "returned_to_donor",
)


def upgrade() -> None:
    """Add the columns and the word."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("bank_statement", sa.Column("withdrawn_at", INSTANT))
    op.add_column("bank_statement", sa.Column("withdrawn_by", sa.Uuid()))
    reason = sa.Column("withdrawn_reason", sa.String, nullable=False, server_default="")
    op.add_column("bank_statement", reason)
    op.add_column("intake", sa.Column("withdrawn_at", INSTANT))
    for table in LINES:
        _allow(table, (*BEFORE, "withdrawn"))
    _allow("asset", (*ITEMS, "withdrawn"))


def downgrade() -> None:
    """Take them back; refuses while a line or an item is withdrawn."""
    _allow("asset", ITEMS)
    for table in LINES:
        _allow(table, BEFORE)
    op.drop_column("intake", "withdrawn_at")
    op.drop_column("bank_statement", "withdrawn_reason")
    op.drop_column("bank_statement", "withdrawn_by")
    op.drop_column("bank_statement", "withdrawn_at")


def _allow(table: str, words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    name = op.f(f"ck_{table}_state")
    with change_table(table) as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, f"state in ({listed})")
