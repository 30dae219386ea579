"""Soft closes, which let in only what an approver agreed to; and decisions that need two."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BY_INDEX = "set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off"
SOFT = "soft_close.lifted_at is null and soft_close.until_on >= {row}.accounting_on"
MESSAGE = "the period of this date is softly closed: only what an approver agreed to goes in"
POSTING = (
    "book_id uuid, entry_id uuid, line smallint, accounting_on date, account smallint,"
    " fund_id uuid, commodity text, quantity bigint, counterparty_id uuid, pledge text,"
    ' asset text, "grant" text, valuation text, payment text, function text, purpose text,'
    " campaign text, party text"
)
ENTRY = (
    "book_id uuid, id uuid, accounting_on date, recorded_at timestamptz, event_type text,"
    " source text, external_ref text, transfer_group uuid, reverses uuid, made_by uuid,"
    " approved_by uuid"
)


def upgrade() -> None:
    """Create the tables and the guard."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "soft_close",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_soft_close_book_id")),
        *(
            sa.ForeignKeyConstraint([name], ["person.id"], name=op.f(f"fk_soft_close_{name}"))
            for name in ("closed_by", "lifted_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_soft_close")),
    )
    op.create_index("ix_soft_close_book_id", "soft_close", ["book_id"])
    op.create_table(
        "approval",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposal.id"], name=op.f("fk_approval_proposal_id")
        ),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["person.id"], name=op.f("fk_approval_approved_by")
        ),
        sa.PrimaryKeyConstraint("proposal_id", "approved_by", name=op.f("pk_approval")),
    )
    for statement in _postgresql() if postgresql else _sqlite():
        op.execute(statement)


def downgrade() -> None:
    """Drop both, and the guard."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("drop function if exists soft_close_holds() cascade")
        op.execute(_store(soft=False))
    else:
        op.execute("drop trigger if exists soft_close_holds")
    op.drop_table("approval")
    op.drop_table("soft_close")


def _sqlite() -> list[str]:
    return [
        "create trigger soft_close_holds before insert on entry when NEW.approved_by is null begin"
        f" select raise(abort, '{MESSAGE}') where exists (select 1 from soft_close"
        f" where soft_close.book_id = NEW.book_id and {SOFT.format(row='NEW')}); end"
    ]


def _postgresql() -> list[str]:
    return [
        f"""create function soft_close_holds() returns trigger language plpgsql as $$
        begin
            if exists (
                select 1 from fresh join soft_close using (book_id)
                where fresh.approved_by is null and {SOFT.format(row="fresh")}
            ) then raise exception '{MESSAGE}' using errcode = '23514'; end if;
            return null;
        end $$""",
        "create trigger soft_close_holds after insert on entry referencing new table as fresh"
        " for each statement execute function soft_close_holds()",
        _store(soft=True),
    ]


def _store(*, soft: bool) -> str:
    """Return the function of migration 0013, which now also minds soft closes."""
    posting = ", ".join(part.split()[0] for part in POSTING.split(", "))
    entry = ", ".join(part.split()[0] for part in ENTRY.split(", "))
    softly = f"""or exists (
            select 1 from jsonb_to_recordset(entries) as told(
                book_id uuid, accounting_on date, approved_by uuid
            ) join soft_close using (book_id)
            where told.approved_by is null and {SOFT.format(row="told")}
        )"""
    return f"""
    create or replace function journal_store(entries jsonb, postings jsonb) returns boolean
    language plpgsql {BY_INDEX} as $$
    begin
        -- Joins, not sub-selects: those may be hashed, which reads the whole table.
        if exists (
            select 1 from jsonb_to_recordset(entries) as told(
                book_id uuid, source text, external_ref text, event_type text
            ) join entry using (book_id, source, external_ref, event_type)
        ) or exists (
            select 1 from jsonb_to_recordset(entries) as told(book_id uuid, accounting_on date)
            join period on period.book_id = told.book_id
                and state = 'closed' and until_on >= told.accounting_on
        ) {softly if soft else ""} then return false; end if;
        insert into posting ({posting})
            select {posting} from jsonb_to_recordset(postings) as leg({POSTING});
        insert into entry ({entry})
            select {entry} from jsonb_to_recordset(entries) as told({ENTRY});
        return true;
    end $$"""
