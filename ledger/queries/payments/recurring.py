"""Questions about recurring gifts: whose they are, what came of them, which to look at again."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, select

from ledger.core.days import day_in
from ledger.core.recurring_status import GiftFacts, GiftStanding, gift_standing
from ledger.core.vocabulary import AttemptState, RecurringState
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.models.payments import BalanceTransaction, PaymentAttempt
from ledger.models.recurring import RecurringGift

FINISHED = (AttemptState.PROCESSING, AttemptState.SUCCEEDED)
LIVING = (RecurringState.ACTIVE, RecurringState.PAST_DUE, RecurringState.PAUSED)


@dataclass(frozen=True, slots=True)
class RecurringRow:
    """A recurring gift as people see it; amounts in minor units, ``given`` less refunds."""

    id: UUID
    reference: str
    book: str
    book_name: str
    campaign: str
    slug: str
    donor: str
    commodity: str
    amount: int
    every: str
    state: RecurringState
    next_on: date | None
    resumes_on: date | None
    given: int
    payments: tuple[tuple[date, int], ...]
    created_at: datetime
    standing: GiftStanding


def recurring_of_basket(session: ReadSession, *, basket_id: UUID) -> RecurringGift | None:
    """Return the recurring gift that a form began, if it did."""
    return session.scalar(select(RecurringGift).where(RecurringGift.basket_id == basket_id))


def recurring_by_subscription(session: ReadSession, subscription_id: str) -> RecurringGift | None:
    """Return the recurring gift that a subscription is for."""
    return session.scalar(
        select(RecurringGift).where(RecurringGift.stripe_subscription_id == subscription_id)
    )


def recurring_row(session: ReadSession, gift_id: UUID) -> RecurringRow | None:
    """Return one recurring gift as its donor sees it."""
    rows = _rows(session, select(RecurringGift.id).where(RecurringGift.id == gift_id))
    return rows[0] if rows else None


def recurring_of_person(session: ReadSession, *, person_id: UUID) -> list[RecurringRow]:
    """Return the recurring gifts of a signed-in person that were ever begun, newest first."""
    return _rows(
        session,
        select(RecurringGift.id)
        .join(Party, Party.id == RecurringGift.party_id)
        .where(Party.person_id == person_id, RecurringGift.stripe_subscription_id.is_not(None)),
    )


def to_look_at(session: ReadSession, *, now: datetime, limit: int = 100) -> list[RecurringGift]:
    """Return recurring gifts that are to be asked about though no message came."""
    return list(
        session.scalars(
            select(RecurringGift)
            .where(
                RecurringGift.stripe_subscription_id.is_not(None),
                RecurringGift.look_at <= now,
            )
            .order_by(RecurringGift.look_at)
            .limit(limit)
        )
    )


def latest_recurring_attempt(session: ReadSession, *, gift_id: UUID) -> PaymentAttempt | None:
    """Return the last page that was opened for a recurring gift."""
    return session.scalar(
        select(PaymentAttempt)
        .where(PaymentAttempt.recurring_id == gift_id)
        .order_by(PaymentAttempt.n.desc())
        .limit(1)
    )


def _rows(session: ReadSession, ids: Select[UUID]) -> list[RecurringRow]:
    found = []
    for gift, book, campaign, donor in session.execute(
        select(RecurringGift, Book, Campaign, Party.name)
        .join(Book, Book.id == RecurringGift.book_id)
        .join(Campaign, Campaign.id == RecurringGift.campaign_id)
        .join(Party, Party.id == RecurringGift.party_id)
        .where(RecurringGift.id.in_(ids))
        .order_by(RecurringGift.created_at.desc(), RecurringGift.id)
    ):
        paid = session.execute(
            select(BalanceTransaction.created_at, BalanceTransaction.amount)
            .where(
                BalanceTransaction.recurring_id == gift.id,
                BalanceTransaction.posted_at.is_not(None),
            )
            .order_by(BalanceTransaction.created_at.desc(), BalanceTransaction.stripe_txn_id)
        ).all()
        payments = tuple((day_in(book.time_zone, at), amount) for at, amount in paid)
        given = sum(amount for _at, amount in paid)
        page = (
            latest_recurring_attempt(session, gift_id=gift.id)
            if gift.state == RecurringState.ASKED
            else None
        )
        facts = GiftFacts(
            commodity=gift.commodity,
            amount=gift.amount,
            state=gift.state,
            given=given,
            today=day_in(book.time_zone, gift.created_at),
            is_asked=page is not None and page.state in FINISHED,
            has_paid=bool(payments),
            has_failed=gift.failure is not None,
            next_on=gift.next_on,
            resumes_on=gift.resumes_on,
        )
        found.append(
            RecurringRow(
                id=gift.id,
                reference=gift.reference,
                book=book.code,
                book_name=book.name,
                campaign=campaign.title,
                slug=campaign.slug,
                donor=donor,
                commodity=gift.commodity,
                amount=gift.amount,
                every=gift.every,
                state=gift.state,
                next_on=gift.next_on,
                resumes_on=gift.resumes_on,
                given=given,
                payments=payments,
                created_at=gift.created_at,
                standing=gift_standing(facts),
            )
        )
    return found
