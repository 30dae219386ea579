"""What every bank file becomes: statements with their lines, in minor units of the currency.

Must not know any file format or the database, and never add amounts of different currencies.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from ledger.bank_files.encoding import printable
from ledger.core.bounds import LARGEST_AMOUNT, LAST_DAY, LONGEST_BANK_TEXT, check_amount
from ledger.core.currencies import exponent
from ledger.errors import Invalid

_AMOUNT = re.compile(r"[+-]?[0-9]{1,40}(?:[.,][0-9]{0,40})?", re.ASCII)
# No bank's file is older than its format; what says so is wrong.
FIRST_DAY = date(1970, 1, 1)
LONGEST_MONTH = 31


@dataclass(frozen=True, slots=True)
class Part:
    """One payment of a line that the bank booked as one sum; ``amount`` in minor units."""

    position: int
    amount: int
    end_to_end_id: str | None
    counterparty_name: str | None
    counterparty_account: str | None
    remittance: str


@dataclass(frozen=True, slots=True)
class Line:
    """One movement as the bank booked it; ``amount`` in minor units, in is positive.

    ``parts`` are the payments of a batch and sum to the amount. ``batch_reference`` is the batch's
    own name, ``through`` who paid on somebody's behalf, ``returned`` why a payment came back.
    """

    position: int
    amount: int
    booked_on: date
    value_on: date | None
    bank_reference: str | None
    end_to_end_id: str | None
    counterparty_name: str | None
    counterparty_account: str | None
    remittance: str
    code: str | None
    parts: tuple[Part, ...] = field(default=())
    batch_reference: str | None = None
    through: str | None = None
    returned: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of one account; balances in minor units of its currency.

    ``warnings`` say what the reader left out or found odd. A derived balance is stated nowhere: it
    follows from the other one and the lines, or is taken as zero. ``forward`` is what the lines
    hold and the closing balance does not yet, because it is valued later. An ``interim`` statement
    is confirmed by a later one; ``details`` only name the parts of lines that others bring.
    """

    statement_id: str
    account: str
    currency: str
    opening: int
    closing: int
    opens_on: date | None
    closes_on: date | None
    lines: tuple[Line, ...]
    warnings: tuple[str, ...] = field(default=())
    opening_derived: bool = False
    closing_derived: bool = False
    forward: int = 0
    interim: bool = False
    details: bool = False

    @property
    def credits(self) -> int:
        """What came in, in minor units."""
        return sum(line.amount for line in self.lines if line.amount > 0)

    @property
    def debits(self) -> int:
        """What went out, in minor units, positive."""
        return -sum(line.amount for line in self.lines if line.amount < 0)

    @property
    def difference(self) -> int:
        """What the stated closing balance has more than opening and lines, in minor units."""
        return self.closing + self.forward - self.opening - self.credits + self.debits

    @property
    def balanced(self) -> bool | None:
        """Whether opening and lines give the closing balance; None where the bank states only one
        of the two, which proves nothing."""
        if self.opening_derived or self.closing_derived:
            return None
        return self.difference == 0


@dataclass(frozen=True, slots=True)
class StatementFile:
    """A bank file: its format, its statements, and the SHA-256 of its bytes."""

    format: str
    statements: tuple[Statement, ...]
    sha256: str


def line_base(account: str, currency: str, line: Line) -> str:
    """Return what a line has in every file that shows it: a hash of all that identifies it.

    The statement and the place in it are left out, because overlapping files differ in them.
    """
    return identity(
        account,
        currency,
        line.amount,
        line.booked_on,
        line.bank_reference,
        line.end_to_end_id,
        line.remittance,
    )


def identity(
    account: str,
    currency: str,
    amount: int,
    booked_on: date,
    bank_reference: str | None,
    end_to_end_id: str | None,
    remittance: str,
) -> str:
    """Return ``line_base`` from its parts; ``amount`` in minor units."""
    parts = (
        account,
        currency,
        str(amount),
        booked_on.isoformat(),
        bank_reference or "",
        end_to_end_id or "",
        remittance,
    )
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def line_fingerprint(base: str, occurrence: int) -> str:
    """Return the fingerprint of the n-th line that looks the same (two equal gifts in one day)."""
    return hashlib.sha256(f"{base}:{occurrence}".encode()).hexdigest()


def chain_warnings(statements: Sequence[Statement]) -> list[str]:
    """Say where a statement does not open with what the one before closed with."""
    return [sentence for found in chain_breaks(statements).values() for sentence in found]


def chain_breaks(statements: Sequence[Statement]) -> dict[int, list[str]]:
    """Return the sentences of ``chain_warnings`` by the index of the later statement."""
    found: dict[int, list[str]] = {}
    last: dict[tuple[str, str], Statement] = {}
    for index, statement in enumerate(statements):
        key = (statement.account, statement.currency)
        before = last.get(key)
        if statement.details or statement.interim or statement.balanced is None:
            continue
        # What was valued later may stand in the next opening balance, or come with its lines.
        followed = before is not None and statement.opening in (
            before.closing,
            before.closing + before.forward,
        )
        if before is not None and not followed:
            found[index] = [
                f"Statement {statement.statement_id} opens with "
                f"{decimal_text(statement.opening, statement.currency)}, but "
                f"{before.statement_id} closed with "
                f"{decimal_text(before.closing, before.currency)}."
            ]
        last[key] = statement
    return found


def day_of(year: int, month: int, day: int, place: str) -> tuple[date, list[str]]:
    """Return a day, and what to say of it when its month is too short (30 February).

    Banks that reckon with months of 30 days write such days; the last of the month is meant.
    Raises Invalid for what is no day in any reckoning.
    """
    try:
        return date(year, month, day), []
    except ValueError as error:
        try:
            first = date(year, month, 1)
        except ValueError:
            first = None
        if first is None or not 0 < day <= LONGEST_MONTH:
            raise Invalid(
                "{year}-{month:02}-{day:02} is not a date.",
                place=place,
                year=year,
                month=month,
                day=day,
            ) from error
        last = (first + timedelta(days=LONGEST_MONTH)).replace(day=1) - timedelta(days=1)
        return last, [
            f"{place}: there is no {year}-{month:02}-{day:02}; the line is kept with the last day "
            f"of that month, {last}."
        ]


def check_days(statement: Statement) -> None:
    """Raise Invalid for a day on which no bank books, naming the line."""
    for line in statement.lines:
        for found in (line.booked_on, line.value_on):
            if found is not None and not FIRST_DAY <= found <= LAST_DAY:
                raise Invalid(
                    "A line is dated {found}. Dates before {year} or after {year2} are not "
                    "supported.",
                    place=f"statement {statement.statement_id}, line {line.position}",
                    found=found,
                    year=FIRST_DAY.year,
                    year2=LAST_DAY.year,
                )
    for found in (statement.opens_on, statement.closes_on):
        if found is not None and not FIRST_DAY <= found <= LAST_DAY:
            raise Invalid(
                "The statement is dated {found}. Dates before {year} or after {year2} are "
                "not supported.",
                place=f"statement {statement.statement_id}",
                found=found,
                year=FIRST_DAY.year,
                year2=LAST_DAY.year,
            )


def storable(statement: Statement) -> Statement:
    """Return a statement whose texts can be stored and shown; what is cut is said."""
    told: list[str] = []
    lines = tuple(_storable_line(line, told) for line in statement.lines)
    kept = replace(statement, lines=lines) if lines != statement.lines else statement
    return replace(kept, warnings=(*kept.warnings, *told)) if told else kept


def _storable_line(line: Line, told: list[str]) -> Line:
    clean = replace(_clean(line), parts=tuple(_clean(part) for part in line.parts))
    if len(clean.remittance) <= LONGEST_BANK_TEXT:
        return clean
    told.append(
        f"The text of line {line.position} has {len(clean.remittance)} characters; the first "
        f"{LONGEST_BANK_TEXT} are kept."
    )
    return replace(clean, remittance=clean.remittance[:LONGEST_BANK_TEXT])


_Texts = TypeVar("_Texts", Line, Part)


def _clean(item: _Texts) -> _Texts:
    """Return a line or part without signs that nobody can see or store."""
    changed: dict[str, Any] = {
        one.name: printable(text)
        for one in fields(item)
        if isinstance(text := getattr(item, one.name), str) and not text.isprintable()
    }
    return replace(item, **changed) if changed else item


_BALANCE_ROW = re.compile(
    r"(?:s[aá]ldo|balance|solde|kontostand|saldovortrag|[uü]bertrag|saldo conta)"
    r"(?:\s+(?:anterior|inicial|final|do\s+dia|dispon[ií]vel|atual|actual|total|iniziale|finale|"
    r"in[ií]cio|begin|eind|brought forward|carried forward|forward|du jour|pr[eé]c[eé]dent|initial|"
    r"en conta|conta|em conta|do\s+per[ií]odo|per|am|au|al|vom|\d[\d./-]*))*"
    r"|(?:opening|closing|previous|ending|beginning|starting|ledger|available)\s+balance"
    r"|(?:ancien|nouveau)\s+solde|(?:alter|neuer)\s+(?:konto(?:stand)?|saldo)"
    r"|(?:anfangs|end|schluss)(?:saldo|bestand)|(?:begin|eind)saldo",
    re.IGNORECASE,
)


def is_balance_row(*texts: str | None) -> bool:
    """Tell whether a row's texts only name a balance ("Saldo do dia"), which is no movement."""
    told = [" ".join(text.split()).strip(" .:*-") for text in texts if text and text.strip()]
    return bool(told) and all(_BALANCE_ROW.fullmatch(text) for text in told)


def decimal_text(amount: int, currency: str) -> str:
    """Return minor units as people read them: ``-4559`` EUR becomes ``-45.59 EUR``."""
    places = exponent(currency)
    digits = str(abs(amount)).rjust(places + 1, "0")
    whole = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"{'-' if amount < 0 else ''}{whole} {currency}"


def minor(text: str, currency: str, place: str) -> int:
    """Read a decimal amount exactly as minor units. Raises Invalid, naming the place."""
    try:
        # Decimal itself would also take underscores, exponents and digits of other scripts.
        if not _AMOUNT.fullmatch(text.strip()):
            raise InvalidOperation
        amount = Decimal(text.strip().replace(",", "."))
    except InvalidOperation as error:
        raise Invalid("{value!r} is not an amount.", place=place, value=text[:40]) from error
    if abs(amount) > LARGEST_AMOUNT:
        raise Invalid(
            "{value!r} is too large for an amount on a bank statement.",
            place=place,
            value=text[:40],
        )
    scaled = amount.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise Invalid(
            "{value} has more decimals than {currency} allows.",
            place=place,
            value=text[:40],
            currency=currency,
        )
    return check_amount(int(scaled), place=place)
