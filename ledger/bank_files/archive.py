"""Bank files in a ZIP archive, as banks send a month of camt statements.

Must not unpack to disk, and never more than a bank file may be.
"""

import io
import zipfile

from ledger.errors import Invalid

MAX_FILES = 1_000
_SPREADSHEET = "[Content_Types].xml"
_SKIPPED = ("__MACOSX/", ".DS_Store", "Thumbs.db")


def is_archive(data: bytes) -> bool:
    """Tell whether a file is a ZIP archive; spreadsheets (XLSX) are, and are none of ours."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06")) and not is_spreadsheet(data)


def is_spreadsheet(data: bytes) -> bool:
    """Tell whether a file is an XLSX or another office document."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _SPREADSHEET in archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def files_in(data: bytes, largest: int) -> list[tuple[str, bytes]]:
    """Return the files of an archive by name, in the order of their names.

    Raises Invalid for an archive that is damaged, locked, too large or empty.
    """
    found: list[tuple[str, bytes]] = []
    held = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [
                one
                for one in sorted(archive.infolist(), key=lambda one: one.filename)
                if not one.is_dir() and not any(skip in one.filename for skip in _SKIPPED)
            ]
            if len(members) > MAX_FILES:
                raise Invalid(
                    "The archive contains more than {max_files} files.",
                    place="file",
                    max_files=MAX_FILES,
                )
            for one in members:
                if one.flag_bits & 1:
                    raise Invalid(
                        "The archive is password-protected. Unpack it first.",
                        place=one.filename[:80],
                    )
                with archive.open(one) as opened:
                    # Read up to the limit only: what an archive says of its sizes may be untrue.
                    content = opened.read(largest - held + 1)
                held += len(content)
                if held > largest:
                    raise Invalid("The unpacked files are larger than 10 MB.", place="file")
                found.append((one.filename, content))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError) as error:
        raise Invalid("The archive is damaged. Download it again.", place="file") from error
    if not found:
        raise Invalid("The archive is empty.", place="file")
    return found
