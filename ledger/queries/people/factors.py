"""Questions about second factors: who has which, and whose role needs one.

A book says for each role whether a factor is off, asked for or required. What is required and
missing after its grace holds the role back: its holder may read and not write.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Exists, exists, func, or_, select

from ledger.core.vocabulary import Role
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.models.factors import (
    FactorDemand,
    FactorPolicy,
    FactorReset,
    Passkey,
    RecoveryCode,
    Totp,
)
from ledger.models.people import Membership

GRACE_DAYS = 7
# Roles that move money or give rights: asked for a factor unless their book says otherwise, and
# paused after their holder's factors were reset.
GUARDED_ROLES = frozenset({Role.TREASURER, Role.APPROVER, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Factors:
    """What somebody can show besides their mailbox."""

    passkeys: tuple[Passkey, ...]
    app: Totp | None
    codes_left: int

    @property
    def any(self) -> bool:
        """Whether there is a passkey or an app; recovery codes alone are no factor."""
        return bool(self.passkeys) or self.app is not None


@dataclass(frozen=True, slots=True)
class Missing:
    """A role that asks for a factor its holder does not have; ``due_at`` is None when not required.

    ``is_held_back``: the role may read and not write until its holder has a factor.
    """

    book_id: UUID
    book_name: str
    role: str
    due_at: datetime | None
    is_held_back: bool


@dataclass(frozen=True, slots=True)
class Demand:
    """What a book asks of a role."""

    demand: str
    grace_days: int = GRACE_DAYS


def factors_of(session: ReadSession, person_id: UUID) -> Factors:
    """Return a person's factors, passkeys from the oldest on."""
    passkeys = session.scalars(
        select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.created_at)
    )
    app = session.scalar(
        select(Totp).where(Totp.person_id == person_id, Totp.verified_at.is_not(None))
    )
    codes = session.scalar(
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    )
    return Factors(tuple(passkeys), app, int(codes or 0))


def has_factor(session: ReadSession, person_id: UUID) -> bool:
    """Tell whether somebody has a passkey or an app."""
    return bool(session.scalar(select(or_(_has_passkey(person_id), _has_app(person_id)))))


def people_with_factors(session: ReadSession, person_ids: set[UUID]) -> set[UUID]:
    """Return who of some people has a passkey or an app."""
    keys = select(Passkey.person_id).where(Passkey.person_id.in_(person_ids))
    apps = select(Totp.person_id).where(
        Totp.person_id.in_(person_ids), Totp.verified_at.is_not(None)
    )
    return set(session.scalars(keys.union(apps)))


def demands_of(session: ReadSession, book_id: UUID) -> Mapping[str, Demand]:
    """Return what a book asks of the roles for which it has said so."""
    rows = session.scalars(select(FactorPolicy).where(FactorPolicy.book_id == book_id))
    return {row.role: Demand(row.demand, row.grace_days) for row in rows}


def default_demand(role: str) -> Demand:
    """Return what is asked of a role of which its book says nothing."""
    return Demand(FactorDemand.ASKED if role in GUARDED_ROLES else FactorDemand.OFF)


def missing_factors(session: ReadSession, *, person_id: UUID, now: datetime) -> tuple[Missing, ...]:
    """Return a person's roles that ask for a factor, when they have none; nothing otherwise."""
    reset = select(FactorReset.reset_at).where(FactorReset.person_id == person_id)
    rows = session.execute(
        select(Membership, Book.name, FactorPolicy, reset.scalar_subquery())
        .join(Book, Book.id == Membership.book_id)
        .outerjoin(
            FactorPolicy,
            (FactorPolicy.book_id == Membership.book_id) & (FactorPolicy.role == Membership.role),
        )
        .where(
            Membership.person_id == person_id,
            Membership.starts_at <= now,
            or_(Membership.ends_at.is_(None), Membership.ends_at > now),
            ~_has_passkey(person_id),
            ~_has_app(person_id),
        )
        .order_by(Book.code, Membership.role)
    )
    found = (_missing(held, name, policy, reset_at, now) for held, name, policy, reset_at in rows)
    return tuple(row for row in found if row is not None)


def _missing(
    held: Membership,
    book_name: str,
    policy: FactorPolicy | None,
    reset_at: datetime | None,
    now: datetime,
) -> Missing | None:
    demand = policy.demand if policy is not None else default_demand(held.role).demand
    due_at = None
    if policy is not None and demand == FactorDemand.REQUIRED:
        due_at = max(policy.set_at, held.starts_at) + timedelta(days=policy.grace_days)
    if reset_at is not None and held.role in GUARDED_ROLES:
        due_at = min(reset_at, due_at or reset_at)
    if due_at is None and demand == FactorDemand.OFF:
        return None
    is_held_back = due_at is not None and due_at <= now
    return Missing(held.book_id, book_name, held.role, due_at, is_held_back)


def _has_passkey(person_id: UUID) -> Exists:
    return exists().where(Passkey.person_id == person_id)


def _has_app(person_id: UUID) -> Exists:
    return exists().where(Totp.person_id == person_id, Totp.verified_at.is_not(None))
