"""Whether Stripe and the books agree, asked of Stripe itself."""

from ledger.db import Database
from ledger.gateway import PaymentGateway
from ledger.queries.payments import stripe_balance as questions

TRIES = 3


def reconcile(db: Database, gateway: PaymentGateway) -> list[questions.Agreement]:
    """Compare all that Stripe lists with the books, by currency. Raises GatewayDown.

    The balance is read before and after the list, so that what moves meanwhile is no difference.
    """
    balances = gateway.read_balance()
    for _ in range(TRIES):
        told = gateway.list_balance_transactions()
        after = gateway.read_balance()
        if after == balances:
            break
        balances = after
    with db.snapshot() as session:
        return questions.reconcile(session, balances=balances, told=told)
