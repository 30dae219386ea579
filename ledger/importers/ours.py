"""Recognise our own exports: what ``export journal`` calls accounts, funds and commodities.

So a book that was written out for hledger, ledger or beancount comes back without a mapping.
"""

import re
from collections.abc import Mapping

# value:1010:GEN, as hledger and ledger are told; Assets:Value:N1010:FGEN, as beancount is.
_PLAIN = re.compile(r"(?:value|quantity|memo):([1-9][0-9]{3}):(.+)")
_BEANCOUNT = re.compile(r"[A-Z][a-z]+:(?:Value|Quantity|Memo):N([1-9][0-9]{3}):F(.+)")


def own_account(name: str) -> tuple[int, str] | None:
    """Return number and fund of an account that we have written out; None for any other."""
    found = _PLAIN.fullmatch(name) or _BEANCOUNT.fullmatch(name)
    return (int(found[1]), found[2]) if found else None


def own_fund(shown: str, tags: Mapping[str, str]) -> str:
    """Return the fund's code; where beancount cannot read it, it stands beside the posting."""
    return tags.get("fund", shown)
