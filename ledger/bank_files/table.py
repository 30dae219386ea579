"""Tables (CSV, XLSX) of banks: rows become lines, in the order in which the running balance goes.

Where the table has no running balance, the one before its first line is taken as given, or as
zero. Must not guess what a column is: a profile says so, or the table's headings beyond doubt.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ledger.bank_files import workbook
from ledger.bank_files.cells import read_day
from ledger.bank_files.grid import Grid, open_grid
from ledger.bank_files.layouts import layout_of
from ledger.bank_files.placing import Placed, place
from ledger.bank_files.profiles import Profile
from ledger.bank_files.proposal import completed, propose
from ledger.bank_files.rows import Moved, Rows, read_rows
from ledger.bank_files.statement import Statement, decimal_text, minor
from ledger.errors import Invalid


@dataclass(frozen=True, slots=True)
class Remembered:
    """How a table with these headings was read before."""

    headings: tuple[str, ...]
    profile: Profile


@dataclass(frozen=True, slots=True)
class Hints:
    """What the books know of the account that a table is of: its currency, and how its tables
    were read before."""

    currency: str = ""
    remembered: tuple[Remembered, ...] = ()


NO_HINTS = Hints()
LOOKED_AT_BYTES = 64 * 1024
# Lines of MT940 have commas too.
_MT940 = (":20:", ":61:", "{1:")


class TableUnclear(Invalid):
    """A table that somebody has to say more of; ``proposal`` is the best reading there is."""

    def __init__(
        self, message: str, *, place: str, proposal: Profile, problems: tuple[str, ...]
    ) -> None:
        super().__init__(message, place=place)
        self.proposal = proposal
        self.problems = problems


def is_table(data: bytes) -> bool:
    """Tell whether a file is a workbook, or text in columns."""
    if workbook.is_workbook(data):
        return True
    try:
        grid = open_grid(_beginning(data), strict=False)
    except Invalid:
        return False
    if any(row.cells[0].startswith(_MT940) for row in grid.rows):
        return False
    return layout_of(grid) is not None or propose(grid, "").plausible


def _beginning(data: bytes) -> bytes:
    """Return whole lines enough to tell what a file is; in UTF-16 a line has no byte of its own."""
    if len(data) <= LOOKED_AT_BYTES or b"\0" in data[:LOOKED_AT_BYTES]:
        return data
    return data[:LOOKED_AT_BYTES].rpartition(b"\n")[0] or data


def read(
    data: bytes, profile: Profile | None = None, opening: str | None = None, hints: Hints = NO_HINTS
) -> list[Statement]:
    """Return one statement per account and currency. Raises Invalid, naming line and column, and
    TableUnclear where nobody said what the columns are and the table does not either."""
    grid = open_grid(data, profile.encoding if profile else "")
    placed, notes = choose(grid, profile, hints)
    rows = read_rows(grid, placed, hints.currency)
    if not rows.moved:
        raise Invalid("The table contains no lines.", place="file")
    keys = dict.fromkeys((row.account, row.currency) for row in rows.moved)
    told = [*grid.notes, *notes, *rows.notes]
    statements = []
    for key in keys:
        mine = [row for row in rows.moved if (row.account, row.currency) == key]
        statements.append(_statement(grid, mine, rows, opening, told))
        # What concerns the whole file is said once.
        told = []
    return statements


def choose(
    grid: Grid, profile: Profile | None, hints: Hints = NO_HINTS
) -> tuple[Placed, list[str]]:
    """Return how a table is read, and what should be said of that.

    The profile that somebody gave comes first, then the ones remembered for the account, then the
    layouts of banks, then what the headings say themselves. Raises Invalid and TableUnclear.
    """
    if profile is not None:
        return completed(grid, place(grid, profile), hints.currency)
    for known in hints.remembered:
        placed = _as_before(grid, known)
        if placed is not None:
            return placed, []
    layout = layout_of(grid)
    proposed = propose(grid, hints.currency, layout.profile if layout else None)
    if proposed.problems:
        raise TableUnclear(
            f"{proposed.problems[0]} Say what the columns are: on the bank page of the account, or "
            "with --profile on the command line.",
            place=proposed.where,
            proposal=proposed.profile,
            problems=proposed.problems,
        )
    return completed(grid, place(grid, proposed.profile), hints.currency)


@dataclass(frozen=True, slots=True)
class Reading:
    """A table as it stands, the best way to read it, and why that is not certain.

    ``placed`` is None where the columns of the profile are not all there; ``where`` is what the
    first of the problems is about.
    """

    grid: Grid
    profile: Profile
    placed: Placed | None
    problems: tuple[str, ...]
    where: str = "file"


def reading_of(
    data: bytes, profile: Profile | None, currency: str, remembered: tuple[Remembered, ...] = ()
) -> Reading:
    """Return how a table is read, for somebody to look over. Raises Invalid for no table."""
    grid = open_grid(data, profile.encoding if profile else "")
    try:
        placed, _notes = choose(grid, profile, Hints(currency, remembered))
    except TableUnclear as error:
        profile, problems = error.proposal, error.problems
    except Invalid as error:
        profile, problems = profile or propose(grid, currency).profile, (error.message,)
    else:
        return Reading(grid, placed.profile, placed, ())
    try:
        return Reading(grid, profile, place(grid, profile), problems)
    except Invalid as error:
        return Reading(grid, profile, None, (*problems, error.message))


def _as_before(grid: Grid, known: Remembered) -> Placed | None:
    """Return a profile on a table that has the very headings with which it was remembered."""
    try:
        placed = place(grid, known.profile)
        read_day(placed.cell(grid.rows[placed.first], "day"), known.profile.day_format)
    except (Invalid, IndexError):
        return None
    return placed if placed.headings == known.headings else None


def _statement(
    grid: Grid,
    rows: Sequence[Moved],
    read: Rows,
    opening: str | None,
    notes: Sequence[str],
) -> Statement:
    profile, told = read.placed.profile, list(notes)
    account, currency = rows[0].account, rows[0].currency
    stated = sum(1 for row in rows if row.balance is not None)
    if stated:
        ordered = _ordered(grid, rows, profile, told)
        before, derived = _before(ordered), (stated == 1, False)
    else:
        ordered = _by_day(rows, profile)
        before, derived = _without_balance(rows, read, currency, opening, told)
    lines = [line for row in ordered for line in row.lines]
    lines = [replace(line, position=position) for position, line in enumerate(lines)]
    closing = before + sum(line.amount for line in lines)
    days = [row.day for row in ordered]
    return Statement(
        statement_id=f"{profile.name}/{account}/{min(days)}/{max(days)}/"
        f"{decimal_text(closing, currency)}",
        account=account,
        currency=currency,
        opening=before,
        closing=closing,
        opens_on=min(days),
        closes_on=max(days),
        lines=tuple(lines),
        warnings=tuple(told),
        opening_derived=derived[0],
        closing_derived=derived[1],
    )


def _without_balance(
    rows: Sequence[Moved], read: Rows, currency: str, opening: str | None, told: list[str]
) -> tuple[int, tuple[bool, bool]]:
    """Return the balance before the first row, and whether it and the closing one are derived.

    It is given, or what leads to a closing balance below the table, or zero.
    """
    given = minor(opening, currency, "opening") if opening else None
    if read.closing is not None and len({(row.account, row.currency) for row in read.moved}) == 1:
        closing, where = read.closing
        before = closing - sum(row.moved for row in rows)
        if given is not None and given != before:
            raise Invalid(
                "The table ends with {closing}, so it must begin with {before}, not {given}.",
                place=where,
                closing=decimal_text(closing, currency),
                before=decimal_text(before, currency),
                given=decimal_text(given, currency),
            )
        return before, (given is None, False)
    if given is None:
        told.append(
            "The table states no balance: the one before its first line is taken as "
            f"{decimal_text(0, currency)}."
        )
    return given or 0, (given is None, True)


def _before(ordered: Sequence[Moved]) -> int:
    """Return the balance before the first row: what the first stated balance and the rows up to
    it lead back to."""
    moved = 0
    for row in ordered:
        moved += row.moved
        if row.balance is not None:
            return row.balance - moved
    raise AssertionError("no row states a balance")


def _by_day(rows: Sequence[Moved], profile: Profile) -> list[Moved]:
    """Return rows with the oldest first, as far as their days tell it."""
    turned = list(reversed(rows))
    for order in (list(rows), turned):
        if _ascends(order):
            return order
    return turned if profile.newest_first else list(rows)


def _ordered(grid: Grid, rows: Sequence[Moved], profile: Profile, told: list[str]) -> list[Moved]:
    """Return rows as the running balance goes, oldest first. Raises Invalid where it breaks."""
    as_written, turned = list(rows), list(reversed(rows))
    usual, other = (turned, as_written) if profile.newest_first else (as_written, turned)
    sound = [order for order in (usual, other) if _break(order) is None]
    if len(sound) > 1 and _before(usual) != _before(other):
        by_day = [order for order in sound if _ascends(order)]
        if len(by_day) == 1:
            return by_day[0]
        told.append(
            "The running balance allows both orders of the rows; the "
            f"{'last' if profile.newest_first else 'first'} row is taken as the oldest."
        )
    if sound:
        return sound[0]
    for order in (usual, other):
        sorted_by_day = sorted(order, key=lambda row: row.day)
        if _break(sorted_by_day) is None:
            return sorted_by_day
    likely = other if _ascends(other) else usual
    row, expected = _break(likely) or (likely[0], 0)
    stated = decimal_text(row.balance or 0, row.currency)
    raise Invalid(
        "The row states a balance of {stated}, but the rows before it give {expected}.",
        place=f"{grid.unit} {row.number}, {profile.balance}",
        stated=stated,
        expected=decimal_text(expected, row.currency),
    )


def _ascends(rows: Sequence[Moved]) -> bool:
    days = [row.day for row in rows]
    return days == sorted(days) and days[0] != days[-1]


def _break(rows: Sequence[Moved]) -> tuple[Moved, int] | None:
    """Return the first row whose balance does not follow from those before, and what would."""
    held: int | None = None
    for row in rows:
        expected = row.moved + (held if held is not None else 0)
        if row.balance is None:
            held = None if held is None else expected
            continue
        if held is not None and row.balance != expected:
            return row, expected
        held = row.balance
    return None
