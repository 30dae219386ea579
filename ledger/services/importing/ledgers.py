"""Bring in the history that another ledger kept: all of a file or nothing; twice adds nothing.

A transaction is known again by its day and its amounts, so that a file that has grown adds only
what is new. Payees and notes stay outside: the journal keeps no free text.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from ledger.core.bounds import check_amount, check_day
from ledger.core.fitting_accounts import Use, check_fits
from ledger.core.vocabulary import FundClass
from ledger.core.written import format_day
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.importers import Booking, Chart, History, Mapping, Transaction, left_open, propose
from ledger.models.books import Book
from ledger.models.journal import Entry as EntryRow
from ledger.queries.books.books import account_names, accounts_of, commodities, funds_of
from ledger.queries.books.journal import references_in
from ledger.services.books.books import ensure_commodity, open_account
from ledger.services.books.journal import Draft, Posted, post_batch

SOURCE = EVENT_TYPE = "history"
BATCH = 1000


@dataclass(frozen=True, slots=True)
class HistoryImported:
    """What came in; ``commodities`` are the codes of all that the file's entries count."""

    entries: int
    postings: int
    duplicates: int
    commodities: tuple[str, ...]
    opened: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def propose_mapping(
    session: ReadSession, *, book: Book, history: History, fund: str | None = None
) -> Mapping:
    """Return a mapping to look over. Raises Invalid when the book's fund must be named."""
    chart = Chart(
        currency=book.commodity,
        accounts=account_names(session, book.id),
        commodities=frozenset(commodities(session)),
    )
    return propose(history, chart, fund or _only_fund(session, book))


def import_history(
    session: Session, *, book: Book, history: History, mapping: Mapping, now: datetime
) -> HistoryImported:
    """Book every transaction of a file. Raises Invalid or Conflict, naming the line."""
    for name in left_open(mapping):
        raise Invalid(
            "The mapping does not cover {name}. Write a mapping with --propose, complete it, "
            "and import with --mapping.",
            place="mapping",
            name=name,
        )
    opened = _open_accounts(session, book, history, mapping)
    booking = Booking(book.code, mapping, history.place)
    entries = postings = duplicates = 0
    known: set[str] = set()
    skipped = _known_by_another_day(session, book, history)
    booked = [
        (transaction, reference)
        for transaction, reference in zip(
            history.transactions, _references(history.transactions), strict=True
        )
        if reference not in skipped
    ]
    for start in range(0, len(booked), BATCH):
        drafts: list[Draft] = []
        places: list[str] = []
        for transaction, reference in booked[start : start + BATCH]:
            made = _drafts(booking, transaction, reference)
            drafts += made
            places += [history.place(transaction.line)] * len(made)
        for code in {leg.commodity for draft in drafts for leg in draft.entry.postings} - known:
            ensure_commodity(session, code)
            known.add(code)
        posted = _post(session, drafts, places, now)
        entries += len(drafts) - posted.duplicates
        postings += posted.postings
        duplicates += posted.duplicates
    return HistoryImported(
        entries,
        postings,
        duplicates + len(skipped),
        tuple(sorted(known)),
        opened,
        tuple(skipped.values()),
    )


def preview_history(
    session: Session, *, book: Book, history: History, mapping: Mapping, now: datetime
) -> HistoryImported:
    """Return what ``import_history`` would do, and keep nothing of it. Raises as it does."""
    attempt = session.begin_nested()
    try:
        return import_history(session, book=book, history=history, mapping=mapping, now=now)
    finally:
        attempt.rollback()


def _only_fund(session: ReadSession, book: Book) -> str:
    """Return the fund that everything belongs to when nobody says which."""
    funds = funds_of(session, book.id)
    free = [fund.code for fund in funds if fund.fund_class == FundClass.UNRESTRICTED]
    if len(funds) == 1 or len(free) == 1:
        return free[0] if free else funds[0].code
    raise Invalid(
        "Choose the fund of book {code} that this history belongs to.", place="fund", code=book.code
    )


def _open_accounts(
    session: Session, book: Book, history: History, mapping: Mapping
) -> tuple[str, ...]:
    """Open what the mapping names and the book has not; return the names."""
    there = account_names(session, book.id)
    used = {f"accounts.{name}" for name in history.accounts()}
    opened = []
    for key, target in mapping.opens():
        if target.name is None or (key.startswith("accounts.") and key not in used):
            continue
        if target.number not in there:
            opened.append(target.name)
            there[target.number] = target.name
        try:
            open_account(session, book=book, number=target.number, name=target.name)
        except (Conflict, Invalid) as error:
            error.place = f"mapping: {key}"
            raise
    _check_costs(session, book, mapping)
    return tuple(opened)


def _check_costs(session: ReadSession, book: Book, mapping: Mapping) -> None:
    """Raise Invalid for an account on which the cost of things cannot stand."""
    chart = {account.number: account for account in accounts_of(session, book.id)}
    for unit, target in mapping.commodities.items():
        place = f"mapping: commodities.{unit[:80]}.worth"
        check_fits(Use.COST_OF_THINGS, target.worth, chart.get(target.worth), place=place)


def _references(transactions: Sequence[Transaction], *, formerly: bool = False) -> list[str]:
    """Return what each transaction is known by, whatever the mapping makes of it.

    Names of accounts stay out: they may be guessed from a hash, and it is sealed for good.
    ``formerly``: what earlier versions of this program knew it by.
    """
    seen: Counter[str] = Counter()
    found = []
    for transaction in transactions:
        on = (transaction.formerly_on if formerly else None) or transaction.on
        parts = [on.isoformat()]
        for leg in transaction.legs:
            number = f"{leg.figure.number:f}"
            plain = number.rstrip("0").rstrip(".") if "." in number else number
            parts.append(f"{plain} {leg.figure.unit}")
        digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
        seen[digest] += 1
        found.append(f"{digest}#{seen[digest]}")
    return found


def check_begins(session: ReadSession, book: Book) -> None:
    """Refuse a ledger in books that somebody keeps here already: what one person alone brings in
    could be anything. Raises Conflict."""
    kept = select(exists().where(EntryRow.book_id == book.id, EntryRow.source != SOURCE))
    if session.scalar(kept):
        raise Conflict(
            "This book already has journal entries. The operator can still import a ledger "
            "with `poolbook import journal`.",
            place="file",
        )


def _known_by_another_day(session: ReadSession, book: Book, history: History) -> dict[str, str]:
    """Return transactions that an earlier version booked on a day it had misread, with a warning.

    By the reference they would get today. To book them again would count them twice.
    """
    transactions = history.transactions
    if not history.spans_days() and not any(one.formerly_on for one in transactions):
        return {}
    now, before = _references(transactions), _references(transactions, formerly=True)
    there = references_in(session, book_id=book.id, source=SOURCE)
    # Entries of such a day that no transaction of the file is known by today.
    surplus = Counter(reference.partition("#")[0] for reference in there - set(now))
    skipped: dict[str, str] = {}
    for transaction, reference, former in zip(transactions, now, before, strict=True):
        place = history.place(transaction.line)
        digest = former.partition("#")[0]
        if transaction.formerly_on and reference not in there and surplus[digest]:
            surplus[digest] -= 1
            skipped[reference] = (
                f"{place}: it is of {format_day(transaction.on)}, but is in the books on "
                f"{format_day(transaction.formerly_on)}, as an earlier version read it. It was "
                "not added again; correct the day there."
            )
        whole = reference in there and _part(reference, 2) not in there
        if whole and len(transaction.days()) > 1:
            skipped[reference] = (
                f"{place}: its postings fall on several days, but an earlier version booked them "
                f"on {format_day(transaction.on)}. It was not added again; correct the days there."
            )
    return skipped


def _part(reference: str, number: int) -> str:
    """Return what the entry of a transaction's first, second or later day is known by."""
    return reference if number == 1 else f"{reference}/{number}"


def _drafts(booking: Booking, transaction: Transaction, reference: str) -> list[Draft]:
    place = booking.place(transaction.line)
    drafts = []
    for number, (day, entry) in enumerate(booking.entries(transaction), start=1):
        check_day(day, place=place)
        for leg in entry.postings:
            check_amount(leg.quantity, place=place)
        drafts.append(
            Draft(
                entry=entry,
                event_type=EVENT_TYPE,
                source=SOURCE,
                external_ref=_part(reference, number),
                accounting_on=day,
            )
        )
    return drafts


def _post(
    session: Session, drafts: Sequence[Draft], places: Sequence[str], now: datetime
) -> Posted:
    """Post a batch; a refusal names the line instead of the place in the batch."""
    try:
        return post_batch(session, drafts, now=now)
    except (Conflict, Invalid) as error:
        told = error.place or ""
        for draft, place in zip(drafts, places, strict=True):
            if draft.external_ref == told:
                raise Conflict(
                    "A transaction with this date and these amounts is already in the books, "
                    "on other accounts or with other posting dates.",
                    place=place,
                ) from error
        if told.startswith("entries["):
            index = int(told.removeprefix("entries[").partition("]")[0])
            error.place = places[index]
        raise
