"""The log of rights: who signed in, gained or lost a right, changed settings, took data along.

Insert-only by trigger, like the journal. It names people by their ids and holds no other personal
data, so that erasing somebody changes no row.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import APPEND_ONLY, Base, Code, Key


class RightsKind(StrEnum):
    """What can be logged."""

    SIGNED_IN = "signed_in"
    CONFIRMED = "confirmed"
    SIGNED_OUT = "signed_out"
    FACTOR_FAILED = "factor_failed"
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    FACTORS_RESET = "factors_reset"
    ROLE_ASKED = "role_asked"
    ROLE_GRANTED = "role_granted"
    ROLE_REFUSED = "role_refused"
    ROLE_ENDED = "role_ended"
    TOKEN_MADE = "token_made"  # noqa: S105 (no token)
    TOKEN_ENDED = "token_ended"  # noqa: S105 (no token)
    SETTING_CHANGED = "setting_changed"
    DATA_EXPORTED = "data_exported"
    PERSONAL_DATA_DOWNLOADED = "personal_data_downloaded"
    PERSON_ERASED = "person_erased"


class RightsEvent(Base):
    """One event. ``about`` is what it was about, by ids and words of the program.

    Without an actor it was done on the command line. Events of a book are numbered from 1 without
    gaps; ``chain_sha256`` covers the event and all earlier ones of its book.
    """

    __tablename__ = "rights_log"
    __table_args__ = (
        UniqueConstraint("book_id", "seq"),
        Index("ix_rights_log_actor_id", "actor_id"),
    )

    id: Mapped[Key]
    at: Mapped[datetime]
    kind: Mapped[RightsKind] = mapped_column(info=APPEND_ONLY)
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    book_id: Mapped[UUID | None] = mapped_column(ForeignKey("book.id"))
    seq: Mapped[int | None]
    about: Mapped[dict[str, Any]]
    chain_sha256: Mapped[Code | None]
