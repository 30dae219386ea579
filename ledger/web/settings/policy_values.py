"""Values of policies as people read and type them: money, days, percentages, words."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from ledger.core import approval_rules
from ledger.core.currencies import exponent
from ledger.core.policies import NUMBERS, Policy
from ledger.core.written import format_quantity
from ledger.schemas.policies import CHOICES, DAYS, POINTS
from ledger.web.site.formatting import format_share
from ledger.web.site.locale import chosen


def in_words(key: str, policy: Policy, currency: str) -> str:
    """Return the value of a policy as a person reads it."""
    if key == approval_rules.KEY:
        return bands_in_words(policy.bands_of(""), currency)
    value = getattr(policy, key)
    if key in DAYS or (key in NUMBERS and key.endswith("_days")):
        return str(ngettext("%(num)s day", "%(num)s days", value))
    if key in POINTS:
        return format_share(value, locale=chosen())
    if key == "allowance_points":
        return ", ".join(format_share(part, locale=chosen()) for part in value)
    if key in CHOICES:
        return str(dict(CHOICES[key])[_text(value)])
    return _money(value, currency)


def typed(key: str, policy: Policy) -> str:
    """Return the value of a policy as its form has it."""
    value = getattr(policy, key)
    if key in POINTS:
        return _percent(value)
    if key == "allowance_points":
        return ", ".join(_percent(part) for part in value)
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value)


def _percent(points: int) -> str:
    whole, part = divmod(points, 100)
    return f"{whole}.{part:02}".rstrip("0").rstrip(".") if part else str(whole)


def _money(major: int, currency: str) -> str:
    units: int = major * 10 ** exponent(currency)
    return format_quantity(units, currency, locale=chosen())


def bands_in_words(bands: approval_rules.Bands, currency: str) -> str:
    """Return how many people approve, by amount."""
    parts = []
    for start, people in bands:
        needed = ngettext("%(num)s person", "%(num)s people", people)
        parts.append(
            str(_("%(needed)s from %(amount)s", needed=needed, amount=_money(start, currency)))
            if start
            else str(needed)
        )
    return ", ".join(parts)
