"""Money that did not pass Stripe: cash counted and banked, with or without a pledge."""

from datetime import date, datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Book, Fund
from ledger.models.pledges import Pledge
from ledger.queries.balances import balance_of
from ledger.services import journal
from ledger.services.pledges import record_fulfilment, release_for

CASH = 1030


def record_cash(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    amount: int,
    reference: str,
    on: date,
    now: datetime,
    made_by: UUID | None,
    pledge: Pledge | None = None,
) -> UUID:
    """Book counted cash in minor units (OFF-1) and return the entry.

    ``reference`` identifies the count, so that sending it twice books it once. Raises Invalid
    for an amount not above zero or a day ahead.
    """
    if amount <= 0:
        raise Invalid("Count an amount above zero.", place="amount")
    if on > now.date():
        raise Invalid("This day is still ahead.", place="received_on")
    if pledge is not None and pledge.commodity != book.commodity:
        raise Invalid("This pledge is not of money.", place="pledge")
    released, receivable = release_for(session, pledge, amount) if pledge else (0, 0)
    posted = journal.post(
        session,
        bookkeeping.cash_received(
            book=book.code,
            fund=fund.code,
            currency=book.commodity,
            amount=amount,
            pledge=pledge.reference if pledge else None,
            released=released,
            receivable=receivable,
        ),
        event_type="cash_received",
        source="cash",
        external_ref=reference,
        accounting_on=on,
        now=now,
        made_by=made_by,
    )
    if pledge is not None:
        record_fulfilment(
            session,
            pledge=pledge,
            entry_id=posted.ids[0],
            quantity=amount,
            source="cash",
            source_ref=reference,
            now=now,
        )
    return posted.ids[0]


def bank_cash(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    amount: int,
    reference: str,
    on: date,
    now: datetime,
    made_by: UUID | None,
) -> UUID:
    """Book cash taken to the bank. Raises Conflict when the fund holds less cash than that."""
    held = balance_of(session, book_id=book.id, accounts=[CASH], fund_id=fund.id)
    if amount > held[book.commodity]:
        raise Conflict("This fund holds less cash than that.", place="amount")
    return journal.post(
        session,
        bookkeeping.cash_banked(
            book=book.code, fund=fund.code, currency=book.commodity, amount=amount
        ),
        event_type="cash_banked",
        source="cash",
        external_ref=reference,
        accounting_on=on,
        now=now,
        made_by=made_by,
    ).ids[0]
