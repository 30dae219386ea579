"""People, their roles, and sign-in links.

A secret is shown once and kept only as its SHA-256. Signing in never tells whether an address
is known: the same message goes out, or none does, and the page says the same.
"""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select, update

from ledger.core.bounds import LONGEST_LINE, check_text
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.ids import new_id
from ledger.links import SIGN_IN, Links, place_for
from ledger.models.people import Membership, OutboxMessage, Person, SignInLink
from ledger.models.rights_log import RightsKind
from ledger.queries.people import name_given, person_by_email, roles_to_come
from ledger.services.rights_log import record

LINK_LIFETIME = timedelta(minutes=20)
LINKS_PER_HOUR = 5
ROLES = ("member", "treasurer", "approver", "auditor", "admin")
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

    Raises Invalid for a role that does not exist, NotAllowed for one given to oneself, Conflict
    for incompatible duties.
    """
    if role not in ROLES:
        raise Invalid(f"There is no role {role}.", place="role")
    held = roles_to_come(session, person_id=person_id, book_id=book_id, now=now)
    if role in held:
        return None
    if granted_by == person_id:
        raise NotAllowed("Nobody gives a role to themselves.")
    check_together(held, role)
    membership = Membership(
        person_id=person_id,
        book_id=book_id,
        role=role,
        starts_at=starts_at or now,
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
        about={"person": person_id, "role": role},
        now=now,
    )
    return membership


def check_together(held: frozenset[str], role: str) -> None:
    """Raise Conflict when a role may not be held together with others in one book."""
    if any(pair <= held | {role} for pair in INCOMPATIBLE):
        raise Conflict(f"One person cannot be {role} and {', '.join(sorted(held))} of one book.")


def end_role(
    session: Session, *, book_id: UUID, membership_id: UUID, ended_by: UUID | None, now: datetime
) -> None:
    """End a role at once. Raises NotFound for none of this book that still holds, NotAllowed for
    one's own: so whoever ends roles is always there to give them."""
    row = session.get(Membership, membership_id)
    if row is None or row.book_id != book_id or (row.ends_at is not None and row.ends_at <= now):
        raise NotFound("Nobody has this role here.", place="role")
    if row.person_id == ended_by:
        raise NotAllowed("Nobody ends a role of their own.")
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


def request_link(session: Session, *, email: str, links: Links, now: datetime) -> None:
    """Write a sign-in link to the outbox when somebody has a role or gave with this address;
    silently nothing otherwise.

    The message has the place of the link, which is signed with the installation's own key: a
    copy of the database signs nobody in. Raises Invalid for what is no address. At most five
    links an hour per address.
    """
    address = clean_email(email)
    if not _may_sign_in(session, address):
        return
    recent = session.scalar(
        select(func.count())
        .select_from(SignInLink)
        .where(SignInLink.email == address, SignInLink.created_at > now - timedelta(hours=1))
    )
    if recent is not None and recent >= LINKS_PER_HOUR:
        return
    place = _new_link(session, address=address, links=links, now=now)
    minutes = LINK_LIFETIME // timedelta(minutes=1)
    send(
        session,
        to_email=address,
        subject="Your sign-in link for Poolbook",
        body=(
            f"Follow this link to sign in. It works once, within {minutes} minutes.\n\n"
            f"{place}\n\n"
            "If you did not ask for it, do nothing: nobody is signed in."
        ),
        now=now,
    )


def issue_link(session: Session, *, email: str, links: Links, now: datetime) -> str:
    """Make a sign-in link for somebody with a role, or who gave, and return its place; for the
    operator, who hands it over without mail. Raises Invalid, or NotFound for who is unknown."""
    address = clean_email(email)
    if not _may_sign_in(session, address):
        raise NotFound("Nobody with this address has a role or has given.", place="email")
    return _new_link(session, address=address, links=links, now=now)


def _may_sign_in(session: ReadSession, address: str) -> bool:
    known = person_by_email(session, address)
    return known is not None or name_given(session, email=address) is not None


def _new_link(session: Session, *, address: str, links: Links, now: datetime) -> str:
    link_id = new_id()
    session.add(
        SignInLink(
            id=link_id,
            email=address,
            secret_sha256=sha256(links.token(SIGN_IN, link_id)),
            created_at=now,
            expires_at=now + LINK_LIFETIME,
        )
    )
    return place_for(SIGN_IN, link_id)


def use_link(session: Session, *, secret: str, now: datetime, name: str = "") -> Person:
    """Spend a sign-in link and return the person, made known by ``name`` if they gave without
    one. Raises NotAllowed when it is not good."""
    spent = session.execute(
        update(SignInLink)
        .where(
            SignInLink.secret_sha256 == sha256(secret),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > now,
        )
        .values(used_at=now)
        .returning(SignInLink.email)
    ).scalar_one_or_none()
    given = name_given(session, email=spent) if spent else None
    if spent is None or (given is None and person_by_email(session, spent) is None):
        raise NotAllowed(
            "This sign-in link was used already or is too old. Please ask for another."
        )
    return create_person(session, email=spent, name=name.strip() or given or "", now=now)


def address_of_link(session: ReadSession, *, secret: str, now: datetime) -> str | None:
    """Return whose link this is while it can still be used, without using it: mail scanners open
    links."""
    return session.scalar(
        select(SignInLink.email).where(
            SignInLink.secret_sha256 == sha256(secret),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > now,
        )
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
