"""MT940 (SWIFT): messages are taken apart here, their fields read with the mt-940 library.

The library passes over what it does not expect; here every line of a file belongs to a field, and
what stands where no field may stand is refused. Must not guess: a message that is not whole is
refused.
"""

import logging
import re
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from mt940 import tags
from mt940.models import Amount, Transactions

from ledger.bank_files.encoding import decode
from ledger.bank_files.mt940_details import (
    IBAN,
    NOTHING,
    OPTIONS,
    Details,
    joined,
    non_swift,
    read_details,
    without_reference,
)
from ledger.bank_files.statement import Line, Part, Statement, day_of, decimal_text, minor
from ledger.core.currencies import EXPONENTS
from ledger.errors import Invalid

# The library logs the text it cannot read, and that text is about people.
logging.getLogger("mt940").propagate = False
logging.getLogger("mt940").addHandler(logging.NullHandler())

_FIELD = re.compile(r":(\d{2,3}[A-Z]?|NS):(.*)", re.DOTALL)
_KNOWN = (
    *("20", "21", "25", "25P", "28", "28C", "60F", "60M", "61", "62F", "62M", "64", "65", "86"),
    *("NS", "13", "13D", "34F", "90C", "90D", "940"),
)
# These begin a statement of their own after a closing balance, with or without a :20:.
_BEGINS = ("20", "21", "25", "25P", "28", "28C", "60F", "60M")
_OPENING, _CLOSING = ("60F", "60M"), ("62F", "62M")
_INTERIM = ("34F", "13D", "13", "90C", "90D")
OLD_YEARS = 70
_CUSTOMER_REFERENCE = 16


@dataclass(slots=True)
class _Field:
    tag: str
    text: str
    line: int


@dataclass(slots=True)
class _Message:
    number: int
    line: int
    fields: list[_Field] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"message {self.number} at line {self.line}"

    def first(self, *names: str) -> _Field | None:
        return next((one for one in self.fields if one.tag in names), None)


class _Balance(tags.BalanceBase):
    """A balance; old statements leave out the currency of the closing one."""

    pattern = r"""^
    (?P<status>[DC])(?P<year>\d{2})(?P<month>\d{2})(?P<day>\d{2})
    (?P<currency>[A-Z]{3})?\s*(?P<amount>\d[\d,]{0,19})\s*$"""


class _Movement(tags.Statement):
    """A statement line whose reference may be longer than the 16 signs of the standard."""

    pattern = r"""^
    (?P<year>\d{2})(?P<month>\d{2})(?P<day>\d{2})
    (?P<entry_month>\d{2}|\s{2})?(?P<entry_day>\d{2}|\s{2})?
    (?P<status>[RE]?[DC])(?P<funds_code>[A-Z])?[\n ]?
    (?P<amount>\d[\d,]{0,19})
    (?P<id>[A-Z][A-Z0-9 ]{3})?
    (?P<customer_reference>(?:(?!//)[^\n])*)
    (?://(?P<bank_reference>[^\n]*))?
    (?:\n(?P<extra_details>[\s\S]*))?$"""


def read(data: bytes) -> list[Statement]:
    """Return the statements of a file. Raises Invalid, naming message and line."""
    text, told = decode(data)
    messages = _messages(
        text.rstrip("\x1a\x03\x00 \r\n").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    )
    if not messages:
        raise Invalid("The file contains no MT940 message.", place="line 1")
    statements = [_statement(message) for message in messages]
    first = statements[0]
    return [replace(first, warnings=(*told, *first.warnings)), *statements[1:]]


def _messages(lines: list[str]) -> list[_Message]:
    """Give every line to a field of a message. Raises Invalid for a line that has no place."""
    messages: list[_Message] = []
    current: _Field | None = None
    closed = True
    for number, line in enumerate(lines, start=1):
        bare = line.strip("\ufeff\x01\x03\x1a ")
        if re.match(r"\{[1-5S]:", bare) or bare in ("-", "-}") or bare.startswith("-}"):
            # A lone dash within a message is a blank line of a text.
            current = None if closed or bare != "-" else current
            continue
        found = _FIELD.match(line.lstrip("\ufeff"))
        if found is None:
            _text_line(messages, current, bare, line, number)
            continue
        tag, text = found.groups()
        if tag == "20" or (closed and tag in _BEGINS):
            messages.append(_Message(len(messages) + 1, number))
            closed = False
        elif closed and messages and tag == "61":
            raise Invalid(
                "There is a line after :62F:, the closing balance, that belongs to no "
                "statement. Ask the bank for a complete file.",
                place=f"{messages[-1].place}, line {number}",
            )
        elif closed and tag in ("61", "62F", "62M"):
            where = messages[-1].place if messages else "file"
            raise Invalid(
                "A field :{tag}: is outside any statement.",
                place=f"{where}, line {number}",
                tag=tag,
            )
        current = _Field(tag, text, number)
        if tag not in _KNOWN and messages:
            messages[-1].warnings.append(
                f"Line {number}: the field :{tag}: is not known here and is left out."
            )
        elif messages:
            if not (closed and tag in ("86", "NS")):
                messages[-1].fields.append(current)
            closed = closed or tag in _CLOSING
    return messages


def _text_line(
    messages: list[_Message], current: _Field | None, bare: str, line: str, number: int
) -> None:
    """Add a line to the field it continues. Raises Invalid after a balance, which has one line."""
    if not bare or not messages or current is None:
        return
    if current.tag in (*_CLOSING, *_OPENING, "64", "65"):
        raise Invalid(
            "There is a line after :{tag}: that belongs to no field. Ask the bank for a "
            "complete file.",
            place=f"{messages[-1].place}, line {number}",
            tag=current.tag,
        )
    current.text += f"\n{line}"


def _statement(message: _Message) -> Statement:
    place = message.place
    opening, currency, opens_on = _balance(message, _OPENING, "", place)
    closing, closing_currency, closes_on = _balance(message, _CLOSING, currency, place)
    currency = currency or closing_currency
    if currency not in EXPONENTS:
        raise Invalid("{value} is not a currency.", place=place, value=currency or "Nothing")
    if closing_currency not in ("", currency):
        raise Invalid("The opening and closing balances are in different currencies.", place=place)
    named = message.first("25", "25P")
    account = named.text.split("\n")[0].strip() if named else ""
    if not account:
        raise Invalid("The message does not name an account.", place=f"{place}, :25:")
    lines, expected, warnings = _lines(message, currency)
    warnings = [*message.warnings, *warnings]
    first, last = _minor(opening, currency, f"{place}, :60:"), _minor(closing, currency, place)
    if expected and first + sum(line.amount for line in lines) != last:
        # What the bank only expects (EC, ED) is no movement yet.
        warnings += [
            f"{place}, :61: number {line.position} is only expected by the bank: it is left out."
            for line in lines
            if line.position in expected
        ]
        lines = [line for line in lines if line.position not in expected]
    reference = message.first("20")
    return Statement(
        # Banks restart or leave out numbers; the day of the closing balance tells them apart.
        statement_id=f"{reference.text.strip()[:16] if reference else ''}/{_number(message)}/"
        f"{closes_on}",
        account=account[:35],
        currency=currency,
        opening=first,
        closing=last,
        opens_on=opens_on,
        closes_on=closes_on,
        lines=tuple(lines),
        warnings=tuple(warnings),
    )


def _number(message: _Message) -> str:
    found = message.first("28C", "28")
    digits = re.match(r"\s*(\d+)(?:/?(\d+))?", found.text) if found else None
    return "/".join(part for part in digits.groups() if part) if digits else ""


def _balance(
    message: _Message, names: tuple[str, ...], currency: str, place: str
) -> tuple[Decimal, str, date]:
    found = message.first(*names)
    if found is None:
        # These stand in the reports of a day that is not over, which state no balances.
        if message.first(*_INTERIM):
            raise Invalid(
                "This is an MT942, an interim report without balances. Ask the bank for "
                "MT940, the end-of-day statement.",
                place=place,
            )
        kind = "opening" if names == _OPENING else "closing"
        raise Invalid(
            "The message has no {kind} balance.", place=f"{place}, :{names[0]}:", kind=kind
        )
    where = f"line {found.line}, :{found.tag}:"
    tag = _Balance()
    try:
        parsed = tag.parse(Transactions(options=OPTIONS), found.text.strip())
        amount = Amount(
            str(parsed["amount"]), parsed["status"], parsed["currency"], options=OPTIONS
        )
    except (RuntimeError, ArithmeticError, ValueError) as error:
        raise Invalid("This balance is not in MT940 format.", place=f"{place}, {where}") from error
    on, told = _day(parsed, where)
    message.warnings.extend(told)
    return amount.amount, parsed["currency"] or currency, on


def _lines(message: _Message, currency: str) -> tuple[list[Line], set[int], list[str]]:
    """Return the lines, the positions of those that are only expected, and what to say of them."""
    lines: list[Line] = []
    expected: set[int] = set()
    warnings: list[str] = []
    texts: list[_Field] = []
    for index, one in enumerate(message.fields):
        if one.tag != "61":
            continue
        texts = []
        for later in message.fields[index + 1 :]:
            if later.tag not in ("86", "NS"):
                break
            texts.append(later)
        position = len(lines) + 1
        place = f"{message.place}, :61: number {position}"
        data = _movement(one, place)
        line, told = _line(position, data, texts, currency, place)
        lines.append(line)
        warnings += told
        if str(data["status"]).upper().startswith("E"):
            expected.add(position)
    return lines, expected, warnings


def _movement(one: _Field, place: str) -> dict[str, Any]:
    try:
        return dict(_Movement().parse(Transactions(options=OPTIONS), one.text.rstrip()))
    except RuntimeError as error:
        raise Invalid(
            "This line is not in MT940 format.", place=f"{place}, line {one.line}"
        ) from error


def _line(
    position: int, data: dict[str, Any], texts: list[_Field], currency: str, place: str
) -> tuple[Line, list[str]]:
    # Only the standard's marks have a sign in the library; E stands before one of them.
    status = str(data["status"]).upper().removeprefix("E")
    try:
        signed = Amount(str(data["amount"]), status, currency, options=OPTIONS).amount
    except ArithmeticError as error:
        raise Invalid("This line has no amount.", place=place) from error
    amount = _minor(signed, currency, place)
    value_on, told = _day(data, place)
    booked_on, more = _entry_day(data, value_on, place)
    reference, extra = _reference(data)
    payments = [
        without_reference(details)
        for details in read_details(
            [one.text for one in texts if one.tag == "86"], incoming=amount > 0
        )
    ]
    payments += [non_swift(one.text) for one in texts if one.tag == "NS"]
    about = joined(payments) if payments else Details()
    account = about.account
    if extra and IBAN.fullmatch(extra.split("\n")[0].strip()):
        first, _newline, extra = extra.partition("\n")
        account = account or first.strip()
    elif IBAN.fullmatch(reference):
        account, reference = account or reference, ""
    words = (reference if reference not in NOTHING else "", about.text, extra)
    parts, odd = _parts(payments, amount, currency, place)
    return (
        Line(
            position=position,
            amount=amount,
            booked_on=booked_on,
            value_on=value_on,
            bank_reference=_clean(data.get("bank_reference")),
            end_to_end_id=about.end_to_end_id,
            counterparty_name=about.name if not parts else None,
            counterparty_account=account if not parts else None,
            remittance=" ".join(" ".join(word for word in words if word).split()),
            code=_clean(data.get("id")),
            parts=parts,
            batch_reference=about.batch,
            through=about.through if not parts else None,
            returned=about.returned,
        ),
        [*told, *more, *odd],
    )


def _reference(data: dict[str, Any]) -> tuple[str, str]:
    """Return the customer's reference and what stands after it.

    A reference longer than the standard's 16 signs is kept whole; where the sixteen are filled
    up with blanks, a text follows them.
    """
    reference = str(data.get("customer_reference") or "")
    extra = str(data.get("extra_details") or "")
    if len(reference) > _CUSTOMER_REFERENCE and " " in reference.strip():
        head, tail = reference[:_CUSTOMER_REFERENCE], reference[_CUSTOMER_REFERENCE:]
        if not head[-1].isspace() and not tail[0].isspace():
            head, _blank, tail = reference.strip().partition(" ")
        reference, extra = head, f"{tail}\n{extra}"
    return reference.strip(), extra.strip()


def _parts(
    payments: list[Details], amount: int, currency: str, place: str
) -> tuple[tuple[Part, ...], list[str]]:
    """Return the payments of a batch, where each states its amount and they sum to the line."""
    amounts = [_part_amount(one.amount, currency) for one in payments]
    if len(payments) < 2 or any(one is None for one in amounts):
        return (), []
    sign = 1 if amount > 0 else -1
    total = sum(one for one in amounts if one is not None) * sign
    if total != amount:
        return (), [
            f"{place}: its payments come to {decimal_text(total, currency)}, the line to "
            f"{decimal_text(amount, currency)}; it is kept as one line."
        ]
    return tuple(
        Part(
            position=number,
            amount=(found or 0) * sign,
            end_to_end_id=one.end_to_end_id,
            counterparty_name=one.name,
            counterparty_account=one.account,
            remittance=one.text,
        )
        for number, (one, found) in enumerate(zip(payments, amounts, strict=True), start=1)
    ), []


def _part_amount(text: str | None, currency: str) -> int | None:
    """Return the amount that a text states in the line's own currency."""
    found = re.fullmatch(r"([A-Z]{3})?\s*(\d+(?:[.,]\d*)?)\s*([A-Z]{3})?", (text or "").strip("/ "))
    if found is None or {found[1], found[3]} - {None, currency}:
        return None
    try:
        return minor(found[2], currency, "")
    except Invalid:
        return None


def _day(data: dict[str, Any], place: str) -> tuple[date, list[str]]:
    year = int(data["year"])
    year += 1900 if year >= OLD_YEARS else 2000
    return day_of(year, int(data["month"]), int(data["day"]), place)


def _entry_day(data: dict[str, Any], value_on: date, place: str) -> tuple[date, list[str]]:
    """Return the booking day, which has no year: the one nearest to the value day is meant."""
    month, day = str(data.get("entry_month") or ""), str(data.get("entry_day") or "")
    if not (month.isdigit() and day.isdigit()) or (month, day) == ("00", "00"):
        return value_on, []
    found = [day_of(value_on.year + years, int(month), int(day), place) for years in (0, -1, 1)]
    return min(found, key=lambda one: abs((one[0] - value_on).days))


def _minor(amount: Decimal, currency: str, place: str) -> int:
    return minor(format(amount, "f"), currency, place)


def _clean(value: Any) -> str | None:
    text = " ".join(str(value).split()) if value is not None else ""
    return text or None
