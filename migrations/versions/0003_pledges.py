"""Campaigns, pledges, things and hours."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "skill_rate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("commodity", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=64), nullable=False),
        sa.Column("rate_per_hour", sa.BigInteger(), nullable=False),
        sa.Column("specialised", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("valid_from_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_skill_rate_book_id")),
        sa.ForeignKeyConstraint(
            ["commodity"], ["commodity.code"], name=op.f("fk_skill_rate_commodity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skill_rate")),
    )
    op.create_index(
        "ix_skill_rate_book_id_commodity",
        "skill_rate",
        ["book_id", "commodity"],
        unique=False,
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("mode", sa.String(length=64), nullable=False),
        sa.Column("fee_bearer", sa.String(length=64), nullable=False),
        sa.Column("commodity", sa.String(length=64), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("deadline_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "fee_bearer in ('fund', 'general')", name=op.f("ck_campaign_fee_bearer")
        ),
        sa.CheckConstraint(
            "mode in ('keep_what_you_raise', 'all_or_nothing')",
            name=op.f("ck_campaign_mode"),
        ),
        sa.CheckConstraint(
            "state in ('draft', 'live', 'succeeded', 'failed', 'closed')",
            name=op.f("ck_campaign_state"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "fund_id"],
            ["fund.book_id", "fund.id"],
            name=op.f("fk_campaign_book_id_fund_id"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_campaign_book_id")),
        sa.ForeignKeyConstraint(
            ["commodity"], ["commodity.code"], name=op.f("fk_campaign_commodity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("slug", name=op.f("uq_campaign_slug")),
    )
    op.create_table(
        "basket",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("form_key", sa.String(length=64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("consent", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_basket_book_id")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_basket_campaign_id")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_basket_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_basket")),
        sa.UniqueConstraint("form_key", name=op.f("uq_basket_form_key")),
    )
    op.create_table(
        "campaign_need",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("commodity", sa.String(length=64), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("minimum", sa.BigInteger(), nullable=False),
        sa.Column("optimum", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_need_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["commodity"], ["commodity.code"], name=op.f("fk_campaign_need_commodity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_need")),
        sa.UniqueConstraint(
            "campaign_id",
            "commodity",
            name=op.f("uq_campaign_need_campaign_id_commodity"),
        ),
    )
    op.create_table(
        "pledge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("basket_id", sa.Uuid(), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("commodity", sa.String(length=64), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("legal_nature", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "legal_nature in ('intention', 'conditional', 'unconditional')",
            name=op.f("ck_pledge_legal_nature"),
        ),
        sa.CheckConstraint(
            "state in ('open', 'part_fulfilled', 'fulfilled', 'over_fulfilled', 'lapsed', 'cancelled', 'written_off', 'charged_back')",
            name=op.f("ck_pledge_state"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_pledge_quantity")),
        sa.ForeignKeyConstraint(["basket_id"], ["basket.id"], name=op.f("fk_pledge_basket_id")),
        sa.ForeignKeyConstraint(
            ["book_id", "fund_id"],
            ["fund.book_id", "fund.id"],
            name=op.f("fk_pledge_book_id_fund_id"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_pledge_book_id")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_pledge_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["commodity"], ["commodity.code"], name=op.f("fk_pledge_commodity")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_pledge_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledge")),
        sa.UniqueConstraint("book_id", "reference", name=op.f("uq_pledge_book_id_reference")),
    )
    op.create_index("ix_pledge_basket_id", "pledge", ["basket_id"], unique=False)
    op.create_index("ix_pledge_campaign_id", "pledge", ["campaign_id"], unique=False)
    op.create_index("ix_pledge_party_id", "pledge", ["party_id"], unique=False)
    op.create_table(
        "fulfilment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("pledge_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_id"],
            ["entry.book_id", "entry.id"],
            name=op.f("fk_fulfilment_book_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_fulfilment_pledge_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fulfilment")),
        sa.UniqueConstraint(
            "pledge_id",
            "source",
            "source_ref",
            name=op.f("uq_fulfilment_pledge_id_source_source_ref"),
        ),
    )
    op.create_table(
        "hours_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("pledge_id", sa.Uuid(), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("commodity", sa.String(length=64), nullable=False),
        sa.Column("worked_minutes", sa.BigInteger(), nullable=False),
        sa.Column("worked_on", sa.Date(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("logged_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('logged', 'confirmed', 'rejected')",
            name=op.f("ck_hours_entry_state"),
        ),
        sa.CheckConstraint("worked_minutes > 0", name=op.f("ck_hours_entry_worked_minutes")),
        sa.ForeignKeyConstraint(
            ["book_id", "fund_id"],
            ["fund.book_id", "fund.id"],
            name=op.f("fk_hours_entry_book_id_fund_id"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_hours_entry_book_id")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_hours_entry_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["commodity"], ["commodity.code"], name=op.f("fk_hours_entry_commodity")
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by"], ["person.id"], name=op.f("fk_hours_entry_confirmed_by")
        ),
        sa.ForeignKeyConstraint(
            ["logged_by"], ["person.id"], name=op.f("fk_hours_entry_logged_by")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_hours_entry_party_id")),
        sa.ForeignKeyConstraint(
            ["pledge_id"], ["pledge.id"], name=op.f("fk_hours_entry_pledge_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hours_entry")),
    )
    op.create_index(
        "ix_hours_entry_book_id_state",
        "hours_entry",
        ["book_id", "state"],
        unique=False,
    )
    op.create_table(
        "intake",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("pledge_id", sa.Uuid(), nullable=True),
        sa.Column("commodity", sa.String(length=64), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id", "fund_id"],
            ["fund.book_id", "fund.id"],
            name=op.f("fk_intake_book_id_fund_id"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_intake_book_id")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_intake_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["commodity"], ["commodity.code"], name=op.f("fk_intake_commodity")
        ),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_intake_pledge_id")),
        sa.ForeignKeyConstraint(["received_by"], ["person.id"], name=op.f("fk_intake_received_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake")),
    )
    op.create_table(
        "asset",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("tag", sa.String(length=64), nullable=False),
        sa.Column("commodity", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("condition", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("pledge_id", sa.Uuid(), nullable=True),
        sa.Column("intake_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "condition in ('A', 'B', 'C', 'D', 'E')", name=op.f("ck_asset_condition")
        ),
        sa.CheckConstraint("state in ('in_custody', 'on_loan')", name=op.f("ck_asset_state")),
        sa.ForeignKeyConstraint(
            ["book_id", "fund_id"],
            ["fund.book_id", "fund.id"],
            name=op.f("fk_asset_book_id_fund_id"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_asset_book_id")),
        sa.ForeignKeyConstraint(["commodity"], ["commodity.code"], name=op.f("fk_asset_commodity")),
        sa.ForeignKeyConstraint(["intake_id"], ["intake.id"], name=op.f("fk_asset_intake_id")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_asset_pledge_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset")),
        sa.UniqueConstraint("book_id", "tag", name=op.f("uq_asset_book_id_tag")),
    )
    op.create_table(
        "valuation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("intake_id", sa.Uuid(), nullable=True),
        sa.Column("hours_id", sa.Uuid(), nullable=True),
        sa.Column("commodity", sa.String(length=64), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=64), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(length=64), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("capitalise", sa.Boolean(), nullable=False),
        sa.Column("valued_on", sa.Date(), nullable=False),
        sa.Column("valued_by", sa.Uuid(), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "state in ('proposed', 'approved', 'rejected')",
            name=op.f("ck_valuation_state"),
        ),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["person.id"], name=op.f("fk_valuation_approved_by")
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_valuation_book_id")),
        sa.ForeignKeyConstraint(
            ["hours_id"], ["hours_entry.id"], name=op.f("fk_valuation_hours_id")
        ),
        sa.ForeignKeyConstraint(["intake_id"], ["intake.id"], name=op.f("fk_valuation_intake_id")),
        sa.ForeignKeyConstraint(["valued_by"], ["person.id"], name=op.f("fk_valuation_valued_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_valuation")),
        sa.UniqueConstraint("book_id", "label", name=op.f("uq_valuation_book_id_label")),
    )
    op.create_table(
        "asset_loan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("lender_id", sa.Uuid(), nullable=False),
        sa.Column("borrower_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("lent_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.Column("handed_over_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_asset_loan_asset_id")),
        sa.ForeignKeyConstraint(
            ["borrower_id"], ["book.id"], name=op.f("fk_asset_loan_borrower_id")
        ),
        sa.ForeignKeyConstraint(
            ["handed_over_by"], ["person.id"], name=op.f("fk_asset_loan_handed_over_by")
        ),
        sa.ForeignKeyConstraint(["lender_id"], ["book.id"], name=op.f("fk_asset_loan_lender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_loan")),
    )
    # ### end Alembic commands ###


def downgrade() -> None:
    """Drop the tables; refused by nothing, so only for databases without books."""
    op.drop_table("asset_loan")
    op.drop_table("valuation")
    op.drop_table("asset")
    op.drop_table("intake")
    op.drop_table("hours_entry")
    op.drop_table("fulfilment")
    op.drop_table("pledge")
    op.drop_table("campaign_need")
    op.drop_table("basket")
    op.drop_table("campaign")
    op.drop_table("skill_rate")
