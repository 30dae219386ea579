"""Door: time. Due jobs, and a sweep that finds out what Stripe did without any message.

Each pass takes one job in one transaction, does it, and notes it done; a job whose worker dies
comes back after its lease. The sweep alone reaches the same books as messages do.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Event
from uuid import UUID

from ledger import checkout
from ledger.db import Database, Session
from ledger.errors import Conflict, PoolbookError
from ledger.gateway import BalanceTransaction, GatewayDown, PaymentGateway
from ledger.models.jobs import Job
from ledger.models.payments import BalanceTransaction as TransactionRow
from ledger.models.payments import Cursor, PaymentAttempt
from ledger.queries import payments as questions
from ledger.services import jobs, payments, payouts, refunds, seals, stripe_events
from ledger.services.matching import auto_match_all

log = logging.getLogger("poolbook.worker")

OVERLAP = timedelta(days=3)
DOUBT = timedelta(minutes=15)
PAUSE_SECONDS = 0.5
SWEEP_EVERY = timedelta(seconds=5)
SWEEP = "balance_transactions"
CHARGES = ("charge",)
REFUNDS = ("refund",)
RETURNED_PAYOUTS = ("payout_reversal",)


def run(
    db: Database,
    gateway: PaymentGateway | None,
    clock: Callable[[], datetime],
    stop: Event,
) -> None:
    """Work until told to stop; no single failure ends the loop."""
    next_sweep = clock()
    while not stop.is_set():
        now = clock()
        try:
            db.run(lambda session, now=now: jobs.beat(session, process="worker", now=now))  # type: ignore[misc]
            worked = run_due(db, gateway, now=now)
            db.run(seals.seal_all)
            if now >= next_sweep:
                next_sweep = now + SWEEP_EVERY
                checkout.keep_schedules(db, gateway, now=now)
                if gateway is not None:
                    sweep(db, gateway, now=now)
        except GatewayDown as error:
            worked = False
            log.warning("the payment provider gives no answer: %s", error)
        except Exception as error:
            worked = False
            log.error("a pass failed: %s", type(error).__name__)
        if not worked:
            stop.wait(PAUSE_SECONDS)


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
        refund_id = _our_id(job.arguments, "refund")
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
        checkout.send_refund(db, gateway, refund_id=UUID(job.arguments["refund"]))
    else:
        raise Conflict(f"No worker knows jobs of kind {job.kind}.")


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
    sweep(db, gateway, now=now)
    event_id = arguments["event"] or ""
    db.run(lambda session: stripe_events.mark_processed(session, event_id=event_id, now=now))


def sweep(db: Database, gateway: PaymentGateway, *, now: datetime) -> int:
    """Read the balance since the last time, post what is new, and return how much was posted."""
    with db.snapshot() as session:
        read_to = questions.cursor(session, SWEEP)
        doubtful = questions.attempts_in_doubt(session, before=now - DOUBT)
    for attempt in doubtful:
        _look_up(db, gateway, attempt, now)
    since = read_to - OVERLAP if read_to else None
    found = gateway.list_balance_transactions(since=since)
    db.run(lambda session: _store(session, found, now))
    with db.snapshot() as session:
        waiting = questions.unposted(session)
    posted = sum(_settle(db, gateway, txn, now) for txn in waiting)
    if posted:
        db.run(lambda session: auto_match_all(session, now=now))
    return posted


def _look_up(db: Database, gateway: PaymentGateway, attempt: PaymentAttempt, now: datetime) -> None:
    """Ask what became of an attempt; one that cannot be asked about must not end the sweep."""
    try:
        checkout.look_up_attempt(db, gateway, attempt=attempt, now=now)
    except PoolbookError as refusal:
        log.warning("attempt %s is in doubt: %s", attempt.id, type(refusal).__name__)


def _store(session: Session, found: list[BalanceTransaction], now: datetime) -> None:
    for txn in found:
        payments.store_transaction(session, txn=txn)
    row = session.get(Cursor, SWEEP)
    newest = max((txn.created_at for txn in found), default=None)
    if row is None:
        session.add(Cursor(name=SWEEP, at=newest or now))
    elif newest is not None and newest > row.at:
        row.at = newest
    session.flush()


def _settle(db: Database, gateway: PaymentGateway, txn: TransactionRow, now: datetime) -> bool:
    """Post one movement; what cannot be posted yet stays and is looked at again."""
    try:
        if txn.reporting_category in CHARGES:
            return _settle_charge(db, gateway, txn, now)
        if txn.reporting_category in REFUNDS:
            return _settle_refund(db, gateway, txn, now)
        if txn.reporting_category == "payout" and txn.source_id:
            return _settle_payout(db, gateway, txn, now)
        if txn.reporting_category in RETURNED_PAYOUTS and txn.source_id:
            return _settle_returned_payout(db, gateway, txn, now)
    except PoolbookError as refusal:
        log.warning("%s is not posted: %s", txn.stripe_txn_id, type(refusal).__name__)
    return False


def _settle_charge(
    db: Database, gateway: PaymentGateway, txn: TransactionRow, now: datetime
) -> bool:
    charge = gateway.retrieve_charge(txn.source_id or "")
    pledge_id = _our_id(charge.metadata, "pledge")
    if pledge_id is None:
        return False
    db.run(
        lambda session: payments.settle_charge(
            session, txn_id=txn.stripe_txn_id, pledge_id=pledge_id, now=now
        )
    )
    return True


def _settle_refund(
    db: Database, gateway: PaymentGateway, txn: TransactionRow, now: datetime
) -> bool:
    refund = gateway.retrieve_refund(txn.source_id or "")
    with db.snapshot() as session:
        charge = questions.charge_transaction(session, refund.charge_id or "")
    if charge is None or charge.pledge_id is None:
        return False
    pledge_id = charge.pledge_id
    refund_id = _our_id(refund.metadata, "refund")
    db.run(
        lambda session: payments.settle_refund(
            session,
            txn_id=txn.stripe_txn_id,
            pledge_id=pledge_id,
            refund_id=refund_id,
            now=now,
        )
    )
    return True


def _our_id(metadata: Mapping[str, str], name: str) -> UUID | None:
    """Return an id of ours from metadata, which anybody at Stripe's pages may have written."""
    try:
        return UUID(metadata.get(name, ""))
    except ValueError:
        return None


def _settle_payout(
    db: Database, gateway: PaymentGateway, txn: TransactionRow, now: datetime
) -> bool:
    payout = gateway.retrieve_payout(txn.source_id or "")
    contained = [
        item.id
        for item in gateway.list_balance_transactions(payout_id=payout.id)
        if item.source_id != payout.id
    ]
    db.run(
        lambda session: payouts.settle_payout(
            session, txn_id=txn.stripe_txn_id, payout=payout, contained=contained, now=now
        )
    )
    return True


def _settle_returned_payout(
    db: Database, gateway: PaymentGateway, txn: TransactionRow, now: datetime
) -> bool:
    payout = gateway.retrieve_payout(txn.source_id or "")
    db.run(
        lambda session: payouts.settle_returned_payout(
            session, txn_id=txn.stripe_txn_id, payout=payout, now=now
        )
    )
    return True
