"""Questions about entries: the journal page by page, and one entry with all that belongs to it."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, exists, func, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased

from ledger.core.amount import is_currency
from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.balances import BalanceDay
from ledger.models.books import Account, Book, Fund
from ledger.models.journal import Entry, Posting
from ledger.models.seals import Unsealed
from ledger.queries.people.people import names_of

_reversal = aliased(Entry)


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg with the names behind its codes; debit positive, smallest unit."""

    line: int
    account: int
    account_name: str
    fund: str
    commodity: str
    quantity: int
    counterparty: str | None
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry with its legs."""

    id: UUID
    accounting_on: date
    recorded_at: datetime
    event_type: str
    source: str
    external_ref: str
    reverses: UUID | None
    legs: tuple[Leg, ...]

    @property
    def totals(self) -> tuple[tuple[str, int], ...]:
        """Return the debits by commodity, money first."""
        sums: defaultdict[str, int] = defaultdict(int)
        for leg in self.legs:
            if leg.quantity > 0 and leg.account // 1000 != 9:
                sums[leg.commodity] += leg.quantity
        for leg in self.legs:
            if leg.quantity > 0 and leg.commodity not in sums:
                sums[leg.commodity] += leg.quantity
        return tuple(sorted(sums.items(), key=lambda item: (not is_currency(item[0]), item[0])))


@dataclass(frozen=True, slots=True)
class EntryDetail:
    """One entry, who made it, and the entries that belong to it: (book's id, its code, entry,
    event type)."""

    entry: EntryRow
    made_by: str | None
    approved_by: str | None
    reversed_by: UUID | None
    siblings: tuple[tuple[UUID, str, UUID, str], ...]


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
class JournalFilter:
    """Which entries of a book are wanted; ``before`` is the last id of the page before, and
    ``known_at`` leaves out what was recorded after that instant.

    ``amount`` is in minor units of the book's currency; ``sums`` asks for what all that is found
    comes to.
    """

    account: int | None = None
    fund: str = ""
    event_type: str = ""
    since: date | None = None
    until: date | None = None
    before: UUID | None = None
    known_at: datetime | None = None
    limit: int = 50
    amount: int | None = None
    words: str = ""
    reference: str = ""
    maker: UUID | None = None
    donor: str = ""
    sums: bool = False


def entries(
    session: ReadSession,
    *,
    book_id: UUID,
    wanted: JournalFilter,
    found_by: Sequence[ColumnElement[bool]] = (),
) -> list[EntryRow]:
    """Return entries newest first; ``found_by`` are conditions of a search."""
    also = [Entry.book_id == book_id, *found_by]
    if wanted.event_type:
        also.append(Entry.event_type == wanted.event_type)
    if wanted.since is not None:
        also.append(Entry.accounting_on >= wanted.since)
    if wanted.known_at is not None:
        also.append(Entry.recorded_at <= wanted.known_at)
    last = session.get(Entry, (book_id, wanted.before)) if wanted.before is not None else None
    if wanted.amount is not None:
        ids = _of_amount(book_id, wanted, last)
    elif wanted.account is not None:
        ids = _on_account(book_id, wanted.account, wanted.fund, last, wanted.until)
    else:
        ids = _in_order(book_id, wanted.fund, last, wanted.until)
    ids = ids.where(*also).limit(wanted.limit)
    found = session.execute(ids).all()
    rows = {
        row.id: row
        for row in session.scalars(
            select(Entry).where(
                Entry.book_id == book_id, Entry.id.in_([entry_id for _day, entry_id in found])
            )
        )
    }
    return _rows(session, book_id, [rows[entry_id] for _day, entry_id in found])


def entry_detail(session: ReadSession, *, book_id: UUID, entry_id: UUID) -> EntryDetail:
    """Return one entry with its makers and siblings. Raises NotFound."""
    row = session.get(Entry, (book_id, entry_id))
    if row is None:
        raise NotFound("This book has no such journal entry.", place="entry")
    people = {person for person in (row.made_by, row.approved_by) if person}
    names = names_of(session, people)
    siblings: list[tuple[UUID, str, UUID, str]] = []
    if row.transfer_group is not None:
        siblings = [
            (book, code, other, kind)
            for book, code, other, kind in session.execute(
                select(Book.id, Book.code, Entry.id, Entry.event_type)
                .join(Book, Book.id == Entry.book_id)
                .where(Entry.transfer_group == row.transfer_group, Entry.id != row.id)
                .order_by(Entry.id)
            )
        ]
    return EntryDetail(
        entry=_rows(session, book_id, [row])[0],
        made_by=names.get(row.made_by) if row.made_by else None,
        approved_by=names.get(row.approved_by) if row.approved_by else None,
        reversed_by=session.scalar(
            select(Entry.id).where(Entry.book_id == book_id, Entry.reverses == entry_id)
        ),
        siblings=tuple(siblings),
    )


def entries_named(
    session: ReadSession, *, book_id: UUID, sources: Collection[str], references: Collection[str]
) -> dict[str, UUID]:
    """Return the first entry that some sources made about each of their objects."""
    rows = session.execute(
        select(Entry.external_ref, Entry.id)
        .where(Entry.book_id == book_id)
        .where(Entry.source.in_(sources), Entry.external_ref.in_(references))
        .order_by(Entry.id.desc())
    )
    return dict(iter(rows))


def references_in(session: ReadSession, *, book_id: UUID, source: str) -> set[str]:
    """Return what entries of a source are known by in a book."""
    query = select(Entry.external_ref).where(Entry.book_id == book_id, Entry.source == source)
    return set(session.scalars(query))


def told_anew(
    session: ReadSession, *, book_id: UUID, source: str, event_type: str, reference: str
) -> str:
    """Return the reference of an event that happens again after its entry was undone: how often
    that was stands behind it, since the journal books an event once for its reference."""
    undone = session.scalar(
        select(func.count()).where(
            Entry.book_id == book_id,
            Entry.source == source,
            Entry.event_type == event_type,
            or_(
                Entry.external_ref == reference,
                Entry.external_ref.startswith(f"{reference}~", autoescape=True),
            ),
            exists().where(_reversal.book_id == Entry.book_id, _reversal.reverses == Entry.id),
        )
    )
    return f"{reference}~{undone}" if undone else reference


def event_types(session: ReadSession, *, book_id: UUID) -> list[str]:
    """Return the kinds of events in a book, by name."""
    first = select(func.min(Entry.event_type).label("name")).where(Entry.book_id == book_id)
    kinds = first.cte(recursive=True)
    following = (
        select(func.min(Entry.event_type))
        .where(Entry.book_id == book_id, Entry.event_type > kinds.c.name)
        .scalar_subquery()
    )
    kinds = kinds.union_all(select(following).where(kinds.c.name.is_not(None)))
    # One step of the index for each kind, instead of a look at every entry.
    return list(session.scalars(select(kinds.c.name).where(kinds.c.name.is_not(None))))


def _on_account(
    book_id: UUID, account: int, fund: str, last: Entry | None, until: date | None
) -> Select[date, UUID]:
    """Return the newest entries with a leg on an account, read along the account's own index.

    Order and bounds stand on the leg's copy of the day, which that index begins with.
    """
    query = (
        select(Posting.accounting_on, Posting.entry_id)
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .where(Posting.book_id == book_id, Posting.account == account)
        .distinct()
    )
    if fund:
        query = query.where(Posting.fund_id == _fund_id(book_id, fund))
    return _behind(query, Posting.accounting_on, Posting.entry_id, last, until)


def of_amount(book_id: UUID, amount: int) -> Select[UUID]:
    """Return the entries with a leg of an amount of the book's currency, on either side."""
    currency = select(Book.commodity).where(Book.id == book_id).scalar_subquery()
    return select(Posting.entry_id).where(
        Posting.book_id == book_id,
        Posting.quantity.in_((amount, -amount)),
        Posting.commodity == currency,
    )


def _of_amount(book_id: UUID, wanted: JournalFilter, last: Entry | None) -> Select[date, UUID]:
    """Return the newest entries of an amount, read along the index of amounts."""
    query = (
        of_amount(book_id, wanted.amount or 0)
        .with_only_columns(Posting.accounting_on, Posting.entry_id)
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .distinct()
    )
    leg = aliased(Posting)
    of_entry = select(leg.line).where(leg.book_id == book_id, leg.entry_id == Entry.id)
    if wanted.account is not None:
        query = query.where(exists(of_entry.where(leg.account == wanted.account)))
    if wanted.fund:
        query = query.where(exists(of_entry.where(leg.fund_id == _fund_id(book_id, wanted.fund))))
    return _behind(query, Posting.accounting_on, Posting.entry_id, last, wanted.until)


def _in_order(
    book_id: UUID, fund: str, last: Entry | None, until: date | None
) -> Select[date, UUID]:
    """Return the newest entries, of one fund where it is given.

    The sums by day say on which days a fund has a leg at all, so that one that is rarely used is
    not looked for in every entry; what is not sealed yet has no sums and is looked at besides.
    """
    query = select(Entry.accounting_on, Entry.id)
    if fund:
        fund_id = _fund_id(book_id, fund)
        leg = select(Posting.line).where(
            Posting.book_id == book_id, Posting.entry_id == Entry.id, Posting.fund_id == fund_id
        )
        days = select(BalanceDay.starts_on).where(
            BalanceDay.book_id == book_id, BalanceDay.fund_id == fund_id
        )
        unsealed = select(Unsealed.entry_id).where(Unsealed.book_id == book_id)
        query = query.where(
            exists(leg.correlate(Entry)),
            Entry.accounting_on.in_(days) | Entry.id.in_(unsealed),
        )
    return _behind(query, Entry.accounting_on, Entry.id, last, until)


def _behind(
    query: Select[date, UUID],
    day: InstrumentedAttribute[date],
    entry_id: InstrumentedAttribute[UUID],
    last: Entry | None,
    until: date | None,
) -> Select[date, UUID]:
    if until is not None:
        query = query.where(day <= until)
    if last is not None:
        query = query.where(tuple_(day, entry_id) < (last.accounting_on, last.id))
    return query.order_by(day.desc(), entry_id.desc())


def _fund_id(book_id: UUID, code: str) -> ScalarSelect[UUID]:
    return select(Fund.id).where(Fund.book_id == book_id, Fund.code == code).scalar_subquery()


def _rows(session: ReadSession, book_id: UUID, rows: Sequence[Entry]) -> list[EntryRow]:
    legs: defaultdict[UUID, list[Leg]] = defaultdict(list)
    other = select(Book.id, Book.code).subquery()
    query = (
        select(Posting, Fund.code, Account.name, other.c.code)
        .join(Fund, Fund.id == Posting.fund_id)
        .join(
            Account,
            (Account.book_id == Posting.book_id) & (Account.number == Posting.account),
        )
        .outerjoin(other, other.c.id == Posting.counterparty_id)
        .where(Posting.book_id == book_id, Posting.entry_id.in_([row.id for row in rows]))
        .order_by(Posting.entry_id, Posting.line)
    )
    for posting, fund, name, counterparty in session.execute(query):
        legs[posting.entry_id].append(
            Leg(
                line=posting.line,
                account=posting.account,
                account_name=name,
                fund=fund,
                commodity=posting.commodity,
                quantity=posting.quantity,
                counterparty=counterparty,
                labels=tuple(
                    (label, getattr(posting, label)) for label in LABELS if getattr(posting, label)
                ),
            )
        )
    return [
        EntryRow(
            id=row.id,
            accounting_on=row.accounting_on,
            recorded_at=row.recorded_at,
            event_type=row.event_type,
            source=row.source,
            external_ref=row.external_ref,
            reverses=row.reverses,
            legs=tuple(legs[row.id]),
        )
        for row in rows
    ]


def entries_by_id(session: ReadSession, *, book_id: UUID, ids: Sequence[UUID]) -> list[EntryRow]:
    """Return some entries of a book in order of date and id."""
    found: list[EntryRow] = []
    for start in range(0, len(ids), 500):
        rows = session.scalars(
            select(Entry).where(Entry.book_id == book_id, Entry.id.in_(ids[start : start + 500]))
        ).all()
        found += _rows(session, book_id, rows)
    return sorted(found, key=lambda row: (row.accounting_on, row.id))


def count_entries(session: ReadSession, *, book_id: UUID, at_most: int | None = None) -> int:
    """Return how many entries a book has; ``at_most`` ends the counting there."""
    entries = select(Entry.id).where(Entry.book_id == book_id).limit(at_most)
    return session.scalar(select(func.count()).select_from(entries.subquery())) or 0


def every_entry(
    session: ReadSession, *, book_id: UUID, known_at: datetime | None = None, chunk: int = 500
) -> Iterator[EntryRow]:
    """Yield all entries of a book in order of date and id, without holding them all.

    ``known_at`` leaves out what was recorded after that instant.
    """
    last: tuple[date, UUID] | None = None
    while True:
        query = select(Entry).where(Entry.book_id == book_id)
        if known_at is not None:
            query = query.where(Entry.recorded_at <= known_at)
        if last is not None:
            query = query.where(tuple_(Entry.accounting_on, Entry.id) > last)
        rows = session.scalars(query.order_by(Entry.accounting_on, Entry.id).limit(chunk)).all()
        if not rows:
            return
        yield from _rows(session, book_id, rows)
        last = (rows[-1].accounting_on, rows[-1].id)
