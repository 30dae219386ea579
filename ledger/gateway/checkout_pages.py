"""Stripe's hosted payment pages.

``methods`` filters what the account offers, by Stripe's names; what does not fit the currency or
the account is left out without a word.
"""

import stripe
from stripe.params.checkout import SessionCreateParams

from ledger.core.currencies import exponent
from ledger.errors import Conflict
from ledger.gateway.connection import Connection, id_of, translated
from ledger.gateway.objects import CheckoutSession, HostedPage

# Stripe counts these in other units than ISO 4217 does (its page on currencies), so that an
# amount of ours would be a hundred times too small or too large.
OTHER_UNITS = ("ISK", "MGA", "UGX")


class CheckoutPages(Connection):
    """Payment pages: opened, and asked what became of them."""

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
        """Open a payment page. Raises Conflict for an amount that cards cannot pay."""
        check_units(amount, currency)
        params: SessionCreateParams = {
            "mode": "payment",
            "allowed_payment_method_types": list(page.methods),
            "submit_type": "donate",
            "client_reference_id": page.reference,
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": currency.lower(),
                        "unit_amount": amount,
                        "product_data": {"name": name},
                    },
                }
            ],
            "metadata": dict(page.metadata),
            "payment_intent_data": {"metadata": dict(page.metadata)},
            "success_url": page.success_url,
            "cancel_url": page.cancel_url,
        }
        if email:
            params["customer_email"] = email
        return self._open(params, key)

    def create_setup_page(
        self,
        *,
        key: str,
        customer_id: str,
        page: HostedPage,
    ) -> CheckoutSession:
        """Open a page that saves a card and takes no money."""
        params: SessionCreateParams = {
            "mode": "setup",
            "allowed_payment_method_types": list(page.methods),
            "customer": customer_id,
            "client_reference_id": page.reference,
            "metadata": dict(page.metadata),
            "setup_intent_data": {"metadata": dict(page.metadata)},
            "success_url": page.success_url,
            "cancel_url": page.cancel_url,
        }
        return self._open(params, key)

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
        """Open a page that begins a subscription with its first payment.

        Raises Conflict for an amount that cards cannot pay.
        """
        check_units(amount, currency)
        params: SessionCreateParams = {
            "mode": "subscription",
            "allowed_payment_method_types": list(page.methods),
            "client_reference_id": page.reference,
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": currency.lower(),
                        "unit_amount": amount,
                        "recurring": {"interval": every},
                        "product_data": {"name": name},
                    },
                }
            ],
            "metadata": dict(page.metadata),
            "subscription_data": {"metadata": dict(page.metadata)},
            "success_url": page.success_url,
            "cancel_url": page.cancel_url,
        }
        if email:
            params["customer_email"] = email
        return self._open(params, key)

    def retrieve_checkout_session(self, session_id: str) -> CheckoutSession:
        """Return a payment page's state."""
        with translated():
            found = self.client.v1.checkout.sessions.retrieve(session_id)
        self.check_mode(found.livemode)
        return _session(found)

    def _open(self, params: SessionCreateParams, key: str) -> CheckoutSession:
        with translated():
            made = self.client.v1.checkout.sessions.create(params, options={"idempotency_key": key})
        self.check_mode(made.livemode)
        return _session(made)


def _session(found: stripe.checkout.Session) -> CheckoutSession:
    return CheckoutSession(
        found.id,
        found.url,
        found.status or "open",
        found.payment_status,
        id_of(found.payment_intent),
        id_of(found.setup_intent),
        id_of(found.subscription),
    )


def check_units(amount: int, currency: str) -> None:
    """Refuse an amount that would become another one. Raises Conflict."""
    if currency in OTHER_UNITS:
        raise Conflict(
            "Card payments in {currency} are not supported.", place="currency", currency=currency
        )
    if exponent(currency) == 3 and amount % 10:
        raise Conflict(
            "Card payments in {currency} must be in multiples of 10 of the smallest unit.",
            place="amount",
            currency=currency,
        )
