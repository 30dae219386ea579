"""References that people read, say and type: no look-alikes, with a check sign.

Crockford's base 32 (no I, L, O and U). The last sign checks the others by a weighted sum modulo
a prime above the size of the alphabet, so that one wrong or two swapped signs show.
Must not hold anything about a person: a reference is random.
"""

import re
from collections.abc import Callable

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# A check value beyond the alphabet is avoided by drawing again, so that it is one of its signs.
MODULUS = 37
BODY = 6
_LOOK_ALIKES = str.maketrans({"I": "1", "L": "1", "O": "0"})
_IN_TEXT = re.compile(r"(?<![A-Z0-9])([A-Z])[- ]?([0-9A-Z]{3})[- ]?([0-9A-Z]{4})(?![A-Z0-9])")


def new_reference(prefix: str, draw: Callable[[str], str]) -> str:
    """Return a fresh reference like ``P-4K7-9QXR``; ``draw`` picks one sign of the alphabet."""
    while True:
        body = "".join(draw(ALPHABET) for _ in range(BODY))
        check = _check_value(prefix + body)
        if check < len(ALPHABET):
            return f"{prefix}-{body[:3]}-{body[3:]}{ALPHABET[check]}"


def clean(text: str) -> str | None:
    """Return a reference as it is kept, from what somebody typed; None when it is none."""
    found = find_references(text)
    return found[0] if len(found) == 1 else None


def find_references(text: str) -> list[str]:
    """Return the good references in a text such as a bank remittance, each once, in order."""
    found: list[str] = []
    for prefix, first, rest in _IN_TEXT.findall(text.upper()):
        body = (first + rest).translate(_LOOK_ALIKES)
        if any(sign not in ALPHABET for sign in body):
            continue
        if _check_value(prefix + body[:-1]) == ALPHABET.index(body[-1]):
            reference = f"{prefix}-{body[:3]}-{body[3:]}"
            if reference not in found:
                found.append(reference)
    return found


def _check_value(text: str) -> int:
    total = 0
    for sign in text:
        # The prefix may be any capital; its own place in the alphabet of all capitals counts.
        value = ALPHABET.index(sign) if sign in ALPHABET else ord(sign) - ord("A")
        total = (total * 2 + value) % MODULUS
    return total
