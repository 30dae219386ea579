"""What rests on an event: later events that would stand without a ground if it were undone.

Each finder returns entries that stand; what they rest on in turn is found from them. Only what
rests on an event directly is named here: money that was spent since is seen by what is left.
"""

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from ledger.core.states import MOVES, AgreementKind, Move
from ledger.db import ReadSession
from ledger.ids import uuid_of
from ledger.models.agreements import Agreement, Step
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import Asset, Valuation
from ledger.models.deposits import DepositItem
from ledger.models.hours import HoursEntry
from ledger.models.journal import Entry, Posting
from ledger.models.pools import AllocationLine, AllocationRun
from ledger.models.statements import Match, MatchRule
from ledger.queries.payments.owed_refunds import WITHOUT_STRIPE
from ledger.services.undoing.events import Event, named, not_reversed, steps_of

Finder = Callable[[ReadSession, Event], Sequence[Entry]]

# What names a thing by its tag.
OF_THINGS = (
    "item_lent",
    "item_returned",
    "damaged_return",
    "disposal",
    "giving_on",
)


def on_pledge(session: ReadSession, event: Event) -> Sequence[Entry]:
    """Everything that was booked about the pledges of an event afterwards."""
    named = select(Posting.pledge).where(_legs_of(event), Posting.pledge.is_not(None))
    about = select(Posting.entry_id).where(
        Posting.book_id == event.first.book_id, Posting.pledge.in_(named)
    )
    return _standing(session, event, Entry.id.in_(about))


def steps_after(session: ReadSession, event: Event) -> Sequence[Entry]:
    """The later steps of the same agreement that it allowed: steps of one name that change no
    state stand beside each other."""
    found: list[Entry] = []
    for step, row in steps_of(session, event):
        later = session.scalars(
            select(Step).where(
                Step.agreement_id == step.agreement_id,
                or_(
                    Step.created_at > step.created_at,
                    and_(Step.created_at == step.created_at, Step.id > step.id),
                ),
                Step.entry_id.is_not(None),
            )
        )
        keys = [
            (one.book_id, one.entry_id)
            for one in later
            if one.name != step.name or not stays(row.kind, step.name)
        ]
        found += _by_keys(session, keys)
    return found


def grant_steps(session: ReadSession, event: Event) -> Sequence[Entry]:
    """Every step of a grant, by the entry that awarded it."""
    keys = session.execute(
        select(Step.book_id, Step.entry_id)
        .join(Agreement, Agreement.id == Step.agreement_id)
        .where(
            Agreement.book_id == event.first.book_id,
            Agreement.reference == event.first.external_ref,
            Step.entry_id.is_not(None),
        )
    )
    return _by_keys(session, [(book_id, entry_id) for book_id, entry_id in keys])


def stays(kind: AgreementKind, move: Move) -> bool:
    """Tell whether a step can be taken again and again: it leaves the state as it is, and no later
    one of its name counts on it."""
    if move == Move.WEAR:
        return False
    return any(before == after for (before, name), after in MOVES[kind].items() if name == move)


def same_reference(*kinds: str) -> Finder:
    """Return a finder of events of the same source that are known by the same reference, or by one
    that begins with it."""

    def find(session: ReadSession, event: Event) -> Sequence[Entry]:
        base = event.first.external_ref
        return _standing(
            session,
            event,
            and_(
                Entry.source == event.first.source,
                Entry.event_type.in_(kinds),
                or_(
                    Entry.external_ref == base,
                    Entry.external_ref.startswith(f"{base}/", autoescape=True),
                ),
            ),
        )

    return find


def settlement_rounds(session: ReadSession, event: Event) -> Sequence[Entry]:
    """The other rounds of one settlement of a pool."""
    base = event.first.external_ref.rpartition("/")[0]
    return [
        row
        for row in session.scalars(
            select(Entry).where(
                Entry.book_id == event.first.book_id,
                Entry.source == event.first.source,
                Entry.event_type == event.kind,
                Entry.external_ref.startswith(f"{base}/", autoescape=True),
                not_reversed(),
            )
        )
        if row.id > event.id
    ]


def settled_shares(session: ReadSession, event: Event) -> Sequence[Entry]:
    """The transfers that paid the shares of an allocation, each by itself or all in one."""
    run = named(session, AllocationRun, event.first.external_ref)
    if run is None:
        return []
    found = list(same_reference("allocation_settled")(session, event))
    at = session.scalars(
        select(AllocationLine.settled_at).where(
            AllocationLine.run_id == run.id, AllocationLine.settled_at.is_not(None)
        )
    ).all()
    return found + list(
        _standing(
            session,
            event,
            and_(
                Entry.book_id == run.pool_id,
                Entry.event_type == "allocations_settled",
                Entry.recorded_at.in_(at),
            ),
        )
    )


def on_deposit(session: ReadSession, event: Event) -> Sequence[Entry]:
    """The deposit that took a count to the bank, and the cheques of a deposit that came back."""
    keys: list[tuple[UUID, UUID | None]] = []
    for book_id, entry_id in event.origins:
        items = session.scalars(
            select(DepositItem).where(
                DepositItem.book_id == book_id,
                or_(
                    DepositItem.count_entry_id == entry_id,
                    DepositItem.deposit_entry_id == entry_id,
                ),
            )
        )
        for item in items:
            if item.count_entry_id == entry_id:
                keys.append((book_id, item.deposit_entry_id))
            keys.append((book_id, item.bounce_entry_id))
    return _by_keys(session, keys)


def owed_back(session: ReadSession, event: Event) -> Sequence[Entry]:
    """What of a contribution by bank or in cash was called a mistake, and is owed back."""
    bases = [entry_id for _book, entry_id in event.origins]
    return [
        row
        for row in _standing(
            session,
            event,
            and_(Entry.source == WITHOUT_STRIPE, Entry.event_type == "refund_owed"),
        )
        if uuid_of(row.external_ref.partition("/")[0]) in bases
    ]


def on_line(session: ReadSession, event: Event) -> Sequence[Entry]:
    """What was booked later from the same bank line, as when a receipt was identified."""
    keys: list[tuple[UUID, UUID | None]] = []
    for book_id, entry_id in event.origins:
        made = session.scalars(
            select(Match).where(Match.book_id == book_id, Match.entry_id == entry_id, Match.holds())
        )
        for match in made:
            later = session.scalars(
                select(Match).where(
                    Match.bank_line_id == match.bank_line_id,
                    Match.rule == MatchRule.IDENTIFIED,
                    Match.made_at >= match.made_at,
                    Match.holds(),
                )
            )
            keys += [
                (one.book_id, one.entry_id)
                for one in later
                if one.part_id == match.part_id and match.rule == MatchRule.UNIDENTIFIED
            ]
    return _by_keys(session, keys)


def on_things(session: ReadSession, event: Event) -> Sequence[Entry]:
    """What happened to the things of an event since: their value, loans, depreciation, leaving."""
    tags = {tag for leg in _legs(session, event) for tag in (leg.asset or "").split(",") if tag}
    tags |= _opened(session, event)
    intakes = _intakes(session, event, tags)
    tags |= set(session.scalars(select(Asset.tag).where(Asset.intake_id.in_(intakes))))
    moved = _standing(
        session,
        event,
        and_(
            Entry.event_type.in_(OF_THINGS),
            Entry.id.in_(
                select(Posting.entry_id).where(
                    Posting.book_id == Entry.book_id, Posting.asset.in_(tags)
                )
            ),
        ),
    )
    valued = select(Valuation).where(Valuation.intake_id.in_(intakes))
    keys = [
        (row.book_id, entry_id)
        for row in session.scalars(valued)
        for entry_id in session.scalars(
            select(Entry.id).where(
                Entry.book_id == row.book_id,
                Entry.source == "valuation",
                Entry.external_ref == str(row.id),
            )
        )
    ]
    worn = [
        (step.book_id, step.entry_id)
        for step, plan in session.execute(
            select(Step, Agreement)
            .join(Agreement, Agreement.id == Step.agreement_id)
            .where(
                Agreement.book_id == event.first.book_id,
                Agreement.kind == AgreementKind.DEPRECIATION,
                Step.name == Move.WEAR,
            )
        )
        if uuid_of(plan.terms["intake"]) in intakes
    ]
    return [*moved, *_by_keys(session, [*keys, *worn])]


def on_loan(session: ReadSession, event: Event) -> Sequence[Entry]:
    """What followed the loan of a thing: its return, and the value of its use."""
    returned = same_reference("item_returned")(session, event)
    asked = select(Entry).where(Entry.event_type == "free_use", not_reversed())
    tags = {leg.asset for leg in _legs(session, event) if leg.asset}
    back = _standing(
        session,
        event,
        and_(
            Entry.event_type == "damaged_return",
            Entry.id.in_(
                select(Posting.entry_id).where(
                    Posting.book_id == Entry.book_id, Posting.asset.in_(tags)
                )
            ),
        ),
    )
    uses = [row for row in session.scalars(asked) if _is_use_of(session, row, event)]
    return [*returned, *back, *uses]


def on_hours(session: ReadSession, event: Event) -> Sequence[Entry]:
    """The corrections of hours that were confirmed."""
    label = (
        select(Valuation.label)
        .join(HoursEntry, HoursEntry.id == Valuation.hours_id)
        .where(HoursEntry.id == uuid_of(event.first.external_ref))
    )
    return _standing(
        session,
        event,
        and_(
            Entry.event_type == "hours_corrected",
            Entry.id.in_(
                select(Posting.entry_id).where(
                    Posting.book_id == Entry.book_id, Posting.valuation.in_(label)
                )
            ),
        ),
    )


def direct(session: ReadSession, event: Event, finders: Iterable[Finder]) -> list[Entry]:
    """Return what finders say rests on an event, without the event itself."""
    own = set(event.keys)
    found = {
        (row.book_id, row.id): row
        for find in finders
        for row in find(session, event)
        if (row.book_id, row.id) not in own and row.id > event.first.id
    }
    return list(found.values())


def _is_use_of(session: ReadSession, row: Entry, event: Event) -> bool:
    asked = named(session, ApprovalRequest, row.external_ref)
    return asked is not None and str(asked.arguments.get("loan")) == event.first.external_ref


def _opened(session: ReadSession, event: Event) -> set[str]:
    """Return the tags of the items that the opening balances put on the register."""
    if event.kind != "opening_balances":
        return set()
    asked = named(session, ApprovalRequest, event.first.external_ref)
    return {thing["tag"] for thing in asked.arguments["things"]} if asked is not None else set()


def _intakes(session: ReadSession, event: Event, tags: Iterable[str]) -> set[UUID]:
    """Return the hand-overs that an event is about: its own, or those of its things."""
    own = uuid_of(event.first.external_ref) if event.first.source == "intake" else None
    valuation = (
        named(session, Valuation, event.first.external_ref)
        if event.first.source == "valuation"
        else None
    )
    found = {own, valuation.intake_id if valuation is not None else None}
    found |= {
        uuid_of(row.terms["intake"])
        for _step, row in steps_of(session, event)
        if row.kind == AgreementKind.DEPRECIATION
    }
    found |= set(
        session.scalars(
            select(Asset.intake_id).where(
                Asset.book_id == event.first.book_id, Asset.tag.in_(list(tags))
            )
        )
    )
    return {one for one in found if one is not None}


def _legs(session: ReadSession, event: Event) -> Sequence[Posting]:
    return session.scalars(select(Posting).where(_legs_of(event))).all()


def _legs_of(event: Event) -> ColumnElement[bool]:
    return or_(
        *(
            and_(Posting.book_id == book_id, Posting.entry_id == entry_id)
            for book_id, entry_id in event.keys
        )
    )


def _standing(
    session: ReadSession, event: Event, condition: ColumnElement[bool]
) -> Sequence[Entry]:
    """Return later entries of the books of an event that stand and meet a condition."""
    books = {book_id for book_id, _entry_id in event.keys}
    return session.scalars(
        select(Entry)
        .where(Entry.book_id.in_(books), Entry.id > event.first.id, condition, not_reversed())
        .order_by(Entry.id)
    ).all()


def _by_keys(session: ReadSession, keys: Iterable[tuple[UUID, UUID | None]]) -> list[Entry]:
    """Return the entries of some keys that stand, or what a correction put in their place."""
    found: list[Entry] = []
    for book_id, entry_id in keys:
        row = session.get(Entry, (book_id, entry_id)) if entry_id else None
        if row is not None:
            found += _standing_for(session, row)
    return found


def _standing_for(session: ReadSession, row: Entry) -> list[Entry]:
    current = session.scalar(
        select(Entry).where(Entry.book_id == row.book_id, Entry.id == row.id, not_reversed())
    )
    if current is not None:
        return [current]
    again = session.scalar(
        select(Entry).where(
            Entry.book_id == row.book_id,
            Entry.source == "correction",
            Entry.event_type == row.event_type,
            Entry.external_ref == str(row.id),
        )
    )
    return _standing_for(session, again) if again is not None else []
