"""Keep who looks after the installation, which is another role than admin of a book."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "installation_admin",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_installation_admin_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation_admin")),
    )
    op.create_index("ix_installation_admin_person_id", "installation_admin", ["person_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_installation_admin_person_id", "installation_admin")
    op.drop_table("installation_admin")
