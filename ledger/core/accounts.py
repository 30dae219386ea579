"""The chart of accounts every new book starts from (domain section 4).

The thousands digit tells the layer: 8 is quantity, 9 is memo, everything else is value.
A book may add accounts, never renumber them. Must not know the database.
"""

from dataclasses import dataclass
from enum import StrEnum


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

    @property
    def layer(self) -> Layer:
        """The layer that the number implies."""
        return layer_of(self.number)


def layer_of(number: int) -> Layer:
    """Return the layer of an account number."""
    return _OTHER_LAYERS.get(number // 1000, Layer.FIN)


_OTHER_LAYERS = {8: Layer.QTY, 9: Layer.MEMO}


CHART: tuple[Account, ...] = (
    Account(1010, "Bank – operating", "asset"),
    Account(1020, "Bank – foreign currency", "asset"),
    Account(1030, "Undeposited cash and cheques", "asset"),
    Account(1040, "Petty cash", "asset"),
    Account(1110, "Stripe balance (clearing)", "asset"),
    Account(1115, "Stripe funds held in reserve", "asset"),
    Account(1120, "Payouts in transit (Stripe → bank)", "asset"),
    Account(1130, "Outgoing payments in transit", "asset"),
    Account(1140, "Disputed payments withheld (only under policy asset_until_closed)", "asset"),
    Account(1210, "Pledges receivable (unconditional)", "asset"),
    Account(1215, "Discount on pledges receivable (contra)", "asset"),
    Account(1218, "Allowance for uncollectible pledges (contra)", "asset"),
    Account(1220, "Grants receivable", "asset"),
    Account(1230, "In-kind promises receivable", "asset"),
    Account(1240, "Tax reclaim receivable (Gift Aid etc.)", "asset"),
    Account(1300, "Inter-community current account (due from / due to)", "asset", inter_book=True),
    Account(1350, "Interest in shared pool (refundable contribution)", "asset", inter_book=True),
    Account(1410, "Prepayments", "asset"),
    Account(1420, "Inventory of donated goods and materials", "asset"),
    Account(1510, "Equipment – cost or donated fair value", "asset"),
    Account(1518, "Accumulated impairment (contra)", "asset"),
    Account(1519, "Accumulated depreciation (contra)", "asset"),
    Account(1520, "Assets under construction", "asset"),
    Account(1990, "Currency conversion (trading account)", "asset"),
    Account(2110, "Accounts payable", "liability"),
    Account(2120, "Reimbursements payable to members", "liability"),
    Account(2130, "Grants payable", "liability"),
    Account(2140, "Donor refunds payable", "liability"),
    Account(2190, "Unapplied receipts (suspense)", "liability"),
    Account(2350, "Refundable member contributions (pool)", "liability", inter_book=True),
    Account(2410, "Refundable advances (conditional money held)", "liability"),
    Account(2420, "Funds held for third parties outside the system", "liability"),
    Account(2510, "Deferred exchange income", "liability"),
    Account(2610, "Loans payable", "liability"),
    Account(3010, "Opening net assets (by fund)", "equity"),
    Account(3020, "Prior-period adjustment (by fund)", "equity"),
    Account(3090, "Net assets – closed years (only if closing entries are on)", "equity"),
    Account(4010, "Donations – one-off", "income"),
    Account(4020, "Donations – recurring", "income"),
    Account(4030, "Pledge revenue (unconditional promises)", "income"),
    Account(4040, "Tax reclaimed on gifts", "income"),
    Account(4090, "Refunds of contributions (contra)", "income"),
    Account(4091, "Returned and failed payments (contra)", "income"),
    Account(4092, "Disputed contributions (contra)", "income"),
    Account(4095, "Refunds of prior-period contributions (contra)", "income"),
    Account(4110, "Contributed nonfinancial assets – goods and equipment", "income"),
    Account(4120, "Contributed nonfinancial assets – services", "income"),
    Account(4130, "Contributed nonfinancial assets – use of assets", "income"),
    Account(4210, "Grants", "income"),
    Account(4310, "Exchange income (value given back to donor)", "income"),
    Account(4510, "Host / platform fee income", "income", inter_book=True),
    Account(4520, "Transfers from communities", "income", inter_book=True),
    Account(4530, "Member contributions to pool", "income", inter_book=True),
    Account(4540, "Allocations from pools", "income", inter_book=True),
    Account(4550, "Recharges to communities", "income", inter_book=True),
    Account(4910, "Net assets released from restriction – in", "income"),
    Account(4915, "Other transfers between own funds – in", "income"),
    Account(4920, "Exchange gains and losses", "income"),
    Account(4930, "Gain on disposal", "income"),
    Account(4940, "Interest", "income"),
    Account(5110, "Programme goods and services", "expense"),
    Account(5120, "Materials consumed", "expense"),
    Account(5210, "Contributed services used", "expense"),
    Account(5220, "Contributed use of assets used", "expense"),
    Account(5310, "Low-value donated items expensed", "expense"),
    Account(5410, "Depreciation", "expense"),
    Account(5420, "Impairment and damage", "expense", is_loss=True),
    Account(5440, "Loss on disposal", "expense", is_loss=True),
    Account(5510, "Transfers to communities", "expense", inter_book=True),
    Account(5530, "Contributions to pools", "expense", inter_book=True),
    Account(5540, "Allocations to communities", "expense", inter_book=True),
    Account(5550, "Recharges from communities", "expense", inter_book=True),
    Account(5610, "Grants made to outside bodies", "expense"),
    Account(5910, "Net assets released from restriction – out", "expense"),
    Account(5915, "Other transfers between own funds – out", "expense"),
    Account(6110, "Administration", "expense"),
    Account(6210, "Fundraising", "expense"),
    Account(6510, "Payment processing fees", "expense"),
    Account(6520, "Dispute and return fees", "expense"),
    Account(6530, "Host / platform fees", "expense", inter_book=True),
    Account(6540, "Bank charges", "expense"),
    Account(6610, "Uncollectible pledges (loss)", "expense", is_loss=True),
    Account(8110, "Contributors – goods and equipment given", "source"),
    Account(8120, "Volunteers – time given", "source"),
    Account(8130, "Suppliers – items bought or made", "source"),
    Account(8190, "Opening quantities", "source"),
    Account(8210, "Own equipment in custody", "stock"),
    Account(8220, "Own equipment on loan to others", "stock", inter_book=True),
    Account(8230, "Borrowed equipment in our custody", "stock", inter_book=True),
    Account(8235, "Return obligation for borrowed equipment", "source", inter_book=True),
    Account(8240, "Own equipment damaged or under repair", "stock"),
    Account(8250, "Materials on hand", "stock"),
    Account(8310, "Transferred between communities", "use", inter_book=True),
    Account(8320, "Disposed, sold or scrapped", "use"),
    Account(8330, "Lost or stolen", "use"),
    Account(8340, "Returned to donor", "use"),
    Account(8390, "Fund reclassification of items", "use"),
    Account(8410, "Time applied", "use"),
    Account(8420, "Materials used", "use"),
    Account(9110, "Pledges – intentions and in-kind", "memo"),
    Account(9120, "Pledges – conditional promises", "memo"),
    Account(9130, "Payments in process", "memo"),
    Account(9140, "Conditional grants awarded to us", "memo"),
    Account(9190, "Contra – commitments received", "memo"),
    Account(9210, "Allocations approved, conditional", "memo"),
    Account(9220, "Conditional grants made", "memo"),
    Account(9230, "Encumbrances (approved spending)", "memo"),
    Account(9290, "Contra – commitments made", "memo"),
    Account(9310, "Volunteer time – statistical value", "memo"),
    Account(9320, "Loaned equipment – statistical value of use", "memo"),
    Account(9390, "Contra – statistical values", "memo"),
)

BY_NUMBER: dict[int, Account] = {account.number: account for account in CHART}

# Accounts that hold money or a claim on it that a bank or Stripe will pay out.
CASH_LIKE: frozenset[int] = frozenset({1010, 1020, 1030, 1040, 1110, 1115, 1120, 1130, 1140})
