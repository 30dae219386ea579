"""Legs that several events share. Pure; amounts are positive minor units or commodity units."""

from collections.abc import Mapping

from ledger.core.accounts import Acct
from ledger.core.entry import Posting
from ledger.errors import Invalid

Labels = Mapping[str, str | None]


def released_promise(
    *, fund: str, commodity: str, quantity: int, pledge: str | None, account: int = Acct.INTENTIONS
) -> list[Posting]:
    """Take a promise off the memo accounts; no legs for a quantity of zero."""
    if not quantity:
        return []
    return [
        Posting(Acct.COMMITMENTS_RECEIVED, fund, commodity, quantity, pledge=pledge),
        Posting(account, fund, commodity, -quantity, pledge=pledge),
    ]


def gift(
    *,
    fund: str,
    currency: str,
    amount: int,
    pledge: str | None,
    released: int,
    receivable: int,
    income: int = Acct.DONATIONS,
) -> list[Posting]:
    """What money received means: pays the receivable first, the rest is income.

    ``released`` of it was promised and comes off the memo accounts. What goes beyond a receivable
    is a new gift and does not name the pledge (PLG-15). Raises Invalid when the parts exceed the
    amount.
    """
    check_positive(amount=amount)
    if released < 0 or receivable < 0 or receivable > amount or released > amount - receivable:
        raise Invalid("A payment cannot fulfil more than its amount.", place="amount")
    legs = []
    if receivable:
        legs.append(Posting(Acct.PLEDGES_RECEIVABLE, fund, currency, -receivable, pledge=pledge))
    if amount > receivable:
        label = None if receivable else pledge
        legs.append(Posting(income, fund, currency, receivable - amount, pledge=label))
    return legs + released_promise(fund=fund, commodity=currency, quantity=released, pledge=pledge)


def check_positive(**quantities: int) -> None:
    """Raise Invalid, naming the first quantity that is not a whole number above zero."""
    for name, quantity in quantities.items():
        if type(quantity) is not int or quantity <= 0:
            raise Invalid("The {name} must be above zero.", place=name, name=name)


def pair(
    fund: str,
    commodity: str,
    quantity: int,
    debit: int,
    credit: int,
    both: Labels | None = None,
    on_debit: Labels | None = None,
    on_credit: Labels | None = None,
) -> list[Posting]:
    """Two legs that move a quantity from one account to another; labels stand on both, or on
    one side."""
    check_positive(quantity=quantity)
    shared = both or {}
    return [
        Posting(debit, fund, commodity, quantity, **{**shared, **(on_debit or {})}),
        Posting(credit, fund, commodity, -quantity, **{**shared, **(on_credit or {})}),
    ]
