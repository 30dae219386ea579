"""Have a file read by the child process, and by the installation's own scanner where it has one."""

import hashlib
import json
import logging
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ledger import logs
from ledger.errors import Conflict, Invalid

log = logging.getLogger("poolbook.evidence")

ROOT = Path(__file__).parents[2]
MAX_BYTES = 10 * 1024 * 1024
# The first bytes of what is taken; everything else is refused unread.
MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%PDF-")
CHILD_SECONDS = 30
SCAN_SECONDS = 60
# As clamdscan and clamscan answer.
CLEAN, INFECTED = 0, 1


@dataclass(frozen=True, slots=True)
class Inspected:
    """A file that may be kept: what it is, its bytes as they are kept, and a small picture of it.

    ``preview`` is a JPEG, empty for documents. ``is_scanned`` tells whether a scanner saw it.
    """

    media_type: str
    data: bytes
    pages: int
    preview: bytes
    is_scanned: bool

    @property
    def sha256(self) -> str:
        """The hash of its bytes, by which the same file is recognised."""
        return hashlib.sha256(self.data).hexdigest()


def inspect(data: bytes, *, scanner: str = "") -> Inspected:
    """Return a file as it may be kept; ``scanner`` is a command that reads it on standard input.

    Raises Invalid for a file that is refused, and Conflict when the scanner cannot be asked.
    """
    if not data:
        raise Invalid("Choose a file first.", place="file")
    if len(data) > MAX_BYTES:
        raise Invalid("This file is larger than 10 MB.", place="file")
    if not data.startswith(MAGIC):
        raise Invalid("Only JPEG and PNG pictures and PDF documents can be attached.", place="file")
    if scanner:
        _scan(data, scanner)
    header, kept = _read(data)
    if "refusal" in header:
        raise Invalid(str(header["refusal"]), place="file")
    size = int(header["kept"])
    return Inspected(
        media_type=str(header["type"]),
        data=kept[:size],
        pages=int(header["pages"]),
        preview=kept[size:],
        is_scanned=bool(scanner),
    )


def _read(data: bytes) -> tuple[dict[str, str | int], bytes]:
    """Let the child process read a file; return what it says, and the bytes that follow."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ledger.evidence_files.child"],
            input=data,
            capture_output=True,
            timeout=CHILD_SECONDS,
            check=True,
            # No setting and no secret of ours.
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)},
        )
        line, _, kept = done.stdout.partition(b"\n")
        header: dict[str, str | int] = json.loads(line)
    except (subprocess.SubprocessError, ValueError) as error:
        logs.note(
            log,
            "an attached file was not read",
            level=logging.WARNING,
            why=type(error).__name__,
        )
        raise Invalid(
            "This file cannot be read within the limits of time and memory.", place="file"
        ) from error
    return header, kept


def _scan(data: bytes, scanner: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 (named in the settings)
            shlex.split(scanner),
            input=data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SCAN_SECONDS,
            check=False,
        )
        code = done.returncode
    except (OSError, subprocess.SubprocessError) as error:
        logs.note(log, "the scanner failed", level=logging.ERROR, why=type(error).__name__)
        code = -1
    if code == INFECTED:
        raise Invalid("The virus scanner refused this file.", place="file")
    if code != CLEAN:
        raise Conflict("The virus scanner could not be asked. Try again later.", place="file")
