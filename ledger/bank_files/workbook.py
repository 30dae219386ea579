"""XLSX workbooks: the first sheet that holds anything, cell by cell, within bounds.

Read without formulas (their last values count), without styles but those of days, and as a
stream: a workbook is a ZIP, and a small one can unpack to more than a machine holds.
"""

import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.datetime import from_excel
from openpyxl.utils.exceptions import InvalidFileException

from ledger.bank_files.cells import Day, Number
from ledger.errors import Invalid

SIGNATURE = b"PK\x03\x04"
CONTENT = "xl/workbook.xml"
MAX_PARTS = 2_000
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 200
MAX_COLUMNS = 200
# The last row that the format has; programs write formats, but nothing else, down to it.
LAST_ROW = 1_048_576
# What a spreadsheet program shows of a number; the digits behind are noise of its arithmetic.
DIGITS = 15
SERIALS = range(1, 120_000)
_BROKEN = (
    zipfile.BadZipFile, zlib.error, InvalidFileException, DefusedXmlException, ParseError,
    KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError, OSError,
    OverflowError, NotImplementedError, RuntimeError,
)  # fmt: skip


def is_workbook(data: bytes) -> bool:
    """Tell whether a file is an XLSX workbook, by what lies in its ZIP."""
    if not data.startswith(SIGNATURE):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return CONTENT in archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False


def read(data: bytes, most_rows: int) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells, up to the last filled one, of each row that holds something.

    Raises Invalid, naming the row.
    """
    _check_size(data)
    try:
        yield from _rows(data, most_rows)
    except _BROKEN as error:
        raise Invalid(
            "This workbook cannot be read. Save the sheet as CSV and upload that.", place="file"
        ) from error


def _check_size(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED or unpacked > len(data) * MAX_RATIO:
        raise Invalid(
            "This workbook is too large when unpacked. Save the sheet as CSV and upload that.",
            place="file",
        )


def _rows(data: bytes, most_rows: int) -> Iterator[tuple[int, list[str]]]:
    with warnings.catch_warnings():
        # The library warns of extensions that it does not know: charts, colours, validations.
        warnings.simplefilter("ignore")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            for sheet in book.worksheets:
                # What a sheet says of its own size may be anything.
                sheet.reset_dimensions()
                found = 0
                for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
                    if number > LAST_ROW:
                        raise Invalid(
                            "This row number is higher than a sheet can have.",
                            place=f"row {number}",
                        )
                    cells = _cells(values, number, book.epoch)
                    if any(cells):
                        found += 1
                        yield number, cells
                    if found > most_rows:
                        raise Invalid(
                            "The sheet has more than {most_rows} rows.",
                            place=f"row {number}",
                            most_rows=most_rows,
                        )
                if found:
                    return
        finally:
            book.close()


def _cells(values: tuple[Any, ...], number: int, epoch: datetime) -> list[str]:
    if any(value is not None for value in values[MAX_COLUMNS:]):
        raise Invalid(
            "The sheet has more than {max_columns} columns.",
            place=f"row {number}",
            max_columns=MAX_COLUMNS,
        )
    cells = [_text(value, epoch) for value in values[:MAX_COLUMNS]]
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def _text(value: Any, epoch: datetime) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return Day(value.date().isoformat() if value.time() == time() else value.isoformat(" "))
    if isinstance(value, date):
        return Day(value.isoformat())
    if isinstance(value, (time, timedelta)):
        return str(value)
    if isinstance(value, (int, float, Decimal)):
        found = Number(_number(value))
        # Also 45355.75, which is a day with a time.
        found.day = from_excel(value, epoch).date() if int(value) in SERIALS else None
        return found
    return str(value)


def _number(value: int | float | Decimal) -> str:
    """Return a number in plain digits, as its sheet shows it."""
    if isinstance(value, int):
        return str(value)
    rounded = Decimal(f"{value:.{DIGITS}g}")
    if not rounded.is_finite():
        raise ValueError("not a number")
    return f"{rounded:f}"
