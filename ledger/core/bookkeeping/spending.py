"""Spending: ordered, billed, paid; members' expenses; shared costs (events DIS, RMB, HRS-7, ICT).

Amounts in minor units; ``function`` is what the cost serves.
"""

from collections.abc import Sequence

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.legs import check_positive, pair
from ledger.core.entry import Entry, Posting, batches, entry
from ledger.errors import Invalid


def order_placed(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Set an approved order aside, so that nobody spends the money twice (DIS-1)."""
    return [entry(book, pair(fund, currency, amount, Acct.ENCUMBRANCES, Acct.COMMITMENTS_MADE))]


def order_withdrawn(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Free what was set aside for an order that will not be placed (DIS-1, taken back)."""
    return [entry(book, pair(fund, currency, amount, Acct.COMMITMENTS_MADE, Acct.ENCUMBRANCES))]


def bill_approved(
    *,
    book: str,
    fund: str,
    currency: str,
    amount: int,
    ordered: int = 0,
    account: int = Acct.PROGRAMME_COSTS,
    function: str = "programme",
) -> list[Entry]:
    """Book a bill; ``ordered`` of it was set aside (DIS-2)."""
    if not ordered >= 0:
        raise Invalid("The amount ordered cannot be negative.", place="ordered")
    off = pair(fund, currency, ordered, Acct.COMMITMENTS_MADE, Acct.ENCUMBRANCES) if ordered else []
    work = {"function": function}
    owed = pair(fund, currency, amount, account, Acct.ACCOUNTS_PAYABLE, on_debit=work)
    return [entry(book, off, owed)]


def payment_released(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Send the money for a bill on its way (DIS-3)."""
    return [
        entry(book, pair(fund, currency, amount, Acct.ACCOUNTS_PAYABLE, Acct.OUTGOING_PAYMENTS))
    ]


def payment_seen(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """The bank shows a payment that was on its way (DIS-3)."""
    return [entry(book, pair(fund, currency, amount, Acct.OUTGOING_PAYMENTS, Acct.BANK))]


def payment_returned(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """The bank sends a payment back: the bill is owed again (DIS-3)."""
    return [entry(book, pair(fund, currency, amount, Acct.BANK, Acct.ACCOUNTS_PAYABLE))]


def expense_approved(
    *, book: str, fund: str, currency: str, amount: int, function: str = "programme"
) -> list[Entry]:
    """Book what a member laid out (RMB-1, HRS-7)."""
    work = {"function": function}
    legs = pair(
        fund, currency, amount, Acct.PROGRAMME_COSTS, Acct.REIMBURSEMENTS_PAYABLE, on_debit=work
    )
    return [entry(book, legs)]


def expense_reimbursed(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Pay a member back (RMB-1)."""
    return [entry(book, pair(fund, currency, amount, Acct.REIMBURSEMENTS_PAYABLE, Acct.BANK))]


def expense_waived(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """A member gives what the community owes them: a gift, in writing (HRS-7)."""
    return [entry(book, pair(fund, currency, amount, Acct.REIMBURSEMENTS_PAYABLE, Acct.DONATIONS))]


def money_lent(
    *,
    lender: str,
    lender_fund: str,
    borrower: str,
    borrower_fund: str,
    currency: str,
    amount: int,
) -> list[Entry]:
    """One community lends another money; the current accounts mirror each other (ICT-2)."""
    out = {"counterparty": borrower}
    into = {"counterparty": lender}
    return [
        entry(
            lender,
            pair(lender_fund, currency, amount, Acct.INTER_COMMUNITY, Acct.BANK, on_debit=out),
        ),
        entry(
            borrower,
            pair(borrower_fund, currency, amount, Acct.BANK, Acct.INTER_COMMUNITY, on_credit=into),
        ),
    ]


def money_repaid(
    *,
    lender: str,
    lender_fund: str,
    borrower: str,
    borrower_fund: str,
    currency: str,
    amount: int,
) -> list[Entry]:
    """A community pays back what it was lent, or part of it (ICT-2)."""
    lent = money_lent(
        lender=lender,
        lender_fund=lender_fund,
        borrower=borrower,
        borrower_fund=borrower_fund,
        currency=currency,
        amount=amount,
    )
    return [item.reversed() for item in lent]


def cost_paid(
    *, book: str, fund: str, currency: str, amount: int, function: str = "programme"
) -> list[Entry]:
    """Pay a cost at once (ICT-3)."""
    work = {"function": function}
    return [
        entry(book, pair(fund, currency, amount, Acct.PROGRAMME_COSTS, Acct.BANK, on_debit=work))
    ]


def cost_shared(
    *, book: str, fund: str, currency: str, shares: Sequence[tuple[str, str, int]]
) -> list[Entry]:
    """Recharge a cost: ``shares`` are (community, its fund, minor units) (ICT-3).

    Raises Invalid when nothing is shared.
    """
    if not shares:
        raise Invalid("A shared cost must have at least one share.", place="shares")
    for _other, _fund, amount in shares:
        check_positive(amount=amount)
    charged = [
        entry(
            book,
            *(
                pair(
                    fund,
                    currency,
                    amount,
                    Acct.INTER_COMMUNITY,
                    Acct.RECHARGES_IN,
                    both={"counterparty": other},
                )
                for other, _fund, amount in some
            ),
        )
        for some in batches(shares, 2)
    ]
    borne = [
        entry(
            other,
            Posting(
                Acct.RECHARGES_OUT,
                other_fund,
                currency,
                amount,
                counterparty=book,
                function="programme",
            ),
            Posting(Acct.INTER_COMMUNITY, other_fund, currency, -amount, counterparty=book),
        )
        for other, other_fund, amount in shares
    ]
    return [*charged, *borne]
