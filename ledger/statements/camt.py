"""camt.053 (ISO 20022), versions .02 to .08; camt.052 and camt.054 are told apart and refused.

Read with defusedxml: entities and external references are refused before anything is expanded.
Must not add amounts of different currencies: such a statement is refused.
"""

import re
from datetime import date
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from ledger.core.currencies import EXPONENTS
from ledger.errors import Invalid
from ledger.statements.statement import Line, Statement, decimal_text, minor

_ROOT = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:camt\.(05[234])\.001\.(\d\d)\}Document")
VERSIONS = ("02", "03", "04", "05", "06", "07", "08")
OPENING = ("OPBD", "PRCD")
CLOSING = ("CLBD",)
BOOKED = "BOOK"


def read(data: bytes) -> tuple[str, list[Statement]]:
    """Return the format's name and the statements. Raises Invalid."""
    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise Invalid(
            "The file declares entities or a document type, which no bank does.", place="DOCTYPE"
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        line = getattr(error, "position", (0, 0))[0]
        raise Invalid("The file is not well-formed XML.", place=f"line {line}") from error
    found = _ROOT.fullmatch(root.tag)
    if found is None:
        raise Invalid("This XML is no camt statement.", place=_name(root)[:60])
    kind, version = found.groups()
    if kind != "053":
        raise Invalid(
            f"This is a camt.{kind}, which is no final statement; ask the bank for camt.053.",
            place="Document",
        )
    if version not in VERSIONS:
        raise Invalid(f"camt.053 version {version} is not known here.", place="Document")
    _strip(root)
    statements = [
        _statement(element, f"Stmt[{number}]")
        for number, element in enumerate(root.iterfind("BkToCstmrStmt/Stmt"), start=1)
    ]
    return f"camt.053.001.{version}", statements


def _statement(element: Element, place: str) -> Statement:
    account = _text(element, "Acct/Id/IBAN") or _text(element, "Acct/Id/Othr/Id")
    if not account:
        raise Invalid("The statement names no account.", place=f"{place}/Acct/Id")
    opening, currency, opens_on = _balance(element, OPENING, place)
    closing, _closing_currency, closes_on = _balance(element, CLOSING, place)
    stated = _text(element, "Acct/Ccy") or currency
    _one_currency(element, stated, place)
    lines, warnings = _lines(element, place)
    return Statement(
        statement_id=_text(element, "Id") or place,
        account=account,
        currency=stated,
        opening=opening,
        closing=closing,
        opens_on=opens_on,
        closes_on=closes_on,
        lines=tuple(lines),
        warnings=tuple(warnings),
    )


def _balance(element: Element, codes: tuple[str, ...], place: str) -> tuple[int, str, date | None]:
    for code in codes:
        for number, balance in enumerate(element.iterfind("Bal"), start=1):
            if _text(balance, "Tp/CdOrPrtry/Cd") == code:
                where = f"{place}/Bal[{number}]"
                amount, currency = _amount(balance, where)
                return amount, currency, _date(balance, "Dt", where)
    raise Invalid(f"The statement has no balance {' or '.join(codes)}.", place=f"{place}/Bal")


def _one_currency(element: Element, stated: str, place: str) -> None:
    """Refuse a statement with amounts that cannot be added; raises Invalid, naming the first."""
    for kind in ("Bal", "Ntry"):
        for number, item in enumerate(element.iterfind(kind), start=1):
            node = item.find("Amt")
            found = node.get("Ccy", "") if node is not None else stated
            if found != stated:
                raise Invalid(
                    f"The account is in {stated}, but here is an amount in"
                    f" {found[:3] or 'no currency'}; amounts of different currencies cannot be"
                    " added.",
                    place=f"{place}/{kind}[{number}]/Amt/@Ccy",
                )


def _lines(element: Element, place: str) -> tuple[list[Line], list[str]]:
    """Return what is booked, and sentences on what is not.

    A batch stays one line, as the bank booked it; the texts of its parts are kept.
    """
    lines: list[Line] = []
    warnings: list[str] = []
    for number, entry in enumerate(element.iterfind("Ntry"), start=1):
        where = f"{place}/Ntry[{number}]"
        status = _text(entry, "Sts/Cd") or _text(entry, "Sts")
        if status != BOOKED:
            warnings.append(
                f"{where}/Sts is {(status or 'missing')[:35]}, not {BOOKED}: it is left out."
            )
            continue
        lines.append(_line(entry, len(lines) + 1, where))
    if not warnings:
        warnings = _summary(element, lines, place)
    return lines, warnings


def _line(entry: Element, position: int, where: str) -> Line:
    amount, _currency = _amount(entry, where)
    booked_on = _date(entry, "BookgDt", where) or _date(entry, "ValDt", where)
    if booked_on is None:
        raise Invalid("The entry has no booking date.", place=f"{where}/BookgDt")
    details = entry.findall("NtryDtls/TxDtls")
    one = details[0] if len(details) == 1 else None
    return Line(
        position=position,
        amount=amount,
        booked_on=booked_on,
        value_on=_date(entry, "ValDt", where),
        bank_reference=_text(entry, "AcctSvcrRef") or _text(entry, "NtryRef"),
        end_to_end_id=_end_to_end(one),
        counterparty_name=_party(one, amount),
        counterparty_account=_counter_account(one, amount),
        remittance=_remittance(entry, details),
        code=_code(entry),
    )


def _summary(element: Element, lines: list[Line], place: str) -> list[str]:
    """Return where the sums that the bank states differ from its own entries."""
    found = []
    for tag, sign in (("TtlCdtNtries", 1), ("TtlDbtNtries", -1)):
        stated = _text(element, f"TxsSummry/{tag}/Sum")
        if stated is None:
            continue
        where = f"{place}/TxsSummry/{tag}/Sum"
        currency = _text(element, "Acct/Ccy") or _balance(element, OPENING, place)[1]
        total = sum(line.amount * sign for line in lines if line.amount * sign > 0)
        if minor(stated, currency, where) != total:
            found.append(
                f"{where} is {stated[:30]}, but the entries give {decimal_text(total, currency)}."
            )
    return found


def _amount(element: Element, place: str) -> tuple[int, str]:
    """Return an amount with the sign of its indicator, and its currency."""
    node = element.find("Amt")
    if node is None or node.text is None:
        raise Invalid("An amount is missing.", place=f"{place}/Amt")
    currency = node.get("Ccy", "")
    if currency not in EXPONENTS:
        raise Invalid(f"{currency or 'Nothing'} is no currency.", place=f"{place}/Amt/@Ccy")
    amount = minor(node.text, currency, f"{place}/Amt")
    sign = _text(element, "CdtDbtInd")
    if sign not in ("CRDT", "DBIT"):
        raise Invalid("Neither credit nor debit.", place=f"{place}/CdtDbtInd")
    return (amount if sign == "CRDT" else -amount), currency


def _date(element: Element, path: str, place: str) -> date | None:
    text = _text(element, f"{path}/Dt") or _text(element, f"{path}/DtTm")
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise Invalid(f"{text[:30]!r} is no date.", place=f"{place}/{path}") from error


def _end_to_end(details: Element | None) -> str | None:
    found = _text(details, "Refs/EndToEndId") if details is not None else None
    return None if found == "NOTPROVIDED" else found


def _party(details: Element | None, amount: int) -> str | None:
    if details is None:
        return None
    role = "Dbtr" if amount > 0 else "Cdtr"
    return _text(details, f"RltdPties/{role}/Nm") or _text(details, f"RltdPties/{role}/Pty/Nm")


def _counter_account(details: Element | None, amount: int) -> str | None:
    if details is None:
        return None
    role = "DbtrAcct" if amount > 0 else "CdtrAcct"
    return _text(details, f"RltdPties/{role}/Id/IBAN") or _text(
        details, f"RltdPties/{role}/Id/Othr/Id"
    )


def _remittance(entry: Element, details: list[Element]) -> str:
    texts = []
    for detail in details:
        texts += [node.text or "" for node in detail.iterfind("RmtInf/Ustrd")]
        texts += [node.text or "" for node in detail.iterfind("RmtInf/Strd/CdtrRefInf/Ref")]
    texts.append(_text(entry, "AddtlNtryInf") or "")
    return " ".join(" ".join(texts).split())[:1000]


def _code(entry: Element) -> str | None:
    parts = [_text(entry, f"BkTxCd/Domn/{path}") for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
    joined = "-".join(part for part in parts if part)
    return joined or _text(entry, "BkTxCd/Prtry/Cd")


def _text(element: Element, path: str) -> str | None:
    node = element.find(path)
    text = (node.text or "").strip() if node is not None else ""
    return text or None


def _strip(root: Element) -> None:
    """Take the namespace off every element, so that one set of paths reads all versions."""
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = _name(element)


def _name(element: Element) -> str:
    return element.tag.rsplit("}", 1)[-1]
