"""Questions about campaigns: what they need, how far they are, who helps in public."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from ledger.core.amount import kind_of
from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.campaigns import Campaign, CampaignChange, CampaignNeed
from ledger.models.journal import Posting
from ledger.models.mandates import Mandate
from ledger.models.parties import Party
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Basket, Fulfilment, Pledge
from ledger.queries.pledges import OPEN, discharged
from ledger.queries.recurring import received_of_campaign
from ledger.queries.sponsors import sponsors_of

# Where each kind arrives: income, things counted in, time given (domain section 4).
GIFTS = (4010, 4020, 4030, 4040)
THINGS_IN = 8110
TIME_IN = 8120

# Whoever asked to be anonymous once stays so: a later form may be somebody else's.
ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one need is; quantities in the commodity's smallest unit, promised and received
    apart."""

    commodity: str
    kind: str
    label: str
    minimum: int
    optimum: int
    promised: int
    received: int


@dataclass(frozen=True, slots=True)
class Supporter:
    """Somebody who helps, as far as they wish to be seen."""

    name: str
    message: str
    since: datetime
    commodities: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Total:
    """What was received of one commodity."""

    commodity: str
    kind: str
    quantity: int


def campaign_by_slug(session: ReadSession, slug: str) -> Campaign:
    """Return a campaign that is not a draft. Raises NotFound."""
    campaign = session.scalar(
        select(Campaign).where(Campaign.slug == slug, Campaign.state != "draft")
    )
    if campaign is None:
        raise NotFound("There is no such campaign.", place="campaign")
    return campaign


def live_campaigns(session: ReadSession, *, book_id: UUID | None = None) -> list[Campaign]:
    """Return the campaigns that take pledges, the next deadline first."""
    query = select(Campaign).where(Campaign.state == "live")
    if book_id is not None:
        query = query.where(Campaign.book_id == book_id)
    return list(session.scalars(query.order_by(Campaign.deadline_on, Campaign.slug)))


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
    """Return how far a campaign is with each need.

    Money in other currencies counts as received with what it was worth when it arrived.
    """
    received = dict(
        iter(
            session.execute(
                select(Pledge.commodity, func.sum(Fulfilment.quantity))
                .join(Fulfilment, Fulfilment.pledge_id == Pledge.id)
                .where(Pledge.campaign_id == campaign_id)
                .group_by(Pledge.commodity)
            )
        )
    )
    promised = promised_of(session, campaign_id=campaign_id)
    besides = received_of_campaign(session, campaign_id=campaign_id) + _exchanged(
        session, campaign_id
    )
    commodity = session.get_one(Campaign, campaign_id).commodity
    return [
        Progress(
            need.commodity,
            kind_of(need.commodity),
            need.label,
            need.minimum,
            need.optimum,
            promised.get(need.commodity, 0),
            int(received.get(need.commodity) or 0) + besides * (need.commodity == commodity),
        )
        for need in needs_of(session, campaign_id=campaign_id)
    ]


def waiting_for_donors(session: ReadSession, *, campaign_id: UUID) -> int:
    """Return what of a campaign's money is owed and was refused by banks, in minor units."""
    done = discharged()
    rows = session.execute(
        select(Pledge.quantity, done.c.quantity)
        .join(Mandate, Mandate.pledge_id == Pledge.id)
        .outerjoin(done, done.c.pledge_id == Pledge.id)
        .where(
            Pledge.campaign_id == campaign_id,
            Pledge.state.in_(OPEN),
            Mandate.failure.is_not(None),
        )
    )
    return sum(quantity - int(fulfilled or 0) for quantity, fulfilled in rows)


def _exchanged(session: ReadSession, campaign_id: UUID) -> int:
    """Return what payments in other currencies than the campaign's came to when settled."""
    total = session.scalar(
        select(func.sum(BalanceTransaction.amount))
        .join(Pledge, Pledge.id == BalanceTransaction.pledge_id)
        .join(Campaign, Campaign.id == Pledge.campaign_id)
        .where(
            Pledge.campaign_id == campaign_id,
            Pledge.commodity != Campaign.commodity,
            BalanceTransaction.commodity == Campaign.commodity,
            BalanceTransaction.posted_at.is_not(None),
        )
    )
    return int(total or 0)


def supporters(session: ReadSession, *, campaign_id: UUID, limit: int = 12) -> list[Supporter]:
    """Return who helps, newest first, named as far as each agreed."""
    rows = session.execute(
        select(Basket, Party.name, Party.consent)
        .join(Party, Party.id == Basket.party_id)
        .where(Basket.campaign_id == campaign_id)
        .order_by(Basket.created_at.desc(), Basket.id)
        .limit(limit)
    ).all()
    given: defaultdict[UUID, list[tuple[str, int]]] = defaultdict(list)
    for basket_id, commodity, quantity in session.execute(
        select(Pledge.basket_id, Pledge.commodity, Pledge.quantity).where(
            Pledge.basket_id.in_([basket.id for basket, _name, _consent in rows]),
            Pledge.state.not_in(("cancelled", "lapsed", "charged_back")),
        )
    ):
        if basket_id is not None:
            given[basket_id].append((commodity, quantity))
    return [
        Supporter(
            shown_name(name, consent),
            basket.message if consent != ANONYMOUS else "",
            basket.created_at,
            tuple(sorted(given[basket.id])),
        )
        for basket, name, least in rows
        for consent in (ANONYMOUS if least == ANONYMOUS else basket.consent,)
        if given[basket.id]
    ]


def shown_name(name: str, consent: str) -> str:
    """Return a name as its owner lets it be shown."""
    if consent == "name":
        return name
    if consent == "initials":
        return " ".join(f"{part[0].upper()}." for part in name.split() if part)
    return "Somebody"


def totals_received(session: ReadSession, *, book_id: UUID | None = None) -> list[Total]:
    """Return what givers outside gave in each kind, less refunds, from the journal."""
    accounts = (*GIFTS, 4090, THINGS_IN, TIME_IN)
    query = (
        select(Posting.commodity, -func.sum(Posting.quantity))
        .where(Posting.account.in_(accounts))
        .group_by(Posting.commodity)
    )
    if book_id is not None:
        query = query.where(Posting.book_id == book_id)
    order = ("money", "things", "hours")
    totals = [
        Total(commodity, kind_of(commodity), int(quantity))
        for commodity, quantity in session.execute(query)
        if quantity
    ]
    return sorted(totals, key=lambda row: (order.index(row.kind), row.commodity))


def promised_of(session: ReadSession, *, campaign_id: UUID) -> dict[str, int]:
    """Return what is promised and not received, by commodity.

    Money whose donor was asked to save a card and has not is no promise that can be charged.
    """
    done = discharged()
    promised: defaultdict[str, int] = defaultdict(int)
    for commodity, quantity, fulfilled in session.execute(
        select(Pledge.commodity, Pledge.quantity, done.c.quantity)
        .outerjoin(done, done.c.pledge_id == Pledge.id)
        .outerjoin(Mandate, Mandate.pledge_id == Pledge.id)
        .where(
            Pledge.campaign_id == campaign_id,
            Pledge.state.in_(OPEN),
            Mandate.state.is_distinct_from("asked"),
        )
    ):
        promised[commodity] += max(0, quantity - int(fulfilled or 0))
    return promised
