"""A table as it stands in a file: rows of cells, each row with its number there.

CSV in any encoding and with any of the usual separators, or an XLSX workbook. Bounds come before
anything is kept. Must not know what a column means.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from ledger.bank_files import workbook
from ledger.bank_files.encoding import decode, printable
from ledger.errors import Invalid

MAX_ROWS = 100_000
MAX_COLUMNS = workbook.MAX_COLUMNS
MAX_CELL = 10_000
SEPARATORS = (",", ";", "\t", "|")
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Row:
    """Cells with the line on which they end, or the row of a sheet."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """All rows that hold anything; ``unit`` is what a row is called in its file.

    ``notes`` say what a reader should know of how the file was read.
    """

    rows: tuple[Row, ...]
    unit: str = "line"
    notes: tuple[str, ...] = field(default=())

    def place(self, row: Row, column: str = "") -> str:
        """Return where a row or one of its cells stands."""
        return f"{self.unit} {row.number}, {column}" if column else f"{self.unit} {row.number}"


def open_grid(data: bytes, encoding: str = "", *, strict: bool = True) -> Grid:
    """Read a CSV file or a workbook. Raises Invalid, naming line or cell, for what is neither.

    Without ``strict`` quotes that do not end are let pass, to tell what a file is meant to be.
    """
    if workbook.is_workbook(data):
        found = list(workbook.read(data, MAX_ROWS))
        # A sheet's rows end with their last filled cell; those of a table are of one length.
        width = max((len(cells) for _number, cells in found), default=0)
        rows = (
            Row(number, _bounded([*cells, *[""] * (width - len(cells))], f"row {number}"))
            for number, cells in found
        )
        return Grid(_filled(tuple(rows)), "row")
    text, notes = decode(data, encoding)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Invalid(
            "This line contains a NUL character, so this is not a table.", place=f"line {line}"
        )
    return Grid(_filled(tuple(_csv_rows(text, strict))), "line", tuple(notes))


def _filled(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    if not rows:
        raise Invalid("The table is empty.", place="file")
    return rows


def _csv_rows(text: str, strict: bool) -> Iterator[Row]:
    start = 0
    head, _, rest = text.partition("\n")
    separator = ""
    if head.strip().lower().startswith("sep=") and len(head.strip()) <= len("sep=") + 1:
        # What spreadsheet programs of Microsoft write first.
        separator, text, start = head.strip()[len("sep=") :], rest, 1
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator or _separator(text), strict=strict
    )
    try:
        count = 0
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            number = reader.line_num + start
            count += 1
            if count > MAX_ROWS + 1:
                raise Invalid(
                    "The table has more than {max_rows} rows.",
                    place=f"line {number}",
                    max_rows=MAX_ROWS,
                )
            yield Row(number, _bounded(cells, f"line {number}"))
    except csv.Error as error:
        raise Invalid(
            "The table cannot be read: {error}.",
            place=f"line {reader.line_num + start}",
            error=error,
        ) from error


def _bounded(cells: list[str], place: str) -> tuple[str, ...]:
    if len(cells) > MAX_COLUMNS:
        raise Invalid(
            "The row has more than {max_columns} cells.", place=place, max_columns=MAX_COLUMNS
        )
    for number, cell in enumerate(cells, start=1):
        if len(cell) > MAX_CELL:
            raise Invalid(
                "The cell in column {number} has more than {max_cell} characters.",
                place=place,
                number=number,
                max_cell=MAX_CELL,
            )
    return tuple(cell if cell.isascii() and cell.isprintable() else _clean(cell) for cell in cells)


def _clean(cell: str) -> str:
    """Return a cell on one line; what a workbook says of it is kept."""
    return printable(cell) if type(cell) is str else cell


def _separator(text: str) -> str:
    """Return the separator that cuts most lines into the same number of cells."""
    lines = [line for line in islice(io.StringIO(text), _LOOKED_AT) if line.strip()]
    scores: dict[str, int] = {}
    for separator in SEPARATORS:
        try:
            counts = Counter(
                len(cells) for cells in csv.reader(lines, delimiter=separator) if len(cells) > 1
            )
        except csv.Error:
            counts = Counter(line.count(separator) + 1 for line in lines if separator in line)
        scores[separator] = max(((cells - 1) * n * n for cells, n in counts.items()), default=0)
    return max(scores, key=lambda one: scores[one])
