"""What donors still owe or intend to pay: each open instalment with its due date, and the ageing.

Payments fill the oldest instalments first. Quantities in minor units. What nobody has promised yet
(``queries.pledges.pledges.unconfirmed``) is left out.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Subquery,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)

from ledger.core.accounts import Acct
from ledger.core.ageing import BOUNDS, AgeBand
from ledger.core.states import AgreementKind
from ledger.core.vocabulary import OPEN_PLEDGES, CommodityKind, LegalNature, PledgeState
from ledger.db import ReadSession
from ledger.models.agreements import Agreement
from ledger.models.books import Commodity, Fund
from ledger.models.campaigns import Campaign
from ledger.models.journal import Posting
from ledger.models.parties import Party
from ledger.models.pledges import Basket, Pledge, PledgeLine
from ledger.paging import PAGE
from ledger.queries.pledges.pledges import discharged

# Due within so many days is soon.
SOON = timedelta(days=30)
# Sorts what has no due date behind everything that has one.
NEVER = date(9999, 12, 31)


class When(StrEnum):
    """When something is due, as a list is filtered by it."""

    OVERDUE = "overdue"
    SOON = "soon"
    LATER = "later"
    UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class Place:
    """After which row of the list a page begins."""

    due_on: date
    pledge_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which open items are wanted; empty answers leave nothing out."""

    when: str = ""
    nature: str = ""
    state: str = ""
    campaign: UUID | None = None
    words: str = ""
    sees_donors: bool = True


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A pledge, or one of its instalments, of which something is open."""

    pledge_id: UUID
    reference: str
    donor: str
    fund: str
    campaign: str
    slug: str
    commodity: str
    legal_nature: LegalNature
    state: PledgeState
    # Which instalment it is, from 1; zero for a pledge that is paid at once.
    number: int
    due_on: date | None
    quantity: int
    received: int
    # The reference of the written pledge behind it; empty without one.
    agreement: str = ""

    @property
    def open(self) -> int:
        """What has not come yet."""
        return self.quantity - self.received

    @property
    def place(self) -> Place:
        """Where the next page begins."""
        return Place(self.due_on or NEVER, self.pledge_id, self.number)

    def overdue_days(self, today: date) -> int:
        """Return for how many days it has been overdue; zero when it is not."""
        return max(0, (today - self.due_on).days) if self.due_on else 0


@dataclass(frozen=True, slots=True)
class Aged:
    """What is open of one nature in one currency, by age."""

    legal_nature: LegalNature
    commodity: str
    by_band: dict[AgeBand, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The sum of all bands."""
        return sum(self.by_band.values())


def open_items(
    session: ReadSession,
    *,
    book_id: UUID,
    today: date,
    wanted: ItemFilter,
    after: Place | None = None,
    limit: int = PAGE,
) -> tuple[list[OpenItem], bool]:
    """Return open items of a book, the longest overdue first, and whether more follow."""
    items = _items(book_id)
    sort_day = func.coalesce(items.c.due_on, literal(NEVER))
    order = (sort_day, items.c.pledge_id, items.c.number)
    query = (
        select(
            Pledge,
            func.coalesce(Basket.name, Party.name),
            Fund.code,
            Campaign.title,
            Campaign.slug,
            items.c.number,
            items.c.due_on,
            items.c.quantity,
            items.c.received,
        )
        .join(items, items.c.pledge_id == Pledge.id)
        .join(Party, Party.id == Pledge.party_id)
        .join(Fund, and_(Fund.book_id == Pledge.book_id, Fund.id == Pledge.fund_id))
        .outerjoin(Basket, Basket.id == Pledge.basket_id)
        .outerjoin(Campaign, Campaign.id == Pledge.campaign_id)
        .where(*_conditions(items, wanted, today))
        .order_by(*order)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(tuple_(*order) > (after.due_on, after.pledge_id, after.number))
    rows = session.execute(query).all()
    letters = _letters(session, book_id, [row[0].id for row in rows])
    found = [
        OpenItem(
            pledge_id=pledge.id,
            reference=pledge.reference,
            donor=donor,
            fund=fund,
            campaign=campaign or "",
            slug=slug or "",
            commodity=pledge.commodity,
            legal_nature=pledge.legal_nature,
            state=pledge.state,
            number=int(number),
            due_on=due_on,
            quantity=int(quantity),
            received=int(received),
            agreement=letters.get(pledge.id, ""),
        )
        for pledge, donor, fund, campaign, slug, number, due_on, quantity, received in rows
    ]
    return found[:limit], len(found) > limit


def ageing(session: ReadSession, *, book_id: UUID, today: date) -> list[Aged]:
    """Return what is open by nature, currency and age, receivables first.

    Of a matching sponsor's pledge, the part that gifts have earned is receivable (PLG-14). So the
    receivables come to the balance of the account for them, as far as it names pledges.
    """
    items = _items(book_id)
    band = case(
        (items.c.due_on.is_(None), AgeBand.UNDATED.value),
        *((items.c.due_on >= today - timedelta(days=most), one.value) for most, one in BOUNDS),
        else_=AgeBand.OVER_90.value,
    )
    earned = _earned(book_id)
    owed = func.coalesce(earned.c.quantity, 0)
    rows = session.execute(
        select(
            Pledge.legal_nature,
            Pledge.commodity,
            band,
            func.sum(items.c.quantity - items.c.received),
            func.sum(owed),
        )
        .join(items, items.c.pledge_id == Pledge.id)
        .outerjoin(earned, earned.c.pledge == Pledge.reference)
        .group_by(Pledge.legal_nature, Pledge.commodity, band)
    )
    sums: dict[tuple[LegalNature, str], dict[AgeBand, int]] = defaultdict(
        lambda: dict.fromkeys(AgeBand, 0)
    )
    for nature, commodity, name, total, matched in rows:
        sums[nature, commodity][AgeBand(name)] += int(total) - int(matched)
        if matched:
            sums[LegalNature.UNCONDITIONAL, commodity][AgeBand(name)] += int(matched)
    order = (LegalNature.UNCONDITIONAL, LegalNature.INTENTION, LegalNature.CONDITIONAL)
    return [
        Aged(nature, commodity, by_band)
        for (nature, commodity), by_band in sorted(
            sums.items(), key=lambda one: (order.index(one[0][0]), one[0][1])
        )
        if any(by_band.values())
    ]


def campaigns_with_pledges(session: ReadSession, *, book_id: UUID) -> list[tuple[str, str]]:
    """Return the campaigns of a book, newest first: (id, title)."""
    rows = session.execute(
        select(Campaign.id, Campaign.title)
        .where(Campaign.book_id == book_id)
        .order_by(Campaign.opens_on.desc(), Campaign.id.desc())
    )
    return [(str(campaign_id), title) for campaign_id, title in rows]


def _open_money(book_id: UUID) -> list[ColumnElement[bool]]:
    """Return the conditions that a pledge of a book is of money, promised and not ended."""
    money = select(Commodity.code).where(Commodity.kind == CommodityKind.CURRENCY)
    return [
        Pledge.book_id == book_id,
        Pledge.state.in_(OPEN_PLEDGES),
        Pledge.commodity.in_(money),
        Pledge.unconfirmed != true(),
    ]


def _items(book_id: UUID) -> Subquery:
    """Return what is due when and what of it has come, of each instalment that is open."""
    conditions = _open_money(book_id)
    done = discharged(select(Pledge.id).where(*conditions))
    quantity = func.coalesce(PledgeLine.quantity, Pledge.quantity)
    until = func.sum(quantity).over(partition_by=Pledge.id, order_by=PledgeLine.n)
    lines = (
        select(
            Pledge.id.label("pledge_id"),
            func.coalesce(PledgeLine.n, 0).label("number"),
            func.coalesce(PledgeLine.due_on, Pledge.due_on).label("due_on"),
            quantity.label("quantity"),
            (func.coalesce(done.c.quantity, 0) - (until - quantity)).label("came"),
        )
        .outerjoin(PledgeLine, PledgeLine.pledge_id == Pledge.id)
        .outerjoin(done, done.c.pledge_id == Pledge.id)
        .where(*conditions)
        .subquery()
    )
    came = case((lines.c.came > 0, lines.c.came), else_=literal(0, Integer))
    return (
        select(
            lines.c.pledge_id,
            lines.c.number,
            lines.c.due_on,
            lines.c.quantity,
            came.label("received"),
        )
        .where(came < lines.c.quantity)
        .subquery()
    )


def _earned(book_id: UUID) -> Subquery:
    """Return what stands as receivable of sponsors' conditional pledges, by reference."""
    sponsors = select(Pledge.reference).where(
        Pledge.book_id == book_id,
        Pledge.state.in_(OPEN_PLEDGES),
        Pledge.legal_nature == LegalNature.CONDITIONAL,
        Pledge.campaign_id.is_(None),
    )
    return (
        select(Posting.pledge, func.sum(Posting.quantity).label("quantity"))
        .where(
            Posting.book_id == book_id,
            Posting.pledge.in_(sponsors),
            Posting.account == Acct.PLEDGES_RECEIVABLE,
        )
        .group_by(Posting.pledge)
        .subquery()
    )


def _conditions(items: FromClause, wanted: ItemFilter, today: date) -> list[ColumnElement[bool]]:
    due_on = items.c.due_on
    found: list[ColumnElement[bool]] = []
    if wanted.when:
        found.append(
            {
                When.OVERDUE: due_on < today,
                When.SOON: and_(due_on >= today, due_on <= today + SOON),
                When.LATER: due_on > today + SOON,
                When.UNDATED: due_on.is_(None),
            }[When(wanted.when)]
        )
    if wanted.nature:
        found.append(Pledge.legal_nature == wanted.nature)
    if wanted.state:
        found.append(Pledge.state == wanted.state)
    if wanted.campaign is not None:
        found.append(Pledge.campaign_id == wanted.campaign)
    name = func.coalesce(Basket.name, Party.name)
    for word in wanted.words.split():
        by_reference = Pledge.reference.icontains(word, autoescape=True)
        by_name = name.icontains(word, autoescape=True)
        found.append(or_(by_reference, by_name) if wanted.sees_donors else by_reference)
    return found


def _letters(session: ReadSession, book_id: UUID, pledges: list[UUID]) -> dict[UUID, str]:
    """Return the references of the written pledges behind some pledges."""
    if not pledges:
        return {}
    pledge = Agreement.terms["pledge"].as_string()
    rows = session.execute(
        select(pledge, Agreement.reference).where(
            Agreement.book_id == book_id,
            Agreement.kind == AgreementKind.PROMISE,
            pledge.in_([str(one) for one in pledges]),
        )
    )
    return {UUID(name): reference for name, reference in rows}
