"""What a book chooses otherwise than its profile."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "policy_choice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("value", sa.String(64), nullable=False),
        sa.Column("valid_from_on", sa.Date(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_policy_choice_book_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_policy_choice_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_choice")),
    )
    op.create_index("ix_policy_choice_book_id", "policy_choice", ["book_id", "valid_from_on"])


def downgrade() -> None:
    """Remove the tables."""
    op.drop_table("policy_choice")
