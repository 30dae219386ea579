"""A pledge whose payment went back: how much of it is open again, and what puts it back on the
books (PAY-08, OFF-2). Quantities in the pledge's smallest unit."""

from ledger.core import bookkeeping
from ledger.core.entry import Entry
from ledger.core.vocabulary import LegalNature
from ledger.db import ReadSession
from ledger.models.books import Book, Fund
from ledger.models.pledges import Pledge
from ledger.queries.pledges.pledges import fulfilled_quantity
from ledger.services.pledges.pledges import ENDED


def can_reopen(pledge: Pledge) -> bool:
    """Tell whether a payment that goes back opens a pledge again: not one that has ended, nor one
    that still waits for its condition."""
    return pledge.state not in ENDED and pledge.legal_nature != LegalNature.CONDITIONAL


def owed_again(session: ReadSession, pledge: Pledge, amount: int) -> int:
    """Return how much of a promise stands again when a payment of this amount goes back."""
    if not can_reopen(pledge):
        return 0
    done = fulfilled_quantity(session, pledge)
    return max(0, pledge.quantity - done + amount) - max(0, pledge.quantity - done)


def reopened(session: ReadSession, pledge: Pledge, again: int) -> list[Entry]:
    """Return the entry that puts an intention back on the memo accounts."""
    return bookkeeping.pledge_made(
        book=session.get_one(Book, pledge.book_id).code,
        fund=session.get_one(Fund, pledge.fund_id).code,
        commodity=pledge.commodity,
        quantity=again,
        pledge=pledge.reference,
        legal_nature=pledge.legal_nature,
    )
