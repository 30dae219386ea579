"""Plain functions that make what tests need, through the services."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from ledger.core.amount import is_currency
from ledger.db import Session
from ledger.gateway import SavedCard
from ledger.ids import new_id
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.models.people import Person
from ledger.models.pledges import Pledge
from ledger.queries.people.people import person_by_email
from ledger.services.books.books import NewBook, NewFund, create_book, create_fund, ensure_commodity
from ledger.services.campaigns.campaigns import Need, create_campaign
from ledger.services.people.people import create_person, grant_role
from ledger.services.pledges import saved_cards
from ledger.services.pledges.confirmations import restate_offers
from ledger.services.pledges.offers import Line
from ledger.services.pledges.parties import Giver, find_or_create_party, party_of_person
from ledger.services.pledges.pledges import PledgeRequest, make_pledges
from ledger.services.pools.pools import NewPool, create_pool
from tests.conftest import NOW


def make_book(
    session: Session,
    code: str = "A",
    *,
    kind: str = "community",
    currency: str = "USD",
    now: datetime = NOW,
) -> Book:
    """Open a book named after its code."""
    return create_book(
        session, new=NewBook(code=code, name=f"Book {code}", kind=kind, currency=currency), now=now
    )


def make_fund(
    session: Session, book: Book, code: str = "GEN", fund_class: str = "unrestricted"
) -> Fund:
    """Open a fund."""
    return create_fund(
        session, book_id=book.id, fund=NewFund(code=code, fund_class=fund_class), now=NOW
    )


def make_pool(
    session: Session,
    host: Book,
    code: str = "P",
    *,
    members: Sequence[tuple[str, str]],
    held: Fund | None = None,
    fee_basis_points: int = 0,
    now: datetime = NOW,
) -> tuple[Book, Fund]:
    """Open a pool and return its book and fund; ``held`` is the fund in which its host keeps it."""
    pool = create_pool(
        session,
        new=NewPool(
            code=code,
            name=f"Book {code}",
            currency=host.commodity,
            fund="JOINT",
            fee_basis_points=fee_basis_points,
            members=members,
        ),
        host=host,
        held_fund=held or make_fund(session, host, "HELD", "agency"),
        now=now,
    )
    return session.get_one(Book, pool.book_id), session.get_one(Fund, pool.fund_id)


def make_worked_books(session: Session, events: dict[str, Any]) -> None:
    """Open every book, fund and commodity of the worked events."""
    for code in events["commodities"]:
        ensure_commodity(session, code)
    made = {}
    for code, book in events["books"].items():
        made[code] = create_book(
            session,
            new=NewBook(code=code, name=book["name"], kind=book["kind"], currency=book["currency"]),
            now=NOW,
        )
    for fund in events["funds"]:
        create_fund(
            session,
            book_id=made[fund["book"]].id,
            fund=NewFund(code=fund["code"], fund_class=fund["class"]),
            now=NOW,
        )


def make_campaign(
    session: Session,
    book: Book,
    fund: Fund,
    *,
    slug: str = "solar-roof",
    mode: str = "keep_what_you_raise",
    needs: tuple[Need, ...] = (
        Need("USD", "Panels", 500_000, 800_000),
        Need("EQP.PROJECTOR", "A projector", 1, 1),
        Need("MIN.ELEC", "Electricians", 1200, 2400),
    ),
) -> Campaign:
    """Open a campaign that needs money, a thing and hours."""
    return create_campaign(
        session,
        book=book,
        fund=fund,
        slug=slug,
        title="Solar roof",
        summary="Panels for the hall",
        story="A roof that pays for itself.",
        mode=mode,
        commodity=book.commodity,
        opens_on=date(2026, 1, 1),
        deadline_on=date(2026, 12, 31),
        needs=needs,
        now=NOW,
    )


def make_party(session: Session, email: str = "ada@example.org", name: str = "Ada Hill") -> Party:
    """Make a donor known: who can sign in gives signed in, anybody else has one party."""
    person = person_by_email(session, email)
    if person is not None:
        giver = Giver(name, email, "initials")
        return party_of_person(session, person=person, giver=giver, now=NOW)
    known = session.scalar(select(Party).where(Party.email == email))
    return known or find_or_create_party(
        session, name=name, email=email, consent="initials", now=NOW
    )


def confirm(session: Session, party: Party) -> Party:
    """Have the owner of a party's address open a link sent there, so that offers count."""
    if party.person_id is None:
        person = create_person(session, email=party.email, name=party.name, now=NOW)
        party.person_id = person.id
        restate_offers(session, parties=[party.id])
    return party


def save_card(session: Session, pledge: Pledge) -> None:
    """Have a card saved for a pledge of money."""
    saved_cards.ask_for_card(session, pledge_id=pledge.id, now=NOW)
    card = SavedCard("succeeded", "cus_1", f"pm_{pledge.reference}", "Visa")
    saved_cards.record_card(session, pledge_id=pledge.id, card=card, now=NOW)


def make_pledge(
    session: Session,
    campaign: Campaign,
    party: Party,
    commodity: str = "USD",
    quantity: int = 6000,
    form_key: str = "",
    now: datetime = NOW,
) -> Pledge:
    """Pledge one commodity to a campaign; hours and things by a giver who is known."""
    if not is_currency(commodity):
        confirm(session, party)
    basket = make_pledges(
        session,
        campaign=campaign,
        party=party,
        request=PledgeRequest(
            lines=[Line(commodity, quantity)],
            form_key=form_key or str(new_id()),
            message="",
            consent="initials",
        ),
        now=now,
    )
    return session.scalars(select(Pledge).where(Pledge.basket_id == basket.id)).one()


def make_person(session: Session, name: str, book: Book | None = None, role: str = "") -> Person:
    """Make a person known, with a role in a book where one is named."""
    person = create_person(
        session, email=f"{name.lower().replace(' ', '.')}@example.org", name=name, now=NOW
    )
    if book is not None and role:
        grant_role(session, person_id=person.id, book_id=book.id, role=role, now=NOW)
    return person
