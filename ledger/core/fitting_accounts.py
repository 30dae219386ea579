"""Which accounts fit which event: the one definition that forms offer and services accept.

A number that comes from outside (a form, a file, the API, the command line) is checked here,
so that nobody books a bill on an account that only a release of restriction may move. Source:
domain sections 4 and 5. Must not know the database; a book's own accounts are passed in.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeVar

from ledger.core.accounts import BY_NUMBER, CASH_LIKE, Acct
from ledger.core.entry import Posting
from ledger.errors import Invalid


class ChartAccount(Protocol):
    """An account of a book's chart: of the template, or opened by the book itself."""

    @property
    def number(self) -> int:
        """The four digits."""

    @property
    def kind(self) -> str:
        """Asset, liability, equity, income or expense; for things and memos their own kinds."""

    @property
    def closed_on(self) -> date | None:
        """The day on which its book closed it; None while it is used."""

    @property
    def inter_book(self) -> bool:
        """Whether its postings name another book."""

    @property
    def is_loss(self) -> bool:
        """Whether it is a loss, which nobody buys."""


Named = TypeVar("Named", bound=ChartAccount)


class Use(StrEnum):
    """What an account is named for."""

    # An order or a bill of somebody outside (DIS-1, DIS-2).
    SPENDING = "spending"
    # The account that a bank's statement is about.
    BANK_STATEMENT = "bank_statement"
    # What a book brings along (OPN-1).
    OPENING = "opening"
    # Where the cost of things stands that another ledger bought: kept, or used up at once.
    COST_OF_THINGS = "cost_of_things"
    # An entry that a person or a program writes leg by leg.
    MANUAL = "manual"


# Moved by events of their own: gifts in kind and their use, wear, grants, releases and transfers
# between own funds, what Stripe and the bank charge.
NOT_BOUGHT = frozenset(
    {
        Acct.SERVICES_USED,
        Acct.USE_OF_ASSETS,
        Acct.LOW_VALUE_ITEMS,
        Acct.DEPRECIATION,
        Acct.GRANTS_MADE,
        Acct.RELEASED_OUT,
        Acct.FUND_TRANSFERS_OUT,
        Acct.PROCESSING_FEES,
        Acct.DISPUTE_FEES,
        Acct.BANK_CHARGES,
    }
)
BANKS = frozenset({Acct.BANK, Acct.FOREIGN_BANK})
# A book's further bank accounts stand beside the first ones.
OWN_BANKS = range(1000, 1100)
# Kept row by row: Stripe's movements, pledges, and the bridge between currencies. A balance
# without its rows could never be cleared.
KEPT_BY_ROWS = frozenset(
    {
        Acct.STRIPE_BALANCE,
        Acct.STRIPE_RESERVE,
        Acct.PAYOUTS_IN_TRANSIT,
        Acct.DISPUTED_PAYMENTS,
        Acct.PLEDGES_RECEIVABLE,
        Acct.PLEDGE_DISCOUNT,
        Acct.PLEDGE_ALLOWANCE,
        Acct.IN_KIND_RECEIVABLE,
        Acct.CURRENCY_CONVERSION,
    }
)
# Accounts of the template that no service keeps row by row: money in hand, bills, loans, gifts and
# other income. A book's own further accounts of value are free as well.
BY_LEGS = frozenset(
    {
        Acct.BANK,
        Acct.FOREIGN_BANK,
        Acct.UNDEPOSITED_CASH,
        Acct.PETTY_CASH,
        Acct.PREPAYMENTS,
        Acct.ACCOUNTS_PAYABLE,
        Acct.DEFERRED_INCOME,
        Acct.LOANS_PAYABLE,
        Acct.DONATIONS,
        Acct.RECURRING_DONATIONS,
        Acct.GRANTS,
        Acct.EXCHANGE_INCOME,
        Acct.INTEREST,
    }
)
OPENING_THINGS = frozenset({Acct.ITEMS_HELD, Acct.MATERIALS_HELD})
# What goes out of one of the book's funds comes into another: the sums of each group are zero.
BETWEEN_OWN_FUNDS = (
    (Acct.RELEASED_IN, Acct.RELEASED_OUT),
    (Acct.FUND_TRANSFERS_IN, Acct.FUND_TRANSFERS_OUT),
    (Acct.RECLASSIFIED,),
)
_MEANINGS = {
    Use.SPENDING: "Name an account for what is bought, like 5110 or 6110.",
    Use.BANK_STATEMENT: "Account {} is no bank account.",
    Use.OPENING: "Account {} cannot have an opening balance.",
    Use.COST_OF_THINGS: "Account {} does not hold the cost of things.",
    Use.MANUAL: "Account {} is written only by the service that keeps its details.",
}
_GROUPS = {number: group for group in BETWEEN_OWN_FUNDS for number in group}


def fits(use: Use, account: ChartAccount) -> bool:
    """Tell whether an account of a book's chart can be named for something."""
    number, kind = account.number, account.kind
    if account.closed_on is not None:
        return False
    if use is Use.OPENING and number in OPENING_THINGS:
        return True
    if account.inter_book:
        return False
    match use:
        case Use.SPENDING:
            return kind == "expense" and not account.is_loss and number not in NOT_BOUGHT
        case Use.BANK_STATEMENT:
            own = number in OWN_BANKS and number not in BY_NUMBER
            return kind == "asset" and (own or number in BANKS)
        case Use.OPENING:
            return kind in ("asset", "liability") and number not in KEPT_BY_ROWS
        case Use.COST_OF_THINGS:
            held = kind == "asset" and number not in CASH_LIKE | KEPT_BY_ROWS
            return held or fits(Use.SPENDING, account)
        case Use.MANUAL:
            own = number not in BY_NUMBER and kind in ("asset", "liability", "income")
            return own or number in BY_LEGS or fits(Use.SPENDING, account)


def fitting(use: Use, accounts: Iterable[Named]) -> list[Named]:
    """Return the accounts that can be named for something, in the order given."""
    return [account for account in accounts if fits(use, account)]


def check_fits(use: Use, number: int, account: ChartAccount | None, *, place: str) -> None:
    """Raise Invalid for an account that a book does not have, has closed, or that does not fit."""
    if account is not None and account.closed_on is not None:
        raise Invalid(
            "Account {number} is closed. An admin can open it again in the settings.",
            place=place,
            number=number,
        )
    if account is None or not fits(use, account):
        raise Invalid(_MEANINGS[use].format(number), place=place)


def check_own_funds(postings: Sequence[Posting]) -> None:
    """Raise Invalid, naming the posting, when what comes from outside takes money or things out of
    a fund without bringing them into another (invariant I-13)."""
    if not any(posting.account in _GROUPS for posting in postings):
        return
    sums: Counter[tuple[tuple[int, ...], str]] = Counter()
    for posting in postings:
        if posting.account in _GROUPS:
            sums[_GROUPS[posting.account], posting.commodity] += posting.quantity
    for index, posting in enumerate(postings):
        group = _GROUPS.get(posting.account)
        if group is not None and sums[group, posting.commodity]:
            raise Invalid(
                "Account {account} only records transfers between the book's own funds. An "
                "amount taken out of one fund must be added to another within {group}.",
                place=f"postings[{index}].account",
                account=posting.account,
                group=_listed(group),
            )


def _listed(group: tuple[int, ...]) -> str:
    return " or ".join(str(number) for number in group)
