"""Whose payment a refund, a returned debit or a dispute took back, where nobody noted it.

Earlier versions kept this for refunds of pledges alone, so that what went back of a monthly gift
stayed with its campaign. Stripe knows; each movement is asked about once.
"""

import logging
from datetime import datetime

from ledger.db import Database
from ledger.errors import Conflict
from ledger.gateway import PaymentGateway
from ledger.queries.payments import payments as questions
from ledger.services.stripe_balance import balance_transactions
from ledger.stripe.sync.fetch import charge_behind

log = logging.getLogger("poolbook.sync")

NAME = "payers"


def find_payers(db: Database, gateway: PaymentGateway) -> int:
    """Ask Stripe whose payments were taken back; return for how many it is known now.

    Raises GatewayDown.
    """
    with db.snapshot() as session:
        nameless = questions.without_payer(session, after=questions.cursor(session, NAME))
    if not nameless:
        return 0
    charges: dict[str, str] = {}
    for txn in nameless:
        try:
            charges[txn.stripe_txn_id] = charge_behind(gateway, txn.source_id or "")
        except Conflict:
            log.warning("Stripe does not say whose payment %s was", txn.stripe_txn_id)
    latest: datetime = nameless[-1].created_at
    return db.run(
        lambda session: balance_transactions.name_payers(
            session, charges=charges, name=NAME, until=latest
        )
    )
