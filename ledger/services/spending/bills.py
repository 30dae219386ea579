"""What a bill or receipt says of itself, kept with the agreement that it belongs to.

Free text about who is paid stands in the agreement's terms, where erasing a person reaches it, and
never in an entry.
"""

from dataclasses import dataclass
from datetime import date

from ledger.core.iban import read_iban


@dataclass(frozen=True, slots=True)
class Bill:
    """Who is to be paid, under which number, until when and where to; empty if nobody has said."""

    payee: str = ""
    number: str = ""
    due_on: date | None = None
    iban: str = ""

    def as_terms(self) -> dict[str, str]:
        """Return the terms that say so. Raises Invalid for an IBAN that can be none."""
        due = self.due_on.isoformat() if self.due_on else ""
        told = {"payee": self.payee.strip(), "bill_number": self.number.strip(), "due_on": due}
        told["iban"] = read_iban(self.iban) if self.iban.strip() else ""
        return {name: text for name, text in told.items() if text}


NO_BILL = Bill()
# The term that says of which day the payment file is that an agreement is in.
IN_FILE = "in_file_on"
