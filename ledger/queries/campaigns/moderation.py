"""What people sent to a campaign, as its organiser looks it over, tab by tab."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select

from ledger.core.amount import kind_of
from ledger.core.vocabulary import OPEN_PLEDGES, PledgeState
from ledger.db import ReadSession
from ledger.models.parties import Party
from ledger.models.people import Person
from ledger.models.pledges import Basket, BasketDecision, BasketReport, Pledge
from ledger.paging import PAGE, Page, behind, cut

TABS = ("new", "accepted", "declined", "hidden", "reported")


@dataclass(frozen=True, slots=True)
class Offered:
    """One pledge of a basket; ``is_counted`` where figures count it."""

    commodity: str
    quantity: int
    state: PledgeState
    is_counted: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a basket, by whom and why."""

    decision: str
    reason: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """A basket as its organiser sees it. ``reports`` counts those nobody has looked at."""

    id: UUID
    name: str
    message: str
    consent: str
    created_at: datetime
    is_confirmed: bool
    is_accepted: bool
    is_hidden: bool
    offered: tuple[Offered, ...]
    decisions: tuple[Decision, ...]
    reports: tuple[tuple[str, int], ...]

    @property
    def has_open_offers(self) -> bool:
        """Whether hours or things are on offer that could be declined."""
        return any(
            row.state in OPEN_PLEDGES and kind_of(row.commodity) != "money" for row in self.offered
        )


def sent_page(
    session: ReadSession,
    *,
    campaign_id: UUID,
    tab: str,
    after: UUID | None = None,
    only: UUID | None = None,
) -> Page[Sent]:
    """Return a page of what was sent to a campaign, newest first, or ``only`` one basket of it.

    KeyError for no such tab.
    """
    query = (
        select(Basket, Party.person_id)
        .join(Party, Party.id == Basket.party_id)
        .where(
            Basket.campaign_id == campaign_id,
            _in(tab) if only is None else Basket.id == only,
            behind(session, after, Basket.created_at, Basket.id, newest_first=True),
        )
        .order_by(Basket.created_at.desc(), Basket.id.desc())
        .limit(PAGE + 1)
    )
    baskets = session.execute(query).all()
    ids = [basket.id for basket, _person in baskets]
    offered, decisions, reports = (
        _offered(session, ids),
        _decisions(session, ids),
        _reports(session, ids),
    )
    rows = [
        Sent(
            basket.id,
            basket.name,
            basket.message,
            basket.consent,
            basket.created_at,
            person is not None,
            basket.accepted_at is not None,
            basket.hidden_at is not None,
            tuple(offered[basket.id]),
            tuple(decisions[basket.id]),
            tuple(reports[basket.id]),
        )
        for basket, person in baskets
    ]
    return cut(rows, attrgetter("id"))


def counts(session: ReadSession, *, campaign_id: UUID) -> dict[str, int]:
    """Return how many baskets wait for the organiser: those on the tabs new and reported."""
    return {
        tab: int(
            session.scalar(
                select(func.count())
                .select_from(Basket)
                .where(Basket.campaign_id == campaign_id, _in(tab))
            )
            or 0
        )
        for tab in ("new", "reported")
    }


def _in(tab: str) -> ColumnElement[bool]:
    reported = select(BasketReport.id).where(
        BasketReport.basket_id == Basket.id, BasketReport.settled_at.is_(None)
    )
    conditions: dict[str, ColumnElement[bool]] = {
        "new": and_(Basket.accepted_at.is_(None), Basket.declined_at.is_(None)),
        "accepted": and_(Basket.accepted_at.is_not(None), Basket.declined_at.is_(None)),
        "declined": Basket.declined_at.is_not(None),
        "hidden": Basket.hidden_at.is_not(None),
        "reported": reported.exists(),
    }
    return conditions[tab]


def _offered(session: ReadSession, ids: list[UUID]) -> defaultdict[UUID, list[Offered]]:
    found: defaultdict[UUID, list[Offered]] = defaultdict(list)
    for pledge in session.scalars(
        select(Pledge).where(Pledge.basket_id.in_(ids)).order_by(Pledge.commodity)
    ):
        if pledge.basket_id is not None:
            found[pledge.basket_id].append(
                Offered(pledge.commodity, pledge.quantity, pledge.state, not pledge.unconfirmed)
            )
    return found


def _decisions(session: ReadSession, ids: list[UUID]) -> defaultdict[UUID, list[Decision]]:
    found: defaultdict[UUID, list[Decision]] = defaultdict(list)
    for row, name in session.execute(
        select(BasketDecision, Person.name)
        .join(Person, Person.id == BasketDecision.made_by)
        .where(BasketDecision.basket_id.in_(ids))
        .order_by(BasketDecision.made_at, BasketDecision.id)
    ):
        found[row.basket_id].append(Decision(row.decision, row.reason, name, row.made_at))
    return found


def _reports(session: ReadSession, ids: list[UUID]) -> defaultdict[UUID, list[tuple[str, int]]]:
    found: defaultdict[UUID, list[tuple[str, int]]] = defaultdict(list)
    for basket_id, reason, number in session.execute(
        select(BasketReport.basket_id, BasketReport.reason, func.count())
        .where(BasketReport.basket_id.in_(ids), BasketReport.settled_at.is_(None))
        .group_by(BasketReport.basket_id, BasketReport.reason)
        .order_by(BasketReport.reason)
    ):
        found[basket_id].append((reason, int(number)))
    return found
