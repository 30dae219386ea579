"""What Stripe did without telling us, or told us twice: fetched, and brought into the books.

Messages only wake this; alone it reaches the same books. Opens transactions, as ``checkout``
does, and never calls Stripe within one.
"""

from ledger.sweep.account import check_account
from ledger.sweep.disputes import sync_dispute
from ledger.sweep.passes import read_movements, sweep
from ledger.sweep.reconciling import reconcile

__all__ = ["check_account", "read_movements", "reconcile", "sweep", "sync_dispute"]
