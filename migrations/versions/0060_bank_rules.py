"""Keep rules by which bank lines are categorised, and by which rule a line was."""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
MEANINGS = (
    "meaning in ('gift', 'unidentified', 'interest', 'charge', 'own_transfer', 'not_ours', "
    "'cost_refund', 'cost')"
)
PEOPLE = ("made_by", "approved_by", "withdrawn_by")


def upgrade() -> None:
    """Create the table and the column."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "bank_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("incoming", sa.Boolean(), nullable=False),
        sa.Column("least", sa.BigInteger()),
        sa.Column("most", sa.BigInteger()),
        sa.Column("counterparty_account", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("meaning", sa.String(64), nullable=False),
        sa.Column("fund", sa.String(), nullable=False),
        sa.Column("account", sa.BigInteger()),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("approved_by", sa.Uuid()),
        sa.Column("books_from", INSTANT),
        sa.Column("withdrawn_by", sa.Uuid()),
        sa.Column("withdrawn_at", INSTANT),
        sa.CheckConstraint(MEANINGS, name=op.f("ck_bank_rule_meaning")),
        sa.CheckConstraint("least is null or least > 0", name=op.f("ck_bank_rule_least")),
        sa.CheckConstraint("most is null or most > 0", name=op.f("ck_bank_rule_most")),
        sa.CheckConstraint(
            "approved_by is null or approved_by <> made_by",
            name=op.f("ck_bank_rule_maker_not_checker"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_bank_rule_book_id")),
        *(
            sa.ForeignKeyConstraint([column], ["person.id"], name=op.f(f"fk_bank_rule_{column}"))
            for column in PEOPLE
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_rule")),
    )
    op.create_index("ix_bank_rule_book_id", "bank_rule", ["book_id", "id"])
    op.add_column("match", sa.Column("bank_rule_id", sa.Uuid()))
    op.create_index(
        "ix_match_bank_rule_id",
        "match",
        ["bank_rule_id"],
        postgresql_where=sa.text("bank_rule_id is not null"),
        sqlite_where=sa.text("bank_rule_id is not null"),
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_match_bank_rule_id", "match")
    op.drop_column("match", "bank_rule_id")
    op.drop_index("ix_bank_rule_book_id", "bank_rule")
    op.drop_table("bank_rule")
