"""A plan to undo an event with all that rests on it: what, in which order, what is in the way.

Nothing is written here; ``undo`` carries a plan out.
"""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select

from ledger.core.accounts import Acct
from ledger.core.approval_rules import entry_amount
from ledger.db import ReadSession
from ledger.errors import Conflict, Invalid
from ledger.models.books import Book
from ledger.models.journal import Posting
from ledger.models.statements import Match
from ledger.services.undoing.events import (
    CORRECTION,
    Event,
    Key,
    agreement_of,
    book_of,
    event_of,
    events_of,
)
from ledger.services.undoing.resting import direct
from ledger.services.undoing.ways import Never, Page, There, Way, reversal_of, way_of

# More than this is no mistake that one click mends.
MOST = 100
# Money in hand, which nobody but the treasurer sees.
IN_HAND = (Acct.UNDEPOSITED_CASH, Acct.PETTY_CASH)
UNATTENDED = ("import", "history", "api", "gift_list")


@dataclass(frozen=True, slots=True)
class Tied:
    """A bank line that is tied to an entry: whose match is undone with it."""

    book_id: UUID
    item_id: UUID
    entry_id: UUID
    rule: str


@dataclass(frozen=True, slots=True)
class Obstacle:
    """An event that keeps a plan from being carried out, with the reason and the cure."""

    event: Event
    why: Conflict
    page: Page


@dataclass(frozen=True, slots=True)
class Plan:
    """What is undone together, the latest first; ``root`` is what was asked for and comes last."""

    root: Event
    events: tuple[Event, ...]
    tied: tuple[Tied, ...]
    book_id: UUID
    obstacles: tuple[Obstacle, ...] = ()
    kinds: tuple[str, ...] = ()
    needs_approval: bool = False
    amounts: dict[UUID, int] = field(default_factory=dict)

    @property
    def keys(self) -> frozenset[Key]:
        """Book and id of every entry that is reversed."""
        return frozenset(key for event in self.events for key in event.keys)


def answer_for(session: ReadSession, event: Event) -> Way:
    """Return how an event is undone: a bank line's at the line, whatever else it is."""
    if not is_corrected(event) and _line_made(session, event):
        return There(
            Page.BANK_LINE,
            Conflict("This entry was made from a bank line. Undo the match of that line."),
        )
    return way_of(event.kind, event.first.source)


def plan_of(session: ReadSession, *, book_id: UUID, entry_id: UUID) -> Plan:
    """Plan to undo the event of an entry and all that rests on it.

    Raises NotFound, Conflict when it was reversed already, Invalid when too much rests on it.
    """
    root = event_of(session, book_id=book_id, entry_id=entry_id)
    found: dict[UUID, Event] = {}
    waiting = [root]
    while waiting:
        event = waiting.pop()
        if event.id in found:
            continue
        found[event.id] = event
        if len(found) > MOST:
            raise Invalid(
                "More than {most} entries rest on this one. Undo the later ones first.",
                place="entry",
                most=MOST,
            )
        way = reversal_of(way_of(event.kind, event.first.source))
        if way is not None:
            waiting += events_of(session, direct(session, event, way.rests))
    events = tuple(sorted(found.values(), key=lambda one: one.id, reverse=True))
    tied = tuple(one for event in events for one in ties_of(session, event))
    return Plan(
        root=root,
        events=events,
        tied=tied,
        book_id=book_of(session, root),
        obstacles=tuple(_obstacles(root, events)),
        kinds=tuple(sorted({event.first.source for event in events} | {e.kind for e in events})),
        needs_approval=any(_is_agreed(session, event) for event in events),
        amounts=_amounts(session, events),
    )


def _obstacles(root: Event, events: tuple[Event, ...]) -> list[Obstacle]:
    found = []
    for event in events:
        way = way_of(event.kind, event.first.source)
        if isinstance(way, Never):
            found.append(Obstacle(event, way.why, way.page))
        elif isinstance(way, There) and (event is root or way.within is None):
            found.append(Obstacle(event, way.how, way.page))
    return found


def _is_agreed(session: ReadSession, event: Event) -> bool:
    """Tell whether an event is undone by two people: two had agreed to it, nobody had, it is about
    cash in hand, or it is in several books."""
    way = reversal_of(way_of(event.kind, event.first.source))
    if (way is not None and way.agreed) or len({row.book_id for row in event.entries}) > 1:
        return True
    if event.kind == "pledge_made" and agreement_of(session, event) is not None:
        return True
    if any(row.approved_by is not None or row.source in UNATTENDED for row in event.entries):
        return True
    in_hand = select(Posting.line).where(
        Posting.book_id == event.first.book_id,
        Posting.entry_id.in_([row.id for row in event.entries]),
        Posting.account.in_(IN_HAND),
    )
    return session.scalar(in_hand.limit(1)) is not None


def ties_of(session: ReadSession, event: Event) -> list[Tied]:
    """Return the bank lines that are tied to an event, the latest match first."""
    found = []
    for book_id, entry_id in sorted(event.origins):
        for match in session.scalars(
            select(Match)
            .where(Match.book_id == book_id, Match.entry_id == entry_id, Match.holds())
            .order_by(Match.made_at.desc(), Match.id.desc())
        ):
            item_id = match.part_id or match.bank_line_id
            found.append(Tied(book_id, item_id, entry_id, match.rule))
    return found


def _line_made(session: ReadSession, event: Event) -> bool:
    return any(one.rule != "entry" for one in ties_of(session, event))


def _amounts(session: ReadSession, events: tuple[Event, ...]) -> dict[UUID, int]:
    """Return the largest amount that an event moved in each book, in its currency."""
    largest: dict[UUID, int] = {}
    for event in events:
        for row in event.entries:
            legs = session.execute(
                select(Posting.account, Posting.commodity, Posting.quantity).where(
                    Posting.book_id == row.book_id, Posting.entry_id == row.id
                )
            )
            currency = session.get_one(Book, row.book_id).commodity
            amount = entry_amount(((a, c, q) for a, c, q in legs), currency)
            largest[row.book_id] = max(largest.get(row.book_id, 0), amount)
    return largest


def is_corrected(event: Event) -> bool:
    """Tell whether an event stands in another fund than it was first booked in."""
    return any(row.source == CORRECTION for row in event.entries)
