"""Questions about people and their roles."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, true

from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.models.parties import Party
from ledger.models.people import ApiToken, InstallationAdmin, Membership, OutboxMessage, Person


def person_by_email(session: ReadSession, email: str) -> Person | None:
    """Return who has this e-mail address, in any capitals."""
    return session.scalar(select(Person).where(Person.email == email.strip().lower()))


def name_given(session: ReadSession, *, email: str) -> str | None:
    """Return the name that was typed with an address when it first gave, None if it never did."""
    return session.scalar(
        select(Party.name).where(Party.email == email).order_by(Party.created_at, Party.id).limit(1)
    )


def roles_of(
    session: ReadSession, *, person_id: UUID, book_id: UUID, now: datetime
) -> frozenset[str]:
    """Return the roles that a person holds in a book at this instant."""
    return frozenset(
        session.scalars(
            select(Membership.role).where(
                Membership.person_id == person_id,
                Membership.book_id == book_id,
                Membership.starts_at <= now,
                or_(Membership.ends_at.is_(None), Membership.ends_at > now),
            )
        )
    )


def held_now(now: datetime) -> ColumnElement[bool]:
    """Return the condition that somebody looks after the installation at this instant."""
    row = InstallationAdmin
    return (row.starts_at <= now) & or_(row.ends_at.is_(None), row.ends_at > now)


def runs_installation(session: ReadSession, *, person_id: UUID, now: datetime) -> bool:
    """Tell whether a person looks after the installation at this instant."""
    row = InstallationAdmin
    found = select(row.id).where(row.person_id == person_id, held_now(now)).limit(1)
    return session.scalar(found) is not None


def installation_admins(session: ReadSession, *, now: datetime) -> list[Person]:
    """Return who looks after the installation at this instant, by name."""
    query = select(Person).join(InstallationAdmin, InstallationAdmin.person_id == Person.id)
    return list(session.scalars(query.where(held_now(now)).order_by(Person.name, Person.id)))


def roles_to_come(
    session: ReadSession, *, person_id: UUID, book_id: UUID, now: datetime
) -> frozenset[str]:
    """Return the roles that a person holds in a book at this instant or will hold."""
    return frozenset(
        session.scalars(
            select(Membership.role).where(
                Membership.person_id == person_id,
                Membership.book_id == book_id,
                or_(Membership.ends_at.is_(None), Membership.ends_at > now),
            )
        )
    )


def memberships_of(
    session: ReadSession, *, person_id: UUID, now: datetime
) -> list[tuple[Book, frozenset[str]]]:
    """Return the books in which a person holds roles at this instant, by code."""
    found: dict[UUID, tuple[Book, set[str]]] = {}
    for book, role in session.execute(
        select(Book, Membership.role)
        .join(Membership, Membership.book_id == Book.id)
        .where(
            Membership.person_id == person_id,
            Membership.starts_at <= now,
            or_(Membership.ends_at.is_(None), Membership.ends_at > now),
        )
        .order_by(Book.code)
    ):
        found.setdefault(book.id, (book, set()))[1].add(role)
    return [(book, frozenset(roles)) for book, roles in found.values()]


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role that somebody holds, and who gave it."""

    id: UUID
    person_id: UUID
    name: str
    email: str
    role: str
    starts_at: datetime
    ends_at: datetime | None
    granted_by: str


def people_of(
    session: ReadSession, *, book_id: UUID, now: datetime, to_come: bool = False
) -> list[RoleRow]:
    """Return who holds which role in a book at this instant, by name; ``to_come`` adds the roles
    that start later."""
    giver = select(Person.id, Person.name).subquery()
    rows = session.execute(
        select(Membership, Person, giver.c.name)
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(giver, giver.c.id == Membership.granted_by)
        .where(
            Membership.book_id == book_id,
            true() if to_come else Membership.starts_at <= now,
            or_(Membership.ends_at.is_(None), Membership.ends_at > now),
        )
        .order_by(Person.name, Membership.role)
    )
    return [
        RoleRow(row.id, who.id, who.name, who.email, row.role, row.starts_at, row.ends_at, by or "")
        for row, who, by in rows
    ]


def told_of_roles(
    session: ReadSession, *, book_id: UUID, roles: Collection[str], now: datetime, since: datetime
) -> list[str]:
    """Return the addresses of those who hold one of some roles in a book, will hold one, or held
    one until after an instant."""
    return list(
        session.scalars(
            select(Person.email)
            .join(Membership, Membership.person_id == Person.id)
            .where(
                Membership.book_id == book_id,
                Membership.role.in_(roles),
                # An erased person has no name, and no address that takes mail.
                Person.name != "",
                or_(
                    Membership.ends_at.is_(None),
                    Membership.ends_at > now,
                    and_(Membership.ends_at > since, Membership.starts_at < Membership.ends_at),
                ),
            )
            .distinct()
            .order_by(Person.email)
        )
    )


def emails_with_role(session: ReadSession, *, book_id: UUID, role: str, now: datetime) -> list[str]:
    """Return the addresses of those who hold a role in a book at this instant."""
    return list(
        session.scalars(
            select(Person.email)
            .join(Membership, Membership.person_id == Person.id)
            .where(
                Membership.book_id == book_id,
                Membership.role == role,
                Membership.starts_at <= now,
                or_(Membership.ends_at.is_(None), Membership.ends_at > now),
            )
            .order_by(Person.email)
        )
    )


def names_of(session: ReadSession, person_ids: set[UUID]) -> dict[UUID, str]:
    """Return the names of people by id."""
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(person_ids)))
    return dict(iter(rows))


def outbox(session: ReadSession, *, limit: int = 50) -> list[OutboxMessage]:
    """Return the newest outgoing messages."""
    return list(
        session.scalars(
            select(OutboxMessage)
            .order_by(OutboxMessage.created_at.desc(), OutboxMessage.id.desc())
            .limit(limit)
        )
    )


def tokens_of(session: ReadSession, *, person_id: UUID) -> list[ApiToken]:
    """Return a person's tokens, those that are not revoked first, newest first."""
    return list(
        session.scalars(
            select(ApiToken)
            .where(ApiToken.person_id == person_id)
            .order_by(ApiToken.revoked_at.is_not(None), ApiToken.created_at.desc(), ApiToken.id)
        )
    )
