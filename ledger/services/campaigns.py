"""Campaigns: opened with what they need, closed at their deadline."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core.amount import is_currency, is_holding
from ledger.core.bookkeeping.payments import FEE_BEARERS
from ledger.core.days import day_in
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign, CampaignNeed
from ledger.models.pledges import Pledge
from ledger.queries.campaigns import progress
from ledger.queries.mandates import mandate_of
from ledger.services.books import check_own_fund, ensure_commodity
from ledger.services.donor_messages import tell_campaign_over
from ledger.services.mandates import make_due
from ledger.services.pledges import lapse_pledge, meet_condition

MODES = ("keep_what_you_raise", "all_or_nothing")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Need:
    """What a campaign needs of one commodity: at least, and at best, in its smallest unit."""

    commodity: str
    label: str
    minimum: int
    optimum: int


def create_campaign(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    slug: str,
    title: str,
    summary: str,
    story: str,
    mode: str,
    commodity: str,
    opens_on: date,
    deadline_on: date | None,
    needs: Sequence[Need],
    now: datetime,
    fee_bearer: str = "fund",
    currencies: Sequence[str] = (),
    state: str = "live",
) -> Campaign:
    """Open a live campaign, or draft one. Raises Invalid for a bad value, Conflict when the slug
    is taken."""
    if not _SLUG.fullmatch(slug) or len(slug) > 64:
        raise Invalid("An address has small letters, digits and hyphens.", place="slug")
    if not title.strip():
        raise Invalid("A campaign needs a title.", place="title")
    if mode not in MODES:
        raise Invalid(f"There is no mode {mode}.", place="mode")
    if fee_bearer not in FEE_BEARERS:
        raise Invalid(f"Nobody called {fee_bearer} bears fees.", place="fee_bearer")
    if commodity != book.commodity:
        raise Invalid("A campaign counts in the currency of its book.", place="commodity")
    if deadline_on is not None and deadline_on < opens_on:
        raise Invalid("The deadline is before the start.", place="deadline_on")
    check_own_fund(book, fund)
    _check_needs(session, needs)
    _check_currencies(session, book, mode, currencies)
    if session.scalar(select(Campaign.id).where(Campaign.slug == slug)) is not None:
        raise Conflict("There is a campaign at this address already.", place="slug")
    campaign = Campaign(
        book_id=book.id,
        fund_id=fund.id,
        slug=slug,
        title=title,
        summary=summary,
        story=story,
        mode=mode,
        fee_bearer=fee_bearer,
        commodity=commodity,
        currencies=" ".join(currencies),
        opens_on=opens_on,
        deadline_on=deadline_on,
        state=state,
        created_at=now,
    )
    session.add(campaign)
    session.flush()
    for position, need in enumerate(needs):
        session.add(
            CampaignNeed(
                campaign_id=campaign.id,
                position=position,
                commodity=need.commodity,
                label=need.label,
                minimum=need.minimum,
                optimum=need.optimum,
            )
        )
    session.flush()
    return campaign


def close_due(session: Session, *, now: datetime) -> int:
    """Close every campaign whose last day is over where its book is kept; return how many.

    Donors of an all-or-nothing campaign are told how it ended.
    """
    over = [
        (campaign, day_in(book.time_zone, now))
        for campaign, book in session.execute(
            select(Campaign, Book)
            .join(Book, Book.id == Campaign.book_id)
            .where(Campaign.state == "live", Campaign.deadline_on.is_not(None))
        )
        if campaign.deadline_on is not None and day_in(book.time_zone, now) > campaign.deadline_on
    ]
    for campaign, today in over:
        close_campaign(session, campaign_id=campaign.id, on=today, now=now)
    return len(over)


def close_campaign(
    session: Session,
    *,
    campaign_id: UUID,
    on: date,
    now: datetime,
) -> str:
    """Close a campaign after its last day and return its new state.

    All-or-nothing: promises become owed when every minimum is reached, of money, things and
    hours alike, and saved cards are charged; else they lapse. Money counts that has arrived or
    can be charged: a promise whose donor was asked for a card and saved none does neither, and
    lapses. Raises NotFound, Conflict when it is not live or takes pledges still.
    """
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound("There is no such campaign.", place="campaign")
    if campaign.state != "live":
        raise Conflict("This campaign is closed already.", place="campaign")
    if campaign.deadline_on is not None and on <= campaign.deadline_on:
        raise Conflict("The deadline of this campaign is still ahead.", place="campaign")
    if campaign.mode == "keep_what_you_raise":
        campaign.state = "closed"
        return campaign.state
    reached = all(
        row.promised + row.received >= row.minimum
        for row in progress(session, campaign_id=campaign.id)
    )
    for pledge in session.scalars(
        select(Pledge)
        .where(Pledge.campaign_id == campaign.id, Pledge.state.in_(("open", "part_fulfilled")))
        .order_by(Pledge.created_at, Pledge.id)
    ):
        card = mandate_of(session, pledge_id=pledge.id)
        unsaved = card is not None and card.state == "asked"
        if reached and not unsaved:
            meet_condition(session, pledge=pledge, on=on, now=now)
            make_due(session, pledge_id=pledge.id, now=now)
        else:
            lapse_pledge(session, pledge_id=pledge.id, on=on, now=now)
        if card is not None and not unsaved:
            tell_campaign_over(session, pledge=pledge, reached=reached, now=now)
    campaign.state = "succeeded" if reached else "failed"
    session.flush()
    return campaign.state


def _check_currencies(session: Session, book: Book, mode: str, currencies: Sequence[str]) -> None:
    if currencies and mode == "all_or_nothing":
        # Whether the goal is reached must not hang on the day's rate of exchange.
        raise Invalid(
            "A campaign of all or nothing takes promises in one currency.", place="currencies"
        )
    for code in currencies:
        if not is_currency(code) or code == book.commodity:
            raise Invalid(f"{code} is no other currency.", place="currencies")
        ensure_commodity(session, code)


def _check_needs(session: Session, needs: Sequence[Need]) -> None:
    if not needs:
        # Without a minimum, a campaign of all or nothing would always succeed.
        raise Invalid("Say what the campaign needs.", place="needs")
    seen: set[str] = set()
    for position, need in enumerate(needs):
        if not 0 < need.minimum <= need.optimum:
            raise Invalid(
                "A minimum is above zero and at most the optimum.", place=f"needs[{position}]"
            )
        if need.commodity in seen:
            raise Invalid("This need is listed twice.", place=f"needs[{position}]")
        if is_holding(need.commodity):
            raise Invalid("Shares and their like cannot be asked for.", place=f"needs[{position}]")
        seen.add(need.commodity)
        ensure_commodity(session, need.commodity)
