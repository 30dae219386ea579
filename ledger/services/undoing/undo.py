"""Undo an event with all that rests on it, the latest first, in one transaction over all books.

Each entry is reversed exactly, on its own day or the first day that is open; the rows beside it go
back to where they stood, and bank lines wait again. What two people had agreed to, two people undo.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core.accounts import BY_NUMBER, Acct
from ledger.core.amount import plain_text
from ledger.core.bounds import LONGEST_TEXT, check_text
from ledger.core.vocabulary import AccountKind
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.ids import new_id
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Account, Book, Fund
from ledger.models.journal import Annotation, Entry, Posting
from ledger.models.statements import Match
from ledger.queries.approvals.rules import UNDO
from ledger.queries.books.funds import on_account, spendable
from ledger.services.accounting.fund_control import lock_fund
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.banking.unmatching import release
from ledger.services.books import journal
from ledger.services.undoing.events import Event
from ledger.services.undoing.plans import Plan, answer_for, plan_of
from ledger.services.undoing.restoring import Undone
from ledger.services.undoing.ways import Never, There, reversal_of, way_of

# Requests to take back one entry, of before what rests on it could be undone with it.
REVERSAL = "reversal"
# Accounts that hold less where they are in credit, and what is joined to another book or currency.
CONTRA = (
    Acct.PLEDGE_DISCOUNT,
    Acct.PLEDGE_ALLOWANCE,
    Acct.ACCUMULATED_IMPAIRMENT,
    Acct.ACCUMULATED_DEPRECIATION,
)
EITHER_SIDE = (Acct.INTER_COMMUNITY, Acct.CURRENCY_CONVERSION, Acct.OUTGOING_PAYMENTS)
# The thousands digits of what is there and of what is owed.
ASSETS, DEBTS = 1, 2


@dataclass(frozen=True, slots=True)
class UndoAsked:
    """An entry that is to be undone, with every entry that goes with it.

    ``kinds`` are the kinds of request whose rules hold for it too, ``amount`` the largest amount
    that an entry moved in the book that is asked, in minor units.
    """

    entry_book: UUID
    entry: UUID
    entries: tuple[UUID, ...]
    kinds: tuple[str, ...]
    amount: int


@dataclass(frozen=True, slots=True)
class ReversalAsked:
    """An entry that should not be there; ``amount`` is what it moves, in minor units. Requests of
    before the rules by amount carry none."""

    entry: UUID
    amount: int | None = None


def ask(
    session: Session,
    *,
    book_id: UUID,
    entry_id: UUID,
    reason: str,
    by: UUID,
    now: datetime,
) -> ApprovalRequest | None:
    """Undo an event at once and return None, or ask the approvers where two people are needed.

    Raises Invalid without a reason, NotFound, and Conflict with the cure where it cannot be undone.
    """
    if not reason.strip():
        raise Invalid("Enter what was wrong.", place="why")
    check_text(reason, longest=LONGEST_TEXT, place="why")
    plan = checked_plan(session, book_id=book_id, entry_id=entry_id)
    if not plan.needs_approval:
        carry_out(session, plan, reason=reason, now=now, made_by=by)
        return None
    return propose(
        session,
        book_id=plan.book_id,
        kind=UNDO,
        title="Undo an entry",
        reason=reason.strip(),
        payload=UndoAsked(
            book_id,
            entry_id,
            tuple(sorted(entry for _book, entry in plan.keys)),
            plan.kinds,
            plan.amounts.get(plan.book_id, 0),
        ),
        made_by=by,
        now=now,
    )


def checked_plan(session: ReadSession, *, book_id: UUID, entry_id: UUID) -> Plan:
    """Return the plan to undo an entry. Raises Conflict for what is undone elsewhere or not at
    all, and as ``plans.plan_of``."""
    plan = plan_of(session, book_id=book_id, entry_id=entry_id)
    for event in plan.events:
        standing(session, event)
    answer = answer_for(session, plan.root)
    if isinstance(answer, There):
        raise Conflict(answer.how.text, place="entry")
    if isinstance(answer, Never):
        raise Conflict(answer.why.text, place="entry")
    for obstacle in plan.obstacles:
        raise Conflict(obstacle.why.text, place="entry")
    return plan


def standing(session: ReadSession, event: Event) -> None:
    """Raise Conflict for an event that was reversed already."""
    for book_id, entry_id in event.keys:
        again = select(Entry.id).where(Entry.book_id == book_id, Entry.reverses == entry_id)
        if session.scalar(again) is not None:
            raise Conflict("This journal entry has already been reversed.", place="entry")


def carry_out(
    session: Session,
    plan: Plan,
    *,
    reason: str,
    now: datetime,
    made_by: UUID | None,
    approved_by: UUID | None = None,
) -> list[UUID]:
    """Undo all that a plan names; return the reversals. Raises Conflict where what the entries
    brought has been used since, naming the fund and what is missing."""
    places = _places(session, plan)
    funds = {place[1]: lock_fund(session, place[1]) for place in sorted(places)}
    before = _held(session, funds, places)
    for one in plan.tied:
        matches = session.scalars(
            select(Match).where(
                Match.book_id == one.book_id, Match.entry_id == one.entry_id, Match.holds()
            )
        ).all()
        for match in matches:
            release(session, match, reason=reason, by=made_by, now=now)
    made: list[UUID] = []
    kinds = frozenset(event.kind for event in plan.events)
    for event in plan.events:
        made += _reverse(session, event, kinds, reason, now, made_by, approved_by)
    _check_left(session, funds, before, waits=bool(plan.tied))
    return made


def _reverse(
    session: Session,
    event: Event,
    kinds: frozenset[str],
    reason: str,
    now: datetime,
    made_by: UUID | None,
    approved_by: UUID | None,
) -> list[UUID]:
    way = reversal_of(way_of(event.kind, event.first.source))
    if way is None:
        raise Conflict("This entry is not undone here.", place="entry")
    posted = journal.reverse_together(
        session,
        entries=event.keys,
        accounting_on=event.on,
        now=now,
        made_by=made_by,
        approved_by=approved_by,
    )
    reversals = dict(zip(event.keys, posted.ids, strict=True))
    for (book_id, _entry_id), reversal in reversals.items():
        session.add(
            Annotation(
                id=new_id(),
                book_id=book_id,
                entry_id=reversal,
                text=reason.strip(),
                made_by=made_by,
                made_at=now,
            )
        )
    session.flush()
    for restore in way.restore:
        restore(session, Undone(event, reversals, now, kinds))
    return list(posted.ids)


# Book, fund, account and commodity of a balance; the account is None for what a fund can spend.
_Place = tuple[UUID, UUID, int, str]


def _places(session: ReadSession, plan: Plan) -> set[_Place]:
    found: set[_Place] = set()
    for book_id, entry_id in plan.keys:
        rows = session.execute(
            select(Posting.fund_id, Posting.account, Posting.commodity).where(
                Posting.book_id == book_id, Posting.entry_id == entry_id
            )
        )
        found |= {(book_id, fund_id, account, unit) for fund_id, account, unit in rows}
    return found


@dataclass(frozen=True, slots=True)
class _Held:
    spendable: dict[UUID, int]
    accounts: dict[_Place, int]


def _held(
    session: ReadSession, funds: dict[UUID, Fund], places: Sequence[_Place] | set[_Place]
) -> _Held:
    return _Held(
        {key: spendable(session, fund) for key, fund in funds.items()},
        {
            place: on_account(session, funds[place[1]], place[2], currency=place[3])
            for place in places
        },
    )


def _check_left(
    session: ReadSession, funds: dict[UUID, Fund], before: _Held, *, waits: bool
) -> None:
    """Refuse where less is left than nothing, and less than before."""
    after = _held(session, funds, set(before.accounts))
    for key, left in after.spendable.items():
        fund = funds[key]
        if left < min(0, before.spendable[key]) and not fund.negative_allowed:
            book = session.get_one(Book, fund.book_id)
            raise Conflict(
                "The fund {fund} of {book} no longer holds this money, because it has since been "
                "spent: {missing} are missing.",
                place="entry",
                fund=fund.name or fund.code,
                book=book.name,
                missing=plain_text(-left, book.commodity),
            )
    for place, left in after.accounts.items():
        book_id, fund_id, number, unit = place
        fund = funds[fund_id]
        missing = _missing(number, before.accounts[place], left)
        # The bank account may seem overdrawn meanwhile: the line waits, the money is there.
        if not missing or fund.negative_allowed or (waits and number == Acct.BANK):
            continue
        raise Conflict(
            "What this entry brought to the account {account} in the fund {fund} of {book} has "
            "since been used: {missing} are missing.",
            place="entry",
            account=f"{number} {_title(session, book_id, number)}",
            fund=fund.name or fund.code,
            book=session.get_one(Book, book_id).name,
            missing=plain_text(missing, unit),
        )


def _title(session: ReadSession, book_id: UUID, number: int) -> str:
    row = session.get(Account, (book_id, number))
    return row.name if row is not None else ""


def _missing(number: int, before: int, left: int) -> int:
    """Return what an account would lack on its own side, and did not lack before."""
    if number in EITHER_SIDE:
        return 0
    credit = number in CONTRA or number // 1000 == DEBTS
    known = BY_NUMBER.get(number)
    stock = known is not None and known.kind == AccountKind.STOCK
    if number // 1000 not in (ASSETS, DEBTS) and not stock:
        return 0
    if credit:
        before, left = -before, -left
    return -left if left < min(0, before) else 0


def approve(
    session: Session, approval_request: ApprovalRequest, payload: UndoAsked, decision: Decision
) -> None:
    """Undo what was asked for. Raises Conflict where more rests on it by now."""
    plan = checked_plan(session, book_id=payload.entry_book, entry_id=payload.entry)
    if {entry for _book, entry in plan.keys} != set(payload.entries):
        raise Conflict(
            "More has been booked on this entry since it was asked to be undone. Ask again.",
            place="entry",
        )
    _carry_out_request(session, approval_request, plan, decision)


def approve_reversal(
    session: Session, approval_request: ApprovalRequest, payload: ReversalAsked, decision: Decision
) -> None:
    """Take back one entry. Raises Conflict where something rests on it."""
    plan = checked_plan(session, book_id=approval_request.book_id, entry_id=payload.entry)
    if len(plan.events) > 1:
        raise Conflict(
            "More has been booked on this entry since it was asked to be undone. Ask again.",
            place="entry",
        )
    _carry_out_request(session, approval_request, plan, decision)


def _carry_out_request(
    session: Session, approval_request: ApprovalRequest, plan: Plan, decision: Decision
) -> None:
    carry_out(
        session,
        plan,
        reason=approval_request.reason,
        now=decision.now,
        made_by=approval_request.made_by,
        approved_by=decision.by,
    )


register(ApprovalKind(UNDO, UndoAsked, approve))
register(ApprovalKind(REVERSAL, ReversalAsked, approve_reversal))
