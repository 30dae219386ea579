"""Closed periods, and the trigger that keeps new entries out of them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CLOSED = (
    "exists (select 1 from period where book_id = NEW.book_id and state = 'closed'"
    " and until_on >= NEW.accounting_on)"
)
MESSAGE = "the period of this date is closed"


def upgrade() -> None:
    """Create the table and its guard."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "period",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("snapshot_sha256", sa.String(64), nullable=False),
        sa.Column("log_size", sa.BigInteger(), nullable=False),
        sa.Column("log_root", sa.String(64), nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reopened_by", sa.Uuid(), nullable=True),
        sa.Column("reopened_approved_by", sa.Uuid(), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("state in ('closed', 'reopened')", name=op.f("ck_period_state")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_period_book_id")),
        *(
            sa.ForeignKeyConstraint([name], ["person.id"], name=op.f(f"fk_period_{name}"))
            for name in ("closed_by", "approved_by", "reopened_by", "reopened_approved_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_period")),
        sa.UniqueConstraint("book_id", "closed_at", name=op.f("uq_period_book_id_closed_at")),
    )
    if postgresql:
        op.execute(
            "create function period_is_open() returns trigger language plpgsql as $$ begin"
            f" if {CLOSED} then raise exception '{MESSAGE}' using errcode = '23514'; end if;"
            " return NEW; end $$"
        )
        op.execute(
            "create trigger period_is_open before insert on entry"
            " for each row execute function period_is_open()"
        )
    else:
        op.execute(
            "create trigger period_is_open before insert on entry begin"
            f" select raise(abort, '{MESSAGE}') where {CLOSED}; end"
        )


def downgrade() -> None:
    """Drop the table and its guard."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("drop function if exists period_is_open() cascade")
    else:
        op.execute("drop trigger if exists period_is_open")
    op.drop_table("period")
