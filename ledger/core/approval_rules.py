"""How many people have to approve a request, by its kind and amount. Must not know the database.

A rule is a list of bands: from which amount on, in whole units of the book's currency, how many
people approve. The maker is never one of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ledger.core.amount import is_currency
from ledger.core.currencies import exponent
from ledger.errors import Invalid

Bands = tuple[tuple[int, int], ...]

# What a choice of the policy is called; for one kind of request its name follows after a dot.
KEY = "approvals"
ONE: Bands = ((0, 1),)
# Kinds that need more than one person whatever a book chooses (domain section 11).
LEAST = {"reopening": 2}
MOST_PEOPLE = 5
MAX_FROM = 1_000_000_000
_DIGITS = len(str(MAX_FROM))


def read_bands(key: str, text: str) -> Bands:
    """Read ``0:1,5000:2``: one person, and two from 5,000 on. Raises Invalid at the key."""
    bands = []
    for part in text.split(","):
        start, colon, people = (piece.strip() for piece in part.partition(":"))
        if not (colon and _is_number(start) and _is_number(people)):
            raise Invalid(
                "Write {key} like 0:1,5000:2 (two approvers from 5,000 upwards).",
                place=key,
                key=key,
            )
        bands.append((int(start), int(people)))
    starts = [start for start, _people in bands]
    needed = [people for _start, people in bands]
    if starts[0] != 0 or starts != sorted(set(starts)) or starts[-1] > MAX_FROM:
        raise Invalid("The amounts in {key} must start at 0 and increase.", place=key, key=key)
    if needed != sorted(needed) or not 1 <= needed[0] <= needed[-1] <= MOST_PEOPLE:
        raise Invalid(
            "{key} must ask for 1 to {most_people} approvers, and never fewer for a larger amount.",
            place=key,
            key=key,
            most_people=MOST_PEOPLE,
        )
    return tuple(bands)


def write_bands(bands: Bands) -> str:
    """Return bands as ``read_bands`` reads them."""
    return ",".join(f"{start}:{people}" for start, people in bands)


def people_needed(bands: Bands, amount: int | None, currency: str) -> int:
    """Return how many people approve an amount in minor units of the book's currency.

    None is an amount whose worth in this currency nobody knows: it needs as many as the highest.
    """
    if amount is None:
        return bands[-1][1]
    unit = 10 ** exponent(currency)
    return max(people for start, people in bands if amount >= start * unit)


def asked_amount(arguments: Mapping[str, Any], currency: str) -> int | None:
    """Return what a request is about, in minor units of the book's currency.

    Zero where it is about no money, None for money of another currency.
    """
    if "amount" in arguments:
        return int(arguments["amount"])
    for name in ("postings", "balances"):
        if name in arguments:
            return _debits(arguments[name], currency)
    if "price" in arguments:
        return int(arguments["price"])
    if "compensation" in arguments:
        return int(arguments["impairment"]) + int(arguments["compensation"])
    commodity = arguments.get("commodity", "")
    if commodity == currency:
        return int(arguments["quantity"])
    return None if is_currency(commodity) else 0


def entry_amount(legs: Iterable[tuple[int, str, int]], currency: str) -> int:
    """Return the most that one account moves by in an entry of (account, commodity, quantity).

    A release from a restricted fund repeats an amount on other accounts; that does not double it.
    """
    moved: Counter[int] = Counter()
    for account, commodity, quantity in legs:
        if commodity == currency:
            moved[account] += quantity
    return max((abs(total) for total in moved.values()), default=0)


def _debits(legs: Iterable[Mapping[str, Any]], currency: str) -> int | None:
    """Return the debits of legs in a currency; None where another one is among them."""
    total = 0
    for leg in legs:
        if leg["commodity"] == currency:
            total += max(leg["quantity"], 0)
        elif is_currency(leg["commodity"]):
            return None
    return total


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS
