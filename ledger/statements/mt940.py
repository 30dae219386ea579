"""MT940 (SWIFT) through the mt-940 library, one message at a time.

The library forgives much and may drop what it cannot read, so every :61: is counted again here.
Must not guess: a message that is not whole is refused.
"""

import logging
import re
from datetime import date
from decimal import Decimal
from typing import Any

from mt940 import Options, tags
from mt940.models import Amount, Balance, Transactions

from ledger.core.currencies import EXPONENTS
from ledger.errors import Invalid
from ledger.statements.statement import Line, Statement, minor

# The library logs the text it cannot read, and that text is about people.
logging.getLogger("mt940").propagate = False
logging.getLogger("mt940").addHandler(logging.NullHandler())

_START = re.compile(r"^:20:", re.MULTILINE)
# What follows the closing balance is no movement: other balances, a note on the whole message,
# which the library would add to the last line, and the envelope.
_AFTER_CLOSING = re.compile(r"(^:62[FM]:[^\n]*).*\Z", re.MULTILINE | re.DOTALL)
_MOVEMENT = re.compile(r"^:61:", re.MULTILINE)
# Without these a reversed credit (RC) counts as money in.
OPTIONS = Options.all()
NO_REFERENCE = ("NONREF", "NOTPROVIDED")
ENCODINGS = ("utf-8", "cp1252", "latin-1")


def read(data: bytes) -> list[Statement]:
    """Return the statements of a file. Raises Invalid, naming message and line."""
    text = _decode(data).replace("\r\n", "\n").replace("\r", "\n")
    starts = [found.start() for found in _START.finditer(text)]
    if not starts:
        raise Invalid("The file holds no MT940 message.", place="line 1")
    ends = [*starts[1:], len(text)]
    statements = []
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1):
        line = text.count("\n", 0, start) + 1
        place = f"message {number} at line {line}"
        statements.append(_statement(_AFTER_CLOSING.sub(r"\1\n", text[start:end]), place))
    return statements


def _statement(text: str, place: str) -> Statement:
    parsed = _parse(text, place)
    opening, currency, opens_on = _balance(parsed, "opening_balance", place)
    closing, closing_currency, closes_on = _balance(parsed, "closing_balance", place)
    if currency not in EXPONENTS:
        raise Invalid(f"{currency} is no currency.", place=place)
    if closing_currency != currency:
        raise Invalid("Opening and closing are in different currencies.", place=place)
    expected = len(_MOVEMENT.findall(text))
    if len(parsed.transactions) != expected:
        raise Invalid(
            f"Only {len(parsed.transactions)} of {expected} lines can be read.",
            place=f"{place}, :61:",
        )
    data = parsed.data
    number = "/".join(
        str(part) for part in (data.get("statement_number"), data.get("sequence_number")) if part
    )
    account = str(data.get("account_identification") or "")
    if not account:
        raise Invalid("The message names no account.", place=f"{place}, :25:")
    return Statement(
        # Banks restart or leave out numbers; the day of the closing balance tells them apart.
        statement_id=f"{data.get('transaction_reference') or ''}/{number}/{closes_on or ''}",
        account=account,
        currency=currency,
        opening=_minor(opening, currency, f"{place}, :60:"),
        closing=_minor(closing, currency, f"{place}, :62:"),
        opens_on=opens_on,
        closes_on=closes_on,
        lines=tuple(
            _line(position, item.data, currency, f"{place}, :61: number {position}")
            for position, item in enumerate(parsed.transactions, start=1)
        ),
    )


def _parse(text: str, place: str) -> Transactions:
    """Parse with the standard's tag 61, then with the wider one of a Dutch bank."""
    for tag in (None, tags.StatementASNB()):
        parsed = Transactions(
            tags={tag.id: tag} if tag is not None else None,
            options=OPTIONS,
        )
        try:
            parsed.parse(text)
        except Exception:  # noqa: S112 (the library raises whatever it stumbles over)
            continue
        return parsed
    raise Invalid("This message does not follow MT940.", place=place)


def _balance(parsed: Transactions, name: str, place: str) -> tuple[Decimal, str, date | None]:
    for kind in ("final", "intermediate"):
        found = parsed.data.get(f"{kind}_{name}")
        if isinstance(found, Balance) and isinstance(found.amount, Amount):
            return found.amount.amount, str(found.amount.currency), _day(found.date)
    tag = ":60F:" if name.startswith("opening") else ":62F:"
    raise Invalid(f"The message has no {name.replace('_', ' ')}.", place=f"{place}, {tag}")


def _line(position: int, data: dict[str, Any], currency: str, place: str) -> Line:
    if data.get("amount") is None:
        raise Invalid("The line has no amount.", place=place)
    value_on = _day(data.get("date"))
    booked_on = _day(data.get("entry_date")) or value_on
    if booked_on is None:
        raise Invalid("The line has no date.", place=place)
    reference = _clean(data.get("customer_reference"))
    texts = (
        reference if reference not in NO_REFERENCE else None,
        data.get("purpose"),
        data.get("transaction_details") if not data.get("purpose") else None,
        data.get("extra_details"),
    )
    return Line(
        position=position,
        amount=_minor(data["amount"].amount, currency, place),
        booked_on=booked_on,
        value_on=value_on,
        bank_reference=_clean(data.get("bank_reference")),
        end_to_end_id=_clean(data.get("end_to_end_reference")),
        counterparty_name=_clean(data.get("applicant_name")),
        counterparty_account=_clean(data.get("applicant_iban")),
        remittance=" ".join(" ".join(text for text in texts if text).split())[:1000],
        code=_clean(data.get("id")),
    )


def _minor(amount: Decimal, currency: str, place: str) -> int:
    return minor(str(amount), currency, place)


def _day(value: Any) -> date | None:
    return date(value.year, value.month, value.day) if value is not None else None


def _clean(value: Any) -> str | None:
    text = str(value).strip() if value is not None else ""
    return text or None


def _decode(data: bytes) -> str:
    for encoding in ENCODINGS[:-1]:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode(ENCODINGS[-1])
