"""Sessions are rows, so that they can be listed and ended."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("issued_at", instant, nullable=False),
        sa.Column("last_seen_at", instant, nullable=False),
        sa.Column("idle_until", instant, nullable=False),
        sa.Column("absolute_until", instant, nullable=False),
        sa.Column("fresh_until", instant, nullable=False),
        sa.Column("methods", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("ended_at", instant, nullable=True),
        sa.Column("ended_reason", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "ended_reason in"
            " ('signed_out', 'elsewhere', 'everywhere', 'replaced', 'factors_reset')",
            name=op.f("ck_session_ended_reason"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_session_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_session_token_sha256")),
    )
    op.create_index("ix_session_person_id", "session", ["person_id"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("session")
