"""Pools, their members and allocation runs."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "pool",
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("held_fund_id", sa.Uuid(), nullable=False),
        sa.Column("fee_basis_points", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id", "fund_id"],
            ["fund.book_id", "fund.id"],
            name=op.f("fk_pool_book_id_fund_id"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_pool_book_id")),
        sa.ForeignKeyConstraint(
            ["host_id", "held_fund_id"],
            ["fund.book_id", "fund.id"],
            name=op.f("fk_pool_host_id_held_fund_id"),
        ),
        sa.ForeignKeyConstraint(["host_id"], ["book.id"], name=op.f("fk_pool_host_id")),
        sa.PrimaryKeyConstraint("book_id", name=op.f("pk_pool")),
    )
    op.create_table(
        "allocation_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("commodity", sa.String(length=64), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('proposed', 'posted', 'rejected')",
            name=op.f("ck_allocation_run_state"),
        ),
        sa.ForeignKeyConstraint(
            ["commodity"], ["commodity.code"], name=op.f("fk_allocation_run_commodity")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["person.id"], name=op.f("fk_allocation_run_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["pool.book_id"], name=op.f("fk_allocation_run_pool_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["person.id"], name=op.f("fk_allocation_run_proposed_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation_run")),
    )
    op.create_table(
        "pool_member",
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("member_seq", sa.SmallInteger(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id", "fund_id"],
            ["fund.book_id", "fund.id"],
            name=op.f("fk_pool_member_book_id_fund_id"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_pool_member_book_id")),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.book_id"], name=op.f("fk_pool_member_pool_id")),
        sa.PrimaryKeyConstraint("pool_id", "book_id", name=op.f("pk_pool_member")),
        sa.UniqueConstraint(
            "pool_id", "member_seq", name=op.f("uq_pool_member_pool_id_member_seq")
        ),
    )
    op.create_table(
        "allocation_line",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("residue", sa.Boolean(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["book_id", "fund_id"],
            ["fund.book_id", "fund.id"],
            name=op.f("fk_allocation_line_book_id_fund_id"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_allocation_line_book_id")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["allocation_run.id"], name=op.f("fk_allocation_line_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "book_id", name=op.f("pk_allocation_line")),
    )


def downgrade() -> None:
    """Drop the tables; refused by nothing, so only for databases without books."""
    op.drop_table("allocation_line")
    op.drop_table("pool_member")
    op.drop_table("allocation_run")
    op.drop_table("pool")
