"""Let a book close a fund or one of its own accounts that is no longer used."""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

TABLES = ("fund", "account")


def upgrade() -> None:
    """Add the day on which each was closed."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES:
        op.add_column(table, sa.Column("closed_on", sa.Date()))


def downgrade() -> None:
    """Forget it: all of them are open again."""
    for table in TABLES:
        op.drop_column(table, "closed_on")
