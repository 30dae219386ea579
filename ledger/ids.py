"""Make the identifiers of rows: UUIDv7, so that keys sort by time and no sequence is shared.

Must not know any table or engine.
"""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new time-ordered identifier (RFC 9562, section 5.7)."""
    return uuid7()


def uuid_of(text: str) -> UUID | None:
    """Return the identifier that a reference is, None where it is something else."""
    try:
        return UUID(text)
    except ValueError:
        return None
