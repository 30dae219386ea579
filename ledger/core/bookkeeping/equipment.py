"""Things: received, valued, lent and returned (events EQP).

Quantity moves when a thing moves; value is booked only once it is known and approved.
"""

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.legs import check_positive, released_promise
from ledger.core.entry import Entry, Posting, entry


def items_received(
    *,
    book: str,
    fund: str,
    commodity: str,
    quantity: int,
    asset: str | None = None,
    pledge: str | None = None,
    released: int = 0,
) -> list[Entry]:
    """Count things in, in units; ``released`` of them were promised (EQP-02)."""
    check_positive(quantity=quantity)
    return [
        entry(
            book,
            released_promise(fund=fund, commodity=commodity, quantity=released, pledge=pledge),
            Posting(Acct.ITEMS_HELD, fund, commodity, quantity, asset=asset),
            Posting(Acct.ITEMS_GIVEN, fund, commodity, -quantity, asset=asset),
        )
    ]


def items_valued(
    *, book: str, fund: str, currency: str, amount: int, valuation: str, capitalise: bool
) -> list[Entry]:
    """Book the fair value of received things in minor units: as equipment (EQP-03), or used up
    at once below the threshold (EQP-04)."""
    check_positive(amount=amount)
    account, function = (
        (Acct.EQUIPMENT, None) if capitalise else (Acct.LOW_VALUE_ITEMS, "programme")
    )
    return [
        entry(
            book,
            Posting(account, fund, currency, amount, valuation=valuation, function=function),
            Posting(Acct.GOODS_GIVEN, fund, currency, -amount, valuation=valuation),
        )
    ]


def small_items_given(
    *,
    book: str,
    fund: str,
    commodity: str,
    quantity: int,
    currency: str,
    amount: int,
    valuation: str,
    asset: str | None = None,
) -> list[Entry]:
    """Count things of low value in and expense what they are worth, in one entry (EQP-04)."""
    (received,) = items_received(
        book=book, fund=fund, commodity=commodity, quantity=quantity, asset=asset
    )
    (valued,) = items_valued(
        book=book,
        fund=fund,
        currency=currency,
        amount=amount,
        valuation=valuation,
        capitalise=False,
    )
    return [entry(book, received.postings, valued.postings)]


def item_lent(
    *,
    lender: str,
    lender_fund: str,
    borrower: str,
    borrower_fund: str,
    commodity: str,
    quantity: int,
    asset: str | None,
) -> list[Entry]:
    """Show a loan in both books; no value moves (EQP-05)."""
    check_positive(quantity=quantity)
    return [
        entry(
            lender,
            Posting(
                Acct.ITEMS_LENT,
                lender_fund,
                commodity,
                quantity,
                counterparty=borrower,
                asset=asset,
            ),
            Posting(Acct.ITEMS_HELD, lender_fund, commodity, -quantity, asset=asset),
        ),
        entry(
            borrower,
            Posting(
                Acct.ITEMS_BORROWED,
                borrower_fund,
                commodity,
                quantity,
                counterparty=lender,
                asset=asset,
            ),
            Posting(
                Acct.RETURN_OBLIGATION,
                borrower_fund,
                commodity,
                -quantity,
                counterparty=lender,
                asset=asset,
            ),
        ),
    ]


def item_returned(
    *,
    lender: str,
    lender_fund: str,
    borrower: str,
    borrower_fund: str,
    commodity: str,
    quantity: int,
    asset: str | None,
) -> list[Entry]:
    """Take a loan back out of both books."""
    lent = item_lent(
        lender=lender,
        lender_fund=lender_fund,
        borrower=borrower,
        borrower_fund=borrower_fund,
        commodity=commodity,
        quantity=quantity,
        asset=asset,
    )
    return [item.reversed() for item in lent]
