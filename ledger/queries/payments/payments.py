"""Questions about payments: attempts, what Stripe moved, payouts and their composition."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from ledger.core.accounts import Acct
from ledger.core.vocabulary import AttemptState, RefundState
from ledger.db import ReadSession
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry, Posting
from ledger.models.payments import BalanceTransaction, Cursor, PaymentAttempt, Payout, Refund
from ledger.models.pledges import Pledge

# A correction of what a payout contains: it changed its fund on the way.
FOLLOWED = "money_followed"
PAYOUT_KINDS = ("payout", "payout_cancel", "payout_failure")
RETURNED = ("failed", "canceled")
# Outcomes of movements that take back a payment, or bring back what was taken.
TAKEN_BACK = ("refund_settled", "refund_bounced", "debit_returned", "dispute_moved")


def attempt_to_reuse(
    session: ReadSession, *, pledge_id: UUID, kind: str = "checkout"
) -> PaymentAttempt | None:
    """Return the attempt of a kind at a pledge whose outcome is open, if there is one."""
    return session.scalar(
        select(PaymentAttempt)
        .where(
            PaymentAttempt.pledge_id == pledge_id,
            PaymentAttempt.kind == kind,
            PaymentAttempt.state.in_((AttemptState.CREATED, AttemptState.OPEN)),
        )
        .order_by(PaymentAttempt.n.desc())
        .limit(1)
    )


def latest_attempt(session: ReadSession, *, pledge_id: UUID) -> PaymentAttempt | None:
    """Return the last attempt at collecting a pledge."""
    return session.scalar(
        select(PaymentAttempt)
        .where(PaymentAttempt.pledge_id == pledge_id)
        .order_by(PaymentAttempt.n.desc())
        .limit(1)
    )


def attempts_in_doubt(session: ReadSession, *, before: datetime) -> list[PaymentAttempt]:
    """Return attempts that nobody has heard of since an instant."""
    return list(
        session.scalars(
            select(PaymentAttempt)
            .where(
                PaymentAttempt.state.in_((AttemptState.OPEN, AttemptState.PROCESSING)),
                PaymentAttempt.stripe_session_id.is_not(None)
                | PaymentAttempt.stripe_payment_intent_id.is_not(None),
                PaymentAttempt.updated_at < before,
            )
            .order_by(PaymentAttempt.updated_at)
            .limit(100)
        )
    )


def refunds_sent(session: ReadSession, *, before: datetime) -> list[Refund]:
    """Return refunds that Stripe has taken on, asked for before an instant, and not booked."""
    return list(
        session.scalars(
            select(Refund)
            .where(Refund.state == RefundState.SENT, Refund.created_at < before)
            .order_by(Refund.created_at, Refund.id)
            .limit(100)
        )
    )


def attempt_by_session(session: ReadSession, stripe_session_id: str) -> PaymentAttempt | None:
    """Return the attempt that a payment page belongs to."""
    return session.scalar(
        select(PaymentAttempt).where(PaymentAttempt.stripe_session_id == stripe_session_id)
    )


def attempt_by_intent(session: ReadSession, intent_id: str) -> PaymentAttempt | None:
    """Return the attempt that a payment came from."""
    return session.scalar(
        select(PaymentAttempt).where(PaymentAttempt.stripe_payment_intent_id == intent_id)
    )


def unposted(session: ReadSession) -> list[BalanceTransaction]:
    """Return movements of the Stripe balance that are not in the books, oldest first; what a
    payout contains comes before the payout."""
    return list(
        session.scalars(
            select(BalanceTransaction)
            .where(BalanceTransaction.posted_at.is_(None))
            .order_by(
                BalanceTransaction.kind.in_(PAYOUT_KINDS),
                BalanceTransaction.created_at,
                BalanceTransaction.stripe_txn_id,
            )
        )
    )


def without_payer(session: ReadSession, *, after: datetime | None) -> list[BalanceTransaction]:
    """Return booked movements that took money back from nobody known, of after an instant, oldest
    first."""
    query = select(BalanceTransaction).where(
        BalanceTransaction.outcome.in_(TAKEN_BACK),
        BalanceTransaction.pledge_id.is_(None),
        BalanceTransaction.recurring_id.is_(None),
    )
    if after is not None:
        query = query.where(BalanceTransaction.created_at > after)
    return list(
        session.scalars(
            query.order_by(BalanceTransaction.created_at, BalanceTransaction.stripe_txn_id)
        )
    )


def cursor(session: ReadSession, name: str) -> datetime | None:
    """Return how far a sync has read."""
    row = session.get(Cursor, name)
    return row.at if row else None


def payout_funds(session: ReadSession, payout_id: str) -> dict[str, int]:
    """Return what a payout took along of each fund, in minor units; below zero where Stripe fetched
    money from the bank instead."""
    rows = session.execute(
        select(Fund.code, func.sum(Posting.quantity))
        .join(Fund, Fund.id == Posting.fund_id)
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .where(
            Posting.account == Acct.PAYOUTS_IN_TRANSIT,
            Posting.payment == payout_id,
            Entry.event_type.in_(("payout_created", FOLLOWED)),
        )
        .group_by(Fund.code)
        .order_by(Fund.code)
    )
    return {fund: int(quantity) for fund, quantity in rows}


def payout_claims(
    session: ReadSession, payout_id: str
) -> dict[str, dict[tuple[int, str, str | None], int]]:
    """Return what a payout put on its way and on claims between books, as corrected since: by
    book, then by account, fund and other book; minor units."""
    other = aliased(Book)
    rows = session.execute(
        select(Book.code, Posting.account, Fund.code, other.code, func.sum(Posting.quantity))
        .join(Book, Book.id == Posting.book_id)
        .join(Fund, Fund.id == Posting.fund_id)
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .outerjoin(other, other.id == Posting.counterparty_id)
        .where(
            Posting.account.in_((Acct.PAYOUTS_IN_TRANSIT, Acct.INTER_COMMUNITY)),
            Posting.payment == payout_id,
            Entry.event_type.in_(("payout_created", FOLLOWED)),
        )
        .group_by(Book.code, Posting.account, Fund.code, other.code)
        .order_by(Book.code, Posting.account, Fund.code)
    )
    found: dict[str, dict[tuple[int, str, str | None], int]] = {}
    for code, account, fund, against, quantity in rows:
        found.setdefault(code, {})[account, fund, against] = int(quantity)
    return found


def payouts_in_transit(session: ReadSession, *, book_id: UUID) -> list[Payout]:
    """Return payouts that a bank line will yet show, the first to arrive first."""
    return list(
        session.scalars(
            select(Payout)
            .where(
                Payout.book_id == book_id,
                Payout.bank_line_id.is_(None),
                Payout.state.not_in(RETURNED),
            )
            .order_by(Payout.arrival_on, Payout.stripe_payout_id)
        )
    )


def refunds_of_pledge(session: ReadSession, *, pledge_id: UUID) -> list[Refund]:
    """Return the refunds asked for on a pledge, oldest first."""
    return list(
        session.scalars(
            select(Refund)
            .where(Refund.pledge_id == pledge_id)
            .order_by(Refund.created_at, Refund.id)
        )
    )


def refunds_of_book(
    session: ReadSession, *, book_id: UUID, limit: int = 50
) -> list[tuple[Refund, Pledge]]:
    """Return the newest refunds that were asked for in a book, with their pledges."""
    rows = session.execute(
        select(Refund, Pledge)
        .join(Pledge, Pledge.id == Refund.pledge_id)
        .where(Refund.book_id == book_id)
        .order_by(Refund.created_at.desc(), Refund.id)
        .limit(limit)
    )
    return [(refund, pledge) for refund, pledge in rows]


def settled_charges(
    session: ReadSession, *, book_id: UUID, limit: int = 50
) -> list[tuple[BalanceTransaction, Pledge]]:
    """Return the newest settled charges of a book with their pledges."""
    rows = session.execute(
        select(BalanceTransaction, Pledge)
        .join(Pledge, Pledge.id == BalanceTransaction.pledge_id)
        .where(
            BalanceTransaction.book_id == book_id,
            BalanceTransaction.reporting_category == "charge",
        )
        .order_by(BalanceTransaction.created_at.desc(), BalanceTransaction.stripe_txn_id)
        .limit(limit)
    )
    return [(txn, pledge) for txn, pledge in rows]
