"""The services whose approval kinds this program knows: importing one registers its kinds.

Whoever decides requests imports this file. A new kind in a module that is named here needs no line.
"""

from ledger.services.accounting import (
    corrections,
    fund_transfers,
    manual_entries,
    opening_balances,
    periods,
)
from ledger.services.approvals import role_grants, rules, settings
from ledger.services.campaigns import matching_sponsors
from ledger.services.equipment import assets, contributed_use, disposals, low_value_items, supplies
from ledger.services.evidence import erasing
from ledger.services.payments import refunds
from ledger.services.pledges import receivables
from ledger.services.pools import agreements, allocations, cost_sharing, lifecycle, pools, transfers
from ledger.services.reconciliation import costs, signed_statements
from ledger.services.reconciliation import rules as bank_rules
from ledger.services.spending import expenses, grants, loans, purchases, spending
from ledger.services.undoing import undo
from ledger.services.volunteering import hours

MODULES = (
    bank_rules,
    agreements,
    allocations,
    assets,
    contributed_use,
    corrections,
    costs,
    cost_sharing,
    disposals,
    erasing,
    expenses,
    fund_transfers,
    grants,
    hours,
    lifecycle,
    loans,
    low_value_items,
    manual_entries,
    matching_sponsors,
    opening_balances,
    periods,
    pools,
    purchases,
    receivables,
    refunds,
    role_grants,
    rules,
    settings,
    signed_statements,
    spending,
    supplies,
    transfers,
    undo,
)
