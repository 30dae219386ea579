"""A match can be undone: by whom, when and why. One that was undone may be made again."""

import sqlalchemy as sa
from alembic import op

from migrations.tables import change_table

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; an entry is tied to a line once at a time, no longer once for ever."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    with change_table("match") as batch:
        batch.add_column(sa.Column("undone_by", sa.Uuid()))
        batch.add_column(sa.Column("undone_at", sa.DateTime(timezone=True)))
        batch.add_column(sa.Column("undone_reason", sa.Text(), nullable=False, server_default=""))
        batch.create_foreign_key("fk_match_undone_by", "person", ["undone_by"], ["id"])
        batch.drop_constraint("uq_match_bank_line_id_entry_id", type_="unique")
    holds = sa.text("undone_at is null")
    op.create_index(
        "uq_match_live",
        "match",
        ["bank_line_id", "entry_id"],
        unique=True,
        postgresql_where=holds,
        sqlite_where=holds,
    )


def downgrade() -> None:
    """Drop the columns; what was undone is forgotten."""
    op.drop_index("uq_match_live", "match")
    op.execute("delete from match where undone_at is not null")
    with change_table("match") as batch:
        batch.drop_constraint("fk_match_undone_by", type_="foreignkey")
        batch.drop_column("undone_reason")
        batch.drop_column("undone_at")
        batch.drop_column("undone_by")
        batch.create_unique_constraint(
            "uq_match_bank_line_id_entry_id", ["bank_line_id", "entry_id"]
        )
