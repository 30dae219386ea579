"""Money that did not pass Stripe: cash counted and banked, with or without a pledge."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.days import day_in
from ledger.core.entry import Entry
from ledger.core.vocabulary import FulfilmentSource
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry as EntryRow
from ledger.models.pledges import Pledge
from ledger.queries.books.balances import balance_of
from ledger.services.banking.deposits import ReturnedCheque, bounce_cheque, put_in
from ledger.services.books import journal
from ledger.services.books.books import check_own_fund
from ledger.services.pledges.goals import waits_for_goal
from ledger.services.pledges.pledges import check_place, record_fulfilment, release_for

__all__ = ["Counted", "ReturnedCheque", "bank_cash", "bounce_cheque", "record_cash"]


@dataclass(frozen=True, slots=True)
class Counted:
    """Cash and cheques that were counted, in minor units; the reference is the count's own, so that
    it is booked once."""

    fund: Fund
    amount: int
    reference: str
    on: date


def record_cash(
    session: Session,
    *,
    book: Book,
    counted: Counted,
    now: datetime,
    made_by: UUID | None,
    pledge: Pledge | None = None,
) -> UUID:
    """Book counted cash (OFF-1) and return the entry.

    Its reference identifies the count, so that sending it twice books it once. Raises Invalid
    for an amount not above zero, a day ahead or the wrong fund or pledge, Conflict for a reference
    used for other cash. Cash for a campaign that must still reach its goal is held (PAY-13).
    """
    _check(book, counted, now)
    fund, amount = counted.fund, counted.amount
    check_own_fund(book, fund)
    known = _known(session, book, "cash_received", counted.reference)
    if known is not None:
        # What a pledge still needs has changed since, so only what was counted is compared.
        _check_same(journal.load_entry(session, book.id, known), fund, amount, pledge)
        return known
    if pledge is not None:
        if pledge.commodity != book.commodity:
            raise Invalid("This pledge is not a pledge of money.", place="pledge")
        check_place(pledge, book, fund)
    released, receivable = release_for(session, pledge, amount) if pledge else (0, 0)
    posted = journal.post(
        session,
        bookkeeping.cash_received(
            book=book.code,
            fund=fund.code,
            currency=book.commodity,
            amount=amount,
            fulfilled=bookkeeping.Fulfilled(
                pledge=pledge.reference if pledge else None,
                released=released,
                receivable=receivable,
            ),
            held=pledge is not None and waits_for_goal(session, pledge),
        ),
        event_type="cash_received",
        source="cash",
        external_ref=counted.reference,
        accounting_on=counted.on,
        now=now,
        made_by=made_by,
    )
    if pledge is not None:
        record_fulfilment(
            session,
            pledge=pledge,
            entry_id=posted.ids[0],
            quantity=amount,
            source=FulfilmentSource.CASH,
            source_ref=counted.reference,
            now=now,
        )
    return posted.ids[0]


def bank_cash(
    session: Session,
    *,
    book: Book,
    counted: Counted,
    now: datetime,
    made_by: UUID | None,
    counts: Sequence[UUID] = (),
) -> UUID:
    """Book cash and cheques taken to the bank; sending it twice books it once.

    ``counts`` are the entries that counted them; where none is named, those that fit. Raises
    Invalid for an amount not above zero or a day ahead, Conflict when the fund holds less cash
    than that.
    """
    _check(book, counted, now)
    fund, amount = counted.fund, counted.amount
    held = balance_of(session, book_id=book.id, accounts=[Acct.UNDEPOSITED_CASH], fund_id=fund.id)
    told_again = _known(session, book, "cash_banked", counted.reference) is not None
    if amount > held[book.commodity] and not told_again:
        raise Conflict("This fund holds less cash than that.", place="amount")
    posted = journal.post(
        session,
        bookkeeping.cash_banked(
            book=book.code, fund=fund.code, currency=book.commodity, amount=amount
        ),
        event_type="cash_banked",
        source="cash",
        external_ref=counted.reference,
        accounting_on=counted.on,
        now=now,
        made_by=made_by,
    )
    if not posted.duplicates:
        put_in(
            session,
            book=book,
            fund=fund,
            deposit_id=posted.ids[0],
            amount=amount,
            counts=counts,
            now=now,
        )
    return posted.ids[0]


def _check(book: Book, counted: Counted, now: datetime) -> None:
    if counted.amount <= 0:
        raise Invalid("Enter a counted amount above zero.", place="amount")
    if counted.on > day_in(book.time_zone, now):
        raise Invalid("This date is in the future.", place="received_on")


def _known(session: ReadSession, book: Book, event_type: str, reference: str) -> UUID | None:
    return session.scalar(
        select(EntryRow.id).where(
            EntryRow.book_id == book.id,
            EntryRow.source == "cash",
            EntryRow.external_ref == reference,
            EntryRow.event_type == event_type,
        )
    )


def _check_same(stored: Entry, fund: Fund, amount: int, pledge: Pledge | None) -> None:
    counted = next(leg for leg in stored.postings if leg.account == Acct.UNDEPOSITED_CASH)
    labels = {leg.pledge for leg in stored.postings if leg.pledge is not None}
    same = (counted.fund, counted.quantity) == (fund.code, amount)
    if not same or labels != ({pledge.reference} if pledge else set()):
        raise Conflict(
            "This cash count is already in the books with different amounts.", place="amount"
        )
