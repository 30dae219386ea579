"""The calls that make the worked events: one line of figures in, the entries out."""

from collections.abc import Callable
from typing import Any, TypedDict

from ledger.core import bookkeeping as books
from ledger.core.entry import Entry
from ledger.core.vocabulary import LegalNature


def usd(fund: str, amount: int | None = None, book: str = "A", **more: Any) -> dict[str, Any]:
    given = {"book": book, "fund": fund, "currency": "USD", **more}
    return given if amount is None else {**given, "amount": amount}


def merged(*parts: list[Entry]) -> list[Entry]:
    """One entry of several events that happen at one moment in one book."""
    entries = [item for part in parts for item in part]
    return [Entry(entries[0].book, tuple(leg for item in entries for leg in item.postings))]


class Pool(TypedDict):
    pool: str
    pool_fund: str


class Host(TypedDict):
    host: str
    held_fund: str


class Member(TypedDict):
    member: str
    member_fund: str
    currency: str
    amount: int


class Share(Pool, Host, Member):
    """What a member gives to a pool, through its host."""


class Place(TypedDict):
    book: str
    fund: str


class Supplies(TypedDict):
    commodity: str
    quantity: int
    amount: int


class Bought(Supplies):
    currency: str


class Grant(TypedDict):
    grant: str


POOL: Pool = {"pool": "P", "pool_fund": "JOINT"}
HOST: Host = {"host": "A", "held_fund": "HELD"}
C_SHARE: Share = {
    "member": "C", "member_fund": "GEN", **POOL, **HOST, "currency": "USD", "amount": 20000,
}  # fmt: skip
LENT = {"lender": "A", "lender_fund": "GEN"}
PANELS: Bought = {"commodity": "EQP.PANEL", "quantity": 10, "currency": "USD", "amount": 100000}
CEMENT: Supplies = {"commodity": "GRM.CEMENT", "quantity": 50000, "amount": 900}
B_UNSPENT: Member = {"member": "B", "member_fund": "ROOF", "currency": "USD", "amount": 5000}
G1: Grant = {"grant": "G1"}


def at(fund: str) -> Place:
    """A fund of the first book."""
    return {"book": "A", "fund": fund}


def charge(amount: int, fee: int) -> books.Charge:
    return books.Charge("USD", amount, fee)


def laptop(tag: str) -> books.Item:
    """One that a third of its value is gone from."""
    return books.Item("EQP.LAPTOP", tag, currency="USD", cost=90000, depreciated=30000)


def intention(book: str, fund: str, unit: str, quantity: int, pledge: str) -> list[Entry]:
    return books.pledge_made(
        book=book,
        fund=fund,
        commodity=unit,
        quantity=quantity,
        pledge=pledge,
        legal_nature=LegalNature.INTENTION,
    )


MORE: dict[str, Callable[[], list[Entry]]] = {
    "PLG-03": lambda: books.promise_recognised(**usd("SOLAR", 30000), pledge="P04"),
    "PLG-04": lambda: books.promise_recognised(
        **usd("SOLAR", 300000),
        pledge="P05",
        discount=300000
        - books.present_value([(1, 100000), (2, 100000), (3, 100000)], basis_points=500),
    ),
    "PLG-05": lambda: books.discount_unwound(**usd("SOLAR", 13616), pledge="P05"),
    "PLG-10": lambda: books.promise_recognised(**usd("SOLAR", 4000), pledge="P04"),
    "PLG-11": lambda: books.allowance_made(**usd("SOLAR", 3000)),
    "PLG-12": lambda: books.promise_written_off(**usd("SOLAR", 11500), pledge="P04", allowed=3000),
    "PLG-13": lambda: books.pledge_made(
        book="A",
        fund="SOLAR",
        commodity="USD",
        quantity=100000,
        pledge="P07",
        legal_nature=LegalNature.CONDITIONAL,
    ),
    "PLG-14": lambda: books.gifts_matched(**usd("SOLAR", 10000), pledge="P07"),
    "PLG-15": lambda: books.promise_paid_by_bank(**usd("SOLAR", 12000), owed=10000, pledge="P07"),
    "PLG-16": lambda: books.promise_recovered(**usd("SOLAR", 2000), fee=88),
    "PAY-04": lambda: books.payment_settled(
        **at("SOLAR"),
        charge=charge(12000, 378),
        fulfilled=books.Fulfilled(pledge="P04", receivable=12000),
    ),
    "PAY-05": lambda: [
        *books.debit_started(**usd("SOLAR", 20000)),
        *books.debit_started(**usd("SOLAR", 8000)),
    ],
    "PAY-06": lambda: books.debit_cleared(**usd("SOLAR", 20000), fee=160),
    "PAY-07": lambda: books.debit_failed(**usd("SOLAR", 8000)),
    "PAY-08": lambda: books.debit_returned(**usd("SOLAR", 20000), fee=400),
    "PAY-10": lambda: books.ticket_paid(**usd("GEN", 10000), benefit=4000, fee=320),
    "PAY-11": lambda: books.payment_settled(**at("SOLAR"), charge=charge(10330, 330)),
    "PAY-12": lambda: [
        *intention("A", "SOLAR", "EUR", 5000, "P08"),
        *books.foreign_payment_settled(
            **at("SOLAR"), charge=charge(5412, 241), pledge="P08", foreign="EUR", released=5000
        ),
    ],
    "PAY-13": lambda: [
        *books.money_held_for_goal(**usd("SOLAR", 8000), fee=262, pledge="P09"),
        *books.goal_reached(**usd("SOLAR", 8000), pledge="P09"),
    ],
    "TAX-1": lambda: [
        *books.gift_with_reclaim(book="D", fund="GEN", currency="GBP", amount=10000, reclaim=2500),
        *books.reclaim_received(book="D", fund="GEN", currency="GBP", amount=2500),
    ],
    "REF-3": lambda: [
        *books.payment_settled(**at("GEN"), charge=charge(6000, 204)),
        *books.refund_owed(**usd("GEN", 6000)),
        *books.owed_refund_settled(**usd("GEN", 6000)),
    ],
    "REF-4": lambda: books.prior_refund_settled(**usd("SOLAR", 2500)),
    "REF-5": lambda: books.refund_bounced(**usd("SOLAR", 2500)),
    "DSP-1": lambda: [
        *books.payment_settled(**at("SOLAR"), charge=charge(15000, 465)),
        *books.dispute_opened(**usd("SOLAR", 15000), fee=1500),
    ],
    "DSP-2": lambda: books.dispute_won(**usd("SOLAR", 15000)),
    "DSP-3": lambda: [
        *books.payment_settled(**at("SOLAR"), charge=charge(9000, 291)),
        *books.dispute_opened(**usd("SOLAR", 9000), fee=1500),
        *books.dispute_fee_charged(**usd("SOLAR", 1500)),
    ],
    "DSP-4": lambda: books.dispute_fee_returned(**usd("SOLAR", 1500)),
    "PO-3": lambda: [
        *books.payout_created(book="A", currency="USD", funds={"SOLAR": 5000}, payout="po_2"),
        *books.payout_failed(**usd("SOLAR", 5000)),
    ],
    "PO-4": lambda: books.stripe_fee_charged(**usd("GEN", 200)),
    "OFF-2": lambda: [
        *books.cash_received(**usd("SOLAR", 25000)),
        *books.cash_banked(**usd("SOLAR", 25000)),
        *books.cheque_bounced(**usd("SOLAR", 25000), charge=1200, general_fund="GEN"),
    ],
    "OFF-4": lambda: books.transfer_received(**usd("NEXT", 30000)),
    "EQP-06": lambda: books.free_use_valued(
        **usd("GEN", 4500, "B"), valuation="V-3", lender="A", recognised=False
    ),
    "EQP-07": lambda: books.depreciation_booked(
        **usd("GEN", books.depreciation_of_month(80000, 48, 1))
    ),
    "EQP-08": lambda: books.item_returned_damaged(
        **LENT,
        borrower="B",
        borrower_fund="GEN",
        commodity="EQP.LAPTOP",
        asset="L3",
        damage=books.Damage("USD", impairment=25000, compensation=10000),
    ),
    "EQP-09": lambda: books.item_disposed(**at("GEN"), item=laptop("L1"), price=20000),
    "EQP-10": lambda: books.item_given_on(
        giver="A",
        giver_fund="GEN",
        receiver="C",
        receiver_fund="GEN",
        item=laptop("L2"),
    ),
    "EQP-11": lambda: [
        *books.items_bought(book="A", fund="SOLAR", **PANELS),
        *books.items_placed_in_service(book="A", from_fund="SOLAR", to_fund="GEN", **PANELS),
    ],
    "EQP-12": lambda: [
        *books.material_received(**usd("GEN"), **CEMENT, valuation="V-4"),
        *books.material_used(**usd("GEN"), **CEMENT),
    ],
    "HRS-5": lambda: books.hours_built(
        **at("SOLAR"), hours=books.Hours("MIN.BUILD", 600, "USD", value=35000, valuation="V-7")
    ),
    "HRS-6": lambda: books.hours_taken_back(
        **at("GEN"),
        hours=books.Hours("MIN.GEN", 30, "USD", value=1590, valuation="V-6"),
        specialised=False,
    ),
    "HRS-7": lambda: [
        *books.expense_approved(**usd("GEN", 2500)),
        *books.expense_waived(**usd("GEN", 2500)),
    ],
    "ICT-2": lambda: books.money_lent(
        **LENT, borrower="C", borrower_fund="GEN", currency="USD", amount=30000
    ),
    "ICT-3": lambda: [
        *books.cost_paid(**usd("GEN", 9000)),
        *books.cost_shared(**usd("GEN"), shares=[("B", "GEN", 3000), ("C", "GEN", 1000)]),
    ],
    "POL-5": lambda: books.refundable_contribution_made(**C_SHARE),
    "POL-6": lambda: books.refundable_contribution_returned(**C_SHARE),
    "ALC-3": lambda: books.allocation_settled(
        **POOL, **HOST, member="A", member_fund="SOLAR", currency="USD", amount=33334
    ),
    "ALC-4": lambda: [
        *books.allocation_promised(**POOL, member="C", commodity="USD", quantity=30000),
        *books.allocation_due(
            **POOL, member="C", member_fund="GARDEN", currency="USD", amount=30000
        ),
    ],
    "ALC-5": lambda: books.allocation_returned(**POOL, **B_UNSPENT),
    "ALC-6": lambda: books.pool_gift_charged_back(
        **HOST, **POOL, currency="USD", amount=50000, fee=1500
    ),
    "ALC-7": lambda: books.allocations_settled(
        **POOL,
        **HOST,
        currency="USD",
        members={"C": ("GARDEN", 63333), "B": ("ROOF", -5000)},
    ),
    "ALC-8": lambda: [
        *intention("P", "JOINT", "MIN.ELEC", 1200, "P31"),
        *books.allocation_promised(**POOL, member="A", commodity="MIN.ELEC", quantity=600),
    ],
    "ALC-9": lambda: books.pooled_hours_confirmed(
        **POOL,
        member="A",
        member_fund="SOLAR",
        hours=books.Hours("MIN.ELEC", 240, currency="USD", value=19200, valuation="V-8"),
        pledge="P31",
    ),
    "REL-2": lambda: books.restriction_released(
        book="A", from_fund="NEXT", to_fund="GEN", currency="USD", amount=30000
    ),
    "REL-3": lambda: books.funds_designated(
        book="A", from_fund="GEN", to_fund="REPAIR", currency="USD", amount=15000
    ),
    "GRT-1": lambda: books.grant_awarded(**usd("GRANT", 600000), **G1),
    "GRT-2": lambda: books.tranche_received(**usd("GRANT", 200000), **G1),
    "GRT-3": lambda: books.grant_earned(**usd("GRANT", 150000), **G1, received=True),
    "GRT-4": lambda: books.grant_earned(**usd("GRANT", 70000), **G1, received=False),
    "GRT-5": lambda: books.grant_returned(**usd("GRANT", 50000), **G1),
    "GRT-6": lambda: [
        *books.outside_grant_made(**usd("GARDEN", 25000, "C")),
        *books.outside_grant_paid(**usd("GARDEN", 12500, "C")),
    ],
    "DIS-1": lambda: books.order_placed(**usd("SOLAR", 40000)),
    "DIS-2": lambda: books.bill_approved(**usd("SOLAR", 40000), ordered=40000),
    "DIS-3": lambda: [
        *books.payment_released(**usd("SOLAR", 40000)),
        *books.payment_seen(**usd("SOLAR", 40000)),
    ],
    "RMB-1": lambda: [
        *books.expense_approved(**usd("GEN", 3850)),
        *books.expense_reimbursed(**usd("GEN", 3850)),
    ],
    "FX-1": lambda: books.foreign_gift_received(
        **usd("GEN", 10850), foreign="EUR", foreign_amount=10000
    ),
    "FX-2": lambda: books.position_revalued(**usd("GEN"), gain=150),
    "FX-3": lambda: [
        *books.foreign_money_sold(**usd("GEN", 6570), foreign="EUR", foreign_amount=6000),
        *books.position_revalued(**usd("GEN"), gain=-50),
    ],
    "COR-2": lambda: books.funds_designated(
        book="B", from_fund="GEN", to_fund="ROOF", currency="USD", amount=3500
    ),
}
