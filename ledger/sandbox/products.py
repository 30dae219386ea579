"""Products and prices: what is given regularly, and how much at which interval.

Must not bill anybody.
"""

from ledger.sandbox.currencies import check_currency
from ledger.sandbox.errors import ApiError, missing
from ledger.sandbox.events import emit
from ledger.sandbox.params import (
    boolean,
    choice,
    group,
    inside,
    integer,
    merged,
    metadata,
    optional_text,
    text,
)
from ledger.sandbox.store import Object, Store

INTERVALS = ("day", "week", "month", "year")


def create_product(store: Store, params: Object, *, within: str = "") -> Object:
    """Make a product."""
    made = store.add(
        "product",
        "prod",
        {
            "active": True,
            "created": store.now(),
            "default_price": None,
            "description": optional_text(params, "description"),
            "images": [],
            "livemode": False,
            "marketing_features": [],
            "metadata": metadata(params),
            "name": text(params, "name", within=within),
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": None,
            "tax_code": None,
            "tax_details": None,
            "type": "service",
            "unit_label": None,
            "updated": store.now(),
            "url": None,
        },
    )
    emit(store, "product.created", made)
    if "default_price_data" in params:
        given = {**group(params, "default_price_data"), "product": made["id"]}
        made["default_price"] = create_price(store, given, within="default_price_data")["id"]
        store.save(made)
    return made


def update_product(store: Store, params: Object, product_id: str) -> Object:
    """Change a product."""
    product = store.need("product", product_id)
    product["metadata"] = merged(product["metadata"], params)
    for name in ("default_price", "description", "name"):
        if name in params:
            product[name] = optional_text(params, name)
    if "active" in params:
        product["active"] = boolean(params, "active")
    product["updated"] = store.now()
    emit(store, "product.updated", store.save(product))
    return product


def delete_product(store: Store, _params: Object, product_id: str) -> Object:
    """Delete a product that has no prices. Raises ApiError."""
    product = store.need("product", product_id)
    if any(price["product"] == product_id for price in store.all("price")):
        raise ApiError("This product cannot be deleted because it has prices.")
    store.remove(product_id)
    emit(store, "product.deleted", product)
    return {"id": product_id, "object": "product", "deleted": True}


def create_price(store: Store, params: Object, *, within: str = "") -> Object:
    """Make a price of a product, also of one made on the spot. Raises ApiError."""
    currency = check_currency(text(params, "currency", within=within), inside(within, "currency"))
    amount = integer(params, "unit_amount", within=within, least=0)
    if "product_data" in params:
        product = create_product(
            store, group(params, "product_data"), within=inside(within, "product_data")
        )["id"]
    else:
        product = text(params, "product", within=within)
        store.need("product", product, param=inside(within, "product"))
    recurring = _recurring(params, within)
    made = store.add(
        "price",
        "price",
        {
            "active": True,
            "billing_scheme": "per_unit",
            "created": store.now(),
            "currency": currency,
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": optional_text(params, "lookup_key"),
            "metadata": metadata(params),
            "nickname": optional_text(params, "nickname"),
            "product": product,
            "recurring": recurring,
            "tax_behavior": "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "recurring" if recurring else "one_time",
            "unit_amount": amount,
            "unit_amount_decimal": str(amount),
        },
    )
    emit(store, "price.created", made)
    return made


def update_price(store: Store, params: Object, price_id: str) -> Object:
    """Change a price's texts; an amount never changes."""
    price = store.need("price", price_id)
    price["metadata"] = merged(price["metadata"], params)
    for name in ("lookup_key", "nickname"):
        if name in params:
            price[name] = optional_text(params, name)
    if "active" in params:
        price["active"] = boolean(params, "active")
    emit(store, "price.updated", store.save(price))
    return price


def price_of(store: Store, item: Object, *, within: str) -> Object:
    """Return the price that an item names or describes. Raises ApiError."""
    if "price_data" in item:
        return create_price(store, group(item, "price_data"), within=inside(within, "price_data"))
    given = optional_text(item, "price", within=within)
    if not given:
        raise missing(inside(within, "price"))
    price = store.need("price", given, param=inside(within, "price"))
    if not price["active"]:
        raise ApiError("The price is inactive.", param=inside(within, "price"))
    return price


def plan_of(price: Object) -> Object:
    """Return a recurring price as the plan that subscription items still carry."""
    recurring = price["recurring"]
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": price["livemode"],
        "metadata": price["metadata"],
        "meter": None,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def _recurring(params: Object, within: str) -> Object | None:
    given, place = group(params, "recurring", within=within), inside(within, "recurring")
    if not given:
        return None
    interval = choice(given, "interval", INTERVALS, within=place)
    if interval is None:
        raise missing(inside(place, "interval"))
    return {
        "interval": interval,
        "interval_count": integer({"interval_count": "1", **given}, "interval_count"),
        "meter": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }
