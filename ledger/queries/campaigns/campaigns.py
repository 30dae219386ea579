"""Questions about campaigns: what they need, how far they are, who helps in public."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import aliased

from ledger.core.amount import kind_of
from ledger.core.vocabulary import OPEN_PLEDGES, CampaignMode, CampaignState, Consent, MandateState
from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.campaigns import Campaign, CampaignChange, CampaignNeed
from ledger.models.mandates import Mandate
from ledger.models.parties import Party
from ledger.models.pledges import Basket, Fulfilment, Pledge
from ledger.paging import PAGE, Page, behind, cut
from ledger.queries.books.rates import booked_rate
from ledger.queries.campaigns.matching_sponsors import sponsors_of
from ledger.queries.pledges.figures import Figures, figures_of_campaigns
from ledger.queries.pledges.pledges import discharged

# Whoever asked to be anonymous once stays so: a later form may be somebody else's.


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one need is; quantities in the commodity's smallest unit, promised and received
    apart.

    ``counted`` is what counts towards the minimum of an all-or-nothing campaign: of money what has
    arrived or can be charged to a saved card, of hours and things what was accepted as well. Where
    nothing depends on minimums it is all of both.
    ``approximate`` where a part of what was received is counted at a rate; ``uncounted`` is what
    came in currencies that have no rate yet.
    """

    commodity: str
    kind: str
    label: str
    minimum: int
    optimum: int
    promised: int
    received: int
    counted: int
    approximate: bool = False
    uncounted: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Supporter:
    """Somebody who helps, as far as they wish to be seen. ``id`` is a basket's; keep it private."""

    id: UUID
    name: str
    message: str
    since: datetime
    commodities: tuple[tuple[str, int], ...]
    is_named: bool


def campaign_by_slug(session: ReadSession, slug: str) -> Campaign:
    """Return a campaign that is not a draft. Raises NotFound."""
    campaign = session.scalar(
        select(Campaign).where(Campaign.slug == slug, Campaign.state != CampaignState.DRAFT)
    )
    if campaign is None:
        raise NotFound("This campaign does not exist.", place="campaign")
    return campaign


def live_campaigns(session: ReadSession, *, book_id: UUID | None = None) -> list[Campaign]:
    """Return the campaigns that take pledges, the next deadline first."""
    query = select(Campaign).where(Campaign.state == CampaignState.LIVE)
    if book_id is not None:
        query = query.where(Campaign.book_id == book_id)
    return list(session.scalars(query.order_by(Campaign.deadline_on, Campaign.slug)))


def live_page(
    session: ReadSession,
    *,
    book_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = PAGE,
) -> Page[tuple[Campaign, list[Progress]]]:
    """Return a page of campaigns that take pledges with how far each is, the newest first."""
    query = select(Campaign).where(
        Campaign.state == CampaignState.LIVE,
        behind(session, after, Campaign.created_at, Campaign.id, newest_first=True),
    )
    if book_id is not None:
        query = query.where(Campaign.book_id == book_id)
    rows = session.scalars(
        query.order_by(Campaign.created_at.desc(), Campaign.id.desc()).limit(limit + 1)
    ).all()
    page = cut(rows, attrgetter("id"), limit)
    needs = progress_of(session, page.rows)
    return Page(tuple((row, needs[row.id]) for row in page.rows), page.after)


def campaigns_of(session: ReadSession, *, book_id: UUID) -> list[Campaign]:
    """Return every campaign of a book, drafts too, the newest first."""
    return list(
        session.scalars(
            select(Campaign)
            .where(Campaign.book_id == book_id)
            .order_by(Campaign.created_at.desc(), Campaign.slug)
        )
    )


def needs_of(session: ReadSession, *, campaign_id: UUID) -> list[CampaignNeed]:
    """Return what a campaign needs, in its own order."""
    return list(
        session.scalars(
            select(CampaignNeed)
            .where(CampaignNeed.campaign_id == campaign_id)
            .order_by(CampaignNeed.position)
        )
    )


def relied_on(session: ReadSession, *, campaign: Campaign) -> bool:
    """Tell whether anybody ever promised something to a campaign, whatever became of it.

    A sponsor does who offered to match its gifts, unless that was rejected.
    """
    promised = select(Basket.id).where(Basket.campaign_id == campaign.id).limit(1)
    return session.scalar(promised) is not None or any(
        row.campaign_id == campaign.id and row.state != "rejected"
        for row in sponsors_of(session, book_id=campaign.book_id)
    )


def changes_of(session: ReadSession, *, campaign_id: UUID) -> list[CampaignChange]:
    """Return how a campaign was corrected since it was opened, the newest first."""
    return list(
        session.scalars(
            select(CampaignChange)
            .where(CampaignChange.campaign_id == campaign_id)
            .order_by(CampaignChange.made_at.desc(), CampaignChange.id.desc())
        )
    )


def progress(session: ReadSession, *, campaign_id: UUID) -> list[Progress]:
    """Return how far a campaign is with each need."""
    campaign = session.get_one(Campaign, campaign_id)
    return progress_of(session, [campaign])[campaign_id]


def progress_of(session: ReadSession, campaigns: Sequence[Campaign]) -> dict[UUID, list[Progress]]:
    """Return how far campaigns are with each need, by campaign.

    Money in other currencies counts as received with what it was worth when it was settled; what
    stands in the books in another currency at the rate that was booked last, marked approximate.
    """
    needs: defaultdict[UUID, list[CampaignNeed]] = defaultdict(list)
    for need in session.scalars(
        select(CampaignNeed)
        .where(CampaignNeed.campaign_id.in_([campaign.id for campaign in campaigns]))
        .order_by(CampaignNeed.campaign_id, CampaignNeed.position)
    ):
        needs[need.campaign_id].append(need)
    found = figures_of_campaigns(session, campaigns)
    saved = _on_saved_cards(session, campaigns)
    return {
        campaign.id: [
            _progress(session, campaign, need, found[campaign.slug], saved[campaign.id])
            for need in needs[campaign.id]
        ]
        for campaign in campaigns
    }


def _progress(
    session: ReadSession, campaign: Campaign, need: CampaignNeed, found: Figures, saved: int
) -> Progress:
    row, kind = found.of(need.commodity), kind_of(need.commodity)
    received, uncounted = row.received, []
    approximate = False
    if need.commodity == campaign.commodity:
        for other in found.rows:
            if other.kind != "money" or other.commodity == campaign.commodity or not other.received:
                continue
            rate = booked_rate(
                session, book_id=campaign.book_id, foreign=other.commodity, own=need.commodity
            )
            if rate is None:
                uncounted.append((other.commodity, other.received))
                continue
            received += round(other.received * rate)
            approximate = True
    # Money held for the goal is as good as promised, and not received.
    promised = counted = row.promised + row.advances_held
    if campaign.mode == CampaignMode.ALL_OR_NOTHING and kind == "money":
        counted = row.advances_held + saved
    return Progress(
        need.commodity,
        kind,
        need.label,
        need.minimum,
        need.optimum,
        promised,
        received,
        received + counted,
        approximate,
        tuple(uncounted),
    )


def _on_saved_cards(session: ReadSession, campaigns: Sequence[Campaign]) -> Counter[UUID]:
    """Return what saved cards are to be charged with if a campaign reaches everything, by campaign.

    In minor units of the campaign's currency: all or nothing takes no other.
    """
    gated = [campaign.id for campaign in campaigns if campaign.mode == CampaignMode.ALL_OR_NOTHING]
    found: Counter[UUID] = Counter()
    if not gated:
        return found
    chargeable = (
        select(Pledge.id)
        .join(Mandate, Mandate.pledge_id == Pledge.id)
        .where(
            Pledge.campaign_id.in_(gated),
            Pledge.state.in_(OPEN_PLEDGES),
            Mandate.state == MandateState.SAVED,
        )
    )
    done = discharged(chargeable)
    for campaign_id, quantity, paid in session.execute(
        select(Pledge.campaign_id, Pledge.quantity, done.c.quantity)
        .outerjoin(done, done.c.pledge_id == Pledge.id)
        .where(Pledge.id.in_(chargeable))
    ):
        found[campaign_id] += quantity - int(paid or 0)
    return found


def waiting_for_donors(session: ReadSession, *, campaign_id: UUID) -> int:
    """Return what of a campaign's money is owed and was refused by banks, in minor units."""
    made_good = (
        select(func.sum(Fulfilment.quantity))
        .where(Fulfilment.pledge_id == Pledge.id, Fulfilment.counts())
        .scalar_subquery()
    )
    # From the few cards that were refused to their pledges, which an outer join has to do: the
    # other way every pledge of the campaign would be looked at.
    rows = session.execute(
        select(Pledge.quantity, made_good)
        .select_from(Mandate)
        .outerjoin(
            Pledge,
            (Pledge.id == Mandate.pledge_id)
            & (Pledge.campaign_id == campaign_id)
            & Pledge.state.in_(OPEN_PLEDGES),
        )
        .where(Mandate.failure.is_not(None))
    )
    return sum(quantity - int(done or 0) for quantity, done in rows if quantity is not None)


def supporters(session: ReadSession, *, campaign_id: UUID, limit: int = 12) -> list[Supporter]:
    """Return who helps, each person or address once by what they sent last, named as they agreed.

    Anybody can type any address. Until its owner confirms a basket its name and message are
    withheld, and it stands behind all that are confirmed; one of which nothing counts is not
    shown. What an organiser hid shows neither name nor message.
    """
    baskets = _latest(session, campaign_id, confirmed=True, limit=limit)
    if len(baskets) < limit:
        baskets += _latest(session, campaign_id, confirmed=False, limit=limit - len(baskets))
    given: defaultdict[UUID, list[tuple[str, int]]] = defaultdict(list)
    for basket_id, commodity, quantity in session.execute(
        select(Pledge.basket_id, Pledge.commodity, Pledge.quantity).where(
            Pledge.basket_id.in_([basket.id for basket in baskets]), *_shown(Pledge)
        )
    ):
        if basket_id is not None:
            given[basket_id].append((commodity, quantity))
    return [
        Supporter(
            basket.id,
            shown_name(basket.name, consent),
            basket.message if consent != Consent.ANONYMOUS else "",
            basket.created_at,
            tuple(sorted(given[basket.id])),
            consent != Consent.ANONYMOUS,
        )
        for basket in baskets
        for consent in (
            basket.consent if basket.confirmed_at and not basket.hidden_at else Consent.ANONYMOUS,
        )
    ]


def _latest(
    session: ReadSession, campaign_id: UUID, *, confirmed: bool, limit: int
) -> list[Basket]:
    """Return the newest baskets of which something counts, the latest of each giver alone."""
    later, theirs, given = aliased(Basket), aliased(Party), aliased(Pledge)
    is_confirmed, later_is = Basket.confirmed_at, later.confirmed_at
    counts = select(Pledge.id).where(Pledge.basket_id == Basket.id, *_shown(Pledge))
    later_counts = select(given.id).where(given.basket_id == later.id, *_shown(given))
    newer = (
        select(later.id)
        .join(theirs, theirs.id == later.party_id)
        .where(
            later.campaign_id == Basket.campaign_id,
            later_is.is_not(None) if confirmed else later_is.is_(None),
            or_(
                later.created_at > Basket.created_at,
                and_(later.created_at == Basket.created_at, later.id > Basket.id),
            ),
            or_(
                theirs.id == Party.id,
                theirs.person_id == Party.person_id,
                and_(theirs.email == Party.email, Party.email != ""),
            ),
            later_counts.exists(),
        )
    )
    return list(
        session.scalars(
            select(Basket)
            .join(Party, Party.id == Basket.party_id)
            .where(
                Basket.campaign_id == campaign_id,
                is_confirmed.is_not(None) if confirmed else is_confirmed.is_(None),
                counts.exists(),
                ~newer.exists(),
            )
            .order_by(Basket.created_at.desc(), Basket.id.desc())
            .limit(limit)
        )
    )


def _shown(pledge: type[Pledge]) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a pledge is shown beside its giver."""
    return (
        pledge.unconfirmed == false(),
        pledge.state.not_in(("cancelled", "lapsed", "charged_back")),
    )


def shown_name(name: str, consent: str) -> str:
    """Return a name as its owner lets it be shown."""
    if consent == "name":
        return name
    if consent == "initials":
        return " ".join(f"{part[0].upper()}." for part in name.split() if part)
    return "Anonymous"
