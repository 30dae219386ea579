"""The leaves of a book's log, made from the rows as they are stored now.

Whoever changes a table by hand may also write an instant, an id or a truth in another way than
the program does. So such columns are read as stored: what is written in our way enters the leaf
as ``core.leaf`` says, and anything else enters with a mark, so that no two rows share a leaf.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Text, Uuid, bindparam, cast, func, select, type_coerce

from ledger.core.leaf import LABELS, canonical, leg_of
from ledger.core.merkle import leaf_hash
from ledger.db import ReadSession
from ledger.models.books import Account, Book, Fund
from ledger.models.evidence import Evidence
from ledger.models.journal import Entry, Posting
from ledger.queries.books.figure_lines import FigureLines

BARE = 32
DASHED = 36
MARK = "?"
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
    type_coerce(Entry.recorded_at, Text),
    Entry.event_type,
    Entry.source,
    Entry.external_ref,
    cast(Entry.transfer_group, Text),
    cast(Entry.reverses, Text),
    cast(Entry.made_by, Text),
    cast(Entry.approved_by, Text),
)

EVIDENCE = {
    "subject": type_coerce(Evidence.subject, Text),
    "subject_id": cast(Evidence.subject_id, Text),
    "media_type": type_coerce(Evidence.media_type, Text),
    "size": Evidence.size,
    "pages": Evidence.pages,
    "commitment": Evidence.commitment_sha256,
    "added_by": cast(Evidence.added_by, Text),
    "added_at": type_coerce(Evidence.added_at, Text),
}


def _some(query: Select[*tuple[Any, ...]], table: type[Entry | Posting], key: Any) -> Any:
    """Return the query of some entries by dialect: one parameter holds all ids, for a thousand
    parameters take longer than the answer.
    """
    of_book = query.where(table.book_id == bindparam("book"))
    told = func.json_each(bindparam("ids", type_=Text)).table_valued("value")
    return {
        "postgresql": of_book.where(
            key == func.any(cast(bindparam("ids", type_=ARRAY(Text)), ARRAY(Uuid)))
        ),
        "sqlite": of_book.where(type_coerce(key, Text).in_(select(told.c.value))),
    }


LEGS = _some(select(*LEG).order_by(Posting.entry_id, Posting.line), Posting, Posting.entry_id)
HEADS = _some(select(*HEAD), Entry, Entry.id)
TRUTHS = {0: False, 1: True}

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
    evidence_id: UUID | None = None

    @property
    def sha256(self) -> str:
        """The leaf's hash, hexadecimal."""
        return leaf_hash(self.data).hex()

    @property
    def name(self) -> str:
        """What a person calls it."""
        subject = self.account or self.fund_id or self.entry_id or self.evidence_id
        return f"{self.kind} {subject or ''}".strip()


def head_leaf(session: ReadSession, book_id: UUID) -> Leaf | None:
    """Return the leaf that says whose log this is; None when the book is gone."""
    row = session.execute(
        select(Book.code, Book.kind, Book.commodity, Book.profile, Book.time_zone).where(
            Book.id == book_id
        )
    ).one_or_none()
    if row is None:
        return None
    names = ("code", "book_kind", "commodity", "profile", "time_zone")
    document = {"kind": "book", "id": str(book_id), **dict(zip(names, row, strict=True))}
    return Leaf("book", canonical(document))


def account_leaves(session: ReadSession, book_id: UUID) -> dict[int, Leaf]:
    """Return the leaf of every account, by number."""
    rows = session.execute(
        select(
            Account.number,
            Account.name,
            Account.kind,
            type_coerce(Account.inter_book, Text),
            type_coerce(Account.is_loss, Text),
        )
        .where(Account.book_id == book_id)
        .order_by(Account.number)
    )
    return {
        number: Leaf(
            "account",
            canonical(
                {
                    "kind": "account",
                    "number": number,
                    "name": name,
                    "account_kind": kind,
                    "inter_book": _truth(inter_book),
                    "is_loss": _truth(is_loss),
                }
            ),
            account=number,
        )
        for number, name, kind, inter_book, is_loss in rows
    }


def fund_leaves(session: ReadSession, book_id: UUID) -> dict[UUID, Leaf]:
    """Return the leaf of every fund, by id. A fund's purpose is free text and stays out."""
    rows = session.execute(
        select(
            Fund.id,
            Fund.code,
            Fund.name,
            Fund.fund_class,
            cast(Fund.restriction_until_on, Text),
            type_coerce(Fund.negative_allowed, Text),
            type_coerce(Fund.created_at, Text),
        )
        .where(Fund.book_id == book_id)
        .order_by(Fund.id)
    )
    return {
        fund_id: Leaf(
            "fund",
            canonical(
                {
                    "kind": "fund",
                    "id": str(fund_id),
                    "code": code,
                    "name": name,
                    "fund_class": fund_class,
                    "restriction_until_on": until,
                    "negative_allowed": _truth(negative_allowed),
                    "created_at": _instant(created_at),
                }
            ),
            fund_id=fund_id,
        )
        for fund_id, code, name, fund_class, until, negative_allowed, created_at in rows
    }


def evidence_leaves(session: ReadSession, book_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Leaf]:
    """Return the leaves of some evidence, by id: what it belongs to, and the hash over its bytes.

    Neither the file nor its note has a place here, nor whether it was erased since.
    """
    if not ids:
        return {}
    rows = session.execute(
        select(Evidence.id, *EVIDENCE.values()).where(
            Evidence.book_id == book_id, Evidence.id.in_(ids)
        )
    )
    found = {}
    for evidence_id, *values in rows:
        told = dict(zip(EVIDENCE, values, strict=True))
        for name in ("subject_id", "added_by"):
            told[name] = _dashed(told[name])
        told["added_at"] = _instant(told["added_at"])
        document = {"kind": "evidence", "id": str(evidence_id), **told}
        found[evidence_id] = Leaf("evidence", canonical(document), evidence_id=evidence_id)
    return found


class EntryLeaves:
    """The leaves of a book's entries, read in pieces; names behind ids are read once.

    Ids are read as text: making an object of each would take half of the time. ``totals``, where
    given, is added what all legs read come to, and ``figures`` what they add to the figures.
    """

    def __init__(
        self,
        session: ReadSession,
        book_id: UUID,
        totals: Totals | None = None,
        figures: FigureLines | None = None,
    ) -> None:
        self._session = session
        self._book_id = book_id
        self._totals = totals
        self._figures = figures
        self._size = BARE if session.get_bind().dialect.name == "sqlite" else DASHED
        # Only this book's funds: a leg in another book's fund of the same code is no leg of ours.
        funds = select(cast(Fund.id, Text), Fund.code).where(Fund.book_id == book_id)
        self._funds = dict(iter(session.execute(funds)))
        self._books = dict(iter(session.execute(select(cast(Book.id, Text), Book.code))))

    def of(self, ids: Sequence[UUID]) -> dict[UUID, Leaf]:
        """Return the leaves of some entries; an entry that is not there is left out."""
        stored = {one.hex if self._size == BARE else str(one): one for one in ids}
        found = self.data_of([*stored])
        return {
            one: Leaf("entry", found[text], entry_id=one)
            for text, one in stored.items()
            if text in found
        }

    def data_of(self, ids: Sequence[str]) -> dict[str, bytes]:
        """Return the bytes of some leaves, by id; ids as the database writes them."""
        legs: defaultdict[str, list[Any]] = defaultdict(list)
        for row in self._rows(LEGS, ids):
            legs[row[0]].append(row)
            if self._totals is not None:
                _id, _line, account, fund, commodity, quantity, other, day, *_labels = row
                self._totals[account, fund, commodity, other, day] += quantity
        heads = self._rows(HEADS, ids)
        if self._figures is not None:
            self._figures.add(heads, legs)
        return {row[0]: self._data(row, legs[row[0]]) for row in heads}

    def _rows(
        self, queries: dict[str, Select[*tuple[Any, ...]]], ids: Sequence[str]
    ) -> Sequence[Any]:
        connection = self._session.connection()
        dialect = connection.dialect.name
        some = list(ids) if dialect == "postgresql" else json.dumps(ids)
        return connection.execute(queries[dialect], {"book": self._book_id, "ids": some}).all()

    def _data(self, row: Any, legs: Sequence[Any]) -> bytes:
        entry_id, day, recorded_at, event_type, source, external_ref, *ids = row
        group, reverses, made_by, approved_by = (
            None if text is None else self._id(text) for text in ids
        )
        return canonical(
            {
                "kind": "entry",
                "id": self._id(entry_id),
                "accounting_on": day,
                "recorded_at": _instant(recorded_at),
                "event_type": event_type,
                "source": source,
                "external_ref": external_ref,
                "transfer_group": group,
                "reverses": reverses,
                "made_by": made_by,
                "approved_by": approved_by,
                "legs": [self._leg(day, leg) for leg in legs],
            }
        )

    def _leg(self, day: str, leg: Sequence[Any]) -> list[Any]:
        _entry_id, line, account, fund_id, commodity, quantity, other, on, *labels = leg
        return leg_of(
            line=line,
            account=account,
            fund=self._funds.get(fund_id) or f"{MARK}{fund_id}",
            commodity=commodity,
            quantity=quantity,
            counterparty=None if other is None else self._books.get(other) or f"{MARK}{other}",
            labels=tuple(labels),
            other_day=None if on == day else on,
        )

    def _id(self, text: str) -> str:
        """Write an id as RFC 9562 does; SQLite keeps it without dashes."""
        if len(text) != self._size:
            return f"{MARK}{text}"
        if self._size == DASHED:
            return text
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _dashed(text: str) -> str:
    """Write an id as RFC 9562 does, on either engine; anything else enters with a mark."""
    if len(text) == BARE:
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    return text if len(text) == DASHED else f"{MARK}{text}"


def _truth(value: Any) -> bool | str:
    return TRUTHS.get(value, f"{MARK}{value}")


def _instant(value: Any) -> str:
    """Write an instant of UTC with six digits; SQLite keeps it so, with a blank and no zone."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, str) and len(value) == 26 and value[10] == " ":
        return f"{value[:10]}T{value[11:]}+00:00"
    return f"{MARK}{value}"
