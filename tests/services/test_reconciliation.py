"""A reconciliation statement: exact at every moment, signed by two, superseded by any change."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.core.reconciliation import Reconciliation
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.reconciliation import ReconciliationStatement
from ledger.models.statements import BankLine
from ledger.queries.accounting.periods import periods_of
from ledger.queries.books.books import fund_by_code
from ledger.queries.reconciliation.statements import (
    bank_of,
    holds,
    last_reconciled,
    reconcile,
    signed_statements,
    unreconciled,
)
from ledger.services.accounting.periods import propose_closing
from ledger.services.approvals.decisions import decide
from ledger.services.banking import match_actions, unmatching
from ledger.services.banking.cash import Counted, bank_cash, record_cash
from ledger.services.reconciliation.signed_statements import prepare_statement
from tests.conftest import NOW
from tests.factories import make_person
from tests.worlds.bank_hall import DAY, Hall

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def hall(session: Session) -> Hall:
    """A hall whose first bank line of 40.00 is a contribution."""
    hall = Hall(session)
    hall.statement.closing = 4000
    match(hall, hall.line(4000, "For the hall"))
    return hall


@pytest.fixture
def people(session: Session, hall: Hall) -> tuple[UUID, UUID]:
    """A treasurer and an approver."""
    return (
        make_person(session, "Tess Lee", hall.book, "treasurer").id,
        make_person(session, "Ann Dale", hall.book, "approver").id,
    )


def match(hall: Hall, line: BankLine) -> None:
    match_actions.apply(
        hall.session, line_id=line.id, meaning="gift", target="GEN", by=None, now=NOW
    )


def found(hall: Hall, until: date = DAY) -> Reconciliation:
    bank = bank_of(hall.session, book_id=hall.book.id, account=1010, commodity="USD")
    return reconcile(hall.session, book_id=hall.book.id, bank=bank, until=until)


def prepare(
    hall: Hall, people: tuple[UUID, UUID], reason: str = "", until: date = DAY
) -> ApprovalRequest:
    return prepare_statement(
        hall.session,
        book=hall.book,
        account=1010,
        commodity="USD",
        until=until,
        reason=reason,
        made_by=people[0],
        now=NOW,
    )


def sign(hall: Hall, request: ApprovalRequest, by: UUID) -> None:
    decide(hall.session, request_id=request.id, approve=True, decided_by=by, note="Seen", now=LATER)


def signed(hall: Hall) -> ReconciliationStatement:
    (row,) = signed_statements(hall.session, book_id=hall.book.id, account=1010, commodity="USD")
    return row


def close(hall: Hall, people: tuple[UUID, UUID], unreconciled: str = "") -> None:
    request = propose_closing(
        hall.session,
        book=hall.book,
        until=DAY,
        reason="All is there",
        made_by=people[0],
        now=NOW,
        unreconciled=unreconciled,
    )
    sign(hall, request, people[1])


def test_every_item_stands_on_its_side_and_the_sum_is_exact(hall: Hall) -> None:
    one = found(hall)
    assert (one.bank, one.books, one.unexplained) == (4000, 4000, 0)
    assert one.is_clean
    # A charge that nobody booked yet, and cash that the bank has not listed yet.
    hall.line(-600, "Charge")
    hall.statement.closing -= 600
    paid_in(hall, 25000)
    one = found(hall)
    assert [item.amount for item in one.bank_only] == [-600]
    assert [item.amount for item in one.books_only] == [25000]
    assert (one.bank, one.books, one.unexplained) == (3400, 29000, 0)
    assert not one.is_clean


def paid_in(hall: Hall, amount: int) -> None:
    """Count cash, and write by hand that it was banked."""
    fund = fund_by_code(hall.session, hall.book.id, "GEN")
    record_cash(
        hall.session,
        book=hall.book,
        counted=Counted(fund=fund, amount=amount, reference="c1", on=DAY),
        now=NOW,
        made_by=None,
    )
    bank_cash(
        hall.session,
        book=hall.book,
        counted=Counted(fund=fund, amount=amount, reference="d1", on=DAY),
        now=NOW,
        made_by=None,
    )


def test_an_undone_match_leaves_the_line_and_no_entry(
    hall: Hall, people: tuple[UUID, UUID]
) -> None:
    """Never from a cleared flag: the entry and its reversal are nothing together."""
    (line,) = hall.session.scalars(select(BankLine)).all()
    unmatching.undo_match(hall.session, line_id=line.id, reason="Wrong", by=people[0], now=NOW)
    one = found(hall)
    assert [item.amount for item in one.bank_only] == [4000]
    assert one.books_only == ()
    assert (one.books, one.unexplained) == (0, 0)


def test_the_day_before_a_line_does_not_have_it(hall: Hall) -> None:
    before = found(hall, DAY - timedelta(days=1))
    assert (before.bank, before.books, before.unexplained) == (0, 0, 0)
    assert not before.reaches


def test_what_the_books_had_before_the_first_statement_is_named(hall: Hall) -> None:
    hall.statement.opening, hall.statement.closing = 700, 4700
    one = found(hall)
    assert (one.bank, one.books, one.unexplained) == (4700, 4000, -700)
    assert (one.bank_before, one.books_before, one.differing) == (700, 0, 0)


def test_it_is_signed_by_another_person_and_kept(hall: Hall, people: tuple[UUID, UUID]) -> None:
    request = prepare(hall, people)
    with pytest.raises(NotAllowed):
        sign(hall, request, people[0])
    sign(hall, request, people[1])
    row = signed(hall)
    assert (row.prepared_by, row.signed_by) == people
    assert (row.bank, row.books, row.unexplained) == (4000, 4000, 0)
    assert row.document_sha256 == found(hall).sha256()
    assert holds(hall.session, row)
    assert last_reconciled(hall.session, book_id=hall.book.id) == {(1010, "USD"): DAY}


def test_any_change_up_to_its_day_supersedes_it_and_a_later_one_does_not(
    hall: Hall, people: tuple[UUID, UUID]
) -> None:
    sign(hall, prepare(hall, people), people[1])
    row = signed(hall)
    match(hall, hall.line(900, "Later", on=DAY + timedelta(days=3)))
    assert holds(hall.session, row)
    hall.line(900, "Same day")
    assert not holds(hall.session, row)


def test_what_changed_meanwhile_is_not_signed(hall: Hall, people: tuple[UUID, UUID]) -> None:
    request = prepare(hall, people)
    match(hall, hall.line(900, "Same day"))
    with pytest.raises(Conflict, match="changed since"):
        sign(hall, request, people[1])


def test_something_open_needs_a_reason(hall: Hall, people: tuple[UUID, UUID]) -> None:
    hall.line(-600, "Charge")
    with pytest.raises(Invalid, match="leaves something open"):
        prepare(hall, people)
    request = prepare(hall, people, "The charge is booked in April")
    sign(hall, request, people[1])
    assert signed(hall).reason == "The charge is booked in April"


def test_only_a_day_that_is_over_and_an_account_that_is_there(
    hall: Hall, people: tuple[UUID, UUID]
) -> None:
    with pytest.raises(Invalid, match="day that is over"):
        prepare(hall, people, until=NOW.date())
    with pytest.raises(NotFound):
        bank_of(hall.session, book_id=hall.book.id, account=1020, commodity="USD")


def test_a_period_closes_when_signed_or_when_two_say_why(
    hall: Hall, people: tuple[UUID, UUID]
) -> None:
    with pytest.raises(Conflict, match="1010 USD"):
        close(hall, people)
    assert len(unreconciled(hall.session, book_id=hall.book.id, until=DAY)) == 1
    # Before the first statement there is nothing to reconcile.
    earlier = DAY - timedelta(days=1)
    assert unreconciled(hall.session, book_id=hall.book.id, until=earlier) == []
    close(hall, people, "The bank sends it by post")
    (row,) = periods_of(hall.session, book_id=hall.book.id)
    assert row.unreconciled == "The bank sends it by post"


def test_a_signed_statement_is_enough(hall: Hall, people: tuple[UUID, UUID]) -> None:
    sign(hall, prepare(hall, people), people[1])
    close(hall, people)
    (row,) = periods_of(hall.session, book_id=hall.book.id)
    assert row.unreconciled == ""


def test_a_superseded_statement_is_not_enough(hall: Hall, people: tuple[UUID, UUID]) -> None:
    sign(hall, prepare(hall, people), people[1])
    match(hall, hall.line(900, "Same day"))
    with pytest.raises(Conflict, match="1010 USD"):
        close(hall, people)
