"""Write a file that is whole or not there at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path

from ledger.errors import Invalid


@contextmanager
def written(path: Path) -> Iterator[TextIOWrapper]:
    """Yield a file to write to, which takes its place when all is well and not before.

    A link stays a link, and a pipe or device is written to: neither is replaced.
    """
    target = path.resolve()
    whole = target.is_file() or not target.exists()
    draft = target.with_name(f".{target.name}.{os.getpid()}.part") if whole else target
    try:
        with draft.open("w", encoding="utf-8", newline="") as out:
            yield out
        if whole:
            draft.replace(target)
    except OSError as error:
        raise Invalid(f"The file cannot be written: {error.strerror}.", place=str(path)) from error
    finally:
        if whole:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
