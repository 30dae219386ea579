"""Keep signed reconciliation statements, and why a period was closed without one."""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
TABLE = "reconciliation_statement"
REFERENCES = (
    ("book_id", "book.id"),
    ("commodity", "commodity.code"),
    ("prepared_by", "person.id"),
    ("signed_by", "person.id"),
)


def upgrade() -> None:
    """Create the table and add the column."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.SmallInteger(), nullable=False),
        sa.Column("commodity", sa.String(64), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("bank", sa.BigInteger(), nullable=False),
        sa.Column("books", sa.BigInteger(), nullable=False),
        sa.Column("unexplained", sa.BigInteger(), nullable=False),
        sa.Column("log_size", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("document_sha256", sa.String(64), nullable=False),
        sa.Column("prepared_by", sa.Uuid(), nullable=False),
        sa.Column("prepared_at", INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=False),
        sa.Column("signed_at", INSTANT, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{TABLE}_{column}"))
            for column, target in REFERENCES
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index(
        "ix_reconciliation_statement_until_on",
        TABLE,
        ["book_id", "account", "commodity", "until_on"],
    )
    op.add_column("period", sa.Column("unreconciled", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("period", "unreconciled")
    op.drop_index("ix_reconciliation_statement_until_on", TABLE)
    op.drop_table(TABLE)
