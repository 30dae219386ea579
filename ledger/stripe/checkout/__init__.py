"""Payment pages, saved cards and refunds, in three steps: prepare, call Stripe, record.

The only package besides the entry points that opens transactions: what we are about to ask is
committed before the call, under a key derived from our own row, so that after a crash at any moment
the work continues without asking twice.
"""

from ledger.gateway import GatewayDown, PaymentGateway
from ledger.stripe.checkout.daily_charges import keep_schedules
from ledger.stripe.checkout.outcomes import sync_attempt
from ledger.stripe.checkout.payment_pages import start_checkout
from ledger.stripe.checkout.recurring_gifts import (
    change_amount,
    pause_gift,
    resume_gift,
    skip_next,
    start_new_card,
    start_recurring,
    stop_gift,
    sync_gift,
)
from ledger.stripe.checkout.refunds import send_refund
from ledger.stripe.checkout.saved_cards import start_setup
from ledger.stripe.checkout.webhook_handlers import look_up, look_up_attempt

__all__ = [
    "GatewayDown",
    "PaymentGateway",
    "change_amount",
    "keep_schedules",
    "look_up",
    "look_up_attempt",
    "pause_gift",
    "resume_gift",
    "send_refund",
    "skip_next",
    "start_checkout",
    "start_new_card",
    "start_recurring",
    "start_setup",
    "stop_gift",
    "sync_attempt",
    "sync_gift",
]
