"""Questions about approvals: who may approve what, how many have to, and who has."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from ledger.core.approval_rules import KEY, asked_amount, people_needed
from ledger.core.days import day_in
from ledger.core.policies import Policy, profile, with_choices
from ledger.db import ReadSession
from ledger.models.approval_requests import Approval, ApprovalRequest
from ledger.models.books import Book
from ledger.models.people import Membership, Person
from ledger.models.policies import PolicyChoice

# Requests to change how many people approve, and to give a role: admins decide them as well.
RULE = "approval_rule"
ROLE = "role"
# Requests to change where donors send money, and how the books treat something: admins as well.
BANK_DETAILS = "bank_details"
POLICY = "policy"
# Requests to undo what was booked: the rules of what is undone hold for them too.
UNDO = "undo"
RIGHTS = frozenset({RULE, ROLE, BANK_DETAILS, POLICY})
APPROVERS = frozenset({"approver"})
DECIDERS_OF_RIGHTS = frozenset({"approver", "admin"})


def deciders(kind: str) -> frozenset[str]:
    """Return the roles that may approve a kind of request."""
    return DECIDERS_OF_RIGHTS if kind in RIGHTS else APPROVERS


def rules_of(session: ReadSession, book_ids: Collection[UUID], now: datetime) -> dict[UUID, Policy]:
    """Return the policies of some books as far as approvals go, today in each."""
    books = session.scalars(select(Book).where(Book.id.in_(book_ids))).all()
    on = {book.id: day_in(book.time_zone, now) for book in books}
    found: dict[UUID, dict[str, str]] = {book.id: {} for book in books}
    rows = session.execute(
        select(PolicyChoice)
        .where(PolicyChoice.book_id.in_(book_ids), PolicyChoice.key.startswith(KEY))
        .order_by(PolicyChoice.valid_from_on, PolicyChoice.id)
    ).scalars()
    for row in rows:
        if row.valid_from_on <= on[row.book_id]:
            found[row.book_id][row.key] = row.value
    return {book.id: with_choices(profile(book.profile), found[book.id]) for book in books}


def choices_of_rules(session: ReadSession, book_id: UUID) -> list[tuple[date, str, str, str]]:
    """Return every choice about approvals: since when, its key and value, and who made it."""
    rows = session.execute(
        select(PolicyChoice.valid_from_on, PolicyChoice.key, PolicyChoice.value, Person.name)
        .outerjoin(Person, Person.id == PolicyChoice.made_by)
        .where(PolicyChoice.book_id == book_id, PolicyChoice.key.startswith(KEY))
        .order_by(PolicyChoice.valid_from_on.desc(), PolicyChoice.id.desc())
    )
    return [(since, key, value, name or "") for since, key, value, name in rows]


def needed_by(
    policy: Policy, kind: str, arguments: Mapping[str, Any], currency: str, booked: int = 0
) -> int:
    """Return how many people approve a request; ``booked`` is what it turned out to book.

    A rule is changed by as many people as it asks for at most.
    """
    if kind == ROLE:
        return 1
    if kind == RULE:
        return max(people for _start, people in policy.bands_of(arguments["kind"]))
    asked = asked_amount(arguments, currency)
    amount = None if asked is None else max(asked, booked)
    kinds = [kind, *(arguments["kinds"] if kind == UNDO else ())]
    return max(people_needed(policy.bands_of(one), amount, currency) for one in kinds)


def signers_of(
    session: ReadSession, *, approval_request: ApprovalRequest, now: datetime
) -> list[UUID]:
    """Return who has signed a request and may still approve it, the first first.

    A signature of somebody whose role has ended counts no more.
    """
    return list(
        session.scalars(
            select(Approval.approved_by)
            .where(
                Approval.request_id == approval_request.id,
                Approval.approved_by != approval_request.made_by,
                Approval.approved_by.in_(
                    _holders(approval_request.book_id, deciders(approval_request.kind), now)
                ),
            )
            .order_by(Approval.approved_at)
        )
    )


def may_sign(
    session: ReadSession, *, approval_request: ApprovalRequest, person_id: UUID, now: datetime
) -> bool:
    """Tell whether somebody holds a role that approves this request."""
    holders = _holders(approval_request.book_id, deciders(approval_request.kind), now)
    return session.scalar(holders.where(Membership.person_id == person_id).limit(1)) is not None


def holders_of(
    session: ReadSession, *, book_id: UUID, roles: Collection[str], now: datetime
) -> set[UUID]:
    """Return who holds one of some roles in a book at this instant."""
    return set(session.scalars(_holders(book_id, roles, now)))


def _holders(book_id: UUID, roles: Collection[str], now: datetime) -> Any:
    return select(Membership.person_id).where(
        Membership.book_id == book_id,
        Membership.role.in_(roles),
        Membership.starts_at <= now,
        or_(Membership.ends_at.is_(None), Membership.ends_at > now),
    )
