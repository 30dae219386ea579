"""Whether the account that answers is the one the books follow; asked once, at start."""

from datetime import datetime

from ledger.db import Database
from ledger.gateway import PaymentGateway
from ledger.services.stripe_balance import accounts


def check_account(db: Database, gateway: PaymentGateway, *, now: datetime) -> None:
    """Bind the books to the account, or refuse another one. Raises NotAllowed, GatewayDown."""
    account = gateway.retrieve_account()
    db.run(lambda session: accounts.bind(session, account=account, now=now))
