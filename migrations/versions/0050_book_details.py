"""Keep who stands behind a book, when its year begins and where bank transfers go."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; books without a row have no details."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "book_details",
        sa.Column("book_id", sa.Uuid(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("legal_name", "registration_number", "postal_address")
        ),
        sa.Column("fiscal_month", sa.SmallInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("account_holder", "iban", "bic")),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "fiscal_month between 1 and 12", name=op.f("ck_book_details_fiscal_month")
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_book_details_book_id")),
        sa.PrimaryKeyConstraint("book_id", name=op.f("pk_book_details")),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("book_details")
