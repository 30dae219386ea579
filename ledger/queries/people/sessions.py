"""Questions about sessions: whose a token is, and in which browsers somebody is signed in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from ledger.db import ReadSession
from ledger.models.people import InstallationAdmin, Membership, Person
from ledger.models.sessions import SignInSession
from ledger.queries.people.people import held_now


@dataclass(frozen=True, slots=True)
class Known:
    """A live session, whose it is, and whether they gained a role since its token was made."""

    row: SignInSession
    person: Person
    has_gained: bool
    runs_installation: bool


def is_live(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a session has neither been ended nor run out."""
    return (
        SignInSession.ended_at.is_(None)
        & (SignInSession.idle_until > now)
        & (SignInSession.absolute_until > now)
    )


def holds_at(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a role is held at this instant."""
    return (Membership.starts_at <= now) & or_(
        Membership.ends_at.is_(None), Membership.ends_at > now
    )


def session_of(session: ReadSession, *, token_sha256: str, now: datetime) -> Known | None:
    """Return the live session of a token, by the hash of the token."""
    newest_role = (
        select(func.max(Membership.starts_at))
        .where(Membership.person_id == SignInSession.person_id, holds_at(now))
        .scalar_subquery()
    )
    looks_after = (
        select(func.max(InstallationAdmin.starts_at))
        .where(InstallationAdmin.person_id == SignInSession.person_id, held_now(now))
        .scalar_subquery()
    )
    found = session.execute(
        select(
            SignInSession,
            Person,
            newest_role > SignInSession.issued_at,
            looks_after.is_not(None),
            looks_after > SignInSession.issued_at,
        )
        .join(Person, Person.id == SignInSession.person_id)
        .where(SignInSession.token_sha256 == token_sha256, is_live(now))
    ).one_or_none()
    if found is None:
        return None
    row, person, gained, runs_installation, gained_that = found
    return Known(row, person, bool(gained or gained_that), bool(runs_installation))


def sessions_of(session: ReadSession, *, person_id: UUID, now: datetime) -> list[SignInSession]:
    """Return a person's live sessions, the one used last first."""
    return list(
        session.scalars(
            select(SignInSession)
            .where(SignInSession.person_id == person_id, is_live(now))
            .order_by(SignInSession.last_seen_at.desc(), SignInSession.id)
        )
    )


def holds_a_role(session: ReadSession, *, person_id: UUID, now: datetime) -> bool:
    """Tell whether a person holds a role in any book at this instant."""
    row = select(Membership.id).where(Membership.person_id == person_id, holds_at(now)).limit(1)
    return session.scalar(row) is not None
