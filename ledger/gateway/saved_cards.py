"""Saved cards: kept by Stripe, charged while their owner is away, forgotten again."""

from collections.abc import Mapping

import stripe
from stripe.params import (
    CustomerCreateParams,
    PaymentIntentCreateParams,
    PaymentIntentListParams,
)

from ledger.gateway.checkout_pages import check_units
from ledger.gateway.connection import PAGE, Connection, id_of, instant_of, metadata_of, translated
from ledger.gateway.objects import PaymentIntent, SavedCard


class SavedCards(Connection):
    """Customers with a card on file, and charges to it."""

    def create_customer(self, *, key: str, email: str, metadata: Mapping[str, str]) -> str:
        """Make somebody known to Stripe, so that a card can be kept for them; return the id."""
        params: CustomerCreateParams = {"metadata": dict(metadata)}
        if email:
            params["email"] = email
        with translated():
            made = self.client.v1.customers.create(params, options={"idempotency_key": key})
        self.check_mode(made.livemode)
        return made.id

    def retrieve_saved_card(self, setup_intent_id: str) -> SavedCard:
        """Return what became of a page that was to save a card."""
        with translated():
            found = self.client.v1.setup_intents.retrieve(
                setup_intent_id, {"expand": ["payment_method"]}
            )
        self.check_mode(found.livemode)
        return SavedCard(
            found.status, id_of(found.customer), id_of(found.payment_method), _shown(found)
        )

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
        """Charge a saved card while its owner is away; a refusal by the bank is an answer too.

        Raises Conflict when Stripe refuses the call itself, GatewayDown without an answer.
        """
        check_units(amount, currency)
        params: PaymentIntentCreateParams = {
            "amount": amount,
            "currency": currency.lower(),
            "customer": customer_id,
            "payment_method": payment_method_id,
            "off_session": True,
            "confirm": True,
            # Nobody is there to be led anywhere; without this Stripe asks for a return_url.
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "metadata": dict(metadata),
        }
        with translated():
            try:
                made = self.client.v1.payment_intents.create(
                    params, options={"idempotency_key": key}
                )
            except stripe.CardError as refusal:
                return _refused(refusal, amount, currency)
        self.check_mode(made.livemode)
        return _intent(made)

    def retrieve_payment_intent(self, intent_id: str) -> PaymentIntent:
        """Return how far a payment is."""
        with translated():
            found = self.client.v1.payment_intents.retrieve(
                intent_id, {"expand": ["payment_method", "latest_charge"]}
            )
        self.check_mode(found.livemode)
        return _intent(found)

    def find_payment_intent(
        self, *, customer_id: str, metadata: Mapping[str, str]
    ) -> PaymentIntent | None:
        """Return the payment of a customer that carries this metadata, if it was asked for."""
        params: PaymentIntentListParams = {"customer": customer_id, "limit": PAGE}
        with translated():
            for found in self.client.v1.payment_intents.list(params).auto_paging_iter():
                if metadata.items() <= metadata_of(found.metadata).items():
                    return _intent(found)
        return None

    def detach_card(self, payment_method_id: str) -> None:
        """Have Stripe forget a card. Raises Conflict when it is forgotten already."""
        with translated():
            self.client.v1.payment_methods.detach(payment_method_id)


def _intent(found: stripe.PaymentIntent) -> PaymentIntent:
    charge = found.latest_charge
    method = found.payment_method
    kind = method.type if isinstance(method, stripe.PaymentMethod) else None
    if kind is None and isinstance(charge, stripe.Charge) and charge.payment_method_details:
        kind = charge.payment_method_details.type
    return PaymentIntent(
        found.id,
        found.status,
        found.amount,
        found.currency.upper(),
        kind or "card",
        _reason(found.last_payment_error) if found.last_payment_error else None,
        id_of(charge),
        instant_of(charge.created) if isinstance(charge, stripe.Charge) else None,
    )


def _reason(error: stripe.PaymentIntent.LastPaymentError | stripe.ErrorObject | None) -> str:
    """Return why a payment did not work; an error has only the parts that apply to it."""
    code = getattr(error, "code", None) or "declined"
    if code == "authentication_required":
        return code
    return getattr(error, "decline_code", None) or code


def _refused(refusal: stripe.CardError, amount: int, currency: str) -> PaymentIntent:
    """Return the payment that the bank refused; without one, Stripe's word for it alone."""
    error = refusal.error
    intent = getattr(error, "payment_intent", None)
    return PaymentIntent(
        getattr(intent, "id", None) or "",
        getattr(intent, "status", None) or "requires_payment_method",
        amount,
        currency,
        "card",
        _reason(error),
    )


def _shown(found: stripe.SetupIntent) -> str:
    method = found.payment_method
    card = getattr(method, "card", None) if isinstance(method, stripe.PaymentMethod) else None
    return f"{card.brand.title()} {card.last4}" if card else ""
