"""Write a journal out, entry by entry, in one of the formats; only reads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

from ledger.db import ReadSession
from ledger.errors import Invalid
from ledger.models.books import Book
from ledger.queries.books.journal import EntryRow, every_entry
from reports.exports import beancount, flat, plain_text

Writer = Callable[[Book, Iterator[EntryRow], TextIO], tuple[int, int]]

FORMATS: dict[str, Writer] = {
    "hledger": plain_text.write,
    "ledger": plain_text.write,
    "beancount": beancount.write,
    "csv": flat.write_csv,
    "jsonl": flat.write_jsonl,
}
ENDINGS = {
    "hledger": "journal",
    "ledger": "ledger",
    "beancount": "beancount",
    "csv": "csv",
    "jsonl": "jsonl",
}


@dataclass(frozen=True, slots=True)
class Exported:
    """How much was written."""

    entries: int
    postings: int


def export_journal(
    session: ReadSession,
    *,
    book: Book,
    file_format: str,
    out: TextIO,
    known_at: datetime | None = None,
    seen: Callable[[int], None] | None = None,
) -> Exported:
    """Write every entry of a book, or what was known of it at an instant.

    ``seen`` is told how many entries were read so far. Raises Invalid for an unknown format.
    """
    writer = FORMATS.get(file_format)
    if writer is None:
        raise Invalid("There is no format {file_format}.", place="format", file_format=file_format)
    entries = every_entry(session, book_id=book.id, known_at=known_at)
    return Exported(*writer(book, _counted(entries, seen) if seen else entries, out))


def _counted(entries: Iterator[EntryRow], seen: Callable[[int], None]) -> Iterator[EntryRow]:
    for count, entry in enumerate(entries, start=1):
        seen(count)
        yield entry
