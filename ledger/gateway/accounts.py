"""Whose Stripe account answers, and in which mode."""

import stripe

from ledger.gateway.connection import Connection, translated
from ledger.gateway.objects import Account


class Accounts(Connection):
    """The account behind the key."""

    def retrieve_account(self) -> Account:
        """Return the account; its id is empty when the key may not read it."""
        try:
            with translated():
                found = self.client.v1.accounts.retrieve_current()
        except Exception as refusal:
            if not isinstance(refusal.__cause__, stripe.PermissionError):
                raise
            return Account("", self.livemode, self.sandbox)
        return Account(found.id, self.livemode, self.sandbox)
