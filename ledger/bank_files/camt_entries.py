"""One entry of a camt message: amount, days, who paid, why it came back, and the parts of a batch.

Must not know statements or their balances.
"""

import re
from datetime import date
from xml.etree.ElementTree import Element

from ledger.bank_files.statement import Line, Part, day_of, decimal_text, minor
from ledger.core.currencies import EXPONENTS
from ledger.errors import Invalid

_DAY = re.compile(r"\s*(\d{4})-(\d\d)-(\d\d)(?:[T+Z-].*|)\s*")
NOT_PROVIDED = "NOTPROVIDED"
# What treasurers read of the commonest return reasons (ISO 20022 external code set).
REASONS = {
    "AC01": "the account number is wrong",
    "AC04": "the account is closed",
    "AC06": "the account is blocked",
    "AM04": "insufficient funds",
    "AM05": "it was sent twice",
    "BE04": "the address is missing",
    "FF01": "the file format is wrong",
    "MD01": "there is no valid mandate",
    "MD06": "the payer asked for a refund",
    "MD07": "the payer has died",
    "MS02": "the payer refused",
    "MS03": "the bank gave no reason",
    "RR04": "regulatory reason",
    "SL01": "a service of the payer's bank",
}
# Every place in which a payment's text may stand.
_TEXTS = (
    "RmtInf/Ustrd",
    "RmtInf/Strd/RfrdDocInf/Nb",
    "RmtInf/Strd/CdtrRefInf/Ref",
    "RmtInf/Strd/AddtlRmtInf",
    "AddtlTxInf",
)


def line_of(entry: Element, position: int, where: str) -> tuple[Line, list[str]]:
    """Return an entry as a line, and what to say of it. Raises Invalid, naming the element."""
    amount, currency = amount_of(entry, where)
    booked_on, told = day_at(entry, "BookgDt", where)
    value_on, more = day_at(entry, "ValDt", where)
    if booked_on is None:
        booked_on = value_on
    if booked_on is None:
        raise Invalid("The entry has no booking date.", place=f"{where}/BookgDt")
    details = entry.findall("NtryDtls/TxDtls")
    one = details[0] if len(details) == 1 else None
    reversal = text_at(entry, "RvslInd") == "true"
    parts, odd = _parts(entry, details, amount, currency, where)
    name, through = _party(one, amount > 0, reversal=reversal)
    return (
        Line(
            position=position,
            amount=amount,
            booked_on=booked_on,
            value_on=value_on,
            bank_reference=_first(entry, "AcctSvcrRef", "NtryRef"),
            end_to_end_id=_end_to_end(one),
            counterparty_name=name,
            counterparty_account=_account(one, amount > 0, reversal=reversal),
            remittance=_remittance(entry, details),
            code=_code(entry),
            parts=parts,
            batch_reference=_first(
                entry,
                "NtryDtls/Btch/PmtInfId",
                "NtryDtls/Btch/MsgId",
                "NtryDtls/TxDtls/Refs/PmtInfId",
            ),
            through=through,
            returned=_returned(one),
        ),
        [*told, *more, *odd],
    )


def _parts(
    entry: Element, details: list[Element], amount: int, currency: str, where: str
) -> tuple[tuple[Part, ...], list[str]]:
    """Return the payments of a batch with their amounts, where they sum to the entry."""
    if len(details) < 2:
        return (), []
    place = f"{where}/NtryDtls"
    found: list[Part] = []
    for number, one in enumerate(details, start=1):
        moved = _part_amount(one, amount > 0, currency, f"{place}/TxDtls[{number}]")
        if moved is None:
            return (), [
                f"{place}/TxDtls[{number}] states no amount in {currency}: the batch is kept as "
                "one line."
            ]
        reversal = text_at(entry, "RvslInd") == "true"
        name, through = _party(one, moved > 0, reversal=reversal)
        texts = [_text_of(one), f"(through {through})" if through else "", _returned(one) or ""]
        found.append(
            Part(
                position=number,
                amount=moved,
                end_to_end_id=_end_to_end(one),
                counterparty_name=name,
                counterparty_account=_account(one, moved > 0, reversal=reversal),
                remittance=" ".join(text for text in texts if text),
            )
        )
    charges = _charges(entry, currency, where)
    total = sum(part.amount for part in found)
    if charges and total != amount and total - charges == amount:
        found.append(Part(len(found) + 1, -charges, None, None, None, "Charges of the bank"))
        total = amount
    if total != amount:
        return (), [
            f"{place}: its payments come to {decimal_text(total, currency)}, the entry to "
            f"{decimal_text(amount, currency)}; the batch is kept as one line."
        ]
    return tuple(found), []


def _part_amount(one: Element, incoming: bool, currency: str, place: str) -> int | None:
    for path in ("AmtDtls/TxAmt/Amt", "Amt", "AmtDtls/CntrValAmt/Amt", "AmtDtls/InstdAmt/Amt"):
        node = one.find(path)
        if node is not None and node.text and node.get("Ccy", "") == currency:
            amount = minor(node.text, currency, f"{place}/{path}")
            sign = text_at(one, "CdtDbtInd")
            return amount if (sign == "CRDT" if sign else incoming) else -amount
    return None


def _charges(entry: Element, currency: str, where: str) -> int:
    """Return what the bank kept of an entry, in minor units."""
    total = 0
    for number, record in enumerate(entry.iterfind("Chrgs/Rcrd"), start=1):
        node = record.find("Amt")
        if node is not None and node.text and node.get("Ccy") == currency:
            amount = minor(node.text, currency, f"{where}/Chrgs/Rcrd[{number}]/Amt")
            total += -amount if text_at(record, "CdtDbtInd") == "CRDT" else amount
    return total


def amount_of(element: Element, place: str) -> tuple[int, str]:
    """Return an amount with the sign of its indicator, and its currency. Raises Invalid."""
    node = element.find("Amt")
    if node is None or node.text is None:
        raise Invalid("An amount is missing.", place=f"{place}/Amt")
    currency = node.get("Ccy", "")
    if currency not in EXPONENTS:
        raise Invalid(
            "{value} is not a currency.", place=f"{place}/Amt/@Ccy", value=currency or "Nothing"
        )
    amount = minor(node.text, currency, f"{place}/Amt")
    sign = text_at(element, "CdtDbtInd")
    if sign not in ("CRDT", "DBIT"):
        raise Invalid(
            "The entry is marked neither as credit nor as debit.", place=f"{place}/CdtDbtInd"
        )
    return (amount if sign == "CRDT" else -amount), currency


def day_at(element: Element, path: str, place: str) -> tuple[date | None, list[str]]:
    """Return the day at a path, and what to say of it; None where there is none."""
    text = text_at(element, f"{path}/Dt") or text_at(element, f"{path}/DtTm")
    if not text:
        return None, []
    found = _DAY.fullmatch(text)
    if found is None:
        raise Invalid("{value!r} is not a date.", place=f"{place}/{path}", value=text[:30])
    return day_of(int(found[1]), int(found[2]), int(found[3]), f"{place}/{path}")


def _end_to_end(details: Element | None) -> str | None:
    found = text_at(details, "Refs/EndToEndId") if details is not None else None
    return None if (found or "").replace(" ", "").upper() == NOT_PROVIDED else found


def _roles(incoming: bool, *, reversal: bool) -> tuple[str, str]:
    """Return who is the other side, and who else may be; a reversal keeps the roles of what it
    takes back."""
    return ("Dbtr", "Cdtr") if incoming != reversal else ("Cdtr", "Dbtr")


def _party(
    details: Element | None, incoming: bool, *, reversal: bool
) -> tuple[str | None, str | None]:
    """Return who paid or was paid, and through whom when a service did it on their behalf."""
    if details is None:
        return None, None
    back = details.find("RtrInf") is not None
    for role in _roles(incoming, reversal=reversal)[: 2 if back or reversal else 1]:
        name, ultimate = _name(details, role), _name(details, f"Ultmt{role}")
        if ultimate:
            return ultimate, name if name != ultimate else None
        if name:
            return name, None
    return None, None


def _name(details: Element, role: str) -> str | None:
    path = f"RltdPties/{role}"
    return _first(details, f"{path}/Nm", f"{path}/Pty/Nm", f"{path}/Agt/FinInstnId/Nm")


def _account(details: Element | None, incoming: bool, *, reversal: bool) -> str | None:
    if details is None:
        return None
    path = f"RltdPties/{_roles(incoming, reversal=reversal)[0]}Acct/Id"
    return _first(details, f"{path}/IBAN", f"{path}/Othr/Id", f"{path}/PrtryAcct/Id")


def _returned(details: Element | None) -> str | None:
    """Return why a payment came back, as the bank says it."""
    if details is None or details.find("RtrInf") is None:
        return None
    code = _first(details, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry") or ""
    told = " ".join(
        (node.text or "").strip() for node in details.iterfind("RtrInf/AddtlInf")
    ).strip()
    return " ".join(word for word in (code, told or REASONS.get(code, "")) if word) or None


def _remittance(entry: Element, details: list[Element]) -> str:
    texts = [_text_of(detail) for detail in details]
    texts.append(text_at(entry, "AddtlNtryInf") or "")
    return " ".join(" ".join(texts).split())


def _text_of(details: Element) -> str:
    texts = [node.text or "" for path in _TEXTS for node in details.iterfind(path)]
    return " ".join(" ".join(texts).split())


def _code(entry: Element) -> str | None:
    parts = [text_at(entry, f"BkTxCd/Domn/{path}") for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
    joined = "-".join(part for part in parts if part)
    return joined or text_at(entry, "BkTxCd/Prtry/Cd")


def _first(element: Element, *paths: str) -> str | None:
    return next((found for path in paths if (found := text_at(element, path))), None)


def text_at(element: Element, path: str) -> str | None:
    """Return the text of an element inside, without blanks around it; None for none."""
    node = element.find(path)
    text = (node.text or "").strip() if node is not None else ""
    return text or None


def name_of(element: Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rsplit("}", 1)[-1]
