"""Tell which program a file of another ledger is for, and read it."""

import re
from collections.abc import Set
from dataclasses import replace
from pathlib import Path

from ledger.errors import Invalid
from ledger.importers import (
    beancount,
    csv_journal,
    gnucash_sqlite,
    gnucash_xml,
    other_files,
    plain_text,
    time_logs,
)
from ledger.importers.folder import MAX_BYTES, Folder
from ledger.importers.history import History, exactly
from ledger.importers.posting_lines import HLEDGER, LEDGER

FORMATS = ("auto", "hledger", "ledger", "beancount", "gnucash", "timeclock", "timedot", "csv")
_ENDINGS = {
    ".beancount": "beancount",
    ".bean": "beancount",
    ".ledger": "ledger",
    ".ldg": "ledger",
    ".dat": "ledger",
    ".journal": "hledger",
    ".hledger": "hledger",
    ".j": "hledger",
    ".timeclock": "timeclock",
    ".timedot": "timedot",
    ".csv": "csv",
    ".tsv": "csv",
}
_OF_TIMECLOCK = re.compile(r"\A(?:[;#*\s].*\n|\n)*i [0-9]{4}[-/.][0-9]")
_OF_BEANCOUNT = re.compile(r"(?m)^(?:option \"|[0-9]{4}-[0-9]{2}-[0-9]{2}\s+(?:open|txn)\s)")


def read_history(
    path: Path, file_format: str = "auto", leave_out: Set[str] = frozenset()
) -> History:
    """Read a file of another ledger. Raises Invalid, naming the line, for what is not read."""
    if file_format not in FORMATS:
        raise Invalid("There is no format {file_format}.", place="format", file_format=file_format)
    if path.stat().st_size > MAX_BYTES:
        raise Invalid("The file is larger than 64 MB.", place="file")
    folder = Folder(path)
    try:
        with exactly("file"):
            history = _read(folder, file_format, leave_out)
    except Invalid as error:
        error.place = folder.place(error.place or "file")
        raise
    if not history.transactions:
        kept = "GnuCash book" if history.format == "gnucash" else "file"
        raise Invalid("The {kept} contains no transactions.", place="file", kept=kept)
    return replace(history, includes=tuple(folder.includes))


def _read(folder: Folder, file_format: str, leave_out: Set[str]) -> History:
    path = folder.main
    start = gnucash_xml.start_of(path)
    if start.startswith(gnucash_sqlite.MAGIC) or gnucash_xml.ROOT in start:
        if file_format not in ("auto", "gnucash"):
            raise Invalid("This is a GnuCash book. Leave --format out.", place="file")
        if start.startswith(gnucash_sqlite.MAGIC):
            return gnucash_sqlite.read(path)
        return gnucash_xml.read(path)
    other_files.refuse(path, start)
    chosen = file_format if file_format != "auto" else _guess(path, start)
    if chosen == "gnucash":
        return gnucash_xml.read(path)
    if chosen == "csv":
        return csv_journal.read(folder)
    if chosen == "beancount":
        return beancount.read(folder)
    if chosen in time_logs.READERS:
        return time_logs.read(folder, chosen)
    return plain_text.read(folder, LEDGER if chosen == "ledger" else HLEDGER, leave_out)


def _guess(path: Path, start: bytes) -> str:
    """Return which program a text is for, by the ending of its name or what it begins with."""
    if path.suffix.lower() in _ENDINGS:
        return _ENDINGS[path.suffix.lower()]
    text = start.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    if _OF_TIMECLOCK.search(text):
        return "timeclock"
    if csv_journal.is_journal(text):
        return "csv"
    return "beancount" if _OF_BEANCOUNT.search(text) else "hledger"
