"""The rows of a placed table: what each moves, in minor units, and the balance it states after.

Rows that are pending, state only a balance, or stand below the table are left out, and said so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from ledger.bank_files.cells import (
    ORDERS,
    currency_of,
    days_of,
    marks_of,
    orders_of,
    read_amount,
    read_day,
)
from ledger.bank_files.grid import Grid, Row
from ledger.bank_files.placing import Placed
from ledger.bank_files.profiles import AUTO
from ledger.bank_files.statement import Line, Part, decimal_text, is_balance_row
from ledger.bank_files.words import CLOSING, IN, OUT, PENDING, TOTAL
from ledger.core.bounds import LONGEST_CODE
from ledger.errors import Invalid

MONEY = ("amount", "paid_out", "paid_in")
NAMED_SEPARATELY = 3
NO_DAY = {
    "line": "The row has no date.",
    "row": "The row has no date. A merged cell counts in its first row only: unmerge it and fill "
    "every row.",
}


@dataclass(frozen=True, slots=True)
class Moved:
    """What one row moves, in one or more lines, and the balance that it states after them."""

    number: int
    account: str
    currency: str
    day: date
    lines: tuple[Line, ...]
    balance: int | None

    @property
    def moved(self) -> int:
        """The sum of its lines, in minor units."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows that move something; ``closing`` is a balance stated below them and its place."""

    placed: Placed
    moved: tuple[Moved, ...]
    notes: tuple[str, ...]
    closing: tuple[int, str] | None = field(default=None)


def read_rows(grid: Grid, placed: Placed, currency: str) -> Rows:
    """Read the rows of a table. Raises Invalid, naming line and column.

    ``currency`` is what the account holds, for a table that does not say it.
    """
    reader = _Reader(grid, settled(grid, placed), currency)
    moved = list(reader.rows())
    notes = [*_left_out(grid, reader.left_out), *reader.payouts(), *reader.notes]
    return Rows(reader.placed, tuple(moved), tuple(notes), reader.closing())


def data_rows(grid: Grid, placed: Placed) -> tuple[list[Row], list[Row]]:
    """Return the rows of a table, and those below it: totals, balances, remarks."""
    rows = list(grid.rows[placed.first :])
    end = len(rows)
    while end and _stands_below(rows[end - 1], placed):
        end -= 1
    return rows[:end], rows[end:]


def _stands_below(row: Row, placed: Placed) -> bool:
    day = placed.cell(row, "day")
    if days_of(day):
        return False
    if not any(placed.cell(row, key).strip() for key in MONEY if placed.has(key)):
        return True
    # A movement without a day is none that stands below: somebody has to look at it.
    return any(TOTAL.fullmatch(cell.strip()) for cell in row.cells)


def settled(grid: Grid, placed: Placed) -> Placed:
    """Return a profile whose day format and decimal mark are said, by it or by all rows.

    Raises Invalid where the days can be read in two ways.
    """
    profile = placed.profile
    rows, _below = data_rows(grid, placed)
    if profile.day_format == AUTO:
        days = [day for row in rows if (day := placed.cell(row, "day").strip())]
        orders = orders_of(days)
        if len(orders) > 1:
            raise Invalid(
                "The dates are ambiguous ({days}). Set day_format.",
                place=grid.place(rows[0], profile.day),
                days=_ways(days[0], orders),
            )
        # Where none fits, the first row that is no day is named when it is read.
        profile = replace(profile, day_format=orders[0] if orders else ORDERS[0])
    if not profile.decimal_mark:
        # Only sums of three decimals differ; a point is what is meant where nobody says more.
        found = [(text, _any_currency(placed, row)) for row, text in amounts(rows, placed)]
        # What can be read in neither way is named when its row is read.
        marks = marks_of(found) or marks_of([one for one in found if marks_of([one])])
        profile = replace(profile, decimal_mark=marks[0] if marks else ".")
    return replace(placed, profile=profile)


def _ways(text: str, orders: Sequence[str]) -> str:
    days = days_of(text)
    return " or ".join(f"{text} is {days[order]}" for order in orders if order in days)


def amounts(rows: Sequence[Row], placed: Placed) -> Iterator[tuple[Row, str]]:
    """Yield every filled cell that holds an amount, with its row."""
    for key in (*MONEY, "balance", "fee", "net", "refunded"):
        if placed.has(key):
            for row in rows:
                if placed.cell(row, key).strip():
                    yield row, placed.cell(row, key)


def _any_currency(placed: Placed, row: Row) -> str:
    try:
        return currency_of(placed.cell(row, "currency_column") or placed.profile.currency)
    except Invalid:
        return "EUR"


def _left_out(grid: Grid, rows: dict[str, list[int]]) -> Iterator[str]:
    for reason, numbers in rows.items():
        if len(numbers) <= NAMED_SEPARATELY:
            for number in numbers:
                yield f"{grid.unit} {number} is left out: {reason}."
        else:
            yield (
                f"{len(numbers)} rows are left out, the first in {grid.unit} {numbers[0]}: "
                f"{reason}."
            )


class _Reader:
    """Reads row by row, and keeps what has to be said of the whole table."""

    def __init__(self, grid: Grid, placed: Placed, currency: str) -> None:
        self.grid = grid
        self.placed = placed
        self.profile = placed.profile
        self.currency = currency
        self.left_out: dict[str, list[int]] = {}
        self.notes: list[str] = []
        self._rows, self._below = data_rows(grid, placed)
        self._signed = -1 in self._signs("amount")
        self._fee_signed = -1 in self._signs("fee")
        # Some banks repeat by a minus that what is paid out goes out; then all of it has one.
        self._out_signed = self._signs("paid_out") == {-1}
        self._payouts: dict[tuple[str, str], list[int]] = {}

    def _signs(self, key: str) -> set[int]:
        """Return which signs the amounts of a column have: 1, -1, or both."""
        found = set()
        for row in self._rows if self.placed.has(key) else ():
            try:
                amount = self._read(row, key, self._currency(row, 1))
            except Invalid:
                continue
            if amount:
                found.add(1 if amount > 0 else -1)
        return found

    def rows(self) -> Iterator[Moved]:
        """Yield what each row moves. Raises Invalid, naming line and column."""
        for row in self._rows:
            reason = self._reason(row)
            if reason:
                self.left_out.setdefault(reason, []).append(row.number)
                continue
            yield self._moved(row)
        for row in self._below:
            words = next((cell.strip() for cell in row.cells if cell.strip()), "")
            self.left_out.setdefault(f"it stands below the table ({words[:40]})", []).append(
                row.number
            )

    def closing(self) -> tuple[int, str] | None:
        """Return a closing balance that stands below the table, and where."""
        if not self._rows:
            return None
        currency = self._currency(self._rows[-1], 1)
        for row in self._below:
            if CLOSING.fullmatch(row.cells[0].strip()):
                found = []
                for cell in row.cells[1:]:
                    if cell.strip() and not days_of(cell):
                        try:
                            found.append(read_amount(cell, currency, self.profile.decimal_mark))
                        except Invalid:
                            continue
                if len(found) == 1:
                    return found[0], self.grid.place(row)
        return None

    def payouts(self) -> Iterator[str]:
        """Say of each payout what came, what it cost, and what arrives at the bank."""
        for (payout, currency), sums in self._payouts.items():
            gross, fee = sums
            yield (
                f"Payout {payout}: gross {decimal_text(gross, currency)}, fees "
                f"{decimal_text(-fee, currency)}, net {decimal_text(gross + fee, currency)}."
            )

    def _reason(self, row: Row) -> str:
        """Return why a row is left out, or nothing."""
        placed, place = self.placed, self.grid.place(row)
        if len(row.cells) < placed.width or any(cell.strip() for cell in row.cells[placed.width :]):
            raise Invalid(
                "This row does not have the same number of cells as there are headings.",
                place=place,
            )
        if placed.has("status"):
            status = placed.cell(row, "status").strip()
            booked = {one.casefold() for one in self.profile.booked}
            if (status.casefold() not in booked) if booked else bool(PENDING.fullmatch(status)):
                return status[:40] or "its status is empty"
        words = [placed.under(row, one) for one in self.profile.texts]
        named = placed.cell(row, "counterparty")
        # Without an amount it is read, as what the rows before have to lead to.
        if is_balance_row(*words, named) and self._has_money(row):
            return f"it states a balance ({' '.join(words).strip()[:40]})"
        return ""

    def _has_money(self, row: Row) -> bool:
        return any(self.placed.cell(row, key).strip() for key in MONEY)

    def _currency(self, row: Row, direction: int) -> str:
        placed = self.placed
        key = "currency_out" if direction < 0 and placed.has("currency_out") else "currency_column"
        named = placed.cell(row, key).strip() or self.profile.currency or self.currency
        if not named:
            raise Invalid(
                "The currency is not stated. Set currency or currency_column.",
                place="currency",
            )
        try:
            return currency_of(named)
        except Invalid as error:
            error.place = self.grid.place(row)
            raise

    def _read(self, row: Row, key: str, currency: str) -> int | None:
        text = self.placed.cell(row, key)
        if not text.strip():
            return None
        try:
            return read_amount(text, currency, self.profile.decimal_mark)
        except Invalid as error:
            error.place = self.grid.place(row, getattr(self.profile, key))
            raise

    def _day(self, row: Row, key: str) -> date:
        text = self.placed.cell(row, key)
        try:
            if not text.strip():
                raise Invalid(NO_DAY[self.grid.unit])
            return read_day(text, self.profile.day_format)
        except Invalid as error:
            error.place = self.grid.place(row, getattr(self.profile, key))
            raise

    def _moved(self, row: Row) -> Moved:
        direction = self._direction(row)
        currency = self._currency(row, direction or 1)
        amount = self._amount(row, currency, direction)
        fee = self._fee(row, currency, amount)
        base = self._line(row, amount or 0)
        lines = [] if amount is None else [base]
        if fee and self.profile.fee_with_payment:
            lines = [_with_fee(base, fee)]
        elif fee:
            lines.append(_beside(base, fee, "Fee"))
        refunded = self._read(row, "refunded", currency) if self.placed.has("refunded") else None
        if refunded:
            lines.append(_beside(base, -abs(refunded), "Refund"))
        payout = self.placed.cell(row, "payout").strip()
        if payout:
            sums = self._payouts.setdefault((payout, currency), [0, 0])
            sums[0] += amount or 0
            sums[1] += fee
        return Moved(
            number=row.number,
            account=(self.placed.cell(row, "account_column").strip() or self.profile.name)[
                :LONGEST_CODE
            ],
            currency=currency,
            day=base.booked_on,
            lines=tuple(lines),
            balance=self._read(row, "balance", currency),
        )

    def _line(self, row: Row, amount: int) -> Line:
        placed = self.placed
        name = "counterparty_out" if amount < 0 and placed.has("counterparty_out") else ""
        counterparty = placed.cell(row, name or "counterparty").strip()
        texts = [placed.under(row, one).strip() for one in self.profile.texts]
        if payout := placed.cell(row, "payout").strip():
            texts.append(payout)
        return Line(
            position=0,
            amount=amount,
            booked_on=self._day(row, "day"),
            value_on=(
                self._day(row, "value_day") if placed.cell(row, "value_day").strip() else None
            ),
            bank_reference=placed.cell(row, "reference").strip() or None,
            end_to_end_id=placed.cell(row, "end_to_end").strip() or None,
            counterparty_name=counterparty or None,
            counterparty_account=placed.cell(row, "counterparty_account").strip() or None,
            remittance=" ".join(text for text in texts if text) or counterparty,
            code=placed.cell(row, "code").strip()[:LONGEST_CODE] or None,
        )

    def _direction(self, row: Row) -> int:
        """Return which way a row goes by its sign column: 1 in, -1 out, 0 where there is none."""
        if not self.placed.has("sign"):
            return 0
        text = self.placed.cell(row, "sign").strip()
        said = {
            **dict.fromkeys(self.profile.sign_in, 1),
            **dict.fromkeys(self.profile.sign_out, -1),
        }
        said = {key.casefold(): value for key, value in said.items()}
        known = said or {**dict.fromkeys(IN, 1), **dict.fromkeys(OUT, -1)}
        if text.casefold() not in known and not (said and not self.profile.sign_in):
            raise Invalid(
                "{value!r} does not say whether the money came in or went out.",
                place=self.grid.place(row, self.profile.sign),
                value=text[:40],
            )
        return known.get(text.casefold(), 1)

    def _amount(self, row: Row, currency: str, direction: int) -> int | None:
        """Return what a row moves, or None where it only states a balance."""
        if self.profile.amount:
            found = self._read(row, "amount", currency)
            return self._directed(row, found, direction)
        paid_out, paid_in = (
            self._read(row, "paid_out", currency),
            self._read(row, "paid_in", currency),
        )
        place = self.grid.place(row, self.profile.paid_out)
        if direction:
            used = paid_out if direction < 0 else paid_in
            return self._directed(row, used, direction)
        if paid_out and self._out_signed:
            paid_out = -paid_out
        if paid_out and paid_in:
            raise Invalid("A row must be either paid out or paid in, not both.", place=place)
        if paid_out is None and paid_in is None:
            self._nothing(row, place, "A row must be either paid out or paid in, not both.")
            return None
        if (paid_out or 0) < 0 or (paid_in or 0) < 0:
            # Whether it turns the direction round or only repeats it, nobody can tell.
            raise Invalid(
                "Amounts paid out or paid in cannot be negative.", place=self.grid.place(row)
            )
        return (paid_in or 0) - (paid_out or 0)

    def _directed(self, row: Row, found: int | None, direction: int) -> int | None:
        place = self.grid.place(row, self.profile.amount or self.profile.paid_out)
        if found is None:
            self._nothing(row, place, "The row has no amount.")
            return None
        if not direction or found == 0:
            return found
        if self._signed and (found < 0) != (direction < 0):
            raise Invalid(
                "The amount and the column {sign!r:.60} contradict each other.",
                place=place,
                sign=self.profile.sign,
            )
        return abs(found) * direction

    def _nothing(self, row: Row, place: str, sentence: str) -> None:
        """Let a row pass that only states a balance. Raises Invalid for one without it."""
        if not self.placed.cell(row, "balance").strip():
            raise Invalid(sentence, place=place)
        self.left_out.setdefault("it moves nothing and states a balance", []).append(row.number)

    def _fee(self, row: Row, currency: str, amount: int | None) -> int:
        """Return what a fee takes away, below zero, in minor units. Raises Invalid where the
        net amount is another than gross and fee give."""
        if not self.placed.has("fee") or amount is None:
            return 0
        if self.profile.fee_with_payment and amount >= 0:
            # What somebody else paid for sending it is not this account's cost.
            return 0
        fee = self._read(row, "fee", currency) or 0
        net = self._read(row, "net", currency) if self.placed.has("net") else None
        if net is not None:
            if net - amount not in (fee, -fee):
                raise Invalid(
                    "The net amount is {net}, but the amount and its fee give {amount}.",
                    place=self.grid.place(row, self.profile.net),
                    net=decimal_text(net, currency),
                    amount=decimal_text(amount - abs(fee), currency),
                )
            return net - amount
        return fee if self._fee_signed else -fee


def _beside(line: Line, amount: int, words: str) -> Line:
    """Return what belongs to a row besides its amount: its fee, or what was given back of it."""
    return replace(
        line,
        amount=amount,
        remittance=f"{words}: {line.remittance}",
        code=words.upper(),
        end_to_end_id=None,
    )


def _with_fee(line: Line, fee: int) -> Line:
    """Return a payment and what sending it cost as the one line that the bank booked."""
    named = (line.counterparty_name, line.counterparty_account, line.remittance)
    parts = (
        Part(1, line.amount, line.end_to_end_id, *named),
        Part(2, fee, None, None, None, f"Fee: {line.remittance}"),
    )
    return replace(line, amount=line.amount + fee, parts=parts)
