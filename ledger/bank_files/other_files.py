"""What a file is that is no bank statement we read, and what its sender can do about it.

Looks at the first bytes only. Must not read statements.
"""

import re
from html import unescape

from ledger.errors import Invalid

HEAD = 4_000
ASK = "ask the bank for camt.053, MT940, OFX or CSV"
_MAGIC = (
    (b"%PDF", f"This is a PDF, which is made for reading on paper; {ASK}."),
    (b"\xd0\xcf\x11\xe0", "This is an old Excel file (.xls); open it and save it as CSV or XLSX."),
    (b"\x1f\x8b", "This file is compressed with gzip; unpack it first."),
    (b"7z\xbc\xaf\x27\x1c", "This is a 7z archive; unpack it first."),
    (b"Rar!", "This is a RAR archive; unpack it first."),
    (b"{\\rtf", f"This is a text document (RTF); {ASK}."),
    (b"\x89PNG", f"This is a picture; {ASK}."),
    (b"\xff\xd8\xff", f"This is a picture; {ASK}."),
    (b"SQLite format 3", "This is a database, such as a GnuCash book; bring it in with "
     "`poolbook import journal`."),
)  # fmt: skip
_TEXTS = (
    (
        re.compile(r"\s*!(?:Type|Account|Option|Clear)\b", re.IGNORECASE),
        "This is a QIF file. QIF names neither account nor balances and its dates can be read in "
        f"two ways; {ASK}.",
    ),
    (
        re.compile(r"\s*!(?:TRNS|SPL|ENDTRNS|HDR|ACCNT|CUST|VEND)\b", re.IGNORECASE),
        "This is an IIF file of QuickBooks, which holds bookings and no bank statement; "
        f"{ASK}, or export the ledger and use `poolbook import journal`.",
    ),
    (
        re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:gnc-v2|gnc:)", re.DOTALL),
        "This is a GnuCash book and no bank statement; bring it in with `poolbook import journal`.",
    ),
    (
        re.compile(r"\s*(?:<!doctype\s+html|<html\b)", re.IGNORECASE),
        "This is a web page",
    ),
    (
        re.compile(r"\s*01,[^,\r\n]*,[^,\r\n]*,\d{6},\d{4},"),
        f"This is a BAI2 file, which is not read here; {ASK}.",
    ),
    (re.compile(r"\s*[\[{]\s*[\"{\[\]}]"), f"This is JSON, which is not read here; {ASK}."),
    (
        re.compile(r"\s*0000\d{6}\d{5}.{0,20}", re.DOTALL),
        f"This looks like a CODA file, which is not read here; {ASK}.",
    ),
)
_XML = (
    (re.compile(r"pain\.00[18]\."), "This is a payment order (pain), sent to a bank and not by it"),
    (re.compile(r"pain\.002\."), "This is a bank's answer to a payment order (pain.002)"),
    (re.compile(r"camt\.0(?!5[234])\d\d\."), "This is a camt message of another kind"),
)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_SHOWN = 80


def check(data: bytes) -> None:
    """Raise Invalid with what to do, when a file is known to be something else."""
    for magic, sentence in _MAGIC:
        if data.startswith(magic):
            raise Invalid(sentence, place="file")
    text = head_of(data)
    for pattern, sentence in _TEXTS:
        if pattern.match(text):
            title = _TITLE.search(text) if sentence == "This is a web page" else None
            if title is not None:
                words = " ".join(unescape(title[1]).split())[:_SHOWN]
                sentence = f"This is a web page ({words!r}) and no bank file; {ASK}."
            elif sentence == "This is a web page":
                sentence = f"This is a web page and no bank file; {ASK}."
            raise Invalid(sentence, place="file")
    for pattern, sentence in _XML:
        if text.lstrip().startswith("<") and pattern.search(text):
            raise Invalid(
                "{sentence}. Ask the bank for camt.053.", place="Document", sentence=sentence
            )


def unknown(data: bytes) -> Invalid:
    """Return the refusal of a file of which nothing is known, with how it begins."""
    text = head_of(data)
    shown = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    begins = f" It begins with {shown[:_SHOWN]!r}." if shown and "\0" not in text else ""
    return Invalid(
        "This is not a camt, MT940 or OFX file, nor a table from a bank that Poolbook knows."
        + begins,
        place="file",
    )


def head_of(data: bytes) -> str:
    """Return the first of a file as text, whatever its encoding is: only to tell what it is."""
    start = data[:HEAD]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return start.decode("utf-16", errors="replace")
    if start[1:2] == b"\0" and start[:1] not in (b"\0", b""):
        return start.decode("utf-16-le", errors="replace")
    if start[:1] == b"\0" and start[1:2] not in (b"\0", b""):
        return start.decode("utf-16-be", errors="replace")
    return start.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
