"""A day begins and ends where the books are kept, not in Greenwich (domain case 33)."""

from datetime import UTC, date, datetime
from functools import partial

import pytest
from sqlalchemy import select

from ledger.db import Database, Session
from ledger.errors import Conflict, Invalid
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.models.journal import Entry
from ledger.models.payments import Cursor
from ledger.services.accounting import periods
from ledger.services.banking import cash as offline
from ledger.services.campaigns.campaigns import Need
from ledger.services.equipment import depreciation
from ledger.services.pledges import expiry
from ledger.services.pools import transfers
from ledger.services.volunteering import hours
from ledger.services.workflow.daily_jobs import books_to_keep
from ledger.stripe.checkout.daily_charges import keep_schedules
from reports import roll_forward
from tests.factories import (
    make_book,
    make_campaign,
    make_fund,
    make_party,
    make_person,
    make_pledge,
)
from tests.worlds.hamlet import decide

# Tuesday morning in Auckland, Monday in Greenwich.
EARLY = datetime(2026, 11, 30, 20, 0, tzinfo=UTC)
FIRST = date(2026, 12, 1)
# Monday evening in New York, Tuesday in Greenwich.
LATE = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
LAST = date(2026, 11, 30)


def book_in(session: Session, zone: str, code: str = "A") -> Book:
    book = make_book(session, code)
    book.time_zone = zone
    session.flush()
    return book


def test_work_of_this_morning_can_be_logged_where_it_is_tomorrow_already(db: Database) -> None:
    with db.transaction() as session:
        for code, zone in (("A", "Pacific/Auckland"), ("B", "America/New_York")):
            book = book_in(session, zone, code)
            fund, party = make_fund(session, book), make_party(session, f"{code}@b.org", "Ada")
            work = hours.Work("MIN.ELEC", 60, FIRST, "")
            log = partial(
                hours.log_hours, session, book=book, fund=fund, party=party, work=work, now=EARLY
            )
            count = partial(
                offline.record_cash,
                session,
                book=book,
                counted=offline.Counted(fund, 500, code, FIRST),
                made_by=None,
                now=EARLY,
            )
            if code == "A":
                log()
                count()
                continue
            with pytest.raises(Invalid, match="in the future"):
                log()
            with pytest.raises(Invalid, match="in the future"):
                count()


def test_what_is_approved_in_the_evening_is_of_that_day(db: Database) -> None:
    with db.transaction() as session:
        giver, taker = book_in(session, "America/New_York"), make_book(session, "B")
        own, theirs = make_fund(session, giver), make_fund(session, taker)
        treasurer = make_person(session, "Treasurer", giver, "treasurer")
        approver = make_person(session, "Approver", giver, "approver")
        offline.record_cash(
            session,
            book=giver,
            counted=offline.Counted(fund=own, amount=500, reference="1", on=LAST),
            now=LATE,
            made_by=None,
        )
        transfers.propose_grant(
            session,
            giver=giver,
            grant=transfers.Grant(
                giver_fund=own, receiver_fund=theirs, amount=100, reason="For seeds"
            ),
            receiver=taker,
            made_by=treasurer.id,
            now=LATE,
        )
        decide(session, session.scalars(select(ApprovalRequest.id)).one(), approver.id, now=LATE)
        assert set(session.scalars(select(Entry.accounting_on))) == {LAST}


def test_a_month_is_over_where_the_books_are_kept(db: Database) -> None:
    with db.transaction() as session:
        early = book_in(session, "Pacific/Auckland")
        late = book_in(session, "America/New_York", "B")
        for book, now in ((early, EARLY), (late, LATE)):
            treasurer = make_person(session, f"Treasurer {book.code}", book, "treasurer")
            soft_close = partial(
                periods.soft_close,
                session,
                book=book,
                until=LAST,
                reason="Done",
                made_by=treasurer.id,
                now=now,
            )
            book_wear = partial(
                depreciation.book_wear, session, book_id=book.id, month=LAST, by=None, now=now
            )
            if book is early:
                soft_close()
                book_wear()
                continue
            with pytest.raises(Invalid, match="You can close a period only after its last day"):
                soft_close()
            with pytest.raises(Conflict, match="not ended yet"):
                book_wear()


def test_a_pledge_of_the_evening_is_of_that_day_in_the_report_and_lapses_by_it(
    db: Database,
) -> None:
    with db.transaction() as session:
        book = book_in(session, "America/New_York")
        fund = make_fund(session, book)
        campaign = make_campaign(session, book, fund, needs=(Need("USD", "Seeds", 10_000, 20_000),))
        pledge = make_pledge(
            session, campaign, make_party(session, "a@example.org", "Ada"), now=LATE
        )
        (row,) = roll_forward.pledges(
            session, book_ids=[book.id], since=date(2026, 11, 1), until=LAST
        )
        assert (row.promised, row.closing) == (pledge.quantity, pledge.quantity)
        assert not expiry.overdue(session, book=book, on=date(2027, 2, 28))
        assert expiry.overdue(session, book=book, on=date(2027, 3, 1)) == [pledge]


def test_each_book_keeps_its_day_by_its_own_clock_and_alone(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.transaction() as session:
        early = book_in(session, "Pacific/Auckland")
        late = book_in(session, "America/New_York", "B")
    real = expiry.lapse_overdue

    def refuse_first(session: Session, *, book: Book, on: date, now: datetime) -> list[str]:
        if book.id == early.id:
            raise Invalid("Something is wrong in this book.")
        return real(session, book=book, on=on, now=now)

    monkeypatch.setattr(expiry, "lapse_overdue", refuse_first)
    keep_schedules(db, None, now=EARLY)
    with db.snapshot() as reading:
        assert books_to_keep(reading, now=EARLY) == [early.id]
    monkeypatch.setattr(expiry, "lapse_overdue", real)
    keep_schedules(db, None, now=EARLY)
    with db.snapshot() as reading:
        assert books_to_keep(reading, now=EARLY) == []
        # Midnight of New York comes nine hours later; Auckland's day goes on.
        assert books_to_keep(reading, now=datetime(2026, 12, 1, 6, 0, tzinfo=UTC)) == [late.id]
        assert len(list(reading.scalars(select(Cursor)))) == 2
