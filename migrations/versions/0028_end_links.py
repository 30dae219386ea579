"""Sign-in links of before end: they stand in messages as they are, and so in every backup."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """End the links that were not used; people ask for another."""
    op.execute("update sign_in_link set used_at = created_at where used_at is null")


def downgrade() -> None:
    """Leave them ended."""
