"""Fill an empty database with the demo, once."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select

from ledger.db import Database, Session
from ledger.demo import people as cast
from ledger.demo.agreements import agree
from ledger.demo.history import Done, Given, Year
from ledger.demo.opening import call_for_help, let_people_in, open_books
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.services.equipment import assets
from ledger.services.pledges.offers import Line


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """Who can sign in: (role, name, e-mail); and whether the demo was filled just now."""

    sign_ins: tuple[tuple[str, str, str], ...]
    filled: bool


def fill(db: Database, *, today: date, seed: int = 1) -> DemoSummary:
    """Fill the demo unless there is a book already; the same for the same day and seed."""
    with db.snapshot() as session:
        known = session.scalar(select(Book.id).limit(1))
    if known is None:
        with db.transaction() as session:
            _tell(session, today, seed)
    return DemoSummary(cast.STAFF, known is None)


def _tell(session: Session, today: date, seed: int) -> None:
    start = today - timedelta(days=365)
    now = datetime.combine(start, time(9), UTC)
    books = open_books(session, start=start, now=now)
    people = let_people_in(session, books, start=start, now=now)
    roof, tools = call_for_help(session, books, today=today, now=now)
    year = Year(session, books, people, today=today, seed=seed)
    donors = year.donors()
    _everyday(year, donors)
    _campaigns(year, donors, roof, tools)
    _together(year)
    agree(year)


def _everyday(year: Year, donors: list[Party]) -> None:
    """Collections, bank fees, help and a laptop or two, month by month."""
    chance = year.chance
    for month in range(11, -1, -1):
        day = 30 * month + 8
        for row in cast.COMMUNITIES:
            year.collect(row.code, "GEN", chance.randrange(40, 260) * 100, day)
            year.charge(row.code, 600, day - 3)
            year.work(
                row.code,
                "GEN",
                chance.choice(donors[:-1]),
                Done(
                    chance.choice(cast.SKILLS)[0],
                    chance.randrange(4, 26) * 15,
                    chance.choice(("Open Saturday", "Repair evening", "Clearing the yard")),
                ),
                day - 2,
            )
    laptops = year.receive(
        "FERRY", "SHOP", Given("EQP.LAPTOP", 2, "Laptop for repair manuals", 82_000), 200
    )
    year.receive("HOLM", "STORE", Given("EQP.DRILL", 3, "Cordless drill", 21_000), 150)
    assets.lend(
        year.session,
        asset_id=laptops[0].id,
        borrower_id=year.books["HOLM"].id,
        purpose="Seed catalogue",
        lent_on=year.at(60).date(),
        due_on=(year.at(0) + timedelta(days=30)).date(),
        by=year.people["member"].id,
        now=year.at(60),
    )


def _campaigns(year: Year, donors: list[Party], roof: Campaign, tools: Campaign) -> None:
    """Baskets for the two campaigns, most of them made good."""
    chance = year.chance
    for number, donor in enumerate(donors[:-1]):
        day = 100 - 9 * number
        money = chance.randrange(15, 180) * 500
        skill = ("MIN.ELEC", "MIN.GEN")[number % 2]
        made = year.pledge(
            roof, donor, day, [Line("USD", money), Line(skill, chance.randrange(2, 7) * 60)]
        )
        for pledge in made:
            if pledge.commodity == "USD" and number % 4 != 3:
                year.give_by_hand(pledge, day - 5)
            elif pledge.commodity.startswith("MIN.") and number % 3 != 2:
                year.work(
                    "ELDER",
                    "ROOF",
                    donor,
                    Done(skill, pledge.quantity, "Rails and cable on the hall roof"),
                    day - 8,
                    pledge=pledge,
                )
    given = year.pledge(roof, donors[-1], 58, [Line("USD", 7_500)])
    year.give_by_hand(given[0], 52)
    owner = donors[3]
    trailer = year.pledge(tools, owner, 70, [Line("EQP.TRAILER", 1)])[0]
    year.receive(
        "STREAMS",
        "JOINT",
        Given("EQP.TRAILER", 1, "Box trailer, 750 kg", 145_000),
        62,
        pledge=trailer,
    )
    year.pledge(tools, donors[5], 40, [Line("EQP.DRILL", 2), Line("MIN.CARP", 480)])
    wiring = Done("MIN.ELEC", 195, "Inverter wiring")
    year.work("ELDER", "ROOF", donors[1], wiring, 3, confirm=False)


def _together(year: Year) -> None:
    """Contributions to the pool, a grant, an allocation; a request that still waits."""
    year.contribute("FERRY", 120_000, 210)
    year.contribute("HOLM", 80_000, 205)
    year.contribute("ELDER", 150_000, 200)
    year.grant("ELDER", "HOLM", "STORE", 45_000, 120)
    year.allocate(200_000, "Winter repairs in all three places", 45)
    year.receive(
        "ELDER",
        "GEN",
        Given("EQP.PROJECTOR", 1, "Short-throw projector", 38_000),
        6,
        approve=False,
    )
