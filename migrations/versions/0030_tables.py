"""How tables of an account are read, and the files that somebody is telling us how to read."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "table_mapping",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.SmallInteger(), nullable=False),
        sa.Column("headings", sa.JSON(), nullable=False),
        sa.Column("headings_sha256", sa.String(length=64), nullable=False),
        sa.Column("profile", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id", "account"],
            ["account.book_id", "account.number"],
            name=op.f("fk_table_mapping_book_id_account"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_table_mapping_book_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_table_mapping_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_table_mapping")),
        sa.UniqueConstraint(
            "book_id",
            "account",
            "headings_sha256",
            name=op.f("uq_table_mapping_book_id_account_headings_sha256"),
        ),
    )
    op.create_table(
        "table_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.SmallInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "purpose in ('statement', 'gifts')", name=op.f("ck_table_draft_purpose")
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "account"],
            ["account.book_id", "account.number"],
            name=op.f("fk_table_draft_book_id_account"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_table_draft_book_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_table_draft_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_table_draft")),
    )
    op.create_index("ix_table_draft_made_at", "table_draft", ["made_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("table_draft")
    op.drop_table("table_mapping")
