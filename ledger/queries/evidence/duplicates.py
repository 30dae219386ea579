"""Bills and claims that may be there twice: the same bytes, the same number, the same amount soon.

Only those that were not rejected or withdrawn count. The bounds follow the field's: one payee's
number is one bill; one payee and amount within three days is one purchase, or a coincidence.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased

from ledger.core.states import AgreementKind, AgreementState
from ledger.db import ReadSession
from ledger.models.agreements import Agreement
from ledger.models.evidence import Evidence, EvidenceSubject

KINDS = (AgreementKind.SPENDING, AgreementKind.EXPENSE)
ENDED = (AgreementState.REJECTED, AgreementState.CANCELLED)
SOON = timedelta(days=3)
# How many of the newest are compared; what is older has long been paid.
MOST = 2_000


class Likeness(StrEnum):
    """Why two bills may be one."""

    FILE = "file"
    NUMBER = "number"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two bills or claims that may be one, the older first."""

    likeness: Likeness
    older: Agreement
    newer: Agreement


def with_same_file(session: ReadSession, row: Agreement) -> list[Agreement]:
    """Return the other bills and claims of the book to which the same bytes are attached."""
    own, other = aliased(Evidence), aliased(Evidence)
    query = (
        select(Agreement)
        .join(other, (other.subject_id == Agreement.id) & (other.book_id == Agreement.book_id))
        .join(
            own,
            (own.book_id == other.book_id)
            & (own.content_sha256 == other.content_sha256)
            & (own.subject_id == row.id),
        )
        .where(
            Agreement.book_id == row.book_id,
            Agreement.id != row.id,
            Agreement.kind.in_(KINDS),
            Agreement.state.not_in(ENDED),
            other.subject == EvidenceSubject.AGREEMENT,
            own.subject == EvidenceSubject.AGREEMENT,
        )
        .order_by(Agreement.created_at, Agreement.id)
    )
    return list(dict.fromkeys(session.scalars(query)))


def pairs_of(session: ReadSession, book_id: UUID) -> list[Pair]:
    """Return what may be there twice in a book, the newest first; each two by the best sign."""
    rows = session.scalars(
        select(Agreement)
        .where(
            Agreement.book_id == book_id,
            Agreement.kind.in_(KINDS),
            Agreement.state.not_in(ENDED),
        )
        .order_by(Agreement.created_at.desc(), Agreement.id.desc())
        .limit(MOST)
    ).all()
    known = {row.id: row for row in rows}
    groups: dict[tuple[Likeness, str], list[Agreement]] = defaultdict(list)
    files = session.execute(
        select(Evidence.content_sha256, Evidence.subject_id).where(
            Evidence.book_id == book_id,
            Evidence.subject == EvidenceSubject.AGREEMENT,
            Evidence.content_sha256.is_not(None),
        )
    )
    for digest, subject_id in files:
        if digest is not None and subject_id in known:
            groups[Likeness.FILE, digest].append(known[subject_id])
    for row in rows:
        payee = " ".join(str(row.terms.get("payee", "")).casefold().split())
        number = "".join(str(row.terms.get("bill_number", "")).casefold().split())
        if payee and number:
            groups[Likeness.NUMBER, f"{payee}\n{number}"].append(row)
        if payee:
            groups[Likeness.AMOUNT, f"{payee}\n{row.quantity}"].append(row)
    found: dict[tuple[UUID, UUID], Pair] = {}
    for (likeness, _key), alike in groups.items():
        for pair in _neighbours(likeness, alike):
            found.setdefault((pair.older.id, pair.newer.id), pair)
    return sorted(found.values(), key=lambda one: one.newer.created_at, reverse=True)


def about(pairs: Sequence[Pair], row: Agreement) -> list[tuple[Likeness, Agreement]]:
    """Return what one bill or claim may be there twice with, and why."""
    return [
        (pair.likeness, pair.older if pair.newer.id == row.id else pair.newer)
        for pair in pairs
        if row.id in (pair.older.id, pair.newer.id)
    ]


def _neighbours(likeness: Likeness, alike: Sequence[Agreement]) -> list[Pair]:
    """Return each with the one before it; of amounts, only what came within a few days."""
    rows = sorted(dict.fromkeys(alike), key=lambda row: (row.created_at, row.id))
    return [
        Pair(likeness, older, newer)
        for older, newer in pairwise(rows)
        if likeness != Likeness.AMOUNT or newer.created_at - older.created_at <= SOON
    ]
