"""Store entries: the only writer of the journal.

Posting one entry is the N = 1 case of a batch: codes are resolved once, postings go in before
the entry rows that close them, as Core inserts. The same event told twice is stored once.
Must not decide what an event means: that is ``core.bookkeeping``.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, tuple_

from ledger.core.entry import Entry, Posting
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id
from ledger.models import books, journal
from ledger.queries.periods import ONE_DAY, closed_until

CHUNK = 500
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


def post(
    session: Session,
    entries: Sequence[Entry],
    *,
    event_type: str,
    source: str,
    external_ref: str,
    accounting_on: date,
    now: datetime,
    made_by: UUID | None = None,
    approved_by: UUID | None = None,
) -> Posted:
    """Post the entries of one business event; several books share a transfer group.

    Idempotent on (book, source, external_ref, event_type). An event of a closed period is dated
    on the first day that is open in every book it touches (domain D13). Raises Invalid for an
    unknown code, Conflict when the same event was posted with other legs, or maker and approver
    are one.
    """
    if made_by is not None and made_by == approved_by:
        raise Conflict("Whoever makes an entry cannot approve it.", place="approved_by")
    group = new_id() if len(entries) > 1 else None
    seen: Counter[str] = Counter()
    drafts = []
    opens = _open_day(session, entries, accounting_on)
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
                accounting_on=opens,
                transfer_group=group,
                made_by=made_by,
                approved_by=approved_by,
            )
        )
    return post_batch(session, drafts, now=now)


def post_batch(session: Session, drafts: Sequence[Draft], *, now: datetime) -> Posted:
    """Post many drafts, all or nothing. Raises as ``post``; place is ``entries[i]``.

    Dates are taken as they are: Conflict for a new entry in a closed period.
    """
    names = _Names(session, drafts)
    keys = [_key(names, draft, i) for i, draft in enumerate(drafts)]
    known = _known(session, keys)
    closed = closed_until(session, {key[0] for key in keys})
    ids: list[UUID] = []
    fresh: list[tuple[UUID, Draft]] = []
    repeated: list[tuple[UUID, Draft]] = []
    for key, draft in zip(keys, drafts, strict=True):
        entry_id = known.get(key)
        if entry_id is None:
            _check_open(closed.get(key[0]), draft, len(ids))
            entry_id = known[key] = new_id()
            fresh.append((entry_id, draft))
        else:
            repeated.append((entry_id, draft))
        ids.append(entry_id)
    rows = [row for entry_id, draft in fresh for row in _posting_rows(names, entry_id, draft)]
    if fresh:
        session.execute(insert(journal.Posting), rows)
        session.execute(insert(journal.Entry), [_entry_row(names, eid, d, now) for eid, d in fresh])
    _check_repeats(session, names, repeated)
    return Posted(tuple(ids), len(rows), len(repeated))


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
    target = session.get(journal.Entry, (book_id, entry_id))
    if target is None:
        raise NotFound("There is no such entry in this book.", place="entry")
    if target.reverses is not None:
        raise Conflict("A reversal is not reversed; post the right entry instead.", place="entry")
    already = session.scalar(
        select(journal.Entry.id).where(
            journal.Entry.book_id == book_id, journal.Entry.reverses == entry_id
        )
    )
    if already is not None:
        raise Conflict("This entry has been reversed already.", place="entry")
    target_entry = load_entry(session, book_id, entry_id)
    draft = Draft(
        entry=target_entry.reversed(),
        event_type="reversal",
        source="journal",
        external_ref=str(entry_id),
        accounting_on=_open_day(session, [target_entry], accounting_on),
        reverses=entry_id,
        made_by=made_by,
        approved_by=approved_by,
    )
    return post_batch(session, [draft], now=now)


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
        raise NotFound("There is no such entry in this book.", place="entry")
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


def _open_day(session: ReadSession, entries: Sequence[Entry], day: date) -> date:
    """Return the day, or the first later one that is open in every book of the entries."""
    ids = books_by_code(session)
    touched = {ids[item.book] for item in entries if item.book in ids}
    closed = closed_until(session, touched).values()
    return max([day, *(last + ONE_DAY for last in closed)])


def _check_open(closed: date | None, draft: Draft, index: int) -> None:
    if closed is not None and draft.accounting_on <= closed:
        raise Conflict(
            f"Book {draft.entry.book} is closed up to {closed.isoformat()}.",
            place=f"entries[{index}].accounting_on",
        )


_Key = tuple[UUID, str, str, str]


class _Names:
    """The ids behind the codes a batch uses, read in three questions."""

    def __init__(self, session: ReadSession, drafts: Iterable[Draft]) -> None:
        self.books = books_by_code(session)
        used = {self.books[d.entry.book] for d in drafts if d.entry.book in self.books}
        self.funds = {
            (book_id, code): fund_id
            for book_id, code, fund_id in session.execute(
                select(books.Fund.book_id, books.Fund.code, books.Fund.id).where(
                    books.Fund.book_id.in_(used)
                )
            )
        }
        self.accounts = {
            (book_id, number): inter_book
            for book_id, number, inter_book in session.execute(
                select(
                    books.Account.book_id,
                    books.Account.number,
                    books.Account.inter_book,
                ).where(books.Account.book_id.in_(used))
            )
        }
        self.commodities = set(session.scalars(select(books.Commodity.code)))


def _key(names: _Names, draft: Draft, index: int) -> _Key:
    place = f"entries[{index}]"
    book_id = names.books.get(draft.entry.book)
    if book_id is None:
        raise Invalid(f"There is no book {draft.entry.book}.", place=f"{place}.book")
    for line, leg in enumerate(draft.entry.postings):
        where = f"{place}.postings[{line}]"
        if (book_id, leg.fund) not in names.funds:
            raise Invalid(
                f"Book {draft.entry.book} has no fund {leg.fund}.",
                place=f"{where}.fund",
            )
        if (book_id, leg.account) not in names.accounts:
            raise Invalid(
                f"Book {draft.entry.book} has no account {leg.account}.",
                place=f"{where}.account",
            )
        if leg.commodity not in names.commodities:
            raise Invalid(f"There is no commodity {leg.commodity}.", place=f"{where}.commodity")
        if leg.counterparty is not None and leg.counterparty not in names.books:
            raise Invalid(f"There is no book {leg.counterparty}.", place=f"{where}.counterparty")
        if names.accounts[book_id, leg.account] and leg.counterparty is None:
            raise Invalid(
                f"Account {leg.account} needs a counterparty book.",
                place=f"{where}.counterparty",
            )
    return book_id, draft.source, draft.external_ref, draft.event_type


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


def _posting_rows(names: _Names, entry_id: UUID, draft: Draft) -> list[dict[str, Any]]:
    book_id = names.books[draft.entry.book]
    return [
        {
            "book_id": book_id,
            "entry_id": entry_id,
            "line": line,
            "accounting_on": draft.accounting_on,
            "account": leg.account,
            "fund_id": names.funds[book_id, leg.fund],
            "commodity": leg.commodity,
            "quantity": leg.quantity,
            "counterparty_id": names.books[leg.counterparty] if leg.counterparty else None,
            **{label: getattr(leg, label) for label in LABELS},
        }
        for line, leg in enumerate(draft.entry.postings, start=1)
    ]


def _entry_row(names: _Names, entry_id: UUID, draft: Draft, now: datetime) -> dict[str, Any]:
    return {
        "book_id": names.books[draft.entry.book],
        "id": entry_id,
        "accounting_on": draft.accounting_on,
        "recorded_at": now,
        "event_type": draft.event_type,
        "source": draft.source,
        "external_ref": draft.external_ref,
        "transfer_group": draft.transfer_group,
        "reverses": draft.reverses,
        "made_by": draft.made_by,
        "approved_by": draft.approved_by,
    }


def _check_repeats(
    session: ReadSession, names: _Names, repeated: Sequence[tuple[UUID, Draft]]
) -> None:
    """Refuse an event told again with other legs: one of the two tellings is wrong."""
    for entry_id, draft in repeated:
        stored = load_entry(session, names.books[draft.entry.book], entry_id)
        if stored != replace(draft.entry):
            raise Conflict(
                f"Event {draft.event_type} {draft.external_ref} of book {draft.entry.book} is "
                "already in the books with other postings.",
                place=draft.external_ref,
            )
