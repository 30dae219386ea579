"""Bank accounts by whatever name, parts of batch lines, and lines that several statements state.

A bank account of its own is made for each name that statements have used so far; a treasurer can
join two that are one.
"""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from migrations.tables import change_table

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

TEXTS = ("counterparty_account", "batch_reference", "through", "returned")


def upgrade() -> None:
    """Create the tables, add the columns, and give every statement its bank account."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    _tables()
    for name in ("opening_derived", "closing_derived", "interim"):
        op.add_column(
            "bank_statement",
            sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()),
        )
    op.add_column(
        "bank_statement",
        sa.Column("forward", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    op.add_column("bank_statement", sa.Column("line_count", sa.BigInteger(), nullable=True))
    for name in TEXTS:
        op.add_column("bank_line", sa.Column(name, sa.Text(), nullable=True))
    op.add_column(
        "bank_line", sa.Column("interim", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    _add_reference("bank_statement", "bank_account_id", "bank_account")
    _add_reference("match", "part_id", "bank_line_part")
    _fill()


def _tables() -> None:
    op.create_table(
        "bank_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.BigInteger(), nullable=False),
        sa.Column("commodity", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_bank_account_book_id")),
        sa.ForeignKeyConstraint(
            ["commodity"], ["commodity.code"], name=op.f("fk_bank_account_commodity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_account")),
        sa.UniqueConstraint(
            "book_id",
            "account",
            "commodity",
            "name",
            name=op.f("uq_bank_account_book_id_account_commodity_name"),
        ),
    )
    op.create_table(
        "bank_line_part",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("bank_line_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("end_to_end_id", sa.Text(), nullable=True),
        sa.Column("counterparty_name", sa.Text(), nullable=True),
        sa.Column("counterparty_account", sa.Text(), nullable=True),
        sa.Column("remittance", sa.Text(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.CheckConstraint("state in ('open', 'matched')", name=op.f("ck_bank_line_part_state")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_bank_line_part_book_id")),
        sa.ForeignKeyConstraint(
            ["bank_line_id"], ["bank_line.id"], name=op.f("fk_bank_line_part_bank_line_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_line_part")),
        sa.UniqueConstraint(
            "bank_line_id", "position", name=op.f("uq_bank_line_part_bank_line_id_position")
        ),
    )
    op.create_table(
        "bank_line_repeat",
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("bank_line_id", sa.Uuid(), nullable=False),
        sa.Column("bank_reference", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["bank_statement.id"], name=op.f("fk_bank_line_repeat_statement_id")
        ),
        sa.ForeignKeyConstraint(
            ["bank_line_id"], ["bank_line.id"], name=op.f("fk_bank_line_repeat_bank_line_id")
        ),
        sa.PrimaryKeyConstraint("statement_id", "bank_line_id", name=op.f("pk_bank_line_repeat")),
    )
    op.create_index("ix_bank_line_repeat_bank_line_id", "bank_line_repeat", ["bank_line_id"])


def _add_reference(table: str, column: str, to: str) -> None:
    """Add a column that points to a table, without rebuilding its own on SQLite."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f'ALTER TABLE "{table}" ADD COLUMN {column} CHAR(32)'
            f" CONSTRAINT fk_{table}_{column} REFERENCES {to} (id)"
        )
        return
    op.add_column(table, sa.Column(column, sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f(f"fk_{table}_{column}"), table, to, [column], ["id"])


def _fill() -> None:
    statement = sa.table(
        "bank_statement",
        sa.column("book_id", sa.Uuid()),
        sa.column("account", sa.BigInteger()),
        sa.column("bank_account", sa.Text()),
        sa.column("commodity", sa.String(64)),
        sa.column("bank_account_id", sa.Uuid()),
    )
    account = sa.table(
        "bank_account",
        sa.column("id", sa.Uuid()),
        sa.column("book_id", sa.Uuid()),
        sa.column("account", sa.BigInteger()),
        sa.column("commodity", sa.String(64)),
        sa.column("name", sa.Text()),
    )
    own = (
        statement.c.book_id,
        statement.c.account,
        statement.c.commodity,
        statement.c.bank_account,
    )
    found = op.get_bind().execute(sa.select(*own).distinct()).all()
    for book_id, number, commodity, name in found:
        made = uuid4()
        op.execute(
            account.insert().values(
                id=made, book_id=book_id, account=number, commodity=commodity, name=name
            )
        )
        op.execute(
            statement.update()
            .where(
                statement.c.book_id == book_id,
                statement.c.account == number,
                statement.c.commodity == commodity,
                statement.c.bank_account == name,
            )
            .values(bank_account_id=made)
        )
    # No OFX file states an opening balance; until now that was not told.
    op.execute(
        sa.text("UPDATE bank_statement SET opening_derived = true WHERE file_format = 'ofx'")
    )


def downgrade() -> None:
    """Drop them."""
    for table, column in (("match", "part_id"), ("bank_statement", "bank_account_id")):
        # SQLite drops no column that a constraint names, but with the whole table.
        with change_table(table) as batch:
            batch.drop_constraint(f"fk_{table}_{column}", type_="foreignkey")
            batch.drop_column(column)
    for column in (*TEXTS, "interim"):
        op.drop_column("bank_line", column)
    for column in ("opening_derived", "closing_derived", "interim", "forward", "line_count"):
        op.drop_column("bank_statement", column)
    for table in ("bank_line_repeat", "bank_line_part", "bank_account"):
        op.drop_table(table)
