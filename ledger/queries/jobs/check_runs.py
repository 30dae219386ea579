"""Questions about the nightly checks: what the last one found, and when all rules held last."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, select

from ledger.db import ReadSession
from ledger.models.jobs import CheckRun


@dataclass(frozen=True, slots=True)
class Checked:
    """What the last check found: when, how many rules, and the ids of those that are broken."""

    day: date
    checked_at: datetime
    rules: int
    failed_rules: tuple[str, ...]
    duration_ms: int


def last_check(session: ReadSession) -> Checked | None:
    """Return what the newest check found, None before the first."""
    row = session.scalar(select(CheckRun).order_by(CheckRun.day.desc()).limit(1))
    if row is None:
        return None
    failed = tuple(row.failed_rules.split())
    return Checked(row.day, row.checked_at, row.rules, failed, row.duration_ms)


def failed_rules() -> Select[str]:
    """Return the question for the ids of the rules that the newest check found broken."""
    return select(CheckRun.failed_rules).order_by(CheckRun.day.desc()).limit(1)


def last_good_day(session: ReadSession) -> date | None:
    """Return the newest day whose check found every rule to hold."""
    return session.scalar(
        select(CheckRun.day)
        .where(CheckRun.failed_rules == "")
        .order_by(CheckRun.day.desc())
        .limit(1)
    )
