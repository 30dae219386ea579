"""Whatever donors and treasurers write, no export says anything else than the books.

The texts go through the writers as the database would give them, many in one file, because each
program is asked once per file.
"""

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ledger.importers import read_history
from ledger.models.books import Book
from ledger.queries.books.journal import LABELS, EntryRow, Leg
from reports.exports.export import FORMATS
from tests import programs
from tests.conftest import NOW

PIECES = [
    "\n", "\r\n", "\t", "  ", ";", "; ", ":", "::", " :: 1+1", "|", '"', "'", "\\", "\\n", "@",
    "{", "}", "{{", "(", ")", "[2024-01-01]", "[=2024-01-01]", "date:2020-01-01", "date2: 1/1", ",",
    "=", "==", "+", "-", "*", "!", "~", "#", "%", "$", "^", "&", "`", "<", ">", "\x00", "\x0b",
    "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\u200f", "\ufeff", "\u00a0", "＝", "＋", "－",
    "\n2024-01-01 x\n    value:1010:GEN  9 USD\n    b\n", "\ninclude /etc/passwd\n", "＠", "@@",
    "value:1010:GEN  9 USD", '"\n2024-01-01 open Assets:X\n"', ":tag:", "payee:", "end comment\n",
    "=cmd|' /C calc'!A0", "é", "漢字", "🎻", "1", "USD",
]  # fmt: skip
TEXTS = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), min_size=1, max_size=6
).map("".join)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), min_size=8, max_size=16)
BOOK = Book(code="A", name="A", kind="community", commodity="USD")
BALANCES = {"1010": Decimal(50), "4010": Decimal(-50)}
settled = settings(max_examples=12, deadline=None, suppress_health_check=[*HealthCheck])


def entries(rows: Sequence[tuple[str, str, str, str]]) -> list[EntryRow]:
    """Return one gift of 50.00 for each row of texts."""
    found = []
    for number, (kind, source, reference, label) in enumerate(rows):
        labels = tuple((name, label) for name in LABELS)
        legs = (
            Leg(1, 1010, label, "GEN", "USD", 5000, None, labels),
            Leg(2, 4010, label, "GEN", "USD", -5000, None, labels[:1]),
        )
        found.append(
            EntryRow(UUID(int=number), date(2026, 3, 1), NOW, kind, source, reference, None, legs)
        )
    return found


def written(rows: Sequence[tuple[str, str, str, str]], file_format: str) -> str:
    out = io.StringIO()
    FORMATS[file_format](BOOK, iter(entries(rows)), out)
    return out.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.mark.parametrize("file_format", programs.PROGRAMS)
@settled
@example([(piece, piece, piece, piece) for piece in PIECES])
@example([(f"x {piece}", f"x{piece}x", piece * 2, f" {piece} x") for piece in PIECES])
@example([("! (", "x", "y", "z"), ("* ! (", "x", "y", "z")])
@given(ROWS)
def test_every_program_reads_what_is_in_the_books_and_nothing_else(
    folder: Path, file_format: str, rows: list[tuple[str, str, str, str]]
) -> None:
    file = folder / f"x.{file_format}"
    file.write_text(written(rows, file_format), newline="")
    found = programs.PROGRAMS[file_format](file)
    assert sorted(found.values()) == [-50 * len(rows), 50 * len(rows)]
    history = read_history(file, file_format)
    assert len(history.transactions) == len(rows)
    for transaction in history.transactions:
        assert [leg.figure.number for leg in transaction.legs] == [50, -50]


# What a spreadsheet takes for the end of a cell, whichever sign it separates by.
SEPARATORS = (",", ";", "\t", "|")
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


@settings(settled, max_examples=50)
@example([(piece, f"x{piece}=1", f"{piece}-1", f'"{piece}@1') for piece in PIECES])
@given(ROWS)
def test_no_cell_is_a_formula_and_every_number_is_the_number(
    rows: list[tuple[str, str, str, str]],
) -> None:
    text = written(rows, "csv")
    cells = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["amount"] for row in cells] == ["50.00", "-50.00"] * len(rows)
    assert [int(row["account"]) for row in cells] == [1010, 4010] * len(rows)
    for separator in SEPARATORS:
        for line in text.splitlines():
            for cell in line.split(separator):
                bare = cell.strip("\"' \u00a0\ufeff")
                starts = cell.lstrip('" \u00a0\ufeff')
                number = bare.removeprefix("-").replace(".", "").isdigit() and separator == ","
                assert number or not starts.startswith(FORMULA), (separator, cell)
    for row in cells:
        for name, cell in row.items():
            assert name in ("amount", "account", "line") or not cell.startswith(FORMULA)
            assert not any(ord(sign) < 32 or sign in "\x7f\x85\u2028\u2029\u202e" for sign in cell)


def test_a_writer_that_lets_a_line_end_through_is_noticed(folder: Path) -> None:
    """The control: what the tests above look for does break a file."""
    file = folder / "broken.journal"
    text = written([("gift", "import", "r-1", "x")], "hledger")
    file.write_text(text.replace("r-1", "\n2024-01-01 x\n    value:1010:GEN  9 USD\n    b\n"))
    with pytest.raises(AssertionError):
        programs.hledger(file)
