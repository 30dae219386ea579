"""Conversations with the payment gateway, in three beats: prepare, call, record.

The only package besides the doors that opens transactions: what we are about to ask is committed
before the call, under a key derived from our own row, so that a crash at any moment is taken up
again without asking twice.
"""

from ledger.checkout.outcomes import sync_attempt
from ledger.checkout.payment_pages import start_checkout
from ledger.checkout.recurring_gifts import (
    change_amount,
    pause_gift,
    resume_gift,
    skip_next,
    start_new_card,
    start_recurring,
    stop_gift,
    sync_gift,
)
from ledger.checkout.refunds import send_refund
from ledger.checkout.saved_cards import start_setup
from ledger.checkout.schedules import keep_schedules
from ledger.checkout.wake_ups import look_up, look_up_attempt
from ledger.gateway import GatewayDown, PaymentGateway

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
