"""Campaigns: opened with what they need, closed at their deadline."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core.amount import is_holding
from ledger.core.bookkeeping.payments import FEE_BEARERS
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign, CampaignNeed
from ledger.models.pledges import Pledge
from ledger.queries.campaigns import progress
from ledger.services.books import check_own_fund, ensure_commodity
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
) -> Campaign:
    """Open a live campaign. Raises Invalid for a bad value, Conflict when the slug is taken."""
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
        opens_on=opens_on,
        deadline_on=deadline_on,
        state="live",
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


def close_campaign(session: Session, *, campaign_id: UUID, on: date, now: datetime) -> str:
    """Close a campaign after its last day and return its new state.

    All-or-nothing: promises become owed when every minimum is reached, of money, things and
    hours alike, else they lapse. Raises NotFound, Conflict when it is not live or takes pledges
    still.
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
        select(Pledge).where(
            Pledge.campaign_id == campaign.id, Pledge.state.in_(("open", "part_fulfilled"))
        )
    ):
        if reached:
            meet_condition(session, pledge=pledge, on=on, now=now)
        else:
            lapse_pledge(session, pledge_id=pledge.id, on=on, now=now)
    campaign.state = "succeeded" if reached else "failed"
    session.flush()
    return campaign.state


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
