"""What falls due by itself: campaigns that end, days that pass, cards to charge, gifts to look at.

Called by the worker in every pass; each part is its own transactions, and doing it again changes
nothing more.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from ledger.db import Database
from ledger.errors import PoolbookError
from ledger.gateway import PaymentGateway
from ledger.services.campaigns import campaigns, matching_sponsors
from ledger.services.importing import tables
from ledger.services.jobs import rate_limits
from ledger.services.workflow.daily_jobs import books_to_keep, keep_calendar
from ledger.stripe.checkout.recurring_gifts import look_at_gifts
from ledger.stripe.checkout.saved_cards import charge_due, forget_cards

log = logging.getLogger("poolbook.schedules")


def keep_schedules(db: Database, gateway: PaymentGateway | None, *, now: datetime) -> None:
    """Do everything that is due. Raises GatewayDown when the provider gives no answer."""
    _do(lambda: db.run(lambda session: campaigns.close_due(session, now=now)))
    with db.snapshot() as session:
        due = books_to_keep(session, now=now)
    for book_id in due:
        _do(partial(db.run, partial(keep_calendar, book_id=book_id, now=now)))
    _do(lambda: db.run(lambda session: matching_sponsors.match_due(session, now=now)))
    db.run(lambda session: rate_limits.forget(session, now=now))
    db.run(lambda session: tables.forget_drafts(session, now=now))
    if gateway is None:
        return
    _do(lambda: charge_due(db, gateway, now=now))
    _do(lambda: forget_cards(db, gateway, now=now))
    _do(lambda: look_at_gifts(db, gateway, now=now))


def _do(command: Callable[[], object]) -> None:
    """Do one part; what is refused in it must not keep the others from being done."""
    try:
        command()
    except PoolbookError as refusal:
        log.warning("something that was due is not done: %s", type(refusal).__name__)
