"""A bank file that should not have come is taken back: what only it has goes, the rest stays."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from ledger.bank_files import Line, Statement, StatementFile
from ledger.core.accounts import Acct
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book
from ledger.models.journal import Entry
from ledger.models.people import Person
from ledger.models.statements import BankLine, BankStatement, LineState
from ledger.queries.banking.statements import agreement
from ledger.queries.books.balances import balance_of
from ledger.queries.invariants import check
from ledger.services.banking.matching import match_charge, match_gift
from ledger.services.statements.statements import Imported, import_statement, preview_statement
from ledger.services.undoing.imports import plan_import, undo_import
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person

START = date(2026, 3, 1)
# The first file's days, and those that a second one has as well.
DAYS = 40
SHARED = range(29, 41)


@pytest.fixture
def book(session: Session) -> Book:
    made = make_book(session)
    make_fund(session, made)
    return made


@pytest.fixture
def treasurer(session: Session, book: Book) -> Person:
    return make_person(session, "Tess Treasurer", book, "treasurer")


def line(day: int, amount: int = 0) -> Line:
    on = START + timedelta(days=day - 1)
    return Line(1, amount or 100 + day, on, on, None, f"E{day}", None, None, f"Note {day}", None)


def file_of(name: str, opening: int, lines: Sequence[Line]) -> StatementFile:
    told = tuple(replace(item, position=n) for n, item in enumerate(lines, start=1))
    one = Statement(
        statement_id=name,
        account="X1",
        currency="USD",
        opening=opening,
        closing=opening + sum(item.amount for item in told),
        opens_on=min(item.booked_on for item in told),
        closes_on=max(item.booked_on for item in told),
        lines=told,
    )
    return StatementFile("test", (one,), name.ljust(64, "0"))


FIRST = file_of("first", 1_000, [line(day) for day in range(1, DAYS + 1)])
BEFORE = 1_000 + sum(100 + day for day in range(1, 29))
SECOND = file_of("second", BEFORE, [line(day) for day in [*SHARED, 41, 42]])


def keep(session: Session, book: Book, file: StatementFile) -> Imported:
    return import_statement(session, book=book, account=1010, file=file, imported_by=None, now=NOW)


def statement(session: Session, name: str) -> BankStatement:
    return session.scalars(
        select(BankStatement).where(
            BankStatement.statement_ref == name, BankStatement.withdrawn_at.is_(None)
        )
    ).one()


def lines_in(session: Session, state: LineState) -> list[BankLine]:
    found = select(BankLine).where(BankLine.state == state)
    return list(session.scalars(found.order_by(BankLine.booked_on)))


def undo(session: Session, book: Book, name: str, who: Person, reason: str = "Wrong file") -> None:
    undo_import(
        session,
        book_id=book.id,
        statement_id=statement(session, name).id,
        reason=reason,
        by=who.id,
        now=NOW,
    )


def broken(session: Session) -> list[str]:
    return [row.id for row in check(session) if not row.ok]


def bank(session: Session, book: Book) -> int:
    return balance_of(session, book_id=book.id, accounts=[Acct.BANK])["USD"]


def test_lines_of_no_other_file_go_and_the_file_may_come_again(
    session: Session, book: Book, treasurer: Person
) -> None:
    assert (keep(session, book, FIRST).new, keep(session, book, SECOND).new) == (40, 2)
    for number in (0, 1, 2, 30):
        match_gift(
            session,
            line_id=lines_in(session, LineState.OPEN)[0 if number < 3 else -1].id,
            fund="GEN",
            by=treasurer.id,
            now=NOW,
        )
    booked = bank(session, book)
    plan = plan_import(session, book_id=book.id, statement_id=statement(session, "first").id)
    assert (len(plan.withdrawn), len(plan.staying), len(plan.matches)) == (28, 12, 3)
    undo(session, book, "first", treasurer)
    session.flush()
    reversed_ones = session.scalars(select(Entry).where(Entry.reverses.is_not(None))).all()
    assert len(reversed_ones) == 3
    assert bank(session, book) == booked - (101 + 102 + 103)
    assert len(lines_in(session, LineState.WITHDRAWN)) == 28
    stay = lines_in(session, LineState.OPEN) + lines_in(session, LineState.MATCHED)
    assert {one.statement_id for one in stay} == {statement(session, "second").id}
    assert len(stay) == 14
    assert broken(session) == []
    again = keep(session, book, FIRST)
    assert (again.new, again.duplicates) == (28, 12)
    assert len(lines_in(session, LineState.OPEN)) == 28 + 13
    assert broken(session) == []
    with_bank = agreement(session, book_id=book.id)
    assert with_bank is not None
    assert with_bank.unexplained == 1_000


def test_a_file_whose_lines_stand_in_another_leaves_that_one_whole(
    session: Session, book: Book, treasurer: Person
) -> None:
    keep(session, book, FIRST)
    keep(session, book, SECOND)
    undo(session, book, "second", treasurer)
    assert [one.booked_on.day for one in lines_in(session, LineState.WITHDRAWN)] == [10, 11]
    assert len(lines_in(session, LineState.OPEN)) == 40
    assert broken(session) == []
    assert keep(session, book, SECOND).new == 2
    assert broken(session) == []


def test_equal_lines_of_overlapping_files_count_as_often_as_the_fuller_file_has_them(
    session: Session, book: Book, treasurer: Person
) -> None:
    """Two lines of +10.00 on a day, then a file with three of them: three, whichever is undone."""
    two = file_of("two", 0, [line(1), line(10, 1_000), line(10, 1_000)])
    three = file_of("three", 101, [line(10, 1_000)] * 3 + [line(30)])
    keep(session, book, two)
    keep(session, book, three)
    tens = [one for one in lines_in(session, LineState.OPEN) if one.amount == 1_000]
    assert len(tens) == 3
    undo(session, book, "two", treasurer)
    tens = [one for one in lines_in(session, LineState.OPEN) if one.amount == 1_000]
    assert len(tens) == 3
    undo(session, book, "three", treasurer)
    assert lines_in(session, LineState.OPEN) == []
    assert broken(session) == []


def test_a_missing_statement_is_named_with_what_it_lacks(
    session: Session, book: Book, treasurer: Person
) -> None:
    """October closes with 1,000.00, December opens with 1,310.00: 310.00 are missing; the file in
    between mends it, and undoing that file shows the gap again."""
    october = file_of("october", 90_000, [line(1, 10_000)])
    november = file_of("november", 100_000, [line(35, 31_000)])
    december = file_of("december", 131_000, [line(70, 500)])
    keep(session, book, october)
    said = keep(session, book, december).statements[0]["warnings"]
    plain = [text.replace(",", "") for text in said]
    assert any("1005.00" in text and "1315.00" in text for text in plain), said
    assert keep(session, book, november).statements[0]["warnings"] == []
    undo(session, book, "november", treasurer)
    again = preview_statement(session, book=book, account=1010, file=november)
    assert again.new == 1
    said = keep(session, book, file_of("later", 131_500, [line(90, 100)])).statements[0]["warnings"]
    assert any("missing" in text for text in said), said


def test_it_needs_a_reason_and_is_undone_once(
    session: Session, book: Book, treasurer: Person
) -> None:
    keep(session, book, FIRST)
    row = statement(session, "first")
    with pytest.raises(Invalid, match="what was wrong"):
        undo(session, book, "first", treasurer, " ")
    undo(session, book, "first", treasurer)
    with pytest.raises(Conflict, match="already been undone"):
        plan_import(session, book_id=book.id, statement_id=row.id)
    with pytest.raises(NotFound):
        plan_import(session, book_id=treasurer.id, statement_id=row.id)
    assert (row.withdrawn_by, row.withdrawn_reason) == (treasurer.id, "Wrong file")


def test_what_a_line_brought_and_was_spent_keeps_its_file(
    session: Session, book: Book, treasurer: Person
) -> None:
    """Undone money that is not there any more: the import stays whole, and says so."""
    keep(session, book, FIRST)
    match_gift(
        session,
        line_id=lines_in(session, LineState.OPEN)[0].id,
        fund="GEN",
        by=treasurer.id,
        now=NOW,
    )
    keep(session, book, file_of("spent", 0, [line(50, -60)]))
    spent = next(one for one in lines_in(session, LineState.OPEN) if one.amount < 0)
    match_charge(session, line_id=spent.id, fund="GEN", by=treasurer.id, now=NOW)
    with pytest.raises(Conflict, match="spent"):
        undo(session, book, "first", treasurer)
