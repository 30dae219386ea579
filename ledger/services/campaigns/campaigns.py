"""Campaigns: drafted with what they need, thrown away or opened to everybody, corrected, closed at
their deadline."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, NotRequired, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import delete, select

from ledger.core.amount import is_currency, is_holding
from ledger.core.days import day_in
from ledger.core.vocabulary import (
    Acceptance,
    CampaignMode,
    CampaignState,
    FeeBearer,
    MandateState,
    PledgeState,
)
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign, CampaignChange, CampaignNeed
from ledger.models.pledges import Pledge
from ledger.queries.campaigns.campaigns import needs_of, progress, relied_on
from ledger.queries.pledges.saved_cards import mandate_of
from ledger.services.books.books import check_own_fund, ensure_commodity
from ledger.services.campaigns.moderation import accept_waiting
from ledger.services.pledges import goals
from ledger.services.pledges.donor_messages import tell_campaign_over, tell_status
from ledger.services.pledges.pledges import lapse_pledge, meet_condition
from ledger.services.pledges.saved_cards import make_due

# What donors promise by beside the needs, as forms name it, and what a refusal calls it.
_TERMS = {
    "fund": "The fund",
    "mode": "What happens below a minimum",
    "opens_on": "The first day",
    "deadline_on": "The last day",
    "fee_bearer": "Who bears the payment fees",
    "currencies": "The list of other currencies",
}
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
    acceptance: NotRequired[str]
    currencies: NotRequired[Sequence[str]]


class CampaignSaid(TypedDict):
    """Terms in plain values: the fund's code, days as text, currencies with spaces between."""

    title: str
    summary: str
    story: str
    fund: str
    mode: str
    opens_on: str
    deadline_on: str
    fee_bearer: str
    acceptance: str
    currencies: str
    needs: list[dict[str, Any]]


def create_campaign(
    session: Session,
    *,
    book: Book,
    commodity: str,
    now: datetime,
    state: CampaignState = CampaignState.LIVE,
    made_by: UUID | None = None,
    **terms: Unpack[Terms],
) -> Campaign:
    """Open a live campaign, or draft one. Raises Invalid for a bad value, Conflict when the slug
    is taken."""
    if commodity != book.commodity:
        raise Invalid("A campaign must use the currency of its book.", place="commodity")
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
    _check_ahead(session.get_one(Book, campaign.book_id), campaign.deadline_on, now)
    campaign.state = CampaignState.LIVE
    campaign.opened_by = opened_by
    campaign.opened_at = now
    session.flush()


def throw_away_draft(session: Session, *, campaign_id: UUID) -> None:
    """Delete a draft, so that its address is free again; nobody but its treasurers has seen it.

    Raises NotFound, Conflict once it is open, or when a sponsor has offered to match its gifts.
    """
    campaign = _draft(session, campaign_id)
    if relied_on(session, campaign=campaign):
        raise Conflict("This draft has pledges, so it cannot be deleted.")
    session.execute(delete(CampaignNeed).where(CampaignNeed.campaign_id == campaign.id))
    session.delete(campaign)
    session.flush()


def correct_campaign(
    session: Session, *, campaign_id: UUID, by: UUID, now: datetime, **terms: Unpack[Terms]
) -> Campaign:
    """Change what an open campaign says, and its terms as long as nobody has promised by them.

    What it said before is kept. Raises as ``create_campaign`` does, Invalid with a sentence for
    each term that must stay, Conflict for what is not open or a new last day that is over.
    """
    campaign = _known(session, campaign_id)
    if campaign.state != CampaignState.LIVE:
        raise Conflict("Only an open campaign can be corrected.")
    book = session.get_one(Book, campaign.book_id)
    written = _terms_of(session, campaign)
    _check_kept(written, terms, relied=relied_on(session, campaign=campaign))
    if terms["deadline_on"] != written["deadline_on"]:
        _check_ahead(book, terms["deadline_on"], now)
    _write(session, book, campaign, terms)
    if campaign.acceptance == Acceptance.ALL_CONFIRMED != written.get("acceptance"):
        accept_waiting(session, campaign_id=campaign.id, now=now)
    after = dict(_said(terms))
    earlier = {name: said for name, said in _said(written).items() if said != after[name]}
    if earlier:
        session.add(
            CampaignChange(campaign_id=campaign.id, earlier=earlier, made_by=by, made_at=now)
        )
        session.flush()
    return campaign


def _known(session: Session, campaign_id: UUID) -> Campaign:
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound("This campaign does not exist.", place="campaign")
    return campaign


def _draft(session: Session, campaign_id: UUID) -> Campaign:
    campaign = _known(session, campaign_id)
    if campaign.state != CampaignState.DRAFT:
        raise Conflict("This campaign is already open.")
    return campaign


def _check_ahead(book: Book, last: date | None, now: datetime) -> None:
    if last is not None and last < day_in(book.time_zone, now):
        raise Conflict("The campaign's last day is in the past.", place="deadline_on")


def _check_kept(written: Terms, terms: Terms, *, relied: bool) -> None:
    """Refuse another address for what is open, and other terms where somebody promised by them."""
    messages: dict[str, list[str]] = {}
    if terms["slug"] != written["slug"]:
        messages["slug"] = ["The address stays as it is: others may have passed it on."]
    if relied:
        before, after = dict(_said(written)), dict(_said(terms))
        messages |= {
            name: [f"{called} stays as it is: somebody has promised by it."]
            for name, called in _TERMS.items()
            if before[name] != after[name]
        }
        needs = _needs_changed(written["needs"], terms["needs"])
        messages |= {"needs": needs} if needs else {}
    if messages:
        raise Invalid("Some of these changes are not possible now.", messages=messages)


def _needs_changed(before: Sequence[Need], after: Sequence[Need]) -> list[str]:
    """Return a sentence for each need that is not asked for as much as before; names may change."""
    left = {need.commodity: need for need in after}
    sentences = []
    for need in before:
        new = left.pop(need.commodity, None)
        if new is None or (new.minimum, new.optimum) != (need.minimum, need.optimum):
            sentences.append(
                f"The minimum and optimum of “{need.label}” stay as they are: somebody has"
                " promised by them."
            )
    for need in left.values():
        sentences.append(f"“{need.label}” cannot be added: somebody has promised by the others.")
    return sentences


def _terms_of(session: Session, campaign: Campaign) -> Terms:
    return Terms(
        fund=session.get_one(Fund, campaign.fund_id),
        slug=campaign.slug,
        title=campaign.title,
        summary=campaign.summary,
        story=campaign.story,
        mode=campaign.mode,
        opens_on=campaign.opens_on,
        deadline_on=campaign.deadline_on,
        needs=[
            Need(need.commodity, need.label, need.minimum, need.optimum)
            for need in needs_of(session, campaign_id=campaign.id)
        ],
        fee_bearer=campaign.fee_bearer,
        acceptance=campaign.acceptance,
        currencies=campaign.currencies.split(),
    )


def _said(terms: Terms) -> CampaignSaid:
    """Return terms in plain values, to compare them and to keep what they were."""
    return {
        "title": terms["title"],
        "summary": terms["summary"],
        "story": terms["story"],
        "fund": terms["fund"].code,
        "mode": terms["mode"],
        "opens_on": str(terms["opens_on"]),
        "deadline_on": str(terms["deadline_on"] or ""),
        "fee_bearer": terms.get("fee_bearer", FeeBearer.FUND),
        "acceptance": terms.get("acceptance", Acceptance.ALL_CONFIRMED),
        "currencies": " ".join(terms.get("currencies", ())),
        "needs": [asdict(need) for need in terms["needs"]],
    }


def _write(session: Session, book: Book, campaign: Campaign, terms: Terms) -> None:
    """Check what a campaign is to say and write it with its needs, in place of what it had."""
    currencies = terms.get("currencies", ())
    _check(terms)
    check_own_fund(book, terms["fund"])
    _check_needs(session, terms["needs"])
    _check_currencies(session, book, terms["mode"], currencies)
    taken = session.scalar(select(Campaign.id).where(Campaign.slug == terms["slug"]))
    if taken is not None and taken != campaign.id:
        raise Conflict("Another campaign already uses this address.", place="slug")
    campaign.fund_id = terms["fund"].id
    campaign.slug = terms["slug"]
    campaign.title = terms["title"]
    campaign.summary = terms["summary"]
    campaign.story = terms["story"]
    campaign.mode = CampaignMode(terms["mode"])
    campaign.fee_bearer = FeeBearer(terms.get("fee_bearer", FeeBearer.FUND))
    campaign.acceptance = Acceptance(terms.get("acceptance", Acceptance.ALL_CONFIRMED))
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
    bearer = terms.get("fee_bearer", FeeBearer.FUND)
    if not _SLUG.fullmatch(slug) or len(slug) > 64:
        raise Invalid(
            "Use only lower-case letters, digits and hyphens in the address.", place="slug"
        )
    if not terms["title"].strip():
        raise Invalid("Enter a title for the campaign.", place="title")
    if terms["mode"] not in tuple(CampaignMode):
        raise Invalid("There is no funding mode {terms}.", place="mode", terms=terms["mode"])
    if bearer not in tuple(FeeBearer):
        raise Invalid(
            "{bearer} is not a valid choice for who bears the fee.",
            place="fee_bearer",
            bearer=bearer,
        )
    if terms.get("acceptance", Acceptance.ALL_CONFIRMED) not in tuple(Acceptance):
        raise Invalid("Choose how pledges are accepted.", place="acceptance")
    if last is None and terms["mode"] == "all_or_nothing":
        # Nobody would ever learn whether they pay.
        raise Invalid("An all-or-nothing campaign needs a last day.", place="deadline_on")
    if last is not None and last < terms["opens_on"]:
        raise Invalid("The last day is before the start.", place="deadline_on")


def close_due(session: Session, *, now: datetime) -> int:
    """Close every campaign whose last day is over where its book is kept; return how many.

    Donors of an all-or-nothing campaign are told how it ended.
    """
    over = [
        (campaign, day_in(book.time_zone, now))
        for campaign, book in session.execute(
            select(Campaign, Book)
            .join(Book, Book.id == Campaign.book_id)
            .where(Campaign.state == CampaignState.LIVE, Campaign.deadline_on.is_not(None))
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

    All-or-nothing: promises become owed when what counts reaches every minimum, of money, things
    and hours alike (``queries.campaigns.campaigns.Progress.counted``), and saved cards are
    charged; else they lapse. A promise whose donor was asked for a card and saved none lapses as
    well; offers that wait for their giver or the organiser go on waiting. Raises NotFound, Conflict
    when it is not live or takes pledges still.
    """
    campaign = _known(session, campaign_id)
    if campaign.state != CampaignState.LIVE:
        raise Conflict("This campaign is already closed.", place="campaign")
    if campaign.deadline_on is not None and on <= campaign.deadline_on:
        raise Conflict("This campaign's last day has not passed yet.", place="campaign")
    if campaign.mode == CampaignMode.KEEP_WHAT_YOU_RAISE:
        campaign.state = CampaignState.CLOSED
        return campaign.state
    reached = all(row.counted >= row.minimum for row in progress(session, campaign_id=campaign.id))
    campaign.state = CampaignState.SUCCEEDED if reached else CampaignState.FAILED
    session.flush()
    ended: list[tuple[Pledge, bool]] = []
    for pledge in session.scalars(
        select(Pledge)
        .where(
            Pledge.campaign_id == campaign.id,
            Pledge.state.in_((PledgeState.OPEN, PledgeState.PART_FULFILLED)),
        )
        .order_by(Pledge.created_at, Pledge.id)
    ):
        card = mandate_of(session, pledge_id=pledge.id)
        unsaved = card.state == MandateState.ASKED if card is not None else pledge.needs_card
        if reached and not unsaved:
            meet_condition(session, pledge=pledge, on=on, now=now)
            make_due(session, pledge_id=pledge.id, now=now)
        else:
            lapse_pledge(session, pledge_id=pledge.id, on=on, now=now)
        ended.append((pledge, card is not None and not unsaved))
    # What came before the end is earned now, or owed back (PAY-13).
    settle_held = goals.reach_goal if reached else goals.miss_goal
    told = {pledge.id for pledge, _by_card in ended}
    for pledge in goals.held_for(session, campaign_id=campaign.id):
        settle_held(session, pledge=pledge, on=on, now=now)
        if pledge.id not in told:
            ended.append((pledge, False))
    for pledge, by_card in ended:
        if by_card:
            tell_campaign_over(session, pledge=pledge, reached=reached, now=now)
        else:
            tell_status(session, pledge=pledge, now=now)
    return campaign.state


def _check_currencies(session: Session, book: Book, mode: str, currencies: Sequence[str]) -> None:
    if currencies and mode == "all_or_nothing":
        # Whether the goal is reached must not hang on the day's rate of exchange.
        raise Invalid(
            "An all-or-nothing campaign can take pledges in one currency only.", place="currencies"
        )
    for code in currencies:
        if not is_currency(code) or code == book.commodity:
            raise Invalid(
                "{code} is not another currency that can be used.", place="currencies", code=code
            )
        ensure_commodity(session, code)


def _check_needs(session: Session, needs: Sequence[Need]) -> None:
    if not needs:
        # Without a minimum, a campaign of all or nothing would always succeed.
        raise Invalid("Enter at least one need of the campaign.", place="needs")
    seen: set[str] = set()
    for position, need in enumerate(needs):
        if not 0 < need.minimum <= need.optimum:
            raise Invalid(
                "The amount needed must be above zero, and not more than the stretch goal.",
                place=f"needs[{position}]",
            )
        if need.commodity in seen:
            raise Invalid("This need is listed twice.", place=f"needs[{position}]")
        if is_holding(need.commodity):
            raise Invalid(
                "A campaign cannot ask for shares or other securities.", place=f"needs[{position}]"
            )
        seen.add(need.commodity)
        ensure_commodity(session, need.commodity)
