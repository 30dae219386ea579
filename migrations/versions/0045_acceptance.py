"""What of the offers on a form counts: accepted by hand or by the campaign's policy, and hidden.

Campaigns of before accept all offers of confirmed addresses, and what was offered to them counts as
accepted. Which pledges are not counted is noted anew by the rule that holds from now on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns and tables; offers of addresses that nobody confirmed wait."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "campaign",
        sa.Column(
            "acceptance", sa.String(length=64), nullable=False, server_default="all_confirmed"
        ),
    )
    for name in ("accepted_at", "declined_at", "hidden_at"):
        op.add_column("basket", sa.Column(name, INSTANT))
    op.add_column(
        "pledge", sa.Column("needs_card", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute("update basket set accepted_at = created_at")
    op.execute(
        "update pledge set unconfirmed = true where state in ('open', 'part_fulfilled')"
        " and legal_nature != 'unconditional'"
        " and commodity in (select code from commodity where kind in ('time', 'item', 'bulk'))"
        " and basket_id in (select basket.id from basket"
        " join party on party.id = basket.party_id where party.person_id is null)"
        " and not exists (select 1 from fulfilment where fulfilment.pledge_id = pledge.id"
        " and fulfilment.quantity > 0)"
    )
    op.create_table(
        "basket_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("basket_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "decision in ('accept', 'decline', 'hide', 'restore', 'keep')",
            name=op.f("ck_basket_decision_decision"),
        ),
        sa.ForeignKeyConstraint(
            ["basket_id"], ["basket.id"], name=op.f("fk_basket_decision_basket_id")
        ),
        sa.ForeignKeyConstraint(
            ["made_by"], ["person.id"], name=op.f("fk_basket_decision_made_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_basket_decision")),
    )
    op.create_index("ix_basket_decision_basket_id", "basket_decision", ["basket_id"])
    op.create_table(
        "basket_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("basket_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT),
        sa.CheckConstraint(
            "reason in ('spam', 'insult', 'false_name', 'personal_data', 'other')",
            name=op.f("ck_basket_report_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["basket_id"], ["basket.id"], name=op.f("fk_basket_report_basket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_basket_report")),
    )
    op.create_index("ix_basket_report_basket_id", "basket_report", ["basket_id"])


def downgrade() -> None:
    """Drop the tables and columns."""
    op.drop_table("basket_report")
    op.drop_table("basket_decision")
    op.drop_column("pledge", "needs_card")
    for name in ("hidden_at", "declined_at", "accepted_at"):
        op.drop_column("basket", name)
    op.drop_column("campaign", "acceptance")
