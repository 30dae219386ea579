"""Charges and what goes back of them."""

from collections.abc import Mapping
from datetime import datetime

import stripe
from stripe.params import EventListParams, RefundCreateParams, RefundListParams

from ledger.gateway.connection import (
    PAGE,
    Connection,
    id_of,
    instant_of,
    metadata_of,
    translated,
)
from ledger.gateway.objects import Charge, Refund


class Charges(Connection):
    """Charges, looked up; refunds, made and looked up."""

    def retrieve_charge(self, charge_id: str) -> Charge:
        """Return a charge."""
        with translated():
            found = self.client.v1.charges.retrieve(charge_id)
        self.check_mode(found.livemode)
        return Charge(
            found.id,
            found.amount,
            found.currency.upper(),
            id_of(found.balance_transaction),
            metadata_of(found.metadata),
            id_of(found.payment_intent),
            getattr(found.payment_method_details, "type", "card"),
            instant_of(found.created),
        )

    def charge_failed_at(self, charge_id: str) -> datetime | None:
        """Return when a charge failed, as its event says; Stripe keeps events for 30 days."""
        params: EventListParams = {"type": "charge.failed", "limit": PAGE}
        with translated():
            for event in self.client.v1.events.list(params).auto_paging_iter():
                if getattr(event.data.object, "id", None) == charge_id:
                    return instant_of(event.created)
        return None

    def create_refund(
        self, *, key: str, charge_id: str, amount: int, metadata: Mapping[str, str]
    ) -> Refund:
        """Send money back."""
        params: RefundCreateParams = {
            "charge": charge_id,
            "amount": amount,
            "metadata": dict(metadata),
        }
        with translated():
            made = self.client.v1.refunds.create(params, options={"idempotency_key": key})
        return _refund(made)

    def retrieve_refund(self, refund_id: str) -> Refund:
        """Return a refund."""
        with translated():
            return _refund(self.client.v1.refunds.retrieve(refund_id))

    def find_refund(self, *, charge_id: str, metadata: Mapping[str, str]) -> Refund | None:
        """Return the refund of a charge that carries this metadata, if it was made."""
        params: RefundListParams = {"charge": charge_id, "limit": PAGE}
        with translated():
            made = [
                _refund(item) for item in self.client.v1.refunds.list(params).auto_paging_iter()
            ]
        return next((found for found in made if metadata.items() <= found.metadata.items()), None)


def _refund(found: stripe.Refund) -> Refund:
    return Refund(
        found.id,
        id_of(found.charge),
        found.amount,
        found.status or "pending",
        metadata_of(found.metadata),
    )
