"""What passes with the days: discounts of years, promises nobody kept, and each of them once."""

from datetime import date, datetime, timedelta

from sqlalchemy import select

from ledger.db import Database, Session
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.models.pledges import Pledge
from ledger.queries.books.balances import balance_of
from ledger.services.campaigns.campaigns import Need
from ledger.services.pledges import receivables
from ledger.services.workflow.daily_jobs import keep_calendar
from tests.conftest import NOW
from tests.factories import (
    make_book,
    make_campaign,
    make_fund,
    make_party,
    make_person,
    make_pledge,
)
from tests.worlds.hamlet import decide

YEAR = timedelta(days=366)


def held(session: Session, book: Book, account: int) -> int:
    return balance_of(session, book_id=book.id, accounts=[account])["USD"]


def promise(session: Session, book: Book) -> None:
    """Three thousand dollars in three yearly parts, owed since today, at five percent."""
    treasurer = make_person(session, "Treasurer", book, "treasurer")
    approver = make_person(session, "Approver", book, "approver")
    receivables.propose_promise(
        session,
        party=make_party(session, "donor@example.org", "Donor"),
        book=book,
        fund=make_fund(session, book, "SOLAR", "purpose"),
        letter=receivables.Letter(
            schedule=[(date(NOW.year + years, NOW.month, NOW.day), 100_000) for years in (1, 2, 3)],
            basis_points=500,
            evidence="Signed letter",
        ),
        made_by=treasurer.id,
        now=NOW,
    )
    decide(session, session.scalars(select(ApprovalRequest.id)).one(), approver.id, now=NOW)


def test_a_discount_is_income_by_and_by_and_a_day_is_kept_once(db: Database) -> None:
    with db.transaction() as session:
        book = make_book(session)
        promise(session, book)
    left = []
    for instant in (NOW, NOW + YEAR, NOW + YEAR, NOW + 3 * YEAR):
        with db.transaction() as session:
            keep_calendar(session, book_id=book.id, now=instant)
            left.append(-held(session, book, 1215))
    # 2,723.25 today; five percent of it after a year; nothing left after the last.
    assert left == [27_675, 14_059, 14_059, 0]


def test_a_year_that_nobody_kept_is_made_up_for(db: Database) -> None:
    with db.transaction() as session:
        book = make_book(session)
        promise(session, book)
        keep_calendar(session, book_id=book.id, now=NOW + 2 * YEAR)
        # Two years at once: what is left is the discount of the third alone.
        assert -held(session, book, 1215) == 100_000 - 95_238


def test_a_promise_that_nobody_kept_lapses_after_the_days_of_the_policy(db: Database) -> None:
    with db.transaction() as session:
        book = make_book(session)
        fund = make_fund(session, book)
        campaign = make_campaign(session, book, fund, needs=(Need("USD", "Seeds", 10_000, 20_000),))
        pledge = make_pledge(session, campaign, make_party(session, "a@example.org", "Ada"))
        states = []
        for days in (90, 91):
            now: datetime = NOW + timedelta(days=days)
            keep_calendar(session, book_id=book.id, now=now)
            session.expire_all()
            states.append(session.get_one(Pledge, pledge.id).state)
        assert states == ["open", "lapsed"]
        assert held(session, book, 9110) == 0
        assert keep_calendar(session, book_id=book.id, now=now) is False
