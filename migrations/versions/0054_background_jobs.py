"""Keep what people asked a worker to make: reports, exports, bundles, imports."""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
KINDS = ("report", "edition", "export", "bundle", "statement")
STATES = ("queued", "running", "done", "failed")


def upgrade() -> None:
    """Create the table."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "background_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("books", sa.JSON(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("steps_done", sa.BigInteger(), nullable=False),
        sa.Column("steps", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("file_name", sa.Text()),
        sa.Column("file_sha256", sa.String(64)),
        sa.Column("file_bytes", sa.BigInteger()),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("begun_at", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.CheckConstraint(_in("kind", KINDS), name=op.f("ck_background_job_kind")),
        sa.CheckConstraint(_in("state", STATES), name=op.f("ck_background_job_state")),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["person.id"], name=op.f("fk_background_job_asked_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_background_job")),
    )
    op.create_index("ix_background_job_asked_by", "background_job", ["asked_by", "id"])
    op.create_index("ix_background_job_expires_at", "background_job", ["expires_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_background_job_expires_at", "background_job")
    op.drop_index("ix_background_job_asked_by", "background_job")
    op.drop_table("background_job")


def _in(column: str, words: tuple[str, ...]) -> str:
    return f"{column} in ({', '.join(repr(word) for word in words)})"
