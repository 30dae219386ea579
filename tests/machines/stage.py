"""Where a machine plays: the worked books in one transaction that is never committed.

Each deed runs in a savepoint, so that what is refused leaves nothing; all of it is rolled back at
the end. The clock moves on with every deed, and by days when the machine says so.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from ledger.db import Database, Session
from ledger.errors import PoolbookError
from ledger.models.books import Book, Fund
from ledger.models.journal import Posting
from ledger.services.approvals import decisions
from ledger.services.campaigns.campaigns import Need, create_campaign
from ledger.services.people.people import create_person
from ledger.services.volunteering.hours import set_rate
from tests.agreement import NewAgreement
from tests.machines.model import Model, Refused
from tests.worlds.worked_events import DAY, START, World

CAMPAIGNS = {"A.SOLAR": "keep", "B.ROOF": "all", "P.JOINT": "keep", "P.JOINT!": "all"}
RATES = {"MIN.ELEC": (4801, True), "MIN.GEN": (3187, False)}
NEEDS = ("USD", "EQP.LAPTOP", "MIN.ELEC")


class Stage(World):
    """The worked books, with a session for one sequence of deeds."""

    def __init__(self, db: Database, every: int = 0) -> None:
        """Of so many sequences as ``every`` says one ends with all that is shown; zero: none."""
        super().__init__()
        self.every = every
        self.db = db
        self.campaigns: dict[str, UUID] = {}
        self.funds: dict[str, UUID] = {}
        self.session: Session
        self.agreement = NewAgreement(db)
        self.ended = 0

    def set(self) -> None:
        """Make what every sequence starts from, once."""
        with self.db.transaction() as session:
            self.build(session)
            for number, (place, mode) in enumerate(CAMPAIGNS.items()):
                book, fund = place.rstrip("!").split(".")
                self.campaigns[place] = create_campaign(
                    session,
                    book=self.book(session, book),
                    fund=self.fund(session, book, fund),
                    slug=f"machine-{number}",
                    title=place,
                    summary="",
                    story="",
                    commodity="USD",
                    mode="all_or_nothing" if mode == "all" else "keep_what_you_raise",
                    opens_on=DAY,
                    deadline_on=date(2100, 1, 1) if mode == "all" else None,
                    needs=[Need(unit, unit, 1, 10) for unit in NEEDS],
                    now=START,
                ).id
            for book in ("A", "B", "C"):
                for skill, (rate, specialised) in RATES.items():
                    set_rate(
                        session,
                        book=self.book(session, book),
                        commodity=skill,
                        currency="USD",
                        rate_per_hour=rate,
                        specialised=specialised,
                        source="table",
                        valid_from_on=date(2020, 1, 1),
                    )
            # The giver signs in to see what was given.
            self.party(session).person_id = create_person(
                session, email="dora.donor@example.org", name="Dora Donor", now=START
            ).id
            self.start_minutes = self.minutes

    def open(self) -> None:
        """Begin a sequence."""
        self.minutes = self.start_minutes
        self.bank.clear()
        self.session = Session(self.db.engine, expire_on_commit=False)
        self.session.connection()

    def close(self) -> None:
        """Forget the sequence."""
        self.session.rollback()
        self.session.close()

    def asks_around(self) -> bool:
        """Tell whether this sequence ends by comparing pages, API, command and report; only some
        do, for it takes as long as the sequence."""
        self.ended += 1
        return self.every > 0 and self.ended % self.every == 0

    @property
    def today(self) -> date:
        """The day it is."""
        return (START + timedelta(minutes=self.minutes)).date()

    def at(self, place: str) -> Fund:
        """Return a fund by its place, like ``A.SOLAR``."""
        return self.fund(self.session, *place.split("."))

    def of(self, place: str) -> Book:
        """Return the book of a place."""
        return self.book(self.session, place.split(".")[0])

    def get(self, table: Any, key: Any) -> Any:
        """Return a row that a deed made earlier."""
        return self.session.get_one(table, key)

    @property
    def common(self) -> dict[str, Any]:
        """What nearly every deed asks for."""
        now: datetime = self.now
        return {"by": self.people["maker"], "on": now.date(), "now": now}

    def asks(self) -> dict[str, Any]:
        """What every proposal asks for."""
        return {"reason": "Because", "made_by": self.people["maker"], "now": self.now}

    def verdict(self, request_id: UUID, says_yes: bool) -> None:
        """Have the checker say yes or no."""
        decisions.decide(
            self.session,
            request_id=request_id,
            approve=says_yes,
            decided_by=self.people["checker"],
            note="",
            now=self.now,
        )

    def play(self, expected: Callable[[], Any], deed: Callable[[], Any]) -> tuple[Any, Any]:
        """Do the same deed in the model and in the books; both do it, or both refuse it."""
        try:
            wanted, refused = expected(), False
        except Refused:
            wanted, refused = None, True
        savepoint = self.session.begin_nested()
        try:
            made = deed()
            self.session.flush()
        except PoolbookError as error:
            savepoint.rollback()
            self.session.expunge_all()
            if not refused:
                raise AssertionError("the books refuse what the model does") from error
            return None, None
        assert not refused, "the books do what the model refuses"
        savepoint.commit()
        self.session.expunge_all()
        return wanted, made

    def compare(self, model: Model) -> None:
        """Compare every sum of the books with the model's."""
        other = aliased(Book)
        rows = self.session.execute(
            select(
                Book.code,
                Fund.code,
                Posting.account,
                Posting.commodity,
                func.coalesce(other.code, ""),
                func.sum(Posting.quantity),
            )
            .join(Book, Book.id == Posting.book_id)
            .join(Fund, Fund.id == Posting.fund_id)
            .outerjoin(other, other.id == Posting.counterparty_id)
            .group_by(Book.code, Fund.code, Posting.account, Posting.commodity, other.code)
        )
        books: dict[tuple[Any, ...], int] = {tuple(row[:5]): int(row[5]) for row in rows if row[5]}
        expected: dict[tuple[Any, ...], int] = {
            key: quantity for key, quantity in model.sums.items() if quantity
        }
        unlike = {
            key: (books.get(key, 0), expected.get(key, 0))
            for key in books.keys() | expected.keys()
            if books.get(key, 0) != expected.get(key, 0)
        }
        assert unlike == {}, f"(books, model): {unlike}"
