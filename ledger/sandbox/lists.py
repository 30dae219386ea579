"""Reading: one object by its id, and lists by pages, filters and expanded references.

Lists are newest first; cursors are ids, as at Stripe. Must not change anything.
"""

import operator
from collections.abc import Callable
from typing import Any

from ledger.sandbox.errors import ApiError, unknown
from ledger.sandbox.events import public, undelivered
from ledger.sandbox.events import shown as event_shown
from ledger.sandbox.invoices import payments_of
from ledger.sandbox.params import boolean, group, integer, optional_text, text, texts
from ledger.sandbox.store import Object, Store

Params = dict[str, Any]
LONGEST_PAGE = 100
PAGE = 10
LISTS = {
    "customers": "customer",
    "payment_methods": "payment_method",
    "setup_intents": "setup_intent",
    "checkout/sessions": "checkout.session",
    "payment_intents": "payment_intent",
    "charges": "charge",
    "refunds": "refund",
    "disputes": "dispute",
    "products": "product",
    "prices": "price",
    "subscriptions": "subscription",
    "invoices": "invoice",
    "invoice_payments": "invoice_payment",
    "test_helpers/test_clocks": "test_helpers.test_clock",
    "topups": "topup",
    "balance_transactions": "balance_transaction",
    "payouts": "payout",
    "events": "event",
    "webhook_endpoints": "webhook_endpoint",
}
# What each list can be filtered by, besides when its objects were created.
FILTERS = {
    "customers": ("email", "test_clock"),
    "payment_methods": ("customer", "type"),
    "setup_intents": ("customer", "payment_method"),
    "checkout/sessions": ("customer", "payment_intent", "status", "subscription"),
    "payment_intents": ("customer",),
    "charges": ("customer", "payment_intent"),
    "refunds": ("charge", "payment_intent"),
    "disputes": ("charge", "payment_intent"),
    "products": (),
    "prices": ("currency", "product", "type"),
    "subscriptions": ("customer", "price", "status", "test_clock"),
    "invoices": ("customer", "status", "subscription"),
    "invoice_payments": ("invoice", "payment", "status"),
    "test_helpers/test_clocks": (),
    "topups": ("status",),
    "balance_transactions": ("currency", "payout", "source", "type"),
    "payouts": ("status",),
    "events": ("delivery_success", "type", "types"),
    "webhook_endpoints": (),
}
# What can be read by its id alone.
SINGLE = {"mandates": "mandate"}
# Lists that an object shows only when they are expanded.
LISTED = ("line_items", "payments")
# Lists inside an object, and where it keeps them.
INNER = {
    ("checkout/sessions", "line_items"): "_line_items",
    ("invoices", "lines"): "lines",
}
# Kept inside their subscriptions; a list of them names one.
ITEMS = "subscription_items"
# Filters that compare otherwise than by equality.
OTHERWISE = ("delivery_success", "payment", "types")
# Filters by what is kept from sight, like which payout took a balance transaction along.
HIDDEN = {
    ("balance_transactions", "payout"): "_payout",
    ("invoices", "subscription"): "_subscription",
}
EXPANDABLE = {
    "balance_transaction": ("balance_transaction",),
    "failure_balance_transaction": ("balance_transaction",),
    "latest_charge": ("charge",),
    "charge": ("charge",),
    "payment_intent": ("payment_intent",),
    "customer": ("customer",),
    "default_payment_method": ("payment_method",),
    "default_price": ("price",),
    "invoice": ("invoice",),
    "latest_invoice": ("invoice",),
    "product": ("product",),
    "subscription": ("subscription",),
    "test_clock": ("test_helpers.test_clock",),
    "mandate": ("mandate",),
    "payment_method": ("payment_method",),
    "setup_intent": ("setup_intent",),
    "source": ("charge", "refund", "payout", "dispute", "topup"),
}
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "gte": operator.ge,
    "gt": operator.gt,
    "lte": operator.le,
    "lt": operator.lt,
}
# What an object may lack and is expanded to nothing then.
ABSENT = {("refund", "failure_balance_transaction")}
# Shown once, when it is made.
SECRETS = ("secret",)


def read(store: Store, path: str, params: Params) -> Object | None:
    """Return what an address shows, an object or a list; None for an address of another kind."""
    if path in LISTS:
        return listing(store, path, params)
    parent, _, last = path.rpartition("/")
    holder, _, holder_id = parent.rpartition("/")
    if holder == "customers" and last == "payment_methods":
        store.need("customer", holder_id, param="customer")
        found = listing(store, last, {**params, "customer": holder_id})
        return {**found, "url": f"/v1/{path}"}
    if (holder, last) in INNER:
        found = store.need(LISTS[holder], holder_id)[INNER[holder, last]]
        rows = found["data"] if isinstance(found, dict) else found
        return _paged(store, rows, path, "item", params)
    if path == ITEMS:
        owner = store.need("subscription", text(params, "subscription"), param="subscription")
        return _paged(store, owner["items"]["data"], path, "subscription_item", params)
    if parent == ITEMS:
        return expanded(store, _item(store, last), params)
    kind = LISTS.get(parent) or SINGLE.get(parent)
    return retrieve(store, kind, last, params) if kind else None


def retrieve(store: Store, kind: str, object_id: str, params: Params) -> Object:
    """Return one object, with what is to be expanded. Raises ApiError."""
    found = store.get(kind, object_id)
    if found is None:
        raise unknown(kind, object_id)
    found = event_shown(store, found) if kind == "event" else found
    return expanded(store, without_secrets(found), params)


def listing(store: Store, path: str, params: Params) -> Object:
    """Return a page of a list, newest first. Raises ApiError."""
    kind = LISTS[path]
    horizon = int(store.control("horizon") or 0)
    rows = [
        row
        for row in filter(_wanted(store, path, params), store.all(kind))
        # What happened to an object is seen with the object itself, which is shown as it is.
        if not horizon or row["created"] <= horizon or kind == "event"
    ]
    return _paged(store, rows, path, kind, params)


def _paged(store: Store, rows: list[Object], path: str, kind: str, params: Params) -> Object:
    """Return the page of rows that a request asks for. Raises ApiError."""
    limit = integer(params, "limit") if "limit" in params else PAGE
    if limit > LONGEST_PAGE:
        raise ApiError(
            f"Limit is at most {LONGEST_PAGE}.", code="parameter_invalid_integer", param="limit"
        )
    after = optional_text(params, "starting_after")
    before = optional_text(params, "ending_before")
    if after and before:
        raise ApiError("Give starting_after or ending_before, not both.", param="ending_before")
    if after:
        rows = rows[_position(rows, kind, after, "starting_after") + 1 :]
    if before:
        # The page next to the cursor: walking back reads the list from its old end.
        rows = rows[: _position(rows, kind, before, "ending_before")]
        page = rows[-limit:]
    else:
        page = rows[:limit]
    if kind == "event":
        page = [event_shown(store, row) for row in page]
    deeper = _deeper(params)
    return {
        "object": "list",
        "data": [expanded(store, without_secrets(row), deeper) for row in page],
        "has_more": len(rows) > limit,
        "url": f"/v1/{path}",
    }


def expanded(store: Store, body: Object, params: Params) -> Object:
    """Return an object's public part with references replaced by what they name.

    Raises ApiError for what cannot be expanded.
    """
    shown = public(body)
    for path in _paths(params):
        name, _, rest = path.partition(".")
        if name == "payments" and shown["object"] == "invoice":
            shown[name] = shown.get(name) or payments_of(store, shown["id"])
        if name == "line_items" and shown["object"] == "checkout.session":
            shown[name] = _paged(
                store, body["_line_items"], f"checkout/sessions/{shown['id']}/{name}", "item", {}
            )
        if name not in shown and (shown["object"], name) in ABSENT:
            continue
        through = isinstance(shown.get(name), dict) and rest
        if name not in shown or not (name in EXPANDABLE or name in LISTED or through):
            raise ApiError(f"This property cannot be expanded ({path}).", param="expand")
        if isinstance(shown[name], str):
            shown[name] = _named(store, name, shown[name])
        if rest and isinstance(shown[name], dict):
            shown[name] = _inner(store, shown[name], rest)
    return shown


def _named(store: Store, name: str, object_id: str) -> Object | str:
    """Return what a reference names; the reference itself where it is gone."""
    for kind in EXPANDABLE[name]:
        found = store.get(kind, object_id)
        if found is not None:
            return without_secrets(public(found))
    return object_id


def _inner(store: Store, body: Object, rest: str) -> Object:
    """Expand inside an object, or inside every item of a list."""
    if body.get("object") != "list":
        return expanded(store, body, {"expand": [rest]})
    deeper = _deeper({"expand": [rest]})
    return {**body, "data": [expanded(store, item, deeper) for item in body["data"]]}


def without_secrets(body: Object) -> Object:
    """Return an object without what is shown only when it is made."""
    return {name: value for name, value in body.items() if name not in SECRETS}


def _paths(params: Params) -> list[str]:
    given = params.get("expand") or []
    if not isinstance(given, list) or not all(isinstance(path, str) for path in given):
        raise ApiError("Invalid array.", param="expand")
    return given


def _deeper(params: Params) -> Params:
    """Return what a list expands as its items see it; the paths there begin with ``data.``."""
    paths = _paths(params)
    for path in paths:
        if not path.startswith("data."):
            raise ApiError(f"This property cannot be expanded ({path}).", param="expand")
    return {"expand": [path.removeprefix("data.") for path in paths]}


def _item(store: Store, item_id: str) -> Object:
    """Return an item of a subscription by its id. Raises ApiError."""
    for subscription in store.all("subscription"):
        for item in subscription["items"]["data"]:
            if item["id"] == item_id:
                found: Object = item
                return found
    raise unknown("subscription_item", item_id)


def _position(rows: list[Object], kind: str, cursor: str, param: str) -> int:
    for position, row in enumerate(rows):
        if row["id"] == cursor:
            return position
    raise unknown(kind, cursor, param=param, status=400)


def _wanted(store: Store, path: str, params: Params) -> Callable[[Object], bool]:
    """Return the test that a request's filters make. Raises ApiError."""
    in_time = _in_time(params)
    wanted = {
        HIDDEN.get((path, name), name): optional_text(params, name)
        for name in FILTERS[path]
        if name in params and name not in OTHERWISE
    }
    special = _special(store, path, params, wanted)
    return lambda row: (
        in_time(row["created"])
        and all(row.get(name) == value for name, value in wanted.items())
        and special(row)
    )


def _special(
    store: Store, path: str, params: Params, wanted: dict[str, str | None]
) -> Callable[[Object], bool]:
    """Take out the filters that compare otherwise, and return their test."""
    if path == "subscriptions":
        # Without a status, Stripe leaves out what was cancelled.
        status, price = wanted.pop("status", None), wanted.pop("price", None)
        if status == "all":
            status = None
        elif status is None:
            return lambda row: row["status"] != "canceled" and _priced(row, price)
        return lambda row: status in (None, row["status"]) and _priced(row, price)
    if path == "events":
        return _events(store, params)
    if path == "invoice_payments" and "payment" in params:
        given = group(params, "payment")
        return lambda row: all(row["payment"].get(name) == given[name] for name in given)
    return lambda _row: True


def _events(store: Store, params: Params) -> Callable[[Object], bool]:
    kinds = texts(params, "types")
    if "delivery_success" not in params:
        return lambda row: not kinds or row["type"] in kinds
    good, missed = boolean(params, "delivery_success"), undelivered(store)
    return lambda row: (not kinds or row["type"] in kinds) and (row["id"] not in missed) is good


def _priced(subscription: Object, price: str | None) -> bool:
    items = subscription["items"]["data"]
    return price is None or any(item["price"]["id"] == price for item in items)


def _in_time(params: Params) -> Callable[[int], bool]:
    if "created" not in params:
        return lambda _at: True
    if isinstance(params["created"], str):
        instant = integer(params, "created", least=0)
        return lambda at: at == instant
    given = group(params, "created")
    bounds = {name: integer(given, name, within="created", least=0) for name in given}
    return lambda at: all(COMPARISONS[name](at, bound) for name, bound in bounds.items())
