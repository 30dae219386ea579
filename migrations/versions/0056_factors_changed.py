"""Let a session end because its owner changed a second factor in another browser."""

from alembic import op

from migrations.tables import change_table

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

BEFORE = ("signed_out", "elsewhere", "everywhere", "replaced", "factors_reset")


def upgrade() -> None:
    """Take one word more."""
    _allow((*BEFORE, "factors_changed"))


def downgrade() -> None:
    """Take it back; what ended so ended from elsewhere."""
    op.execute(
        "UPDATE session SET ended_reason = 'elsewhere' WHERE ended_reason = 'factors_changed'"
    )
    _allow(BEFORE)


def _allow(words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    with change_table("session") as batch:
        batch.drop_constraint(op.f("ck_session_ended_reason"), type_="check")
        batch.create_check_constraint(
            op.f("ck_session_ended_reason"), f"ended_reason in ({listed})"
        )
