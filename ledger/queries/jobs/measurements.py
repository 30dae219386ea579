"""Figures about the installation for a monitoring system: queues, ages and what waits.

Counted when they are asked for, so that several processes cannot disagree. None names a person, a
book or an amount.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, case, func, select

from ledger.db import ReadSession
from ledger.models.jobs import Job
from ledger.models.payments import BalanceTransaction, StripeEvent
from ledger.models.people import OutboxMessage
from ledger.models.seals import Unsealed
from ledger.queries.jobs.check_runs import last_check
from ledger.queries.jobs.readiness import heartbeats

LATELY = timedelta(days=7)
JOB_STATES = ("waiting", "failed", "done")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure of a kind, with the labels that tell it from others of that kind.

    Names end in their unit, as Prometheus asks for; a name without one counts something.
    """

    name: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


# What is counted, by name: the sentence that a monitoring system shows.
MEANINGS = {
    "poolbook_jobs": "Jobs by kind and state.",
    "poolbook_job_oldest_seconds": "Age of the oldest waiting job of a kind.",
    "poolbook_mail_waiting": "Messages that wait to be sent.",
    "poolbook_mail_oldest_seconds": "Age of the message that has waited longest, 0 if none waits.",
    "poolbook_mail_failed": "Messages of the last seven days that were given up.",
    "poolbook_heartbeat_age_seconds": "Time since a process was last alive; stripe: last synced.",
    "poolbook_stripe_events_waiting": "Webhook events that have not been processed.",
    "poolbook_stripe_transactions_unposted": "Stripe transactions that are not in the books.",
    "poolbook_unsealed_entries": "Journal entries that wait to be sealed.",
    "poolbook_check_age_seconds": "Time since all rules of the books were last checked.",
    "poolbook_check_duration_seconds": "How long the last check took.",
    "poolbook_check_failed_rules": "Rules that the last check found broken.",
}


def measurements(session: ReadSession, *, now: datetime) -> Iterator[Measurement]:
    """Yield every figure, each name's together and in the order of ``MEANINGS``."""
    yield from _of_jobs(session, now)
    yield from _of_mail(session, now)
    for process, at in sorted(heartbeats(session).items()):
        age = _seconds(now, at)
        yield Measurement("poolbook_heartbeat_age_seconds", age, (("process", process),))
    for name, column in (
        ("poolbook_stripe_events_waiting", StripeEvent.processed_at),
        ("poolbook_stripe_transactions_unposted", BalanceTransaction.posted_at),
    ):
        yield Measurement(name, session.scalar(select(func.count()).where(column.is_(None))) or 0)
    unsealed = session.scalar(select(func.count()).select_from(Unsealed))
    yield Measurement("poolbook_unsealed_entries", unsealed or 0)
    check = last_check(session)
    if check is not None:
        yield Measurement("poolbook_check_age_seconds", _seconds(now, check.checked_at))
        yield Measurement("poolbook_check_duration_seconds", check.duration_ms / 1000)
        yield Measurement("poolbook_check_failed_rules", len(check.failed_rules))


def _of_jobs(session: ReadSession, now: datetime) -> Iterator[Measurement]:
    state = case(
        (Job.done_at.is_(None), "waiting"), (Job.error.is_not(None), "failed"), else_="done"
    )
    rows = session.execute(
        select(Job.kind, state.label("state"), func.count(), func.min(Job.created_at))
        .group_by(Job.kind, "state")
        .order_by(Job.kind, "state")
    ).all()
    for kind, name, count, _oldest in rows:
        yield Measurement("poolbook_jobs", count, (("kind", kind), ("state", name)))
    for kind, name, _count, oldest in rows:
        if name == "waiting":
            age = _seconds(now, oldest)
            yield Measurement("poolbook_job_oldest_seconds", age, (("kind", kind),))


def _of_mail(session: ReadSession, now: datetime) -> Iterator[Measurement]:
    waits = OutboxMessage.due_at.is_not(None)
    failed = and_(
        OutboxMessage.due_at.is_(None),
        OutboxMessage.sent_at.is_(None),
        OutboxMessage.created_at > now - LATELY,
    )
    count, oldest = session.execute(
        select(func.count(), func.min(OutboxMessage.created_at)).where(waits)
    ).one()
    lost = session.scalar(select(func.count()).select_from(OutboxMessage).where(failed))
    yield Measurement("poolbook_mail_waiting", count)
    yield Measurement("poolbook_mail_oldest_seconds", _seconds(now, oldest) if oldest else 0)
    yield Measurement("poolbook_mail_failed", lost or 0)


def _seconds(now: datetime, at: datetime) -> float:
    return (now - at).total_seconds()
