"""The Stripe account, its balance, disputes, and what became of each movement."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "stripe_account",
        sa.Column("singleton", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=True),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("singleton = 1", name=op.f("ck_stripe_account_singleton")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_stripe_account_book_id")),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_stripe_account")),
    )
    op.create_table(
        "stripe_balance",
        sa.Column("commodity", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("commodity", name=op.f("pk_stripe_balance")),
    )
    op.create_table(
        "dispute",
        sa.Column("stripe_dispute_id", sa.String(64), nullable=False),
        sa.Column("stripe_charge_id", sa.String(64), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=True),
        sa.Column("pledge_id", sa.Uuid(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("commodity", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("evidence_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("evidence_given", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_dispute_book_id")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_dispute_pledge_id")),
        sa.PrimaryKeyConstraint("stripe_dispute_id", name=op.f("pk_dispute")),
    )
    op.create_index("ix_dispute_book_id", "dispute", ["book_id"])
    op.create_index("ix_dispute_status", "dispute", ["status"])
    op.add_column("balance_transaction", sa.Column("outcome", sa.String(64), nullable=True))


def downgrade() -> None:
    """Remove the tables."""
    op.drop_column("balance_transaction", "outcome")
    op.drop_table("dispute")
    op.drop_table("stripe_balance")
    op.drop_table("stripe_account")
