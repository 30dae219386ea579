"""What Poolbook asks of a payment provider."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from ledger.gateway.objects import (
    BalanceTransaction,
    Charge,
    CheckoutSession,
    Event,
    Payout,
    Refund,
)


class PaymentGateway(Protocol):
    """What the conversations need of a payment provider."""

    def create_checkout_session(
        self,
        *,
        key: str,
        amount: int,
        currency: str,
        name: str,
        email: str,
        reference: str,
        metadata: Mapping[str, str],
        success_url: str,
        cancel_url: str,
    ) -> CheckoutSession:
        """Open a payment page. The same key and parameters give the same page."""

    def retrieve_checkout_session(self, session_id: str) -> CheckoutSession:
        """Return a payment page's state."""

    def retrieve_charge(self, charge_id: str) -> Charge:
        """Return a charge."""

    def create_refund(
        self, *, key: str, charge_id: str, amount: int, metadata: Mapping[str, str]
    ) -> Refund:
        """Send money back. The same key sends it once."""

    def retrieve_refund(self, refund_id: str) -> Refund:
        """Return a refund."""

    def find_refund(self, *, charge_id: str, metadata: Mapping[str, str]) -> Refund | None:
        """Return the refund of a charge that carries this metadata, if it was made."""

    def list_balance_transactions(
        self, *, since: datetime | None = None, payout_id: str | None = None
    ) -> list[BalanceTransaction]:
        """Return the movements of the balance, oldest first."""

    def retrieve_payout(self, payout_id: str) -> Payout:
        """Return a payout."""

    def verify(self, body: bytes, signature: str) -> Event:
        """Check a message's signature. Raises Invalid."""
