"""What every business event means in the books: one function per event, amounts in, entries out.

The legs are those of domain section 5. Must not know the database, the clock or Stripe.
"""

from ledger.core.bookkeeping.allocation import allocation_made, allocation_settled
from ledger.core.bookkeeping.corrections import rebooked
from ledger.core.bookkeeping.equipment import (
    item_lent,
    item_returned,
    items_received,
    items_valued,
)
from ledger.core.bookkeeping.hours import hours_confirmed
from ledger.core.bookkeeping.offline import (
    bank_charge,
    cash_banked,
    cash_received,
    receipt_identified,
    receipt_unidentified,
    transfer_received,
)
from ledger.core.bookkeeping.opening import opening_balances
from ledger.core.bookkeeping.payments import (
    payment_settled,
    payout_arrived,
    payout_created,
    pool_payment_settled,
    pool_refund_settled,
    refund_settled,
)
from ledger.core.bookkeeping.pledges import condition_met, pledge_made, pledge_released
from ledger.core.bookkeeping.pools import (
    contribution_made,
    contribution_settled,
    host_contribution,
    host_fee,
)
from ledger.core.bookkeeping.transfers import grant_made, grant_settled

__all__ = [
    "allocation_made",
    "allocation_settled",
    "bank_charge",
    "cash_banked",
    "cash_received",
    "condition_met",
    "contribution_made",
    "contribution_settled",
    "grant_made",
    "grant_settled",
    "host_contribution",
    "host_fee",
    "hours_confirmed",
    "item_lent",
    "item_returned",
    "items_received",
    "items_valued",
    "opening_balances",
    "payment_settled",
    "payout_arrived",
    "payout_created",
    "pledge_made",
    "pledge_released",
    "pool_payment_settled",
    "pool_refund_settled",
    "rebooked",
    "receipt_identified",
    "receipt_unidentified",
    "refund_settled",
    "transfer_received",
]
