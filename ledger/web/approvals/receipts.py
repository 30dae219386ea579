"""A file that is sent along with a request; the pages of evidence register how it is kept.

Must not know any capability above the approvals.
"""

from collections.abc import Callable

from ledger.db import Session
from ledger.models.agreements import Agreement

# Attaches the file to what was asked for, in the transaction that writes it.
Attach = Callable[[Session, Agreement], object]
# Keeps the file of this request; None when there is none. Raises Invalid for one that is refused.
Keep = Callable[[], Attach | None]

_keepers: list[Keep] = []


def register(keep: Keep) -> None:
    """Say how a file is kept. Raises ValueError for a second registration."""
    if _keepers:
        raise ValueError("how a file is kept is registered twice")
    _keepers.append(keep)


def sent_along() -> Attach | None:
    """Keep the file that was sent with this request, and return what attaches it."""
    return _keepers[0]() if _keepers else None
