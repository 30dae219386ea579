"""Decisions: what an approver's yes or no sets in motion; each kind's own service says what."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core.approval_rules import entry_amount
from ledger.core.days import day_in
from ledger.core.vocabulary import RequestState
from ledger.db import ReadSession, Session
from ledger.ids import new_id
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.models.journal import Posting
from ledger.queries.approvals.rules import needed_by, rules_of, signers_of
from ledger.services.approvals.registry import Decision, kind_of, payload_of
from ledger.services.approvals.requests import mark_decided, sign
from ledger.services.books import journal


def prepare(session: Session, kind: str) -> None:
    """Take the lock that a kind of decision needs before its transaction reads anything.

    Raises Conflict for a kind that this program does not know.
    """
    lock = kind_of(kind).lock
    if lock is not None:
        lock(session)


def decide(
    session: Session,
    *,
    request_id: UUID,
    approve: bool,
    decided_by: UUID,
    note: str,
    now: datetime,
    confirmed: bool = False,
) -> ApprovalRequest:
    """Sign a request or reject it, and do what follows, all or nothing. Raises as the kind does.

    A yes carries the request out once as many people have signed as the book's rule asks for. What
    it books counts as well as what was asked for: if that needs more people, it is undone and the
    signature stays. ``confirmed`` as in ``Decision``.
    """
    approval_request = sign(
        session, request_id=request_id, approve=approve, by=decided_by, note=note, now=now
    )
    kind = kind_of(approval_request.kind)
    decision = decision_by(session, approval_request, decided_by, now, note)
    decision = replace(decision, confirmed=confirmed)
    if approval_request.state == RequestState.REJECTED:
        if kind.reject is not None:
            kind.reject(
                session,
                approval_request,
                payload_of(kind.name, approval_request.arguments),
                decision,
            )
        return approval_request
    payload = payload_of(kind.name, approval_request.arguments)
    signed = len(signers_of(session, approval_request=approval_request, now=now))
    # Read before the request is carried out: it may be another rule.
    policy = rules_of(session, [approval_request.book_id], now)[approval_request.book_id]
    currency = session.get_one(Book, approval_request.book_id).commodity
    if signed < needed_by(policy, approval_request.kind, approval_request.arguments, currency):
        return approval_request
    start = new_id()
    attempt = session.begin_nested()
    kind.approve(session, approval_request, payload, decision)
    booked = booked_since(session, approval_request, start)
    if signed < needed_by(
        policy, approval_request.kind, approval_request.arguments, currency, booked
    ):
        attempt.rollback()
        journal.forget_undone(session)
        return approval_request
    attempt.commit()
    return mark_decided(
        session, approval_request, RequestState.APPROVED, by=decided_by, note=note, now=now
    )


def decision_by(
    session: ReadSession,
    approval_request: ApprovalRequest,
    person_id: UUID,
    now: datetime,
    note: str = "",
) -> Decision:
    """Return somebody's decision about a request, on the day where its book is kept."""
    on = day_in(session.get_one(Book, approval_request.book_id).time_zone, now)
    return Decision(person_id, on, now, note)


def booked_since(session: ReadSession, approval_request: ApprovalRequest, start: UUID) -> int:
    """Return the largest amount of the entries made after an id in a proposal's book, minor units.

    Ids rise with time within one program; other transactions' entries are not to be seen yet.
    """
    legs: dict[UUID, list[tuple[int, str, int]]] = {}
    rows = session.execute(
        select(Posting.entry_id, Posting.account, Posting.commodity, Posting.quantity).where(
            Posting.book_id == approval_request.book_id, Posting.entry_id > start
        )
    )
    for entry_id, account, commodity, quantity in rows:
        legs.setdefault(entry_id, []).append((account, commodity, quantity))
    currency = session.get_one(Book, approval_request.book_id).commodity
    return max((entry_amount(found, currency) for found in legs.values()), default=0)
