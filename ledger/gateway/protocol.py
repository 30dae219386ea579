"""What Poolbook asks of a payment provider."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from ledger.gateway.objects import (
    Account,
    BalanceTransaction,
    Charge,
    CheckoutSession,
    Dispute,
    Event,
    HostedPage,
    PaymentIntent,
    Payout,
    Refund,
    SavedCard,
    Subscribed,
    Subscription,
)


class SavesCards(Protocol):
    """What saved cards need: pages that keep them, charges to them."""

    def create_customer(self, *, key: str, email: str, metadata: Mapping[str, str]) -> str:
        """Make somebody known, so that a card can be kept for them; return the id."""

    def create_setup_page(
        self,
        *,
        key: str,
        customer_id: str,
        page: HostedPage,
    ) -> CheckoutSession:
        """Open a page that saves a card and takes no money."""

    def retrieve_saved_card(self, setup_intent_id: str) -> SavedCard:
        """Return what became of a page that was to save a card."""

    def charge_saved_card(
        self,
        *,
        key: str,
        amount: int,
        currency: str,
        customer_id: str,
        payment_method_id: str,
        metadata: Mapping[str, str],
    ) -> PaymentIntent:
        """Charge a saved card while its owner is away. The same key charges once."""

    def retrieve_payment_intent(self, intent_id: str) -> PaymentIntent:
        """Return how far a payment is."""

    def find_payment_intent(
        self, *, customer_id: str, metadata: Mapping[str, str]
    ) -> PaymentIntent | None:
        """Return the payment of a customer that carries this metadata, if it was asked for."""

    def detach_card(self, payment_method_id: str) -> None:
        """Forget a card."""


class RepeatsGifts(Protocol):
    """What recurring gifts need: subscriptions, begun on a page and changed later."""

    def create_subscription_page(
        self,
        *,
        key: str,
        amount: int,
        currency: str,
        every: str,
        name: str,
        email: str,
        page: HostedPage,
    ) -> CheckoutSession:
        """Open a page that begins a subscription with its first payment."""

    def retrieve_subscription(self, subscription_id: str) -> Subscription:
        """Return a subscription."""

    def pause_subscription(
        self, subscription_id: str, *, resumes_at: datetime | None = None
    ) -> Subscription:
        """Take no payments, until an instant or until it is resumed."""

    def resume_subscription(self, subscription_id: str) -> Subscription:
        """Take payments again."""

    def change_subscription(self, subscription_id: str, *, amount: int) -> Subscription:
        """Take another amount from the next payment on."""

    def set_subscription_card(
        self, subscription_id: str, *, payment_method_id: str
    ) -> Subscription:
        """Take payments from another card."""

    def stop_subscription(self, subscription_id: str) -> Subscription:
        """Take no payment any more."""

    def subscription_of_invoice(self, invoice_id: str) -> str | None:
        """Return the subscription that an invoice is for."""

    def subscription_of_payment(self, intent_id: str) -> Subscribed | None:
        """Return the subscription that a payment was for."""


class PaymentGateway(SavesCards, RepeatsGifts, Protocol):
    """What the conversations need of a payment provider."""

    def create_checkout_session(
        self,
        *,
        key: str,
        amount: int,
        currency: str,
        name: str,
        email: str,
        page: HostedPage,
    ) -> CheckoutSession:
        """Open a payment page. The same key and parameters give the same page."""

    def retrieve_checkout_session(self, session_id: str) -> CheckoutSession:
        """Return a payment page's state."""

    def retrieve_charge(self, charge_id: str) -> Charge:
        """Return a charge."""

    def charge_failed_at(self, charge_id: str) -> datetime | None:
        """Return when a charge failed, if Stripe still knows."""

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

    def read_balance(self) -> dict[str, int]:
        """Return what is on the balance by currency, available or not."""

    def retrieve_account(self) -> Account:
        """Return the account behind the key."""

    def retrieve_dispute(self, dispute_id: str) -> Dispute:
        """Return a dispute."""

    def list_disputes(self, *, since: datetime | None = None) -> list[Dispute]:
        """Return disputes opened since an instant, oldest first."""

    def retrieve_payout(self, payout_id: str) -> Payout:
        """Return a payout."""

    def verify(self, body: bytes, signature: str) -> Event:
        """Check a message's signature. Raises Invalid."""
