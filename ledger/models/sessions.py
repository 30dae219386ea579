"""Sessions: in which browsers somebody is signed in. Personal data, none of the journal's."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class SessionEnd(StrEnum):
    """Why a session ended before its time: by its own button, from another browser, by "Sign out
    everywhere", because the same browser signed in as somebody else, or because second factors were
    reset by somebody else or changed by their owner.
    """

    SIGNED_OUT = "signed_out"
    ELSEWHERE = "elsewhere"
    EVERYWHERE = "everywhere"
    REPLACED = "replaced"
    FACTORS_RESET = "factors_reset"
    FACTORS_CHANGED = "factors_changed"


class SignInSession(Base):
    """One browser in which somebody is signed in.

    The browser's cookie holds a random token, of which only the SHA-256 is kept. ``methods`` are
    the ways in which the person showed who they are, separated by spaces; ``fresh_until`` is how
    long this counts as just now; ``issued_at`` is when the present token was made.
    """

    __tablename__ = "session"
    __table_args__ = (Index("ix_session_person_id", "person_id"),)

    id: Mapped[Key]
    token_sha256: Mapped[Code] = mapped_column(unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    issued_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    idle_until: Mapped[datetime]
    absolute_until: Mapped[datetime]
    fresh_until: Mapped[datetime]
    methods: Mapped[str]
    device: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_reason: Mapped[SessionEnd | None]
