"""What becomes of things: used, worn, damaged, sold, given on, bought, used up (events EQP).

Quantities in units, amounts in minor units.
"""

from dataclasses import replace

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.facts import Damage, Item
from ledger.core.bookkeeping.legs import check_positive, pair
from ledger.core.entry import Entry, Posting, entry
from ledger.errors import Invalid


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
        legs = pair(
            fund,
            currency,
            amount,
            Acct.USE_STATISTIC,
            Acct.STATISTICS,
            both={"valuation": valuation},
        )
        return [entry(book, legs)]
    labels = {"valuation": valuation, "counterparty": lender}
    work = {"function": "programme"}
    legs = pair(
        fund, currency, amount, Acct.USE_OF_ASSETS, Acct.USE_GIVEN, on_debit=work, both=labels
    )
    return [entry(book, legs)]


def depreciation_booked(
    *, book: str, fund: str, currency: str, amount: int, function: str = "programme"
) -> list[Entry]:
    """Book the wear of a month (EQP-07)."""
    work = {"function": function}
    legs = pair(
        fund, currency, amount, Acct.DEPRECIATION, Acct.ACCUMULATED_DEPRECIATION, on_debit=work
    )
    return [entry(book, legs)]


def depreciation_of_month(cost: int, months: int, month: int, salvage: int = 0) -> int:
    """Return the straight-line wear of one month, 1 to ``months``; all together are exact.

    Each month is what brings the running total to its rounded-half-up share.
    """
    if not 1 <= month <= months or not 0 <= salvage <= cost:
        raise Invalid("This month is outside the equipment's useful life.", place="month")

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
    damage: Damage,
) -> list[Entry]:
    """A lent thing came back damaged; it is worth less, and the borrower owes what was agreed
    (EQP-08)."""
    currency, compensation = damage.currency, damage.compensation
    harm = {"function": "programme"}
    lost = pair(
        lender_fund,
        currency,
        damage.impairment,
        Acct.IMPAIRMENT,
        Acct.ACCUMULATED_IMPAIRMENT,
        on_debit=harm,
        both={"asset": asset},
    )
    to, by = {"counterparty": borrower}, {"counterparty": lender}
    owed = paid = []
    if compensation:
        owed = pair(
            lender_fund, currency, compensation, Acct.INTER_COMMUNITY, Acct.RECHARGES_IN, both=to
        )
        paid = pair(
            borrower_fund,
            currency,
            compensation,
            Acct.RECHARGES_OUT,
            Acct.INTER_COMMUNITY,
            on_debit=harm,
            both=by,
        )
    return [
        entry(
            lender,
            Posting(Acct.ITEMS_DAMAGED, lender_fund, commodity, 1, asset=asset),
            Posting(
                Acct.ITEMS_LENT, lender_fund, commodity, -1, asset=asset, counterparty=borrower
            ),
            lost,
            owed,
        ),
        entry(
            borrower,
            pair(
                borrower_fund,
                commodity,
                1,
                Acct.RETURN_OBLIGATION,
                Acct.ITEMS_BORROWED,
                both={"asset": asset, **by},
            ),
            paid,
        ),
    ]


def item_disposed(
    *,
    book: str,
    fund: str,
    item: Item,
    price: int = 0,
    use: int = Acct.DISPOSED,
    place: int = Acct.ITEMS_HELD,
) -> list[Entry]:
    """Let a thing go: sold, scrapped, lost or given back; what its price leaves of the carrying
    amount is a loss or a gain (EQP-09). ``use`` says where it went, ``place`` where it was.
    """
    if price < 0 or item.cost < 0:
        raise Invalid("Price and cost cannot be negative.", place="price")
    carrying = item.cost - item.depreciated - item.impaired
    if item.depreciated < 0 or item.impaired < 0 or carrying < 0:
        raise Invalid("Depreciation cannot exceed the asset's cost.", place="depreciated")
    value = [
        Posting(account, fund, item.currency, quantity)
        for account, quantity in (
            (Acct.BANK, price),
            (Acct.ACCUMULATED_DEPRECIATION, item.depreciated),
            (Acct.ACCUMULATED_IMPAIRMENT, item.impaired),
            (
                Acct.LOSS_ON_DISPOSAL if carrying > price else Acct.GAIN_ON_DISPOSAL,
                carrying - price,
            ),
            (Acct.EQUIPMENT, -item.cost),
        )
        if quantity
    ]
    value = [
        replace(leg, function="programme") if leg.account == Acct.LOSS_ON_DISPOSAL else leg
        for leg in value
    ]
    moved = pair(fund, item.commodity, 1, use, place, both={"asset": item.asset})
    return [entry(book, value, moved)]


def item_given_on(
    *,
    giver: str,
    giver_fund: str,
    receiver: str,
    receiver_fund: str,
    item: Item,
    receiver_asset: str = "",
) -> list[Entry]:
    """Give a thing to another community for good, at its carrying amount (EQP-10).

    ``receiver_asset`` is its tag there, where another thing has its own.
    """
    currency, commodity = item.currency, item.commodity
    carrying = item.cost - item.depreciated
    check_positive(cost=item.cost, carrying=carrying)
    to, by = {"counterparty": receiver}, {"counterparty": giver}
    worn = (
        [Posting(Acct.ACCUMULATED_DEPRECIATION, giver_fund, currency, item.depreciated)]
        if item.depreciated
        else []
    )
    return [
        entry(
            giver,
            Posting(Acct.TRANSFERS_OUT, giver_fund, currency, carrying, function="programme", **to),
            worn,
            Posting(Acct.EQUIPMENT, giver_fund, currency, -item.cost),
            pair(
                giver_fund,
                commodity,
                1,
                Acct.TRANSFERRED,
                Acct.ITEMS_HELD,
                on_debit=to,
                both={"asset": item.asset},
            ),
        ),
        entry(
            receiver,
            Posting(Acct.EQUIPMENT, receiver_fund, currency, carrying),
            Posting(Acct.TRANSFERS_IN, receiver_fund, currency, -carrying, **by),
            pair(
                receiver_fund,
                commodity,
                1,
                Acct.ITEMS_HELD,
                Acct.TRANSFERRED,
                on_credit=by,
                both={"asset": receiver_asset or item.asset},
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
            pair(fund, currency, amount, Acct.EQUIPMENT, Acct.ACCOUNTS_PAYABLE),
            pair(fund, commodity, quantity, Acct.ITEMS_HELD, Acct.ITEMS_ACQUIRED),
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
            pair(from_fund, currency, amount, Acct.RELEASED_OUT, Acct.EQUIPMENT),
            pair(to_fund, currency, amount, Acct.EQUIPMENT, Acct.RELEASED_IN),
            pair(from_fund, commodity, quantity, Acct.RECLASSIFIED, Acct.ITEMS_HELD),
            pair(to_fund, commodity, quantity, Acct.ITEMS_HELD, Acct.RECLASSIFIED),
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
            pair(fund, commodity, quantity, Acct.MATERIALS_HELD, Acct.ITEMS_GIVEN),
            pair(
                fund,
                currency,
                amount,
                Acct.INVENTORY,
                Acct.GOODS_GIVEN,
                both={"valuation": valuation},
            ),
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
            pair(fund, commodity, quantity, Acct.MATERIALS_USED, Acct.MATERIALS_HELD),
            pair(fund, currency, amount, Acct.MATERIALS_CONSUMED, Acct.INVENTORY, on_debit=work),
        )
    ]
