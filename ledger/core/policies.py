"""What a community's accounting rules decide, as data: profiles and single choices.

Source: domain section 13.

A profile is a set of defaults; a book may choose otherwise, key by key, from a day on. Services
ask the policy and nothing else, so that no country's name stands in them. Must not know the
database.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from ledger.core import approval_rules, payment_methods
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
    ``approvals``: how many people approve a request, by kind, or under "" of every kind.
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
    role_pause_days: int = 2
    payment_methods: tuple[str, ...] = payment_methods.KINDS
    approvals: Mapping[str, approval_rules.Bands] = field(default_factory=dict)

    def bands_of(self, kind: str) -> approval_rules.Bands:
        """Return how many people approve a kind of request, by amount: its own rule or that of
        every kind, and never fewer than what the kind needs everywhere."""
        bands = self.approvals.get(kind) or self.approvals.get("") or approval_rules.ONE
        least = approval_rules.LEAST.get(kind, 1)
        raised = [(start, max(people, least)) for start, people in bands]
        return tuple(band for i, band in enumerate(raised) if i == 0 or band[1] > raised[i - 1][1])

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
        found = {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}
        del found[approval_rules.KEY]
        rules = {"": approval_rules.ONE, **self.approvals}
        return found | {
            _approvals_key(kind): approval_rules.write_bands(bands) for kind, bands in rules.items()
        }


class Profile(StrEnum):
    """The sets of defaults that there are."""

    US_GAAP = "US_GAAP"
    UK_SORP_2026 = "UK_SORP_2026"
    INPAS = "INPAS"
    CASH_SIMPLE = "CASH_SIMPLE"


PROFILES: dict[str, Policy] = {
    Profile.US_GAAP: Policy(promises="all", services=True, use=False, release_on_service="always"),
    Profile.UK_SORP_2026: Policy(
        promises="documented", services=True, use=True, release_on_service="by_terms"
    ),
    Profile.INPAS: Policy(
        promises="documented", services=False, use=False, release_on_service="by_terms"
    ),
    Profile.CASH_SIMPLE: Policy(
        promises="none", services=False, use=False, release_on_service="never"
    ),
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
    "role_pause_days": 60,
}
KEYS = (*WORDS, *SWITCHES, *NUMBERS, "allowance_points", "payment_methods", approval_rules.KEY)


def profile(name: str) -> Policy:
    """Return a profile's defaults. Raises Invalid for a name that is none."""
    if name not in PROFILES:
        raise Invalid(
            "{name!r} is not a valid profile. Choose one of {profiles}.",
            place="profile",
            name=name,
            profiles=", ".join(PROFILES),
        )
    return PROFILES[name]


def with_choices(policy: Policy, choices: Mapping[str, str]) -> Policy:
    """Return a policy with some keys chosen otherwise, each as text. Raises Invalid at the key."""
    values = {key: value_of(key, text) for key, text in choices.items()}
    rules = {
        _kind_of(key): values.pop(key)
        for key in choices
        if key.partition(".")[0] == approval_rules.KEY
    }
    return replace(policy, **values, approvals={**policy.approvals, **rules})


def _kind_of(key: str) -> str:
    return key.partition(".")[2]


def _approvals_key(kind: str) -> str:
    return f"{approval_rules.KEY}.{kind}" if kind else approval_rules.KEY


def value_of(key: str, text: str) -> Any:
    """Read the value of a key. Raises Invalid at the key for an unknown key or an unfit value."""
    if key.partition(".")[0] == approval_rules.KEY and key[-1] != ".":
        return approval_rules.read_bands(key, text)
    if key in WORDS:
        if text not in WORDS[key]:
            raise Invalid(
                "{key} must be one of {words}.", place=key, key=key, words=", ".join(WORDS[key])
            )
        return text
    if key in SWITCHES:
        if text not in ("true", "false"):
            raise Invalid("{key} must be true or false.", place=key, key=key)
        return text == "true"
    if key in NUMBERS:
        return _number(key, text, NUMBERS[key])
    if key == "allowance_points":
        points = tuple(_number(key, part.strip(), BASIS_POINTS) for part in text.split(","))
        if len(points) != len(AGES) + 1:
            raise Invalid(
                "{key} must have {count} numbers, one for each age group.",
                place=key,
                key=key,
                count=len(AGES) + 1,
            )
        return points
    if key == "payment_methods":
        kinds = tuple(part.strip() for part in text.split(","))
        known = {*payment_methods.KINDS} >= {*kinds} and len({*kinds}) == len(kinds)
        if payment_methods.CARD not in kinds or not known:
            raise Invalid(
                "{key} must be card, or card together with any of {kinds}.",
                place=key,
                key=key,
                kinds=", ".join(payment_methods.KINDS),
            )
        return kinds
    raise Invalid("There is no policy named {key}.", place=key, key=key)


def _number(key: str, text: str, highest: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) > highest:
        raise Invalid(
            "{key} must be a whole number from 0 to {highest:,}.",
            place=key,
            key=key,
            highest=highest,
        )
    return int(text)
