"""Tell which format a bank file has and read it."""

import hashlib

from ledger.errors import Invalid
from ledger.statements import camt, mt940, ofx, table
from ledger.statements.profiles import Profile
from ledger.statements.statement import StatementFile

MAX_BYTES = 10 * 1024 * 1024
FORMATS = ("auto", "camt", "mt940", "ofx", "csv")


def read_statement(
    data: bytes,
    file_format: str = "auto",
    *,
    profile: Profile | None = None,
    opening: str | None = None,
) -> StatementFile:
    """Read a bank file. Raises Invalid, naming line or element, for what cannot be read.

    Of tables only: ``profile`` says what the columns are where no bank we know wrote them, and
    ``opening`` the balance before the first line where no column has one.
    """
    if not data.strip():
        raise Invalid("The file is empty.", place="file")
    if len(data) > MAX_BYTES:
        raise Invalid("The file is larger than 10 MB.", place="file")
    if file_format not in FORMATS:
        raise Invalid(f"There is no format {file_format}.", place="format")
    guessed = "csv" if profile is not None else _guess(data) if file_format == "auto" else ""
    chosen = guessed or file_format
    if chosen == "camt":
        name, statements = camt.read(data)
    elif chosen == "ofx":
        name, statements = "ofx", ofx.read(data)
    elif chosen == "csv":
        name, statements = "csv", table.read(data, profile, opening)
    else:
        name, statements = "mt940", mt940.read(data)
    if not statements:
        raise Invalid("The file holds no statement.", place="file")
    return StatementFile(name, tuple(statements), hashlib.sha256(data).hexdigest())


def _guess(data: bytes) -> str:
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:200]
    if start.startswith(b"OFXHEADER") or b"<OFX>" in data[:4000].upper():
        return "ofx"
    if start.startswith(b"<"):
        return "camt"
    if table.is_table(data):
        return "csv"
    if b":20:" in data[:4000]:
        return "mt940"
    raise Invalid(
        "This is no camt, MT940 or OFX file, and no table of a bank we know.", place="file"
    )
