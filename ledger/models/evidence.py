"""Evidence: files and notes attached to what they show. The books say that they are there."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import APPEND_ONLY, Base, Code, Key


class EvidenceSubject(StrEnum):
    """What evidence can be attached to."""

    ENTRY = "entry"
    BANK_LINE = "bank_line"
    AGREEMENT = "agreement"
    EQUIPMENT = "equipment"
    HOURS = "hours"
    PERIOD = "period"


class MediaType(StrEnum):
    """What can be attached."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    PDF = "application/pdf"


class Evidence(Base):
    """One file that is attached to one thing.

    ``commitment_sha256`` is SHA-256 over nonce and bytes. It stands in the book's sealed log with
    subject, type and size; the nonce keeps anybody without the file from guessing it. Erasing
    removes key, nonce, ``content_sha256`` and note: what is left confirms nothing about the file.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        Index("ix_evidence_book_id_subject", "book_id", "subject", "subject_id"),
        Index("ix_evidence_book_id_content_sha256", "book_id", "content_sha256"),
        CheckConstraint("size > 0", name="size"),
        # Whole or erased; that nothing is left of an erased one is looked at by I-70.
        CheckConstraint(
            "erased_at is not null or"
            " (file_key is not null and nonce is not null and content_sha256 is not null)",
            name="erased",
        ),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    subject: Mapped[EvidenceSubject] = mapped_column(info=APPEND_ONLY)
    subject_id: Mapped[UUID]
    media_type: Mapped[MediaType] = mapped_column(info=APPEND_ONLY)
    size: Mapped[int]
    pages: Mapped[int]
    commitment_sha256: Mapped[Code]
    added_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[datetime]
    note: Mapped[str]
    is_scanned: Mapped[bool]
    file_key: Mapped[Code | None]
    nonce: Mapped[Code | None]
    content_sha256: Mapped[Code | None]
    stored_sha256: Mapped[Code]
    preview_sha256: Mapped[Code | None]
    erased_at: Mapped[datetime | None]
    erased_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    erased_why: Mapped[str | None]
