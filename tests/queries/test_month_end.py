"""The month-end list and the outlook: every state is read from the books, and turns with them."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from ledger.core.entry import Entry, Posting
from ledger.db import Session
from ledger.models.jobs import CheckRun
from ledger.models.pledges import PledgeLine
from ledger.queries.books.books import fund_by_code
from ledger.queries.workflow.month_end import MonthStep, StepState, last_day, month_steps
from ledger.queries.workflow.outlook import outlook
from ledger.services.approvals.decisions import decide
from ledger.services.banking import match_actions
from ledger.services.banking.cash import Counted, record_cash
from ledger.services.books import journal
from ledger.services.reconciliation.signed_statements import prepare_statement
from tests.conftest import NOW
from tests.factories import make_person
from tests.services.test_periods import close
from tests.worlds.bank_hall import DAY, Hall

MONTH = DAY.replace(day=1)
END = last_day(MONTH)


@pytest.fixture
def hall(session: Session) -> Hall:
    """A hall whose statement covers the month."""
    hall = Hall(session)
    hall.statement.opens_on, hall.statement.closes_on = MONTH, END
    session.flush()
    return hall


def steps(hall: Hall) -> dict[str, MonthStep]:
    found = month_steps(hall.session, book=hall.book, month=MONTH)
    return {step.name: step for step in found}


def states(hall: Hall) -> dict[str, StepState]:
    return {name: step.state for name, step in steps(hall).items()}


@pytest.mark.parametrize(
    ("month", "end"),
    [
        (date(2026, 2, 1), date(2026, 2, 28)),
        (date(2024, 2, 1), date(2024, 2, 29)),
        (date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_the_last_day_of_a_month(month: date, end: date) -> None:
    assert last_day(month) == end


def test_a_month_comes_to_its_end_step_by_step(hall: Hall) -> None:
    session, book = hall.session, hall.book
    line = hall.line(4000, "For the hall")
    assert steps(hall)["lines"] == MonthStep("lines", StepState.OPEN, 1)
    match_actions.apply(session, line_id=line.id, meaning="gift", target="GEN", by=None, now=NOW)
    hall.statement.closing = 4000
    session.add(CheckRun(day=DAY, checked_at=NOW, rules=70, failed_rules="I-01", duration_ms=1))
    session.flush()
    left = {name for name, state in states(hall).items() if state is not StepState.DONE}
    assert left == {"check", "reconciliation", "closed"}
    session.get_one(CheckRun, DAY).failed_rules = ""
    people = [
        make_person(session, "Tess Lee", book, "treasurer"),
        make_person(session, "Ann Dale", book, "approver"),
    ]
    request = prepare_statement(
        session,
        book=book,
        account=1010,
        commodity="USD",
        until=END,
        reason="",
        made_by=people[0].id,
        now=NOW,
    )
    decide(session, request_id=request.id, approve=True, decided_by=people[1].id, note="", now=NOW)
    assert states(hall)["reconciliation"] is StepState.DONE
    close(session, book, people, until=END)
    assert set(states(hall).values()) == {StepState.DONE}


def test_statements_that_do_not_reach_the_end_are_missing(hall: Hall) -> None:
    hall.statement.closes_on = END - timedelta(days=2)
    hall.session.flush()
    step = steps(hall)["statements"]
    assert (step.state, step.amounts) == (StepState.OPEN, (("1010", 0, "USD"),))


def test_a_month_before_the_first_statement_is_for_a_person_to_look_at(hall: Hall) -> None:
    """Neither statements nor a signature are there, so neither step is done."""
    legs = (Posting(1010, "GEN", "USD", 500), Posting(4010, "GEN", "USD", -500))
    journal.post(
        hall.session,
        [Entry(hall.book.code, legs)],
        event_type="gift",
        source="test",
        external_ref="before",
        accounting_on=DAY,
        now=NOW,
    )
    hall.statement.opens_on = hall.statement.closes_on = END + timedelta(days=1)
    hall.session.flush()
    found = states(hall)
    assert found["statements"] is StepState.LOOK
    assert found["reconciliation"] is StepState.LOOK


def test_cash_in_the_box_is_for_a_person_to_look_at(hall: Hall) -> None:
    assert states(hall)["cash"] is StepState.DONE
    fund = fund_by_code(hall.session, hall.book.id, "GEN")
    record_cash(
        hall.session,
        book=hall.book,
        counted=Counted(fund, 1234, "tin", DAY),
        now=NOW,
        made_by=None,
    )
    step = steps(hall)["cash"]
    assert (step.state, step.amounts) == (StepState.LOOK, (("1030", 1234, "USD"),))


def test_before_the_first_check_nothing_is_green(hall: Hall) -> None:
    assert states(hall)["check"] is StepState.OPEN


def test_the_outlook_counts_what_is_due_and_leaves_out_what_has_come(hall: Hall) -> None:
    session, pledge = hall.session, hall.pledge
    for part in session.scalars(select(PledgeLine).where(PledgeLine.pledge_id == pledge.id)):
        session.delete(part)
    session.flush()
    today = date(2026, 11, 2)
    for number, (day, amount) in enumerate(
        ((date(2026, 10, 1), 2000), (date(2026, 11, 20), 1500), (date(2027, 1, 1), 2500))
    ):
        session.add(PledgeLine(pledge_id=pledge.id, n=number, due_on=day, quantity=amount))
    session.flush()
    until = today + timedelta(days=30)
    found = outlook(session, book=hall.book, today=today, until=until)
    assert (found.overdue_total, found.coming_total, found.going_total) == (2000, 1500, 0)
    assert found.then == found.now + 1500
    line = hall.line(2500, "part")
    match_actions.apply(
        session, line_id=line.id, meaning="pledge", target=pledge.reference, by=None, now=NOW
    )
    found = outlook(session, book=hall.book, today=today, until=until)
    # What came fills the oldest instalment first.
    assert (found.overdue, found.coming_total, found.now) == ((), 1000, 2500)
