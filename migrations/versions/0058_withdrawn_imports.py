"""Let the import of a bank statement be undone: when, by whom and why, and a word for its lines."""

import sqlalchemy as sa
from alembic import op

from migrations.tables import change_table

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
BEFORE = ("open", "matched")
TABLES = ("bank_line", "bank_line_part")


def upgrade() -> None:
    """Add the columns and the word."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("bank_statement", sa.Column("withdrawn_at", INSTANT))
    op.add_column("bank_statement", sa.Column("withdrawn_by", sa.Uuid()))
    reason = sa.Column("withdrawn_reason", sa.String, nullable=False, server_default="")
    op.add_column("bank_statement", reason)
    _allow((*BEFORE, "withdrawn"))


def downgrade() -> None:
    """Take them back; refuses while a line is withdrawn."""
    _allow(BEFORE)
    op.drop_column("bank_statement", "withdrawn_reason")
    op.drop_column("bank_statement", "withdrawn_by")
    op.drop_column("bank_statement", "withdrawn_at")


def _allow(words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    for table in TABLES:
        name = op.f(f"ck_{table}_state")
        with change_table(table) as batch:
            batch.drop_constraint(name, type_="check")
            batch.create_check_constraint(name, f"state in ({listed})")
