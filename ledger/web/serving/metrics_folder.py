"""Where the worker processes of one server keep their counts of requests, so that any of them can
add them up.

Must not import prometheus_client: it reads from the environment how it counts, when it is imported.
"""

import os
from pathlib import Path

from ledger.private_files import make_private_folder

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def share_counts(folder: Path) -> None:
    """Have this process and its forks count in an empty, private folder.

    Counts of an earlier run are removed: a counter begins at zero when a server starts. Everything
    that the process writes afterwards is its own user's alone, as the library sets no rights.
    """
    os.umask(0o077)
    make_private_folder(folder)
    for old in folder.glob("*.db"):
        old.unlink()
    os.environ[VARIABLE] = str(folder)


def folder_of_counts() -> str | None:
    """Return where several processes count, None where this one is alone."""
    return os.environ.get(VARIABLE)
