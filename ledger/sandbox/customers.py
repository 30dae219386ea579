"""Customers: who pays, and with what by default. Must not charge them."""

from ledger.sandbox import billing, methods
from ledger.sandbox.errors import ApiError
from ledger.sandbox.events import emit
from ledger.sandbox.params import group, merged, metadata, optional_text
from ledger.sandbox.store import Object, Store

TEXTS = ("description", "email", "name", "phone")


def create(store: Store, params: Object) -> Object:
    """Make a customer, whose time may be that of a test clock."""
    clock = optional_text(params, "test_clock")
    if clock:
        store.need("test_helpers.test_clock", clock, param="test_clock")
    made = store.add(
        "customer",
        "cus",
        {
            "balance": 0,
            "created": store.now(),
            "default_source": None,
            "delinquent": False,
            **{name: optional_text(params, name) for name in TEXTS},
            "invoice_prefix": None,
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": metadata(params),
            "preferred_locales": [],
            "shipping": None,
            "tax_exempt": "none",
            "test_clock": clock,
        },
    )
    given = optional_text(params, "payment_method")
    if given:
        method = methods.chosen(store, given, made["id"], param="payment_method")
        methods.keep(store, method, made["id"])
    _defaults(store, made, params)
    emit(store, "customer.created", store.save(made))
    return made


def update(store: Store, params: Object, customer_id: str) -> Object:
    """Change a customer."""
    customer = store.need("customer", customer_id)
    for name in TEXTS:
        if name in params:
            customer[name] = optional_text(params, name)
    customer["metadata"] = merged(customer["metadata"], params)
    _defaults(store, customer, params)
    emit(store, "customer.updated", store.save(customer))
    return customer


def delete(store: Store, _params: Object, customer_id: str) -> Object:
    """Delete a customer; their subscriptions and payment methods end with them."""
    customer = store.need("customer", customer_id)
    for subscription in store.where("subscription", "customer", customer_id):
        if not subscription["ended_at"]:
            billing.cancel(store, subscription)
    for method in store.where("payment_method", "customer", customer_id):
        methods.detach(store, {}, method["id"])
    store.remove(customer_id)
    emit(store, "customer.deleted", customer)
    return {"id": customer_id, "object": "customer", "deleted": True}


def _defaults(store: Store, customer: Object, params: Object) -> None:
    given = group(params, "invoice_settings")
    if "default_payment_method" not in given:
        return
    chosen = optional_text(given, "default_payment_method")
    method = store.get("payment_method", chosen) if chosen else None
    if chosen and (method is None or method["customer"] != customer["id"]):
        raise ApiError(
            f"The customer does not have a payment method with the ID {chosen}.",
            param="invoice_settings[default_payment_method]",
        )
    customer["invoice_settings"]["default_payment_method"] = chosen
