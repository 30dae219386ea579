"""What makes two bank lines alike: the same words, the same account or name, the same direction.

Days, numbers and references differ from month to month and are left out. Pure.
"""

import hashlib
import re

# A word with a digit in it is a number, a day or a reference.
_WORD = re.compile(r"[^\W_]+")


def history_key(amount: int, remittance: str, account: str | None, name: str | None) -> str:
    """Return what alike lines share; a hash, since texts name people. Empty for a line that says
    nothing by which it could be known again."""
    words = [word for word in _WORD.findall(remittance.upper()) if word.isalpha()]
    who = re.sub(r"\s", "", account or "").upper() or " ".join((name or "").upper().split())
    if not words and not who:
        return ""
    said = "\x1f".join(("in" if amount > 0 else "out", " ".join(words), who))
    return hashlib.sha256(said.encode()).hexdigest()[:32]
