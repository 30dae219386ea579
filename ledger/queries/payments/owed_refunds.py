"""Questions about contributions that are to go back: what is owed to donors, and how much of a
payment can still be (REF-3, REF-5); minor units."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from ledger.core.accounts import Acct
from ledger.db import ReadSession
from ledger.models.books import Fund
from ledger.models.journal import Entry, Posting
from ledger.models.parties import Party
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Pledge
from ledger.models.recurring import RecurringGift

CONTRIBUTIONS = (Acct.DONATIONS, Acct.RECURRING_DONATIONS)
# What a person says later of a payment that nobody knew is booked as a correction.
SOURCES = ("stripe", "correction")
BOUNCED = "refund_bounced"
HELD = "money_held"
NEWEST = 100
# Why something is owed back.
RETURNED, GOAL, MISTAKE = "returned", "goal", "mistake"


@dataclass(frozen=True, slots=True)
class Contribution:
    """A payment with its donor; ``owed`` is what is owed back of it.

    ``name`` is Stripe's movement; the pledge's reference for what came without Stripe.
    """

    name: str
    at: datetime
    amount: int
    owed: int
    commodity: str
    fund: str
    pledge_id: UUID | None
    reference: str
    donor: str
    reason: str


def contributed(session: ReadSession, charge: BalanceTransaction, fund: Fund) -> Counter[int]:
    """Return what the entries of a payment left on the accounts of contributions, by account: what
    was ever owed back is taken off."""
    found = session.execute(
        select(Posting.account, func.sum(Posting.quantity))
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .where(
            Entry.book_id == fund.book_id,
            Entry.source.in_(SOURCES),
            or_(
                Entry.external_ref == charge.stripe_txn_id,
                Entry.external_ref.startswith(f"{charge.stripe_txn_id}/", autoescape=True),
            ),
            Posting.account.in_(CONTRIBUTIONS),
            Posting.commodity == charge.commodity,
        )
        .group_by(Posting.account)
    )
    return Counter({account: -int(total) for account, total in found})


def not_given_back(session: ReadSession, charge: BalanceTransaction) -> int:
    """Return what is left of a payment after refunds, disputes and what is owed back; of several
    payments of one pledge or recurring gift no more than is left of all."""
    txn = BalanceTransaction
    same = txn.stripe_txn_id == charge.stripe_txn_id
    left = charge.amount - charge.owed_back - _repaid(session, charge.book_id, same)
    if charge.pledge_id is not None:
        same = txn.pledge_id == charge.pledge_id
    elif charge.recurring_id is not None:
        same = txn.recurring_id == charge.recurring_id
    same = and_(same, txn.posted_at.is_not(None), func.coalesce(txn.outcome, "") != BOUNCED)
    kept = session.scalar(select(func.sum(txn.amount - txn.owed_back)).where(same)) or 0
    return min(left, int(kept) - _repaid(session, charge.book_id, same))


def _repaid(session: ReadSession, book_id: UUID | None, which: ColumnElement[bool]) -> int:
    """Return what of some payments was owed back and left by the bank."""
    found = session.scalar(
        select(func.sum(Posting.quantity)).where(
            Posting.book_id == book_id,
            Posting.account == Acct.REFUNDS_PAYABLE,
            Posting.payment.in_(select(BalanceTransaction.stripe_txn_id).where(which)),
        )
    )
    return int(found or 0)


def owed_refunds(session: ReadSession, *, book_id: UUID) -> list[Contribution]:
    """Return what a book owes to donors, oldest first: what came through Stripe, then what came by
    bank or in cash for a goal that was missed."""
    txn = BalanceTransaction
    rows = session.execute(
        _with_donors()
        .where(txn.book_id == book_id, txn.owed_back > 0)
        .order_by(txn.created_at, txn.stripe_txn_id)
    )
    return [_contribution(*row) for row in rows] + _without_stripe(session, book_id)


def owed_of_pledge(session: ReadSession, *, pledge: Pledge) -> int:
    """Return what is owed back of a pledge that was paid without Stripe."""
    found = session.scalar(
        select(func.sum(Posting.quantity)).where(
            Posting.book_id == pledge.book_id,
            Posting.account == Acct.REFUNDS_PAYABLE,
            Posting.pledge == pledge.reference,
            Posting.commodity == pledge.commodity,
        )
    )
    return -int(found or 0)


def _without_stripe(session: ReadSession, book_id: UUID) -> list[Contribution]:
    owed = func.sum(-Posting.quantity)
    rows = session.execute(
        select(Pledge, Fund.code, Party.name, owed)
        .join(
            Posting,
            (Posting.book_id == Pledge.book_id)
            & (Posting.pledge == Pledge.reference)
            & (Posting.commodity == Pledge.commodity),
        )
        .join(Fund, Fund.id == Pledge.fund_id)
        .join(Party, Party.id == Pledge.party_id)
        .where(Posting.book_id == book_id, Posting.account == Acct.REFUNDS_PAYABLE)
        .group_by(Pledge.id, Fund.code, Party.name)
        .having(owed > 0)
        .order_by(Pledge.created_at, Pledge.id)
    )
    return [
        Contribution(
            name=pledge.reference,
            at=pledge.created_at,
            amount=int(quantity),
            owed=int(quantity),
            commodity=pledge.commodity,
            fund=fund,
            pledge_id=pledge.id,
            reference=pledge.reference,
            donor=donor,
            reason=GOAL,
        )
        for pledge, fund, donor, quantity in rows
    ]


def newest_contributions(session: ReadSession, *, book_id: UUID) -> list[Contribution]:
    """Return the newest payments of a book of which something may still go back."""
    txn = BalanceTransaction
    rows = session.execute(
        _with_donors()
        .where(
            txn.book_id == book_id,
            txn.reporting_category == "charge",
            txn.outcome.in_(("payment_settled", "gift_settled")),
            txn.amount > txn.owed_back,
        )
        .order_by(txn.created_at.desc(), txn.stripe_txn_id)
        .limit(NEWEST)
    )
    return [_contribution(*row) for row in rows]


def _with_donors() -> Select[BalanceTransaction, str, str | None, str | None]:
    txn = BalanceTransaction
    return (
        select(txn, Fund.code, Pledge.reference, Party.name)
        .join(Fund, Fund.id == txn.fund_id)
        .outerjoin(Pledge, Pledge.id == txn.pledge_id)
        .outerjoin(RecurringGift, RecurringGift.id == txn.recurring_id)
        .outerjoin(Party, Party.id == func.coalesce(Pledge.party_id, RecurringGift.party_id))
    )


def _contribution(
    txn: BalanceTransaction, fund: str, reference: str | None, donor: str | None
) -> Contribution:
    return Contribution(
        name=txn.stripe_txn_id,
        at=txn.created_at,
        amount=txn.amount,
        owed=txn.owed_back,
        commodity=txn.commodity,
        fund=fund,
        pledge_id=txn.pledge_id,
        reference=reference or "",
        donor=donor or "",
        reason={BOUNCED: RETURNED, HELD: GOAL}.get(txn.outcome or "", MISTAKE),
    )
