"""What an organiser decides about the pledges that people send to a campaign.

Accepting lets offers of hours and things count; declining ends them and tells their giver. Hiding
withholds a name and a message and changes no figure. Every decision is kept with its reason.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from ledger.core.bounds import LONGEST_LINE, check_text
from ledger.core.days import day_in
from ledger.core.vocabulary import OPEN_PLEDGES
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book
from ledger.models.pledges import (
    Basket,
    BasketDecision,
    BasketReport,
    BasketVerdict,
    Pledge,
    ReportReason,
)
from ledger.queries.pledges.pledges import is_offer
from ledger.services.pledges.confirmations import restate_offers
from ledger.services.pledges.donor_messages import tell_declined
from ledger.services.pledges.pledges import cancel_pledge

NEED_REASON = (BasketVerdict.DECLINE, BasketVerdict.HIDE)


def decide(
    session: Session, *, basket_id: UUID, decision: str, by: UUID, now: datetime, reason: str = ""
) -> None:
    """Carry out what an organiser decided about a basket, and keep it with its reason.

    ``accept`` lets its offers count. ``decline`` ends them and tells their giver; money stays, and
    what was accepted can be declined as long as it is open. ``hide`` and ``restore`` are about its
    name and message; ``keep`` leaves shown what was reported. Raises NotFound, Invalid without a
    reason to decline or hide or for no such decision, Conflict when there is nothing to decide.
    """
    basket = session.get(Basket, basket_id)
    if basket is None:
        raise NotFound("This pledge does not exist.", place="basket")
    if decision not in _DECISIONS:
        raise Invalid("Choose an action.", place="decision")
    said = check_text(reason.strip(), longest=LONGEST_LINE, place="reason")
    if not said and decision in NEED_REASON:
        raise Invalid("Enter a reason.", place="reason")
    row = BasketDecision(
        basket_id=basket.id, decision=decision, reason=said, made_by=by, made_at=now
    )
    _DECISIONS[decision](session, basket, row)
    session.add(row)
    session.flush()


def accept_waiting(session: Session, *, campaign_id: UUID, now: datetime) -> None:
    """Accept all that waits in a campaign whose organiser wants to decide no more."""
    accepted = session.scalars(
        update(Basket)
        .where(
            Basket.campaign_id == campaign_id,
            Basket.accepted_at.is_(None),
            Basket.declined_at.is_(None),
        )
        .values(accepted_at=now)
        .returning(Basket.id)
    ).all()
    restate_offers(session, baskets=accepted)


def report(session: Session, *, basket_id: UUID, reason: str, now: datetime) -> None:
    """Note that somebody finds a name or message wrong; the organiser decides.

    Raises Invalid for a reason that is not on the list.
    """
    if reason not in tuple(ReportReason):
        raise Invalid("Choose a reason for your report.", place="reason")
    session.add(BasketReport(basket_id=basket_id, reason=reason, made_at=now))
    session.flush()


def _accept(session: Session, basket: Basket, row: BasketDecision) -> None:
    if basket.accepted_at is not None or basket.declined_at is not None:
        raise Conflict("This has already been decided.", place="decision")
    basket.accepted_at = row.made_at
    restate_offers(session, baskets=[basket.id])


def _decline(session: Session, basket: Basket, row: BasketDecision) -> None:
    offers = session.scalars(
        select(Pledge)
        .where(Pledge.basket_id == basket.id, Pledge.state.in_(OPEN_PLEDGES), is_offer())
        .order_by(Pledge.commodity)
    ).all()
    if not offers:
        raise Conflict(
            "This basket has no pledges of hours or equipment left to decline.", place="decision"
        )
    on = day_in(session.get_one(Book, basket.book_id).time_zone, row.made_at)
    basket.declined_at = row.made_at
    for pledge in offers:
        cancel_pledge(session, pledge_id=pledge.id, on=on, now=row.made_at, made_by=row.made_by)
        tell_declined(session, pledge=pledge, reason=row.reason, now=row.made_at)


def _hide(session: Session, basket: Basket, row: BasketDecision) -> None:
    if basket.hidden_at is not None:
        raise Conflict("This is already hidden.", place="decision")
    basket.hidden_at = row.made_at
    _settle_reports(session, basket, row.made_at)


def _restore(_session: Session, basket: Basket, _row: BasketDecision) -> None:
    if basket.hidden_at is None:
        raise Conflict("This is not hidden.", place="decision")
    basket.hidden_at = None


def _keep(session: Session, basket: Basket, row: BasketDecision) -> None:
    if not _settle_reports(session, basket, row.made_at):
        raise Conflict("This has no open reports.", place="decision")


def _settle_reports(session: Session, basket: Basket, now: datetime) -> bool:
    settled = session.scalars(
        update(BasketReport)
        .where(BasketReport.basket_id == basket.id, BasketReport.settled_at.is_(None))
        .values(settled_at=now)
        .returning(BasketReport.id)
    ).all()
    return bool(settled)


_DECISIONS = {
    "accept": _accept,
    "decline": _decline,
    "hide": _hide,
    "restore": _restore,
    "keep": _keep,
}
