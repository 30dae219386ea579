"""One pass over Stripe: attempts in doubt, movements of the balance, disputes, refunds, balance."""

import logging
from datetime import datetime, timedelta

from ledger.db import Database, Session
from ledger.errors import PoolbookError
from ledger.gateway import BalanceTransaction, PaymentGateway
from ledger.models.payments import BalanceTransaction as TransactionRow
from ledger.models.payments import PaymentAttempt
from ledger.queries.payments import payments as questions
from ledger.queries.payments.stripe_balance import movements_net
from ledger.services.reconciliation.rules import match_all
from ledger.services.stripe_balance import accounts, balance_transactions
from ledger.services.stripe_balance.sync_state import advance
from ledger.stripe import checkout
from ledger.stripe.sync.balance_transactions import settle
from ledger.stripe.sync.disputes import sync_disputes
from ledger.stripe.sync.payers import find_payers
from ledger.stripe.sync.refunds import sync_refunds

log = logging.getLogger("poolbook.sync")

NAME = "balance_transactions"
OVERLAP = timedelta(days=3)
DOUBT = timedelta(minutes=15)


def sync_stripe(db: Database, gateway: PaymentGateway, *, now: datetime) -> int:
    """Find out everything that happened since the last pass; return how much was posted."""
    with db.snapshot() as session:
        doubtful = questions.attempts_in_doubt(session, before=now - DOUBT)
    for attempt in doubtful:
        _look_up(db, gateway, attempt, now)
    before = gateway.read_balance()
    posted = read_movements(db, gateway, now=now)
    find_payers(db, gateway)
    sync_disputes(db, gateway, now=now)
    sync_refunds(db, gateway, before=now - DOUBT, now=now)
    with db.snapshot() as session:
        nets = movements_net(session)
    if gateway.read_balance() == before:
        # Nothing moved meanwhile: this balance belongs to what has just been read.
        db.run(lambda session: accounts.record_balance(session, sums=before, nets=nets, now=now))
    return posted


def read_movements(db: Database, gateway: PaymentGateway, *, now: datetime) -> int:
    """Read the balance's movements since the last time, post what can be, return how many."""
    with db.snapshot() as session:
        read_to = questions.cursor(session, NAME)
    found = gateway.list_balance_transactions(since=read_to - OVERLAP if read_to else None)
    db.run(lambda session: _store(session, found))
    posted = 0
    while True:
        with db.snapshot() as session:
            waiting = questions.unposted(session)
        done = sum(_settle(db, gateway, txn, now) for txn in waiting)
        posted += done
        # What waited for another movement of the same second comes in the next round.
        if not done or done == len(waiting):
            break
    if posted:
        db.run(lambda session: match_all(session, now=now))
    return posted


def _store(session: Session, found: list[BalanceTransaction]) -> None:
    for txn in found:
        try:
            balance_transactions.store_transaction(session, txn=txn)
        except PoolbookError as refusal:
            # The reconciliation names it; one strange movement must not keep others away.
            log.error("%s is not stored: %s", txn.id, type(refusal).__name__)
    advance(session, name=NAME, at=max((txn.created_at for txn in found), default=None))


def _settle(db: Database, gateway: PaymentGateway, txn: TransactionRow, now: datetime) -> bool:
    """Post one movement; what cannot be posted yet stays, is shown, and is looked at again."""
    try:
        settle(db, gateway, txn, now)
    except PoolbookError as refusal:
        log.warning("%s is not posted: %s", txn.stripe_txn_id, type(refusal).__name__)
        return False
    return True


def _look_up(db: Database, gateway: PaymentGateway, attempt: PaymentAttempt, now: datetime) -> None:
    """Ask what became of an attempt; one that cannot be asked about must not end the sync."""
    try:
        checkout.look_up_attempt(db, gateway, attempt=attempt, now=now)
    except PoolbookError as refusal:
        log.warning("attempt %s is in doubt: %s", attempt.id, type(refusal).__name__)
