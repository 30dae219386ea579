"""What the installation does by itself once a day: check all rules, remove what is too old.

The jobs are asked for here, once for each day of the installation (UTC); a day on which nothing
ran at night is made up for as soon as a worker runs. The check's results are kept by day, and
admins are written to when rules break that held before.
"""

from collections.abc import Sequence
from datetime import datetime, time

from sqlalchemy import or_, select

from ledger.core.vocabulary import Role
from ledger.db import Session
from ledger.models.jobs import CheckRun
from ledger.models.payments import Cursor
from ledger.models.people import Membership, Person
from ledger.queries.invariants import Result
from ledger.queries.jobs.check_runs import last_check
from ledger.services.jobs import jobs
from ledger.services.people.people import send

# Most people sleep then, from the Azores to India; heavier work stays out of their way.
NIGHT = time(2, 0)
MARK = "nightly"


def ask_for_work(session: Session, *, now: datetime) -> bool:
    """Write the jobs of this day once it is night; False when they are written already."""
    mark = session.get(Cursor, MARK)
    if now.time() < NIGHT or (mark is not None and mark.at.date() >= now.date()):
        return False
    for kind in (*jobs.HEAVY, jobs.RETENTION):
        jobs.enqueue(session, kind=kind, key=now.date().isoformat(), arguments={}, now=now)
    if mark is None:
        session.add(Cursor(name=MARK, at=now))
    else:
        mark.at = now
    session.flush()
    return True


def record_check(
    session: Session, *, results: Sequence[Result], duration_ms: int, now: datetime
) -> None:
    """Keep what a check found, and write to all admins when rules break that held before.

    A later check of the same day replaces the earlier one.
    """
    before = last_check(session)
    failed = [row for row in results if not row.ok]
    session.merge(
        CheckRun(
            day=now.date(),
            checked_at=now,
            rules=len(results),
            failed_rules=" ".join(row.id for row in failed),
            duration_ms=duration_ms,
        )
    )
    if failed and (before is None or not before.failed_rules):
        _tell_admins(session, failed, now)
    session.flush()


def _tell_admins(session: Session, failed: Sequence[Result], now: datetime) -> None:
    admins = session.scalars(
        select(Person.email)
        .where(
            Person.id.in_(
                select(Membership.person_id).where(
                    Membership.role == Role.ADMIN,
                    Membership.starts_at <= now,
                    or_(Membership.ends_at.is_(None), Membership.ends_at > now),
                )
            )
        )
        .order_by(Person.email)
    )
    rules = "\n".join(f"  {row.id}  {row.title}" for row in failed)
    for email in admins:
        send(
            session,
            to_email=email,
            subject="The nightly check found a broken rule",
            body=(
                "Poolbook checks every rule of the books once a night. Last night these did not "
                f"hold:\n\n{rules}\n\n"
                "The first violation of each is named on the page Check of every book, and by "
                "`poolbook check`. You will not get this message again until all rules have held."
            ),
            now=now,
        )
