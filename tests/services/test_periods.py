"""Closed books stay as they were signed; what comes late is dated on the first open day."""

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.exc import DBAPIError

from ledger.core.entry import Entry, Posting
from ledger.db import Database, Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.models.books import Book
from ledger.models.journal import Entry as EntryRow
from ledger.models.people import Person
from ledger.models.periods import Period, SoftClose
from ledger.queries.accounting.periods import (
    closed_until,
    first_drift,
    late_corrections,
    periods_of,
    soft_closes_of,
)
from ledger.queries.approvals.requests import requests_for
from ledger.queries.books.balances import trial_balance
from ledger.queries.people.people import outbox
from ledger.services.accounting.periods import (
    close_period,
    lift_soft_close,
    propose_closing,
    propose_reopening,
    reopen_period,
    soft_close,
)
from ledger.services.approvals.decisions import decide
from ledger.services.books import journal
from ledger.services.importing.bulk import import_entries
from ledger.services.volunteering.hours import Work, log_hours
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_party, make_person
from tests.queries.damage import unguard

OCTOBER = date(2026, 10, 31)
NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def book(session: Session) -> Book:
    found = make_book(session)
    make_fund(session, found)
    return found


@pytest.fixture
def people(session: Session, book: Book) -> list[Person]:
    return [make_person(session, name, book, "approver") for name in ("Ann Lee", "Bo Dale")]


def gift(
    session: Session, on: date, reference: str, amount: int = 500, approved_by: UUID | None = None
) -> UUID:
    legs = (Posting(1010, "GEN", "USD", amount), Posting(4010, "GEN", "USD", -amount))
    posted = journal.post(
        session,
        [Entry("A", legs)],
        event_type="gift",
        source="test",
        external_ref=reference,
        accounting_on=on,
        made_by=journal.Approved(None, by=approved_by),
        now=NOW,
    )
    return posted.ids[0]


def close(
    session: Session,
    book: Book,
    people: list[Person],
    until: date = OCTOBER,
    now: datetime = NOW,
) -> Period:
    return close_period(
        session,
        book_id=book.id,
        until=until,
        closed_by=people[0].id,
        approved_by=people[1].id,
        now=now,
    )


def test_a_late_event_is_dated_on_the_first_open_day(
    session: Session, book: Book, people: list[Person]
) -> None:
    gift(session, OCTOBER, "early")
    row = close(session, book, people)
    late = gift(session, date(2026, 10, 5), "late")
    assert session.get_one(EntryRow, (book.id, late)).accounting_on == NOVEMBER
    assert gift(session, date(2026, 10, 5), "late") == late
    assert closed_until(session, [book.id]) == {book.id: OCTOBER}
    assert first_drift(session) == (1, None)
    assert '"USD",500]' in row.snapshot
    assert row.log_size > 0


def test_a_reversal_of_a_closed_entry_is_dated_in_the_open_period(
    session: Session, book: Book, people: list[Person]
) -> None:
    wrong = gift(session, OCTOBER, "wrong")
    close(session, book, people)
    posted = journal.reverse(
        session, book_id=book.id, entry_id=wrong, accounting_on=OCTOBER, now=NOW
    )
    assert session.get_one(EntryRow, (book.id, posted.ids[0])).accounting_on == NOVEMBER
    (late,) = late_corrections(session, book_id=book.id)
    assert (late.reverses, late.reversed_on, late.accounting_on) == (wrong, OCTOBER, NOVEMBER)
    before = trial_balance(session, book_id=book.id, as_of=OCTOBER)
    assert [row.quantity for row in before] == [500, -500]
    assert trial_balance(session, book_id=book.id) == []


def test_an_import_into_a_closed_period_is_refused_by_line(
    session: Session, book: Book, people: list[Person]
) -> None:
    close(session, book, people)
    line = (
        b'{"book":"A","accounting_date":"2026-10-31","event_type":"x","external_ref":"1",'
        b'"postings":[{"account":1010,"fund":"GEN","commodity":"USD","quantity":5},'
        b'{"account":4010,"fund":"GEN","commodity":"USD","quantity":-5}]}'
    )
    with pytest.raises((Invalid, Conflict), match="closed up to Oct 31, 2026"):
        import_entries(session, lines=[line], book=None, now=NOW)


def test_the_database_itself_keeps_entries_out_of_closed_periods(db: Database) -> None:
    with db.transaction() as session:
        book = make_book(session)
        make_fund(session, book)
        people = [make_person(session, name, book, "approver") for name in ("Ann Lee", "Bo Dale")]
        gift(session, OCTOBER, "1")
        close(session, book, people)
    statements = (
        "insert into posting (book_id, entry_id, line, account, fund_id, commodity, quantity,"
        " accounting_on) select book_id, :new, line, account, fund_id, commodity, quantity,"
        " accounting_on from posting",
        "insert into entry (book_id, id, accounting_on, recorded_at, event_type, source,"
        " external_ref) select book_id, :new, accounting_on, recorded_at, event_type, source, 'y'"
        " from entry",
    )
    new = {"new": "01a20b42f0747672" + "91a8ed64fb324eff"}
    with db.engine.begin() as connection:
        connection.execute(text(statements[0]), new)
        with pytest.raises(DBAPIError, match="closed"):
            connection.execute(text(statements[1]), new)
        connection.rollback()
    with db.engine.connect() as connection:
        transaction = connection.begin()
        unguard(connection)
        for statement in statements:
            connection.execute(text(statement), new)
        transaction.rollback()


def test_what_waits_keeps_a_period_open(session: Session, book: Book, people: list[Person]) -> None:
    log_hours(
        session,
        book=book,
        fund=make_fund(session, book, "ROOF", "purpose"),
        party=make_party(session),
        work=Work(commodity="MIN.GEN", minutes=60, worked_on=OCTOBER, description="Digging"),
        logged_by=people[0].id,
        now=NOW,
    )
    with pytest.raises(Conflict, match="1 hours are not confirmed"):
        close(session, book, people)
    assert close(session, book, people, until=OCTOBER - timedelta(days=1)).state == "closed"


def test_only_a_day_that_is_over_and_open_can_be_closed(
    session: Session, book: Book, people: list[Person]
) -> None:
    with pytest.raises(Invalid, match="You can close a period only after its last day"):
        close(session, book, people, until=NOW.date())
    close(session, book, people)
    with pytest.raises(Invalid, match="The books are already closed up to Oct 31, 2026"):
        close(session, book, people, until=OCTOBER)


def test_two_people_close_and_three_reopen_and_the_snapshot_stays(
    session: Session, book: Book, people: list[Person]
) -> None:
    gift(session, OCTOBER, "1")
    ann, bo = people
    cy = make_person(session, "Cy Moor", book, "approver")
    make_person(session, "Eve Audit", book, "auditor")
    asked = propose_closing(
        session, book=book, until=OCTOBER, reason="All agrees", made_by=ann.id, now=NOW
    )
    with pytest.raises(NotAllowed):
        decide(session, request_id=asked.id, approve=True, decided_by=ann.id, note="", now=NOW)
    decide(session, request_id=asked.id, approve=True, decided_by=bo.id, note="", now=NOW)
    (row,) = periods_of(session, book_id=book.id)
    assert (row.state, row.closed_by, row.approved_by) == ("closed", "Ann Lee", "Bo Dale")
    again = propose_reopening(
        session, book=book, period_id=row.id, reason="A bill was missed", made_by=bo.id, now=NOW
    )
    decide(session, request_id=again.id, approve=True, decided_by=ann.id, note="", now=NOW)
    (still,) = periods_of(session, book_id=book.id)
    assert (still.state, again.state) == ("closed", "open")
    with pytest.raises(NotAllowed, match="you have already"):
        decide(session, request_id=again.id, approve=True, decided_by=ann.id, note="", now=NOW)
    with pytest.raises(NotAllowed):
        decide(session, request_id=again.id, approve=True, decided_by=bo.id, note="", now=NOW)
    (waiting,) = requests_for(session, book_ids=[book.id], is_open=True)
    assert waiting.agreed == ("Ann Lee",)
    decide(session, request_id=again.id, approve=True, decided_by=cy.id, note="", now=NOW)
    assert [mail.to_email for mail in outbox(session)] == ["eve.audit@example.org"]
    (opened,) = periods_of(session, book_id=book.id)
    assert (opened.state, opened.reason) == ("reopened", "A bill was missed")
    assert opened.snapshot_sha256 == row.snapshot_sha256
    late = gift(session, date(2026, 10, 5), "2")
    assert session.get_one(EntryRow, (book.id, late)).accounting_on == date(2026, 10, 5)
    second = close(session, book, people, now=NOW + timedelta(hours=1))
    assert second.snapshot_sha256 != row.snapshot_sha256
    with pytest.raises(Conflict, match="This period is already open"):
        reopen_period(
            session,
            book_id=book.id,
            period_id=row.id,
            reason="x",
            reopened_by=ann.id,
            approved_by=bo.id,
            now=NOW,
        )


def test_an_earlier_period_stays_closed_while_a_later_one_is(
    session: Session, book: Book, people: list[Person]
) -> None:
    september = date(2026, 9, 30)
    first = close(session, book, people, until=september)
    second = close(session, book, people, now=NOW + timedelta(hours=1))

    def reopen(row: Period) -> Period:
        propose_reopening(
            session,
            book=book,
            period_id=row.id,
            reason="A bill was missed",
            made_by=people[0].id,
            now=NOW,
        )
        return reopen_period(
            session,
            book_id=book.id,
            period_id=row.id,
            reason="A bill was missed",
            reopened_by=people[0].id,
            approved_by=people[1].id,
            now=NOW,
        )

    with pytest.raises(Conflict, match="A later period is closed"):
        reopen(first)
    with pytest.raises(Conflict, match="A later period is closed"):
        reopen_period(
            session,
            book_id=book.id,
            period_id=first.id,
            reason="x",
            reopened_by=people[0].id,
            approved_by=people[1].id,
            now=NOW,
        )
    assert closed_until(session, [book.id]) == {book.id: OCTOBER}
    reopen(second)
    assert closed_until(session, [book.id]) == {book.id: september}
    reopen(first)
    assert closed_until(session, [book.id]) == {}


def test_a_soft_close_of_another_book_is_not_found(
    session: Session, book: Book, people: list[Person]
) -> None:
    row = softly(session, book, people)
    other = make_book(session, "B")
    with pytest.raises(NotFound, match="no such soft close"):
        lift_soft_close(
            session, book_id=other.id, soft_close_id=row.id, lifted_by=people[0].id, now=NOW
        )
    assert [found.until_on for found in soft_closes_of(session, book_id=book.id)] == [OCTOBER]


def test_a_period_of_another_book_is_not_found(
    session: Session, book: Book, people: list[Person]
) -> None:
    row = close(session, book, people)
    other = make_book(session, "B")
    with pytest.raises(NotFound, match="no such period"):
        propose_reopening(
            session, book=other, period_id=row.id, reason="x", made_by=people[0].id, now=NOW
        )


def softly(
    session: Session,
    book: Book,
    people: list[Person],
    until: date = OCTOBER,
    reason: str = "The month is being checked",
) -> SoftClose:
    return soft_close(session, book=book, until=until, reason=reason, made_by=people[0].id, now=NOW)


def test_a_soft_close_lets_in_only_what_an_approver_agreed_to(
    session: Session, book: Book, people: list[Person]
) -> None:
    row = softly(session, book, people)
    alone = gift(session, date(2026, 10, 5), "alone")
    assert session.get_one(EntryRow, (book.id, alone)).accounting_on == NOVEMBER
    agreed = gift(session, date(2026, 10, 5), "agreed", approved_by=people[1].id)
    assert session.get_one(EntryRow, (book.id, agreed)).accounting_on == date(2026, 10, 5)
    assert trial_balance(session, book_id=book.id, as_of=OCTOBER)[0].quantity == 500
    lift_soft_close(session, book_id=book.id, soft_close_id=row.id, lifted_by=people[0].id, now=NOW)
    later = gift(session, date(2026, 10, 6), "later")
    assert session.get_one(EntryRow, (book.id, later)).accounting_on == date(2026, 10, 6)
    with pytest.raises(Conflict, match="This soft close has already been lifted"):
        lift_soft_close(
            session, book_id=book.id, soft_close_id=row.id, lifted_by=people[0].id, now=NOW
        )


def test_an_import_into_a_softly_closed_period_is_refused(
    session: Session, book: Book, people: list[Person]
) -> None:
    softly(session, book, people)
    line = (
        b'{"book":"A","accounting_date":"2026-10-31","event_type":"x","external_ref":"1",'
        b'"postings":[{"account":1010,"fund":"GEN","commodity":"USD","quantity":5},'
        b'{"account":4010,"fund":"GEN","commodity":"USD","quantity":-5}]}'
    )
    with pytest.raises((Invalid, Conflict), match="closed up to Oct 31, 2026"):
        import_entries(session, lines=[line], book=None, now=NOW)


def test_a_soft_close_needs_a_reason_and_an_open_day_and_ends_with_the_close(
    session: Session, book: Book, people: list[Person]
) -> None:
    for until, reason in ((NOW.date(), "x"), (OCTOBER, " ")):
        with pytest.raises(Invalid):
            softly(session, book, people, until, reason)
    softly(session, book, people)
    with pytest.raises(Invalid, match="The books already have a soft close up to Oct 31, 2026"):
        softly(session, book, people)
    assert [row.until_on for row in soft_closes_of(session, book_id=book.id)] == [OCTOBER]
    close(session, book, people)
    assert soft_closes_of(session, book_id=book.id) == []


def test_the_database_itself_minds_soft_closes(db: Database) -> None:
    with db.transaction() as session:
        book = make_book(session)
        make_fund(session, book)
        people = [make_person(session, name, book, "approver") for name in ("Ann Lee", "Bo Dale")]
        gift(session, OCTOBER, "1")
        softly(session, book, people)
        approver = people[1].id
    legs = text(
        "insert into posting (book_id, entry_id, line, account, fund_id, commodity, quantity,"
        " accounting_on) select book_id, :new, line, account, fund_id, commodity, quantity,"
        " accounting_on from posting"
    )
    head = text(
        "insert into entry (book_id, id, accounting_on, recorded_at, event_type, source,"
        " external_ref, approved_by) select book_id, :new, accounting_on, recorded_at,"
        " event_type, source, 'y', :who from entry"
    ).bindparams(bindparam("who", type_=Uuid()))
    new = {"new": "01a20b42f0747672" + "91a8ed64fb324eff"}
    for who in (None, approver):
        with db.engine.connect() as connection:
            connection.execute(legs, new)
            if who is None:
                with pytest.raises(DBAPIError, match="softly closed"):
                    connection.execute(head, {**new, "who": None})
            else:
                connection.execute(head, {**new, "who": who})
            connection.rollback()
