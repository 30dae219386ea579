"""Parties: who gives, whether or not they sign in.

Entries name a party by a commitment to its reference alone (``core.leaf.commit_to``); who has
neither salt nor reference cannot tell whose it is.
"""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.vocabulary import Consent, PartyKind
from ledger.models.base import Base, Code, Key


class Party(Base):
    """A donor or volunteer. ``reference`` is random, never derived from personal data.

    A typed address is a claim: ``person_id`` is set when its owner made the gift signed in, or
    opened a link sent to it (``joined_at``). Until then the party is nobody's.

    ``salt`` is 32 random bytes in hexadecimal; it is destroyed when the party is erased.
    """

    __tablename__ = "party"
    __table_args__ = (
        Index("ix_party_email", "email"),
        Index("ix_party_person_id", "person_id"),
    )

    id: Mapped[Key]
    reference: Mapped[Code] = mapped_column(unique=True)
    kind: Mapped[PartyKind] = mapped_column(default=PartyKind.INDIVIDUAL)
    name: Mapped[str]
    email: Mapped[str]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    joined_at: Mapped[datetime | None]
    consent: Mapped[Consent]
    salt: Mapped[Code | None] = mapped_column(default=lambda: secrets.token_hex(32))
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
