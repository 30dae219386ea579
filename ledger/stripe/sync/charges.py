"""What a charge pays: told by the metadata we gave it, or by the attempt it belongs to.

Metadata is a hint that anybody at Stripe's own pages can change: whatever it names must exist
here and fit, or the charge goes to suspense and somebody looks.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from ledger.core.vocabulary import PledgeState
from ledger.db import Database, Session
from ledger.gateway import Charge, PaymentGateway, Subscribed
from ledger.models.books import Book
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Pledge
from ledger.models.recurring import RecurringGift
from ledger.queries.payments import payments as questions
from ledger.queries.payments.recurring import recurring_by_subscription
from ledger.services.payments import gifts, payments, recurring
from ledger.services.stripe_balance import accounts, balance_transactions
from ledger.stripe.sync.fetch import our_id

# (session, movement, our id, charge, now) -> whether the charge was settled.
Kind = Callable[[Session, BalanceTransaction, UUID, Charge, datetime], bool]


def settle_charge(
    db: Database, gateway: PaymentGateway, txn: BalanceTransaction, now: datetime
) -> None:
    """Settle a charge as what it pays, or keep it in suspense."""
    charge = gateway.retrieve_charge(txn.source_id or "")
    subscribed = None
    if charge.payment_intent_id is not None and not KINDS.keys() & charge.metadata.keys():
        subscribed = gateway.subscription_of_payment(charge.payment_intent_id)

    def command(session: Session) -> None:
        row = session.get_one(BalanceTransaction, txn.stripe_txn_id)
        for name, key in _ties(session, charge, subscribed):
            if KINDS[name](session, row, key, charge, now):
                return
        balance_transactions.suspend(
            session, txn_id=txn.stripe_txn_id, fund=accounts.own_fund(session), now=now
        )

    db.run(command)


def _ties(
    session: Session, charge: Charge, subscribed: Subscribed | None
) -> list[tuple[str, UUID]]:
    """Return what a charge says it pays, and what the attempt or subscription behind it says."""
    ties = []
    if subscribed is not None:
        gift = recurring_by_subscription(session, subscribed.subscription_id)
        told = gift.id if gift else our_id(subscribed.metadata, "recurring")
        if told is not None:
            ties.append(("recurring", told))
    for name in KINDS:
        named = our_id(charge.metadata, name)
        if named is not None:
            ties.append((name, named))
    if charge.payment_intent_id is not None:
        attempt = questions.attempt_by_intent(session, charge.payment_intent_id)
        if attempt is not None and attempt.pledge_id is not None:
            ties.append(("pledge", attempt.pledge_id))
        if attempt is not None and attempt.recurring_id is not None:
            ties.append(("recurring", attempt.recurring_id))
    return ties


def _pledge(
    session: Session, txn: BalanceTransaction, pledge_id: UUID, charge: Charge, now: datetime
) -> bool:
    """Settle a charge that pays a pledge; False when there is no such pledge, or not in this
    money."""
    pledge = session.get(Pledge, pledge_id)
    if pledge is None:
        return False
    if pledge.state == PledgeState.WRITTEN_OFF and pledge.commodity == txn.commodity:
        gifts.settle_recovery(session, txn_id=txn.stripe_txn_id, pledge=pledge, now=now)
        return True
    book = session.get_one(Book, pledge.book_id)
    foreign = pledge.commodity != txn.commodity
    if foreign and (charge.currency != pledge.commodity or txn.commodity != book.commodity):
        return False
    payments.settle_charge(
        session,
        txn_id=txn.stripe_txn_id,
        pledge_id=pledge.id,
        paid=charge.amount if foreign else None,
        debit=_debit(charge),
        now=now,
    )
    return True


def _debit(charge: Charge) -> tuple[str, datetime] | None:
    """Return which payment intent a bank debit came from and when it began; None for a card."""
    if charge.method == "card" or charge.payment_intent_id is None or charge.created_at is None:
        return None
    return charge.payment_intent_id, charge.created_at


def _recurring(
    session: Session,
    txn: BalanceTransaction,
    gift_id: UUID,
    charge: Charge,  # noqa: ARG001 (all kinds look alike)
    now: datetime,
) -> bool:
    """Settle one payment of a recurring gift; False when there is none, or not in this money."""
    gift = session.get(RecurringGift, gift_id)
    if gift is None or session.get_one(Book, gift.book_id).commodity != txn.commodity:
        return False
    recurring.settle_recurring(session, txn_id=txn.stripe_txn_id, gift_id=gift.id, now=now)
    return True


# A kind of payment more is one line here and one function: its key in the metadata of the charge
# holds the id of our own row.
KINDS: dict[str, Kind] = {"pledge": _pledge, "recurring": _recurring}
