"""Messages are counted by their address."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_outbox_message_to_email", "outbox_message", ["to_email"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_outbox_message_to_email", "outbox_message")
