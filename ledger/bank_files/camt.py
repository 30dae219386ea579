"""camt (ISO 20022): .053 statements, .052 reports of the day, .054 details; every version.

Read with defusedxml: entities and external references are refused before anything is expanded.
Must not add amounts of different currencies: such a statement is refused.
"""

import io
import re
from dataclasses import replace
from datetime import date
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError

from ledger.bank_files.camt_entries import amount_of, day_at, line_of, name_of, text_at
from ledger.bank_files.encoding import decode
from ledger.bank_files.statement import Line, Statement, decimal_text, minor
from ledger.bounded_xml import Bounded, events
from ledger.errors import Invalid

_MESSAGE = re.compile(
    r"\{(?:urn:iso:std:iso:20022:tech:xsd:)?camt\.(05[234])\.001\.(\d\d)\}Document"
)
_PATHS = {
    "052": "BkToCstmrAcctRpt/Rpt",
    "053": "BkToCstmrStmt/Stmt",
    "054": "BkToCstmrDbtCdtNtfctn/Ntfctn",
}
# Several documents may follow each other in one file, each with its declaration or without.
_NEXT = re.compile(rb"<\?xml\b")
_END = re.compile(rb"</(?:[\w.-]+:)?Document\s*>(?=\s*<(?:[\w.-]+:)?Document\b)")
OPENING = ("OPBD", "PRCD")
CLOSING = ("CLBD",)
AVAILABLE = ("OPAV", "CLAV")
INTERIM = "ITBD"
FORWARD = "FWAV"
BOOKED = "BOOK"
MAX_DOCUMENTS = 1_000
# The densest files of banks take twenty bytes an element, and a file may have ten megabytes.
MAX_ELEMENTS = 600_000


def read(data: bytes) -> tuple[str, list[Statement]]:
    """Return the format's name and the statements of every document. Raises Invalid."""
    names: dict[str, None] = {}
    statements: list[Statement] = []
    for part in _documents(data):
        root, told = _parse(part)
        for kind, version, document in _messages(root):
            names[f"camt.{kind}.001.{version}"] = None
            read_here = _statements(document, kind)
            if read_here and told:
                read_here[0] = replace(read_here[0], warnings=(*told, *read_here[0].warnings))
            statements += read_here
    # Details come after the lines that they are about.
    return "+".join(names), sorted(statements, key=lambda one: one.details)


def _documents(data: bytes) -> list[bytes]:
    """Return the documents of a file, which may hold several one after the other."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        # The declaration may name the encoding of the file before it was converted.
        text = decode(data)[0].strip("\x00\x1a\x03 \r\n")
        data = re.sub(r"^<\?xml[^>]*\?>", "", text).encode()
    data = data.removeprefix(b"\xef\xbb\xbf").strip(b"\x00 \t\r\n\x1a\x03")
    starts = [found.start() for found in _NEXT.finditer(data)]
    if not starts or starts[0] != 0:
        starts = [0, *starts]
    parts: list[bytes] = []
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        piece = data[start:end]
        cuts = [found.end() for found in _END.finditer(piece)]
        for first, last in zip([0, *cuts], [*cuts, len(piece)], strict=True):
            parts.append(piece[first:last].strip(b"\x00 \t\r\n") if start else piece[first:last])
    if len(parts) > MAX_DOCUMENTS:
        raise Invalid(
            "The file contains more than {max_documents} documents.",
            place="file",
            max_documents=MAX_DOCUMENTS,
        )
    return [part for part in parts if part.strip()]


def _parse(data: bytes) -> tuple[Element, list[str]]:
    """Parse a document, in another encoding than it declares where the bytes say so."""
    try:
        return _root(data), []
    except DefusedXmlException as error:
        raise Invalid(
            "The file declares XML entities or a document type. Bank files do not contain these.",
            place="DOCTYPE",
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        again = _in_another_encoding(data)
        if again is not None:
            return again
        line = getattr(error, "position", (0, 0))[0]
        raise Invalid("The file is not well-formed XML.", place=f"line {line}") from error


def _root(data: bytes) -> Element:
    """Return the outermost element of a document, complete."""
    stream = Bounded(io.BytesIO(data), max_bytes=len(data), too_large="")
    root: Element | None = None
    for _event, element in events(stream, max_elements=MAX_ELEMENTS):
        if root is None:
            root = element
    if root is None:
        raise ValueError("no element")
    return root


def _in_another_encoding(data: bytes) -> tuple[Element, list[str]] | None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return None
    try:
        text, told = decode(data)
        bare = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
        return _root(bare.encode()), told or [
            "The letters of the file are not in the encoding that it declares; check the names."
        ]
    except (Invalid, DefusedXmlException, ParseError, ValueError):
        return None


def _messages(root: Element) -> list[tuple[str, str, Element]]:
    """Return kind, version and element of each camt message, also in a bank's own envelope."""
    found = []
    for element in root.iter():
        match = _MESSAGE.fullmatch(element.tag) if isinstance(element.tag, str) else None
        if match is not None:
            found.append((match[1], match[2], element))
    if not found:
        raise Invalid(
            "This XML file ({root}) is not a bank statement. Ask the bank for camt.053.",
            place=name_of(root)[:60],
            root=name_of(root)[:40],
        )
    _strip(root)
    return found


def _statements(document: Element, kind: str) -> list[Statement]:
    path = _PATHS[kind]
    short = path.rsplit("/", 1)[1]
    read_one = _notification if kind == "054" else _report if kind == "052" else _statement
    return [
        read_one(element, f"{short}[{number}]")
        for number, element in enumerate(document.iterfind(path), start=1)
    ]


def _account(element: Element, place: str) -> str:
    account = text_at(element, "Acct/Id/IBAN") or text_at(element, "Acct/Id/Othr/Id")
    if not account:
        raise Invalid("The statement does not name an account.", place=f"{place}/Acct/Id")
    return account


def _statement(element: Element, place: str) -> Statement:
    account = _account(element, place)
    opening, currency, opens_on, told = _opening(element, place)
    closing, _currency, closes_on, more = _closing(element, place)
    stated = text_at(element, "Acct/Ccy") or currency
    _one_currency(element, stated, place)
    lines, warnings = _lines(element, place)
    forward, late = _forward(
        element, lines, opening + sum(line.amount for line in lines) - closing, closes_on, stated
    )
    return Statement(
        statement_id=text_at(element, "Id") or place,
        account=account,
        currency=stated,
        opening=opening,
        closing=closing,
        opens_on=opens_on,
        closes_on=closes_on,
        lines=tuple(lines),
        warnings=(*told, *more, *warnings, *late),
        forward=forward,
    )


def _report(element: Element, place: str) -> Statement:
    """Read a report of a day that may not be over; what is booked in it is interim."""
    account = _account(element, place)
    first, last = _found(element, OPENING, place), _found(element, CLOSING, place)
    last = last or _last_interim(element, place)
    lines, warnings = _lines(element, place)
    currency = text_at(element, "Acct/Ccy") or next(
        (one[1] for one in (first, last) if one), _entry_currency(element, place)
    )
    _one_currency(element, currency, place)
    moved = sum(line.amount for line in lines)
    whole = first is not None and last is not None and first[0] + moved == last[0]
    opening = first[0] if first and whole else last[0] - moved if last else 0
    days = [line.booked_on for line in lines]
    return Statement(
        # Reports of one day often share their name; the instant tells them apart.
        statement_id=f"{text_at(element, 'Id') or place} (interim "
        f"{(text_at(element, 'CreDtTm') or '')[:19]})",
        account=account,
        currency=currency,
        opening=opening,
        closing=opening + moved,
        opens_on=first[2] if first else min(days, default=None),
        closes_on=last[2] if last else max(days, default=None),
        lines=tuple(lines),
        warnings=(
            "This is a camt.052, a report of a day that may not be over: its booked lines are "
            "marked as interim until a camt.053 confirms them.",
            *warnings,
        ),
        opening_derived=not whole,
        closing_derived=not whole,
        interim=True,
    )


def _notification(element: Element, place: str) -> Statement:
    """Read the details of lines that a statement brings; it has no balances."""
    lines, warnings = _lines(element, place)
    currency = text_at(element, "Acct/Ccy") or _entry_currency(element, place)
    _one_currency(element, currency, place)
    days = [line.booked_on for line in lines]
    return Statement(
        statement_id=f"{text_at(element, 'Id') or place} (details)",
        account=_account(element, place),
        currency=currency,
        opening=0,
        closing=sum(line.amount for line in lines),
        opens_on=min(days, default=None),
        closes_on=max(days, default=None),
        lines=tuple(lines),
        warnings=tuple(warnings),
        opening_derived=True,
        closing_derived=True,
        details=True,
    )


_Balance = tuple[int, str, date | None, list[str]]


def _opening(element: Element, place: str) -> _Balance:
    interim = _balances(element, (INTERIM,), place)
    found = _found(element, OPENING, place)
    if found is None and len(interim) > 1:
        # Pages of one statement that name both their ends so.
        return interim[0]
    return found or _available(element, AVAILABLE[0], OPENING, place)


def _closing(element: Element, place: str) -> _Balance:
    found = _found(element, CLOSING, place) or _last_interim(element, place)
    return found or _available(element, AVAILABLE[1], CLOSING, place)


def _last_interim(element: Element, place: str) -> _Balance | None:
    interim = _balances(element, (INTERIM,), place)
    return interim[-1] if interim else None


def _available(element: Element, code: str, wanted: tuple[str, ...], place: str) -> _Balance:
    found = _found(element, (code,), place)
    if found is None:
        raise Invalid(
            "The statement has no {wanted} balance.",
            place=f"{place}/Bal",
            wanted=" or ".join(wanted),
        )
    told = f"{place}/Bal: the bank states only the available balance {code}, which may differ "
    return found[0], found[1], found[2], [*found[3], f"{told}from what is booked."]


def _found(element: Element, codes: tuple[str, ...], place: str) -> _Balance | None:
    for code in codes:
        found = _balances(element, (code,), place)
        if found:
            return found[0]
    return None


def _balances(element: Element, codes: tuple[str, ...], place: str) -> list[_Balance]:
    found = []
    for number, balance in enumerate(element.iterfind("Bal"), start=1):
        if text_at(balance, "Tp/CdOrPrtry/Cd") in codes:
            where = f"{place}/Bal[{number}]"
            amount, currency = amount_of(balance, where)
            on, told = day_at(balance, "Dt", where)
            found.append((amount, currency, on, told))
    return found


def _one_currency(element: Element, stated: str, place: str) -> None:
    """Refuse a statement with amounts that cannot be added; raises Invalid, naming the first."""
    for kind in ("Bal", "Ntry"):
        for number, item in enumerate(element.iterfind(kind), start=1):
            node = item.find("Amt")
            found = node.get("Ccy", "") if node is not None else stated
            if found != stated:
                raise Invalid(
                    "The account is in {stated}, but this amount is in {value}. Amounts in "
                    "different currencies cannot be added.",
                    place=f"{place}/{kind}[{number}]/Amt/@Ccy",
                    stated=stated,
                    value=found[:3] or "no currency",
                )


def _entry_currency(element: Element, place: str) -> str:
    for number, entry in enumerate(element.iterfind("Ntry"), start=1):
        return amount_of(entry, f"{place}/Ntry[{number}]")[1]
    raise Invalid("The report does not name a currency.", place=f"{place}/Acct/Ccy")


def _lines(element: Element, place: str) -> tuple[list[Line], list[str]]:
    """Return what is booked, and sentences on what is not or is odd."""
    lines: list[Line] = []
    left_out: list[str] = []
    warnings: list[str] = []
    for number, entry in enumerate(element.iterfind("Ntry"), start=1):
        where = f"{place}/Ntry[{number}]"
        status = text_at(entry, "Sts/Cd") or text_at(entry, "Sts")
        if status != BOOKED:
            left_out.append(
                f"{where}/Sts is {(status or 'missing')[:35]}, not {BOOKED}: it is left out."
            )
            continue
        line, told = line_of(entry, len(lines) + 1, where)
        lines.append(line)
        warnings += told
    if not left_out:
        warnings += _summary(element, lines, place)
    return lines, [*left_out, *warnings]


def _summary(element: Element, lines: list[Line], place: str) -> list[str]:
    """Return where the sums that the bank states differ from its own entries."""
    found = []
    for tag, sign in (("TtlCdtNtries", 1), ("TtlDbtNtries", -1)):
        stated = text_at(element, f"TxsSummry/{tag}/Sum")
        if stated is None:
            continue
        where = f"{place}/TxsSummry/{tag}/Sum"
        currency = text_at(element, "Acct/Ccy") or _opening(element, place)[1]
        total = sum(line.amount * sign for line in lines if line.amount * sign > 0)
        if minor(stated, currency, where) != total:
            found.append(
                f"{where} is {stated[:30]}, but the entries give {decimal_text(total, currency)}."
            )
    return found


def _forward(
    element: Element, lines: list[Line], beyond: int, closes_on: date | None, currency: str
) -> tuple[int, list[str]]:
    """Return what is booked but valued after the closing balance, where that explains exactly
    what the lines have more; in minor units."""
    if not beyond or closes_on is None:
        return 0, []
    days = {day_at(one, "Dt", "")[0] for one in element.iterfind("Bal")
            if text_at(one, "Tp/CdOrPrtry/Cd") == FORWARD}  # fmt: skip
    later = [line for line in lines if line.value_on is not None and line.value_on > closes_on]
    for chosen in (later, [line for line in later if line.value_on in days]):
        if chosen and sum(line.amount for line in chosen) == beyond:
            return beyond, [
                f"The closing balance leaves out {decimal_text(beyond, currency)}: the bank has "
                f"booked it, and values it after {closes_on}."
            ]
    return 0, []


def _strip(root: Element) -> None:
    """Take the namespace off every element, so that one set of paths reads all versions."""
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = name_of(element)
