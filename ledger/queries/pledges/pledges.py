"""Questions about pledges: what is open, whose they are, what made them good."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, literal_column, or_, select

from ledger.core.amount import kind_of
from ledger.core.vocabulary import (
    OPEN_PLEDGES,
    AttemptKind,
    AttemptState,
    CommodityKind,
    LegalNature,
    MandateState,
    PledgeState,
)
from ledger.db import ReadSession
from ledger.models.books import Book, Commodity, Fund
from ledger.models.campaigns import Campaign
from ledger.models.mandates import Mandate
from ledger.models.parties import Party
from ledger.models.payments import PaymentAttempt
from ledger.models.pledges import Basket, Fulfilment, Pledge
from ledger.paging import CARDS, PAGE, Page, behind, cut

# Kinds of commodities that hours and things are counted in.
OFFERED = (CommodityKind.TIME, CommodityKind.ITEM, CommodityKind.BULK)
# What commodities of equipment and supplies begin with (``core.amount``).
THINGS = ("EQP", "GRM", "MLT")
# Pages that a donor is sent to, and the states of one that took something.
PAGES = (AttemptKind.CHECKOUT, AttemptKind.SETUP)
TAKEN = (AttemptState.PROCESSING, AttemptState.SUCCEEDED, AttemptState.POSTED)


@dataclass(frozen=True, slots=True)
class PledgeRow:
    """A pledge as people see it; quantities in the commodity's smallest unit."""

    id: UUID
    reference: str
    book: str
    book_name: str
    fund: str
    campaign: str
    slug: str
    donor: str
    commodity: str
    kind: str
    quantity: int
    fulfilled: int
    open: int
    state: PledgeState
    legal_nature: str
    created_at: datetime
    note: str
    cover: int = 0
    # Whether its donor was sent to pay and has not; it is no promise yet.
    is_unconfirmed: bool = False

    def age(self, today: date) -> int:
        """Return the days since the pledge was made."""
        return (today - self.created_at.date()).days


def fulfilled_quantity(session: ReadSession, pledge: Pledge) -> int:
    """Return what was made good, in the pledge's smallest unit; a later refund opens nothing,
    a debit that the bank took back does."""
    total = session.scalar(
        select(func.coalesce(func.sum(Fulfilment.quantity), 0)).where(
            Fulfilment.pledge_id == pledge.id,
            Fulfilment.counts(),
        )
    )
    return int(total or 0)


def open_quantity(session: ReadSession, pledge: Pledge) -> int:
    """Return what is still promised; zero for a pledge that has ended."""
    if pledge.state not in OPEN_PLEDGES:
        return 0
    return max(0, pledge.quantity - fulfilled_quantity(session, pledge))


def pledge_by_reference(session: ReadSession, book_id: UUID, reference: str) -> Pledge | None:
    """Return a pledge of a book by the reference on it."""
    return session.scalar(
        select(Pledge).where(Pledge.book_id == book_id, Pledge.reference == reference)
    )


def open_by_reference(
    session: ReadSession, book_id: UUID, references: Collection[str]
) -> list[tuple[Pledge, int]]:
    """Return the pledges of a book with these references, and what of each is still promised."""
    made_good = func.coalesce(func.sum(Fulfilment.quantity), 0)
    rows = session.execute(
        select(Pledge, made_good)
        .outerjoin(Fulfilment, (Fulfilment.pledge_id == Pledge.id) & Fulfilment.counts())
        .where(Pledge.book_id == book_id, Pledge.reference.in_(references))
        .group_by(Pledge.id)
    )
    return [
        (pledge, max(0, pledge.quantity - int(done)) if pledge.state in OPEN_PLEDGES else 0)
        for pledge, done in rows
    ]


def find_open_pledges(
    session: ReadSession, *, book_id: UUID, words: str, limit: int = 20
) -> list[PledgeRow]:
    """Return open pledges of money whose reference or donor holds every word, newest first."""
    query = (
        select(Pledge.id)
        .join(Party, Party.id == Pledge.party_id)
        .outerjoin(Basket, Basket.id == Pledge.basket_id)
        .where(Pledge.book_id == book_id, Pledge.state.in_(OPEN_PLEDGES))
        .order_by(Pledge.created_at.desc(), Pledge.id.desc())
        .limit(limit)
    )
    for word in words.split():
        query = query.where(
            or_(
                func.coalesce(Basket.name, Party.name).icontains(word, autoescape=True),
                Pledge.reference.icontains(word, autoescape=True),
            )
        )
    found = session.scalars(query).all()
    return [row for row in _rows(session, found) if row.open and row.kind == "money"]


def pledge_of_person(session: ReadSession, *, person_id: UUID, reference: str) -> Pledge | None:
    """Return a person's own pledge by its reference."""
    return session.scalar(
        select(Pledge)
        .join(Party, Party.id == Pledge.party_id)
        .where(Party.person_id == person_id, Pledge.reference == reference)
    )


def fund_of(session: ReadSession, pledge: Pledge) -> Fund:
    """Return the fund that a pledge is for."""
    return session.get_one(Fund, pledge.fund_id)


def pledges_of_basket(session: ReadSession, *, basket_id: UUID) -> list[PledgeRow]:
    """Return the pledges of one basket, money first."""
    rows = _rows(session, select(Pledge.id).where(Pledge.basket_id == basket_id))
    order = ("money", "things", "hours")
    return sorted(rows, key=lambda row: (order.index(row.kind), row.commodity))


def pledge_row(session: ReadSession, pledge_id: UUID) -> PledgeRow:
    """Return one pledge as people see it."""
    return _rows(session, select(Pledge.id).where(Pledge.id == pledge_id))[0]


def pledges_of_person(session: ReadSession, *, person_id: UUID) -> list[PledgeRow]:
    """Return the pledges of a signed-in person, newest first."""
    query = (
        select(Pledge.id)
        .join(Party, Party.id == Pledge.party_id)
        .where(Party.person_id == person_id)
    )
    return _rows(session, query)


def page_of_person(
    session: ReadSession, *, person_id: UUID, after: UUID | None = None
) -> Page[PledgeRow]:
    """Return a page of the pledges of a signed-in person, newest first."""
    query = (
        select(Pledge.id)
        .join(Party, Party.id == Pledge.party_id)
        .where(
            Party.person_id == person_id,
            behind(session, after, Pledge.created_at, Pledge.id, newest_first=True),
        )
        .order_by(Pledge.created_at.desc(), Pledge.id.desc())
        .limit(CARDS + 1)
    )
    return cut(_rows(session, session.scalars(query).all()), attrgetter("id"), CARDS)


def is_sent(session: ReadSession, *, form_key: str) -> bool:
    """Tell whether a pledge form was sent before."""
    query = select(Basket.id).where(Basket.form_key == form_key)
    return session.scalar(query) is not None


def is_of_person(session: ReadSession, *, pledge_id: UUID, person_id: UUID) -> bool:
    """Tell whether a signed-in person made a pledge."""
    query = (
        select(Pledge.id)
        .join(Party, Party.id == Pledge.party_id)
        .where(Pledge.id == pledge_id, Party.person_id == person_id)
    )
    return session.scalar(query) is not None


def open_pledges(
    session: ReadSession, *, book_id: UUID, kinds: Sequence[str] = ("money", "things", "hours")
) -> list[PledgeRow]:
    """Return what is still promised to a book, newest first."""
    query = select(Pledge.id).where(Pledge.book_id == book_id, Pledge.state.in_(OPEN_PLEDGES))
    return [row for row in _rows(session, query) if row.open and row.kind in kinds]


def open_equipment(
    session: ReadSession, *, book_id: UUID, after: UUID | None = None
) -> Page[PledgeRow]:
    """Return a page of the items and supplies that are pledged and not handed over, newest
    first."""
    query = (
        select(Pledge.id)
        .where(
            Pledge.book_id == book_id,
            _is_open(),
            _is_thing(),
            behind(session, after, Pledge.created_at, Pledge.id, newest_first=True),
        )
        .order_by(Pledge.created_at.desc(), Pledge.id.desc())
        .limit(PAGE + 1)
    )
    return cut(_rows(session, session.scalars(query).all()), attrgetter("id"))


def discharged(ids: Select[UUID]) -> Subquery:
    """Return what was made good of the pledges with some ids, refunds left aside, by pledge."""
    query = select(Fulfilment.pledge_id, func.sum(Fulfilment.quantity).label("quantity")).where(
        Fulfilment.counts(), Fulfilment.pledge_id.in_(ids)
    )
    return query.group_by(Fulfilment.pledge_id).subquery()


def _is_open() -> ColumnElement[bool]:
    """Return the condition that a pledge is open, said as the indexes of open pledges say it."""
    return Pledge.state.in_([literal_column(f"'{state}'") for state in OPEN_PLEDGES])


def _is_thing() -> ColumnElement[bool]:
    """Return the condition that a pledge is of equipment or supplies, said as their index does."""
    prefix = func.substr(Pledge.commodity, literal_column("1"), literal_column("4"))
    return prefix.in_([literal_column(f"'{kind}.'") for kind in THINGS])


def unconfirmed() -> ColumnElement[bool]:
    """Return the condition that an open pledge is not promised yet, so that no figure counts it.

    Money: its giver was to pay or to save a card and has done neither; refused, left, or not done
    yet. Hours and things that were offered on a form: the giver's address is not confirmed, or
    the organiser has not accepted them. What is owed, or has come in part, stands all the same.
    """
    pages = select(PaymentAttempt.id).where(
        PaymentAttempt.pledge_id == Pledge.id, PaymentAttempt.kind.in_(PAGES)
    )
    taken = select(PaymentAttempt.id).where(
        PaymentAttempt.pledge_id == Pledge.id, PaymentAttempt.state.in_(TAKEN)
    )
    came = select(Fulfilment.id).where(Fulfilment.pledge_id == Pledge.id, Fulfilment.quantity > 0)
    card = select(Mandate.id).where(Mandate.pledge_id == Pledge.id)
    return and_(
        Pledge.state.in_(OPEN_PLEDGES),
        Pledge.legal_nature != LegalNature.UNCONDITIONAL,
        ~came.exists(),
        or_(
            card.where(Mandate.state == MandateState.ASKED).exists(),
            and_(or_(Pledge.needs_card, pages.exists()), ~taken.exists(), ~card.exists()),
            and_(is_offer(), _is_unaccepted().exists()),
        ),
    )


def is_offer() -> ColumnElement[bool]:
    """Return the condition that a pledge is of hours or things, not of money."""
    counted = select(Commodity.code).where(Commodity.kind.in_(OFFERED))
    return Pledge.commodity.in_(counted)


def _is_unaccepted() -> Select[UUID]:
    """Return the baskets of pledges whose giver or organiser has not said yes yet."""
    return (
        select(Basket.id)
        .join(Party, Party.id == Basket.party_id)
        .where(
            Basket.id == Pledge.basket_id,
            or_(Party.person_id.is_(None), Basket.accepted_at.is_(None)),
        )
        .correlate(Pledge)
    )


def _rows(session: ReadSession, ids: Select[UUID] | Sequence[UUID]) -> list[PledgeRow]:
    """Return the pledges with some ids, newest first.

    A page gives the ids it has found: a question for them would be asked for each sum again.
    """
    sums = (
        select(
            Fulfilment.pledge_id,
            func.sum(Fulfilment.quantity).label("net"),
            func.sum(Fulfilment.quantity).filter(Fulfilment.counts()).label("kept"),
        )
        .where(Fulfilment.pledge_id.in_(ids))
        .group_by(Fulfilment.pledge_id)
        .subquery()
    )
    query = (
        select(
            Pledge,
            Book,
            Fund.code,
            Campaign,
            func.coalesce(Basket.name, Party.name),
            sums.c.kept,
            sums.c.net,
        )
        .join(Book, Book.id == Pledge.book_id)
        .join(Fund, Fund.id == Pledge.fund_id)
        .join(Party, Party.id == Pledge.party_id)
        .outerjoin(Basket, Basket.id == Pledge.basket_id)
        .outerjoin(Campaign, Campaign.id == Pledge.campaign_id)
        .outerjoin(sums, sums.c.pledge_id == Pledge.id)
        .where(Pledge.id.in_(ids))
        .order_by(Pledge.created_at.desc(), Pledge.id.desc())
    )
    found = []
    for pledge, book, fund, campaign, donor, quantity, net in session.execute(query):
        made_good = int(quantity or 0)
        found.append(
            PledgeRow(
                id=pledge.id,
                reference=pledge.reference,
                book=book.code,
                book_name=book.name,
                fund=fund,
                campaign=campaign.title if campaign else "",
                slug=campaign.slug if campaign else "",
                donor=donor,
                commodity=pledge.commodity,
                kind=kind_of(pledge.commodity),
                quantity=pledge.quantity,
                fulfilled=int(net or 0),
                open=max(0, pledge.quantity - made_good) if pledge.state in OPEN_PLEDGES else 0,
                state=pledge.state,
                legal_nature=pledge.legal_nature,
                created_at=pledge.created_at,
                note=pledge.note,
                cover=pledge.cover,
                is_unconfirmed=pledge.unconfirmed,
            )
        )
    return found
