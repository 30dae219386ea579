"""Money that came for an all-or-nothing campaign before its goal: a refundable advance until the
goal is reached, owed back when it is missed (PAY-13); minor units."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.entry import Entry
from ledger.core.vocabulary import CampaignState, LegalNature
from ledger.db import ReadSession, Session
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.journal import Posting
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Pledge
from ledger.services.books import journal
from ledger.services.pledges.pledges import booked_as

# What a movement of Stripe is called that is held, and the events that end it.
HELD = "money_held"
REACHED, MISSED = "goal_reached", "goal_missed"


def waits_for_goal(session: ReadSession, pledge: Pledge) -> bool:
    """Tell whether money for a pledge is not earned yet: its campaign still runs to its goal.

    A matching sponsor's promise is conditional without a campaign: gifts earn it. What comes after
    a campaign has ended is nobody's condition any more.
    """
    if pledge.legal_nature != LegalNature.CONDITIONAL or pledge.campaign_id is None:
        return False
    return session.get_one(Campaign, pledge.campaign_id).state == CampaignState.LIVE


def held(session: ReadSession, pledge: Pledge) -> int:
    """Return what is held of a pledge."""
    return -booked_as(session, pledge, [Acct.REFUNDABLE_ADVANCES])


def held_for(session: ReadSession, *, campaign_id: UUID) -> Sequence[Pledge]:
    """Return the pledges of a campaign of which something is held, oldest first."""
    holding = (
        select(Posting.book_id, Posting.pledge)
        .where(
            Posting.account == Acct.REFUNDABLE_ADVANCES,
            Posting.pledge.in_(select(Pledge.reference).where(Pledge.campaign_id == campaign_id)),
        )
        .group_by(Posting.book_id, Posting.pledge)
        .having(func.sum(Posting.quantity) < 0)
        .subquery()
    )
    return session.scalars(
        select(Pledge)
        .join(
            holding,
            (holding.c.book_id == Pledge.book_id) & (holding.c.pledge == Pledge.reference),
        )
        .where(Pledge.campaign_id == campaign_id)
        .order_by(Pledge.created_at, Pledge.id)
    ).all()


def reach_goal(session: Session, *, pledge: Pledge, on: date, now: datetime) -> None:
    """Book what is held of a pledge as income; nothing is held afterwards."""
    amount = held(session, pledge)
    if amount <= 0:
        return
    _post(
        session,
        pledge,
        bookkeeping.goal_reached(**_place(session, pledge), amount=amount),
        REACHED,
        on,
        now,
    )
    if pledge.legal_nature == LegalNature.CONDITIONAL:
        pledge.legal_nature = LegalNature.INTENTION
        session.flush()


def miss_goal(session: Session, *, pledge: Pledge, on: date, now: datetime) -> None:
    """Book what is held of a pledge as owed back to its donor, until it is refunded or paid back
    by bank (REF-3)."""
    amount = held(session, pledge)
    if amount <= 0:
        return
    by_stripe = 0
    for charge in session.scalars(
        select(BalanceTransaction)
        .where(
            BalanceTransaction.pledge_id == pledge.id,
            BalanceTransaction.outcome == HELD,
            BalanceTransaction.commodity == pledge.commodity,
        )
        .order_by(BalanceTransaction.created_at, BalanceTransaction.stripe_txn_id)
    ):
        part = min(charge.amount - charge.owed_back, amount - by_stripe)
        charge.owed_back += part
        by_stripe += part
    _post(
        session,
        pledge,
        bookkeeping.held_money_owed(**_place(session, pledge), amount=amount, by_stripe=by_stripe),
        MISSED,
        on,
        now,
    )


def _place(session: ReadSession, pledge: Pledge) -> dict[str, str]:
    return {
        "book": session.get_one(Book, pledge.book_id).code,
        "fund": session.get_one(Fund, pledge.fund_id).code,
        "currency": pledge.commodity,
        "pledge": pledge.reference,
    }


def _post(
    session: Session,
    pledge: Pledge,
    entries: list[Entry],
    event_type: str,
    on: date,
    now: datetime,
) -> None:
    journal.post(
        session,
        entries,
        event_type=event_type,
        source="pledge",
        external_ref=str(pledge.id),
        accounting_on=on,
        now=now,
    )
    session.flush()
