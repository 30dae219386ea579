"""What Stripe did, told or not: fetched and brought into the books.

Messages only wake this; alone it reaches the same books. Opens transactions, as ``checkout``
does, and never calls Stripe within one.
"""

from ledger.stripe.sync.account import check_account
from ledger.stripe.sync.disputes import sync_dispute
from ledger.stripe.sync.reconciling import reconcile
from ledger.stripe.sync.scheduler import read_movements, sync_stripe

__all__ = ["check_account", "read_movements", "reconcile", "sync_dispute", "sync_stripe"]
