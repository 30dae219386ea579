"""Lay a profile over a table: in which row its rows begin, and where each column stands."""

from dataclasses import dataclass

from ledger.bank_files.cells import read_day
from ledger.bank_files.grid import Grid, Row
from ledger.bank_files.layouts import LOOKED_AT, plain
from ledger.bank_files.profiles import AUTO, Profile
from ledger.errors import Invalid


@dataclass(frozen=True, slots=True)
class Placed:
    """A profile on a grid: the index of its first row, and the index of each column it names."""

    profile: Profile
    first: int
    headings: tuple[str, ...]
    at: dict[str, int]

    @property
    def width(self) -> int:
        """How many cells a row has."""
        return len(self.headings)

    def has(self, key: str) -> bool:
        """Tell whether the profile names a column for something and the table has it."""
        return getattr(self.profile, key) in self.at

    def cell(self, row: Row, key: str) -> str:
        """Return what stands in the column that the profile names for something."""
        return self.under(row, getattr(self.profile, key))

    def under(self, row: Row, column: str) -> str:
        """Return what stands in a column, empty where the row or the table has no such one."""
        index = self.at.get(column)
        return row.cells[index] if index is not None and index < len(row.cells) else ""


def place(grid: Grid, profile: Profile) -> Placed:
    """Find the headings and columns of a profile. Raises Invalid, naming what is missing."""
    if profile.heading_line == 0 or all(one.startswith("#") for one in profile.columns()):
        if profile.heading_line:
            return _placed(profile, grid, _row_of(grid, profile.heading_line))
        return _headless(grid, profile)
    if profile.heading_line is not None:
        return _placed(profile, grid, _row_of(grid, profile.heading_line))
    rows = grid.rows[:LOOKED_AT]
    missing = [len(profile.columns() - _found(row.cells, profile.columns()).keys()) for row in rows]
    index = missing.index(min(missing))
    placed = _placed(profile, grid, index)
    if _is_data(grid, placed):
        # A profile written for a table without headings names the cells of its first row.
        headings = tuple(f"#{number}" for number in range(1, placed.width + 1))
        return Placed(profile, index, headings, placed.at)
    return placed


def _row_of(grid: Grid, number: int) -> int:
    for index, row in enumerate(grid.rows):
        if row.number == number:
            return index
    raise Invalid(
        "The headings are expected in {unit} {number}, which is empty.",
        place="heading_line",
        unit=grid.unit,
        number=number,
    )


def _placed(profile: Profile, grid: Grid, index: int) -> Placed:
    row = grid.rows[index]
    headings = tuple(cell.strip() for cell in row.cells)
    wanted = {one for one in _every_column(profile) if one}
    at = _found(row.cells, wanted)
    absent = sorted(profile.columns() - at.keys())
    if absent:
        raise Invalid(
            "The table has no column {absent!r:.60}.", place=grid.place(row), absent=absent[0]
        )
    names = [plain(one) for one in headings]
    for one in sorted(at):
        if names.count(plain(one)) > 1 and not one.startswith("#"):
            numbers = [f"#{place + 1}" for place, name in enumerate(names) if name == plain(one)]
            raise Invalid(
                "{count} columns have the heading {one!r:.60}. Choose one by its number, "
                "like {numbers}.",
                place=grid.place(row),
                count=len(numbers),
                one=one,
                numbers=" or ".join(numbers),
            )
    return Placed(profile, index + 1, headings, at)


def _headless(grid: Grid, profile: Profile) -> Placed:
    width = max(len(row.cells) for row in grid.rows)
    headings = tuple(f"#{number}" for number in range(1, width + 1))
    wanted = {one for one in _every_column(profile) if one}
    at = _found(headings, wanted)
    for one in sorted(wanted - at.keys()):
        raise Invalid(
            "The table has no column {one!r:.60}.", place=grid.place(grid.rows[0]), one=one
        )
    return Placed(profile, 0, headings, at)


def _found(headings: tuple[str, ...], wanted: set[str]) -> dict[str, int]:
    """Return the index of each column that is there, by its exact heading, its heading in other
    capitals, or its number."""
    exact: dict[str, int] = {}
    loose: dict[str, int] = {}
    for index, heading in enumerate(headings):
        exact.setdefault(heading.strip(), index)
        loose.setdefault(plain(heading), index)
    found: dict[str, int] = {}
    for one in wanted:
        index = exact.get(one.strip(), loose.get(plain(one), -1))
        number = one[1:]
        if index < 0 and one.startswith("#") and number.isascii() and number.isdigit():
            index = int(number) - 1 if int(number) <= len(headings) else -1
        if index >= 0:
            found[one] = index
    return found


def _every_column(profile: Profile) -> list[str]:
    named = (
        *(profile.value_day, profile.counterparty_account, profile.end_to_end, profile.code),
        *(profile.currency_out, profile.counterparty_out),
    )
    return [*profile.columns(), *named]


def _is_data(grid: Grid, placed: Placed) -> bool:
    """Tell whether what was taken for the headings is a row of days and amounts."""
    profile = placed.profile
    if profile.day_format == AUTO:
        return False
    try:
        read_day(placed.cell(grid.rows[placed.first - 1], "day"), profile.day_format)
    except Invalid:
        return False
    return True
