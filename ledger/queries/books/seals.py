"""Questions about the sealed log: whether the tables still are what was sealed, and its hashes.

The bytes of a leaf are made anew from the rows each time (``queries.books.leaves``), so that a
changed row shows.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Text, exists, func, select, type_coerce
from sqlalchemy.exc import DBAPIError

from ledger.core.merkle import leaf_hash, roots_at
from ledger.db import ReadSession
from ledger.models.books import Account
from ledger.models.journal import Entry, Posting
from ledger.models.seals import Checkpoint, Seal, Unsealed
from ledger.queries.books.leaves import (
    EntryLeaves,
    Leaf,
    account_leaves,
    evidence_leaves,
    fund_leaves,
    head_leaf,
)
from ledger.queries.people.rights_log import chain_at, first_break

CHUNK = 1000
# What a damaged value may raise while it is read; PostgreSQL's types let none in.
UNREADABLE = (ValueError, TypeError, AttributeError, DBAPIError)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A seal as it is stored. An id that is none stays text."""

    seq: int
    kind: str
    account: int | None
    fund_id: UUID | str | None
    entry_id: UUID | str | None
    evidence_id: UUID | str | None
    leaf_hash: str


def sealed_leaves(session: ReadSession, book_id: UUID) -> Iterator[tuple[Sealed, Leaf | None]]:
    """Yield every seal in order with its leaf made from the rows of now.

    None where the subject is gone or cannot be read.
    """
    charts = {
        "account": _readable(lambda: account_leaves(session, book_id)),
        "fund": _readable(lambda: fund_leaves(session, book_id)),
    }
    entries = EntryLeaves(session, book_id)
    after: int | None = None
    columns = (
        Seal.seq,
        Seal.kind,
        Seal.account,
        type_coerce(Seal.fund_id, Text),
        type_coerce(Seal.entry_id, Text),
        type_coerce(Seal.evidence_id, Text),
        Seal.leaf_hash,
    )
    while True:
        query = select(*columns).where(Seal.book_id == book_id).order_by(Seal.seq).limit(CHUNK)
        if after is not None:
            query = query.where(Seal.seq > after)
        seals = [
            Sealed(seq, kind, account, _id(fund), _id(entry), _id(evidence), leaf_hash)
            for seq, kind, account, fund, entry, evidence, leaf_hash in session.execute(query)
        ]
        if not seals:
            return
        found = _entry_leaves(entries, seals)
        attached = _evidence_leaves(session, book_id, seals)
        for row in seals:
            leaf: Leaf | None = None
            if row.kind == "entry" and isinstance(row.entry_id, UUID):
                leaf = found.get(row.entry_id)
            elif row.kind == "evidence" and isinstance(row.evidence_id, UUID):
                leaf = attached.get(row.evidence_id)
            elif row.kind in charts:
                leaf = charts[row.kind].get(row.account or row.fund_id)
            elif row.kind == "book":
                leaf = head_leaf(session, book_id)
            yield row, leaf
        after = seals[-1].seq


def _entry_leaves(entries: EntryLeaves, seals: Sequence[Sealed]) -> dict[UUID, Leaf]:
    """Return the leaves of the sealed entries; one that cannot be read hides no other."""
    ids = [row.entry_id for row in seals if isinstance(row.entry_id, UUID)]
    try:
        return entries.of(ids)
    except UNREADABLE:
        found: dict[UUID, Leaf] = {}
        for entry_id in ids:
            found |= _readable(lambda entry_id=entry_id: entries.of([entry_id]))
        return found


def _evidence_leaves(
    session: ReadSession, book_id: UUID, seals: Sequence[Sealed]
) -> dict[UUID, Leaf]:
    """Return the leaves of the sealed evidence; none where one of them cannot be read."""
    ids = [row.evidence_id for row in seals if isinstance(row.evidence_id, UUID)]
    return _readable(lambda: evidence_leaves(session, book_id, ids))


def _readable(read: Any) -> dict[Any, Leaf]:
    try:
        made: dict[Any, Leaf] = read()
    except UNREADABLE:
        return {}
    return made


def _id(stored: Any) -> UUID | str | None:
    """Return an id; what is not written as the program writes it stays text."""
    if stored is None or isinstance(stored, UUID):
        return stored
    text = str(stored)
    try:
        found = UUID(hex=text)
    except ValueError:
        return text
    return found if found.hex == text else text


def first_difference(session: ReadSession, book_id: UUID) -> tuple[int, str | None]:
    """Compare a book with its log; return how many leaves agree and the first difference.

    Looks at every seal, at what has none, at the log of rights, and at every checkpoint that was
    given out.
    """
    expected = 0
    hashes: list[bytes] = []
    for seal, leaf in sealed_leaves(session, book_id):
        if seal.seq != expected:
            return expected, f"seal {expected} is missing"
        if leaf is None:
            subject = seal.entry_id or seal.evidence_id or seal.fund_id or seal.account
            return expected, f"seal {seal.seq}: {seal.kind} {subject} is gone or unreadable"
        subjects = (seal.account, seal.fund_id, seal.entry_id, seal.evidence_id)
        if subjects != (leaf.account, leaf.fund_id, leaf.entry_id, leaf.evidence_id):
            return expected, f"seal {seal.seq}: it names more than {leaf.name}"
        digest = leaf_hash(leaf.data)
        if digest.hex() != seal.leaf_hash:
            return expected, f"seal {seal.seq}: {leaf.name} was changed"
        hashes.append(digest)
        expected += 1
    return expected, (
        _uncovered(session, book_id, expected)
        or first_break(session, book_id)
        or _checkpoints(session, book_id, hashes)
    )


def _uncovered(session: ReadSession, book_id: UUID, size: int) -> str | None:
    """Name what is in the tables and neither sealed nor waiting."""
    sealed = exists().where(Seal.book_id == Entry.book_id, Seal.entry_id == Entry.id)
    waiting = exists().where(Unsealed.book_id == Entry.book_id, Unsealed.entry_id == Entry.id)
    entry = session.scalar(
        select(Entry.id).where(Entry.book_id == book_id, ~sealed, ~waiting).limit(1)
    )
    if entry is not None:
        return f"entry {entry} is in no log"
    known = exists().where(Entry.book_id == Posting.book_id, Entry.id == Posting.entry_id)
    orphan = session.scalar(
        select(Posting.entry_id).where(Posting.book_id == book_id, ~known).limit(1)
    )
    if orphan is not None:
        return f"legs of entry {orphan} have no entry"
    if size:
        known = exists().where(Seal.book_id == book_id, Seal.account == Account.number)
        account = session.scalar(
            select(Account.number).where(Account.book_id == book_id, ~known).limit(1)
        )
        if account is not None and not _any_waiting(session, book_id):
            return f"account {account} is in no log"
    return None


def _any_waiting(session: ReadSession, book_id: UUID) -> bool:
    return bool(
        session.scalar(
            select(func.count()).select_from(Unsealed).where(Unsealed.book_id == book_id)
        )
    )


def _checkpoints(session: ReadSession, book_id: UUID, hashes: Sequence[bytes]) -> str | None:
    """Compare every checkpoint that was given out, each of its roots, with the log."""
    rows = session.scalars(
        select(Checkpoint).where(Checkpoint.book_id == book_id).order_by(Checkpoint.size)
    ).all()
    told: list[tuple[int, int, str]] = []
    for row in rows:
        _origin, size, root, *prefixes = row.note.split("\n\n")[0].split("\n")
        if prefixes and prefixes[-1].startswith("rights "):
            _word, number, chain = prefixes.pop().split(" ")
            if chain_at(session, book_id, int(number)) != chain:
                return f"the checkpoint of {row.size} leaves has another log of rights"
        if size != str(row.size) or row.size > len(hashes):
            return f"the checkpoint of {row.size} leaves is ahead of the log of {len(hashes)}"
        told.append((row.size, row.size, root))
        for line in prefixes:
            word, shorter, prefix = line.split(" ")
            if word != "prefix" or not shorter.isdigit() or int(shorter) >= row.size:
                return f"the checkpoint of {row.size} leaves was changed"
            told.append((row.size, int(shorter), prefix))
    roots = roots_at(hashes, {part for _whole, part, _root in told})
    for whole, part, root in told:
        if root_text(roots[part]) != root:
            return f"the checkpoint of {whole} leaves has another root"
    return None


def root_text(root: bytes) -> str:
    """Return a root as checkpoints write it."""
    return b64encode(root).decode()


def log_size(session: ReadSession, book_id: UUID) -> int:
    """Return how many leaves a book's log has."""
    last = session.scalar(select(func.max(Seal.seq)).where(Seal.book_id == book_id))
    return 0 if last is None else last + 1


def log_hashes(session: ReadSession, book_id: UUID) -> list[bytes]:
    """Return every leaf hash in order."""
    return [
        bytes.fromhex(value)
        for value in session.scalars(
            select(Seal.leaf_hash).where(Seal.book_id == book_id).order_by(Seal.seq)
        )
    ]
