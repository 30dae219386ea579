"""Outgoing mail: when a message is tried next, how often it was, and what went wrong last."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; whatever was not sent is due, and given up by the worker if it is old."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("outbox_message", sa.Column("due_at", sa.DateTime(timezone=True)))
    op.add_column(
        "outbox_message",
        sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    )
    op.add_column("outbox_message", sa.Column("error", sa.Text, nullable=False, server_default=""))
    op.execute("update outbox_message set due_at = created_at where sent_at is null")
    op.create_index("ix_outbox_message_due_at", "outbox_message", ["due_at"])


def downgrade() -> None:
    """Drop the columns."""
    op.drop_index("ix_outbox_message_due_at", "outbox_message")
    op.drop_column("outbox_message", "error")
    op.drop_column("outbox_message", "attempts")
    op.drop_column("outbox_message", "due_at")
