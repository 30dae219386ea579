"""Where money is by now that an entry brought: in the box, at Stripe, on its way, or on the bank.

Exact where rows tell it: a count by the deposit it went to the bank with, a charge by its payout;
with the book that owns a shared Stripe account, as a claim on that book.
"""

from uuid import UUID

from sqlalchemy import select

from ledger.core.accounts import Acct
from ledger.core.entry import Entry, Posting
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.models.deposits import DepositItem
from ledger.models.payments import BalanceTransaction, Payout
from ledger.queries.books.books import fund_by_code
from ledger.queries.books.funds import on_account

# A leg, how much of it, on which account, in which payout, and against which book.
Moved = tuple[Posting, int, int, str | None, str | None]


def deposit_item(session: ReadSession, *, book_id: UUID, entry_id: UUID) -> DepositItem | None:
    """Return the item of a deposit that a count is, if it was banked."""
    return session.scalar(
        select(DepositItem).where(
            DepositItem.book_id == book_id, DepositItem.count_entry_id == entry_id
        )
    )


def moved_on(
    session: ReadSession, *, book: Book, entry_id: UUID, entry: Entry, funds: set[str]
) -> list[Moved]:
    """Return the legs of an entry in some funds whose money is elsewhere by now: how much of each
    is on which account, in which payout, and owed by which book. Ask after the entry was
    reversed."""
    found: list[Moved] = []
    for leg in entry.postings:
        if leg.fund not in funds:
            continue
        if leg.account == Acct.UNDEPOSITED_CASH and leg.quantity > 0:
            gone = _from_the_box(session, book, entry_id, leg)
            if gone:
                found.append((leg, gone, Acct.BANK, None, None))
        elif leg.account == Acct.STRIPE_BALANCE and leg.payment is not None:
            txn = session.get(BalanceTransaction, leg.payment)
            payout = session.get(Payout, txn.stripe_payout_id or "") if txn else None
            if payout is None:
                continue
            found += _from_payout(session, book, payout, leg)
    return found


def _from_payout(session: ReadSession, book: Book, payout: Payout, leg: Posting) -> list[Moved]:
    """Return where a leg is that a payout took along: what another book owes for it is on a claim
    until it is settled, and on the bank then."""
    if payout.book_id == book.id:
        if payout.bank_line_id is not None:
            return [(leg, leg.quantity, Acct.BANK, None, None)]
        return [(leg, leg.quantity, Acct.PAYOUTS_IN_TRANSIT, payout.stripe_payout_id, None)]
    fund = fund_by_code(session, book.id, leg.fund)
    open_claim = max(0, on_account(session, fund, Acct.INTER_COMMUNITY, currency=leg.commodity))
    owed = min(leg.quantity, open_claim)
    owner = session.get_one(Book, payout.book_id).code
    parts: list[Moved] = [
        (leg, owed, Acct.INTER_COMMUNITY, payout.stripe_payout_id, owner),
        (leg, leg.quantity - owed, Acct.BANK, None, None),
    ]
    return [part for part in parts if part[1]]


def _from_the_box(session: ReadSession, book: Book, entry_id: UUID, leg: Posting) -> int:
    """Return how much of a count went to the bank; where no deposit tells, what the box lacks."""
    item = deposit_item(session, book_id=book.id, entry_id=entry_id)
    if item is not None:
        return leg.quantity
    fund = fund_by_code(session, book.id, leg.fund)
    lacking = -on_account(session, fund, Acct.UNDEPOSITED_CASH, currency=leg.commodity)
    return max(0, min(leg.quantity, lacking))
