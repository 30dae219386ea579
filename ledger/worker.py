"""The worker: due jobs, and the sync that finds what Stripe did without any webhook.

Each pass takes one job in one transaction, does it, and notes it done; a job whose worker dies
comes back after its lease. The sync alone reaches the same books as webhooks do.
"""

import logging
import time
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from threading import Event
from uuid import UUID

from ledger import logs
from ledger.db import Database, Session
from ledger.errors import Conflict, NotAllowed
from ledger.failures import Failures
from ledger.gateway import GatewayDown, PaymentGateway
from ledger.models.jobs import Job
from ledger.services.books import seals
from ledger.services.evidence import sweeping
from ledger.services.jobs import background, jobs
from ledger.services.payments import refunds
from ledger.services.stripe_balance import events
from ledger.services.workflow import nightly, retention
from ledger.stored_files import StoredFiles
from ledger.stripe import checkout
from ledger.stripe.sync import check_account, read_movements, sync_dispute, sync_stripe
from ledger.stripe.sync.fetch import our_id

log = logging.getLogger("poolbook.worker")

SYNC_SECONDS = 5.0


def run(
    db: Database,
    gateway: PaymentGateway | None,
    clock: Callable[[], datetime],
    stop: Event,
    *,
    ticks: Callable[[], float] = time.monotonic,
    folder: Path | None = None,
) -> None:
    """Work until told to stop; no single failure ends the loop.

    ``folder`` is the data folder, where files of background jobs lie until they are too old.

    ``ticks`` counts seconds and never jumps: the wall clock, set ahead and back again, would
    keep the sync waiting until it has caught up. Raises NotAllowed when another Stripe account
    answers than the books follow.
    """
    next_sync = ticks()
    passes, provider = Failures("a pass failed"), Failures("the payment provider gives no answer")
    bound = gateway is None
    while not stop.is_set():
        now = clock()
        try:
            _alive(db, jobs.WORKER, now)
            db.run(seals.seal_all)
            # What needs no payments goes on while the provider is away or refuses the key.
            held = jobs.IN_PROCESSES if bound else jobs.IN_PROCESSES + jobs.OF_PAYMENTS
            worked = run_due(db, gateway, now=now, without=held, folder=folder)
            if ticks() >= next_sync:
                next_sync = ticks() + SYNC_SECONDS
                db.run(lambda session, now=now: nightly.ask_for_work(session, now=now))  # type: ignore[misc]
                if gateway is None or not bound:
                    checkout.keep_schedules(db, None, now=now)
                if gateway is not None:
                    bound = _follow(db, gateway, provider, bound=bound, now=now)
            passes.end()
        except NotAllowed:
            raise
        except Exception as error:
            worked = False
            passes.add(type(error).__name__, error)
        if not worked:
            stop.wait(passes.pause())


def _follow(
    db: Database, gateway: PaymentGateway, provider: Failures, *, bound: bool, now: datetime
) -> bool:
    """Read what Stripe did and charge what is due; return whether its account is known as ours.

    A provider that is away or refuses the key is counted among its failures, and keeps nothing
    else from being done. Raises NotAllowed for another account than the books follow.
    """
    try:
        if not bound:
            check_account(db, gateway, now=now)
            bound = True
        checkout.keep_schedules(db, gateway, now=now)
        sync_stripe(db, gateway, now=now)
        _alive(db, jobs.STRIPE, now)
        provider.end()
    except NotAllowed:
        raise
    except GatewayDown as error:
        provider.add(str(error))
    except Exception as error:
        provider.add(type(error).__name__, error)
    return bound


def _alive(db: Database, process: str, now: datetime) -> None:
    db.run(lambda session: jobs.heartbeat(session, process=process, now=now))


def run_due(
    db: Database,
    gateway: PaymentGateway | None,
    *,
    now: datetime,
    without: Collection[str] = (),
    folder: Path | None = None,
) -> int:
    """Do every job that is due, but of kinds in ``without``, and return how many were done."""
    done = 0
    while True:
        job = db.run(lambda session: jobs.claim(session, now=now, without=without))
        if job is None:
            return done
        with logs.during(job=job.id):
            done += _do(db, gateway, job, now, folder)


def _do(
    db: Database, gateway: PaymentGateway | None, job: Job, now: datetime, folder: Path | None
) -> bool:
    """Do one job, write a line about it, and tell whether it is done."""
    began = time.perf_counter()
    raised = None if jobs.attempts_exhausted(job) else _tried(db, gateway, job, now, folder)
    if raised is None and not jobs.attempts_exhausted(job):
        db.run(lambda session: jobs.finish(session, job=job, now=now))
        outcome, error = "done", None
    else:
        error = type(raised).__name__ if raised else "WorkerDied"
        outcome = "later" if _reschedule(db, job, error=error, now=now) else "given up"
    logs.note(
        log,
        "job",
        level=logging.WARNING if error else logging.INFO,
        kind=job.kind,
        outcome=outcome,
        attempts=job.attempts,
        ms=logs.milliseconds_since(began),
        error=error,
        trace=logs.trace(raised) if raised else None,
    )
    return error is None


def _tried(
    db: Database, gateway: PaymentGateway | None, job: Job, now: datetime, folder: Path | None
) -> Exception | None:
    """Do one job and return what went wrong, or nothing."""
    try:
        perform(db, gateway, job, now=now, folder=folder)
    except Exception as error:
        # Whatever it is, one job must not keep the others from being done.
        return error
    return None


def _reschedule(db: Database, job: Job, *, error: str, now: datetime) -> bool:
    """Have a job tried again later, or give it up and say so where its cause is shown.

    Returns whether it is tried again.
    """

    def command(session: Session) -> bool:
        if jobs.postpone(session, job=job, error=error, now=now):
            return True
        refund_id = our_id(job.arguments, "refund")
        if refund_id is not None:
            refunds.record_unanswered(session, refund_id=refund_id)
        return False

    return db.run(command)


def perform(
    db: Database,
    gateway: PaymentGateway | None,
    job: Job,
    *,
    now: datetime,
    folder: Path | None = None,
) -> None:
    """Do one job. Raises GatewayDown or one of the four errors to have it tried again."""
    if job.kind == jobs.RETENTION:
        retention.remove_old(db, now=now)
        if folder is not None:
            background.remove_files(db, folder)
            sweeping.remove_files(db, StoredFiles.of(folder), now=now)
    elif gateway is None:
        raise Conflict("Payments are not configured.")
    elif job.kind == "stripe_event":
        hear(db, gateway, job.arguments, now=now)
    elif job.kind == "send_refund":
        checkout.send_refund(db, gateway, refund_id=UUID(job.arguments["refund"]), now=now)
    else:
        raise Conflict("There is no job of the kind {kind}.", kind=job.kind)


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
