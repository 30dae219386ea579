"""What a report says of the books behind it: each book's log, its size and root, signed.

Beside the report's data, never in it: the same period reported again a month later has the same
data and a longer log.
"""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.db import Session
from ledger.models.books import Book
from ledger.services.books.seals import make_checkpoint
from ledger.signing import Signer


@dataclass(frozen=True, slots=True)
class Certificate:
    """A book's log when the report was made: its number of leaves, root and signed note."""

    book: str
    name: str
    size: int
    root: str
    note: str
    key: str


def certify(
    session: Session, *, books: Sequence[Book], signer: Signer, now: datetime
) -> tuple[Certificate, ...]:
    """Seal each book and return its certificate. Raises Invalid for a note that is not ours."""
    made = []
    for book in books:
        row = make_checkpoint(session, book=book, signer=signer, now=now)
        signer.read(row.note)
        root = b64decode(row.note.split("\n")[2]).hex()
        made.append(Certificate(book.code, book.name, row.size, root, row.note, signer.key_line))
    return tuple(made)
