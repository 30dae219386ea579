"""What a payment page asks for: amounts by price or described on the spot, one time or regularly.

Must not open a page.
"""

from typing import Any

from ledger.sandbox.currencies import check_amount, check_currency
from ledger.sandbox.errors import ApiError, missing
from ledger.sandbox.params import group, inside, integer, text
from ledger.sandbox.products import price_of
from ledger.sandbox.store import Object, Store
from ledger.sandbox.subscriptions import prices_of


def once(store: Store, params: Object) -> tuple[int, str, str]:
    """Return what a page asks for once: the amount in Stripe's smallest unit, currency, name."""
    total, currencies, name = 0, set(), ""
    for position, item in enumerate(_rows(params)):
        here = f"line_items[{position}]"
        if "price" in item:
            price = price_of(store, item, within=here)
            if price["recurring"]:
                raise ApiError("A recurring price needs mode=subscription.", param=here)
            each, currency = price["unit_amount"], price["currency"]
            name = store.need("product", price["product"])["name"]
        else:
            each, currency, name = _described(store, item, here)
        currencies.add(currency)
        total += each * integer(item, "quantity", within=here)
    if len(currencies) > 1:
        raise ApiError("All line items must have the same currency.", param="line_items")
    currency = currencies.pop()
    check_amount(total, currency, "line_items")
    return total, currency, name


def regular(store: Store, params: Object) -> tuple[list[tuple[Object, int]], int, str, str]:
    """Return what a page asks for regularly: prices with quantities, amount, currency, name."""
    found = prices_of(store, _rows(params), "line_items")
    first = found[0][0]
    total = sum(price["unit_amount"] * quantity for price, quantity in found)
    check_amount(total, first["currency"], "line_items")
    return found, total, first["currency"], store.need("product", first["product"])["name"]


def _rows(params: Object) -> list[Any]:
    items = params.get("line_items")
    if not items:
        raise missing("line_items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ApiError("Invalid array.", param="line_items")
    return items


def _described(store: Store, item: Object, here: str) -> tuple[int, str, str]:
    """Return the amount, currency and name of a line described on the spot."""
    price, place = group(item, "price_data", within=here), f"{here}[price_data]"
    if not price:
        raise missing(place)
    if "recurring" in price:
        raise ApiError("A recurring price needs mode=subscription.", param=here)
    currency = check_currency(text(price, "currency", within=place), inside(place, "currency"))
    each = integer(price, "unit_amount", within=place, least=0)
    if "product" in price:
        product = store.need("product", text(price, "product"), param=inside(place, "product"))
        return each, currency, product["name"]
    product = group(price, "product_data", within=place)
    return each, currency, text(product, "name", within=f"{place}[product_data]")
