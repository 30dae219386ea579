"""Jobs: work to be done later, written in the transaction that causes it; and what checks found."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class Job(Base):
    """One piece of work. ``key`` keeps the same open work from being written twice."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_due", "done_at", "run_at"),)

    id: Mapped[Key]
    kind: Mapped[Code]
    key: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    run_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class Heartbeat(Base):
    """When each process was last alive; ``/healthz`` reads it."""

    __tablename__ = "heartbeat"

    process: Mapped[Code] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class CheckRun(Base):
    """The last check of a day of all rules of the books.

    ``failed_rules`` are the ids of those that were broken, with spaces between; empty when all
    hold. What broke them is asked for again, and not kept.
    """

    __tablename__ = "check_run"

    day: Mapped[date] = mapped_column(primary_key=True)
    checked_at: Mapped[datetime]
    rules: Mapped[int] = mapped_column(SmallInteger)
    failed_rules: Mapped[str] = mapped_column(default="")
    duration_ms: Mapped[int]
