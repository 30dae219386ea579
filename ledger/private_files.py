"""Files that nobody but the program's own user may read, from their first byte on.

The data folder holds live sign-in links, donors' names and the installation's keys.
"""

import os
from contextlib import suppress
from pathlib import Path

FILE_MODE, FOLDER_MODE = 0o600, 0o700
OTHERS = 0o077


def make_private_file(path: Path) -> None:
    """Create an empty file with mode 0600, or take the rights of others away from an older one.

    A file of another user is left as it is: its owner alone can change it.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
    close_to_others(path)


def close_to_others(path: Path) -> None:
    """Give an existing file of ours mode 0600; do nothing where there is no such file."""
    with suppress(FileNotFoundError, PermissionError):
        if path.stat().st_mode & OTHERS:
            path.chmod(FILE_MODE)


def make_private_folder(path: Path) -> None:
    """Create a folder with mode 0700; one that exists may be shared and keeps its rights."""
    path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
