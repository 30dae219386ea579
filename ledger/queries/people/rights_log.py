"""Questions about the log of rights: what concerns a book, and whether its chain is whole."""

import hashlib
from datetime import UTC
from uuid import UUID

from sqlalchemy import CompoundSelect, and_, or_, select, union

from ledger.core.leaf import canonical
from ledger.db import ReadSession
from ledger.models.people import Membership
from ledger.models.rights_log import RightsEvent
from ledger.paging import PAGE, Page, behind, cut

START = "0" * 64


def chained(before: str, event: RightsEvent) -> str:
    """Return the chain over an event and all earlier ones of its book: SHA-256, hexadecimal.

    ``before`` is the chain of the event before, ``START`` for none.
    """
    document = {
        "before": before,
        "book": str(event.book_id),
        "seq": event.seq,
        "at": event.at.astimezone(UTC).isoformat(),
        "kind": event.kind,
        "actor": str(event.actor_id) if event.actor_id else None,
        "about": event.about,
    }
    return hashlib.sha256(canonical(document)).hexdigest()


def last_of_book(session: ReadSession, book_id: UUID) -> RightsEvent | None:
    """Return the newest event of a book."""
    return session.scalar(
        select(RightsEvent)
        .where(RightsEvent.book_id == book_id)
        .order_by(RightsEvent.seq.desc())
        .limit(1)
    )


def chain_at(session: ReadSession, book_id: UUID, seq: int) -> str | None:
    """Return the chain over the first events of a book; None when there are not as many."""
    return session.scalar(
        select(RightsEvent.chain_sha256).where(
            RightsEvent.book_id == book_id, RightsEvent.seq == seq
        )
    )


def first_break(session: ReadSession, book_id: UUID) -> str | None:
    """Name the first event of a book that is missing or was changed; None when all are whole."""
    before, expected = START, 1
    rows = session.scalars(
        select(RightsEvent)
        .where(RightsEvent.book_id == book_id)
        .order_by(RightsEvent.seq)
        .execution_options(yield_per=PAGE)
    )
    for row in rows:
        if row.seq != expected:
            return f"event {expected} of the log of rights is missing"
        if row.chain_sha256 != chained(before, row):
            return f"event {expected} of the log of rights was changed"
        before, expected = str(row.chain_sha256), expected + 1
    return None


def page_of_book(session: ReadSession, *, book_id: UUID, after: UUID | None) -> Page[RightsEvent]:
    """Return a page of what concerns a book, newest first.

    That is what happened in the book, and where people who held a role in it at that time signed
    in and which factors and tokens they gained or lost.
    """
    rows = session.scalars(
        select(RightsEvent)
        .where(
            RightsEvent.id.in_(_concerning(book_id)),
            behind(session, after, RightsEvent.id, newest_first=True),
        )
        .order_by(RightsEvent.id.desc())
        .limit(PAGE + 1)
    )
    return cut(list(rows), lambda row: row.id)


def events_of_book(session: ReadSession, *, book_id: UUID) -> list[RightsEvent]:
    """Return all that concerns a book, oldest first."""
    return list(
        session.scalars(
            select(RightsEvent)
            .where(RightsEvent.id.in_(_concerning(book_id)))
            .order_by(RightsEvent.id)
        )
    )


def _concerning(book_id: UUID) -> CompoundSelect[tuple[UUID]]:
    held = and_(
        Membership.person_id == RightsEvent.actor_id,
        Membership.book_id == book_id,
        Membership.starts_at <= RightsEvent.at,
        or_(Membership.ends_at.is_(None), Membership.ends_at > RightsEvent.at),
    )
    # Two questions, each with an index of its own.
    return union(
        select(RightsEvent.id).where(RightsEvent.book_id == book_id),
        select(RightsEvent.id).join(Membership, held).where(RightsEvent.book_id.is_(None)),
    )
