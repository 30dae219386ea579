"""OFX and QFX, versions 1 (SGML, tags left open) and 2 (XML), by a small reader of our own.

Reads tags and text, nothing else: no declarations, no entities beyond those of HTML. A file states
one balance only, the closing one; the opening one follows from it. Must not guess: an amount or a
balance that cannot be read is refused by line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from html import unescape

from ledger.core.currencies import EXPONENTS
from ledger.errors import Invalid
from ledger.statements.statement import Line, Statement, decimal_text, minor

_TOKEN = re.compile(
    r"<!\[CDATA\[(?P<data>.*?)\]\]>|<!--.*?-->|(?P<declared><[!?])"
    r"|<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9._]{0,40})\s*>|(?P<text>[^<]+|<)",
    re.DOTALL,
)
# Elements that hold text; version 1 need not close them, and they may be blank.
_LEAVES = {
    *("CURDEF", "BANKID", "BRANCHID", "ACCTID", "ACCTTYPE", "DTSTART", "DTEND", "TRNTYPE"),
    *("DTPOSTED", "DTUSER", "DTAVAIL", "TRNAMT", "FITID", "CHECKNUM", "REFNUM", "NAME", "MEMO"),
    *("BALAMT", "DTASOF", "CODE", "SEVERITY", "MESSAGE", "LANGUAGE", "DTSERVER", "TRNUID"),
    *("PAYEEID", "SIC", "SRVRTID", "CURSYM", "CURRATE", "ACCTKEY", "ORG", "FID", "INTU.BID"),
}
_STATEMENTS = {"STMTRS", "CCSTMTRS"}
_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:[0-9]{0,6}(?:\.[0-9]*)?(?:\[.*\])?)?")
MAX_DEPTH = 40
MAX_CODE = 64
DERIVED = "The file states no opening balance; it follows from the closing one."


@dataclass(slots=True)
class _Element:
    name: str
    line: int
    text: str = ""
    inside: "list[_Element]" = field(default_factory=list)

    def all(self, name: str) -> "list[_Element]":
        return [one for one in self.inside if one.name == name]

    def one(self, name: str) -> "_Element | None":
        found = self.all(name)
        if len(found) > 1:
            raise Invalid(f"{name} stands twice.", place=f"line {found[1].line}")
        return found[0] if found else None

    def value(self, name: str) -> str:
        """Return the text of an element inside, or nothing."""
        found = self.one(name)
        return found.text.strip() if found else ""

    def needed(self, name: str) -> tuple[str, str]:
        """Return the text of an element inside and where it stands. Raises Invalid."""
        found = self.one(name)
        place = f"line {found.line if found else self.line}, {name}"
        if found is None or not found.text.strip():
            raise Invalid(f"{self.name} has no {name}.", place=place)
        return found.text.strip(), place

    def everywhere(self, names: set[str]) -> "Iterator[_Element]":
        for one in self.inside:
            if one.name in names:
                yield one
            else:
                yield from one.everywhere(names)


def read(data: bytes) -> list[Statement]:
    """Return the statements of a file. Raises Invalid, naming line and element."""
    root = _tree(_decode(data))
    if next(root.everywhere({"INVSTMTRS"}), None) is not None:
        raise Invalid("Statements of investments are not read.", place="INVSTMTRS")
    return [_statement(element) for element in root.everywhere(_STATEMENTS)]


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _tree(text: str) -> _Element:
    start = re.search(r"<OFX\s*>", text, re.IGNORECASE)
    if start is None:
        raise Invalid("The file holds no OFX.", place="file")
    root = _Element("", 1)
    stack = [root]
    line = 1 + text.count("\n", 0, start.start())
    for token in _TOKEN.finditer(text, start.start()):
        top = stack[-1]
        if token["declared"]:
            raise Invalid("Declarations are not read.", place=f"line {line}")
        if token["name"]:
            _tag(stack, token["name"].upper(), line, closes=bool(token["end"]))
        elif token["data"] is not None:
            top.text += token["data"]
        elif token["text"]:
            top.text += unescape(token["text"])
        line += token[0].count("\n")
    return root


def _tag(stack: list[_Element], name: str, line: int, *, closes: bool) -> None:
    if closes:
        for depth in range(len(stack) - 1, 0, -1):
            if stack[depth].name == name:
                del stack[depth:]
                return
        return
    # The next tag ends an element of text that was left open.
    if stack[-1].name in _LEAVES or stack[-1].text.strip():
        stack.pop() if len(stack) > 1 else None
    if len(stack) > MAX_DEPTH:
        raise Invalid("The elements are nested too deep.", place=f"line {line}")
    element = _Element(name, line)
    stack[-1].inside.append(element)
    stack.append(element)


def _statement(element: _Element) -> Statement:
    currency, place = element.needed("CURDEF")
    if currency not in EXPONENTS:
        raise Invalid(f"{currency[:10]!r} is no currency.", place=place)
    account = _account(element)
    movements = element.one("BANKTRANLIST")
    lines = tuple(
        _line(movement, position, currency)
        for position, movement in enumerate(movements.all("STMTTRN") if movements else [])
    )
    balance = element.one("LEDGERBAL")
    if balance is None:
        raise Invalid("The statement has no LEDGERBAL.", place=f"line {element.line}")
    amount, place = balance.needed("BALAMT")
    closing = minor(amount, currency, place)
    days = [line.booked_on for line in lines]
    opens_on = _day_in(movements, "DTSTART") or min(days, default=None)
    closes_on = _day_in(movements, "DTEND") or _day_in(balance, "DTASOF") or max(days, default=None)
    return Statement(
        statement_id=f"OFX/{account}/{closes_on or ''}/{decimal_text(closing, currency)}",
        account=account,
        currency=currency,
        opening=closing - sum(line.amount for line in lines),
        closing=closing,
        opens_on=opens_on,
        closes_on=closes_on,
        lines=lines,
        warnings=(DERIVED,),
    )


def _account(element: _Element) -> str:
    for name in ("BANKACCTFROM", "CCACCTFROM"):
        found = element.one(name)
        if found is not None:
            return _flat(found.needed("ACCTID")[0])[:MAX_CODE]
    raise Invalid("The statement names no account.", place=f"line {element.line}")


def _line(element: _Element, position: int, currency: str) -> Line:
    amount, place = element.needed("TRNAMT")
    if element.one("CURRENCY") is not None:
        raise Invalid("The line is in another currency than the account.", place=place)
    booked, day_place = element.needed("DTPOSTED")
    payee = element.one("PAYEE")
    name = element.value("NAME") or (payee.value("NAME") if payee else "")
    other = element.one("BANKACCTTO")
    return Line(
        position=position,
        amount=minor(amount, currency, place),
        booked_on=_day(booked, day_place),
        value_on=None,
        bank_reference=_flat(element.value("FITID")) or None,
        end_to_end_id=_flat(element.value("REFNUM")) or None,
        counterparty_name=_flat(name) or None,
        counterparty_account=_flat(other.value("ACCTID") if other else "") or None,
        remittance=_flat(element.value("MEMO")) or _flat(name),
        code=_flat(element.value("TRNTYPE"))[:MAX_CODE] or None,
    )


def _flat(text: str) -> str:
    """Return a text on one line, without what could not be stored or seen."""
    return " ".join("".join(s if s.isprintable() else " " for s in text).split())


def _day(text: str, place: str) -> date:
    found = _DATE.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as error:
        raise Invalid(f"{text[:20]!r} is not a date.", place=place) from error


def _day_in(element: _Element | None, name: str) -> date | None:
    found = element.one(name) if element else None
    if found is None or not found.text.strip():
        return None
    return _day(found.text.strip(), f"line {found.line}, {name}")
