"""Ways of giving: instalments, recurring gifts, saved cards, other currencies; tries are counted."""

import sqlalchemy as sa
from alembic import op

from migrations.tables import change_table

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("pledge", sa.Column("cover", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("campaign", sa.Column("currencies", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "pledge_line",
        sa.Column("pledge_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_pledge_line_quantity")),
        sa.ForeignKeyConstraint(
            ["pledge_id"], ["pledge.id"], name=op.f("fk_pledge_line_pledge_id")
        ),
        sa.PrimaryKeyConstraint("pledge_id", "n", name=op.f("pk_pledge_line")),
    )
    op.create_table(
        "recurring_gift",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("basket_id", sa.Uuid(), nullable=True),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("form_key", sa.String(64), nullable=False),
        sa.Column("commodity", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("every", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("consent", sa.String(64), nullable=False),
        sa.Column("stripe_customer_id", sa.String(64), nullable=True),
        sa.Column("stripe_subscription_id", sa.String(64), nullable=True),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("resumes_on", sa.Date(), nullable=True),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_recurring_gift_amount")),
        sa.CheckConstraint("every in ('month', 'year')", name=op.f("ck_recurring_gift_every")),
        sa.CheckConstraint(
            "state in ('asked', 'active', 'past_due', 'paused', 'stopped')",
            name=op.f("ck_recurring_gift_state"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_recurring_gift_book_id")),
        sa.ForeignKeyConstraint(
            ["book_id", "fund_id"],
            ["fund.book_id", "fund.id"],
            name=op.f("fk_recurring_gift_book_id_fund_id"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_recurring_gift_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["party.id"], name=op.f("fk_recurring_gift_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["basket_id"], ["basket.id"], name=op.f("fk_recurring_gift_basket_id")
        ),
        sa.ForeignKeyConstraint(
            ["commodity"], ["commodity.code"], name=op.f("fk_recurring_gift_commodity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recurring_gift")),
        sa.UniqueConstraint("reference", name=op.f("uq_recurring_gift_reference")),
        sa.UniqueConstraint("form_key", name=op.f("uq_recurring_gift_form_key")),
        sa.UniqueConstraint(
            "stripe_subscription_id", name=op.f("uq_recurring_gift_stripe_subscription_id")
        ),
    )
    op.create_index("ix_recurring_gift_party_id", "recurring_gift", ["party_id"])
    op.create_index("ix_recurring_gift_look_at", "recurring_gift", ["look_at"])
    op.create_table(
        "mandate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("pledge_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("stripe_customer_id", sa.String(64), nullable=True),
        sa.Column("stripe_payment_method_id", sa.String(64), nullable=True),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("next_charge_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('asked', 'saved', 'needs_donor', 'ended')", name=op.f("ck_mandate_state")
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_mandate_book_id")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_mandate_pledge_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate")),
        sa.UniqueConstraint("pledge_id", name=op.f("uq_mandate_pledge_id")),
    )
    op.create_index("ix_mandate_state_next_charge_at", "mandate", ["state", "next_charge_at"])
    op.create_table(
        "payment_try",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("visitor_sha256", sa.String(64), nullable=False),
        sa.Column("email_sha256", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_payment_try_book_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_try")),
    )
    op.create_index("ix_payment_try_visitor_sha256_at", "payment_try", ["visitor_sha256", "at"])
    op.create_index("ix_payment_try_email_sha256_at", "payment_try", ["email_sha256", "at"])
    op.create_index("ix_payment_try_at", "payment_try", ["at"])
    op.create_index("ix_payment_try_about", "payment_try", ["about"])
    with change_table("payment_attempt") as batch:
        batch.add_column(
            sa.Column("kind", sa.String(64), nullable=False, server_default="checkout")
        )
        batch.add_column(sa.Column("recurring_id", sa.Uuid(), nullable=True))
        batch.alter_column("pledge_id", existing_type=sa.Uuid(), nullable=True)
        batch.create_foreign_key(
            op.f("fk_payment_attempt_recurring_id"), "recurring_gift", ["recurring_id"], ["id"]
        )
        batch.create_unique_constraint(
            op.f("uq_payment_attempt_recurring_id_n"), ["recurring_id", "n"]
        )
    with change_table("balance_transaction") as batch:
        batch.add_column(sa.Column("recurring_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_balance_transaction_recurring_id"), "recurring_gift", ["recurring_id"], ["id"]
        )
        batch.create_index("ix_balance_transaction_recurring_id", ["recurring_id"])


def downgrade() -> None:
    """Drop the tables; what was asked of recurring gifts goes with them."""
    op.execute("delete from payment_attempt where pledge_id is null")
    with change_table("balance_transaction") as batch:
        batch.drop_index("ix_balance_transaction_recurring_id")
        batch.drop_constraint(op.f("fk_balance_transaction_recurring_id"), type_="foreignkey")
        batch.drop_column("recurring_id")
    with change_table("payment_attempt") as batch:
        batch.drop_constraint(op.f("uq_payment_attempt_recurring_id_n"), type_="unique")
        batch.drop_constraint(op.f("fk_payment_attempt_recurring_id"), type_="foreignkey")
        batch.drop_column("recurring_id")
        batch.drop_column("kind")
        batch.alter_column("pledge_id", existing_type=sa.Uuid(), nullable=False)
    for table in ("payment_try", "mandate", "recurring_gift", "pledge_line"):
        op.drop_table(table)
    op.drop_column("campaign", "currencies")
    op.drop_column("pledge", "cover")
