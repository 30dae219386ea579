"""Allocations: exact, computed again from their inputs, within what was there (I-40 to I-44)."""

import hashlib
import json
from collections import defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select

from ledger.core.accounts import Acct
from ledger.core.allocation import recomputed
from ledger.core.vocabulary import BookKind
from ledger.db import ReadSession
from ledger.errors import Invalid
from ledger.models.books import Book
from ledger.models.journal import Entry, Posting
from ledger.models.people import Membership
from ledger.models.pools import AllocationLine, AllocationRun, RunState
from ledger.queries.invariants.result import Finding, count, first

# What a pool can give away: cash, what its host holds for it, less what it owes and has promised
# away (domain section 6).
SPENDABLE = (
    range(1000, 1116),
    range(1120, 1131),
    range(1300, 1301),
    range(2000, 3000),
)
PROMISED_AWAY = (Acct.ALLOCATIONS_APPROVED, Acct.ENCUMBRANCES)
POSTED = AllocationRun.state == RunState.POSTED
# Entries that give away what a pool has, by a decision.
GIVEN = ("allocation_made", "conditional_allocation_approve")


def exact(session: ReadSession) -> Finding:
    """I-40: lines add up to what was decided, and come out of the stored inputs again."""
    adds_up = (
        select(AllocationRun.id, AllocationRun.quantity, func.sum(AllocationLine.quantity))
        .join(AllocationLine, AllocationLine.run_id == AllocationRun.id)
        .group_by(AllocationRun.id, AllocationRun.quantity)
        .having(func.sum(AllocationLine.quantity) != AllocationRun.quantity)
        .limit(1)
    )
    found = first(session, adds_up, "run {0}: {1} decided, {2} in lines") or _recomputed(session)
    return count(session, AllocationRun), found


def within(session: ReadSession) -> Finding:
    """I-41: when it was decided, a pool had what was allocated.

    The books are walked in the order in which they became known, as whoever decided saw them.
    """
    promised = Posting.account.in_(PROMISED_AWAY)
    spendable = or_(*(Posting.account.between(span.start, span.stop - 1) for span in SPENDABLE))
    step = func.sum(case((promised, -Posting.quantity), else_=Posting.quantity))
    steps = (
        select(
            Posting.book_id,
            Posting.entry_id,
            Entry.event_type,
            Entry.recorded_at,
            step.label("step"),
        )
        .join(Entry, and_(Entry.book_id == Posting.book_id, Entry.id == Posting.entry_id))
        .join(Book, Book.id == Posting.book_id)
        .where(
            Book.kind == BookKind.POOL,
            Posting.commodity == Book.commodity,
            or_(promised, spendable),
        )
        .group_by(Posting.book_id, Posting.entry_id, Entry.event_type, Entry.recorded_at)
        .subquery()
    )
    left = func.sum(steps.c.step).over(
        partition_by=steps.c.book_id, order_by=(steps.c.recorded_at, steps.c.entry_id)
    )
    walked = select(
        steps.c.entry_id, steps.c.event_type, steps.c.step, left.label("left")
    ).subquery()
    query = (
        select(walked.c.entry_id, walked.c.left)
        .where(walked.c.event_type.in_(GIVEN), walked.c.step < 0, walked.c.left < 0)
        .limit(1)
    )
    return count(session, Entry, Entry.event_type.in_(GIVEN)), first(
        session, query, "entry {0} gave away more than there was, by {1}"
    )


def disinterested(session: ReadSession) -> Finding:
    """I-44: no share is approved by somebody who belongs to its community alone."""
    roles: dict[UUID, set[UUID]] = defaultdict(set)
    deciders = select(AllocationRun.decided_by).where(POSTED)
    for person, book in session.execute(
        select(Membership.person_id, Membership.book_id).where(Membership.person_id.in_(deciders))
    ):
        roles[person].add(book)
    rows = session.execute(
        select(AllocationRun.id, AllocationRun.decided_by, AllocationLine.book_id)
        .join(AllocationLine, AllocationLine.run_id == AllocationRun.id)
        .where(POSTED, AllocationLine.quantity > 0)
        .order_by(AllocationRun.id)
    ).all()
    for run_id, person_id, book_id in rows:
        if person_id is None or roles[person_id] <= {book_id}:
            return len(rows), f"run {run_id} was approved by the community that it benefits alone"
    return len(rows), None


def _recomputed(session: ReadSession) -> str | None:
    """Compute every run again. Its hash covers the inputs, so that those cannot change either."""
    lines: dict[UUID, list[tuple[str, int]]] = defaultdict(list)
    for run_id, code, quantity in session.execute(
        select(AllocationLine.run_id, Book.code, AllocationLine.quantity)
        .join(Book, Book.id == AllocationLine.book_id)
        .order_by(AllocationLine.run_id, AllocationLine.position)
    ):
        lines[run_id].append((code, int(quantity)))
    for run in session.scalars(select(AllocationRun).order_by(AllocationRun.id)):
        text = json.dumps(run.inputs, sort_keys=True, separators=(",", ":"))
        if hashlib.sha256(text.encode()).hexdigest() != run.inputs_sha256:
            return f"run {run.id}: its inputs are not what was decided on"
        if _shares(run.inputs) != lines[run.id]:
            return f"run {run.id}: its inputs give other shares"
    return None


def _shares(inputs: dict[str, Any]) -> list[tuple[str, int]]:
    try:
        return [(share.key, share.quantity) for share in recomputed(inputs).shares]
    except Invalid:
        return []
