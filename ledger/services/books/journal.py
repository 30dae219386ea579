"""Store entries: the only writer of the journal.

Posting one entry is the N = 1 case of a batch: codes are resolved from memory, and the rows go
in as they are (``journal_rows``). The same event told twice is stored once.
Must not decide what an event means: that is ``core.bookkeeping``.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from operator import attrgetter
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, event, select, tuple_
from sqlalchemy.exc import DBAPIError

from ledger.core.bounds import check_day
from ledger.core.entry import Entry, Posting
from ledger.core.written import format_day
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id
from ledger.models import books, journal
from ledger.queries.accounting.periods import ONE_DAY, closed_until, softly_closed_until
from ledger.queries.people.parties import labels_of
from ledger.services.books.journal_rows import store

CHUNK = 500
MOVED = "moved_days"
PATIENCE = "5s"
LOCK_NOT_AVAILABLE = "55P03"
LABELS = (
    "pledge",
    "asset",
    "grant",
    "valuation",
    "payment",
    "function",
    "purpose",
    "campaign",
    "party",
)
_labels = attrgetter(*LABELS)


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry with what the journal must know of it besides its legs.

    (book, source, external_ref, event_type) identifies it: a second draft with the same four
    is the same event told again.
    """

    entry: Entry
    event_type: str
    source: str
    external_ref: str
    accounting_on: date
    transfer_group: UUID | None = None
    reverses: UUID | None = None
    made_by: UUID | None = None
    approved_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a batch: ids in the order given, and how many were already there."""

    ids: tuple[UUID, ...]
    postings: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Approved:
    """Who made an entry, and by whom it was approved; None where nobody was needed."""

    made_by: UUID | None
    by: UUID | None


def post(
    session: Session,
    entries: Sequence[Entry],
    *,
    event_type: str,
    source: str,
    external_ref: str,
    accounting_on: date,
    now: datetime,
    made_by: UUID | Approved | None = None,
) -> Posted:
    """Post the entries of one business event; several books share a transfer group.

    Legs that name a pledge also name who made it, by commitment, and its campaign.

    Idempotent on (book, source, external_ref, event_type). An event of a closed period is dated
    on the first day that is open in every book it touches (domain D13), and so is an event of a
    softly closed one that no approver agreed to. Raises Invalid for an
    unknown code, Conflict when the same event was posted with other legs, or maker and approver
    are one.
    """
    who = made_by if isinstance(made_by, Approved) else Approved(made_by, by=None)
    if who.made_by is not None and who.made_by == who.by:
        raise Conflict("You made this entry, so you cannot approve it.", place="approved_by")
    pledges = {leg.pledge for item in entries for leg in item.postings if leg.pledge}
    if pledges:
        labels = labels_of(session, pledges=pledges)
        entries = [item.with_labels(labels) for item in entries]
    group = new_id() if len(entries) > 1 else None
    seen: Counter[str] = Counter()
    drafts = []
    for item in entries:
        seen[item.book] += 1
        # One event may need two entries in one book; each needs a name of its own.
        suffix = f"#{seen[item.book]}" if seen[item.book] > 1 else ""
        drafts.append(
            Draft(
                entry=item,
                event_type=event_type,
                source=source,
                external_ref=external_ref + suffix,
                accounting_on=accounting_on,
                transfer_group=group,
                made_by=who.made_by,
                approved_by=who.by,
            )
        )
    return _post(session, drafts, now, moves=True)


def post_batch(session: Session, drafts: Sequence[Draft], *, now: datetime) -> Posted:
    """Post many drafts, all or nothing. Raises as ``post``; place is ``entries[i]``.

    Dates are taken as they are: Conflict for a new entry in a closed period.
    """
    return _post(session, drafts, now, moves=False)


def _post(session: Session, drafts: Sequence[Draft], now: datetime, *, moves: bool) -> Posted:
    """Post drafts; ``moves`` lets those of a closed period go to the first open day of all."""
    names, keys = _resolve(session, drafts)
    now = now.astimezone(UTC)
    ids = [new_id() for _draft in drafts]
    if len(set(keys)) == len(keys) and _store(
        session, names, list(zip(ids, drafts, strict=True)), now
    ):
        return Posted(tuple(ids), sum(len(draft.entry.postings) for draft in drafts), 0)
    # Rare: something is known already, or a period is closed; find out what, and store the rest.
    known = _known(session, keys)
    books_touched = {key[0] for key in keys}
    closed = closed_until(session, books_touched)
    softly = softly_closed_until(session, books_touched)
    fresh: list[tuple[UUID, Draft]] = []
    repeated: list[tuple[UUID, Draft]] = []
    for index, (key, draft) in enumerate(zip(keys, drafts, strict=True)):
        if key in known:
            ids[index] = known[key]
            repeated.append((ids[index], draft))
            continue
        # A soft close holds what no approver agreed to.
        shut = [*closed.items(), *(softly.items() if draft.approved_by is None else ())]
        if moves:
            opens = max([draft.accounting_on, *(last + ONE_DAY for _book, last in shut)])
            if opens != draft.accounting_on:
                session.info.setdefault(MOVED, (draft.accounting_on, opens))
            draft = replace(draft, accounting_on=opens)
        _check_open([last for book, last in shut if book == key[0]], draft, index)
        known[key] = ids[index]
        fresh.append((ids[index], draft))
    if fresh and not _store(session, names, fresh, now):
        raise Conflict("One of these events has just been posted by another person. Try again.")
    _check_repeats(session, names, repeated)
    return Posted(tuple(ids), sum(len(draft.entry.postings) for _, draft in fresh), len(repeated))


def moved_days(session: Session) -> tuple[date, date] | None:
    """Return the day of the first event of this transaction that lay in a closed period, and the
    day on which it was booked instead; None when there was none."""
    moved: tuple[date, date] | None = session.info.get(MOVED)
    return moved


def lock_posting(session: Session) -> None:
    """Let nobody else post until this transaction ends, and see all that was posted before.

    On PostgreSQL a transaction sees what was there at its first question; a lock asks none. So
    call this before anything is read. SQLite has one writer anyway. Raises Conflict when others
    post for longer than a page can wait, as a long import does.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return
    connection.exec_driver_sql(f"set local lock_timeout = '{PATIENCE}'")
    try:
        connection.exec_driver_sql("lock table posting in share row exclusive mode")
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise Conflict(
            "Journal entries are being imported. Try again when the import has finished."
        ) from error
    connection.exec_driver_sql("set local lock_timeout = default")


def reverse(
    session: Session,
    *,
    book_id: UUID,
    entry_id: UUID,
    accounting_on: date,
    now: datetime,
    made_by: UUID | None = None,
    approved_by: UUID | None = None,
) -> Posted:
    """Post the exact negation of an entry, naming it (invariant I-07).

    Raises NotFound for no such entry, Conflict when it is a reversal or was reversed already.
    """
    return reverse_together(
        session,
        entries=[(book_id, entry_id)],
        accounting_on=accounting_on,
        now=now,
        made_by=made_by,
        approved_by=approved_by,
    )


def reverse_together(
    session: Session,
    *,
    entries: Sequence[tuple[UUID, UUID]],
    accounting_on: date,
    now: datetime,
    made_by: UUID | None = None,
    approved_by: UUID | None = None,
) -> Posted:
    """Post the exact negations of the entries of one event, by book and id, on one day; those of
    several share a transfer group, as the event did (I-23). Raises as ``reverse``."""
    group = new_id() if len(entries) > 1 else None
    drafts = []
    for book_id, entry_id in entries:
        _check_reversible(session, book_id, entry_id)
        drafts.append(
            Draft(
                entry=load_entry(session, book_id, entry_id).reversed(),
                event_type="reversal",
                source="journal",
                external_ref=str(entry_id),
                accounting_on=accounting_on,
                transfer_group=group,
                reverses=entry_id,
                made_by=made_by,
                approved_by=approved_by,
            )
        )
    return _post(session, drafts, now, moves=True)


def _check_reversible(session: ReadSession, book_id: UUID, entry_id: UUID) -> None:
    target = session.get(journal.Entry, (book_id, entry_id))
    if target is None:
        raise NotFound("This book has no such journal entry.", place="entry")
    if target.reverses is not None:
        raise Conflict(
            "A reversal cannot be reversed. Post the correct journal entry instead.", place="entry"
        )
    already = session.scalar(
        select(journal.Entry.id).where(
            journal.Entry.book_id == book_id, journal.Entry.reverses == entry_id
        )
    )
    if already is not None:
        raise Conflict("This journal entry has already been reversed.", place="entry")


def load_entry(session: ReadSession, book_id: UUID, entry_id: UUID) -> Entry:
    """Return a stored entry as a core Entry. Raises NotFound."""
    book = session.get(books.Book, book_id)
    rows = session.execute(
        select(journal.Posting, books.Fund.code)
        .join(books.Fund, books.Fund.id == journal.Posting.fund_id)
        .where(journal.Posting.book_id == book_id, journal.Posting.entry_id == entry_id)
        .order_by(journal.Posting.line)
    ).all()
    if book is None or not rows:
        raise NotFound("This book has no such journal entry.", place="entry")
    codes = dict(iter(session.execute(select(books.Book.id, books.Book.code))))
    legs = [
        Posting(
            account=row.account,
            fund=fund,
            commodity=row.commodity,
            quantity=row.quantity,
            counterparty=codes[row.counterparty_id] if row.counterparty_id else None,
            **{label: getattr(row, label) for label in LABELS},
        )
        for row, fund in rows
    ]
    return Entry(book.code, tuple(legs))


def books_by_code(session: ReadSession) -> dict[str, UUID]:
    """Return the id of every book by its code."""
    return dict(iter(session.execute(select(books.Book.code, books.Book.id))))


def _check_open(shut: Sequence[date], draft: Draft, index: int) -> None:
    """Refuse a date in a closed period; ``shut`` are the last days that are."""
    if shut and draft.accounting_on <= max(shut):
        raise Conflict(
            "Book {book} is closed up to {shut}.",
            place=f"entries[{index}].accounting_on",
            book=draft.entry.book,
            shut=format_day(max(shut)),
        )


_Key = tuple[UUID, str, str, str]


@dataclass(frozen=True, slots=True)
class _Names:
    """The ids behind codes. What has an id keeps it for ever, so names may be remembered."""

    books: dict[str, UUID]
    funds: dict[tuple[str, str], UUID]
    accounts: dict[tuple[str, int], bool]
    commodities: frozenset[str]


# Only names that were committed are remembered for others.
_REMEMBERED: WeakKeyDictionary[Engine, _Names] = WeakKeyDictionary()


def _resolve(session: Session, drafts: Sequence[Draft]) -> tuple[_Names, list[_Key]]:
    """Return names and keys; asks the database only for what nobody asked before."""
    names = session.info.get("names") or _REMEMBERED.get(_engine(session))
    if names is not None:
        try:
            return names, [_key(names, draft, i) for i, draft in enumerate(drafts)]
        except Invalid:
            # Perhaps it was opened since: look, then refuse for good.
            pass
    if "names" not in session.info:
        event.listen(session, "after_commit", _remember)
    names = session.info["names"] = _read_names(session)
    return names, [_key(names, draft, i) for i, draft in enumerate(drafts)]


def _remember(session: Session) -> None:
    # SQLAlchemy says so for a savepoint as well, whose transaction may still be rolled back.
    if session.info["names"] is not None and not session.in_nested_transaction():
        _REMEMBERED[_engine(session)] = session.info["names"]


def forget_undone(session: Session) -> None:
    """Forget what was read and noted in a part of a transaction that is undone."""
    if "names" in session.info:
        session.info["names"] = None
    session.info.pop(MOVED, None)


def _engine(session: ReadSession) -> Engine:
    return session.get_bind().engine


def _read_names(session: ReadSession) -> _Names:
    code = books.Book.code
    funds = select(code, books.Fund.code, books.Fund.id).join(books.Book)
    accounts = select(code, books.Account.number, books.Account.inter_book).join(books.Book)
    return _Names(
        books=books_by_code(session),
        funds={(book, fund): found for book, fund, found in session.execute(funds)},
        accounts={(book, no): other for book, no, other in session.execute(accounts)},
        commodities=frozenset(session.scalars(select(books.Commodity.code))),
    )


def _key(names: _Names, draft: Draft, index: int) -> _Key:
    place = f"entries[{index}]"
    book_id = names.books.get(draft.entry.book)
    if book_id is None:
        raise Invalid("There is no book {book}.", place=f"{place}.book", book=draft.entry.book)
    check_day(draft.accounting_on, place=f"{place}.accounting_on")
    for line, leg in enumerate(draft.entry.postings):
        wrong = _wrong_name(names, draft.entry.book, leg)
        if wrong:
            field, message = wrong
            raise Invalid(message, place=f"{place}.postings[{line}].{field}")
    return book_id, draft.source, draft.external_ref, draft.event_type


def _wrong_name(names: _Names, book: str, leg: Posting) -> tuple[str, str] | None:
    """Return the first field of a leg that names nothing known, with a sentence."""
    needs_other = names.accounts.get((book, leg.account))
    if (book, leg.fund) not in names.funds:
        return "fund", f"Book {book} has no fund {leg.fund}."
    if needs_other is None:
        return "account", f"Book {book} has no account {leg.account}."
    if leg.commodity not in names.commodities:
        return "commodity", f"There is no commodity {leg.commodity}."
    if leg.counterparty is not None and leg.counterparty not in names.books:
        return "counterparty", f"There is no book {leg.counterparty}."
    if needs_other and leg.counterparty is None:
        return "counterparty", f"Account {leg.account} needs a counterparty book."
    return None


def _known(session: ReadSession, keys: Sequence[_Key]) -> dict[_Key, UUID]:
    row = journal.Entry
    columns = (row.book_id, row.source, row.external_ref, row.event_type)
    found: dict[_Key, UUID] = {}
    for start in range(0, len(keys), CHUNK):
        chunk = keys[start : start + CHUNK]
        for *key, entry_id in session.execute(
            select(*columns, row.id).where(tuple_(*columns).in_(chunk))
        ):
            found[tuple(key)] = entry_id  # type: ignore[index]
    return found


def _store(
    session: Session, names: _Names, fresh: Sequence[tuple[UUID, Draft]], now: datetime
) -> bool:
    entries, postings = [], []
    recorded_at = now.isoformat(" ", "microseconds")
    for entry_id, draft in fresh:
        code = draft.entry.book
        # As text, which both databases take as it is; made once for all rows of an entry.
        book_id, own_id, day = names.books[code].hex, entry_id.hex, draft.accounting_on.isoformat()
        entries.append(
            (
                book_id,
                own_id,
                day,
                recorded_at,
                draft.event_type,
                draft.source,
                draft.external_ref,
                _hex(draft.transfer_group),
                _hex(draft.reverses),
                _hex(draft.made_by),
                _hex(draft.approved_by),
            )
        )
        for line, leg in enumerate(draft.entry.postings, start=1):
            postings.append(
                (
                    book_id,
                    own_id,
                    line,
                    day,
                    leg.account,
                    names.funds[code, leg.fund].hex,
                    leg.commodity,
                    leg.quantity,
                    names.books[leg.counterparty].hex if leg.counterparty else None,
                    *_labels(leg),
                )
            )
    return store(session, entries, postings)


def _hex(found: UUID | None) -> str | None:
    return found.hex if found else None


def _check_repeats(
    session: ReadSession, names: _Names, repeated: Sequence[tuple[UUID, Draft]]
) -> None:
    """Refuse an event told again with other legs: one of the two tellings is wrong."""
    for entry_id, draft in repeated:
        stored = load_entry(session, names.books[draft.entry.book], entry_id)
        if not stored.tells_the_same(draft.entry):
            raise Conflict(
                "Event {event_type} {external_ref} of book {book} is already in the books "
                "with different postings.",
                place=draft.external_ref,
                event_type=draft.event_type,
                external_ref=draft.external_ref,
                book=draft.entry.book,
            )
