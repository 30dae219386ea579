"""Other people's programs read the exports and agree on every balance."""

import csv
import io
import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.core.accounts import layer_of
from ledger.core.amount import decimals
from ledger.core.entry import Entry, Posting
from ledger.db import Database
from ledger.importers import Mapping, read_history
from ledger.importers.ours import own_account
from ledger.models.books import Book
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.books import all_books, book_by_code
from ledger.services.books import journal
from ledger.services.importing.bulk import import_entries
from ledger.services.importing.ledgers import import_history
from reports.exports import export_journal
from reports.exports.beancount import NAMES
from reports.exports.plain_text import ROOTS
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_worked_books
from tests.programs import PROGRAMS, bean_check
from tests.worked import WORKED, load_worked_books

HOSTILE = [
    '=cmd|"/C calc"!A0',
    "; comment\n    value:1010:GEN  999.00 USD",
    '"quoted" and \\ back',
    "<script>alert(1)</script>",
    "\u202eright to left",
    "two  spaces\tand a tab",
    "| pipe @ 5 {6} [7]",
]


def exported(db: Database, book: Book, file_format: str) -> str:
    out = io.StringIO()
    with db.snapshot() as session:
        export_journal(session, book=book, file_format=file_format, out=out)
    return out.getvalue()


def own(db: Database, book: Book) -> dict[tuple[int, str, str], Decimal]:
    """Return the balances as other programs write them: by account, fund and commodity."""
    with db.snapshot() as session:
        return {
            (row.account, row.fund, row.commodity): scaled(row.quantity, row.commodity)
            for row in trial_balance(session, book_id=book.id)
        }


def scaled(quantity: int, commodity: str) -> Decimal:
    return Decimal(quantity).scaleb(-decimals(commodity))


def read_by(file_format: str, file: Path) -> dict[tuple[int, str, str], Decimal]:
    """Return what the program says, as strict as it can be, under our numbers and funds."""
    found: dict[tuple[int, str, str], Decimal] = {}
    for (name, unit), number in PROGRAMS[file_format](file).items():
        account, fund = own_account(name) or (0, name)
        found[account, fund, unit] = number
    return found


@pytest.mark.parametrize("file_format", PROGRAMS)
def test_the_program_agrees_on_every_balance_of_the_worked_books(
    db: Database, tmp_path: Path, file_format: str
) -> None:
    load_worked_books(db)
    with db.snapshot() as session:
        books = all_books(session)
    for book in books:
        file = tmp_path / f"{book.code}.{file_format}"
        file.write_text(exported(db, book, file_format))
        if not own(db, book):
            continue
        assert read_by(file_format, file) == own(db, book)
    if file_format == "beancount":
        bean_check(file)


@pytest.mark.parametrize("file_format", PROGRAMS)
def test_one_unit_more_in_the_file_is_a_difference(
    db: Database, tmp_path: Path, file_format: str
) -> None:
    """The control of the test above."""
    book = one_gift(db, "a gift")
    text = exported(db, book, file_format)
    file = tmp_path / "x"
    file.write_text(text.replace("50.00", "50.01"))
    assert "50.00" in text
    assert read_by(file_format, file) != own(db, book)


def one_gift(db: Database, text: str) -> Book:
    legs = [
        Posting(1010, "GEN", "USD", 5000, pledge=text[:60] or None),
        Posting(4010, "GEN", "USD", -5000, grant=text[:60] or None),
    ]
    with db.transaction() as session:
        book = make_book(session)
        make_fund(session, book)
        journal.post(
            session,
            [Entry("A", tuple(legs))],
            event_type="gift",
            source="import",
            external_ref=text[:120],
            accounting_on=NOW.date(),
            now=NOW,
        )
    return book


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_breaks_out_of_its_place(db: Database, tmp_path: Path, text: str) -> None:
    book = one_gift(db, text)
    for file_format in PROGRAMS:
        file = tmp_path / file_format
        file.write_text(exported(db, book, file_format))
        assert read_by(file_format, file) == own(db, book)
    rows = list(csv.DictReader(io.StringIO(exported(db, book, "csv"))))
    assert len(rows) == 2
    (line,) = exported(db, book, "jsonl").splitlines()
    assert json.loads(line)["external_ref"] == text[:120]


def test_json_lines_come_back_as_equal_books(
    db: Database, sqlite_template: Path, tmp_path: Path
) -> None:
    load_worked_books(db)
    shutil.copy(sqlite_template, tmp_path / "second.db")
    second = Database(f"sqlite:///{tmp_path / 'second.db'}")
    with db.snapshot() as session:
        books = all_books(session)
    lines = [line.encode() for book in books for line in exported(db, book, "jsonl").splitlines()]
    with second.transaction() as session:
        make_worked_books(session, WORKED)
        import_entries(session, lines=lines, book=None, now=NOW)
    with second.snapshot() as session:
        again = {book.code: book for book in all_books(session)}
    for book in books:
        assert own(second, again[book.code]) == own(db, book)
    second.dispose()


@pytest.mark.parametrize("file_format", PROGRAMS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_our_exports_come_back_as_equal_books(
    db: Database, sqlite_template: Path, tmp_path: Path, file_format: str
) -> None:
    """Invariant I-66: per account, fund and commodity, with no mapping to write."""
    load_worked_books(db)
    shutil.copy(sqlite_template, tmp_path / "second.db")
    second = Database(f"sqlite:///{tmp_path / 'second.db'}")
    with second.transaction() as session:
        make_worked_books(session, WORKED)
    with db.snapshot() as session:
        books = [book for book in all_books(session) if own(db, book)]
    assert len(books) >= 4
    for book in books:
        file = tmp_path / f"{book.code}.{file_format}"
        file.write_text(exported(db, book, file_format))
        history = read_history(file, file_format)
        with second.transaction() as session:
            again = book_by_code(session, book.code)
            import_history(session, book=again, history=history, mapping=Mapping("GEN"), now=NOW)
        assert own(second, again) == own(db, book)
    second.dispose()


def test_the_roots_keep_promises_apart_from_money() -> None:
    assert {layer_of(number).value for number in (1010, 8110, 9110)} == set(ROOTS)
    assert set(NAMES) == {8, 9}
