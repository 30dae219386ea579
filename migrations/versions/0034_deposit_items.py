"""Deposits are made of items; those of before have none until one of their cheques bounces."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "deposit_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("deposit_entry_id", sa.Uuid(), nullable=False),
        sa.Column("count_entry_id", sa.Uuid(), nullable=True),
        sa.Column("bounce_entry_id", sa.Uuid(), nullable=True),
        sa.Column("pledge_id", sa.Uuid(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_deposit_item_amount")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_deposit_item_book_id")),
        sa.ForeignKeyConstraint(
            ["pledge_id"], ["pledge.id"], name=op.f("fk_deposit_item_pledge_id")
        ),
        *(
            sa.ForeignKeyConstraint(
                ["book_id", name],
                ["entry.book_id", "entry.id"],
                name=op.f(f"fk_deposit_item_book_id_{name}"),
            )
            for name in ("deposit_entry_id", "count_entry_id", "bounce_entry_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposit_item")),
    )
    op.create_index(
        "ix_deposit_item_book_id_deposit_entry_id",
        "deposit_item",
        ["book_id", "deposit_entry_id"],
    )
    op.create_index(
        "ix_deposit_item_book_id_count_entry_id",
        "deposit_item",
        ["book_id", "count_entry_id"],
        unique=True,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("deposit_item")
