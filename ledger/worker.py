"""Door: time. Due jobs, and a sweep that finds out what Stripe did without any message.

Each pass takes one job in one transaction, does it, and notes it done; a job whose worker dies
comes back after its lease. The sweep alone reaches the same books as messages do.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from threading import Event
from uuid import UUID

from ledger.db import Database, Session
from ledger.errors import Conflict, NotAllowed
from ledger.failures import Failures
from ledger.gateway import GatewayDown, PaymentGateway
from ledger.models.jobs import Job
from ledger.services.books import seals
from ledger.services.jobs import jobs
from ledger.services.payments import refunds
from ledger.services.stripe_balance import events
from ledger.stripe import checkout
from ledger.stripe.sync import check_account, read_movements, sweep, sync_dispute
from ledger.stripe.sync.fetch import our_id

log = logging.getLogger("poolbook.worker")

SWEEP_SECONDS = 5.0


def run(
    db: Database,
    gateway: PaymentGateway | None,
    clock: Callable[[], datetime],
    stop: Event,
    *,
    ticks: Callable[[], float] = time.monotonic,
) -> None:
    """Work until told to stop; no single failure ends the loop.

    ``ticks`` counts seconds and never jumps: the wall clock, set ahead and back again, would
    keep the sweep waiting until it has caught up. Raises NotAllowed when another Stripe account
    answers than the books follow.
    """
    next_sweep = ticks()
    passes, provider = Failures("a pass failed"), Failures("the payment provider gives no answer")
    bound = gateway is None
    while not stop.is_set():
        now = clock()
        try:
            db.run(lambda session, now=now: jobs.beat(session, process=jobs.WORKER, now=now))  # type: ignore[misc]
            db.run(seals.seal_all)
            if gateway is not None and not bound:
                check_account(db, gateway, now=now)
                bound = True
            worked = run_due(db, gateway, now=now)
            if ticks() >= next_sweep:
                next_sweep = ticks() + SWEEP_SECONDS
                checkout.keep_schedules(db, gateway, now=now)
                if gateway is not None:
                    sweep(db, gateway, now=now)
                    provider.end()
            passes.end()
        except NotAllowed:
            raise
        except GatewayDown as error:
            worked = False
            provider.add(str(error))
        except Exception as error:
            worked = False
            passes.add(type(error).__name__)
        if not worked:
            stop.wait(passes.pause())


def run_due(db: Database, gateway: PaymentGateway | None, *, now: datetime) -> int:
    """Do every job that is due and return how many were done."""
    done = 0
    while True:
        job = db.run(lambda session: jobs.claim(session, now=now))
        if job is None:
            return done
        error = "WorkerDied" if jobs.exhausted(job) else _tried(db, gateway, job, now)
        if error:
            _put_off(db, job, error=error, now=now)
            continue
        db.run(lambda session, job=job: jobs.finish(session, job=job, now=now))  # type: ignore[misc]
        done += 1


def _tried(db: Database, gateway: PaymentGateway | None, job: Job, now: datetime) -> str:
    """Do one job and return what went wrong, or nothing."""
    try:
        perform(db, gateway, job, now=now)
    except Exception as error:
        # Whatever it is, one job must not keep the others from being done.
        log.warning("a job of kind %s failed: %s", job.kind, type(error).__name__)
        return type(error).__name__
    return ""


def _put_off(db: Database, job: Job, *, error: str, now: datetime) -> None:
    """Have a job tried again later, or give it up and say so where its cause is shown."""

    def deed(session: Session) -> None:
        if jobs.postpone(session, job=job, error=error, now=now):
            return
        refund_id = our_id(job.arguments, "refund")
        if refund_id is not None:
            refunds.record_unanswered(session, refund_id=refund_id)

    db.run(deed)


def perform(db: Database, gateway: PaymentGateway | None, job: Job, *, now: datetime) -> None:
    """Do one job. Raises GatewayDown or one of the four errors to have it tried again."""
    if gateway is None:
        raise Conflict("Payments are not configured.")
    if job.kind == "stripe_event":
        hear(db, gateway, job.arguments, now=now)
    elif job.kind == "send_refund":
        checkout.send_refund(db, gateway, refund_id=UUID(job.arguments["refund"]), now=now)
    else:
        raise Conflict("No worker knows jobs of kind {kind}.", kind=job.kind)


def hear(
    db: Database,
    gateway: PaymentGateway,
    arguments: dict[str, str | None],
    *,
    now: datetime,
) -> None:
    """Let a message wake us: look its payment page up, then read the balance."""
    kind, object_id = arguments["kind"] or "", arguments["object"] or ""
    checkout.look_up(db, gateway, kind=kind, object_id=object_id, now=now)
    read_movements(db, gateway, now=now)
    if kind.startswith("charge.dispute."):
        sync_dispute(db, gateway, dispute_id=object_id, now=now)
    event_id = arguments["event"] or ""
    db.run(lambda session: events.mark_processed(session, event_id=event_id, now=now))
