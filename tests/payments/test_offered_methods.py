"""A payment page offers what the book allows, in the currency of the pledge."""

import pytest

from ledger.models.books import Book
from ledger.models.pledges import Pledge
from ledger.services.books.policies import choose_policy
from tests.worlds.shop import Shop


def offered(shop: Shop, pledge: Pledge) -> list[str]:
    """What the newest page offers, as Stripe shows it."""
    shop.page(pledge)
    (page,) = shop.client.v1.checkout.sessions.list({"limit": 1}).data
    assert page.client_reference_id == pledge.reference
    return page.payment_method_types


@pytest.mark.parametrize(
    ("currency", "names"),
    [("USD", ["card", "us_bank_account"]), ("EUR", ["card", "sepa_debit"]), ("GBP", ["card"])],
)
def test_a_page_offers_cards_and_the_bank_debit_of_its_currency(
    shop: Shop, currency: str, names: list[str]
) -> None:
    """Pounds could be debited too, but this account does not have that: Stripe leaves it out."""
    assert offered(shop, shop.pledge(currency=currency)) == names


def test_a_book_that_takes_cards_alone_offers_no_debit(shop: Shop) -> None:
    pledge = shop.pledge()
    with shop.db.transaction() as session:
        choose_policy(
            session,
            book=session.get_one(Book, pledge.book_id),
            key="payment_methods",
            value="card",
            valid_from_on=shop.now(days=-2).date(),
            now=shop.now(),
        )
    assert offered(shop, pledge) == ["card"]
    assert offered(shop, shop.pledge()) == ["card", "us_bank_account"]
