"""Importing bank files: nothing twice, nothing lost, nothing that contradicts itself."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from ledger.bank_files import Line, Statement, StatementFile, read_statement
from ledger.db import Database, ReadSession, Session
from ledger.errors import Invalid, NotFound
from ledger.models.books import Book
from ledger.models.statements import BankLine, BankStatement
from ledger.queries.banking.statements import (
    agreement,
    line_by_id,
    lines_of,
    open_and_parked_lines_of,
    open_lines,
    statement_by_id,
    statements_of,
)
from ledger.services.statements.statements import (
    Choice,
    Imported,
    import_statement,
    preview_statement,
)
from tests.conftest import NOW
from tests.factories import make_book, make_fund

DATA = Path(__file__).parents[1] / "statements" / "data"
REAL = Path(__file__).parents[3] / "shared" / "data" / "bank"
CAMT = (DATA / "hall_march.xml").read_bytes()
PAGES = (DATA / "hall_two_pages.sta").read_bytes()
START = date(2026, 3, 1)


@pytest.fixture
def book(session: Session) -> Book:
    made = make_book(session)
    make_fund(session, made)
    return made


def keep(
    session: Session,
    book: Book,
    data: bytes | StatementFile,
    account: int = 1010,
    choice: Choice | None = None,
) -> Imported:
    """Import a file, given as bytes or as statements."""
    file = read_statement(data) if isinstance(data, bytes) else data
    return import_statement(
        session, book=book, account=account, file=file, imported_by=None, now=NOW, choice=choice
    )


def line(amount: int, day: int, note: str = "") -> Line:
    """A line on a day of March."""
    on = START + timedelta(days=day - 1)
    return Line(1, amount, on, on, None, None, None, None, note, None)


def statement(name: str, opening: int, first: int, last: int, *lines: Line) -> Statement:
    """A statement over days of March that adds up."""
    return Statement(
        statement_id=name,
        account="X1",
        currency="USD",
        opening=opening,
        closing=opening + sum(item.amount for item in lines),
        opens_on=START + timedelta(days=first - 1),
        closes_on=START + timedelta(days=last - 1),
        lines=tuple(replace(item, position=n) for n, item in enumerate(lines, start=1)),
    )


def file_of(*statements: Statement) -> StatementFile:
    return StatementFile("test", statements, "0" * 64)


def kept(session: ReadSession) -> tuple[int, int]:
    """How many lines are kept, and their sum."""
    amounts = session.scalars(select(BankLine.amount)).all()
    return len(amounts), sum(amounts)


def test_a_file_is_kept_with_its_lines_and_described_as_the_command_line_shows_it(
    session: Session, book: Book
) -> None:
    done = keep(session, book, CAMT)
    assert done.as_json() == {
        "format": "camt.053.001.08",
        "statements": [
            {
                "id": "MARCH-03",
                "account": "XX00HALL0000000001",
                "currency": "USD",
                "opening": 10_000,
                "closing": 63_400,
                "lines": 3,
                "credits": 54_000,
                "debits": 600,
                "balanced": True,
                "warnings": [],
            }
        ],
        "new": 3,
        "duplicates": 0,
    }
    assert kept(session) == (3, 53_400)
    (row,) = statements_of(session, book_id=book.id).rows
    assert (row.lines, row.open) == (3, 3)
    assert open_lines(session, book_id=book.id) == 3
    lines = lines_of(session, statement_id=row.statement.id).rows
    assert [item.line.amount for item in lines] == [48_000, 6_000, -600]
    assert lines[0].line.remittance == "STRIPE HALL TRACE 0042"
    assert line_by_id(session, book_id=book.id, line_id=lines[0].line.id) == lines[0]


def test_the_same_file_twice_adds_nothing(session: Session) -> None:
    for data in (CAMT, PAGES):
        book = make_book(session, "A" if data is CAMT else "B")
        make_fund(session, book)
        first = keep(session, book, data)
        before = kept(session)
        again = keep(session, book, data)
        assert (again.new, again.duplicates) == (0, first.new)
        assert kept(session) == before
    assert session.scalar(select(func.count()).select_from(BankStatement)) == 3


def test_overlapping_files_share_their_lines(session: Session, book: Book) -> None:
    first = [line(100, 1), line(100, 10), line(100, 10), line(7, 20)]
    keep(session, book, file_of(statement("A", 0, 1, 20, *first)))
    more = [line(100, 10), line(100, 10), line(7, 20), line(9, 25)]
    done = keep(session, book, file_of(statement("B", 100, 10, 25, *more)))
    assert (done.new, done.duplicates) == (1, 3)
    assert kept(session) == (5, 316)
    assert done.statements[0]["warnings"] == []


def test_two_equal_gifts_of_one_day_stay_two_when_they_come_on_two_pages(
    session: Session, book: Book
) -> None:
    pages = [statement("A/1", 0, 3, 3, line(500, 3)), statement("A/2", 500, 3, 3, line(500, 3))]
    done = keep(session, book, file_of(*pages))
    assert (done.new, done.duplicates) == (2, 0)
    assert kept(session) == (2, 1000)
    assert keep(session, book, file_of(*pages)).new == 0
    # The bank sends the same day again under another name: nothing new.
    again = replace(pages[0], statement_id="A/1 copy")
    assert keep(session, book, file_of(again)).new == 0


def test_pages_in_two_files_are_not_taken_for_one(session: Session, book: Book) -> None:
    keep(session, book, file_of(statement("A/1", 0, 3, 3, line(500, 3))))
    done = keep(session, book, file_of(statement("A/2", 500, 3, 3, line(500, 3))))
    assert (done.new, done.duplicates) == (1, 0)
    assert done.statements[0]["warnings"] == []


def test_a_day_sent_again_in_full_adds_only_what_is_new(session: Session, book: Book) -> None:
    keep(session, book, file_of(statement("noon", 0, 3, 3, line(500, 3))))
    done = keep(session, book, file_of(statement("night", 0, 3, 3, line(500, 3), line(200, 3))))
    assert (done.new, done.duplicates) == (1, 1)
    assert kept(session) == (2, 700)


def test_a_day_that_ends_as_it_began_adds_nothing_under_another_name(
    session: Session, book: Book
) -> None:
    day = statement("A", 100, 3, 3, line(500, 3), line(-500, 3))
    keep(session, book, file_of(day))
    done = keep(session, book, file_of(replace(day, statement_id="A copy")))
    assert (done.new, done.duplicates) == (0, 2)


def test_the_order_of_files_does_not_matter(session: Session, book: Book) -> None:
    late = statement("B", 100, 10, 20, line(100, 10), line(3, 20))
    early = statement("A", 0, 1, 9, line(100, 9))
    done = keep(session, book, file_of(late))
    assert done.statements[0]["warnings"] == []
    assert keep(session, book, file_of(early)).statements[0]["warnings"] == []
    assert kept(session) == (3, 203)


def test_a_missing_statement_is_noticed(session: Session, book: Book) -> None:
    keep(session, book, file_of(statement("A", 0, 1, 9, line(100, 9))))
    done = keep(session, book, file_of(statement("C", 150, 20, 29, line(1, 21))))
    (warning,) = done.statements[0]["warnings"]
    assert "$1.01" in warning
    assert "$1.51" in warning
    filled = keep(session, book, file_of(statement("B", 100, 10, 19, line(50, 12))))
    assert filled.statements[0]["warnings"] == []


def test_a_line_of_nothing_waits_for_nobody(session: Session, book: Book) -> None:
    keep(session, book, file_of(statement("A", 0, 1, 2, line(0, 1, "a note"), line(5, 2))))
    assert open_lines(session, book_id=book.id) == 1


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"closing": 1}, "apart"),
        ({"opening": 4}, "apart"),
    ],
)
def test_a_statement_that_contradicts_itself_or_the_book_is_refused_whole(
    session: Session, book: Book, change: dict[str, Any], part: str
) -> None:
    good = statement("A", 0, 1, 2, line(5, 1))
    bad = replace(statement("B", 5, 3, 4, line(6, 3)), **change)
    with pytest.raises(Invalid, match=part) as refusal:
        keep(session, book, file_of(good, bad))
    assert refusal.value.place == "statement B"
    assert kept(session) == (0, 0)


def test_a_statement_in_another_currency_than_the_book_s_is_refused(
    session: Session, book: Book
) -> None:
    foreign = replace(statement("A", 0, 1, 2, line(5, 1)), currency="EUR")
    with pytest.raises(Invalid, match="in EUR, the book in USD"):
        keep(session, book, file_of(foreign))
    assert kept(session) == (0, 0)


def test_a_broken_chain_and_several_bank_accounts_are_refused(session: Session, book: Book) -> None:
    good = statement("A", 0, 1, 2, line(5, 1))
    with pytest.raises(Invalid, match="opens with"):
        keep(session, book, file_of(good, statement("B", 6, 3, 4, line(6, 3))))
    other = replace(statement("B", 5, 3, 4, line(6, 3)), account="X2")
    with pytest.raises(Invalid, match="several bank accounts"):
        keep(session, book, file_of(good, other))
    assert kept(session) == (0, 0)


def test_a_statement_of_the_same_name_with_other_balances_is_refused(
    session: Session, book: Book
) -> None:
    keep(session, book, file_of(statement("A", 0, 1, 2, line(5, 1))))
    with pytest.raises(Invalid, match="imported before"):
        keep(session, book, file_of(statement("A", 0, 1, 2, line(6, 1))))


@pytest.mark.parametrize("account", [4010, 9999])
def test_only_a_bank_account_of_the_book_takes_statements(
    session: Session, book: Book, account: int
) -> None:
    with pytest.raises(Invalid) as refusal:
        keep(session, book, CAMT, account=account)
    assert refusal.value.place == "account"


def test_a_foreign_currency_account_takes_its_own_currency(session: Session, book: Book) -> None:
    foreign = replace(statement("A", 0, 1, 2, line(5, 1)), currency="PLN")
    assert keep(session, book, file_of(foreign), account=1020).new == 1


def test_a_preview_keeps_nothing_and_says_what_would_be_refused(db: Database) -> None:
    with db.transaction() as session:
        book = make_book(session)
        make_fund(session, book)
    bad = replace(statement("B", 0, 1, 2, line(6, 1)), closing=7, currency="EUR")
    with db.snapshot() as session:
        seen = preview_statement(session, book=book, account=1010, file=read_statement(CAMT))
        assert (seen.new, seen.duplicates) == (3, 0)
        refused = preview_statement(session, book=book, account=1010, file=file_of(bad))
        assert len(refused.statements[0]["warnings"]) == 2
        assert kept(session) == (0, 0)
    with db.transaction() as session:
        keep(session, book, CAMT)
    with db.snapshot() as session:
        seen = preview_statement(session, book=book, account=1010, file=read_statement(CAMT))
        assert (seen.new, seen.duplicates) == (0, 3)


def test_bank_and_books_are_compared_with_what_is_open(session: Session, book: Book) -> None:
    assert agreement(session, book_id=book.id) is None
    keep(session, book, PAGES)
    found = agreement(session, book_id=book.id)
    assert found is not None
    assert (found.bank, found.books, found.open_lines) == (14_950, 0, 4_950)
    # What the account held before the first statement is not in the books of this test.
    assert found.unexplained == 10_000


def test_statements_and_lines_of_another_book_are_not_found(session: Session, book: Book) -> None:
    other = make_book(session, "B")
    keep(session, book, CAMT)
    (row,) = statements_of(session, book_id=book.id).rows
    (first, *_rest) = open_and_parked_lines_of(session, book_id=book.id)[0].rows
    with pytest.raises(NotFound):
        statement_by_id(session, book_id=other.id, statement_id=row.statement.id)
    with pytest.raises(NotFound):
        line_by_id(session, book_id=other.id, line_id=first.line.id)
    assert statements_of(session, book_id=other.id).rows == ()


WHOLE = (
    "camt/FI_camt053_v02.xml",
    "camt/genkgo_v2_multi_statement.xml",
    "mt940/asn_31_days.txt",
    "mt940/citi.txt",
    "mt940/sberbank_huf_crlf.sta",
    "mt940/mbank_pln.sta",
    "mt940/volksbank_8_days.txt",
    "mt940/jejik_sparkasse.txt",
)


@pytest.mark.skipif(not REAL.is_dir(), reason="the bank files of ../shared/data are not here")
@pytest.mark.parametrize("name", WHOLE)
def test_a_real_file_imported_twice_or_split_at_any_day_gives_the_same_lines(
    session: Session, name: str
) -> None:
    file = read_statement((REAL / name).read_bytes())
    currency = file.statements[0].currency
    moved = file.statements[-1].closing - file.statements[0].opening
    lines = sum(len(item.lines) for item in file.statements)
    cuts = range(len(file.statements))
    for number, cut in enumerate(cuts):
        book = make_book(session, f"S{number}", currency=currency)
        parts = [file.statements[:cut], file.statements, file.statements[cut:]]
        done = [keep(session, book, replace(file, statements=part)) for part in parts if part]
        assert sum(item.new for item in done) == lines
        found = agreement(session, book_id=book.id)
        assert found is not None
        assert (found.bank, found.open_lines) == (file.statements[-1].closing, moved)
        assert all(not shown["warnings"] for shown in done[-1].statements)


@pytest.mark.skipif(not REAL.is_dir(), reason="the bank files of ../shared/data are not here")
@pytest.mark.parametrize(
    "name",
    [
        "camt/genkgo_v2_five_decimals.xml",
        "mt940/jejik_ing-dos.txt",
        "mt940/jejik_rabobank.txt",
        "mt940/jejik_triodos.txt",
    ],
)
def test_a_real_file_that_contradicts_itself_is_refused(session: Session, name: str) -> None:
    book = make_book(session, currency="EUR")
    # One of the files is of two accounts; the first of them contradicts itself.
    account = read_statement((REAL / name).read_bytes()).statements[0].account
    with pytest.raises(Invalid, match="apart"):
        keep(session, book, (REAL / name).read_bytes(), choice=Choice(only=(account,)))
    assert kept(session) == (0, 0)
