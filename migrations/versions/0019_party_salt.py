"""A salt for each party, under which alone entries name it; and when a party was erased."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and give every party a salt."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("party", sa.Column("salt", sa.String(64), nullable=True))
    op.add_column("party", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    party = sa.table("party", sa.column("id", sa.Uuid()), sa.column("salt", sa.String(64)))
    connection = op.get_bind()
    for (party_id,) in connection.execute(sa.select(party.c.id)).all():
        salted = party.update().where(party.c.id == party_id)
        connection.execute(salted.values(salt=secrets.token_hex(32)))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("party", "erased_at")
    op.drop_column("party", "salt")
