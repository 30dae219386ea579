"""People who sign in, their roles per book, sign-in links, tokens, and outgoing messages.

The only tables besides ``parties`` that hold personal data; nothing here enters the journal.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.vocabulary import Role
from ledger.models.base import Base, Code, Key


class Person(Base):
    """Somebody who can sign in."""

    __tablename__ = "person"

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    created_at: Mapped[datetime]


class Membership(Base):
    """A role of a person in a book for a time (domain section 11)."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_person_id", "person_id"),)

    id: Mapped[Key]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    role: Mapped[Role]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    granted_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class InstallationAdmin(Base):
    """Somebody who looks after the installation for a time; no right in any book."""

    __tablename__ = "installation_admin"
    __table_args__ = (Index("ix_installation_admin_person_id", "person_id"),)

    id: Mapped[Key]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]


class SignInLink(Base):
    """A magic link: usable once, before it expires; only the hash of its secret is kept.

    ``ended_at`` when a newer one was asked for; ``tries`` of the code that was sent with it.
    """

    __tablename__ = "sign_in_link"
    __table_args__ = (
        Index("ix_sign_in_link_email", "email"),
        Index("ix_sign_in_link_expires_at", "expires_at"),
    )

    id: Mapped[Key]
    email: Mapped[str]
    secret_sha256: Mapped[Code] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")


class ApiToken(Base):
    """A bearer token; only its hash is kept. ``scopes``: ``action:book``, separated by spaces."""

    __tablename__ = "api_token"
    __table_args__ = (Index("ix_api_token_person_id", "person_id"),)

    id: Mapped[Key]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str]
    secret_sha256: Mapped[Code] = mapped_column(unique=True)
    scopes: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """What was done already: the stored answer to a write through the API, replayed for the same
    key and body, or where a form led that is sent twice."""

    __tablename__ = "idempotency_key"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    key: Mapped[Code] = mapped_column(primary_key=True)
    request_sha256: Mapped[Code]
    status: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class OutboxMessage(Base):
    """A message to be sent; written in the transaction that causes it.

    It waits while ``due_at`` is set, which is when to try next, and is sent or given up after.
    The body goes once it was sent: what remains is that somebody was written to, when and why.
    ``error`` is what went wrong last, without anybody's address.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index("ix_outbox_message_to_email", "to_email"),
        Index("ix_outbox_message_due_at", "due_at"),
    )

    id: Mapped[Key]
    to_email: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    error: Mapped[str] = mapped_column(default="")
    sent_at: Mapped[datetime | None]
