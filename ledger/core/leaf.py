"""The canonical bytes of what a book's log seals: its head, accounts, funds and entries.

Canonical means: UTF-8 JSON, sorted keys, no spaces, whole numbers, ISO dates, legs in line order.
No free text and no personal data has a place here, so erasing a person never breaks a proof.
Every column is covered: what is left out could be changed unseen.
A party enters only as a salted commitment: destroying the salt severs the link for good, while
every hash stays as it is (domain section 8.4).
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

LABELS = (
    "pledge",
    "asset",
    "grant",
    "valuation",
    "payment",
    "function",
    "purpose",
    "campaign",
    "party",
)


UNLABELLED = (None,) * len(LABELS)

# Made once: an encoder with other than the usual settings is costly to make for each line.
_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return the one way to write a document. Raises TypeError for a fraction."""
    return _encode(document).encode()


def commit_to(salt: str, reference: str) -> str:
    """Return the commitment under which entries name a party: SHA-256 over salt and reference.

    ``salt`` is hexadecimal. Raises ValueError when it is not.
    """
    return hashlib.sha256(bytes.fromhex(salt) + reference.encode()).hexdigest()


def commit_to_file(nonce: bytes, data: bytes) -> str:
    """Return the commitment under which the log names a file: SHA-256 over nonce and bytes.

    The nonce keeps anybody without the file from guessing it; destroying it severs the link.
    """
    return hashlib.sha256(nonce + data).hexdigest()


def leg_of(
    *,
    line: int,
    account: int,
    fund: str,
    commodity: str,
    quantity: int,
    counterparty: str | None,
    labels: tuple[str | None, ...],
    other_day: str | None,
) -> list[Any]:
    """Return a leg as a list: its five figures, then what else it carries.

    ``other_day`` is the leg's own date where it is not its entry's: never in sound books.
    """
    more = {}
    if labels != UNLABELLED:
        pairs = zip(LABELS, labels, strict=True)
        more = {name: label for name, label in pairs if label is not None}
    if counterparty is not None:
        more["counterparty"] = counterparty
    if other_day is not None:
        more["accounting_on"] = other_day
    leg: list[Any] = [line, account, fund, commodity, quantity]
    return [*leg, more] if more else leg
