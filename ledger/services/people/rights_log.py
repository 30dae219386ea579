"""Write the log of rights: one event, in the transaction of the change it records."""

import re
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from ledger.db import Session
from ledger.models.rights_log import RightsEvent, RightsKind
from ledger.queries.people.rights_log import START, chained, last_of_book

# Ids, words of the program, days and codes. No address and no name of a person fits, nor what a
# spreadsheet takes for a formula.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/+-]{0,3999}")


def record(
    session: Session,
    *,
    kind: RightsKind,
    actor: UUID | None,
    now: datetime,
    book: UUID | None = None,
    about: Mapping[str, str | int | UUID] | None = None,
) -> RightsEvent:
    """Append an event; ``about`` says what it was about, ``person`` being whom.

    Without an actor it was done on the command line; without a book it concerns every book in
    which the actor has a role. Raises ValueError for texts that could tell who somebody is.
    """
    plain = {
        name: value if isinstance(value, int) else str(value)
        for name, value in (about or {}).items()
    }
    for name, value in plain.items():
        if isinstance(value, str) and not _PLAIN.fullmatch(value):
            raise ValueError(f"the log of rights takes ids and plain words, not this {name}")
    event = RightsEvent(at=now, kind=RightsKind(kind), actor_id=actor, book_id=book, about=plain)
    if book is not None:
        last = last_of_book(session, book)
        event.seq = last.seq + 1 if last is not None and last.seq is not None else 1
        before = last.chain_sha256 if last is not None and last.chain_sha256 else START
        event.chain_sha256 = chained(before, event)
    session.add(event)
    session.flush()
    return event
