"""Questions about contributions that are to go back: what is owed to donors, and how much of a
payment can still be (REF-3, REF-5); minor units."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

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
# What brought a contribution without Stripe, and under which source it is owed back.
BROUGHT = ("transfer_received", "cash_received", "receipt_identified", "gift_with_reclaim")
WITHOUT_STRIPE = "contribution"
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
    through_stripe = [_contribution(*row) for row in rows]
    return through_stripe + _without_stripe(session, book_id) + _of_entries(session, book_id)


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


def owed_of_entry(session: ReadSession, *, book_id: UUID, entry_id: UUID) -> int:
    """Return what of a contribution without Stripe was called a mistake, paid back or not."""
    undone = aliased(Entry)
    found = session.scalar(
        select(func.sum(-Posting.quantity))
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .where(
            Entry.book_id == book_id,
            Entry.source == WITHOUT_STRIPE,
            Entry.external_ref.startswith(f"{entry_id}/", autoescape=True),
            Posting.account == Acct.REFUNDS_PAYABLE,
            ~exists().where(undone.book_id == Entry.book_id, undone.reverses == Entry.id),
        )
    )
    return int(found or 0)


def newest_without_stripe(session: ReadSession, *, book_id: UUID) -> list[Contribution]:
    """Return the newest contributions of a book that came by bank or in cash."""
    undone = aliased(Entry)
    rows = session.execute(
        select(
            Entry.id,
            Entry.recorded_at,
            Posting.commodity,
            Fund.code,
            func.sum(-Posting.quantity),
            func.max(Posting.pledge),
            func.max(Party.name),
        )
        .join(Posting, (Posting.book_id == Entry.book_id) & (Posting.entry_id == Entry.id))
        .join(Fund, Fund.id == Posting.fund_id)
        .outerjoin(
            Pledge, (Pledge.book_id == Posting.book_id) & (Pledge.reference == Posting.pledge)
        )
        .outerjoin(Party, Party.id == Pledge.party_id)
        .where(
            Entry.book_id == book_id,
            Entry.event_type.in_(BROUGHT),
            Posting.account.in_(CONTRIBUTIONS),
            ~exists().where(undone.book_id == Entry.book_id, undone.reverses == Entry.id),
        )
        .group_by(Entry.id, Entry.recorded_at, Posting.commodity, Fund.code)
        .having(func.sum(-Posting.quantity) > 0)
        .order_by(Entry.id.desc())
        .limit(NEWEST)
    )
    return [
        Contribution(
            name=str(entry_id),
            at=at,
            amount=int(amount),
            owed=0,
            commodity=commodity,
            fund=fund,
            pledge_id=None,
            reference=pledge or "",
            donor=donor or "",
            reason=MISTAKE,
        )
        for entry_id, at, commodity, fund, amount, pledge, donor in rows
    ]


def _of_entries(session: ReadSession, book_id: UUID) -> list[Contribution]:
    """Return what is owed of contributions without a pledge, by the entries that brought them."""
    owed = func.sum(-Posting.quantity)
    rows = session.execute(
        select(Posting.payment, Posting.commodity, Fund.code, func.min(Entry.recorded_at), owed)
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .join(Fund, Fund.id == Posting.fund_id)
        .outerjoin(BalanceTransaction, BalanceTransaction.stripe_txn_id == Posting.payment)
        .where(
            Posting.book_id == book_id,
            Posting.account == Acct.REFUNDS_PAYABLE,
            Posting.payment.is_not(None),
            BalanceTransaction.stripe_txn_id.is_(None),
        )
        .group_by(Posting.payment, Posting.commodity, Fund.code)
        .having(owed > 0)
        .order_by(Posting.payment)
    )
    return [
        Contribution(
            name=payment or "",
            at=at,
            amount=int(amount),
            owed=int(amount),
            commodity=commodity,
            fund=fund,
            pledge_id=None,
            reference="",
            donor="",
            reason=MISTAKE,
        )
        for payment, commodity, fund, at, amount in rows
    ]


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
