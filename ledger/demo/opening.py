"""The demo's books, funds, people, skills and campaigns."""

from datetime import date, datetime, timedelta

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.entry import Posting
from ledger.core.vocabulary import BookKind, CampaignMode, FundClass
from ledger.db import Session
from ledger.demo import people as cast
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.people import Person
from ledger.queries.books.books import fund_by_code
from ledger.services.books import books, journal
from ledger.services.campaigns import campaigns
from ledger.services.people import installation_admins, people
from ledger.services.pools import pools
from ledger.services.volunteering import hours

CURRENCY = "USD"


def open_books(session: Session, *, start: date, now: datetime) -> dict[str, Book]:
    """Open the communities with their funds and opening balances, and the pool."""
    made: dict[str, Book] = {}
    for code, one, many in cast.THINGS:
        books.ensure_commodity(session, code, singular=one, plural=many)
    for code, one, many, _rate, _specialised in cast.SKILLS:
        books.ensure_commodity(session, code, singular=one, plural=many)
    for row in cast.COMMUNITIES:
        book = books.create_book(
            session,
            new=books.NewBook(
                code=row.code,
                name=row.name,
                kind=BookKind.COMMUNITY,
                currency=CURRENCY,
                place=row.place,
                story=row.story,
            ),
            now=now,
        )
        made[row.code] = book
        books.create_fund(
            session,
            book_id=book.id,
            fund=books.NewFund(code="GEN", name="General", fund_class=FundClass.UNRESTRICTED),
            now=now,
        )
        books.create_fund(
            session,
            book_id=book.id,
            fund=books.NewFund(code=row.fund, name=row.fund_name, fund_class=FundClass.PURPOSE),
            now=now,
        )
        journal.post(
            session,
            bookkeeping.opening_balances(
                book=row.code,
                balances=[
                    Posting(Acct.BANK, "GEN", CURRENCY, row.opening),
                    Posting(Acct.OPENING_NET_ASSETS, "GEN", CURRENCY, -row.opening),
                ],
            ),
            event_type="opening_balances",
            source="demo",
            external_ref=f"opening/{row.code}",
            accounting_on=start,
            now=now,
        )
    made[cast.POOL[0]] = _open_pool(session, made, now=now)
    return made


def _open_pool(session: Session, made: dict[str, Book], *, now: datetime) -> Book:
    """Open the pool that all communities share; the first of them is its host."""
    host = made[cast.COMMUNITIES[0].code]
    held = books.create_fund(
        session,
        book_id=host.id,
        fund=books.NewFund(code="HELD", name="Held for the pool", fund_class=FundClass.AGENCY),
        now=now,
    )
    code, name, story = cast.POOL
    pool = pools.create_pool(
        session,
        new=pools.NewPool(
            code=code,
            name=name,
            currency=CURRENCY,
            fund="JOINT",
            fee_basis_points=500,
            members=[(row.code, row.fund) for row in cast.COMMUNITIES],
            story=story,
        ),
        host=host,
        held_fund=held,
        now=now,
    )
    return session.get_one(Book, pool.book_id)


def let_people_in(
    session: Session, made: dict[str, Book], *, start: date, now: datetime
) -> dict[str, Person]:
    """Make the people known, each with a role in every book; set the rates of skills. Of two with
    one role the first does what the demo needs."""
    found: dict[str, Person] = {}
    for role, name, email in cast.STAFF:
        person = people.create_person(session, email=email, name=name, now=now)
        found.setdefault(role, person)
        if role == "donor":
            continue
        # The demo's year lies behind it: its audit goes on for another.
        ends_at = now + 2 * people.AUDITOR_LASTS if role == "auditor" else None
        for book in made.values():
            people.grant_role(
                session,
                person_id=person.id,
                book_id=book.id,
                role=role,
                now=now,
                ends_at=ends_at,
            )
    installation_admins.give_to_first(session, person_id=found["admin"].id, now=now)
    for book in made.values():
        for code, _one, _many, rate, specialised in cast.SKILLS:
            hours.set_rate(
                session,
                book=book,
                commodity=code,
                currency=CURRENCY,
                rate_per_hour=rate,
                specialised=specialised,
                source="Regional wage table, invented for the demo",
                valid_from_on=start,
            )
    return found


def call_for_help(
    session: Session, made: dict[str, Book], *, today: date, now: datetime
) -> tuple[Campaign, Campaign]:
    """Open the live campaigns: of the host, of the pool, and one of all or nothing."""
    host, pool = made["ELDER"], made["STREAMS"]
    roof = campaigns.create_campaign(
        session,
        book=host,
        fund=fund_by_code(session, host.id, "ROOF"),
        slug="solar-roof",
        title="A solar roof for the dairy hall",
        summary="Power for the hall, the workshop and the cold store, from one shared roof.",
        story=(
            "The hall's roof faces south and has just been mended. With panels on it, three "
            "communities share the power: the workshop runs its lathe, Holm keeps its harvest "
            "cold, and the hall is warm in January.\n\n"
            "We need money for panels and cable, a projector for the planning evenings, and "
            "people who can wire and carry."
        ),
        mode=CampaignMode.KEEP_WHAT_YOU_RAISE,
        commodity=CURRENCY,
        opens_on=today - timedelta(days=120),
        deadline_on=today + timedelta(days=45),
        needs=[
            campaigns.Need(CURRENCY, "Panels and cable", 900_000, 1_400_000),
            campaigns.Need("EQP.PROJECTOR", "A projector", 1, 2),
            campaigns.Need("MIN.ELEC", "Electricians", 3_600, 4_800),
            campaigns.Need("MIN.GEN", "Hands on the day", 2_400, 6_000),
        ],
        now=now,
    )
    tools = campaigns.create_campaign(
        session,
        book=pool,
        fund=fund_by_code(session, pool.id, "JOINT"),
        slug="tool-library",
        title="A tool library on wheels",
        summary="One trailer of good tools that visits all three communities.",
        story=(
            "Ten drills in ten cellars are used ten minutes a year. A trailer that goes round "
            "serves everybody, and the pool keeps it in order."
        ),
        mode=CampaignMode.KEEP_WHAT_YOU_RAISE,
        commodity=CURRENCY,
        opens_on=today - timedelta(days=90),
        deadline_on=today + timedelta(days=75),
        needs=[
            campaigns.Need(CURRENCY, "Tools and tyres", 300_000, 450_000),
            campaigns.Need("EQP.TRAILER", "A trailer", 1, 1),
            campaigns.Need("EQP.DRILL", "Drills", 4, 8),
            campaigns.Need("MIN.CARP", "Carpenters for the fittings", 1_200, 1_800),
        ],
        now=now,
    )
    _all_or_nothing(session, host, today=today, now=now)
    return roof, tools


def _all_or_nothing(session: Session, host: Book, *, today: date, now: datetime) -> None:
    """Open a call that takes nothing unless everything it needs is promised."""
    fund = books.create_fund(
        session,
        book_id=host.id,
        fund=books.NewFund(
            code="KITCHEN", name="Heat pump in the kitchen", fund_class=FundClass.PURPOSE
        ),
        now=now,
    )
    campaigns.create_campaign(
        session,
        book=host,
        fund=fund,
        slug="warm-kitchen",
        title="A warm kitchen by spring",
        summary="A heat pump instead of the oil stove, or nothing: half a pump warms nobody.",
        story=(
            "The offer is good until spring. Cards are saved now and charged only if everything "
            "on this page is promised by the last day; otherwise nobody pays anything."
        ),
        mode=CampaignMode.ALL_OR_NOTHING,
        commodity=CURRENCY,
        opens_on=today - timedelta(days=14),
        deadline_on=today + timedelta(days=50),
        needs=[
            campaigns.Need(CURRENCY, "The pump and its pipes", 480_000, 560_000),
            campaigns.Need("MIN.ELEC", "Electricians for the connection", 960, 960),
        ],
        now=now,
    )
