"""What every bank file becomes: statements with their lines, in minor units of the currency.

Must not know any file format or the database, and never add amounts of different currencies.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from ledger.core.currencies import exponent
from ledger.errors import Invalid

_AMOUNT = re.compile(r"[+-]?[0-9]{1,40}(?:[.,][0-9]{0,40})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """One movement as the bank booked it; ``amount`` in minor units, in is positive."""

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


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of one account; balances in minor units of its currency.

    ``warnings`` say what the reader left out or found odd.
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
        return self.closing - self.opening - self.credits + self.debits

    @property
    def balanced(self) -> bool:
        """Whether opening and lines give the closing balance."""
        return self.difference == 0

    def bases(self) -> list[str]:
        """Return ``line_base`` of each line, in order."""
        return [line_base(self.account, self.currency, line) for line in self.lines]

    def fingerprints(self) -> list[str]:
        """Return the fingerprint of each line, were this the only statement there is."""
        seen: Counter[str] = Counter()
        prints = []
        for base in self.bases():
            seen[base] += 1
            prints.append(line_fingerprint(base, seen[base]))
        return prints


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
        if before is not None and before.closing != statement.opening:
            found[index] = [
                f"Statement {statement.statement_id} opens with "
                f"{decimal_text(statement.opening, statement.currency)}, but "
                f"{before.statement_id} closed with "
                f"{decimal_text(before.closing, before.currency)}."
            ]
        last[key] = statement
    return found


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
        raise Invalid(f"{text[:40]!r} is not an amount.", place=place) from error
    if abs(amount) >= Decimal(10) ** 15:
        raise Invalid(f"{text[:40]!r} is not an amount a bank would state.", place=place)
    scaled = amount.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise Invalid(
            f"{text[:40]} has more decimals than {currency} has.",
            place=place,
        )
    return int(scaled)
