"""What the gateway returns: Stripe's objects as frozen dataclasses, in our own words.

Amounts are in the currency's smallest unit as Stripe counts it. Knows nothing of the SDK.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from ledger.errors import Conflict


class GatewayDown(Exception):
    """Stripe gave no answer, or one that says nothing about the outcome: ask again later."""


class KeyReused(Conflict):
    """A key was sent with other parameters than before: the two sides disagree about what was
    asked. It says nothing about what the first request did."""


@dataclass(frozen=True, slots=True)
class HostedPage:
    """What one of Stripe's pages is opened with: our reference, what we find it by again, where it
    leads, and the kinds of payment it may offer, by Stripe's names."""

    reference: str
    metadata: Mapping[str, str]
    success_url: str
    cancel_url: str
    methods: Sequence[str]


@dataclass(frozen=True, slots=True)
class CheckoutSession:
    """A hosted payment page; ``status`` is open, complete or expired."""

    id: str
    url: str | None
    status: str
    payment_status: str
    payment_intent_id: str | None
    setup_intent_id: str | None = None
    subscription_id: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentIntent:
    """One wish to take money: Stripe's status, and why it did not work where it did not.

    ``method`` is the kind of payment method, like card or us_bank_account.
    """

    id: str
    status: str
    amount: int
    currency: str
    method: str
    failure: str | None
    charge_id: str | None = None
    # When the bank was asked, which for a bank debit is days before it answers.
    charged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SavedCard:
    """What became of saving a card: it can be charged once ``status`` is succeeded."""

    status: str
    customer_id: str | None
    payment_method_id: str | None
    shown: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """A gift that repeats. ``paused`` until ``resumes_at``, or until it is resumed."""

    id: str
    status: str
    customer_id: str | None
    item_id: str
    product_id: str
    amount: int
    currency: str
    every: str
    next_at: datetime | None
    paused: bool
    resumes_at: datetime | None
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The subscription that a payment was for, with the metadata it had when it was billed."""

    subscription_id: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge with the metadata we gave it; no balance transaction until Stripe settles.

    ``amount`` is what the donor paid, in the donor's currency.
    """

    id: str
    amount: int
    currency: str
    balance_transaction_id: str | None
    metadata: Mapping[str, str]
    payment_intent_id: str | None = None
    method: str = "card"
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """The account behind a key; ``sandbox`` when it is not Stripe that answers."""

    id: str
    livemode: bool
    sandbox: bool


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute or, as ``warning_…``, an inquiry that has moved no money."""

    id: str
    charge_id: str
    amount: int
    currency: str
    reason: str
    status: str
    evidence_due_at: datetime | None
    evidence_given: bool
    created_at: datetime


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
    # One made by hand is not itemised: Stripe does not say what it contains.
    automatic: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """A verified message; only a wake-up, its figures are never used."""

    id: str
    kind: str
    object_id: str | None
    livemode: bool
