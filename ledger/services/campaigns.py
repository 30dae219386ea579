"""Campaigns: drafted with what they need, opened to everybody, closed at their deadline."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NotRequired, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import delete, select

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


class Terms(TypedDict):
    """What a campaign says, and how it is given to."""

    fund: Fund
    slug: str
    title: str
    summary: str
    story: str
    mode: str
    opens_on: date
    deadline_on: date | None
    needs: Sequence[Need]
    fee_bearer: NotRequired[str]
    currencies: NotRequired[Sequence[str]]


def create_campaign(
    session: Session,
    *,
    book: Book,
    commodity: str,
    now: datetime,
    state: str = "live",
    made_by: UUID | None = None,
    **terms: Unpack[Terms],
) -> Campaign:
    """Open a live campaign, or draft one. Raises Invalid for a bad value, Conflict when the slug
    is taken."""
    if commodity != book.commodity:
        raise Invalid("A campaign counts in the currency of its book.", place="commodity")
    campaign = Campaign(
        book_id=book.id, commodity=commodity, state=state, made_by=made_by, created_at=now
    )
    _write(session, book, campaign, terms)
    return campaign


def change_draft(session: Session, *, campaign_id: UUID, **terms: Unpack[Terms]) -> Campaign:
    """Change a draft. Raises as ``create_campaign`` does, and Conflict once it is open."""
    campaign = _draft(session, campaign_id)
    _write(session, session.get_one(Book, campaign.book_id), campaign, terms)
    return campaign


def open_campaign(session: Session, *, campaign_id: UUID, opened_by: UUID, now: datetime) -> None:
    """Open a draft to everybody. Raises Conflict once it is open, or when its last day is over."""
    campaign = _draft(session, campaign_id)
    today = day_in(session.get_one(Book, campaign.book_id).time_zone, now)
    if campaign.deadline_on is not None and campaign.deadline_on < today:
        raise Conflict("The last day of this campaign is over.", place="deadline_on")
    campaign.state = "live"
    campaign.opened_by = opened_by
    campaign.opened_at = now
    session.flush()


def _draft(session: Session, campaign_id: UUID) -> Campaign:
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound("There is no such campaign.", place="campaign")
    if campaign.state != "draft":
        # Donors decided by what they read.
        raise Conflict("This campaign is open already and stays as it is.")
    return campaign


def _write(session: Session, book: Book, campaign: Campaign, terms: Terms) -> None:
    """Check what a campaign is to say and write it with its needs, in place of what it had."""
    currencies = terms.get("currencies", ())
    _check(terms)
    check_own_fund(book, terms["fund"])
    _check_needs(session, terms["needs"])
    _check_currencies(session, book, terms["mode"], currencies)
    taken = session.scalar(select(Campaign.id).where(Campaign.slug == terms["slug"]))
    if taken is not None and taken != campaign.id:
        raise Conflict("There is a campaign at this address already.", place="slug")
    campaign.fund_id = terms["fund"].id
    campaign.slug = terms["slug"]
    campaign.title = terms["title"]
    campaign.summary = terms["summary"]
    campaign.story = terms["story"]
    campaign.mode = terms["mode"]
    campaign.fee_bearer = terms.get("fee_bearer", "fund")
    campaign.currencies = " ".join(currencies)
    campaign.opens_on = terms["opens_on"]
    campaign.deadline_on = terms["deadline_on"]
    session.add(campaign)
    session.flush()
    session.execute(delete(CampaignNeed).where(CampaignNeed.campaign_id == campaign.id))
    session.add_all(
        CampaignNeed(
            campaign_id=campaign.id,
            position=position,
            commodity=need.commodity,
            label=need.label,
            minimum=need.minimum,
            optimum=need.optimum,
        )
        for position, need in enumerate(terms["needs"])
    )
    session.flush()


def _check(terms: Terms) -> None:
    slug, last = terms["slug"], terms["deadline_on"]
    bearer = terms.get("fee_bearer", "fund")
    if not _SLUG.fullmatch(slug) or len(slug) > 64:
        raise Invalid("An address has small letters, digits and hyphens.", place="slug")
    if not terms["title"].strip():
        raise Invalid("A campaign needs a title.", place="title")
    if terms["mode"] not in MODES:
        raise Invalid(f"There is no mode {terms['mode']}.", place="mode")
    if bearer not in FEE_BEARERS:
        raise Invalid(f"Nobody called {bearer} bears fees.", place="fee_bearer")
    if last is None and terms["mode"] == "all_or_nothing":
        # Nobody would ever learn whether they pay.
        raise Invalid("A campaign of all or nothing needs a last day.", place="deadline_on")
    if last is not None and last < terms["opens_on"]:
        raise Invalid("The deadline is before the start.", place="deadline_on")


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
