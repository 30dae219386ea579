"""Roles that move money are given by two people, and everybody who holds one is told.

Where nobody else is there to agree, such a role starts after a pause; only the very first people
of a book, before anything is booked, start at once. Ending a role needs nobody else.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from ledger.core.days import day_in, end_of
from ledger.core.payloads import to_document
from ledger.core.vocabulary import RequestState, Role
from ledger.core.written import counted, format_day
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.models.journal import Entry
from ledger.models.people import Membership
from ledger.models.policies import PolicyChoice
from ledger.models.rights_log import RightsKind
from ledger.queries.approvals.rules import ROLE, deciders, holders_of
from ledger.queries.books.policies import policy_of
from ledger.queries.people.people import roles_to_come, told_of_roles
from ledger.services.approvals.registry import ApprovalKind, Decision, payload_of, register
from ledger.services.approvals.requests import propose
from ledger.services.books.policies import choose_policy
from ledger.services.people import people
from ledger.services.people.rights_log import record

MONEY_ROLES = (Role.TREASURER, Role.APPROVER, Role.ADMIN)
PAUSE = "role_pause_days"
# Whose role ended so lately is told as well: nobody is removed first and bypassed then.
LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RoleAsked:
    """A role that somebody is to hold, through the day ``until`` if it ends."""

    person: UUID
    role: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What became of a wish to give a role: ``asked`` of somebody else, or ``starts_at``; neither
    where it is held already."""

    asked: ApprovalRequest | None = None
    starts_at: datetime | None = None


def give_role(
    session: Session,
    *,
    book: Book,
    person_id: UUID,
    role: str,
    given_by: UUID,
    now: datetime,
    until: date | None = None,
) -> Given:
    """Give a role, or ask for it where it moves money and somebody else can agree.

    It ends after the day ``until``, where the book is kept. Raises as ``people.grant_role``, and
    Conflict for what is asked for already.
    """
    if role not in MONEY_ROLES:
        row = people.grant_role(
            session,
            person_id=person_id,
            book_id=book.id,
            role=role,
            now=now,
            granted_by=given_by,
            ends_at=_end(book, until),
        )
        return Given(starts_at=row.starts_at if row else None)
    held = roles_to_come(session, person_id=person_id, book_id=book.id, now=now)
    if role in held:
        return Given()
    if others_of(session, book.id, but={given_by, person_id}, now=now):
        if until is not None and until < day_in(book.time_zone, now):
            raise Invalid("The role must end on or after the day it starts.", place="until")
        return Given(asked=_ask(session, book, person_id, role, held, given_by, now, until))
    start = now + pause_of(session, book, now)
    row = people.grant_role(
        session,
        person_id=person_id,
        book_id=book.id,
        role=role,
        now=now,
        granted_by=given_by,
        starts_at=start,
        ends_at=_end(book, until),
    )
    begins = format_day(day_in(book.time_zone, start))
    day = f"It starts on {begins}." if start > now else "It starts immediately."
    _tell(
        session,
        book,
        f"A new person gets the role {role}. {day} No second person could approve it.",
        now=now,
    )
    return Given(starts_at=row.starts_at if row else None)


def others_of(session: ReadSession, book_id: UUID, *, but: set[UUID], now: datetime) -> set[UUID]:
    """Return who else could agree to a role in a book: its other admins and approvers."""
    return holders_of(session, book_id=book_id, roles=deciders(ROLE), now=now) - but


def pause_of(session: ReadSession, book: Book, now: datetime) -> timedelta:
    """Return how long a role waits that one person gives alone: nothing before the first entry."""
    booked = session.scalar(select(Entry.id).where(Entry.book_id == book.id).limit(1))
    if booked is None:
        return timedelta(0)
    policy = policy_of(session, book, day_in(book.time_zone, now))
    return timedelta(days=policy.role_pause_days)


def apply_role(
    session: Session, approval_request: ApprovalRequest, payload: RoleAsked, decision: Decision
) -> None:
    """Give an agreed role at once. Raises NotAllowed for whoever would get it, and as
    ``people.grant_role``."""
    if decision.by == payload.person:
        raise NotAllowed("You cannot give a role to yourself.", place="proposal")
    book = session.get_one(Book, approval_request.book_id)
    people.grant_role(
        session,
        person_id=payload.person,
        book_id=book.id,
        role=payload.role,
        now=decision.now,
        granted_by=approval_request.made_by,
        ends_at=_end(book, payload.until),
    )
    sentence = f"A new person now has the role {payload.role}, approved by two people."
    _tell(session, book, sentence, now=decision.now)


def refuse_role(
    session: Session, approval_request: ApprovalRequest, payload: RoleAsked, decision: Decision
) -> None:
    """Note that somebody said no, and tell all who hold such roles."""
    _record(
        session,
        RightsKind.ROLE_REFUSED,
        decision.by,
        approval_request.book_id,
        to_document(payload),
        decision.now,
    )
    book = session.get_one(Book, approval_request.book_id)
    sentence = f"A request for the role {payload.role} was rejected."
    _tell(session, book, sentence, now=decision.now)


def take_role(
    session: Session, *, book: Book, membership_id: UUID, taken_by: UUID | None, now: datetime
) -> None:
    """End a role at once and tell all who hold such roles. Raises as ``people.end_role``."""
    people.end_role(
        session, book_id=book.id, membership_id=membership_id, ended_by=taken_by, now=now
    )
    role = session.get_one(Membership, membership_id).role
    if role in MONEY_ROLES:
        _tell(session, book, f"A role has ended: {role}.", now=now)


def told_by_operator(session: Session, *, book: Book, role: str, now: datetime) -> None:
    """Tell all who hold such roles that one was given on the command line."""
    if role in MONEY_ROLES:
        _tell(session, book, f"The operator gave a new person the role {role}.", now=now)


def choose_pause(
    session: Session, *, book: Book, days: int, made_by: UUID, now: datetime
) -> PolicyChoice:
    """Set the pause of a book whose admin is alone; a shorter one holds after the present one.

    Raises Conflict where somebody else could agree to roles, which then need no pause.
    """
    if others_of(session, book.id, but={made_by}, now=now):
        raise Conflict(
            "Another person can approve roles here, so no waiting period is needed.", place=PAUSE
        )
    today = day_in(book.time_zone, now)
    present = policy_of(session, book, today).role_pause_days
    since = day_in(book.time_zone, now + pause_of(session, book, now)) if days < present else today
    choice = choose_policy(
        session,
        book=book,
        key=PAUSE,
        value=str(days),
        valid_from_on=since,
        now=now,
        made_by=made_by,
    )
    _tell(
        session,
        book,
        f"From {format_day(since)} on, a new role starts "
        f"{counted(days, 'day', 'days')} after it is given.",
        now=now,
    )
    return choice


def _ask(
    session: Session,
    book: Book,
    person_id: UUID,
    role: str,
    held: frozenset[str],
    asked_by: UUID,
    now: datetime,
    until: date | None,
) -> ApprovalRequest:
    if asked_by == person_id:
        raise NotAllowed("You cannot give a role to yourself.")
    if role not in tuple(Role):
        raise Invalid("There is no role {role}.", place="role", role=role)
    people.check_together(held, role)
    payload = RoleAsked(person_id, role, until)
    open_ones = session.scalars(
        select(ApprovalRequest).where(
            ApprovalRequest.book_id == book.id,
            ApprovalRequest.kind == ROLE,
            ApprovalRequest.state == RequestState.OPEN,
        )
    )
    known: list[RoleAsked] = [payload_of(ROLE, row.arguments) for row in open_ones]
    if any((one.person, one.role) == (person_id, role) for one in known):
        raise Conflict(
            "This has already been requested. Another person needs to approve it.", place="role"
        )
    approval_request = propose(
        session,
        book_id=book.id,
        kind=ROLE,
        title=f"New {role}",
        reason="A role that moves money is given by two people.",
        payload=payload,
        made_by=asked_by,
        now=now,
    )
    _record(session, RightsKind.ROLE_ASKED, asked_by, book.id, to_document(payload), now)
    _tell(
        session,
        book,
        f"An admin requested the role {role} for a person. Another admin or an approver decides.",
        now=now,
    )
    return approval_request


def _end(book: Book, until: date | None) -> datetime | None:
    """Return when a role ends that is held through a day, where the book is kept."""
    return end_of(book.time_zone, until) if until is not None else None


def _record(
    session: Session,
    kind: RightsKind,
    actor: UUID,
    book_id: UUID,
    about: dict[str, str],
    now: datetime,
) -> None:
    record(session, kind=kind, actor=actor, book=book_id, about=about, now=now)


def _tell(session: Session, book: Book, sentence: str, *, now: datetime) -> None:
    """Tell everybody who holds a role that moves money, will hold one, or held one until lately.

    Names stay on the pages: a message cannot be emptied for somebody who is erased.
    """
    for address in told_of_roles(
        session, book_id=book.id, roles=MONEY_ROLES, now=now, since=now - LATELY
    ):
        people.send(
            session,
            to_email=address,
            subject=f"Roles in {book.name}",
            body=(
                f"{sentence}\n\nSign in for details: open Approval requests, or People in "
                f"{book.name}. If you did not expect this, contact the others immediately."
            ),
            now=now,
        )


register(ApprovalKind(ROLE, RoleAsked, apply_role, refuse_role, books_nothing=True))
