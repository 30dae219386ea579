"""Sign-in links: a newer one ends the older; tries of the code that is sent with one."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the indexes."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("sign_in_link", sa.Column("ended_at", sa.DateTime(timezone=True)))
    op.add_column(
        "sign_in_link", sa.Column("tries", sa.SmallInteger, nullable=False, server_default="0")
    )
    op.create_index("ix_sign_in_link_email", "sign_in_link", ["email"])
    op.create_index("ix_sign_in_link_expires_at", "sign_in_link", ["expires_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_sign_in_link_expires_at", "sign_in_link")
    op.drop_index("ix_sign_in_link_email", "sign_in_link")
    op.drop_column("sign_in_link", "tries")
    op.drop_column("sign_in_link", "ended_at")
