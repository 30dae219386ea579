"""OFX and QFX, versions 1 (SGML, tags left open) and 2 (XML), by a small reader of our own.

Reads tags and text, nothing else: no declarations, no entities beyond those of HTML. A file states
one balance at most, the closing one; the opening one follows from it and proves nothing. Must not
guess: an amount or a balance that cannot be read is refused by line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from html import unescape

from ledger.bank_files.encoding import decode
from ledger.bank_files.statement import Line, Statement, day_of, decimal_text, is_balance_row, minor
from ledger.core.currencies import EXPONENTS, exponent
from ledger.errors import Invalid

_TOKEN = re.compile(
    r"<!\[CDATA\[(?P<data>.*?)\]\]>|<!--.*?-->|<\?(?:xml|OFX)\b.*?\?>|(?P<declared><[!?])"
    r"|<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9._]{0,40})\s*>|(?P<text>[^<]+|<)",
    re.DOTALL,
)
# Elements that hold text; version 1 need not close them, and they may be blank.
_LEAVES = {
    *("CURDEF", "BANKID", "BRANCHID", "ACCTID", "ACCTTYPE", "DTSTART", "DTEND", "TRNTYPE"),
    *("DTPOSTED", "DTUSER", "DTAVAIL", "TRNAMT", "FITID", "CHECKNUM", "REFNUM", "NAME", "MEMO"),
    *("BALAMT", "DTASOF", "CODE", "SEVERITY", "MESSAGE", "LANGUAGE", "DTSERVER", "TRNUID"),
    *(
        "EXTDNAME",
        "PAYEEID",
        "SIC",
        "SRVRTID",
        "CURSYM",
        "CURRATE",
        "ACCTKEY",
        "ORG",
        "FID",
        "INTU.BID",
    ),
}
_STATEMENTS = {"STMTRS", "CCSTMTRS"}
_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:[0-9]{0,6}(?:\.[0-9]*)?(?:\[.*\])?)?")
MAX_DEPTH = 40
MAX_CODE = 64
# More than ten megabytes of a bank's short lines hold; of one element, more than a memo has.
MAX_TOKENS = 3_000_000
MAX_TEXT = 10_000
DERIVED = (
    "The file states no opening balance; it follows from the closing one, so that the two prove "
    "nothing."
)
NO_BALANCE = (
    "The file states no balance (LEDGERBAL): it proves nothing, and the one before its first line "
    "is taken as zero."
)
_CHARSETS = {
    "1252": "cp1252",
    "ISO-8859-1": "iso-8859-1",
    "8859-1": "iso-8859-1",
    "850": "cp850",
    "437": "cp437",
    "1250": "cp1250",
}
_HEADER = re.compile(rb"^\s*CHARSET:\s*([\w-]+)", re.MULTILINE | re.IGNORECASE)
_XML_ENCODING = re.compile(rb"<\?xml[^>]*encoding=[\"']([\w.-]+)[\"']", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d*|[+-]?\d{1,3}(?:\.\d{3})+,\d*")
_TWO_WAYS = re.compile(r"[+-]?\d{1,3},\d{3}")
_ZEROS = re.compile(r"0{8}.*", re.DOTALL)
THREE_PLACES = 3


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
            raise Invalid("{name} appears twice.", place=f"line {found[1].line}", name=name)
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
            raise Invalid("{name} has no {name2}.", place=place, name=self.name, name2=name)
        return found.text.strip(), place

    def everywhere(self, names: set[str]) -> "Iterator[_Element]":
        for one in self.inside:
            if one.name in names:
                yield one
            else:
                yield from one.everywhere(names)


def read(data: bytes, currency: str | None = None) -> list[Statement]:
    """Return the statements of a file; ``currency`` is that of files that name none.

    Raises Invalid, naming line and element.
    """
    text, told = _decode(data)
    root = _tree(text)
    if next(root.everywhere({"INVSTMTRS"}), None) is not None:
        raise Invalid("Investment statements are not supported.", place="INVSTMTRS")
    statements = [_statement(element, currency) for element in root.everywhere(_STATEMENTS)]
    if not statements:
        _check_answer(root)
    if statements and told:
        first = statements[0]
        statements[0] = replace(first, warnings=(*told, *first.warnings))
    return statements


def _check_answer(root: _Element) -> None:
    """Raise Invalid with the bank's own words, where it answered with an error."""
    for status in root.everywhere({"STATUS"}):
        if status.value("SEVERITY").upper() == "ERROR" or status.value("CODE") not in ("", "0"):
            words = " ".join((status.value("CODE"), _flat(status.value("MESSAGE")))).strip()
            raise Invalid(
                "The bank sent an error instead of a statement ({words}). Download the file again.",
                place=f"line {status.line}, STATUS",
                words=words[:200],
            )


def _decode(data: bytes) -> tuple[str, list[str]]:
    """Decode as the bytes say; what the header declares counts where they leave it open."""
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return decode(data)
    charset, declared = _HEADER.search(data[:2000]), _XML_ENCODING.search(data[:2000])
    named = _CHARSETS.get(charset[1].decode().upper()) if charset else None
    if named is None and declared and declared[1].upper() not in (b"UTF-8", b"UTF8"):
        named = declared[1].decode()
    # Old banks write 1252 into every header, whatever the letters are in.
    return decode(data) if named in (None, "cp1252") else decode(data, named)


def _tree(text: str) -> _Element:
    start = re.search(r"<(?:\w+:)?OFX(?:\s[^<>]*)?>", text, re.IGNORECASE)
    if start is None:
        raise Invalid("The file contains no OFX.", place="file")
    root = _Element("", 1)
    stack = [root]
    line = 1 + text.count("\n", 0, start.start())
    for count, token in enumerate(_TOKEN.finditer(text, start.start())):
        top = stack[-1]
        if count > MAX_TOKENS or len(top.text) > MAX_TEXT:
            raise Invalid(
                "The file contains more tags or longer texts than a bank statement can have.",
                place=f"line {line}",
            )
        if token["declared"]:
            raise Invalid("Declarations are not supported.", place=f"line {line}")
        if token["name"]:
            _tag(stack, token["name"].upper(), line, closes=bool(token["end"]))
        elif token["data"] is not None:
            top.text += token["data"]
        # Blanks between elements are no text: those of a long list would seem a long one.
        elif token["text"] and (top.text or not token["text"].isspace()):
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
        raise Invalid("The elements are nested too deeply.", place=f"line {line}")
    element = _Element(name, line)
    stack[-1].inside.append(element)
    stack.append(element)


def _statement(element: _Element, assumed: str | None) -> Statement:
    currency, told = _currency(element, assumed)
    account = _account(element)
    movements = element.one("BANKTRANLIST")
    rows = [
        _line(movement, position, currency)
        for position, movement in enumerate(movements.all("STMTTRN") if movements else [])
    ]
    lines, left_out = _without_balances([row for row, _told in rows], currency)
    told += [sentence for _row, sentences in rows for sentence in sentences]
    balance = element.one("LEDGERBAL")
    days = [line.booked_on for line in lines]
    opens_on = _day_in(movements, "DTSTART") or min(days, default=None)
    ends_on, as_of = _day_in(movements, "DTEND"), _day_in(balance, "DTASOF")
    closes_on = ends_on or as_of or max(days, default=None)
    moved = sum(line.amount for line in lines)
    closing = moved
    if balance is None:
        told.append(NO_BALANCE)
    else:
        amount, place = balance.needed("BALAMT")
        closing = _minor(amount, currency, place)
        told.append(DERIVED)
        if as_of and ends_on and as_of > max([ends_on, *days]):
            told.append(
                f"The balance is of {as_of}, later than the last day of the file, {ends_on}: what "
                "moved in between is in another file."
            )
    return Statement(
        statement_id=f"OFX/{account}/{closes_on or ''}/{decimal_text(closing, currency)}",
        account=account,
        currency=currency,
        opening=closing - moved,
        closing=closing,
        opens_on=opens_on,
        closes_on=closes_on,
        lines=lines,
        warnings=(*told, *left_out),
        opening_derived=True,
        closing_derived=balance is None,
    )


def _currency(element: _Element, assumed: str | None) -> tuple[str, list[str]]:
    found = element.one("CURDEF")
    stated = found.text.strip() if found else ""
    place = f"line {found.line if found else element.line}, CURDEF"
    if not stated and assumed:
        return assumed, [f"The file names no currency; {assumed} is taken, that of the books."]
    if not stated:
        raise Invalid("The file does not name a currency (CURDEF).", place=place)
    if stated not in EXPONENTS:
        raise Invalid("{stated!r} is not a currency.", place=place, stated=stated[:10])
    return stated, []


def _without_balances(lines: list[Line], currency: str) -> tuple[tuple[Line, ...], list[str]]:
    """Leave out rows that only name a balance; some banks put them among the movements."""
    kept, told = [], []
    for line in lines:
        if not line.bank_reference and is_balance_row(line.counterparty_name, line.remittance):
            told.append(
                f"A row only names a balance ({(line.remittance or '')[:40]!r}, "
                f"{decimal_text(line.amount, currency)}): it is no movement and is left out."
            )
        else:
            kept.append(line)
    return tuple(kept), told


def _account(element: _Element) -> str:
    for name in ("BANKACCTFROM", "CCACCTFROM"):
        found = element.one(name)
        if found is not None:
            return _flat(found.needed("ACCTID")[0])[:MAX_CODE]
    raise Invalid("The statement does not name an account.", place=f"line {element.line}")


def _line(element: _Element, position: int, currency: str) -> tuple[Line, list[str]]:
    amount, place = element.needed("TRNAMT")
    other = element.one("CURRENCY")
    if other is not None and other.value("CURSYM").upper() != currency:
        raise Invalid("The line is in a different currency from the account.", place=place)
    moved = _minor(amount, currency, place)
    booked_on, told = _posted(element)
    payee = element.one("PAYEE")
    name = element.value("NAME") or (payee.value("NAME") if payee else "")
    longer = element.value("EXTDNAME")
    to = element.one("BANKACCTTO")
    texts = [_flat(element.value("MEMO")) or _flat(name), _flat(longer)]
    return Line(
        position=position,
        amount=moved,
        booked_on=booked_on,
        value_on=None,
        bank_reference=_some_id(element.value("FITID")),
        end_to_end_id=_flat(element.value("REFNUM")) or None,
        counterparty_name=_flat(name) or None,
        counterparty_account=_flat(to.value("ACCTID") if to else "") or None,
        remittance=" ".join(text for text in texts if text),
        code=_flat(element.value("TRNTYPE"))[:MAX_CODE] or None,
    ), told


def _some_id(text: str) -> str | None:
    """Return a bank's id for a line; nothing but zeros is none."""
    found = _flat(text)
    return found if found.strip("0") else None


def _posted(element: _Element) -> tuple[date, list[str]]:
    """Return the day of a line; the day of its value where the bank left the first at zero."""
    for name in ("DTPOSTED", "DTAVAIL", "DTUSER"):
        found = element.one(name)
        text = found.text.strip() if found else ""
        if text and not _ZEROS.fullmatch(text):
            return _day(text, f"line {found.line if found else element.line}, {name}")
    text, place = element.needed("DTPOSTED")
    raise Invalid("{value!r} is not a date.", place=place, value=text[:20])


def _minor(text: str, currency: str, place: str) -> int:
    """Read an amount; thousands may be set apart where both marks leave no doubt."""
    if _TWO_WAYS.fullmatch(text) and exponent(currency) != THREE_PLACES:
        raise Invalid(
            "{value!r} is ambiguous. The comma could separate thousands or decimals.",
            place=place,
            value=text[:40],
        )
    if _THOUSANDS.fullmatch(text):
        mark = "." if text.rfind(".") > text.rfind(",") else ","
        text = text.replace("," if mark == "." else ".", "").replace(",", ".")
    return minor(text, currency, place)


def _flat(text: str) -> str:
    """Return a text on one line, without what could not be stored or seen."""
    return " ".join("".join(s if s.isprintable() else " " for s in text).split())


def _day(text: str, place: str) -> tuple[date, list[str]]:
    found = _DATE.fullmatch(text)
    if found is None:
        raise Invalid("{value!r} is not a date.", place=place, value=text[:20])
    return day_of(int(found[1]), int(found[2]), int(found[3]), place)


def _day_in(element: _Element | None, name: str) -> date | None:
    found = element.one(name) if element else None
    text = found.text.strip() if found else ""
    if found is None or not text or _ZEROS.fullmatch(text):
        return None
    return _day(text, f"line {found.line}, {name}")[0]
