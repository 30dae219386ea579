"""The connection to Stripe: its client, its errors in our words, and which mode its objects are of.

What every part of the gateway stands on; only this package imports stripe.
"""

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import stripe

from ledger.config import Settings
from ledger.errors import Conflict, NotAllowed
from ledger.gateway.objects import GatewayDown, KeyReused

if TYPE_CHECKING:
    from stripe._stripe_object import UntypedStripeObject

log = logging.getLogger("poolbook.gateway")

TIMEOUT_SECONDS = 20
RETRIES = 2
PAGE = 100


class Connection:
    """Stripe's client for one set of settings; the base address tells Stripe from the sandbox."""

    def __init__(self, settings: Settings) -> None:
        base = settings.stripe_base
        self.secret = settings.stripe_webhook_secret
        self.livemode = settings.livemode
        self.sandbox = settings.sandbox
        self.client = stripe.StripeClient(
            settings.stripe_key,
            # All four, or a stray call would go to the internet.
            base_addresses={
                "api": base,
                "files": base,
                "connect": base,
                "meter_events": base,
            },
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        )

    def check_mode(self, livemode: bool) -> None:
        """Refuse an object of the other mode. Raises NotAllowed."""
        if livemode != self.livemode:
            raise NotAllowed(
                "Test data cannot be recorded in live books, and live data cannot be "
                "recorded in test books."
            )


class translated:  # noqa: N801
    """Turn the SDK's errors into ours; no text of Stripe's reaches a donor."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(
            error, stripe.APIConnectionError | stripe.RateLimitError | stripe.APIError
        ) and not isinstance(error, stripe.InvalidRequestError):
            raise GatewayDown(type(error).__name__) from error
        if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
            raise GatewayDown(type(error).__name__) from error
        if isinstance(error, stripe.IdempotencyError):
            log.error("a key was sent with other parameters than before; nothing is sent again")
            raise KeyReused("This payment was asked for differently before.") from error
        if isinstance(error, stripe.StripeError):
            raise Conflict(
                "The payment provider rejected the request ({value}).",
                place=getattr(error, "param", None),
                value=error.code or "invalid_request",
            ) from error


class Identified(Protocol):
    """An object of the SDK that has an id."""

    @property
    def id(self) -> str:
        """Stripe's id of it."""


def id_of(reference: str | Identified | None) -> str | None:
    """Return the id of what Stripe gives as an id or, expanded, as an object."""
    if reference is None or isinstance(reference, str):
        return reference
    return reference.id


def instant_of(seconds: int) -> datetime:
    """Return the instant that Stripe counts in seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def metadata_of(labels: "UntypedStripeObject[str] | None") -> dict[str, str]:
    """Return metadata as a dict; ours, but anybody at Stripe's pages may have changed it."""
    return dict(labels.to_dict()) if labels else {}
