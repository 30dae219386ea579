"""Payment files for a bank: SEPA credit transfers (ISO 20022 pain.001.001.09), or CSV.

The XML is what the European Payments Council's guidelines for customers ask for: euro only, IBANs,
one batch of a day, its letters from the Latin set that every bank takes. Amounts in minor units.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from ledger.core.amount import decimals

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
CURRENCY = "EUR"
# EPC217-08: the signs that all banks take, and how long a text may be.
OTHER_SIGNS = re.compile(r"[^A-Za-z0-9/?:().,'+ -]")
LONGEST_NAME, LONGEST_TEXT, LONGEST_ID = 70, 140, 35
LETTERS = str.maketrans({"ß": "ss", "Æ": "AE", "æ": "ae", "Ø": "O", "ø": "o", "Œ": "OE", "œ": "oe"})
COLUMNS = ("reference", "payee", "iban", "amount", "currency", "text")
# What a spreadsheet would take for a formula.
FORMULA = re.compile(r"^[\s]*[=+\-@]")


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment: our reference, which comes back on the statement, and to whom for what."""

    reference: str
    payee: str
    iban: str
    amount: int
    text: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Payments of one day from one account; ``identifier`` names the file to the bank."""

    identifier: str
    holder: str
    iban: str
    bic: str
    pay_on: date
    made_at: datetime
    payments: Sequence[Payment]


def latin(text: str, longest: int) -> str:
    """Write a text in the letters that every bank takes, cut to its longest."""
    plain = unicodedata.normalize("NFKD", text.translate(LETTERS))
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(OTHER_SIGNS.sub(" ", bare).split())[:longest].strip()


def in_decimals(amount: int, currency: str) -> str:
    """Write an amount of minor units with a decimal point, as in 52.40."""
    places = decimals(currency)
    digits = str(amount).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def as_pain_001(batch: Batch) -> bytes:
    """Return a batch in euro as the XML that a bank takes."""
    count = str(len(batch.payments))
    total = in_decimals(sum(one.amount for one in batch.payments), CURRENCY)
    document = Element("Document", xmlns=NAMESPACE)
    root = SubElement(document, "CstmrCdtTrfInitn")
    header = SubElement(root, "GrpHdr")
    _texts(
        header,
        MsgId=batch.identifier[:LONGEST_ID],
        CreDtTm=batch.made_at.strftime("%Y-%m-%dT%H:%M:%S"),
        NbOfTxs=count,
        CtrlSum=total,
    )
    _texts(SubElement(header, "InitgPty"), Nm=latin(batch.holder, LONGEST_NAME))
    info = SubElement(root, "PmtInf")
    _texts(info, PmtInfId=batch.identifier[:LONGEST_ID], PmtMtd="TRF", NbOfTxs=count, CtrlSum=total)
    _texts(SubElement(SubElement(info, "PmtTpInf"), "SvcLvl"), Cd="SEPA")
    _texts(SubElement(info, "ReqdExctnDt"), Dt=batch.pay_on.isoformat())
    _texts(SubElement(info, "Dbtr"), Nm=latin(batch.holder, LONGEST_NAME))
    _texts(SubElement(SubElement(info, "DbtrAcct"), "Id"), IBAN=batch.iban)
    agent = SubElement(SubElement(info, "DbtrAgt"), "FinInstnId")
    if batch.bic:
        _texts(agent, BICFI=batch.bic)
    else:
        _texts(SubElement(agent, "Othr"), Id="NOTPROVIDED")
    _texts(info, ChrgBr="SLEV")
    for one in batch.payments:
        _transfer(info, one)
    return bytes(tostring(document, encoding="UTF-8", xml_declaration=True))


def as_csv(batch: Batch, currency: str) -> bytes:
    """Return a batch as a table, one payment a line, for a bank that takes no XML."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in batch.payments:
        amount = in_decimals(one.amount, currency)
        row = (one.reference, one.payee, one.iban, amount, currency, one.text)
        writer.writerow([_harmless(cell) for cell in row])
    return out.getvalue().encode()


def _transfer(info: Element, payment: Payment) -> None:
    transfer = SubElement(info, "CdtTrfTxInf")
    _texts(SubElement(transfer, "PmtId"), EndToEndId=payment.reference[:LONGEST_ID])
    amount = SubElement(SubElement(transfer, "Amt"), "InstdAmt", Ccy=CURRENCY)
    amount.text = in_decimals(payment.amount, CURRENCY)
    _texts(SubElement(transfer, "Cdtr"), Nm=latin(payment.payee, LONGEST_NAME))
    _texts(SubElement(SubElement(transfer, "CdtrAcct"), "Id"), IBAN=payment.iban)
    text = latin(f"{payment.reference} {payment.text}", LONGEST_TEXT)
    _texts(SubElement(transfer, "RmtInf"), Ustrd=text)


def _texts(parent: Element, **texts: str) -> None:
    for name, text in texts.items():
        SubElement(parent, name).text = text


def _harmless(cell: str) -> str:
    line = " ".join(cell.split())
    return f"'{line}" if FORMULA.match(line) else line
