"""What is attached to something, and where else the same bytes are."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased

from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.evidence import Evidence, EvidenceSubject
from ledger.models.people import Person


@dataclass(frozen=True, slots=True)
class Twin:
    """Something else of the book to which the same bytes are attached."""

    subject: EvidenceSubject
    subject_id: UUID


@dataclass(frozen=True, slots=True)
class Attached:
    """One attached file, with who added it and what else has the same bytes."""

    row: Evidence
    added_by: str
    twins: tuple[Twin, ...]

    @property
    def has_preview(self) -> bool:
        """Whether there is a small picture of it to show."""
        return self.row.preview_sha256 is not None and self.row.erased_at is None


def attached_to(
    session: ReadSession, *, book_id: UUID, subject: EvidenceSubject, subject_id: UUID
) -> list[Attached]:
    """Return the files of one thing, oldest first; those that were erased, with their reason."""
    rows = session.execute(
        select(Evidence, Person.name)
        .join(Person, Person.id == Evidence.added_by)
        .where(
            Evidence.book_id == book_id,
            Evidence.subject == subject,
            Evidence.subject_id == subject_id,
        )
        .order_by(Evidence.added_at, Evidence.id)
    ).all()
    twins = _twins(session, book_id, [row.id for row, _name in rows])
    return [Attached(row, name, twins.get(row.id, ())) for row, name in rows]


def pictures_of(
    session: ReadSession, *, book_id: UUID, agreements: Collection[UUID]
) -> dict[UUID, list[Evidence]]:
    """Return the files of some agreements that have a small picture to show, by agreement."""
    found: dict[UUID, list[Evidence]] = {}
    rows = session.scalars(
        select(Evidence)
        .where(
            Evidence.book_id == book_id,
            Evidence.subject == EvidenceSubject.AGREEMENT,
            Evidence.subject_id.in_(agreements),
            Evidence.preview_sha256.is_not(None),
            Evidence.erased_at.is_(None),
        )
        .order_by(Evidence.id)
    )
    for row in rows:
        found.setdefault(row.subject_id, []).append(row)
    return found


def evidence_by_id(session: ReadSession, *, book_id: UUID, evidence_id: UUID) -> Evidence:
    """Return one file of a book. Raises NotFound for one that is not there, or was erased."""
    row = session.scalar(
        select(Evidence).where(
            Evidence.book_id == book_id, Evidence.id == evidence_id, Evidence.erased_at.is_(None)
        )
    )
    if row is None:
        raise NotFound("This file does not exist, or it was erased.")
    return row


def _twins(session: ReadSession, book_id: UUID, ids: list[UUID]) -> dict[UUID, tuple[Twin, ...]]:
    if not ids:
        return {}
    own, other = aliased(Evidence), aliased(Evidence)
    found: dict[UUID, tuple[Twin, ...]] = {}
    rows = session.execute(
        select(own.id, other.subject, other.subject_id)
        .join(
            other,
            (other.book_id == own.book_id)
            & (other.content_sha256 == own.content_sha256)
            & (other.id != own.id),
        )
        .where(own.book_id == book_id, own.id.in_(ids))
        .order_by(own.id, other.id)
    )
    for evidence_id, subject, subject_id in rows:
        found[evidence_id] = (*found.get(evidence_id, ()), Twin(subject, subject_id))
    return found
