"""One table of what is counted against rate limits, in place of the one for payment pages alone.

What a visitor began in the last two days counts on: an upgrade gives nobody a fresh start.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, move what visitors tried into it, and drop the old one."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "rate_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("subject_sha256", sa.String(length=64), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_event")),
    )
    op.create_index(
        "ix_rate_event_kind_subject_sha256_at", "rate_event", ["kind", "subject_sha256", "at"]
    )
    op.create_index("ix_rate_event_at", "rate_event", ["at"])
    op.create_index("ix_rate_event_about", "rate_event", ["about"])
    op.execute(
        "insert into rate_event (id, kind, subject_sha256, about, at, settled_at)"
        " select id, 'payment_page', visitor_sha256, about, at, paid_at from payment_try"
    )
    op.drop_table("payment_try")


def downgrade() -> None:
    """Bring the old table back, empty."""
    op.create_table(
        "payment_try",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("visitor_sha256", sa.String(64), nullable=False),
        sa.Column("email_sha256", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_payment_try_book_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_try")),
    )
    op.create_index("ix_payment_try_visitor_sha256_at", "payment_try", ["visitor_sha256", "at"])
    op.create_index("ix_payment_try_email_sha256_at", "payment_try", ["email_sha256", "at"])
    op.create_index("ix_payment_try_at", "payment_try", ["at"])
    op.create_index("ix_payment_try_about", "payment_try", ["about"])
    op.drop_table("rate_event")
