"""What evidence can be attached to, and whose it is."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal, select

from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.agreements import Agreement
from ledger.models.assets import Asset
from ledger.models.evidence import EvidenceSubject
from ledger.models.hours import HoursEntry
from ledger.models.journal import Entry
from ledger.models.periods import Period
from ledger.models.statements import BankLine


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that evidence belongs to: its kind, its id, what it is called, who made it."""

    kind: EvidenceSubject
    id: UUID
    name: str
    made_by: UUID | None


def subject_of(session: ReadSession, *, book_id: UUID, kind: str, subject_id: UUID) -> Subject:
    """Return something of a book that evidence can be attached to. Raises NotFound."""
    if kind not in [*EvidenceSubject]:
        raise NotFound("This page does not exist.")
    known = EvidenceSubject(kind)
    row = session.execute(_query(known, book_id, subject_id)).one_or_none()
    if row is None:
        raise NotFound("This book has no such row to attach a file to.")
    name, made_by = row
    return Subject(known, subject_id, str(name), made_by)


def _query(kind: EvidenceSubject, book_id: UUID, subject_id: UUID) -> Select[*tuple[Any, ...]]:
    columns: dict[EvidenceSubject, tuple[Any, Any, Any]] = {
        EvidenceSubject.ENTRY: (Entry, Entry.event_type, Entry.made_by),
        EvidenceSubject.BANK_LINE: (BankLine, BankLine.booked_on, literal(None)),
        EvidenceSubject.AGREEMENT: (Agreement, Agreement.reference, Agreement.made_by),
        EvidenceSubject.EQUIPMENT: (Asset, Asset.tag, literal(None)),
        EvidenceSubject.HOURS: (HoursEntry, HoursEntry.worked_on, literal(None)),
        EvidenceSubject.PERIOD: (Period, Period.until_on, literal(None)),
    }
    table, name, made_by = columns[kind]
    return select(name, made_by).where(table.book_id == book_id, table.id == subject_id)
