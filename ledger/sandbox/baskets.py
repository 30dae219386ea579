"""What a payment page asks for: amounts by price or described on the spot, one time or regularly.

Must not open a page.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from ledger.sandbox.currencies import check_amount
from ledger.sandbox.errors import ApiError, missing
from ledger.sandbox.events import public
from ledger.sandbox.params import integer
from ledger.sandbox.products import price_of
from ledger.sandbox.store import Object, Store
from ledger.sandbox.subscriptions import prices_of


@dataclass(frozen=True)
class Basket:
    """Prices with their quantities; the amount is in Stripe's smallest unit."""

    prices: list[tuple[Object, int]]
    amount: int
    currency: str
    name: str

    def lines(self, store: Store) -> list[Object]:
        """Return the line items as Stripe shows them."""
        return [_line(store, price, quantity) for price, quantity in self.prices]


def once(store: Store, params: Object) -> Basket:
    """Return what a page asks for once. Raises ApiError."""
    prices = []
    for position, item in enumerate(_rows(params)):
        here = f"line_items[{position}]"
        price = price_of(store, item, within=here)
        if price["recurring"]:
            raise ApiError("A recurring price needs mode=subscription.", param=here)
        prices.append((price, integer(item, "quantity", within=here)))
    if len({price["currency"] for price, _ in prices}) > 1:
        raise ApiError("All line items must have the same currency.", param="line_items")
    return _basket(store, prices)


def regular(store: Store, params: Object) -> Basket:
    """Return what a page asks for regularly. Raises ApiError."""
    return _basket(store, prices_of(store, _rows(params), "line_items"))


def _basket(store: Store, prices: list[tuple[Object, int]]) -> Basket:
    amount = sum(price["unit_amount"] * quantity for price, quantity in prices)
    first = prices[0][0]
    check_amount(amount, first["currency"], "line_items")
    return Basket(prices, amount, first["currency"], _name(store, first))


def _line(store: Store, price: Object, quantity: int) -> Object:
    amount = price["unit_amount"] * quantity
    return {
        "id": f"li_{secrets.token_hex(12)}",
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": _name(store, price),
        "metadata": {},
        "price": public(price),
        "quantity": quantity,
    }


def _name(store: Store, price: Object) -> str:
    return str(store.need("product", price["product"])["name"])


def _rows(params: Object) -> list[Any]:
    items = params.get("line_items")
    if not items:
        raise missing("line_items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ApiError("Invalid array.", param="line_items")
    return items
