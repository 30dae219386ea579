"""What the movements that were known came to when Stripe's balance was read."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; unknown for a balance that was read before, until the next reading."""
    op.add_column("stripe_balance", sa.Column("movements_net", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("stripe_balance", "movements_net")
