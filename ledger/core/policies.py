"""What a community's accounting rules decide, as data: profiles and single choices (section 13).

A profile is a set of defaults; a book may choose otherwise, key by key, from a day on. Services
ask the policy and nothing else, so that no country's name stands in them. Must not know the
database.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ledger.core import payment_methods
from ledger.errors import Invalid

BASIS_POINTS = 10_000
MAX_DAYS = 3_660
MAX_MAJOR = 1_000_000
# Until which age in days each share of ``allowance_points`` holds; the last one has no end.
AGES = (30, 60, 90)


@dataclass(frozen=True, slots=True)
class Policy:
    """The switches of one book.

    ``promises``: which unconditional promises are owed: ``all``, those ``documented`` on paper
    (a promise made on the web stays a note until it is paid), or ``none``. ``services`` and
    ``use``: whether specialised hours, and the free use of things, are income and cost, or a
    statistic. ``release_on_service``: whether equipment leaves a restricted fund once it is in
    use: ``always``, ``by_terms`` of whoever gave the money, or ``never``. Points are hundredths
    of a percent; ``capitalise_from`` is in whole units of the book's currency. ``payment_methods``:
    which kinds a payment page offers where the currency has them; cards are always among them.
    """

    promises: str
    services: bool
    use: bool
    release_on_service: str
    capitalise_from: int = 500
    lapse_after_days: int = 90
    hours_window_days: int = 60
    allowance_points: tuple[int, ...] = (0, 1_000, 3_000, 6_000)
    discount_points: int = 500
    holdback_points: int = 500
    holdback_days: int = 120
    debit_return_days: int = 56
    payment_methods: tuple[str, ...] = payment_methods.KINDS

    def allowance(self, owed_by_age: Mapping[int, int]) -> int:
        """Return what of debts, by their age in days, may never come; rounded up to whole units.

        An instalment that is not due yet has an age of zero or less.
        """
        total = 0
        for age, amount in owed_by_age.items():
            step = sum(age > limit for limit in AGES)
            total += amount * self.allowance_points[step]
        return -(-total // BASIS_POINTS)

    def document(self) -> dict[str, Any]:
        """Return every key with its value, as JSON has them."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}


PROFILES: dict[str, Policy] = {
    "US_GAAP": Policy(promises="all", services=True, use=False, release_on_service="always"),
    "UK_SORP_2026": Policy(
        promises="documented", services=True, use=True, release_on_service="by_terms"
    ),
    "INPAS": Policy(
        promises="documented", services=False, use=False, release_on_service="by_terms"
    ),
    "CASH_SIMPLE": Policy(promises="none", services=False, use=False, release_on_service="never"),
}

WORDS: dict[str, tuple[str, ...]] = {
    "promises": ("all", "documented", "none"),
    "release_on_service": ("always", "by_terms", "never"),
}
SWITCHES = ("services", "use")
# The highest value of each number; all are zero at least.
NUMBERS: dict[str, int] = {
    "capitalise_from": MAX_MAJOR,
    "lapse_after_days": MAX_DAYS,
    "hours_window_days": MAX_DAYS,
    "discount_points": 5_000,
    "holdback_points": BASIS_POINTS,
    "holdback_days": MAX_DAYS,
    "debit_return_days": MAX_DAYS,
}
KEYS = (*WORDS, *SWITCHES, *NUMBERS, "allowance_points", "payment_methods")


def profile(name: str) -> Policy:
    """Return a profile's defaults. Raises Invalid for a name that is none."""
    if name not in PROFILES:
        raise Invalid(f"{name!r} is not one of {', '.join(PROFILES)}.", place="profile")
    return PROFILES[name]


def with_choices(policy: Policy, choices: Mapping[str, str]) -> Policy:
    """Return a policy with some keys chosen otherwise, each as text. Raises Invalid at the key."""
    return replace(policy, **{key: value_of(key, text) for key, text in choices.items()})


def value_of(key: str, text: str) -> Any:
    """Read the value of a key. Raises Invalid at the key for an unknown key or an unfit value."""
    if key in WORDS:
        if text not in WORDS[key]:
            raise Invalid(f"{key} is one of {', '.join(WORDS[key])}.", place=key)
        return text
    if key in SWITCHES:
        if text not in ("true", "false"):
            raise Invalid(f"{key} is true or false.", place=key)
        return text == "true"
    if key in NUMBERS:
        return _number(key, text, NUMBERS[key])
    if key == "allowance_points":
        points = tuple(_number(key, part.strip(), BASIS_POINTS) for part in text.split(","))
        if len(points) != len(AGES) + 1:
            raise Invalid(f"{key} has {len(AGES) + 1} numbers, by age.", place=key)
        return points
    if key == "payment_methods":
        kinds = tuple(part.strip() for part in text.split(","))
        known = {*payment_methods.KINDS} >= {*kinds} and len({*kinds}) == len(kinds)
        if payment_methods.CARD not in kinds or not known:
            raise Invalid(
                f"{key} is card, or card and others of {', '.join(payment_methods.KINDS)}.",
                place=key,
            )
        return kinds
    raise Invalid(f"There is no policy named {key}.", place=key)


def _number(key: str, text: str, highest: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) > highest:
        raise Invalid(f"{key} is a whole number from 0 to {highest:,}.", place=key)
    return int(text)
