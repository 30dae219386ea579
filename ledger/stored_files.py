"""Files of evidence as they are kept: encrypted, each with a key of its own, named by their hash.

A file's name is the SHA-256 of what lies on the disk, so damage shows without any key. The key is
kept in the database beside the file's other columns; whoever destroys it has destroyed the file,
in every copy of the folder. Must not know the database.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import Conflict
from ledger.private_files import make_private_file, make_private_folder

FOLDER = "evidence"
KEY_BYTES = 32
# AES-GCM's own nonce; a key encrypts one file and its preview.
NONCE_BYTES = 12
NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class StoredFiles:
    """The folder of stored files; files lie in subfolders by the first two digits of their name."""

    folder: Path

    @classmethod
    def of(cls, data: Path) -> "StoredFiles":
        """Return the stored files of a data folder."""
        return cls(data / FOLDER)

    def put(self, data: bytes, key: bytes) -> str:
        """Encrypt and keep a file; return its name."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + AESGCM(key).encrypt(nonce, data, None)
        return self.put_sealed(sealed)

    def put_sealed(self, sealed: bytes) -> str:
        """Keep what is encrypted already, as a backup brings it; return its name."""
        name = hashlib.sha256(sealed).hexdigest()
        path = self._path(name)
        if path.exists():
            return name
        make_private_folder(self.folder)
        make_private_folder(path.parent)
        # Written whole beside its place: nobody reads half a file, whenever the power fails.
        draft = path.with_name(f"{name}.{os.urandom(8).hex()}")
        make_private_file(draft)
        with draft.open("r+b") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        return name

    def get(self, name: str, key: str) -> bytes:
        """Return a file as it was put; ``key`` in hexadecimal digits. Raises Conflict."""
        sealed = self.get_sealed(name)
        try:
            opened = AESGCM(bytes.fromhex(key))
            return opened.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        except (InvalidTag, ValueError) as error:
            raise Conflict("This stored file is damaged.") from error

    def get_sealed(self, name: str) -> bytes:
        """Return a file as it lies on the disk. Raises Conflict when it is not what was stored."""
        try:
            sealed = self._path(name).read_bytes()
        except OSError as error:
            raise Conflict("This stored file is missing.") from error
        if hashlib.sha256(sealed).hexdigest() != name:
            raise Conflict("This stored file is damaged.")
        return sealed

    def older_than(self, instant: datetime) -> Iterator[str]:
        """Yield the names of files that were written before an instant."""
        for path in sorted(self.folder.glob("??/*")):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < instant.timestamp():
                    yield path.name

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens where it is not there."""
        (self.folder / name[:2] / name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise Conflict("This stored file is missing.")
        return self.folder / name[:2] / name


def new_key() -> bytes:
    """Return the key of one file."""
    return os.urandom(KEY_BYTES)
