"""The account itself: which one it is. A state file is an account of its own."""

import secrets

from ledger.sandbox.store import Object, Store


def account(store: Store, _params: Object) -> Object:
    """Return the account behind the key."""
    if not store.control("account_id"):
        store.set_control("account_id", f"acct_{secrets.token_hex(8)}")
    return {
        "id": store.control("account_id"),
        "object": "account",
        "charges_enabled": True,
        "country": "US",
        "default_currency": "usd",
        "details_submitted": True,
        "email": None,
        "payouts_enabled": True,
        "type": "standard",
    }
