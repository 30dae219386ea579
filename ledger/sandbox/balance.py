"""The balance: its transactions, what Stripe takes, and exchange into a currency that settles.

Prices and rates are controls: ``fee_card``, ``fee_us_bank_account``, ``fee_sepa_debit`` as
``2.9%+30`` or ``0.8%+0<=500``, ``settles`` as ``eur,usd`` (nothing: each currency settles as
itself) and ``rates`` as ``usd:eur=0.9``. Amounts are in Stripe's smallest unit. Must not know
what a transaction is for.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ledger.sandbox.errors import ApiError
from ledger.sandbox.store import Object, Store

FEES = {"card": "2.9%+30", "us_bank_account": "0.8%+0<=500", "sepa_debit": "0%+35"}
_PRICE = re.compile(r"([0-9]+(?:\.[0-9]+)?)%\+([0-9]+)(?:<=([0-9]+))?")
FLAT_FEES = {"countered": 1500, "dispute": 1500, "return": 400}


def fee_of(store: Store, amount: int, means: str) -> int:
    """Return the fee on a charge by a kind of means, half rounded up."""
    found = _PRICE.fullmatch(store.control(f"fee_{means}") or FEES[means])
    if found is None:
        raise ApiError(f"fee_{means} reads like 2.9%+30 or 0.8%+0<=500.")
    share, fixed, most = found.groups()
    fee = half_up(Fraction(share) * amount / 100) + int(fixed)
    return min(fee, int(most)) if most else fee


def flat_fee(store: Store, name: str) -> int:
    """Return the fee of a dispute, of answering it (``countered``), of a debit's ``return``."""
    return int(store.control(f"fee_{name}") or FLAT_FEES[name])


def half_up(value: Fraction) -> int:
    """Return the nearest whole number, halves away from zero."""
    whole = (abs(value) * 2 + 1) // 2
    return int(whole if value >= 0 else -whole)


def settled(store: Store, amount: int, currency: str) -> tuple[int, str, str | None]:
    """Return an amount in the currency that settles it, and the rate where it was exchanged.

    The amount times the rate is the settled amount, both in their smallest units, as Stripe
    defines it. Raises ApiError where a rate is missing.
    """
    currencies = [code for code in store.control("settles").lower().split(",") if code]
    if not currencies or currency in currencies:
        return amount, currency, None
    target = currencies[0]
    rates = dict(
        entry.split("=", 1) for entry in store.control("rates").lower().split(",") if "=" in entry
    )
    rate = rates.get(f"{currency}:{target}")
    if rate is None:
        raise ApiError(f"The sandbox has no rate {currency}:{target}; set the control rates.")
    return half_up(Fraction(rate) * amount), target, rate


@dataclass(frozen=True, slots=True)
class Move:
    """What moves the balance: Stripe's type and reporting category, the rate of an exchange, and
    the words that stand with it and with its fee."""

    kind: str
    category: str
    rate: str | None = None
    description: str | None = None
    fee_description: str = "Stripe processing fees"


def transaction(
    store: Store,
    *,
    move: Move,
    amount: int,
    fee: int,
    currency: str,
    source: str | None,
    pending: bool = False,
) -> Object:
    """Move the balance; ``pending`` money waits as long as ``available_seconds`` says."""
    details: list[dict[str, Any]] = []
    if fee:
        details.append(
            {
                "amount": fee,
                "application": None,
                "currency": currency,
                "description": move.fee_description,
                "type": "stripe_fee",
            }
        )
    wait = int(store.control("available_seconds", "0")) if pending else 0
    return store.add(
        "balance_transaction",
        "txn",
        {
            "amount": amount,
            "available_on": store.now() + wait,
            "balance_type": "payments",
            "created": store.now(),
            "currency": currency,
            "description": move.description,
            # Text of a decimal number inside, a number only where JSON wants one.
            "exchange_rate": float(move.rate) if move.rate else None,
            "fee": fee,
            "fee_details": details,
            "net": amount - fee,
            "reporting_category": move.category,
            "source": source,
            "status": "pending" if wait else "available",
            "type": move.kind,
            # Which payout took it along; never shown, as at Stripe.
            "_payout": None,
        },
    )


def ripen(store: Store) -> int:
    """Make available what has waited long enough, and return how many."""
    ripe = [
        txn
        for txn in store.where("balance_transaction", "status", "pending")
        if txn["available_on"] <= store.now()
    ]
    for txn in ripe:
        txn["status"] = "available"
        store.save(txn)
    return len(ripe)


def total(store: Store, currency: str, status: str) -> int:
    """Return what is available or pending in a currency."""
    return sum(
        txn["net"]
        for txn in store.all("balance_transaction")
        if txn["currency"] == currency and txn["status"] == status
    )


def balance(store: Store, _params: Object) -> Object:
    """Return what is on the balance, by currency."""
    currencies = sorted({txn["currency"] for txn in store.all("balance_transaction")}) or ["usd"]

    def rows(status: str) -> list[Object]:
        found = [(code, total(store, code, status)) for code in currencies]
        return [
            {"amount": amount, "currency": code, "source_types": {"card": amount}}
            for code, amount in found
        ]

    return {
        "object": "balance",
        "available": rows("available"),
        "livemode": store.control("livemode") == "1",
        "pending": rows("pending"),
    }
