"""Which payment methods a page offers."""

import pytest

from ledger.core.payment_methods import KINDS, offered


@pytest.mark.parametrize(
    ("kinds", "currency", "names"),
    [
        (KINDS, "USD", ("card", "us_bank_account")),
        (KINDS, "EUR", ("card", "sepa_debit")),
        (KINDS, "GBP", ("card", "bacs_debit")),
        (KINDS, "JPY", ("card",)),
        (("card",), "USD", ("card",)),
        (("bank_debit", "card"), "EUR", ("card", "sepa_debit")),
        (("bank_debit",), "JPY", ()),
    ],
)
def test_a_page_offers_what_the_book_allows_and_the_currency_has(
    kinds: tuple[str, ...], currency: str, names: tuple[str, ...]
) -> None:
    assert offered(kinds, currency) == names
