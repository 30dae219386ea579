"""One definition of the accounts that can be named for something, written out."""

import pytest

from ledger.core.accounts import CHART, Account
from ledger.core.entry import Posting
from ledger.core.fitting_accounts import (
    NOT_BOUGHT,
    Use,
    check_fits,
    check_own_funds,
    fits,
    fitting,
)
from ledger.errors import Invalid

FITTING = {
    Use.SPENDING: {5110, 5120, 6110, 6210},
    Use.BANK_STATEMENT: {1010, 1020},
    Use.OPENING: {
        *(1010, 1020, 1030, 1040, 1130, 1220, 1240, 1410, 1420, 1510, 1518, 1519, 1520),
        *(2110, 2120, 2130, 2140, 2190, 2410, 2420, 2510, 2610, 8210, 8250),
    },
    Use.COST_OF_THINGS: {
        *(1220, 1240, 1410, 1420, 1510, 1518, 1519, 1520),
        *(5110, 5120, 6110, 6210),
    },
    Use.MANUAL: {
        *(1010, 1020, 1030, 1040, 1410, 2110, 2510, 2610),
        *(4010, 4020, 4210, 4310, 4940, 5110, 5120, 6110, 6210),
    },
}
# A book's own accounts and what they can be named for.
OWN = {
    Account(1011, "Savings bank", "asset"): {
        Use.BANK_STATEMENT,
        Use.OPENING,
        Use.COST_OF_THINGS,
        Use.MANUAL,
    },
    Account(1650, "Shares held", "asset"): {Use.OPENING, Use.COST_OF_THINGS, Use.MANUAL},
    Account(2710, "Loan of the town", "liability"): {Use.OPENING, Use.MANUAL},
    Account(4320, "Sales", "income"): {Use.MANUAL},
    Account(5130, "Seeds", "expense"): {Use.SPENDING, Use.COST_OF_THINGS, Use.MANUAL},
    Account(5131, "Storm damage", "expense", is_loss=True): set(),
    Account(5132, "Dues", "expense", inter_book=True): set(),
}


@pytest.mark.parametrize("use", list(Use))
def test_the_accounts_of_the_template_that_fit_are_these(use: Use) -> None:
    assert {account.number for account in fitting(use, CHART)} == FITTING[use]


@pytest.mark.parametrize("account", OWN, ids=lambda account: account.name)
def test_a_books_own_account_fits_what_its_kind_is_for(account: Account) -> None:
    assert {use for use in Use if fits(use, account)} == OWN[account]


def test_an_expense_that_is_new_in_the_template_has_to_be_decided_about() -> None:
    """Whoever adds an account says whether it is bought: nothing falls through."""
    plain = {row.number for row in CHART if row.kind == "expense"} - {
        row.number for row in CHART if row.inter_book or row.is_loss
    }
    assert plain == FITTING[Use.SPENDING] | NOT_BOUGHT


def test_an_account_that_does_not_fit_or_is_not_there_is_refused_by_its_place() -> None:
    release = next(row for row in CHART if row.number == 5910)
    for number, account in ((5910, release), (5999, None)):
        with pytest.raises(Invalid) as refusal:
            check_fits(Use.SPENDING, number, account, place="account")
        assert refusal.value.place == "account"


def moved(*legs: tuple[int, str, int]) -> list[Posting]:
    return [Posting(number, fund, "USD", each) for number, fund, each in legs]


@pytest.mark.parametrize(("out", "into"), [(5910, 4910), (5915, 4915)])
def test_what_leaves_a_fund_has_to_come_into_another(out: int, into: int) -> None:
    left, came = ((out, "SOLAR", 500), (1010, "SOLAR", -500)), ((1010, "GEN", 500),)
    check_own_funds(moved(*left, *came, (into, "GEN", -500)))
    for wrong in (moved(*left), moved(*left, *came, (4010, "GEN", -500))):
        with pytest.raises(Invalid) as refusal:
            check_own_funds(wrong)
        assert refusal.value.place == "postings[0].account"
