"""Promises: made, become due, released (events PLG).

An intention and a conditional promise are memo only; an unconditional promise of money is
revenue when it is made (ASC 958-605-25).
"""

from ledger.core.accounts import Acct
from ledger.core.amount import is_currency
from ledger.core.bookkeeping.legs import check_positive, released_promise
from ledger.core.entry import Entry, Posting, entry
from ledger.core.vocabulary import LegalNature
from ledger.errors import Invalid

PROMISES = {
    LegalNature.INTENTION: Acct.INTENTIONS,
    LegalNature.CONDITIONAL: Acct.CONDITIONAL_PLEDGES,
}


def pledge_made(
    *, book: str, fund: str, commodity: str, quantity: int, pledge: str, legal_nature: LegalNature
) -> list[Entry]:
    """Record a promise of any commodity, in its smallest unit.

    Raises Invalid for an unknown legal nature, or an unconditional promise of no currency.
    """
    check_positive(quantity=quantity)
    if legal_nature == LegalNature.UNCONDITIONAL:
        if not is_currency(commodity):
            raise Invalid(
                "Only a pledge of money can be unconditional. Pledges of equipment and hours "
                "are intentions to give.",
                place="legal_nature",
            )
        return [entry(book, _revenue(fund, commodity, quantity, pledge))]
    account = _promise_account(legal_nature)
    return [
        entry(
            book,
            Posting(account, fund, commodity, quantity, pledge=pledge),
            Posting(Acct.COMMITMENTS_RECEIVED, fund, commodity, -quantity, pledge=pledge),
        )
    ]


def condition_met(
    *, book: str, fund: str, commodity: str, quantity: int, pledge: str, owed: bool = True
) -> list[Entry]:
    """Turn a conditional promise into one that is owed (PLG-07); things stay promised, and so does
    money that the community's policy does not call owed."""
    check_positive(quantity=quantity)
    released = released_promise(
        fund=fund,
        commodity=commodity,
        quantity=quantity,
        pledge=pledge,
        account=Acct.CONDITIONAL_PLEDGES,
    )
    if owed and is_currency(commodity):
        return [entry(book, released, _revenue(fund, commodity, quantity, pledge))]
    promised = pledge_made(
        book=book,
        fund=fund,
        commodity=commodity,
        quantity=quantity,
        pledge=pledge,
        legal_nature=LegalNature.INTENTION,
    )
    return [entry(book, released, promised[0].postings)]


def pledge_released(
    *, book: str, fund: str, commodity: str, quantity: int, pledge: str, legal_nature: LegalNature
) -> list[Entry]:
    """Take the open rest of a promise off the memo accounts: lapsed (PLG-08) or cancelled
    (PLG-09). Raises Invalid for an unconditional promise, which is written off instead."""
    check_positive(quantity=quantity)
    return [
        entry(
            book,
            released_promise(
                fund=fund,
                commodity=commodity,
                quantity=quantity,
                pledge=pledge,
                account=_promise_account(legal_nature),
            ),
        )
    ]


def _revenue(fund: str, commodity: str, quantity: int, pledge: str) -> list[Posting]:
    return [
        Posting(Acct.PLEDGES_RECEIVABLE, fund, commodity, quantity, pledge=pledge),
        Posting(Acct.PLEDGE_REVENUE, fund, commodity, -quantity, pledge=pledge),
    ]


def _promise_account(legal_nature: LegalNature) -> int:
    if legal_nature not in PROMISES:
        raise Invalid(
            "A pledge that is {legal_nature} cannot be recorded on the memo accounts.",
            place="legal_nature",
            legal_nature=legal_nature,
        )
    return PROMISES[legal_nature]
