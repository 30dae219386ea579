"""Write a file that is whole or not there at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import TextIOWrapper
from pathlib import Path

from ledger.errors import Invalid

PRIVATE, SHARED = 0o600, 0o666


@contextmanager
def written(path: Path, *, private: bool = False) -> Iterator[TextIOWrapper]:
    """Yield a file to write to, which takes its place when all is well and not before.

    A link stays a link, and a pipe or device is written to: neither is replaced. A ``private``
    file can be read by nobody else from its first byte on, whatever stood there before.
    """
    target = path.resolve()
    whole = target.is_file() or not target.exists()
    draft = target.with_name(f".{target.name}.{os.getpid()}.part") if whole else target
    try:
        if whole:
            draft.unlink(missing_ok=True)
        opener = partial(os.open, mode=PRIVATE if private else SHARED)
        # A new file of our own, never one that somebody put there meanwhile.
        with (
            open(draft, "xb" if whole else "wb", opener=opener) as raw,
            TextIOWrapper(raw, encoding="utf-8", newline="") as out,
        ):
            yield out
        if whole:
            draft.replace(target)
    except OSError as error:
        raise Invalid(
            "The file cannot be written: {strerror}.", place=str(path), strerror=error.strerror
        ) from error
    finally:
        if whole:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
