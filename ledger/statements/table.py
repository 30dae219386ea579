"""Tables (CSV) of banks: rows become lines, in the order in which the running balance goes.

Where the table has no running balance, the one before its first line is taken as given, or as
zero. Must not guess what a column is: a profile says so.
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from ledger.core.currencies import EXPONENTS
from ledger.errors import Invalid
from ledger.statements.profiles import PROFILES, Profile, profile_of
from ledger.statements.statement import Line, Statement, decimal_text, minor

MAX_ROWS = 100_000
MAX_CELL = 10_000
MAX_CODE = 64
ENCODINGS = ("utf-8-sig", "cp1252", "latin-1")
SEPARATORS = (",", ";", "\t")
_SIGNS = re.compile(r"[$€£¥\s]|\b[A-Z]{3}\b")
_GROUPED = {
    ".": re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:([,'’])[0-9]{3})(?:\1[0-9]{3})*)(?:\.[0-9]*)?"),
    ",": re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:([.'’])[0-9]{3})(?:\1[0-9]{3})*)(?:,[0-9]*)?"),
}


@dataclass(frozen=True, slots=True)
class _Row:
    """A row with the line it ends on, what it says of its account, and the balance after it."""

    number: int
    account: str
    currency: str
    line: Line
    balance: int | None


def is_table(data: bytes) -> bool:
    """Tell whether a file begins with headings that we know."""
    try:
        _headings, found = _opened(_decode(data[:4000]))
    except Invalid:
        return False
    return found is not None


def read(
    data: bytes, profile: Profile | None = None, opening: str | None = None
) -> list[Statement]:
    """Return one statement per account. Raises Invalid, naming line and column."""
    text = _decode(data)
    headings, known = _opened(text)
    used = profile or known
    if used is None:
        banks = ", ".join(one.name for one in PROFILES)
        raise Invalid(
            f"No bank we know writes these headings ({banks}); say what the columns are in a "
            "profile.",
            place="line 1",
        )
    missing = sorted(used.columns() - set(headings))
    if missing:
        raise Invalid(f"The table has no column {missing[0]!r:.60}.", place="line 1")
    rows, warnings = _rows(text, used)
    if not rows:
        raise Invalid("The table holds no line.", place="file")
    accounts = dict.fromkeys((row.account, row.currency) for row in rows)
    return [
        _statement(
            [row for row in rows if (row.account, row.currency) == key], used, opening, warnings
        )
        for key in accounts
    ]


def _decode(data: bytes) -> str:
    for encoding in ENCODINGS[:-1]:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode(ENCODINGS[-1])


def _opened(text: str) -> tuple[list[str], Profile | None]:
    """Return the headings, and the profile that they belong to."""
    first = text.split("\n", 1)[0].removesuffix("\r")
    if "\0" in first or len(first) > MAX_CELL:
        raise Invalid("These are no headings of a table.", place="line 1")
    try:
        cells = next(csv.reader([first], delimiter=_separator(first), strict=True), [])
    except csv.Error as error:
        raise Invalid("These are no headings of a table.", place="line 1") from error
    headings = [cell.strip() for cell in cells]
    return headings, profile_of(set(headings))


def _separator(first: str) -> str:
    return max(SEPARATORS, key=first.count)


def _rows(text: str, profile: Profile) -> tuple[list[_Row], list[str]]:
    first = text.split("\n", 1)[0]
    if "\0" in text:
        raise Invalid("The file holds a NUL: this is no table.", place="file")
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=_separator(first), strict=True)
    reader.fieldnames = [(name or "").strip() for name in reader.fieldnames or []]
    if len(set(reader.fieldnames)) != len(reader.fieldnames):
        raise Invalid("Two columns have the same heading.", place="line 1")
    rows: list[_Row] = []
    warnings: list[str] = []
    try:
        for cells in reader:
            place = f"line {reader.line_num}"
            if None in cells or None in cells.values():
                raise Invalid("This row has not as many cells as there are headings.", place=place)
            if len(rows) >= MAX_ROWS:
                raise Invalid(f"The table has more than {MAX_ROWS} rows.", place=place)
            if profile.status and cells[profile.status].strip() != profile.booked:
                warnings.append(f"{place} is left out: {cells[profile.status].strip()[:40]}.")
                continue
            rows.append(_row(cells, profile, reader.line_num))
    except csv.Error as error:
        raise Invalid(
            f"The table cannot be read: {error}.", place=f"line {reader.reader.line_num}"
        ) from error
    return rows, warnings


def _row(cells: dict[str, str], profile: Profile, number: int) -> _Row:
    place = f"line {number}"

    def cell(column: str) -> str:
        found = cells.get(column, "") if column else ""
        return " ".join("".join(s if s.isprintable() else " " for s in found).split())

    currency = cell(profile.currency_column) or profile.currency
    if currency not in EXPONENTS:
        raise Invalid(f"{currency[:10]!r} is no currency.", place=place)

    def amount(column: str) -> int | None:
        text = cell(column)
        return _minor(text, currency, profile, f"{place}, {column}") if text else None

    texts = " ".join(text for text in map(cell, profile.texts) if text)
    return _Row(
        number=number,
        account=(cell(profile.account_column) or profile.name)[:MAX_CODE],
        currency=currency,
        line=Line(
            position=0,
            amount=_moved(profile, amount, place),
            booked_on=_day(cell(profile.day), profile, f"{place}, {profile.day}"),
            value_on=(
                _day(cell(profile.value_day), profile, f"{place}, {profile.value_day}")
                if cell(profile.value_day)
                else None
            ),
            bank_reference=cell(profile.reference) or None,
            end_to_end_id=cell(profile.end_to_end) or None,
            counterparty_name=cell(profile.counterparty) or None,
            counterparty_account=cell(profile.counterparty_account) or None,
            remittance=texts or cell(profile.counterparty),
            code=cell(profile.code)[:MAX_CODE] or None,
        ),
        balance=amount(profile.balance),
    )


def _moved(profile: Profile, amount: Callable[[str], int | None], place: str) -> int:
    """Return what a row moves: its amount, or what is in one of two columns."""
    if profile.amount:
        found = amount(profile.amount)
        if found is None:
            raise Invalid("The row has no amount.", place=f"{place}, {profile.amount}")
        return found
    paid_out, paid_in = amount(profile.paid_out), amount(profile.paid_in)
    if (paid_out is None) == (paid_in is None):
        raise Invalid(
            "A row is paid out or paid in, one of both.", place=f"{place}, {profile.paid_out}"
        )
    moved = paid_out if paid_out is not None else paid_in or 0
    if moved < 0:
        # Whether it turns the direction round or only repeats it, nobody can tell.
        raise Invalid("What is paid out or in is not below zero.", place=place)
    return -moved if paid_out is not None else moved


def _minor(text: str, currency: str, profile: Profile, place: str) -> int:
    """Read an amount with its signs and groups, written as the profile says."""
    bare = _SIGNS.sub("", text)
    if not _GROUPED[profile.decimal_mark].fullmatch(bare):
        raise Invalid(f"{text[:40]!r} is not an amount.", place=place)
    group = "," if profile.decimal_mark == "." else "."
    plain = re.sub(r"['’]", "", bare).replace(group, "").replace(",", ".")
    return minor(plain, currency, place)


def _day(text: str, profile: Profile, place: str) -> date:
    try:
        return datetime.strptime(text, profile.day_format).date()
    except ValueError as error:
        raise Invalid(f"{text[:20]!r} is not a date.", place=place) from error


def _statement(
    rows: Sequence[_Row], profile: Profile, opening: str | None, warnings: Sequence[str]
) -> Statement:
    told = list(warnings)
    account, currency = rows[0].account, rows[0].currency
    if profile.balance:
        ordered = _ordered(rows, profile, told)
        first = ordered[0]
        assert first.balance is not None
        before = first.balance - first.line.amount
    else:
        ordered = list(reversed(rows)) if profile.newest_first else list(rows)
        before = minor(opening, currency, "opening") if opening else 0
        if not opening:
            told.append(
                "The table states no balance: the one before its first line is taken as "
                f"{decimal_text(0, currency)}."
            )
    lines = tuple(replace(row.line, position=place) for place, row in enumerate(ordered))
    closing = before + sum(line.amount for line in lines)
    days = [line.booked_on for line in lines]
    return Statement(
        statement_id=f"{profile.name}/{account}/{min(days)}/{max(days)}/"
        f"{decimal_text(closing, currency)}",
        account=account,
        currency=currency,
        opening=before,
        closing=closing,
        opens_on=min(days),
        closes_on=max(days),
        lines=lines,
        warnings=tuple(told),
    )


def _ordered(rows: Sequence[_Row], profile: Profile, told: list[str]) -> list[_Row]:
    """Return rows as the running balance goes, oldest first. Raises Invalid where it breaks."""
    as_written, turned = list(rows), list(reversed(rows))
    usual, other = (turned, as_written) if profile.newest_first else (as_written, turned)
    if _break(usual) is None:
        if len(rows) > 1 and _break(other) is None and usual[-1].balance != other[-1].balance:
            told.append(
                "The running balance allows both orders of the rows; the "
                f"{'last' if profile.newest_first else 'first'} row is taken as the oldest, as "
                "this bank writes them."
            )
        return usual
    if _break(other) is None:
        return other
    row, expected = _break(usual) or (usual[0], 0)
    stated = decimal_text(row.balance or 0, row.currency)
    raise Invalid(
        f"The row states a balance of {stated}, but the rows before it give "
        f"{decimal_text(expected, row.currency)}.",
        place=f"line {row.number}, {profile.balance}",
    )


def _break(rows: Sequence[_Row]) -> tuple[_Row, int] | None:
    """Return the first row whose balance does not follow from the one before, and what would."""
    held: int | None = None
    for row in rows:
        expected = row.line.amount + (held if held is not None else 0)
        if row.balance is None or (held is not None and row.balance != expected):
            return row, expected
        held = row.balance
    return None
