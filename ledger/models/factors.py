"""Second factors of people: passkeys, app codes, recovery codes, and who must have one.

Secrets are encrypted or hashed with keys that are not in the database (``ledger.encryption``).
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON

from ledger.core.vocabulary import Role
from ledger.models.base import Base, Code, Key


class ChallengePurpose(StrEnum):
    """What an authenticator is asked for."""

    ENROL = "enrol"
    SIGN_IN = "sign_in"
    SECOND_STEP = "second_step"
    CONFIRM = "confirm"


class FactorDemand(StrEnum):
    """Whether a role needs a second factor."""

    OFF = "off"
    ASKED = "asked"
    REQUIRED = "required"


class Passkey(Base):
    """A WebAuthn credential. Its id and public key are kept in hexadecimal
    digits, in which no name can be found when a person is erased."""

    __tablename__ = "passkey"
    __table_args__ = (Index("ix_passkey_person_id", "person_id"),)

    id: Mapped[Key]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    credential_id: Mapped[str] = mapped_column(unique=True)
    public_key: Mapped[str]
    # How often the authenticator says it was used; synced passkeys always say 0.
    sign_count: Mapped[int]
    transports: Mapped[list[str]] = mapped_column(JSON)
    backed_up: Mapped[bool]
    label: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class Totp(Base):
    """An authenticator app that shows six digits (RFC 6238); one per person.

    ``pending_secret`` is that of an app that is being set up, perhaps in place of another; it
    counts once a code of it was entered. ``last_timecode`` is the time step of the last code that
    was accepted: no code works twice.
    """

    __tablename__ = "totp"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    pending_secret: Mapped[str | None]
    encrypted_secret: Mapped[str | None]
    last_timecode: Mapped[int | None]
    label: Mapped[str]
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code that signs in once when the other factors are lost; only its keyed hash is kept."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("person_id", "code_hash"),)

    id: Mapped[Key]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    code_hash: Mapped[Code]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Challenge(Base):
    """Random bytes that an authenticator signs: for one purpose, in one browser, once.

    ``browser_sha256`` is the hash of a key that only the asking browser's cookie holds.
    """

    __tablename__ = "challenge"
    __table_args__ = (Index("ix_challenge_expires_at", "expires_at"),)

    id: Mapped[Key]
    purpose: Mapped[ChallengePurpose]
    challenge: Mapped[Code]
    browser_sha256: Mapped[Code]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class FactorReset(Base):
    """Somebody lost their factors and had them removed; their roles pause until they enrol.

    ``reset_by`` is the admin, or nobody for the operator's command.
    """

    __tablename__ = "factor_reset"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    reset_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    reset_at: Mapped[datetime]


class FactorPolicy(Base):
    """Whether a role of a book needs a second factor; without a row, the default of the role."""

    __tablename__ = "factor_policy"
    __table_args__ = (CheckConstraint("grace_days between 0 and 30", name="grace_days"),)

    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(primary_key=True)
    demand: Mapped[FactorDemand]
    grace_days: Mapped[int] = mapped_column(SmallInteger)
    set_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    set_at: Mapped[datetime]
