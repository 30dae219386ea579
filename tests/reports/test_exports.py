"""Other people's programs read the exports and agree on every balance."""

import csv
import io
import json
import shutil
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.core.accounts import layer_of
from ledger.core.amount import is_currency
from ledger.core.currencies import exponent
from ledger.core.entry import Entry, Posting
from ledger.db import Database
from ledger.models.books import Book
from ledger.queries.balances import trial_balance
from ledger.queries.books import all_books
from ledger.services import journal
from ledger.services.imports import import_entries
from reports.exports import export_journal
from reports.exports.beancount import NAMES
from reports.exports.plain_text import ROOTS
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_worked_books
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
    return Decimal(quantity).scaleb(-exponent(commodity) if is_currency(commodity) else 0)


def printed(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def by_hledger(file: Path) -> dict[tuple[int, str, str], Decimal]:
    text = printed(
        *("hledger", "-f", str(file), "balance", "--flat", "--no-total", "-O", "csv"),
        *("--layout", "tidy"),
    )
    found: dict[tuple[int, str, str], Decimal] = {}
    for row in csv.DictReader(io.StringIO(text)):
        _root, account, fund = row["account"].split(":")
        found[int(account), fund, row["commodity"]] = Decimal(row["value"])
    return {key: value for key, value in found.items() if value}


def by_ledger(file: Path) -> dict[tuple[int, str, str], Decimal]:
    text = printed(
        *("ledger", "-f", str(file), "register", "--no-pager"),
        *("--format", "%(account)\t%(quantity(amount))\t%(commodity(amount))\n"),
    )
    found: Counter[tuple[int, str, str]] = Counter()
    for row in text.splitlines():
        name, figure, unit = row.split("\t")
        _root, account, fund = name.split(":")
        found[int(account), fund, unit.strip('"')] += Decimal(figure)  # type: ignore[assignment]
    return {key: value for key, value in found.items() if value}  # type: ignore[misc]


def by_beancount(file: Path) -> dict[tuple[int, str, str], Decimal]:
    from beancount import loader
    from beancount.core.data import Transaction

    printed(str(Path(sys.executable).with_name("bean-check")), str(file))
    entries, errors, _options = loader.load_file(str(file))
    assert not errors
    found: dict[tuple[int, str, str], Decimal] = {}
    for one in entries:
        if isinstance(one, Transaction):
            for leg in one.postings:
                _root, _layer, account, fund = leg.account.split(":")
                key = (int(account[1:]), fund[1:], leg.units.currency)
                found[key] = found.get(key, Decimal(0)) + leg.units.number
    return {key: value for key, value in found.items() if value}


PROGRAMS = {"hledger": by_hledger, "ledger": by_ledger, "beancount": by_beancount}


@pytest.mark.parametrize("file_format", PROGRAMS)
def test_the_program_agrees_on_every_balance_of_the_worked_books(
    db: Database, tmp_path: Path, file_format: str
):
    load_worked_books(db)
    with db.snapshot() as session:
        books = all_books(session)
    for book in books:
        file = tmp_path / f"{book.code}.{file_format}"
        file.write_text(exported(db, book, file_format))
        if not own(db, book):
            continue
        assert PROGRAMS[file_format](file) == own(db, book)


@pytest.mark.parametrize("file_format", PROGRAMS)
def test_one_unit_more_in_the_file_is_a_difference(db: Database, tmp_path: Path, file_format: str):
    """The control of the test above."""
    book = one_gift(db, "a gift")
    text = exported(db, book, file_format)
    file = tmp_path / "x"
    file.write_text(text.replace("50.00", "50.01"))
    assert "50.00" in text
    assert PROGRAMS[file_format](file) != own(db, book)


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
def test_no_text_breaks_out_of_its_place(db: Database, tmp_path: Path, text: str):
    book = one_gift(db, text)
    for file_format, read in PROGRAMS.items():
        file = tmp_path / file_format
        file.write_text(exported(db, book, file_format))
        assert read(file) == own(db, book)
    rows = list(csv.DictReader(io.StringIO(exported(db, book, "csv"))))
    assert len(rows) == 2
    for row in rows:
        for name, cell in row.items():
            assert name == "quantity" or not cell.startswith(("=", "+", "-", "@", "\t"))
    (line,) = exported(db, book, "jsonl").splitlines()
    assert json.loads(line)["external_ref"] == text[:120]


def test_json_lines_come_back_as_equal_books(db: Database, sqlite_template: Path, tmp_path: Path):
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


def test_the_roots_keep_promises_apart_from_money():
    assert {layer_of(number).value for number in (1010, 8110, 9110)} == set(ROOTS)
    assert set(NAMES) == {8, 9}
