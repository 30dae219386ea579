"""What every bank file becomes: statements with their lines, in minor units of the currency."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from ledger.core.currencies import exponent
from ledger.errors import Invalid


@dataclass(frozen=True, slots=True)
class Line:
    """One booked movement; ``amount`` in minor units, in is positive."""

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
    """One statement of one account; balances in minor units of its currency."""

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
        """Whether opening and lines give the closing balance, and nothing else is doubtful."""
        return self.difference == 0 and not self.warnings

    def fingerprints(self) -> list[str]:
        """Return what identifies each line, so that overlapping files add none twice.

        Equal lines of one statement differ by how often they came before on that day.
        """
        seen: dict[str, int] = {}
        prints = []
        for line in self.lines:
            parts = (
                self.account,
                self.currency,
                str(line.amount),
                line.booked_on.isoformat(),
                line.bank_reference or "",
                line.end_to_end_id or "",
                line.remittance,
            )
            base = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
            seen[base] = seen.get(base, 0) + 1
            prints.append(hashlib.sha256(f"{base}:{seen[base]}".encode()).hexdigest())
        return prints


@dataclass(frozen=True, slots=True)
class StatementFile:
    """A bank file: its format, its statements, and the SHA-256 of its bytes."""

    format: str
    statements: tuple[Statement, ...]
    sha256: str


def chain_warnings(statements: Sequence[Statement]) -> list[str]:
    """Say where a statement does not open with what the one before closed with."""
    found = []
    last: dict[tuple[str, str], Statement] = {}
    for statement in statements:
        key = (statement.account, statement.currency)
        before = last.get(key)
        if before is not None and before.closing != statement.opening:
            found.append(
                f"Statement {statement.statement_id} opens with {statement.opening}, but "
                f"{before.statement_id} closed with {before.closing}."
            )
        last[key] = statement
    return found


def minor(text: str, currency: str, place: str) -> int:
    """Read a decimal amount exactly as minor units. Raises Invalid, naming the place."""
    try:
        amount = Decimal(text.strip().replace(",", "."))
    except InvalidOperation as error:
        raise Invalid(f"{text[:40]!r} is not an amount.", place=place) from error
    if not amount.is_finite() or abs(amount) >= Decimal(10) ** 15:
        raise Invalid(f"{text[:40]!r} is not an amount a bank would state.", place=place)
    scaled = amount.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise Invalid(
            f"{text[:40]} has more decimals than {currency} has.",
            place=place,
        )
    return int(scaled)
