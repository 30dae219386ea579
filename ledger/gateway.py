"""The payment gateway: what Poolbook asks of Stripe, and the only module that imports stripe.

Frozen dataclasses go in and come out; no object of the SDK leaves. Amounts are in the
currency's smallest unit as Stripe counts it. Must not open transactions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol

import stripe

from ledger.config import Settings
from ledger.core.currencies import exponent
from ledger.errors import Conflict, Invalid, NotAllowed

TIMEOUT_SECONDS = 20
RETRIES = 2
PAGE = 100
# Stripe counts these in other units than ISO 4217 does (its page on currencies), so that an
# amount of ours would be a hundred times too small or too large.
OTHER_UNITS = ("ISK", "MGA", "UGX")


class GatewayDown(Exception):
    """Stripe gave no answer, or one that says nothing about the outcome: ask again later."""


@dataclass(frozen=True, slots=True)
class CheckoutSession:
    """A hosted payment page; ``status`` is open, complete or expired."""

    id: str
    url: str | None
    status: str
    payment_status: str
    payment_intent_id: str | None


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge with the metadata we gave it; no balance transaction until Stripe settles."""

    id: str
    amount: int
    currency: str
    balance_transaction_id: str | None
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund of a charge, with the metadata we gave it."""

    id: str
    charge_id: str | None
    amount: int
    status: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BalanceTransaction:
    """One movement of the Stripe balance; ``net`` = ``amount`` - ``fee``."""

    id: str
    livemode: bool
    kind: str
    reporting_category: str
    amount: int
    fee: int
    net: int
    currency: str
    source_id: str | None
    created_at: datetime
    available_on: date
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Payout:
    """Money on its way from Stripe to the bank."""

    id: str
    amount: int
    currency: str
    status: str
    arrival_on: date
    descriptor: str
    trace: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """A verified message; only a wake-up, its figures are never used."""

    id: str
    kind: str
    object_id: str | None
    livemode: bool


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


class StripeGateway:
    """Stripe through its own SDK; the base address tells Stripe from the sandbox."""

    def __init__(self, settings: Settings) -> None:
        base = settings.stripe_base
        self._secret = settings.stripe_webhook_secret
        self._livemode = settings.livemode
        self._client = stripe.StripeClient(
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
        """Open a payment page. Raises Conflict for an amount that cards cannot pay."""
        _check_units(amount, currency)
        params: Any = {
            "mode": "payment",
            "submit_type": "donate",
            "customer_email": email,
            "client_reference_id": reference,
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
            "metadata": dict(metadata),
            "payment_intent_data": {"metadata": dict(metadata)},
            "success_url": success_url,
            "cancel_url": cancel_url,
        }
        with _translated():
            made = self._client.v1.checkout.sessions.create(
                params, options={"idempotency_key": key}
            )
        self._check_mode(made.livemode)
        return _session(made)

    def retrieve_checkout_session(self, session_id: str) -> CheckoutSession:
        """Return a payment page's state."""
        with _translated():
            found = self._client.v1.checkout.sessions.retrieve(session_id)
        self._check_mode(found.livemode)
        return _session(found)

    def retrieve_charge(self, charge_id: str) -> Charge:
        """Return a charge."""
        with _translated():
            found = self._client.v1.charges.retrieve(charge_id)
        self._check_mode(found.livemode)
        return Charge(
            found.id,
            found.amount,
            found.currency.upper(),
            _id(found.balance_transaction),
            _metadata(found),
        )

    def create_refund(
        self, *, key: str, charge_id: str, amount: int, metadata: Mapping[str, str]
    ) -> Refund:
        """Send money back."""
        params: Any = {"charge": charge_id, "amount": amount, "metadata": dict(metadata)}
        with _translated():
            made = self._client.v1.refunds.create(params, options={"idempotency_key": key})
        return _refund(made)

    def retrieve_refund(self, refund_id: str) -> Refund:
        """Return a refund."""
        with _translated():
            return _refund(self._client.v1.refunds.retrieve(refund_id))

    def find_refund(self, *, charge_id: str, metadata: Mapping[str, str]) -> Refund | None:
        """Return the refund of a charge that carries this metadata, if it was made."""
        params: Any = {"charge": charge_id, "limit": PAGE}
        with _translated():
            made = [
                _refund(item) for item in self._client.v1.refunds.list(params).auto_paging_iter()
            ]
        return next((found for found in made if metadata.items() <= found.metadata.items()), None)

    def list_balance_transactions(
        self, *, since: datetime | None = None, payout_id: str | None = None
    ) -> list[BalanceTransaction]:
        """Return the movements of the balance, oldest first."""
        params: Any = {"limit": PAGE}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        if payout_id is not None:
            params["payout"] = payout_id
        with _translated():
            first = self._client.v1.balance_transactions.list(params)
            found = [_transaction(item, self._livemode) for item in first.auto_paging_iter()]
        return found[::-1]

    def retrieve_payout(self, payout_id: str) -> Payout:
        """Return a payout."""
        with _translated():
            found = self._client.v1.payouts.retrieve(payout_id)
        self._check_mode(found.livemode)
        trace = found.trace_id.value if found.trace_id else None
        return Payout(
            id=found.id,
            amount=found.amount,
            currency=found.currency.upper(),
            status=found.status,
            arrival_on=_instant(found.arrival_date).date(),
            descriptor=found.statement_descriptor or "STRIPE",
            trace=trace or "",
            created_at=_instant(found.created),
        )

    def verify(self, body: bytes, signature: str) -> Event:
        """Check a message's signature. Raises Invalid, NotAllowed for one of the other mode."""
        try:
            found = self._client.construct_event(body, signature, self._secret)
            about = getattr(found.data.object, "id", None)
            event = Event(found.id, found.type, about, found.livemode)
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise Invalid("The signature does not fit.", place="Stripe-Signature") from error
        except (AttributeError, TypeError) as error:
            # Signed, but no event as this version of the SDK knows it.
            raise Invalid("The message is no event.", place="body") from error
        self._check_mode(event.livemode)
        return event

    def _check_mode(self, livemode: bool) -> None:
        if livemode != self._livemode:
            raise NotAllowed("A test object cannot enter live books, nor the other way round.")


class _translated:  # noqa: N801
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
        if isinstance(error, stripe.StripeError):
            raise Conflict(
                f"The payment provider refused ({error.code or 'invalid_request'}).",
                place=getattr(error, "param", None),
            ) from error


def _session(found: Any) -> CheckoutSession:
    return CheckoutSession(
        found.id,
        found.url,
        found.status or "open",
        found.payment_status,
        _id(found.payment_intent),
    )


def _refund(found: Any) -> Refund:
    return Refund(
        found.id,
        _id(found.charge),
        found.amount,
        found.status or "pending",
        _metadata(found),
    )


def _transaction(found: Any, livemode: bool) -> BalanceTransaction:
    return BalanceTransaction(
        id=found.id,
        livemode=livemode,
        kind=found.type,
        reporting_category=found.reporting_category,
        amount=found.amount,
        fee=found.fee,
        net=found.net,
        currency=found.currency.upper(),
        source_id=_id(found.source),
        created_at=_instant(found.created),
        available_on=_instant(found.available_on).date(),
        body=_impersonal(found.to_dict()),
    )


def _impersonal(body: dict[str, Any]) -> dict[str, Any]:
    """Return a movement without its description, in which a person may be named."""
    return {**body, "description": None}


def _metadata(found: Any) -> dict[str, str]:
    return dict(found.metadata.to_dict()) if found.metadata else {}


def _check_units(amount: int, currency: str) -> None:
    if currency in OTHER_UNITS:
        raise Conflict(f"Payments by card in {currency} are not supported.", place="currency")
    if exponent(currency) == 3 and amount % 10:
        raise Conflict(f"An amount in {currency} that is paid by card ends in 0.", place="amount")


def _id(reference: Any) -> str | None:
    """Return the id of what Stripe gives as an id or, expanded, as an object."""
    if reference is None or isinstance(reference, str):
        return reference
    return str(reference.id)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
