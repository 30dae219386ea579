"""What Stripe charges at least and at most: the same for us as for the sandbox that stands in."""

import pytest

from ledger.core.card_amounts import bounds, refusal
from ledger.core.currencies import EXPONENTS
from ledger.sandbox import currencies as stripe
from ledger.sandbox.errors import ApiError


def charged(amount: int, currency: str) -> bool:
    """Whether the sandbox takes an amount that is counted as in our books."""
    theirs, ours = stripe.decimals(currency), EXPONENTS[currency]
    if theirs < ours and amount % 10 ** (ours - theirs):
        return False
    sent = amount * 10 ** (theirs - ours) if theirs >= ours else amount // 10 ** (ours - theirs)
    try:
        stripe.check_amount(sent, currency, "amount")
    except ApiError:
        return False
    return True


@pytest.mark.parametrize("currency", sorted(c for c, n in EXPONENTS.items() if n < 4))
def test_amounts_at_the_bounds_are_those_that_stripe_takes(currency: str) -> None:
    least, most = bounds(currency)
    for amount in (0, 1, least - 1, least, least + 1, least + 10, most - 1, most, most + 1):
        assert (refusal(amount, currency) == "") == charged(amount, currency), amount


@pytest.mark.parametrize(
    ("amount", "currency", "sentence"),
    [
        (10, "USD", "Card payments in USD start at $0.50."),
        (9_999_999_900, "USD", "Card payments in USD go up to $999,999.99."),
        (17_400, "HUF", "Card payments in HUF start at HUF175.00."),
        (50, "JPY", ""),
        (100_000_000, "JPY", "Card payments in JPY go up to ¥99,999,999."),
        (1_000_005, "KWD", "The last digit of a card payment in KWD is 0."),
        (10_050, "MGA", "Card payments in MGA have no decimals."),
    ],
)
def test_what_is_refused_is_said_with_the_bound(amount: int, currency: str, sentence: str) -> None:
    assert refusal(amount, currency) == sentence
