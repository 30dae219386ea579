"""What a bill or receipt says of itself, kept with the agreement that it belongs to.

Free text about who is paid stands in the agreement's terms, where erasing a person reaches it, and
never in an entry.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Bill:
    """Who is to be paid, under which number, and until when; empty where nobody has said."""

    payee: str = ""
    number: str = ""
    due_on: date | None = None

    def as_terms(self) -> dict[str, str]:
        """Return the terms that say so."""
        due = self.due_on.isoformat() if self.due_on else ""
        told = {"payee": self.payee.strip(), "bill_number": self.number.strip(), "due_on": due}
        return {name: text for name, text in told.items() if text}


NO_BILL = Bill()
