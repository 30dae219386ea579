"""Many lines at once: all that are certain, or those that somebody selected as one thing.

Each line is booked whole, and all of them in one transaction. Amounts in minor units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core.accounts import Acct
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, PoolbookError
from ledger.models.statements import BankLine, LineState
from ledger.services.banking.items import Item, items_of
from ledger.services.reconciliation.meanings import Doing, Part, book
from ledger.services.reconciliation.scoring import CERTAIN, Idea, Why, chosen, ideas_for

MOST = 50
AGAINST = frozenset({Why.TOO_MUCH, Why.OTHER_ACCOUNT, Why.TWO_WAYS, Why.SHARED_ACCOUNT})


class NothingToBook(Conflict):
    """None of the lines is open, or certain."""


@dataclass(frozen=True, slots=True)
class Same:
    """What all selected lines are said to be."""

    meaning: str
    fund: str
    account: int | None = None
    note: str = ""


def selected(session: ReadSession, *, book_id: UUID, line_ids: Sequence[UUID] = ()) -> list[Item]:
    """Return the open lines of a book that were selected, or its oldest ones, as whole lines."""
    query = select(BankLine).where(
        BankLine.book_id == book_id,
        BankLine.state == LineState.OPEN,
        BankLine.account == Acct.BANK,
    )
    if line_ids:
        query = query.where(BankLine.id.in_(line_ids))
    order = (BankLine.booked_on, BankLine.position, BankLine.id)
    lines = session.scalars(query.order_by(*order).limit(MOST)).all()
    return [item for item in items_of(session, lines) if item.part is None]


def certain(session: ReadSession, items: Sequence[Item]) -> list[tuple[Item, Part]]:
    """Return what is certain: one whole thing, well ahead of any other, with nothing against it.
    What two lines claim is left to a person."""
    ideas = ideas_for(session, items)
    found = []
    for item in items:
        idea = chosen(ideas[item.id])
        if idea is not None and _is_certain(item, idea):
            found.append((item, idea.parts[0]))
    claimed = [part.target for _item, part in found if part.target]
    return [(item, part) for item, part in found if claimed.count(part.target) <= 1]


def _is_certain(item: Item, idea: Idea) -> bool:
    against = any(reason.why in AGAINST for reason in idea.reasons)
    whole = len(idea.parts) == 1 and idea.parts[0].amount == abs(item.amount)
    return idea.points >= CERTAIN and whole and not against and idea.meaning != "cost"


def alike(items: Sequence[Item], same: Same) -> list[tuple[Item, Part]]:
    """Return selected lines as the one thing that somebody says they all are."""
    return [
        (item, Part(same.meaning, abs(item.amount), "", same.fund, same.account, same.note))
        for item in items
    ]


def book_many(
    session: Session, rows: Sequence[tuple[Item, Part]], *, by: UUID, now: datetime
) -> int:
    """Book lines, all or none; return how many. Raises NothingToBook when none is left, and as
    the service of a line does, naming the line."""
    if not rows:
        raise NothingToBook("None of these lines can be booked this way.", place="line")
    for item, part in rows:
        try:
            book(session, Doing(item.id, part, by, now))
        except PoolbookError as refusal:
            refusal.place = f"line-{item.id}"
            raise
    return len(rows)
