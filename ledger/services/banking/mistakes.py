"""Contributions by bank or in cash that were made by mistake: they are no income any more, and owed
back to their donor until they are repaid (REF-3); minor units.

What came through Stripe is in ``payments.refund_settlement``.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from ledger.core import bookkeeping
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry, Posting
from ledger.queries.payments.owed_refunds import (
    BROUGHT,
    CONTRIBUTIONS,
    WITHOUT_STRIPE,
    owed_of_entry,
)
from ledger.services.books import journal

EVENT = "refund_owed"


def owe_back(
    session: Session,
    *,
    book: Book,
    entry_id: UUID,
    amount: int | None,
    by: UUID,
    on: date,
    now: datetime,
) -> UUID:
    """Book that a contribution is to go back, and return the entry (REF-3).

    Without an ``amount``, all that is left of it. Raises Invalid for an entry that brought no
    contribution or an amount above it, Conflict where nothing is left of it.
    """
    brought = session.get(Entry, (book.id, entry_id))
    if brought is None or brought.event_type not in BROUGHT or _is_reversed(session, brought):
        raise Invalid("This book has no such contribution.", place="contribution")
    given = _given(session, brought)
    if given is None:
        raise Conflict("Nothing of this payment is left as a contribution.", place="contribution")
    fund_id, commodity, received, pledge = given
    left = received - owed_of_entry(session, book_id=book.id, entry_id=entry_id)
    if left <= 0:
        raise Conflict("Nothing of this payment is left as a contribution.", place="contribution")
    amount = left if amount is None else amount
    if not 0 < amount <= left:
        raise Invalid("This is more than what is left of the contribution.", place="amount")
    return journal.post(
        session,
        bookkeeping.refund_owed(
            book=book.code,
            fund=session.get_one(Fund, fund_id).code,
            currency=commodity,
            amount=amount,
            pledge=pledge,
            payment=None if pledge else str(entry_id),
        ),
        event_type=EVENT,
        source=WITHOUT_STRIPE,
        external_ref=f"{entry_id}/{_times(session, brought)}",
        accounting_on=on,
        now=now,
        made_by=by,
    ).ids[0]


def _given(session: ReadSession, brought: Entry) -> tuple[UUID, str, int, str | None] | None:
    """Return fund, currency and amount of what an entry brought as income, and its pledge."""
    row = session.execute(
        select(
            Posting.fund_id,
            Posting.commodity,
            func.sum(-Posting.quantity),
            func.max(Posting.pledge),
        )
        .where(
            Posting.book_id == brought.book_id,
            Posting.entry_id == brought.id,
            Posting.account.in_(CONTRIBUTIONS),
        )
        .group_by(Posting.fund_id, Posting.commodity)
    ).first()
    if row is None:
        return None
    fund_id, commodity, received, pledge = row
    return fund_id, commodity, int(received), pledge


def _is_reversed(session: ReadSession, brought: Entry) -> bool:
    found = select(Entry.id).where(Entry.book_id == brought.book_id, Entry.reverses == brought.id)
    return session.scalar(found) is not None


def _times(session: ReadSession, brought: Entry) -> int:
    """Return how often something of a contribution was called a mistake before."""
    found = session.scalar(
        select(func.count())
        .select_from(Entry)
        .where(
            Entry.book_id == brought.book_id,
            Entry.source == WITHOUT_STRIPE,
            Entry.event_type == EVENT,
            Entry.external_ref.startswith(f"{brought.id}/", autoescape=True),
        )
    )
    return int(found or 0) + 1
