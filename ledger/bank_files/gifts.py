"""Lists of gifts, as people keep them in a spreadsheet: who gave how much, and when.

The same tables as those of banks, read by the same profiles; a row is a gift. Must not know who
is known already.
"""

from dataclasses import dataclass
from datetime import date

from ledger.bank_files.cells import currency_of, read_amount, read_day
from ledger.bank_files.encoding import printable
from ledger.bank_files.grid import Grid, Row, open_grid
from ledger.bank_files.placing import Placed, place
from ledger.bank_files.profiles import Profile
from ledger.bank_files.proposal import propose
from ledger.bank_files.rows import NO_DAY, data_rows, settled
from ledger.bank_files.table import Reading
from ledger.core.bounds import LONGEST_LINE, LONGEST_TEXT
from ledger.errors import Invalid

# Each gift is an entry of its own, and all of a list come in together.
MAX_GIFTS = 5_000


@dataclass(frozen=True, slots=True)
class Gift:
    """One gift of a list; ``amount`` in minor units, above zero. ``place`` is its row."""

    place: str
    name: str
    email: str
    amount: int
    given_on: date
    note: str


@dataclass(frozen=True, slots=True)
class GiftList:
    """The gifts of a file, in its order, and what was left out of it."""

    gifts: tuple[Gift, ...]
    warnings: tuple[str, ...]


def reading_of_gifts(data: bytes, profile: Profile | None, currency: str) -> Reading:
    """Return how a list is read, for somebody to look over. Raises Invalid for no table."""
    grid = open_grid(data, profile.encoding if profile else "")
    problems: tuple[str, ...] = ()
    where = "file"
    if profile is None:
        proposed = propose(grid, currency, of_gifts=True)
        profile, problems, where = proposed.profile, proposed.problems, proposed.where
    try:
        placed = place(grid, profile)
        if not problems:
            placed = settled(grid, placed)
    except Invalid as error:
        where = where if problems else error.place or where
        return Reading(grid, profile, None, (*problems, error.message), where)
    return Reading(grid, placed.profile, placed, problems, where)


def read_gifts(data: bytes, profile: Profile | None, currency: str) -> GiftList:
    """Read a list of gifts in one currency. Raises Invalid, naming row and column.

    Without a profile the headings have to say what each column is.
    """
    found = reading_of_gifts(data, profile, currency)
    if found.problems or found.placed is None:
        raise Invalid(
            "{problems} State what the columns contain: on the page Import contributions, or "
            "with --profile on the command line.",
            place=found.where,
            problems=found.problems[0],
        )
    if not found.profile.amount:
        raise Invalid(
            "A list of contributions must have exactly one column of amounts.", place="amount"
        )
    rows, below = data_rows(found.grid, found.placed)
    if len(rows) > MAX_GIFTS:
        raise Invalid(
            "The list has {count} contributions. Split it into lists of up to {max_gifts}.",
            place=found.grid.place(rows[MAX_GIFTS]),
            count=len(rows),
            max_gifts=MAX_GIFTS,
        )
    if not rows:
        raise Invalid("The list contains no contributions.", place="file")
    gifts = tuple(_gift(found.grid, found.placed, row, currency) for row in rows)
    left_out = [f"{found.grid.place(row)} is left out: it stands below the list." for row in below]
    return GiftList(gifts, (*found.grid.notes, *left_out))


def _gift(grid: Grid, placed: Placed, row: Row, currency: str) -> Gift:
    profile = placed.profile
    if any(cell.strip() for cell in row.cells[placed.width :]) or len(row.cells) < placed.width:
        raise Invalid(
            "This row does not have the same number of cells as there are headings.",
            place=grid.place(row),
        )
    named = placed.cell(row, "currency_column").strip() or profile.currency or currency
    column = profile.amount
    try:
        column = profile.currency_column
        if currency_of(named) != currency:
            raise Invalid(
                "This contribution is in {named}, but the book is in {currency}.",
                named=named[:10],
                currency=currency,
            )
        column = profile.amount
        amount = read_amount(placed.cell(row, "amount"), currency, profile.decimal_mark)
        if amount <= 0:
            raise Invalid(
                "A contribution must be above zero. Record a refund on the contribution it "
                "belongs to."
            )
        column = profile.day
        text = placed.cell(row, "day")
        if not text.strip():
            raise Invalid(NO_DAY[grid.unit])
        given_on = read_day(text, profile.day_format)
    except Invalid as error:
        error.place = grid.place(row, column)
        raise
    texts = [placed.under(row, one) for one in profile.texts]
    return Gift(
        place=grid.place(row),
        name=printable(placed.cell(row, "counterparty"))[:LONGEST_LINE],
        email=placed.cell(row, "email").strip(),
        amount=amount,
        given_on=given_on,
        note=printable(" ".join(texts))[:LONGEST_TEXT],
    )
