"""Questions about the sealed log: the leaves as the tables have them now, and what differs.

The bytes of a leaf are made anew from the rows each time, so a changed row shows.
"""

from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, cast, exists, func, select

from ledger.core.leaf import LABELS, canonical, leg_of
from ledger.core.merkle import leaf_hash, root_of
from ledger.db import ReadSession
from ledger.models.books import Account, Book, Fund
from ledger.models.journal import Entry, Posting
from ledger.models.seals import Checkpoint, Seal, Unsealed

CHUNK = 1000
BARE = 32
LEG = (
    cast(Posting.entry_id, Text),
    Posting.line,
    Posting.account,
    cast(Posting.fund_id, Text),
    Posting.commodity,
    Posting.quantity,
    cast(Posting.counterparty_id, Text),
    cast(Posting.accounting_on, Text),
    *(getattr(Posting, label) for label in LABELS),
)
HEAD = (
    cast(Entry.id, Text),
    cast(Entry.accounting_on, Text),
    Entry.recorded_at,
    Entry.event_type,
    Entry.source,
    Entry.external_ref,
    cast(Entry.transfer_group, Text),
    cast(Entry.reverses, Text),
    cast(Entry.made_by, Text),
    cast(Entry.approved_by, Text),
)


# Account, fund, commodity, other book, day; as text.
Totals = Counter[tuple[int, str, str, str | None, str]]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One subject of the log with its canonical bytes."""

    kind: str
    data: bytes
    account: int | None = None
    fund_id: UUID | None = None
    entry_id: UUID | None = None

    @property
    def sha256(self) -> str:
        """The leaf's hash, hexadecimal."""
        return leaf_hash(self.data).hex()

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"{self.kind} {self.account or self.fund_id or self.entry_id or ''}".strip()


def head_leaf(book: Book) -> Leaf:
    """Return the leaf that says whose log this is."""
    document = {
        "kind": "book",
        "id": str(book.id),
        "code": book.code,
        "book_kind": book.kind,
        "commodity": book.commodity,
        "profile": book.profile,
        "time_zone": book.time_zone,
    }
    return Leaf("book", canonical(document))


def account_leaves(session: ReadSession, book_id: UUID) -> dict[int, Leaf]:
    """Return the leaf of every account, by number."""
    rows = session.scalars(
        select(Account).where(Account.book_id == book_id).order_by(Account.number)
    )
    return {
        row.number: Leaf(
            "account",
            canonical(
                {
                    "kind": "account",
                    "number": row.number,
                    "name": row.name,
                    "account_kind": row.kind,
                    "inter_book": row.inter_book,
                    "is_loss": row.is_loss,
                }
            ),
            account=row.number,
        )
        for row in rows
    }


def fund_leaves(session: ReadSession, book_id: UUID) -> dict[UUID, Leaf]:
    """Return the leaf of every fund, by id."""
    rows = session.scalars(select(Fund).where(Fund.book_id == book_id).order_by(Fund.id))
    return {
        row.id: Leaf(
            "fund",
            canonical(
                {
                    "kind": "fund",
                    "id": str(row.id),
                    "code": row.code,
                    "name": row.name,
                    "fund_class": row.fund_class,
                    "restriction_until_on": row.restriction_until_on
                    and str(row.restriction_until_on),
                    "negative_allowed": row.negative_allowed,
                    "created_at": row.created_at.isoformat(timespec="microseconds"),
                }
            ),
            fund_id=row.id,
        )
        for row in rows
    }


class EntryLeaves:
    """The leaves of a book's entries, read in pieces; names behind ids are read once.

    Ids are read as text: making an object of each would take half of the time. ``totals``, where
    given, is added what all legs read come to.
    """

    def __init__(self, session: ReadSession, book_id: UUID, totals: Totals | None = None) -> None:
        self._session = session
        self._book_id = book_id
        self._totals = totals
        self._funds = _codes(session, Fund)
        self._books = _codes(session, Book)

    def of(self, ids: Sequence[UUID]) -> dict[UUID, Leaf]:
        """Return the leaves of some entries; an entry that is not there is left out."""
        legs: defaultdict[str, list[Any]] = defaultdict(list)
        postings = select(*LEG).where(Posting.book_id == self._book_id, Posting.entry_id.in_(ids))
        for row in self._rows(postings.order_by(Posting.entry_id, Posting.line)):
            legs[row[0]].append(row)
            if self._totals is not None:
                _id, _line, account, fund, commodity, quantity, other, day, *_labels = row
                self._totals[account, fund, commodity, other, day] += quantity
        entries = select(*HEAD).where(Entry.book_id == self._book_id, Entry.id.in_(ids))
        found = {_dashed(row[0]): self._data(row, legs[row[0]]) for row in self._rows(entries)}
        return {
            entry_id: Leaf("entry", found[str(entry_id)], entry_id=entry_id)
            for entry_id in ids
            if str(entry_id) in found
        }

    def _rows(self, query: Select[*tuple[Any, ...]]) -> Sequence[Any]:
        return self._session.connection().execute(query).all()

    def _data(self, row: Any, legs: Sequence[Any]) -> bytes:
        entry_id, day, recorded_at, event_type, source, external_ref, *ids = row
        group, reverses, made_by, approved_by = (_dashed(text) if text else None for text in ids)
        return canonical(
            {
                "kind": "entry",
                "id": _dashed(entry_id),
                "accounting_on": day,
                "recorded_at": recorded_at.isoformat(timespec="microseconds"),
                "event_type": event_type,
                "source": source,
                "external_ref": external_ref,
                "transfer_group": group,
                "reverses": reverses,
                "made_by": made_by,
                "approved_by": approved_by,
                "legs": [self._leg(day, *leg) for leg in legs],
            }
        )

    def _leg(
        self,
        day: str,
        _entry_id: str,
        line: int,
        account: int,
        fund_id: str,
        commodity: str,
        quantity: int,
        other: str | None,
        on: str,
        *labels: str | None,
    ) -> list[Any]:
        return leg_of(
            line=line,
            account=account,
            fund=self._funds.get(fund_id, fund_id),
            commodity=commodity,
            quantity=quantity,
            counterparty=self._books.get(other, other) if other else None,
            labels=labels,
            other_day=None if on == day else on,
        )


def _codes(session: ReadSession, table: type[Book] | type[Fund]) -> dict[str, str]:
    return dict(iter(session.execute(select(cast(table.id, Text), table.code))))


def _dashed(text: str) -> str:
    """Write an id as RFC 9562 does; SQLite keeps it without dashes."""
    if len(text) != BARE:
        return text
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def sealed_leaves(session: ReadSession, book_id: UUID) -> Iterator[tuple[Seal, Leaf | None]]:
    """Yield every seal in order with its leaf made from the rows of now; None: it is gone."""
    accounts, funds = account_leaves(session, book_id), fund_leaves(session, book_id)
    book = session.get(Book, book_id)
    entries = EntryLeaves(session, book_id)
    after = -1
    while True:
        seals = session.scalars(
            select(Seal)
            .where(Seal.book_id == book_id, Seal.seq > after)
            .order_by(Seal.seq)
            .limit(CHUNK)
        ).all()
        if not seals:
            return
        found = entries.of([row.entry_id for row in seals if row.entry_id is not None])
        for row in seals:
            leaf: Leaf | None = None
            if row.kind == "entry" and row.entry_id is not None:
                leaf = found.get(row.entry_id)
            elif row.kind == "account" and row.account is not None:
                leaf = accounts.get(row.account)
            elif row.kind == "fund" and row.fund_id is not None:
                leaf = funds.get(row.fund_id)
            elif row.kind == "book" and book is not None:
                leaf = head_leaf(book)
            yield row, leaf
        after = seals[-1].seq
        session.expunge_all()


def first_difference(session: ReadSession, book_id: UUID) -> tuple[int, str | None]:
    """Compare a book with its log; return how many leaves agree and the first difference.

    Looks at every seal, at what has none, and at every checkpoint that was given out.
    """
    expected = 0
    hashes: list[bytes] = []
    for seal, leaf in sealed_leaves(session, book_id):
        if seal.seq != expected:
            return expected, f"seal {expected} is missing"
        if leaf is None:
            subject = seal.entry_id or seal.fund_id or seal.account
            return expected, f"seal {seal.seq}: {seal.kind} {subject} is gone"
        subjects = (seal.account, seal.fund_id, seal.entry_id)
        if subjects != (leaf.account, leaf.fund_id, leaf.entry_id):
            return expected, f"seal {seal.seq}: it names more than {leaf.name}"
        if leaf.sha256 != seal.leaf_hash:
            return expected, f"seal {seal.seq}: {leaf.name} was changed"
        hashes.append(bytes.fromhex(seal.leaf_hash))
        expected += 1
    return expected, _uncovered(session, book_id, expected) or _checkpoints(
        session, book_id, hashes
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
    for row in session.scalars(
        select(Checkpoint).where(Checkpoint.book_id == book_id).order_by(Checkpoint.size)
    ):
        _origin, size, root = row.note.split("\n")[:3]
        if int(size) != row.size or row.size > len(hashes):
            return f"the checkpoint of {row.size} leaves is ahead of the log of {len(hashes)}"
        if root_text(root_of(hashes[: row.size])) != root:
            return f"the checkpoint of {row.size} leaves has another root"
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
