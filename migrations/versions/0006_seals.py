"""The sealed log of each book: seals, checkpoints, and what waits to be sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

GROWS = "{table} only grows: its rows are never changed or deleted"
QUEUE = "insert into unsealed (book_id, entry_id) values (NEW.book_id, NEW.id)"


def upgrade() -> None:
    """Create the tables, queue what is there already, and set the triggers."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "seal",
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("account", sa.SmallInteger(), nullable=True),
        sa.Column("fund_id", sa.Uuid(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("leaf_hash", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_seal_book_id")),
        sa.PrimaryKeyConstraint("book_id", "seq", name=op.f("pk_seal")),
        sa.UniqueConstraint("book_id", "entry_id", name=op.f("uq_seal_book_id_entry_id")),
        sa.UniqueConstraint("book_id", "fund_id", name=op.f("uq_seal_book_id_fund_id")),
        sa.UniqueConstraint("book_id", "account", name=op.f("uq_seal_book_id_account")),
    )
    op.create_table(
        "unsealed",
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("book_id", "entry_id", name=op.f("pk_unsealed")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_checkpoint_book_id")),
        sa.PrimaryKeyConstraint("book_id", "size", name=op.f("pk_checkpoint")),
    )
    op.execute("insert into unsealed (book_id, entry_id) select book_id, id from entry")
    for statement in _postgresql() if postgresql else _sqlite():
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables and what fills them."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("drop function if exists entry_waits() cascade")
        op.execute("drop function if exists log_only_grows() cascade")
    else:
        op.execute("drop trigger if exists entry_waits")
    op.drop_table("checkpoint")
    op.drop_table("unsealed")
    op.drop_table("seal")


def _sqlite() -> list[str]:
    made = [f"create trigger entry_waits after insert on entry begin {QUEUE}; end"]
    for table in ("seal", "checkpoint"):
        for verb in ("update", "delete"):
            made.append(
                f"create trigger {table}_no_{verb} before {verb} on {table} begin"
                f" select raise(abort, '{GROWS.format(table=table)}'); end"
            )
    return made


def _postgresql() -> list[str]:
    made = [
        f"create function entry_waits() returns trigger language plpgsql as"
        f" $$ begin {QUEUE}; return NEW; end $$",
        "create trigger entry_waits after insert on entry"
        " for each row execute function entry_waits()",
        "create function log_only_grows() returns trigger language plpgsql as $$ begin"
        f" raise exception '{GROWS.format(table='%')}', TG_TABLE_NAME"
        " using errcode = '23514'; end $$",
    ]
    for table in ("seal", "checkpoint"):
        made.append(
            f"create trigger {table}_only_grows before update or delete or truncate on {table}"
            " for each statement execute function log_only_grows()"
        )
    return made
