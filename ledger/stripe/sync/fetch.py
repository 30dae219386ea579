"""Which payment is behind a movement that comes later: a refund, a dispute, a return."""

from collections.abc import Mapping
from uuid import UUID

from ledger.errors import Conflict
from ledger.gateway import PaymentGateway


def charge_behind(gateway: PaymentGateway, source_id: str) -> str:
    """Return the id of the charge that a source of a movement is about.

    Raises Conflict when Stripe does not say, GatewayDown.
    """
    kind = source_id.partition("_")[0]
    found: str | None = None
    if kind in ("ch", "py"):
        found = source_id
    elif kind in ("re", "pyr"):
        found = gateway.retrieve_refund(source_id).charge_id
    elif kind in ("du", "dp"):
        found = gateway.retrieve_dispute(source_id).charge_id
    if not found:
        raise Conflict("Stripe does not name the payment for this.", place=source_id)
    return found


def our_id(metadata: Mapping[str, str], name: str) -> UUID | None:
    """Return an id of ours from metadata, which anybody at Stripe's pages may have written."""
    try:
        return UUID(metadata.get(name, ""))
    except ValueError:
        return None
