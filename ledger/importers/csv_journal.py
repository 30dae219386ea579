"""Read journals that GnuCash, Xero, QuickBooks and others export as a table (CSV).

One line is one posting; a transaction is what has one number, or else the lines until they
balance. Columns are known by their headings. How dates and numbers are written is told by all of
them together; what can be read in two ways is refused by line.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ledger.errors import Invalid
from ledger.importers.balancing import Draft, Rules, Running, Written, complete
from ledger.importers.figures import Numbers
from ledger.importers.folder import Folder
from ledger.importers.history import Figure, History
from ledger.importers.posting_lines import check_name

# Headings by what they mean, the best first; without case, asterisks and blanks at their ends.
_HEADINGS = {
    "date": ("date", "journal date", "journaldate", "posting date", "transaction date"),
    "id": (
        *("transaction id", "journal number", "journalnumber", "journal no.", "journal id"),
        *("journalid", "trans #", "trans no", "entry number", "id"),
    ),
    "account": (
        *("full account name", "account name", "accountname", "account"),
        *("account code", "accountcode"),
    ),
    "amount": ("amount num.", "amount", "net amount", "netamount"),
    "value": ("value num.",),
    "debit": ("debit",),
    "credit": ("credit",),
    "unit": ("commodity/currency", "currency", "currency code", "currencycode"),
    "simple": ("full category name", "category"),
}
# "Debit (GBP)": the currency is the one of the books.
_SIDE = re.compile(r"^(debit|credit)\s*(?:\([a-z]{3}\)|[a-z]{3})$")
_DELIMITERS = ",;\t"
MAX_AMOUNT = 80
# Reports have a few lines of title above the headings.
_TITLE_LINES = 20
_ISO = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ].*)?")
_NUMERIC = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})[-/.]([0-9]{4})")
_NAMED = re.compile(
    r"(?:([0-9]{1,2})[ -]([A-Za-z]{3,9})|([A-Za-z]{3,9}) ([0-9]{1,2}),?)[ -]([0-9]{4})"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CURRENCY = re.compile(r"(?:[A-Z0-9]+::)?([A-Z]{3})")
_WRAPPED = re.compile(r"\((?P<inside>.*)\)|(?P<before>.*?)\s*-")


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the table, by what its cells mean; ``""`` where there is none."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")


def is_journal(start: str) -> bool:
    """Tell whether a text begins with the headings of a journal."""
    return any(_delimiter(line) for line in start.split("\n")[:_TITLE_LINES])


def read(folder: Folder) -> History:
    """Read a file. Raises Invalid by line. Must run where decimals are not rounded."""
    rows = list(_rows(folder.open().text))
    dated = [(row.line, row["date"]) for row in rows if row["date"]]
    days = dict(zip((text for _line, text in dated), _days(dated), strict=True))
    numbers = Numbers(decimal_mark=_decimal_mark(rows))
    written: list[Written] = []
    by_id: dict[str, Written] = {}
    ident, left = "", Decimal(0)
    for row in rows:
        place = f"line {row.line}"
        ident = row["id"] or ("" if row["date"] and not left else ident)
        day = days.get(row["date"])
        current = by_id.get(ident) if ident else (written[-1] if written and left else None)
        if current is None:
            if day is None:
                raise Invalid("This line has no date.", place=place)
            current = Written(row.line, day)
            written.append(current)
            if ident:
                by_id[ident] = current
        elif day is not None and day != current.on:
            raise Invalid(
                f"The transaction above does not balance: off by {left:f}."
                if not ident
                else "The lines of this transaction have different dates.",
                place=place,
            )
        figure = _figure(row, numbers)
        if current.drafts and not figure.unit and (first := current.drafts[0].figure):
            # Some programs name the currency on the first line of a transaction only.
            figure = Figure(figure.number, first.unit)
        left += figure.number
        check_name(row["account"], place)
        current.drafts.append(Draft(row.line, row["account"], figure))
    rules = Rules(exchanges=False)
    done = complete(written, rules, Running())
    done.sort(key=lambda one: one.on)
    return History("csv", tuple(done))


def _delimiter(line: str) -> str:
    """Return what separates the headings of a journal in a line, ``""`` where it has none."""
    for delimiter in _DELIMITERS:
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            continue
        if _is_whole(_columns(cells)):
            return delimiter
    return ""


def _columns(cells: Sequence[str]) -> dict[str, int]:
    """Return where each meaning stands among headings."""
    plain = [_SIDE.sub(r"\1", cell.strip().strip("*").strip().lower()) for cell in cells]
    found: dict[str, int] = {}
    for meaning, headings in _HEADINGS.items():
        for heading in headings:
            if heading in plain:
                found[meaning] = plain.index(heading)
                break
    return found


def _is_whole(columns: dict[str, int]) -> bool:
    return {"date", "account"} <= columns.keys() and (
        "amount" in columns or {"debit", "credit"} <= columns.keys()
    )


def _rows(text: str) -> Iterator[_Row]:
    """Yield the lines below the headings that say something. Raises Invalid."""
    lines = text.split("\n")
    found = ((at, _delimiter(line)) for at, line in enumerate(lines[:_TITLE_LINES]))
    start = next(((at, delimiter) for at, delimiter in found if delimiter), None)
    if start is None:
        raise Invalid(
            "This table is not a journal, because it has no headings for date, account and "
            "amount (or debit and credit). Import a bank's table with `poolbook import "
            "statement`.",
            place="line 1",
        )
    at, delimiter = start
    below = io.StringIO("\n".join(lines[at:]), newline="")
    reader = csv.reader(below, delimiter=delimiter, strict=True)
    columns: dict[str, int] = {}
    line = at + 1
    try:
        for cells in reader:
            if not columns:
                columns = _columns(cells)
                _check_layout(columns, line)
            elif any(cell.strip() for cell in cells):
                row = _Row(
                    line,
                    {
                        meaning: cells[where].strip()
                        for meaning, where in columns.items()
                        if where < len(cells)
                    },
                )
                if row["account"]:
                    yield row
                elif not cells[0].strip().lower().startswith("total"):
                    _check_empty(row)
            line = at + reader.line_num + 1
    except csv.Error as error:
        raise Invalid(
            "This table cannot be read: {error}", place=f"line {line}", error=error
        ) from error


def _check_layout(columns: dict[str, int], line: int) -> None:
    if "simple" in columns and "id" not in columns:
        raise Invalid(
            "This export names only one side of each transaction. In GnuCash, export again "
            'without "Use simple layout".',
            place=f"line {line}",
        )


def _check_empty(row: _Row) -> None:
    if any(re.search("[1-9]", row[name]) for name in ("amount", "debit", "credit")):
        raise Invalid("This line has an amount but no account.", place=f"line {row.line}")


def _figure(row: _Row, numbers: Numbers) -> Figure:
    place = f"line {row.line}"
    unit = _CURRENCY.fullmatch(row["unit"])
    if row["unit"] and unit is None:
        raise Invalid(
            "{row!r} is not a currency. Import the program's own file instead.",
            place=place,
            row=row["unit"][:40],
        )
    if "amount" in row.cells:
        number = _number(row["amount"], numbers, place)
    else:
        number = _number(row["debit"] or "0", numbers, place)
        number -= _number(row["credit"] or "0", numbers, place)
    if row["value"] and abs(_number(row["value"], numbers, place)) != abs(number):
        raise Invalid(
            "This line's commodity differs from the currency of its transaction, and the "
            "export does not name it. Import the GnuCash book itself.",
            place=place,
        )
    return Figure(number, unit[1] if unit else "")


def _number(text: str, numbers: Numbers, place: str) -> Decimal:
    """Read ``-5.00``, ``5.00-`` and ``(5.00)``. Raises Invalid."""
    plain = text[:MAX_AMOUNT].replace("\u2212", "-").strip()
    sign = 1
    if found := _WRAPPED.fullmatch(plain):
        plain, sign = (found["inside"] or found["before"] or "").strip(), -1
    elif plain.startswith(("-", "+")):
        sign, plain = (-1 if plain[0] == "-" else 1), plain[1:].strip()
    if len(text) > MAX_AMOUNT or not re.match("[0-9.,]", plain):
        raise Invalid("{value!r} is not an amount.", place=place, value=text[:40])
    return sign * numbers.number(plain, "", place)


def _decimal_mark(rows: Sequence[_Row]) -> str:
    """Return which mark all amounts together show to be the decimal one. Raises Invalid."""
    certain: set[str] = set()
    doubtful = 0
    for row in rows:
        for name in ("amount", "debit", "credit", "value"):
            marks = re.findall("[.,]", row[name])
            after = len(re.findall("[0-9]", row[name].rpartition(marks[-1])[2])) if marks else 0
            if len(set(marks)) == 2:
                certain.add(marks[-1])
            elif len(marks) > 1:
                certain.add("," if marks[0] == "." else ".")
            elif marks and after != 3:
                certain.add(marks[0])
            elif marks:
                doubtful = doubtful or row.line
        if len(certain) > 1:
            raise Invalid(
                "This amount is written differently from the ones above it.",
                place=f"line {row.line}",
            )
    if doubtful and not certain:
        raise Invalid(
            "This amount is ambiguous. Export amounts with two decimals.",
            place=f"line {doubtful}",
        )
    return certain.pop() if certain else "."


def _days(written: Sequence[tuple[int, str]]) -> Iterator[date]:
    """Yield the dates of a file, whose order of day and month all together show."""
    found = [_NUMERIC.fullmatch(text) for _line, text in written]
    day_first = any(one and int(one[1]) > 12 for one in found)
    month_first = any(one and int(one[3]) > 12 for one in found)
    for (line, text), numeric in zip(written, found, strict=True):
        place = f"line {line}"
        if numeric and not day_first and not month_first and numeric[2] != ".":
            raise Invalid(
                "{value} is ambiguous. Export dates like 2024-12-31.",
                place=place,
                value=text,
            )
        yield _day(text, numeric, month_first=month_first and not day_first, place=place)


def _day(text: str, numeric: re.Match[str] | None, *, month_first: bool, place: str) -> date:
    try:
        if numeric:
            day, month = int(numeric[1]), int(numeric[3])
            day, month = (month, day) if month_first else (day, month)
            return date(int(numeric[4]), month, day)
        if iso := _ISO.fullmatch(text):
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
        if named := _NAMED.fullmatch(text):
            name = (named[2] or named[3])[:3].lower()
            return date(int(named[5]), _MONTHS.index(name) + 1, int(named[1] or named[4]))
    except ValueError as error:
        raise Invalid("{value!r} is not a date.", place=place, value=text[:20]) from error
    raise Invalid(
        "{value!r} is not a date. Export dates like 2024-12-31.", place=place, value=text[:20]
    )
