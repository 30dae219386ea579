"""Tell which program a file of another ledger is for, and read it."""

import re
from collections.abc import Set
from pathlib import Path

from ledger.errors import Invalid
from ledger.histories import beancount, gnucash_sqlite, gnucash_xml, plain_text
from ledger.histories.history import History, exactly
from ledger.histories.posting_lines import HLEDGER, LEDGER

FORMATS = ("auto", "hledger", "ledger", "beancount", "gnucash")
MAX_BYTES = 64 * 1024 * 1024
MAX_LINE = 10_000
_ENDINGS = {
    ".beancount": "beancount",
    ".bean": "beancount",
    ".ledger": "ledger",
    ".ldg": "ledger",
    ".dat": "ledger",
    ".journal": "hledger",
    ".hledger": "hledger",
    ".j": "hledger",
}
_OF_BEANCOUNT = re.compile(r"(?m)^(?:option \"|[0-9]{4}-[0-9]{2}-[0-9]{2}\s+(?:open|txn)\s)")


def read_history(
    path: Path, file_format: str = "auto", leave_out: Set[str] = frozenset()
) -> History:
    """Read a file of another ledger. Raises Invalid, naming the line, for what is not read."""
    if file_format not in FORMATS:
        raise Invalid(f"There is no format {file_format}.", place="format")
    if path.stat().st_size > MAX_BYTES:
        raise Invalid("The file is larger than 64 MB.", place="file")
    with exactly("file"):
        start = gnucash_xml.start_of(path)
        if start.startswith(gnucash_sqlite.MAGIC):
            return _whole(gnucash_sqlite.read(path))
        if file_format == "gnucash" or gnucash_xml.ROOT in start:
            return _whole(gnucash_xml.read(path))
        text = _text(path.read_bytes())
        chosen = file_format if file_format != "auto" else _guess(path, text)
        if chosen == "beancount":
            return _whole(beancount.read(text))
        dialect = LEDGER if chosen == "ledger" else HLEDGER
        return _whole(plain_text.read(text, dialect, leave_out))


def _whole(history: History) -> History:
    if not history.transactions:
        kept = "GnuCash book" if history.format == "gnucash" else "file"
        raise Invalid(f"The {kept} holds no transaction.", place="file")
    return history


def _text(data: bytes) -> str:
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_LINE:
            raise Invalid("The line is too long.", place=f"line {number}")
        if b"\x00" in line:
            raise Invalid("The line holds a NUL: this is no text.", place=f"line {number}")
        try:
            lines[number - 1].decode()
        except UnicodeDecodeError as error:
            raise Invalid("The line is not UTF-8.", place=f"line {number}") from error
    return b"\n".join(lines).decode()


def _guess(path: Path, text: str) -> str:
    if path.suffix.lower() in _ENDINGS:
        return _ENDINGS[path.suffix.lower()]
    return "beancount" if _OF_BEANCOUNT.search(text) else "hledger"
