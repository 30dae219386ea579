"""Tokens end, note when they were last used, and name their books.

Tokens from before keep what they could do, in every book of their owner, and end 90 days after
the upgrade.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

DAYS = 90
READ = "read-reports:* read-books:*"
WRITE = "pledge:* propose:* read-books:* read-reports:*"


def upgrade() -> None:
    """Add the columns; give every token its end and its scopes in the new words."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    instant = sa.DateTime(timezone=True)
    # A column that may not be empty needs a default for the rows that are there: long past.
    op.add_column(
        "api_token",
        sa.Column("expires_at", instant, nullable=False, server_default="2000-01-01 00:00:00"),
    )
    op.add_column("api_token", sa.Column("last_used_at", instant))
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=DAYS)
    token = sa.table("api_token", sa.column("scopes", sa.Text), sa.column("expires_at", instant))
    op.execute(token.update().values(expires_at=end))
    for old, new in (("read", READ), ("read write", WRITE)):
        op.execute(token.update().where(token.c.scopes == old).values(scopes=new))


def downgrade() -> None:
    """Drop the columns; a token that could write reads and writes again."""
    op.drop_column("api_token", "last_used_at")
    op.drop_column("api_token", "expires_at")
    op.execute("update api_token set scopes = 'read write' where scopes like '%propose:%'")
    op.execute("update api_token set scopes = 'read' where scopes <> 'read write'")
