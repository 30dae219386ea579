"""The texts of an MT940 line: who paid, under which reference, and the parts of a batch.

Banks write them in three ways: ``?20`` sub-fields (read by the mt-940 library), ``/NAME/`` codes,
and plain text. Must not know amounts but as text.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, replace

from mt940 import Options, processors, tags
from mt940.models import Transactions

# Without these a reversed credit (RC) counts as money in, and long texts are cut.
OPTIONS = Options.all()
NOTHING = ("", "NONREF", "NOTPROVIDED")
IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
# Sub-fields begin with ?, and at some banks with another sign.
_SUB_FIELDS = re.compile(r"(\d{3})([?>~<^])(?=\d\d)")
_CODES = (
    *("ORDP", "BENM", "ULTD", "ULTC", "ULTB", "CNTP", "NAME", "IBAN", "BIC", "ACCW", "ADDR"),
    *("REMI", "EREF", "KREF", "PREF", "IREF", "RTRN", "RTRC", "TRTP", "TRCD", "CSID", "MARF"),
    *("PURP", "SVCL", "ISDT", "BUSP", "OCMT", "CHGS", "EXCH", "AMT", "ID", "NRTX", "USTD", "STRD"),
)
_CODE = re.compile(rf"/({'|'.join(_CODES)})/")
# The remittance of one bank begins with its form, unstructured or structured.
_FORM = re.compile(r"^(?:USTD|STRD)/+(?:CUR/+|ISO/+)?")
_PARTIES = ("ORDP", "BENM", "ULTD", "ULTC", "ULTB")
# What is kept in the text beside the remittance; parties and references have places of their own.
_IN_TEXT = ("PREF", "IREF", "CSID", "MARF", "PURP", "NRTX")
_WIDTH = 65


@dataclass(frozen=True, slots=True)
class Details:
    """What one :86: says; ``amount`` is the text of a part's amount, where one is stated."""

    text: str = ""
    name: str | None = None
    account: str | None = None
    end_to_end_id: str | None = None
    through: str | None = None
    returned: str | None = None
    batch: str | None = None
    amount: str | None = None


def read_details(texts: list[str], *, incoming: bool) -> list[Details]:
    """Return what the :86: fields of one line say, one for each payment that they tell apart."""
    found: list[Details] = []
    for text in texts:
        marked = _SUB_FIELDS.match(text.lstrip())
        if marked:
            found += _sub_fields(text.lstrip(), marked[2], incoming=incoming)
        elif _CODE.match(text.lstrip()):
            found += _coded(text.lstrip(), incoming=incoming)
        else:
            found.append(Details(text=_flat(text)))
    return found


def joined(found: list[Details]) -> Details:
    """Return several details as one: every text in order, and what the first says of the rest."""
    if len(found) == 1:
        return found[0]

    def first(name: str) -> str | None:
        return next((value for one in found if (value := getattr(one, name))), None)

    return Details(
        text=_flat(" ".join(one.text for one in found)),
        name=first("name"),
        account=first("account"),
        end_to_end_id=first("end_to_end_id"),
        through=first("through"),
        returned=first("returned"),
        batch=first("batch"),
    )


def non_swift(text: str) -> Details:
    """Return what an old :NS: field says: purpose in 01 to 14, name in 15 and 16."""
    lines: dict[str, str] = {}
    plain: list[str] = []
    for line in text.splitlines():
        if re.match(r"\d\d", line):
            lines[line[:2]] = line[2:]
        elif line.strip():
            plain.append(line)
    purpose = [lines[key] for key in sorted(lines) if "01" <= key <= "14"]
    name = "".join(lines[key] for key in ("15", "16") if key in lines)
    rest = [lines[key] for key in sorted(lines) if key == "17" or key > "22"]
    return Details(text=_flat(" ".join((*purpose, *plain, *rest))), name=_flat(name) or None)


def _sub_fields(text: str, mark: str, *, incoming: bool) -> list[Details]:
    """Read ``166?00…?20…?32…``; a sub-field that comes again begins the next payment."""
    raw = "".join(line.strip("\r\n") for line in text.splitlines())
    head, *fields = re.split(rf"{re.escape(mark)}(?=\d\d)", raw)
    groups: list[list[str]] = [[]]
    for field in fields:
        if any(field[:2] == one[:2] for one in groups[-1]):
            groups.append([])
        groups[-1].append(field)
    return [_of_sub_fields(head, group, incoming=incoming) for group in groups]


def _of_sub_fields(head: str, fields: list[str], *, incoming: bool) -> Details:
    tag = tags.TransactionDetails()
    text = head[:3] + "".join(f"?{field}" for field in fields)
    found = processors.transaction_details_post_processor(
        Transactions(options=OPTIONS),
        tag,
        {"transaction_details": text},
        {"transaction_details": text},
    )
    name = found.get("applicant_name")
    ultimate = found.get("deviate_applicant" if incoming else "deviate_recipient")
    notes = (found.get("purpose"), found.get("additional_purpose"))
    return Details(
        text=_flat(" ".join(note for note in notes if note)),
        name=_some(ultimate) or _some(name),
        account=_some(found.get("applicant_iban")) or _some(found.get("gvc_applicant_iban")),
        end_to_end_id=_some(found.get("end_to_end_reference")),
        through=_some(name) if _some(ultimate) else None,
        returned=_return_note(found),
        batch=None,
        amount=_some(found.get("original_amount")),
    )


def _return_note(found: dict[str, str | None]) -> str | None:
    """Return why a payment came back: the bank's key 9xx in ?34, which is set for returns only."""
    key = _some(found.get("return_debit_notes"))
    return f"key {key}" if key and key.startswith("9") and key not in ("997", "992") else None


def _coded(text: str, *, incoming: bool) -> list[Details]:
    """Read ``/ORDP//NAME/…/REMI/…``; an /EREF/ that comes again begins the next payment."""
    parts = _CODE.split(_unfolded(text))
    groups: list[dict[str, list[str]]] = [defaultdict(list)]
    party = ""
    for code, value in zip(parts[1::2], parts[2::2], strict=True):
        if code == "EREF" and "EREF" in groups[-1]:
            groups.append(defaultdict(list))
        if code in _PARTIES:
            party = code
        elif code in ("REMI", "EREF", "CNTP", "PREF", "TRTP"):
            party = ""
        value = " ".join(_FORM.sub("", value.strip("/ ")).split())
        groups[-1][f"{party}{code}" if code in ("NAME", "IBAN", "BIC") else code].append(value)
    return [_of_codes(group, text, incoming=incoming) for group in groups]


def _of_codes(found: dict[str, list[str]], text: str, *, incoming: bool) -> Details:
    def value(*codes: str) -> str | None:
        return next((_some(one) for code in codes for one in found.get(code, []) if one), None)

    account, name = value("IBAN", "ORDPIBAN", "BENMIBAN"), value("ORDPNAME", "BENMNAME", "NAME")
    if found.get("CNTP"):
        cells = [*found["CNTP"][0].split("/"), "", "", ""]
        account, name = account or _some(cells[0]), name or _some(cells[2])
    ultimate = value("ULTDNAME", "ULTD") if incoming else value("ULTCNAME", "ULTBNAME", "ULTC")
    told = [*found.get("REMI", []), *found.get("USTD", []), *found.get("STRD", [])]
    told += [f"{code} {one}" for code in _IN_TEXT for one in found.get(code, []) if one]
    return Details(
        text=_flat(" ".join(one for one in told if one)) or _flat(text),
        name=ultimate or name,
        account=account,
        end_to_end_id=value("EREF"),
        through=name if ultimate and name != ultimate else None,
        returned=value("RTRN", "RTRC"),
        batch=value("PREF"),
        amount=value("AMT", "OCMT"),
    )


def _unfolded(text: str) -> str:
    """Join lines that the format broke at its width; other breaks are blanks."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    return "".join(line if len(line) >= _WIDTH else f"{line} " for line in lines).strip()


def without_reference(details: Details) -> Details:
    """Return details whose reference is none ("NOTPROVIDED")."""
    if (details.end_to_end_id or "").upper() in NOTHING:
        return replace(details, end_to_end_id=None)
    return details


def _flat(text: str) -> str:
    return " ".join(text.split())


def _some(value: object) -> str | None:
    text = _flat(str(value)) if value is not None else ""
    return text or None
