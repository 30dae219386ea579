"""Commitments: what is agreed first and done in steps."""

import sqlalchemy as sa
from alembic import op

from migrations.tables import change_table

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATES = (
    "state in ('in_custody', 'on_loan', 'damaged', 'transferred', 'disposed', 'lost',"
    " 'returned_to_donor')"
)


def upgrade() -> None:
    """Create the tables."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "commitment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("commodity", sa.String(64), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_commitment_quantity")),
        sa.CheckConstraint(
            "approved_by is null or approved_by <> made_by",
            name=op.f("ck_commitment_maker_not_checker"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_commitment_book_id")),
        sa.ForeignKeyConstraint(["other_id"], ["book.id"], name=op.f("fk_commitment_other_id")),
        sa.ForeignKeyConstraint(
            ["commodity"], ["commodity.code"], name=op.f("fk_commitment_commodity")
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "fund_id"],
            ["fund.book_id", "fund.id"],
            name=op.f("fk_commitment_book_id_fund_id"),
        ),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_commitment_made_by")),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["person.id"], name=op.f("fk_commitment_approved_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitment")),
        sa.UniqueConstraint("book_id", "reference", name=op.f("uq_commitment_book_id_reference")),
    )
    op.create_index("ix_commitment_book_id_kind_state", "commitment", ["book_id", "kind", "state"])
    op.create_table(
        "commitment_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("commitment_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["commitment_id"], ["commitment.id"], name=op.f("fk_commitment_step_commitment_id")
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_id"],
            ["entry.book_id", "entry.id"],
            name=op.f("fk_commitment_step_book_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["done_by"], ["person.id"], name=op.f("fk_commitment_step_done_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitment_step")),
        sa.UniqueConstraint(
            "commitment_id",
            "name",
            "reference",
            name=op.f("uq_commitment_step_commitment_id_name_reference"),
        ),
    )
    op.add_column("balance_transaction", sa.Column("fund_id", sa.Uuid(), nullable=True))
    op.add_column(
        "balance_transaction",
        sa.Column("owed_back", sa.BigInteger(), nullable=False, server_default="0"),
    )
    with change_table("asset") as batch:
        batch.alter_column("intake_id", existing_type=sa.Uuid(), nullable=True)
        batch.add_column(sa.Column("cost", sa.BigInteger(), nullable=False, server_default="0"))
        batch.add_column(
            sa.Column("depreciated", sa.BigInteger(), nullable=False, server_default="0")
        )
        batch.add_column(sa.Column("impaired", sa.BigInteger(), nullable=False, server_default="0"))
        batch.drop_constraint(op.f("ck_asset_state"), type_="check")
        batch.create_check_constraint(op.f("ck_asset_state"), STATES)


def downgrade() -> None:
    """Drop the tables."""
    with change_table("asset") as batch:
        for name in ("cost", "depreciated", "impaired"):
            batch.drop_column(name)
    op.drop_column("balance_transaction", "owed_back")
    op.drop_column("balance_transaction", "fund_id")
    op.drop_table("commitment_step")
    op.drop_table("commitment")
