"""Background jobs: what somebody asked for on a page and a worker makes, and the file it left."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class BackgroundKind(StrEnum):
    """What is made or done."""

    REPORT = "report"
    EDITION = "edition"
    EXPORT = "export"
    BUNDLE = "bundle"
    STATEMENT = "statement"


class BackgroundState(StrEnum):
    """How far a background job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class BackgroundJob(Base):
    """One piece of work that a person asked for; only they see it.

    ``action`` is the right it needs in every book of ``books``, which is checked when it is asked
    for, when it is done and when its file is downloaded. ``parameters`` and ``result`` depend on
    the kind and name no person. ``reason`` is the sentence of a failure. A file lies in the data
    folder under the job's id until ``expires_at``.
    """

    __tablename__ = "background_job"
    __table_args__ = (
        Index("ix_background_job_asked_by", "asked_by", "id"),
        Index("ix_background_job_expires_at", "expires_at"),
    )

    id: Mapped[Key]
    kind: Mapped[BackgroundKind]
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    action: Mapped[Code]
    books: Mapped[list[str]] = mapped_column(JSON)
    parameters: Mapped[dict[str, Any]]
    state: Mapped[BackgroundState]
    steps_done: Mapped[int] = mapped_column(default=0)
    steps: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(default="")
    result: Mapped[dict[str, Any]]
    file_name: Mapped[str | None]
    file_sha256: Mapped[Code | None]
    file_bytes: Mapped[int | None]
    asked_at: Mapped[datetime]
    begun_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
