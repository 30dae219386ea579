"""People, their roles, and sign-in links.

A secret is shown once and kept only as its SHA-256. Signing in never tells whether an address
is known: the same message goes out, or none does, and the page says the same.
"""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from ledger.core.bounds import LONGEST_LINE, check_text
from ledger.core.vocabulary import Role
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.models.people import Membership, OutboxMessage, Person
from ledger.models.rights_log import RightsKind
from ledger.queries.people.people import person_by_email, roles_to_come
from ledger.services.people.rights_log import record

# An audit is for a year; whoever needs longer is given the role again.
AUDITOR_LASTS = timedelta(days=365)
# Roles that one person may not hold at once in one book (domain section 11).
INCOMPATIBLE = (
    frozenset({"treasurer", "approver"}),
    frozenset({"treasurer", "auditor"}),
    frozenset({"approver", "auditor"}),
    frozenset({"admin", "treasurer"}),
    frozenset({"admin", "approver"}),
    frozenset({"admin", "auditor"}),
)


def create_person(session: Session, *, email: str, name: str, now: datetime) -> Person:
    """Make a person known, or return who has the address already. Raises Invalid."""
    address = clean_email(email)
    existing = person_by_email(session, address)
    if existing is not None:
        return existing
    called = check_text(name.strip(), longest=LONGEST_LINE, place="name")
    person = Person(email=address, name=called or address, created_at=now)
    session.add(person)
    session.flush()
    return person


def grant_role(
    session: Session,
    *,
    person_id: UUID,
    book_id: UUID,
    role: str,
    now: datetime,
    granted_by: UUID | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Membership | None:
    """Give a role, from ``starts_at`` on or at once; None when it is held already or to come.

    It ends at ``ends_at``; an auditor's after a year where nothing else is said. Raises Invalid
    for a role that does not exist or ends before it starts, NotAllowed for one given to oneself,
    Conflict for incompatible duties.
    """
    if role not in tuple(Role):
        raise Invalid("There is no role {role}.", place="role", role=role)
    held = roles_to_come(session, person_id=person_id, book_id=book_id, now=now)
    if role in held:
        return None
    if granted_by == person_id:
        raise NotAllowed("You cannot give a role to yourself.")
    check_together(held, role)
    begins = starts_at or now
    if ends_at is None and role == "auditor":
        ends_at = begins + AUDITOR_LASTS
    if ends_at is not None and ends_at <= begins:
        raise Invalid("The role must end on or after the day it starts.", place="until")
    membership = Membership(
        person_id=person_id,
        book_id=book_id,
        role=role,
        starts_at=begins,
        ends_at=ends_at,
        granted_by=granted_by,
    )
    session.add(membership)
    session.flush()
    record(
        session,
        kind=RightsKind.ROLE_GRANTED,
        actor=granted_by,
        book=book_id,
        about={
            "person": person_id,
            "role": role,
            **({"ends": ends_at.isoformat()} if ends_at else {}),
        },
        now=now,
    )
    return membership


def check_together(held: frozenset[str], role: str) -> None:
    """Raise Conflict when a role may not be held together with others in one book."""
    if any(pair <= held | {role} for pair in INCOMPATIBLE):
        raise Conflict(
            "One person cannot be both {role} and {held} of the same book.",
            role=role,
            held=", ".join(sorted(held)),
        )


def end_role(
    session: Session, *, book_id: UUID, membership_id: UUID, ended_by: UUID | None, now: datetime
) -> None:
    """End a role at once. Raises NotFound for none of this book that still holds, NotAllowed for
    one's own: so whoever ends roles is always there to give them."""
    row = session.get(Membership, membership_id)
    if row is None or row.book_id != book_id or (row.ends_at is not None and row.ends_at <= now):
        raise NotFound("This person does not have this role here.", place="role")
    if row.person_id == ended_by:
        raise NotAllowed("You cannot end your own role.")
    row.ends_at = now
    session.flush()
    record(
        session,
        kind=RightsKind.ROLE_ENDED,
        actor=ended_by,
        book=book_id,
        about={"person": row.person_id, "role": row.role},
        now=now,
    )


def send(session: Session, *, to_email: str, subject: str, body: str, now: datetime) -> None:
    """Put a message into the outbox, in the transaction that causes it."""
    session.add(
        OutboxMessage(to_email=to_email, subject=subject, body=body, created_at=now, due_at=now)
    )


def clean_email(text: str) -> str:
    """Return the address in the form it is kept in. Raises Invalid."""
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise Invalid(
            "Enter an e-mail address like name@example.org.",
            place="email",
            messages={"email": ["Enter an e-mail address like name@example.org."]},
        ) from error


def sha256(text: str) -> str:
    """Return the hexadecimal SHA-256 of a secret."""
    return hashlib.sha256(text.encode()).hexdigest()
