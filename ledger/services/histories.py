"""Bring in the history that another ledger kept: all of a file or nothing; twice adds nothing.

A transaction is known again by its day and its amounts, so that a file that has grown adds only
what is new. Payees and notes stay outside: the journal keeps no free text.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.core.bounds import check_amount, check_day
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.histories import Booking, Chart, History, Mapping, Transaction, left_open, propose
from ledger.models.books import Book
from ledger.queries.books import account_names, commodities, funds_of
from ledger.services.books import ensure_commodity, open_account
from ledger.services.journal import Draft, Posted, post_batch

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
        raise Invalid(f"The mapping leaves {name} open; fill it in.", place="mapping")
    opened = _open_accounts(session, book, history, mapping)
    booking = Booking(book.code, mapping, history.counts)
    entries = postings = duplicates = 0
    known: set[str] = set()
    references = _references(history.transactions)
    for start in range(0, len(references), BATCH):
        batch = history.transactions[start : start + BATCH]
        drafts = [
            _draft(booking, transaction, reference)
            for transaction, reference in zip(batch, references[start:], strict=False)
        ]
        for code in {leg.commodity for draft in drafts for leg in draft.entry.postings} - known:
            ensure_commodity(session, code)
            known.add(code)
        places = [f"{history.counts} {transaction.line}" for transaction in batch]
        posted = _post(session, drafts, places, now)
        entries += len(drafts) - posted.duplicates
        postings += posted.postings
        duplicates += posted.duplicates
    return HistoryImported(entries, postings, duplicates, tuple(sorted(known)), opened)


def _only_fund(session: ReadSession, book: Book) -> str:
    """Return the fund that everything belongs to when nobody says which."""
    funds = funds_of(session, book.id)
    free = [fund.code for fund in funds if fund.fund_class == "unrestricted"]
    if len(funds) == 1 or len(free) == 1:
        return free[0] if free else funds[0].code
    raise Invalid(f"Say which fund of book {book.code} this history belongs to.", place="fund")


def _open_accounts(
    session: Session, book: Book, history: History, mapping: Mapping
) -> tuple[str, ...]:
    """Open what the mapping names and the book has not; return the names."""
    there = account_names(session, book.id)
    opened = []
    for name in sorted(history.accounts()):
        target = mapping.accounts.get(name)
        if target is None or target.name is None:
            continue
        if target.number not in there:
            opened.append(target.name)
            there[target.number] = target.name
        try:
            open_account(session, book=book, number=target.number, name=target.name)
        except (Conflict, Invalid) as error:
            error.place = f"mapping: accounts.{name}"
            raise
    return tuple(opened)


def _references(transactions: Sequence[Transaction]) -> list[str]:
    """Return what each transaction is known by, whatever the mapping makes of it.

    Names of accounts stay out: they may be guessed from a hash, and it is sealed for good.
    """
    seen: Counter[str] = Counter()
    found = []
    for transaction in transactions:
        parts = [transaction.on.isoformat()]
        for leg in transaction.legs:
            number = f"{leg.figure.number:f}"
            plain = number.rstrip("0").rstrip(".") if "." in number else number
            parts.append(f"{plain} {leg.figure.unit}")
        digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
        seen[digest] += 1
        found.append(f"{digest}#{seen[digest]}")
    return found


def _draft(booking: Booking, transaction: Transaction, reference: str) -> Draft:
    place = f"{booking.counts} {transaction.line}"
    check_day(transaction.on, place=place)
    entry = booking.entry(transaction)
    for leg in entry.postings:
        check_amount(leg.quantity, place=place)
    return Draft(
        entry=entry,
        event_type=EVENT_TYPE,
        source=SOURCE,
        external_ref=reference,
        accounting_on=transaction.on,
    )


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
                error.message = (
                    "A transaction of this day with these amounts is in the books already, on "
                    "other accounts."
                )
                error.place = place
        if told.startswith("entries["):
            index = int(told.removeprefix("entries[").partition("]")[0])
            error.place = places[index]
        raise
