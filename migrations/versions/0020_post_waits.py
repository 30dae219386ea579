"""A post on PostgreSQL waits while a period is being closed, before it looks whether one is.

Posts run READ COMMITTED: without the wait, one that looked just before a closing was committed
would be stopped by the trigger instead of being dated on the first open day.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BY_INDEX = "set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off"
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
    """Replace the function."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_store(waits=True))


def downgrade() -> None:
    """Put the function back as migration 0017 made it."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_store(waits=False))


def _store(*, waits: bool) -> str:
    """Return the function of migration 0017, which now waits first."""
    posting = ", ".join(part.split()[0] for part in POSTING.split(", "))
    entry = ", ".join(part.split()[0] for part in ENTRY.split(", "))
    wait = "lock table posting in row exclusive mode;" if waits else ""
    return f"""
    create or replace function journal_store(entries jsonb, postings jsonb) returns boolean
    language plpgsql {BY_INDEX} as $$
    begin
        {wait}
        -- Joins, not sub-selects: those may be hashed, which reads the whole table.
        if exists (
            select 1 from jsonb_to_recordset(entries) as told(
                book_id uuid, source text, external_ref text, event_type text
            ) join entry using (book_id, source, external_ref, event_type)
        ) or exists (
            select 1 from jsonb_to_recordset(entries) as told(book_id uuid, accounting_on date)
            join period on period.book_id = told.book_id
                and state = 'closed' and until_on >= told.accounting_on
        ) or exists (
            select 1 from jsonb_to_recordset(entries) as told(
                book_id uuid, accounting_on date, approved_by uuid
            ) join soft_close using (book_id)
            where told.approved_by is null and soft_close.lifted_at is null
                and soft_close.until_on >= told.accounting_on
        ) then return false; end if;
        insert into posting ({posting})
            select {posting} from jsonb_to_recordset(postings) as leg({POSTING});
        insert into entry ({entry})
            select {entry} from jsonb_to_recordset(entries) as told({ENTRY});
        return true;
    end $$"""
