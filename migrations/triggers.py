"""The triggers that make the journal balanced and insert-only, on both engines.

Postings come first; the entry row closes them. On closing, the postings must exist, share the
entry's date, and sum to zero per fund, layer and commodity (the layer is the account's thousands
digit). Nothing is a deferred trigger, so each fires inside tests that roll back, too.
Used by the first migration; later changes to a trigger belong in a migration of their own.
"""

from sqlalchemy import Connection, text

LAYER = "case account / 1000 when 8 then 8 when 9 then 9 else 1 end"

PROBES = {
    "an entry needs at least two postings": (
        "(select count(*) from posting where book_id = NEW.book_id and entry_id = NEW.id) < 2"
    ),
    "a posting bears another date than its entry": (
        "exists (select 1 from posting where book_id = NEW.book_id and entry_id = NEW.id"
        " and accounting_on <> NEW.accounting_on)"
    ),
    "the entry does not balance per fund, layer and commodity": (
        "exists (select 1 from posting where book_id = NEW.book_id and entry_id = NEW.id"
        f" group by fund_id, {LAYER}, commodity having sum(quantity) <> 0)"
    ),
}
CLOSED = "exists (select 1 from entry where book_id = NEW.book_id and id = NEW.entry_id)"
CLOSED_MESSAGE = "the entry is closed: no posting can be added"
INSERT_ONLY = "the journal only grows: {table} rows are never changed or deleted"


def create_triggers(connection: Connection) -> None:
    """Create every trigger of the journal."""
    statements = _sqlite() if connection.dialect.name == "sqlite" else _postgresql()
    for statement in statements:
        connection.execute(text(statement))


def drop_triggers(connection: Connection) -> None:
    """Drop what ``create_triggers`` made that does not go with its table."""
    if connection.dialect.name == "postgresql":
        for function in ("entry_closes", "posting_opens", "journal_only_grows"):
            connection.execute(text(f"drop function if exists {function}() cascade"))


def _sqlite() -> list[str]:
    checks = " ".join(
        f"select raise(abort, '{message}') where {probe};" for message, probe in PROBES.items()
    )
    made = [
        f"create trigger entry_closes before insert on entry begin {checks} end",
        "create trigger posting_opens before insert on posting begin"
        f" select raise(abort, '{CLOSED_MESSAGE}') where {CLOSED}; end",
    ]
    for table in ("entry", "posting"):
        for verb in ("update", "delete"):
            made.append(
                f"create trigger {table}_no_{verb} before {verb} on {table} begin"
                f" select raise(abort, '{INSERT_ONLY.format(table=table)}'); end"
            )
    return made


def _postgresql() -> list[str]:
    # The planner, without statistics, may pick a sequential scan per entry: quadratic.
    by_index = "set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off"
    checks = " ".join(
        f"if {probe} then raise exception '{message}' using errcode = '23514'; end if;"
        for message, probe in PROBES.items()
    )
    made = [
        f"create function entry_closes() returns trigger language plpgsql {by_index}"
        f" as $$ begin {checks} return NEW; end $$",
        "create trigger entry_closes before insert on entry"
        " for each row execute function entry_closes()",
        f"create function posting_opens() returns trigger language plpgsql {by_index}"
        f" as $$ begin if {CLOSED} then raise exception '{CLOSED_MESSAGE}'"
        " using errcode = '23514'; end if; return NEW; end $$",
        "create trigger posting_opens before insert on posting"
        " for each row execute function posting_opens()",
        "create function journal_only_grows() returns trigger language plpgsql as $$ begin"
        f" raise exception '{INSERT_ONLY.format(table='%')}', TG_TABLE_NAME"
        " using errcode = '23514'; end $$",
    ]
    for table in ("entry", "posting"):
        made.append(
            f"create trigger {table}_only_grows before update or delete or truncate on {table}"
            " for each statement execute function journal_only_grows()"
        )
    return made
