"""Proofs for whoever has no bundle: that one entry is in a log, and that a log only grew.

Text in forms that others read too: C2SP tlog-proof, with the line of the log as its extra data,
and the request of C2SP tlog-witness. ``reports.verify`` verifies both without us.
"""

from base64 import b64encode
from uuid import UUID

from sqlalchemy import select

from ledger.core.merkle import consistency_proof, inclusion_proof
from ledger.db import ReadSession
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book
from ledger.models.seals import Checkpoint, Seal
from ledger.queries.books.leaves import EntryLeaves
from ledger.queries.books.seals import log_hashes
from ledger.signing import Signer
from reports.verify import ONE_ENTRY


def entry_proof(
    session: ReadSession, *, book: Book, entry_id: UUID, checkpoint: Checkpoint, signer: Signer
) -> str:
    """Return the proof that an entry is in the log that a checkpoint states.

    Raises NotFound for no such entry, Conflict when the entry is not what was sealed.
    """
    signer.read(checkpoint.note)
    seal = session.execute(
        select(Seal.seq, Seal.leaf_hash).where(Seal.book_id == book.id, Seal.entry_id == entry_id)
    ).one_or_none()
    if seal is None or seal.seq >= checkpoint.size:
        raise NotFound("This book's log has no such entry.", place="entry")
    leaf = EntryLeaves(session, book.id).of([entry_id]).get(entry_id)
    if leaf is None or leaf.sha256 != seal.leaf_hash:
        raise Conflict(
            "Entry {entry_id} differs from the sealed one.", place=book.code, entry_id=entry_id
        )
    hashes = log_hashes(session, book.id)[: checkpoint.size]
    path = inclusion_proof(hashes, seal.seq)
    head = (ONE_ENTRY, f"extra {_text(leaf.data)}", f"index {seal.seq}", *map(_text, path))
    return "\n".join(head) + f"\n\n{checkpoint.note}"


def growth_proof(
    session: ReadSession, *, book: Book, older: str, checkpoint: Checkpoint, signer: Signer
) -> str:
    """Return the proof that the log of an older checkpoint is a beginning of today's.

    Raises Invalid for a note that is no checkpoint of this book signed here.
    """
    signer.read(checkpoint.note)
    lines = signer.read(older).split("\n")
    if lines[0] != f"{signer.name}/{book.code}" or not lines[1].isdigit():
        raise Invalid("This is not a checkpoint of book {code}.", place="since", code=book.code)
    size = int(lines[1])
    if not 0 < size <= checkpoint.size:
        raise Invalid(
            "The log has {size} lines, not {size2}.",
            place="since",
            size=checkpoint.size,
            size2=size,
        )
    path = consistency_proof(log_hashes(session, book.id)[: checkpoint.size], size)
    return "\n".join((f"old {size}", *map(_text, path))) + f"\n\n{checkpoint.note}"


def _text(data: bytes) -> str:
    return b64encode(data).decode()
