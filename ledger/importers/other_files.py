"""Tell what a file is that is no ledger, and what to do with it.

Bank statements, exports of other programs and packed files are given to the import of journals
by mistake. Must read no more of them than it takes to know them.
"""

import re
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from ledger.errors import Invalid

_STATEMENT = "Import it with `poolbook import statement FILE --account BOOK/1010`."
_TO_CSV = "Export the journal as CSV, with date, account and amount, and import that."
_BINARY = (
    (b"%PDF", "This is a PDF, which is for reading only. Export the journal as CSV or GnuCash."),
    (b"\xd0\xcf\x11\xe0", f"This is an old Excel workbook or another Office file. {_TO_CSV}"),
    (b"7z\xbc\xaf\x27\x1c", "This is a packed file (7z). Unpack it and import the file in it."),
    (b"BZh", "This is a packed file (bzip2). Unpack it and import the file in it."),
    (b"\xfd7zXZ", "This is a packed file (xz). Unpack it and import the file in it."),
    (b"\x1f\x8b", "This is a packed file (gzip) without a GnuCash book. Unpack it first."),
)
_TEXT = (
    (
        r"(?m)^:(?:34F|13D|90[CD]):",
        "This is an MT942, a bank's interim report of a day that is not over. Ask the bank for "
        "the MT940 of the closed day and import it with `poolbook import statement`.",
    ),
    (r"(?m)^:(?:25|28C|60[FM]|61):", f"This is a bank statement (MT940). {_STATEMENT}"),
    (r"\A\s*<[^\n]*\s*[^\n]*camt\.05[234]", f"This is a bank statement (camt). {_STATEMENT}"),
    (
        r"\A\s*(?:OFXHEADER|<[^\n]*\s*(?:[^\n]*\s*)?<OFX[\s>]|<OFX[\s>])",
        f"This is a bank statement (OFX or QFX). {_STATEMENT}",
    ),
    (
        r"(?m)\A\s*!(?:Type:|Account\s*$|Option:|Clear:)",
        "This is a QIF file. It does not say in full where money went. If it comes from your "
        "bank, ask the bank for camt.053, MT940, OFX or CSV and use `poolbook import statement`; "
        "if it comes from another program, open it in GnuCash and import the GnuCash book.",
    ),
    (
        r"(?m)\A\s*!(?:HDR|TRNS|SPL|ENDTRNS|ACCNT|CUST|VEND|CLASS|INVITEM|OTHERNAME|EMP)\b",
        "This is an IIF file of QuickBooks. In QuickBooks, export the report Journal as CSV and "
        "import that.",
    ),
    (
        r"\A\s*\{[^\n]*\"(?:accounting_date|postings)\"",
        "These are entries in JSON lines. Import them with `poolbook import entries FILE`.",
    ),
    (
        r"(?i)\A\s*(?:PRAGMA|BEGIN TRANSACTION|CREATE TABLE)\b",
        "This is a script for a database. Import the program's own file instead.",
    ),
    (r"(?i)\A\s*<(?:!doctype )?html", "This is a web page. Export the journal as a file."),
)
_ROOT = re.compile(
    r"\A\s*(?:<\?[^>]*\?>|<!--.*?-->|<!DOCTYPE[^>]*>|\s)*<([A-Za-z][\w:.-]{0,60})", re.DOTALL
)


def refuse(path: Path, start: bytes) -> None:
    """Refuse a file that is no ledger, by what its first bytes say. Raises Invalid."""
    with path.open("rb") as file:
        packed = file.read(8)
    if packed.startswith(b"PK\x03\x04"):
        raise Invalid(_packed(path), place="file")
    for begins, words in _BINARY:
        if packed.startswith(begins):
            raise Invalid(words, place="file")
    text = start.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    for pattern, words in _TEXT:
        if re.search(pattern, text):
            raise Invalid(words, place="file")
    if found := _ROOT.match(text):
        raise Invalid(
            "This is XML from another program: it begins with <{found}>. {to_csv}",
            place="file",
            found=found[1],
            to_csv=_TO_CSV,
        )


def _packed(path: Path) -> str:
    """Say what a ZIP is: many programs keep their files as one."""
    try:
        with ZipFile(path) as packed:
            names = packed.namelist()
    except (BadZipFile, OSError, ValueError):
        return "This is a damaged packed file (ZIP)."
    if any(name.startswith("xl/") for name in names):
        return f"This is an Excel workbook (XLSX). {_TO_CSV}"
    if "content.xml" in names:
        return f"This is a file of LibreOffice. {_TO_CSV}"
    return "This is a packed file (ZIP). Unpack it and import the file in it."
