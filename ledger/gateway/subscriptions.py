"""Subscriptions: gifts that Stripe repeats, and what their donors change about them."""

from datetime import datetime

import stripe
from stripe.params import (
    InvoicePaymentListParams,
    SubscriptionUpdateParams,
    SubscriptionUpdateParamsItemPriceData,
    SubscriptionUpdateParamsPauseCollection,
)

from ledger.errors import Conflict
from ledger.gateway.checkout_pages import check_units
from ledger.gateway.connection import Connection, id_of, instant_of, metadata_of, translated
from ledger.gateway.objects import Subscribed, Subscription


class Subscriptions(Connection):
    """Subscriptions, looked up and changed; each change says how it shall be, so that asking
    twice changes nothing more."""

    def retrieve_subscription(self, subscription_id: str) -> Subscription:
        """Return a subscription."""
        with translated():
            found = self.client.v1.subscriptions.retrieve(subscription_id)
        self.check_mode(found.livemode)
        return _subscription(found)

    def pause_subscription(
        self, subscription_id: str, *, resumes_at: datetime | None = None
    ) -> Subscription:
        """Take no payments, until an instant or until it is resumed."""
        pause: SubscriptionUpdateParamsPauseCollection = {"behavior": "void"}
        if resumes_at is not None:
            pause["resumes_at"] = int(resumes_at.timestamp())
        return self._change(subscription_id, {"pause_collection": pause})

    def resume_subscription(self, subscription_id: str) -> Subscription:
        """Take payments again, from the next one on."""
        return self._change(subscription_id, {"pause_collection": ""})

    def change_subscription(self, subscription_id: str, *, amount: int) -> Subscription:
        """Take another amount from the next payment on. Raises Conflict for one that cards cannot
        pay."""
        now = self.retrieve_subscription(subscription_id)
        check_units(amount, now.currency)
        price: SubscriptionUpdateParamsItemPriceData = {
            "currency": now.currency.lower(),
            "product": now.product_id,
            "recurring": {"interval": now.every},
            "unit_amount": amount,
        }
        return self._change(
            subscription_id,
            {
                "items": [{"id": now.item_id, "price_data": price}],
                "proration_behavior": "none",
            },
        )

    def set_subscription_card(
        self, subscription_id: str, *, payment_method_id: str
    ) -> Subscription:
        """Take payments from another card of the same customer."""
        return self._change(subscription_id, {"default_payment_method": payment_method_id})

    def stop_subscription(self, subscription_id: str) -> Subscription:
        """Take no payment any more. Raises Conflict when it has ended already."""
        with translated():
            return _subscription(self.client.v1.subscriptions.cancel(subscription_id))

    def subscription_of_invoice(self, invoice_id: str) -> str | None:
        """Return the id of the subscription that an invoice is for, if it is for one."""
        with translated():
            found = self.client.v1.invoices.retrieve(invoice_id)
        details = found.parent.subscription_details if found.parent else None
        return id_of(details.subscription) if details else None

    def subscription_of_payment(self, intent_id: str) -> Subscribed | None:
        """Return the subscription that a payment was for, if it was for one.

        Neither charge nor payment carries the subscription's metadata; its invoice does.
        """
        params: InvoicePaymentListParams = {
            "payment": {"type": "payment_intent", "payment_intent": intent_id},
            "expand": ["data.invoice"],
            "limit": 1,
        }
        with translated():
            found = self.client.v1.invoice_payments.list(params)
        for row in found.data:
            parent = row.invoice.parent if isinstance(row.invoice, stripe.Invoice) else None
            details = parent.subscription_details if parent else None
            if details:
                return Subscribed(id_of(details.subscription) or "", metadata_of(details.metadata))
        return None

    def _change(self, subscription_id: str, params: SubscriptionUpdateParams) -> Subscription:
        with translated():
            return _subscription(self.client.v1.subscriptions.update(subscription_id, params))


def _subscription(found: stripe.Subscription) -> Subscription:
    item = found.items.data[0]
    price = item.price
    if price.unit_amount is None or item.quantity is None or price.recurring is None:
        # Made in the dashboard: by usage, by tiers or in fractions of the smallest unit.
        raise Conflict("The subscription was not made by Poolbook.")
    pause = found.pause_collection
    return Subscription(
        id=found.id,
        status=found.status,
        customer_id=id_of(found.customer),
        item_id=item.id,
        product_id=id_of(price.product) or "",
        amount=price.unit_amount * item.quantity,
        currency=found.currency.upper(),
        every=price.recurring.interval,
        next_at=instant_of(item.current_period_end),
        paused=pause is not None,
        resumes_at=instant_of(pause.resumes_at) if pause and pause.resumes_at else None,
        metadata=metadata_of(found.metadata),
    )
