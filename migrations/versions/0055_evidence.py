"""Keep what is attached as evidence, and seal that it is there."""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
WHOLE_OR_ERASED = (
    "erased_at is not null or"
    " (file_key is not null and nonce is not null and content_sha256 is not null)"
)


def upgrade() -> None:
    """Create the table, and let a seal name evidence."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("pages", sa.BigInteger(), nullable=False),
        sa.Column("commitment_sha256", sa.String(64), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("is_scanned", sa.Boolean(), nullable=False),
        sa.Column("file_key", sa.String(64)),
        sa.Column("nonce", sa.String(64)),
        sa.Column("content_sha256", sa.String(64)),
        sa.Column("stored_sha256", sa.String(64), nullable=False),
        sa.Column("preview_sha256", sa.String(64)),
        sa.Column("erased_at", INSTANT),
        sa.Column("erased_by", sa.Uuid()),
        sa.Column("erased_why", sa.Text()),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_evidence_book_id")),
        sa.ForeignKeyConstraint(["added_by"], ["person.id"], name=op.f("fk_evidence_added_by")),
        sa.ForeignKeyConstraint(["erased_by"], ["person.id"], name=op.f("fk_evidence_erased_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.CheckConstraint("size > 0", name=op.f("ck_evidence_size")),
        sa.CheckConstraint(WHOLE_OR_ERASED, name=op.f("ck_evidence_erased")),
    )
    op.create_index("ix_evidence_book_id_subject", "evidence", ["book_id", "subject", "subject_id"])
    op.create_index("ix_evidence_book_id_content_sha256", "evidence", ["book_id", "content_sha256"])
    op.add_column("seal", sa.Column("evidence_id", sa.Uuid()))
    op.create_index("uq_seal_book_id_evidence_id", "seal", ["book_id", "evidence_id"], unique=True)


def downgrade() -> None:
    """Drop both. A log that seals evidence cannot be read by the program of before."""
    op.drop_index("uq_seal_book_id_evidence_id", "seal")
    op.drop_column("seal", "evidence_id")
    op.drop_index("ix_evidence_book_id_content_sha256", "evidence")
    op.drop_index("ix_evidence_book_id_subject", "evidence")
    op.drop_table("evidence")
