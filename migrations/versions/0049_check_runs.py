"""Results of the nightly check of the rules."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "check_run",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rules", sa.SmallInteger, nullable=False),
        sa.Column("failed_rules", sa.Text, nullable=False),
        sa.Column("duration_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_check_run")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("check_run")
