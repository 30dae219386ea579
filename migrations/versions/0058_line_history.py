"""Know lines that are alike, so that what was done with the last ones can be suggested.

The key of lines that are there is worked out here, a thousand at a time.
"""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from ledger.core.line_history import history_key

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

AT_ONCE = 1_000
LINE = sa.table(
    "bank_line",
    sa.column("id", sa.Uuid),
    sa.column("amount", sa.BigInteger),
    sa.column("remittance", sa.String),
    sa.column("counterparty_account", sa.String),
    sa.column("counterparty_name", sa.String),
    sa.column("history_key", sa.String),
)


def upgrade() -> None:
    """Add the key and fill it in."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("bank_line", sa.Column("history_key", sa.String))
    connection = op.get_bind()
    last: UUID | None = None
    while rows := connection.execute(_after(last)).all():
        connection.execute(
            sa.update(LINE)
            .where(LINE.c.id == sa.bindparam("of"))
            .values(history_key=sa.bindparam("key")),
            [{"of": row.id, "key": _key(row)} for row in rows],
        )
        last = rows[-1].id
    op.create_index("ix_bank_line_history_key", "bank_line", ["book_id", "history_key"])
    op.create_index(
        "ix_bank_line_counterparty_account", "bank_line", ["book_id", "counterparty_account"]
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_bank_line_counterparty_account", "bank_line")
    op.drop_index("ix_bank_line_history_key", "bank_line")
    op.drop_column("bank_line", "history_key")


def _key(row: sa.Row[Any]) -> str:
    return history_key(row.amount, row.remittance, row.counterparty_account, row.counterparty_name)


def _after(last: UUID | None) -> sa.Select[Any]:
    columns = (
        LINE.c.id,
        LINE.c.amount,
        LINE.c.remittance,
        LINE.c.counterparty_account,
        LINE.c.counterparty_name,
    )
    query = sa.select(*columns).order_by(LINE.c.id).limit(AT_ONCE)
    return query if last is None else query.where(LINE.c.id > last)
