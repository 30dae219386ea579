"""Functional expenses: what a cost serves (FASB ASC 958-720-45).

Every cost names one; reports make the matrix of costs by nature and function from them.
"""

from ledger.core.accounts import Acct

FUNCTIONS = ("programme", "management", "fundraising")
# The thousands digit of what a community costs to run.
ADMINISTRATIVE = 6


def function_of(account: int) -> str:
    """Return what a cost on an account of the chart serves, where nobody says otherwise."""
    if account == Acct.FUNDRAISING:
        return "fundraising"
    return "management" if account // 1000 == ADMINISTRATIVE else "programme"
