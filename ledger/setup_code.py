"""The one-time code of an installation without books: whoever reads the server's console may set
it up, so that a stranger who finds the address first cannot take it over.

It is kept in a private file beside the installation's keys, the same for every process and after a
restart, until it is used. Twelve signs of Crockford's base 32 hold 60 bits: nobody guesses one.
"""

import hmac
import re
import secrets
from contextlib import suppress
from pathlib import Path

from ledger.private_files import make_private_file, make_private_folder

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH, GROUP = 12, 4


def issue(data: Path) -> str:
    """Return the code, made on first use. Raises OSError where it cannot be kept."""
    path = _path(data)
    if not path.exists():
        make_private_folder(data)
        draft = data / f"setup_code.{secrets.token_hex(8)}"
        make_private_file(draft)
        signs = "".join(secrets.choice(SIGNS) for _sign in range(LENGTH))
        draft.write_text(
            "-".join(signs[start : start + GROUP] for start in range(0, LENGTH, GROUP))
        )
        # Two servers that start at once end up with the same one.
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text().strip()


def is_right(data: Path, typed: str) -> bool:
    """Tell whether somebody typed the code; small letters and other separators do no harm."""
    try:
        code = _path(data).read_text()
    except OSError:
        return False
    return hmac.compare_digest(_bare(code).encode(), _bare(typed).encode())


def spend(data: Path) -> None:
    """Make the code worthless, once it was used or is not needed."""
    with suppress(OSError):
        _path(data).unlink(missing_ok=True)


def _path(data: Path) -> Path:
    return data / "setup_code"


def _bare(text: str) -> str:
    return re.sub(r"[\s-]", "", text).upper()
