"""What becomes of things: used, worn, damaged, sold, given on, bought, used up (events EQP).

Quantities in units, amounts in minor units.
"""

from dataclasses import replace

from ledger.core.bookkeeping.equipment import (
    BORROWED,
    DONATED_GOODS,
    IN_CUSTODY,
    LENT_OUT,
    OWED_BACK,
    RECEIVED_FROM,
)
from ledger.core.bookkeeping.legs import BANK, EQUIPMENT, INTER_BOOK, check_positive, pair
from ledger.core.entry import Entry, Posting, entry
from ledger.errors import Invalid

STOCK = 1420
IMPAIRMENT = 1518
DEPRECIATION = 1519
PAYABLE = 2110
USE_GIVEN = 4130
RECHARGED = 4550
MATERIALS = 5120
FREE_USE = 5220
DEPRECIATED = 5410
IMPAIRED = 5420
LOSS = 5440
GAIN = 4930
GIVEN_ON = 5510
GIVEN_BY = 4520
SHARED_COSTS = 5550
RELEASED_FROM = 5910
RELEASED_TO = 4910
BOUGHT = 8130
FREE_STOCK = 8250
BETWEEN_BOOKS = 8310
SOLD = 8320
LOST = 8330
GIVEN_BACK = 8340
BETWEEN_FUNDS = 8390
RETURNED_DAMAGED = 8240
USED_UP = 8420
USE_VALUE = 9320
USE_CONTRA = 9390


def free_use_valued(
    *,
    book: str,
    fund: str,
    currency: str,
    amount: int,
    valuation: str,
    lender: str,
    recognised: bool,
) -> list[Entry]:
    """Say what the free use of a lent thing is worth: as a statistic, or as income and cost at
    once where the community's policy is to recognise it (EQP-06)."""
    if not recognised:
        legs = pair(fund, currency, amount, USE_VALUE, USE_CONTRA, both={"valuation": valuation})
        return [entry(book, legs)]
    labels = {"valuation": valuation, "counterparty": lender}
    work = {"function": "programme"}
    legs = pair(fund, currency, amount, FREE_USE, USE_GIVEN, on_debit=work, both=labels)
    return [entry(book, legs)]


def depreciation_booked(
    *, book: str, fund: str, currency: str, amount: int, function: str = "programme"
) -> list[Entry]:
    """Book the wear of a month (EQP-07)."""
    work = {"function": function}
    legs = pair(fund, currency, amount, DEPRECIATED, DEPRECIATION, on_debit=work)
    return [entry(book, legs)]


def depreciation_of_month(cost: int, months: int, month: int, salvage: int = 0) -> int:
    """Return the straight-line wear of one month, 1 to ``months``; all together are exact.

    Each month is what brings the running total to its rounded-half-up share.
    """
    if not 1 <= month <= months or not 0 <= salvage <= cost:
        raise Invalid("The month lies outside the thing's life.", place="month")

    def until(number: int) -> int:
        return (2 * (cost - salvage) * number + months) // (2 * months)

    return until(month) - until(month - 1)


def item_returned_damaged(
    *,
    lender: str,
    lender_fund: str,
    borrower: str,
    borrower_fund: str,
    commodity: str,
    asset: str,
    currency: str,
    impairment: int,
    compensation: int,
) -> list[Entry]:
    """A lent thing came back damaged; it is worth less, and the borrower owes what was agreed
    (EQP-08)."""
    harm = {"function": "programme"}
    lost = pair(
        lender_fund,
        currency,
        impairment,
        IMPAIRED,
        IMPAIRMENT,
        on_debit=harm,
        both={"asset": asset},
    )
    to, by = {"counterparty": borrower}, {"counterparty": lender}
    owed = paid = []
    if compensation:
        owed = pair(lender_fund, currency, compensation, INTER_BOOK, RECHARGED, both=to)
        paid = pair(
            borrower_fund, currency, compensation, SHARED_COSTS, INTER_BOOK, on_debit=harm, both=by
        )
    return [
        entry(
            lender,
            Posting(RETURNED_DAMAGED, lender_fund, commodity, 1, asset=asset),
            Posting(LENT_OUT, lender_fund, commodity, -1, asset=asset, counterparty=borrower),
            lost,
            owed,
        ),
        entry(
            borrower,
            pair(borrower_fund, commodity, 1, OWED_BACK, BORROWED, both={"asset": asset, **by}),
            paid,
        ),
    ]


def item_disposed(
    *,
    book: str,
    fund: str,
    commodity: str,
    asset: str,
    currency: str,
    cost: int,
    depreciated: int,
    price: int = 0,
    impaired: int = 0,
    use: int = SOLD,
    place: int = IN_CUSTODY,
) -> list[Entry]:
    """Let a thing go: sold, scrapped, lost or given back; what its price leaves of the carrying
    amount is a loss or a gain (EQP-09). ``use`` says where it went, ``place`` where it was.
    """
    if price < 0 or cost < 0:
        raise Invalid("Price and cost are not below zero.", place="price")
    carrying = cost - depreciated - impaired
    if depreciated < 0 or impaired < 0 or carrying < 0:
        raise Invalid("Depreciation cannot exceed the cost.", place="depreciated")
    value = [
        Posting(account, fund, currency, quantity)
        for account, quantity in (
            (BANK, price),
            (DEPRECIATION, depreciated),
            (IMPAIRMENT, impaired),
            (LOSS if carrying > price else GAIN, carrying - price),
            (EQUIPMENT, -cost),
        )
        if quantity
    ]
    value = [replace(leg, function="programme") if leg.account == LOSS else leg for leg in value]
    return [entry(book, value, pair(fund, commodity, 1, use, place, both={"asset": asset}))]


def item_given_on(
    *,
    giver: str,
    giver_fund: str,
    receiver: str,
    receiver_fund: str,
    commodity: str,
    asset: str,
    currency: str,
    cost: int,
    depreciated: int,
    receiver_asset: str = "",
) -> list[Entry]:
    """Give a thing to another community for good, at its carrying amount (EQP-10).

    ``receiver_asset`` is its tag there, where another thing has its own.
    """
    carrying = cost - depreciated
    check_positive(cost=cost, carrying=carrying)
    to, by = {"counterparty": receiver}, {"counterparty": giver}
    worn = [Posting(DEPRECIATION, giver_fund, currency, depreciated)] if depreciated else []
    return [
        entry(
            giver,
            Posting(GIVEN_ON, giver_fund, currency, carrying, function="programme", **to),
            worn,
            Posting(EQUIPMENT, giver_fund, currency, -cost),
            pair(
                giver_fund,
                commodity,
                1,
                BETWEEN_BOOKS,
                IN_CUSTODY,
                on_debit=to,
                both={"asset": asset},
            ),
        ),
        entry(
            receiver,
            Posting(EQUIPMENT, receiver_fund, currency, carrying),
            Posting(GIVEN_BY, receiver_fund, currency, -carrying, **by),
            pair(
                receiver_fund,
                commodity,
                1,
                IN_CUSTODY,
                BETWEEN_BOOKS,
                on_credit=by,
                both={"asset": receiver_asset or asset},
            ),
        ),
    ]


def items_bought(
    *, book: str, fund: str, commodity: str, quantity: int, currency: str, amount: int
) -> list[Entry]:
    """Buy equipment on a bill (EQP-11)."""
    return [
        entry(
            book,
            pair(fund, currency, amount, EQUIPMENT, PAYABLE),
            pair(fund, commodity, quantity, IN_CUSTODY, BOUGHT),
        )
    ]


def items_placed_in_service(
    *,
    book: str,
    from_fund: str,
    to_fund: str,
    commodity: str,
    quantity: int,
    currency: str,
    amount: int,
) -> list[Entry]:
    """Equipment bought with restricted money is in use: the restriction is met (EQP-11)."""
    return [
        entry(
            book,
            pair(from_fund, currency, amount, RELEASED_FROM, EQUIPMENT),
            pair(to_fund, currency, amount, EQUIPMENT, RELEASED_TO),
            pair(from_fund, commodity, quantity, BETWEEN_FUNDS, IN_CUSTODY),
            pair(to_fund, commodity, quantity, IN_CUSTODY, BETWEEN_FUNDS),
        )
    ]


def material_received(
    *,
    book: str,
    fund: str,
    commodity: str,
    quantity: int,
    currency: str,
    amount: int,
    valuation: str,
) -> list[Entry]:
    """Take given material on stock at its value (EQP-12)."""
    return [
        entry(
            book,
            pair(fund, commodity, quantity, FREE_STOCK, RECEIVED_FROM),
            pair(fund, currency, amount, STOCK, DONATED_GOODS, both={"valuation": valuation}),
        )
    ]


def material_used(
    *, book: str, fund: str, commodity: str, quantity: int, currency: str, amount: int
) -> list[Entry]:
    """Use material up (EQP-12)."""
    work = {"function": "programme"}
    return [
        entry(
            book,
            pair(fund, commodity, quantity, USED_UP, FREE_STOCK),
            pair(fund, currency, amount, MATERIALS, STOCK, on_debit=work),
        )
    ]
