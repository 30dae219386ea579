"""Tell which format a bank file has and read it."""

import hashlib

from ledger.errors import Invalid
from ledger.statements import camt, mt940
from ledger.statements.statement import StatementFile

MAX_BYTES = 10 * 1024 * 1024
FORMATS = ("auto", "camt", "mt940")


def read_statement(data: bytes, file_format: str = "auto") -> StatementFile:
    """Read a bank file. Raises Invalid, naming line or element, for what cannot be read."""
    if not data.strip():
        raise Invalid("The file is empty.", place="file")
    if len(data) > MAX_BYTES:
        raise Invalid("The file is larger than 10 MB.", place="file")
    if file_format not in FORMATS:
        raise Invalid(f"There is no format {file_format}.", place="format")
    chosen = _guess(data) if file_format == "auto" else file_format
    if chosen == "camt":
        name, statements = camt.read(data)
    else:
        name, statements = "mt940", mt940.read(data)
    if not statements:
        raise Invalid("The file holds no statement.", place="file")
    return StatementFile(name, tuple(statements), hashlib.sha256(data).hexdigest())


def _guess(data: bytes) -> str:
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:200]
    if start.startswith(b"<"):
        return "camt"
    if b":20:" in data[:4000]:
        return "mt940"
    raise Invalid("This is neither a camt nor an MT940 file.", place="file")
