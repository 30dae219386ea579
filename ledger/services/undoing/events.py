"""An event that may be undone: its entries in all books, found from any one of them.

An entry that was moved to another fund stands where its first one stood: what the program keeps
about the first belongs to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import aliased

from ledger.core.states import AgreementKind
from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.ids import uuid_of
from ledger.models.agreements import Agreement, Step
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.base import Base
from ledger.models.journal import Entry
from ledger.queries.payments.payments import FOLLOWED

CORRECTION = "correction"
_reversal = aliased(Entry)
Row = TypeVar("Row", bound=Base)
Key = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Event:
    """The entries of one event; ``first`` is the entry by which the program knows it.

    ``origins`` are the keys under which rows may name it: its entries, and those that a correction
    has put them in the place of.
    """

    first: Entry
    entries: tuple[Entry, ...]
    origins: frozenset[Key]

    @property
    def id(self) -> UUID:
        """The id of its newest entry: ids rise with time."""
        return max(row.id for row in self.entries)

    @property
    def keys(self) -> tuple[Key, ...]:
        """Book and id of each entry."""
        return tuple((row.book_id, row.id) for row in self.entries)

    @property
    def on(self) -> date:
        """The day on which it is booked."""
        return max(row.accounting_on for row in self.entries)

    @property
    def kind(self) -> str:
        """The event type."""
        return self.first.event_type


def event_of(session: ReadSession, *, book_id: UUID, entry_id: UUID) -> Event:
    """Return the event that an entry belongs to. Raises NotFound."""
    row = session.get(Entry, (book_id, entry_id))
    if row is None:
        raise NotFound("This book has no such journal entry.", place="entry")
    if row.event_type == FOLLOWED:
        # It only takes the money along that a corrected entry had moved on.
        row = _correction_of(session, row.book_id, row.external_ref) or row
    entries = [row]
    if row.transfer_group is not None:
        group = select(Entry).where(Entry.transfer_group == row.transfer_group)
        entries = list(session.scalars(group.order_by(Entry.id)))
    first = entries[0]
    origins = {(one.book_id, one.id) for one in entries}
    while (before := _corrected(session, first)) is not None:
        first = before
        origins.add((first.book_id, first.id))
        entries += _followed(session, first)
    return Event(first, tuple(entries), frozenset(origins))


def not_reversed() -> ColumnElement[bool]:
    """Return the condition that an entry stands: it is no reversal and was not reversed."""
    again = exists().where(_reversal.book_id == Entry.book_id, _reversal.reverses == Entry.id)
    return and_(Entry.reverses.is_(None), ~again)


def events_of(session: ReadSession, rows: Sequence[Entry]) -> list[Event]:
    """Return the events of some entries, each once."""
    found: dict[UUID, Event] = {}
    for row in rows:
        event = event_of(session, book_id=row.book_id, entry_id=row.id)
        found.setdefault(event.id, event)
    return list(found.values())


def named(session: ReadSession, model: type[Row], reference: str) -> Row | None:
    """Return the row of which a reference is the identifier, None where there is none."""
    key = uuid_of(reference)
    return session.get(model, key) if key is not None else None


def steps_of(session: ReadSession, event: Event) -> list[tuple[Step, Agreement]]:
    """Return the steps of agreements that an event has taken, with their agreements."""
    return [
        (step, row)
        for book_id, entry_id in sorted(event.origins)
        for step, row in session.execute(
            select(Step, Agreement)
            .join(Agreement, Agreement.id == Step.agreement_id)
            .where(Step.book_id == book_id, Step.entry_id == entry_id)
        )
    ]


def agreement_of(session: ReadSession, event: Event) -> Agreement | None:
    """Return the promise on paper or the sponsor's terms behind a pledge that an event made."""
    rows = session.scalars(
        select(Agreement).where(
            Agreement.book_id == event.first.book_id,
            Agreement.kind.in_((AgreementKind.PROMISE, AgreementKind.SPONSOR)),
        )
    )
    return next((row for row in rows if row.terms.get("pledge") == event.first.external_ref), None)


def book_of(session: ReadSession, event: Event) -> UUID:
    """Return the book whose treasurer undoes an event: the one that asked for it, or did it."""
    for step, _row in steps_of(session, event):
        return step.book_id
    asked = named(session, ApprovalRequest, event.first.external_ref)
    return asked.book_id if asked is not None else event.first.book_id


def _corrected(session: ReadSession, row: Entry) -> Entry | None:
    """Return the entry that a correction booked again as this one."""
    if row.source != CORRECTION or row.event_type == FOLLOWED:
        return None
    former = uuid_of(row.external_ref)
    return session.get(Entry, (row.book_id, former)) if former else None


def _correction_of(session: ReadSession, book_id: UUID, reference: str) -> Entry | None:
    return session.scalar(
        select(Entry).where(
            Entry.book_id == book_id,
            Entry.source == CORRECTION,
            Entry.external_ref == reference,
            Entry.event_type != FOLLOWED,
        )
    )


def _followed(session: ReadSession, former: Entry) -> list[Entry]:
    return list(
        session.scalars(
            select(Entry).where(
                Entry.book_id == former.book_id,
                Entry.source == CORRECTION,
                Entry.external_ref.startswith(str(former.id), autoescape=True),
                Entry.event_type == FOLLOWED,
                not_reversed(),
            )
        )
    )
