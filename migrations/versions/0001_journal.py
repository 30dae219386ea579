"""Books, accounts, funds and the insert-only journal with its triggers."""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import create_triggers, drop_triggers

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "commodity",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("exponent", sa.SmallInteger(), nullable=False),
        sa.Column("singular", sa.Text(), nullable=False),
        sa.Column("plural", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_commodity")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
    )
    op.create_table(
        "book",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("commodity", sa.String(length=64), nullable=False),
        sa.Column("profile", sa.String(length=64), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind in ('community', 'pool')", name=op.f("ck_book_kind")),
        sa.ForeignKeyConstraint(["commodity"], ["commodity.code"], name=op.f("fk_book_commodity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book")),
        sa.UniqueConstraint("code", name=op.f("uq_book_code")),
    )
    op.create_table(
        "account",
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("inter_book", sa.Boolean(), nullable=False),
        sa.Column("is_loss", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_account_book_id")),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_account")),
    )
    op.create_table(
        "entry",
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("accounting_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_type", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("external_ref", sa.Text(), nullable=False),
        sa.Column("transfer_group", sa.Uuid(), nullable=True),
        sa.Column("reverses", sa.Uuid(), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["approved_by"], ["person.id"], name=op.f("fk_entry_approved_by")),
        sa.ForeignKeyConstraint(
            ["book_id", "reverses"],
            ["entry.book_id", "entry.id"],
            name=op.f("fk_entry_book_id_reverses"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_entry_book_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_entry_made_by")),
        sa.PrimaryKeyConstraint("book_id", "id", name=op.f("pk_entry")),
        sa.UniqueConstraint("book_id", "reverses", name=op.f("uq_entry_book_id_reverses")),
        sa.UniqueConstraint(
            "book_id",
            "source",
            "external_ref",
            "event_type",
            name=op.f("uq_entry_book_id_source_external_ref_event_type"),
        ),
    )
    op.create_index(
        "ix_entry_book_id_accounting_on_id",
        "entry",
        ["book_id", "accounting_on", "id"],
        unique=False,
    )
    op.create_index("ix_entry_transfer_group", "entry", ["transfer_group"], unique=False)
    op.create_table(
        "fund",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fund_class", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("restriction_until_on", sa.Date(), nullable=True),
        sa.Column("negative_allowed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_fund_book_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund")),
        sa.UniqueConstraint("book_id", "code", name=op.f("uq_fund_book_id_code")),
        sa.UniqueConstraint("book_id", "id", name=op.f("uq_fund_book_id_id")),
    )
    op.create_table(
        "annotation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_id"],
            ["entry.book_id", "entry.id"],
            name=op.f("fk_annotation_book_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_annotation_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotation")),
    )
    op.create_table(
        "posting",
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("accounting_on", sa.Date(), nullable=False),
        sa.Column("account", sa.SmallInteger(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("commodity", sa.String(length=64), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("counterparty_id", sa.Uuid(), nullable=True),
        sa.Column("pledge", sa.String(length=64), nullable=True),
        sa.Column("asset", sa.String(length=64), nullable=True),
        sa.Column("grant", sa.String(length=64), nullable=True),
        sa.Column("valuation", sa.String(length=64), nullable=True),
        sa.Column("payment", sa.String(length=64), nullable=True),
        sa.Column("function", sa.String(length=64), nullable=True),
        sa.Column("purpose", sa.String(length=64), nullable=True),
        sa.Column("campaign", sa.String(length=64), nullable=True),
        sa.Column("party", sa.String(length=64), nullable=True),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_posting_quantity")),
        sa.ForeignKeyConstraint(
            ["book_id", "account"],
            ["account.book_id", "account.number"],
            name=op.f("fk_posting_book_id_account"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_id"],
            ["entry.book_id", "entry.id"],
            name=op.f("fk_posting_book_id_entry_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "fund_id"],
            ["fund.book_id", "fund.id"],
            name=op.f("fk_posting_book_id_fund_id"),
        ),
        sa.ForeignKeyConstraint(
            ["commodity"], ["commodity.code"], name=op.f("fk_posting_commodity")
        ),
        sa.ForeignKeyConstraint(
            ["counterparty_id"], ["book.id"], name=op.f("fk_posting_counterparty_id")
        ),
        sa.PrimaryKeyConstraint("book_id", "entry_id", "line", name=op.f("pk_posting")),
    )
    op.create_index(
        "ix_posting_balance",
        "posting",
        ["book_id", "account", "fund_id", "commodity", "accounting_on", "quantity"],
        unique=False,
    )
    op.create_index("ix_posting_pledge", "posting", ["book_id", "pledge"], unique=False)
    create_triggers(op.get_bind())


def downgrade() -> None:
    """Drop the tables; refused by nothing, so only for databases without books."""
    drop_triggers(op.get_bind())
    op.drop_table("posting")
    op.drop_table("annotation")
    op.drop_table("fund")
    op.drop_table("entry")
    op.drop_table("account")
    op.drop_table("book")
    op.drop_table("person")
    op.drop_table("commodity")
