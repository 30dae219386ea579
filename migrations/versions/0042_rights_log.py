"""The log of rights, which only grows."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

GROWS = "rights_log only grows: its rows are never changed or deleted"


def upgrade() -> None:
    """Create the table and set its triggers."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "rights_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("book_id", sa.Uuid(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("chain_sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_rights_log_actor_id")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_rights_log_book_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_log")),
        sa.UniqueConstraint("book_id", "seq", name=op.f("uq_rights_log_book_id_seq")),
    )
    op.create_index("ix_rights_log_actor_id", "rights_log", ["actor_id"])
    if postgresql:
        # The function was made with the log of the books and names the table itself.
        op.execute(
            "create trigger rights_log_only_grows before update or delete or truncate on rights_log"
            " for each statement execute function log_only_grows()"
        )
        return
    for verb in ("update", "delete"):
        op.execute(
            f"create trigger rights_log_no_{verb} before {verb} on rights_log begin"
            f" select raise(abort, '{GROWS}'); end"
        )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("rights_log")
