"""Stripe behind the protocol: all parts of the gateway in one class."""

from ledger.gateway.accounts import Accounts
from ledger.gateway.balance import Balances
from ledger.gateway.charges import Charges
from ledger.gateway.checkout_pages import CheckoutPages
from ledger.gateway.disputes import Disputes
from ledger.gateway.messages import Messages
from ledger.gateway.saved_cards import SavedCards
from ledger.gateway.subscriptions import Subscriptions


class StripeGateway(
    CheckoutPages, SavedCards, Subscriptions, Charges, Balances, Disputes, Accounts, Messages
):
    """Stripe through its own SDK; a part more is one file and one name here."""
