"""Which payment methods a payment page offers, by the book's choice and the currency.

Names are Stripe's, as its ``allowed_payment_method_types`` take them; the account behind the key
must have a method as well, or Stripe leaves it out. Must not know the gateway.
"""

from collections.abc import Sequence

CARD = "card"
# Cards work in every currency. Wallets that carry a card (Apple Pay, Google Pay) come with them.
IN_ANY = {CARD: CARD}
# The others by their kind and the currency they are in; a wallet or a debit more is a row more.
IN_ONE: dict[str, dict[str, str]] = {
    "bank_debit": {"EUR": "sepa_debit", "GBP": "bacs_debit", "USD": "us_bank_account"},
}
KINDS = (*IN_ANY, *IN_ONE)
# What is charged while its owner is away is charged to a card; debits follow other rules.
KEPT: Sequence[str] = (CARD,)


def offered(kinds: Sequence[str], currency: str) -> tuple[str, ...]:
    """Return Stripe's names for the kinds that a book offers and that fit a currency."""
    names = [IN_ANY.get(kind) or IN_ONE[kind].get(currency) for kind in KINDS if kind in kinds]
    return tuple(name for name in names if name)
