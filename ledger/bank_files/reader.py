"""Tell which format a bank file has and read it."""

import hashlib
import re
from dataclasses import dataclass

from ledger.bank_files import archive, camt, mt940, ofx, other_files, table, workbook
from ledger.bank_files.profiles import Profile
from ledger.bank_files.statement import Statement, StatementFile, check_days, storable
from ledger.errors import Invalid

MAX_BYTES = 10 * 1024 * 1024
FORMATS = ("auto", "camt", "mt940", "ofx", "csv")
_OFX = re.compile(r"<(?:\w+:)?OFX(?:\s[^>]*)?>|^\s*OFXHEADER", re.IGNORECASE)
_MT940 = re.compile(r"^:(?:20|25|60F|60M):", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _How:
    """What the person says of a file beyond its bytes."""

    file_format: str
    profile: Profile | None
    opening: str | None
    currency: str | None
    remembered: tuple[table.Remembered, ...]


def read_statement(
    data: bytes,
    file_format: str = "auto",
    *,
    profile: Profile | None = None,
    opening: str | None = None,
    currency: str | None = None,
    remembered: tuple[table.Remembered, ...] = (),
) -> StatementFile:
    """Read a bank file. Raises Invalid, naming line or element, for what cannot be read.

    Of tables only: ``profile`` says what the columns are where no bank we know wrote them,
    ``remembered`` how tables of the account were read before, and ``opening`` the balance before
    the first line where no column has one. ``currency`` is that of a file which names none.
    """
    if not data.strip():
        raise Invalid("The file is empty.", place="file")
    if len(data) > MAX_BYTES:
        raise Invalid("The file is larger than 10 MB.", place="file")
    if file_format not in FORMATS:
        raise Invalid("There is no format {file_format}.", place="format", file_format=file_format)
    how = _How(file_format, profile, opening, currency, remembered)
    if archive.is_archive(data):
        name, statements = _read_archive(data, how)
    else:
        name, statements = _read(data, how)
    if not statements:
        raise Invalid("The file contains no statement.", place="file")
    for statement in statements:
        check_days(statement)
    kept = tuple(storable(statement) for statement in statements)
    return StatementFile(name, kept, hashlib.sha256(data).hexdigest())


def _read_archive(data: bytes, how: _How) -> tuple[str, list[Statement]]:
    names: dict[str, None] = {}
    statements: list[Statement] = []
    for file_name, content in archive.files_in(data, MAX_BYTES):
        try:
            name, found = _read(content, how)
        except Invalid as refusal:
            place = f"{file_name[:80]}: {refusal.place or 'file'}"
            raise Invalid(refusal.message, place=place) from refusal
        names[name] = None
        statements += found
    # The order of names in an archive is nobody's; that of days is the bank's.
    statements.sort(
        key=lambda one: (one.details, one.account, one.currency, one.opens_on is None,
                         one.opens_on or one.closes_on, one.closes_on)
    )  # fmt: skip
    return "+".join(names), statements


def _read(data: bytes, how: _How) -> tuple[str, list[Statement]]:
    guessed = "csv" if how.profile is not None else ""
    if not guessed and how.file_format == "auto":
        guessed = _guess(data)
    chosen = guessed or how.file_format
    if chosen == "camt":
        return camt.read(data)
    if chosen == "ofx":
        return "ofx", ofx.read(data, how.currency)
    if chosen == "csv":
        hints = table.Hints(how.currency or "", how.remembered)
        return "csv", table.read(data, how.profile, how.opening, hints)
    return "mt940", mt940.read(data)


def _guess(data: bytes) -> str:
    if workbook.is_workbook(data):
        return "csv"
    if archive.is_spreadsheet(data):
        raise Invalid(
            "This is a spreadsheet. Save the sheet with the bank's lines as CSV or XLSX.",
            place="file",
        )
    other_files.check(data)
    text = other_files.head_of(data)
    if _OFX.search(text):
        return "ofx"
    if text.lstrip().startswith("<"):
        return "camt"
    if table.is_table(data):
        return "csv"
    if _MT940.search(text):
        return "mt940"
    raise other_files.unknown(data)
