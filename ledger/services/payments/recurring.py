"""Recurring gifts: begun, paid, missed, paused, stopped. Each payment is a gift (PAY-09).

What a subscription is like is always taken from Stripe; here it is only noted and told to its
donor. Amounts in minor units. Never calls Stripe.
"""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from ledger.core.card_amounts import refusal
from ledger.core.days import day_in
from ledger.core.reference import new_reference
from ledger.core.vocabulary import CampaignMode, RecurringState
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.gateway import Subscription
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Basket
from ledger.models.recurring import RecurringGift
from ledger.services.payments.gifts import Kind, settle_gift
from ledger.services.pledges.donor_messages import (
    tell_gift_begun,
    tell_gift_stopped,
    tell_renewal_failed,
)
from ledger.services.pledges.offers import smallest
from ledger.services.pools.pools import take_host_fee

EVERY = ("month", "year")
# Stripe's statuses in our words; what is not here is not over.
ENDED = ("canceled", "incomplete_expired")
MISSED = ("past_due", "unpaid", "incomplete")
# How long after a due payment, and how often while nothing is due, we ask without a message.
SOON = timedelta(hours=1)
SELDOM = timedelta(days=1)


def begin(
    session: Session,
    *,
    campaign: Campaign,
    party: Party,
    basket: Basket,
    amount: int,
    every: str,
    now: datetime,
) -> RecurringGift:
    """Write down that a donor wishes to give regularly; nothing is posted before it is paid.

    The same basket begins one gift. Raises Invalid for an amount or a rhythm that is none,
    Conflict for a campaign that gives everything back when it fails.
    """
    known = session.scalar(select(RecurringGift).where(RecurringGift.basket_id == basket.id))
    if known is not None:
        return known
    if every not in EVERY:
        raise Invalid("Choose monthly or yearly.", place="every")
    if amount < smallest(campaign.commodity):
        raise Invalid("Enter an amount of at least 1.", place="money")
    said = refusal(amount, campaign.commodity)
    if said:
        raise Invalid(said, place="money")
    if campaign.mode == CampaignMode.ALL_OR_NOTHING:
        raise Conflict(
            "This campaign collects once, at its end, so it cannot take recurring contributions.",
            place="every",
        )
    gift = RecurringGift(
        book_id=campaign.book_id,
        fund_id=campaign.fund_id,
        campaign_id=campaign.id,
        party_id=party.id,
        basket_id=basket.id,
        reference=new_reference("R", secrets.choice),
        form_key=basket.form_key,
        commodity=campaign.commodity,
        amount=amount,
        every=every,
        state=RecurringState.ASKED,
        consent=basket.consent,
        created_at=now,
    )
    session.add(gift)
    session.flush()
    return gift


def record_subscription(
    session: Session, *, gift_id: UUID, answer: Subscription, now: datetime
) -> None:
    """Note how a subscription stands and tell the donor what they should know; told twice, once."""
    gift = session.get_one(RecurringGift, gift_id)
    if gift.state == RecurringState.STOPPED:
        return
    before = gift.state
    zone = session.get_one(Book, gift.book_id).time_zone
    gift.stripe_subscription_id = answer.id
    gift.stripe_customer_id = answer.customer_id or gift.stripe_customer_id
    gift.amount = answer.amount
    gift.state = _state(answer)
    gift.next_on = day_in(zone, answer.next_at) if answer.next_at else None
    gift.resumes_on = day_in(zone, answer.resumes_at) if answer.resumes_at else None
    gift.look_at = _look_again(answer, now)
    if gift.state == RecurringState.PAST_DUE:
        gift.failure = answer.status
    elif gift.state in (RecurringState.ACTIVE, RecurringState.PAUSED):
        gift.failure = None
    if gift.state == RecurringState.STOPPED:
        gift.ended_at = now
        gift.next_on = gift.resumes_on = gift.look_at = None
    session.flush()
    if before == gift.state:
        return
    if before == RecurringState.ASKED and gift.state == RecurringState.ACTIVE:
        tell_gift_begun(session, gift=gift, now=now)
    elif gift.state == RecurringState.PAST_DUE and before != RecurringState.ASKED:
        tell_renewal_failed(session, gift=gift, now=now)
    elif gift.state == RecurringState.STOPPED and before != RecurringState.ASKED:
        tell_gift_stopped(session, gift=gift, on=day_in(zone, now), now=now)


def settle_recurring(session: Session, *, txn_id: str, gift_id: UUID, now: datetime) -> None:
    """Post one payment of a recurring gift (PAY-09) and keep whose it is. Idempotent.

    Raises NotFound for no such gift, Conflict for a charge in another currency than the book's.
    """
    gift = session.get(RecurringGift, gift_id)
    if gift is None:
        raise NotFound(
            "The recurring contribution named by this charge does not exist.", place=txn_id
        )
    txn = session.get_one(BalanceTransaction, txn_id)
    campaign = session.get_one(Campaign, gift.campaign_id)
    txn.recurring_id = gift.id
    settle_gift(
        session,
        txn_id=txn_id,
        fund=session.get_one(Fund, gift.fund_id),
        kind=Kind(recurring=True, fee_bearer=campaign.fee_bearer),
        now=now,
    )
    zone = session.get_one(Book, gift.book_id).time_zone
    take_host_fee(
        session,
        book_id=gift.book_id,
        base=txn.amount,
        payment=txn_id,
        on=day_in(zone, txn.created_at),
        now=now,
    )
    session.flush()


def _state(answer: Subscription) -> RecurringState:
    if answer.status in ENDED:
        return RecurringState.STOPPED
    if answer.status in MISSED:
        return RecurringState.PAST_DUE
    return RecurringState.PAUSED if answer.paused else RecurringState.ACTIVE


def _look_again(answer: Subscription, now: datetime) -> datetime:
    if answer.status in MISSED or answer.next_at is None:
        return now + SELDOM
    return max(now + SOON, answer.next_at + SOON)
