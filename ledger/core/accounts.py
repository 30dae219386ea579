"""The chart of accounts every new book starts from (domain section 4).

The thousands digit tells the layer: 8 is quantity, 9 is memo, everything else is value.
A book may add accounts, never renumber them. Must not know the database.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final


class Layer(StrEnum):
    """Value in currency, physical quantity, or commitments and statistics."""

    FIN = "FIN"
    QTY = "QTY"
    MEMO = "MEMO"


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the template; ``inter_book`` legs name a counterparty book."""

    number: int
    name: str
    kind: str
    inter_book: bool = False
    is_loss: bool = False
    # Accounts of the template stay open; a book closes those that it added.
    closed_on: date | None = None

    @property
    def layer(self) -> Layer:
        """The layer that the number implies."""
        return layer_of(self.number)


def layer_of(number: int) -> Layer:
    """Return the layer of an account number."""
    return _OTHER_LAYERS.get(number // 1000, Layer.FIN)


_OTHER_LAYERS = {8: Layer.QTY, 9: Layer.MEMO}


class Acct:
    """The accounts of the chart by name, so that code never says a number."""

    BANK: Final = 1010
    FOREIGN_BANK: Final = 1020
    UNDEPOSITED_CASH: Final = 1030
    PETTY_CASH: Final = 1040
    STRIPE_BALANCE: Final = 1110
    STRIPE_RESERVE: Final = 1115
    PAYOUTS_IN_TRANSIT: Final = 1120
    OUTGOING_PAYMENTS: Final = 1130
    DISPUTED_PAYMENTS: Final = 1140
    PLEDGES_RECEIVABLE: Final = 1210
    PLEDGE_DISCOUNT: Final = 1215
    PLEDGE_ALLOWANCE: Final = 1218
    GRANTS_RECEIVABLE: Final = 1220
    IN_KIND_RECEIVABLE: Final = 1230
    TAX_RECLAIM_RECEIVABLE: Final = 1240
    INTER_COMMUNITY: Final = 1300
    INTEREST_IN_POOL: Final = 1350
    PREPAYMENTS: Final = 1410
    INVENTORY: Final = 1420
    EQUIPMENT: Final = 1510
    ACCUMULATED_IMPAIRMENT: Final = 1518
    ACCUMULATED_DEPRECIATION: Final = 1519
    UNDER_CONSTRUCTION: Final = 1520
    CURRENCY_CONVERSION: Final = 1990
    ACCOUNTS_PAYABLE: Final = 2110
    REIMBURSEMENTS_PAYABLE: Final = 2120
    GRANTS_PAYABLE: Final = 2130
    REFUNDS_PAYABLE: Final = 2140
    UNAPPLIED_RECEIPTS: Final = 2190
    REFUNDABLE_CONTRIBUTIONS: Final = 2350
    REFUNDABLE_ADVANCES: Final = 2410
    HELD_FOR_THIRD_PARTIES: Final = 2420
    DEFERRED_INCOME: Final = 2510
    LOANS_PAYABLE: Final = 2610
    OPENING_NET_ASSETS: Final = 3010
    PRIOR_PERIOD_ADJUSTMENT: Final = 3020
    CLOSED_YEARS: Final = 3090
    DONATIONS: Final = 4010
    RECURRING_DONATIONS: Final = 4020
    PLEDGE_REVENUE: Final = 4030
    TAX_RECLAIMED: Final = 4040
    REFUNDS: Final = 4090
    RETURNED_PAYMENTS: Final = 4091
    DISPUTED_CONTRIBUTIONS: Final = 4092
    PRIOR_PERIOD_REFUNDS: Final = 4095
    GOODS_GIVEN: Final = 4110
    SERVICES_GIVEN: Final = 4120
    USE_GIVEN: Final = 4130
    GRANTS: Final = 4210
    EXCHANGE_INCOME: Final = 4310
    HOST_FEE_INCOME: Final = 4510
    TRANSFERS_IN: Final = 4520
    POOL_CONTRIBUTIONS_IN: Final = 4530
    ALLOCATIONS_IN: Final = 4540
    RECHARGES_IN: Final = 4550
    RELEASED_IN: Final = 4910
    FUND_TRANSFERS_IN: Final = 4915
    EXCHANGE_GAINS: Final = 4920
    GAIN_ON_DISPOSAL: Final = 4930
    INTEREST: Final = 4940
    PROGRAMME_COSTS: Final = 5110
    MATERIALS_CONSUMED: Final = 5120
    SERVICES_USED: Final = 5210
    USE_OF_ASSETS: Final = 5220
    LOW_VALUE_ITEMS: Final = 5310
    DEPRECIATION: Final = 5410
    IMPAIRMENT: Final = 5420
    LOSS_ON_DISPOSAL: Final = 5440
    TRANSFERS_OUT: Final = 5510
    POOL_CONTRIBUTIONS_OUT: Final = 5530
    ALLOCATIONS_OUT: Final = 5540
    RECHARGES_OUT: Final = 5550
    GRANTS_MADE: Final = 5610
    RELEASED_OUT: Final = 5910
    FUND_TRANSFERS_OUT: Final = 5915
    ADMINISTRATION: Final = 6110
    FUNDRAISING: Final = 6210
    PROCESSING_FEES: Final = 6510
    DISPUTE_FEES: Final = 6520
    HOST_FEES: Final = 6530
    BANK_CHARGES: Final = 6540
    UNCOLLECTIBLE_PLEDGES: Final = 6610
    ITEMS_GIVEN: Final = 8110
    TIME_GIVEN: Final = 8120
    ITEMS_ACQUIRED: Final = 8130
    OPENING_QUANTITIES: Final = 8190
    ITEMS_HELD: Final = 8210
    ITEMS_LENT: Final = 8220
    ITEMS_BORROWED: Final = 8230
    RETURN_OBLIGATION: Final = 8235
    ITEMS_DAMAGED: Final = 8240
    MATERIALS_HELD: Final = 8250
    TRANSFERRED: Final = 8310
    DISPOSED: Final = 8320
    LOST: Final = 8330
    RETURNED_TO_DONOR: Final = 8340
    RECLASSIFIED: Final = 8390
    TIME_APPLIED: Final = 8410
    MATERIALS_USED: Final = 8420
    INTENTIONS: Final = 9110
    CONDITIONAL_PLEDGES: Final = 9120
    PAYMENTS_IN_PROCESS: Final = 9130
    CONDITIONAL_GRANTS_AWARDED: Final = 9140
    COMMITMENTS_RECEIVED: Final = 9190
    ALLOCATIONS_APPROVED: Final = 9210
    CONDITIONAL_GRANTS_MADE: Final = 9220
    ENCUMBRANCES: Final = 9230
    COMMITMENTS_MADE: Final = 9290
    TIME_STATISTIC: Final = 9310
    USE_STATISTIC: Final = 9320
    STATISTICS: Final = 9390


CHART: tuple[Account, ...] = (
    Account(Acct.BANK, "Bank – operating", "asset"),
    Account(Acct.FOREIGN_BANK, "Bank – foreign currency", "asset"),
    Account(Acct.UNDEPOSITED_CASH, "Undeposited cash and cheques", "asset"),
    Account(Acct.PETTY_CASH, "Petty cash", "asset"),
    Account(Acct.STRIPE_BALANCE, "Stripe balance (clearing)", "asset"),
    Account(Acct.STRIPE_RESERVE, "Stripe funds held in reserve", "asset"),
    Account(Acct.PAYOUTS_IN_TRANSIT, "Payouts in transit (Stripe → bank)", "asset"),
    Account(Acct.OUTGOING_PAYMENTS, "Outgoing payments in transit", "asset"),
    Account(
        Acct.DISPUTED_PAYMENTS,
        "Disputed payments withheld (only under policy asset_until_closed)",
        "asset",
    ),
    Account(Acct.PLEDGES_RECEIVABLE, "Pledges receivable (unconditional)", "asset"),
    Account(Acct.PLEDGE_DISCOUNT, "Discount on pledges receivable (contra)", "asset"),
    Account(Acct.PLEDGE_ALLOWANCE, "Allowance for uncollectible pledges (contra)", "asset"),
    Account(Acct.GRANTS_RECEIVABLE, "Grants receivable", "asset"),
    Account(Acct.IN_KIND_RECEIVABLE, "In-kind promises receivable", "asset"),
    Account(Acct.TAX_RECLAIM_RECEIVABLE, "Tax reclaim receivable (Gift Aid etc.)", "asset"),
    Account(
        Acct.INTER_COMMUNITY,
        "Inter-community current account (due from / due to)",
        "asset",
        inter_book=True,
    ),
    Account(
        Acct.INTEREST_IN_POOL,
        "Interest in shared pool (refundable contribution)",
        "asset",
        inter_book=True,
    ),
    Account(Acct.PREPAYMENTS, "Prepayments", "asset"),
    Account(Acct.INVENTORY, "Inventory of donated goods and materials", "asset"),
    Account(Acct.EQUIPMENT, "Equipment – cost or donated fair value", "asset"),
    Account(Acct.ACCUMULATED_IMPAIRMENT, "Accumulated impairment (contra)", "asset"),
    Account(Acct.ACCUMULATED_DEPRECIATION, "Accumulated depreciation (contra)", "asset"),
    Account(Acct.UNDER_CONSTRUCTION, "Assets under construction", "asset"),
    Account(Acct.CURRENCY_CONVERSION, "Currency conversion (trading account)", "asset"),
    Account(Acct.ACCOUNTS_PAYABLE, "Accounts payable", "liability"),
    Account(Acct.REIMBURSEMENTS_PAYABLE, "Reimbursements payable to members", "liability"),
    Account(Acct.GRANTS_PAYABLE, "Grants payable", "liability"),
    Account(Acct.REFUNDS_PAYABLE, "Donor refunds payable", "liability"),
    Account(Acct.UNAPPLIED_RECEIPTS, "Unapplied receipts (suspense)", "liability"),
    Account(
        Acct.REFUNDABLE_CONTRIBUTIONS,
        "Refundable member contributions (pool)",
        "liability",
        inter_book=True,
    ),
    Account(Acct.REFUNDABLE_ADVANCES, "Refundable advances (conditional money held)", "liability"),
    Account(
        Acct.HELD_FOR_THIRD_PARTIES, "Funds held for third parties outside the system", "liability"
    ),
    Account(Acct.DEFERRED_INCOME, "Deferred exchange income", "liability"),
    Account(Acct.LOANS_PAYABLE, "Loans payable", "liability"),
    Account(Acct.OPENING_NET_ASSETS, "Opening net assets (by fund)", "equity"),
    Account(Acct.PRIOR_PERIOD_ADJUSTMENT, "Prior-period adjustment (by fund)", "equity"),
    Account(
        Acct.CLOSED_YEARS, "Net assets – closed years (only if closing entries are on)", "equity"
    ),
    Account(Acct.DONATIONS, "Donations – one-off", "income"),
    Account(Acct.RECURRING_DONATIONS, "Donations – recurring", "income"),
    Account(Acct.PLEDGE_REVENUE, "Pledge revenue (unconditional promises)", "income"),
    Account(Acct.TAX_RECLAIMED, "Tax reclaimed on gifts", "income"),
    Account(Acct.REFUNDS, "Refunds of contributions (contra)", "income"),
    Account(Acct.RETURNED_PAYMENTS, "Returned and failed payments (contra)", "income"),
    Account(Acct.DISPUTED_CONTRIBUTIONS, "Disputed contributions (contra)", "income"),
    Account(Acct.PRIOR_PERIOD_REFUNDS, "Refunds of prior-period contributions (contra)", "income"),
    Account(Acct.GOODS_GIVEN, "Contributed nonfinancial assets – goods and equipment", "income"),
    Account(Acct.SERVICES_GIVEN, "Contributed nonfinancial assets – services", "income"),
    Account(Acct.USE_GIVEN, "Contributed nonfinancial assets – use of assets", "income"),
    Account(Acct.GRANTS, "Grants", "income"),
    Account(Acct.EXCHANGE_INCOME, "Exchange income (value given back to donor)", "income"),
    Account(Acct.HOST_FEE_INCOME, "Host / platform fee income", "income", inter_book=True),
    Account(Acct.TRANSFERS_IN, "Transfers from communities", "income", inter_book=True),
    Account(Acct.POOL_CONTRIBUTIONS_IN, "Member contributions to pool", "income", inter_book=True),
    Account(Acct.ALLOCATIONS_IN, "Allocations from pools", "income", inter_book=True),
    Account(Acct.RECHARGES_IN, "Recharges to communities", "income", inter_book=True),
    Account(Acct.RELEASED_IN, "Net assets released from restriction – in", "income"),
    Account(Acct.FUND_TRANSFERS_IN, "Other transfers between own funds – in", "income"),
    Account(Acct.EXCHANGE_GAINS, "Exchange gains and losses", "income"),
    Account(Acct.GAIN_ON_DISPOSAL, "Gain on disposal", "income"),
    Account(Acct.INTEREST, "Interest", "income"),
    Account(Acct.PROGRAMME_COSTS, "Programme goods and services", "expense"),
    Account(Acct.MATERIALS_CONSUMED, "Materials consumed", "expense"),
    Account(Acct.SERVICES_USED, "Contributed services used", "expense"),
    Account(Acct.USE_OF_ASSETS, "Contributed use of assets used", "expense"),
    Account(Acct.LOW_VALUE_ITEMS, "Low-value donated items expensed", "expense"),
    Account(Acct.DEPRECIATION, "Depreciation", "expense"),
    Account(Acct.IMPAIRMENT, "Impairment and damage", "expense", is_loss=True),
    Account(Acct.LOSS_ON_DISPOSAL, "Loss on disposal", "expense", is_loss=True),
    Account(Acct.TRANSFERS_OUT, "Transfers to communities", "expense", inter_book=True),
    Account(Acct.POOL_CONTRIBUTIONS_OUT, "Contributions to pools", "expense", inter_book=True),
    Account(Acct.ALLOCATIONS_OUT, "Allocations to communities", "expense", inter_book=True),
    Account(Acct.RECHARGES_OUT, "Recharges from communities", "expense", inter_book=True),
    Account(Acct.GRANTS_MADE, "Grants made to outside bodies", "expense"),
    Account(Acct.RELEASED_OUT, "Net assets released from restriction – out", "expense"),
    Account(Acct.FUND_TRANSFERS_OUT, "Other transfers between own funds – out", "expense"),
    Account(Acct.ADMINISTRATION, "Administration", "expense"),
    Account(Acct.FUNDRAISING, "Fundraising", "expense"),
    Account(Acct.PROCESSING_FEES, "Payment processing fees", "expense"),
    Account(Acct.DISPUTE_FEES, "Dispute and return fees", "expense"),
    Account(Acct.HOST_FEES, "Host / platform fees", "expense", inter_book=True),
    Account(Acct.BANK_CHARGES, "Bank charges", "expense"),
    Account(Acct.UNCOLLECTIBLE_PLEDGES, "Uncollectible pledges (loss)", "expense", is_loss=True),
    Account(Acct.ITEMS_GIVEN, "Contributors – goods and equipment given", "source"),
    Account(Acct.TIME_GIVEN, "Volunteers – time given", "source"),
    Account(Acct.ITEMS_ACQUIRED, "Suppliers – items bought or made", "source"),
    Account(Acct.OPENING_QUANTITIES, "Opening quantities", "source"),
    Account(Acct.ITEMS_HELD, "Own equipment in custody", "stock"),
    Account(Acct.ITEMS_LENT, "Own equipment on loan to others", "stock", inter_book=True),
    Account(Acct.ITEMS_BORROWED, "Borrowed equipment in our custody", "stock", inter_book=True),
    Account(
        Acct.RETURN_OBLIGATION,
        "Return obligation for borrowed equipment",
        "source",
        inter_book=True,
    ),
    Account(Acct.ITEMS_DAMAGED, "Own equipment damaged or under repair", "stock"),
    Account(Acct.MATERIALS_HELD, "Materials on hand", "stock"),
    Account(Acct.TRANSFERRED, "Transferred between communities", "use", inter_book=True),
    Account(Acct.DISPOSED, "Disposed, sold or scrapped", "use"),
    Account(Acct.LOST, "Lost or stolen", "use"),
    Account(Acct.RETURNED_TO_DONOR, "Returned to donor", "use"),
    Account(Acct.RECLASSIFIED, "Fund reclassification of items", "use"),
    Account(Acct.TIME_APPLIED, "Time applied", "use"),
    Account(Acct.MATERIALS_USED, "Materials used", "use"),
    Account(Acct.INTENTIONS, "Pledges – intentions and in-kind", "memo"),
    Account(Acct.CONDITIONAL_PLEDGES, "Pledges – conditional promises", "memo"),
    Account(Acct.PAYMENTS_IN_PROCESS, "Payments in process", "memo"),
    Account(Acct.CONDITIONAL_GRANTS_AWARDED, "Conditional grants awarded to us", "memo"),
    Account(Acct.COMMITMENTS_RECEIVED, "Contra – commitments received", "memo"),
    Account(Acct.ALLOCATIONS_APPROVED, "Allocations approved, conditional", "memo"),
    Account(Acct.CONDITIONAL_GRANTS_MADE, "Conditional grants made", "memo"),
    Account(Acct.ENCUMBRANCES, "Encumbrances (approved spending)", "memo"),
    Account(Acct.COMMITMENTS_MADE, "Contra – commitments made", "memo"),
    Account(Acct.TIME_STATISTIC, "Volunteer time – statistical value", "memo"),
    Account(Acct.USE_STATISTIC, "Loaned equipment – statistical value of use", "memo"),
    Account(Acct.STATISTICS, "Contra – statistical values", "memo"),
)

BY_NUMBER: dict[int, Account] = {account.number: account for account in CHART}

# Accounts that hold money or a claim on it that a bank or Stripe will pay out.
CASH_LIKE: frozenset[int] = frozenset(
    {
        Acct.BANK,
        Acct.FOREIGN_BANK,
        Acct.UNDEPOSITED_CASH,
        Acct.PETTY_CASH,
        Acct.STRIPE_BALANCE,
        Acct.STRIPE_RESERVE,
        Acct.PAYOUTS_IN_TRANSIT,
        Acct.OUTGOING_PAYMENTS,
        Acct.DISPUTED_PAYMENTS,
    }
)
