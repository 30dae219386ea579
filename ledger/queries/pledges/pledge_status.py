"""What is known of pledges, gathered for ``core.pledge_status``: few questions for many pledges."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from ledger.core.accounts import Acct
from ledger.core.amount import kind_of
from ledger.core.days import day_in
from ledger.core.instalments import Part, due_by, next_due
from ledger.core.pledge_status import Facts, Standing, standing_of
from ledger.core.vocabulary import (
    AttemptKind,
    AttemptState,
    CampaignState,
    FulfilmentSource,
    LegalNature,
    RefundState,
)
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.deposits import DepositItem
from ledger.models.disputes import Dispute
from ledger.models.hours import HoursEntry, HoursState
from ledger.models.journal import Entry, Posting
from ledger.models.mandates import Mandate
from ledger.models.parties import Party
from ledger.models.payments import BalanceTransaction, PaymentAttempt, Refund
from ledger.models.pledges import OPENS_AGAIN, Basket, Fulfilment, Pledge, PledgeLine

UNDER_WAY = (AttemptState.PROCESSING, AttemptState.SUCCEEDED)
TAKES_MONEY = (AttemptKind.CHECKOUT, AttemptKind.OFF_SESSION)
REFUND_SENT = (RefundState.APPROVED, RefundState.SENT, RefundState.UNANSWERED)
REFUND_FAILED = (RefundState.FAILED, RefundState.BOUNCED)
DISPUTE_ENDS = {"won": "won", "warning_closed": "won", "prevented": "won", "lost": "lost"}
INQUIRY = "warning_"
# What outweighs what, where a pledge was contested more than once.
DISPUTES = ("open", "inquiry", "lost", "won")


@dataclass(slots=True)
class _Gathered:
    """What the tables say of one pledge."""

    fulfilled: list[tuple[FulfilmentSource, int, Any]] = field(default_factory=list)
    returned: set[str] = field(default_factory=set)
    attempts: list[PaymentAttempt] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    card: Mandate | None = None
    moved: int | None = None
    owed_back: int = 0
    bounced: dict[str, int] = field(default_factory=dict)
    logged: int = 0


def standings_of(
    session: ReadSession, *, pledge_ids: Collection[UUID], now: datetime, is_unsure: bool = False
) -> dict[UUID, Standing]:
    """Return what is true of each of some pledges; days are those of the pledge's book.

    ``is_unsure`` when the provider of the payment page that the giver is back from gave no answer.
    """
    if not pledge_ids:
        return {}
    gathered = _gather(session, pledge_ids)
    found = {}
    for pledge, zone, campaign, card, basket, person, moved, owed, logged in session.execute(
        _with_sums(pledge_ids)
    ):
        told = gathered[pledge.id]
        told.owed_back = int(owed)
        told.card, told.logged = card, int(logged or 0)
        told.moved = None if moved is None else int(moved)
        facts = _facts(pledge, zone, campaign, told, now)
        found[pledge.id] = standing_of(
            replace(facts, is_unsure=is_unsure, acceptance=_acceptance(basket, person))
        )
    return found


def _with_sums(ids: Collection[UUID]) -> Select[Any]:
    """Select pledges with time zone, campaign's state, card, basket, whose they are, what moved
    at Stripe, what of it is owed back and the hours that wait for confirmation."""
    moved = select(func.sum(BalanceTransaction.amount)).where(
        BalanceTransaction.pledge_id == Pledge.id, BalanceTransaction.posted_at.is_not(None)
    )
    # A refund that was returned is told by its own state.
    owed = select(func.sum(BalanceTransaction.owed_back)).where(
        BalanceTransaction.pledge_id == Pledge.id,
        BalanceTransaction.reporting_category == "charge",
    )
    by_bank = select(-func.sum(Posting.quantity)).where(
        Posting.book_id == Pledge.book_id,
        Posting.pledge == Pledge.reference,
        Posting.account == Acct.REFUNDS_PAYABLE,
        Posting.commodity == Pledge.commodity,
    )
    logged = select(func.sum(HoursEntry.worked_minutes)).where(
        HoursEntry.pledge_id == Pledge.id, HoursEntry.state == HoursState.LOGGED
    )
    return (
        select(
            Pledge,
            Book.time_zone,
            Campaign.state,
            Mandate,
            Basket,
            Party.person_id,
            moved.scalar_subquery(),
            func.coalesce(owed.scalar_subquery(), 0) + func.coalesce(by_bank.scalar_subquery(), 0),
            logged.scalar_subquery(),
        )
        .join(Book, Book.id == Pledge.book_id)
        .join(Party, Party.id == Pledge.party_id)
        .outerjoin(Basket, Basket.id == Pledge.basket_id)
        .outerjoin(Campaign, Campaign.id == Pledge.campaign_id)
        .outerjoin(Mandate, Mandate.pledge_id == Pledge.id)
        .where(Pledge.id.in_(ids))
    )


def _acceptance(basket: Basket | None, person_id: UUID | None) -> str:
    """Return whose word is missing for offers in a basket; what has none is a community's own."""
    if basket is None:
        return ""
    if basket.declined_at is not None:
        return "declined"
    if person_id is None:
        return "giver"
    return "organiser" if basket.accepted_at is None else ""


def stands(status: str) -> str:
    """Return what a dispute of a status means for its giver; nothing where there is none."""
    if not status:
        return ""
    return DISPUTE_ENDS.get(status, "inquiry" if status.startswith(INQUIRY) else "open")


def _gather(session: ReadSession, ids: Collection[UUID]) -> defaultdict[UUID, _Gathered]:
    found: defaultdict[UUID, _Gathered] = defaultdict(_Gathered)
    for row, on in session.execute(
        select(Fulfilment, Entry.accounting_on)
        .join(Entry, (Entry.book_id == Fulfilment.book_id) & (Entry.id == Fulfilment.entry_id))
        .where(Fulfilment.pledge_id.in_(ids))
        .order_by(Fulfilment.created_at, Fulfilment.id)
    ):
        found[row.pledge_id].fulfilled.append((row.source, row.quantity, on))
        if row.source == FulfilmentSource.RETURN:
            found[row.pledge_id].returned.add(row.source_ref)
    for attempt in session.scalars(
        select(PaymentAttempt).where(PaymentAttempt.pledge_id.in_(ids)).order_by(PaymentAttempt.n)
    ):
        if attempt.pledge_id is not None:
            found[attempt.pledge_id].attempts.append(attempt)
    for refund in session.scalars(
        select(Refund).where(Refund.pledge_id.in_(ids)).order_by(Refund.created_at, Refund.id)
    ):
        found[refund.pledge_id].refunds.append(refund)
    for dispute in session.scalars(
        select(Dispute)
        .where(Dispute.pledge_id.in_(ids))
        .order_by(Dispute.created_at, Dispute.stripe_dispute_id)
    ):
        if dispute.pledge_id is not None:
            found[dispute.pledge_id].disputes.append(dispute)
    for line in session.scalars(
        select(PledgeLine).where(PledgeLine.pledge_id.in_(ids)).order_by(PledgeLine.n)
    ):
        found[line.pledge_id].parts.append(Part(line.due_on, line.quantity))
    for item in session.scalars(
        select(DepositItem).where(
            DepositItem.pledge_id.in_(ids), DepositItem.bounce_entry_id.is_not(None)
        )
    ):
        if item.pledge_id is not None:
            found[item.pledge_id].bounced[str(item.id)] = item.amount
    return found


def _facts(
    pledge: Pledge, zone: str, campaign: CampaignState | None, told: _Gathered, now: datetime
) -> Facts:
    """Put together what the tables say."""
    today = day_in(zone, now)
    came = [(source, quantity, on) for source, quantity, on in told.fulfilled]
    arrived = sum(q for source, q, _on in came if q > 0 or source in OPENS_AGAIN)
    last = told.attempts[-1] if told.attempts else None
    moving = [row for row in told.attempts if row.kind in TAKES_MONEY and row.state in UNDER_WAY]
    paid = arrived + sum(row.amount for row in moving)
    rest = max(0, pledge.quantity - paid)
    due = 0 if pledge.legal_nature == LegalNature.CONDITIONAL else rest
    if told.parts:
        due = min(due, due_by(told.parts, today, paid))
    dispute, disputed, unit = _disputed(told.disputes)
    refund = told.refunds[-1] if told.refunds else None
    card = told.card
    charge_at = card.next_charge_at if card else None
    return Facts(
        kind=kind_of(pledge.commodity),
        commodity=pledge.commodity,
        state=pledge.state,
        legal_nature=pledge.legal_nature,
        quantity=pledge.quantity,
        today=today,
        arrived=max(0, arrived),
        refunded=-sum(q for source, q, _on in came if q < 0 and source not in OPENS_AGAIN)
        + sum(amount for key, amount in told.bounced.items() if key not in told.returned),
        arrived_on=max((on for _source, q, on in came if q > 0), default=None),
        was_returned=any(source == FulfilmentSource.RETURN for source, _q, _on in came),
        is_gone=(
            told.moved is not None
            and told.moved <= 0
            and all(source == FulfilmentSource.PAYMENT for source, q, _on in came if q > 0)
        ),
        # A refund that was sent settles what is owed back first.
        refund_sent=max(
            told.owed_back, sum(row.amount for row in told.refunds if row.state in REFUND_SENT)
        ),
        refund_failed=refund.amount if refund and refund.state in REFUND_FAILED else 0,
        dispute=dispute,
        disputed=disputed,
        disputed_in=unit,
        attempt=moving[-1].state if moving else last.state if last else None,
        attempt_kind=last.kind if last else None,
        asked=last.amount if last else 0,
        moving=sum(row.amount for row in moving),
        card=card.state if card else None,
        has_card_failed=bool(card and card.failure),
        next_charge_on=day_in(zone, charge_at) if charge_at else None,
        due=due,
        due_on=next_due(told.parts, paid) if told.parts else pledge.due_on,
        parts=len(told.parts),
        parts_paid=_filled(told.parts, arrived),
        next_part=_next_part(told.parts, paid),
        campaign=campaign,
        logged=told.logged,
    )


def _disputed(rows: list[Dispute]) -> tuple[str, int, str]:
    """Return how the pledge is contested, by how much, and in which unit."""
    found: defaultdict[str, list[Dispute]] = defaultdict(list)
    for row in rows:
        found[stands(row.status)].append(row)
    for name in DISPUTES:
        if found[name]:
            unit = found[name][0].commodity
            return name, sum(row.amount for row in found[name] if row.commodity == unit), unit
    return "", 0, ""


def _filled(parts: list[Part], paid: int) -> int:
    """Return how many of the oldest parts are paid in full."""
    count = 0
    for part in parts:
        paid -= part.quantity
        if paid < 0:
            break
        count += 1
    return count


def _next_part(parts: list[Part], paid: int) -> int:
    """Return what is left of the oldest part that is not paid."""
    for part in parts:
        if paid < part.quantity:
            return part.quantity - max(0, paid)
        paid -= part.quantity
    return 0
