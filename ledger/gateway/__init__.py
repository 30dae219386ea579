"""The payment gateway: what Poolbook asks of Stripe, and the only package that imports stripe.

Frozen dataclasses go in and come out; no object of the SDK leaves. Must not open transactions.
"""

from ledger.gateway.objects import (
    Account,
    BalanceTransaction,
    Charge,
    CheckoutSession,
    Dispute,
    Event,
    GatewayDown,
    HostedPage,
    KeyReused,
    PaymentIntent,
    Payout,
    Refund,
    SavedCard,
    Subscribed,
    Subscription,
)
from ledger.gateway.protocol import PaymentGateway
from ledger.gateway.stripe_gateway import StripeGateway

__all__ = [
    "Account",
    "BalanceTransaction",
    "Charge",
    "CheckoutSession",
    "Dispute",
    "Event",
    "GatewayDown",
    "HostedPage",
    "KeyReused",
    "PaymentGateway",
    "PaymentIntent",
    "Payout",
    "Refund",
    "SavedCard",
    "StripeGateway",
    "Subscribed",
    "Subscription",
]
