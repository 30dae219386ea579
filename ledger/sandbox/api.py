"""The addresses of Stripe's API v1 that this sandbox has, and what answers each of them.

A star stands for an id. Must not answer requests itself (that is ``server``).
"""

from collections.abc import Callable

from ledger.sandbox import (
    account,
    attempts,
    balance,
    billing,
    charges,
    clocks,
    customers,
    disputes,
    endpoints,
    intents,
    invoices,
    methods,
    movements,
    payouts,
    products,
    refunds,
    sessions,
    setups,
    subscriptions,
)
from ledger.sandbox.errors import unrecognized
from ledger.sandbox.store import Object

# Called with the store, the parameters and the ids of the address.
Handler = Callable[..., Object]
ROUTES: dict[str, Handler] = {
    "GET account": account.account,
    "GET balance": balance.balance,
    "POST charges/*": charges.update,
    "POST checkout/sessions": sessions.create,
    "POST checkout/sessions/*/expire": sessions.expire,
    "POST customers": customers.create,
    "POST customers/*": customers.update,
    "DELETE customers/*": customers.delete,
    "POST disputes/*": disputes.update,
    "POST disputes/*/close": disputes.close,
    "POST invoices/*": invoices.update,
    "POST invoices/*/finalize": invoices.finalize_now,
    "POST invoices/*/mark_uncollectible": invoices.mark_uncollectible,
    "POST invoices/*/pay": subscriptions.pay_invoice,
    "POST invoices/*/void": invoices.void,
    "POST payment_intents": intents.create,
    "POST payment_intents/*": intents.update,
    "POST payment_intents/*/cancel": intents.cancel,
    "POST payment_intents/*/capture": intents.capture,
    "POST payment_intents/*/confirm": intents.confirm,
    "POST payment_methods": methods.create,
    "POST payment_methods/*": methods.update,
    "POST payment_methods/*/attach": methods.attach,
    "POST payment_methods/*/detach": methods.detach,
    "POST payouts": payouts.create,
    "POST payouts/*": payouts.update,
    "POST payouts/*/cancel": payouts.cancel,
    "POST prices": products.create_price,
    "POST prices/*": products.update_price,
    "POST products": products.create_product,
    "POST products/*": products.update_product,
    "DELETE products/*": products.delete_product,
    "POST refunds": refunds.create,
    "POST refunds/*": refunds.update,
    "POST setup_intents": setups.create,
    "POST setup_intents/*": setups.update,
    "POST setup_intents/*/cancel": setups.cancel,
    "POST setup_intents/*/confirm": setups.confirm,
    "POST subscriptions": subscriptions.create,
    "POST subscriptions/*": subscriptions.update,
    "DELETE subscriptions/*": subscriptions.cancel,
    "POST test_helpers/test_clocks": clocks.create,
    "POST test_helpers/test_clocks/*/advance": clocks.advance,
    "DELETE test_helpers/test_clocks/*": clocks.delete,
    "POST topups/*": movements.update_topup,
    "POST webhook_endpoints": endpoints.create,
    "POST webhook_endpoints/*": endpoints.update,
    "DELETE webhook_endpoints/*": endpoints.delete,
}
attempts.FOLLOWERS[:] = [sessions.follow, billing.follow]


def route(method: str, path: str) -> tuple[Handler, list[str]]:
    """Return what answers an address, and the ids in it. Raises ApiError."""
    parts = path.split("/")
    for address, handler in ROUTES.items():
        verb, _, known = address.partition(" ")
        pattern = known.split("/")
        if verb == method and len(pattern) == len(parts):
            pairs = list(zip(pattern, parts, strict=True))
            if all(wanted in ("*", given) for wanted, given in pairs):
                return handler, [given for wanted, given in pairs if wanted == "*"]
    raise unrecognized(method, path)
