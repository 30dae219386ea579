"""What a deed by hand is: the answers it asks for, and what somebody told in reply.

Must not know Flask's request, nor any single deed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as later

from ledger.core.days import day_in
from ledger.db import Session
from ledger.models.books import Book, Fund
from ledger.models.commitments import Commitment
from ledger.models.parties import Party
from ledger.models.proposals import Proposal
from ledger.queries.books.books import fund_by_code
from ledger.services.pledges.parties import find_or_create_party

# What a deed leaves: an entry, something that is agreed in steps, or a question to an approver.
# Nothing is left by what only sets a rule.
Result = UUID | Commitment | Proposal | None


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody told about one deed, and where it happens."""

    session: Session
    book: Book
    by: UUID
    now: datetime
    answers: Mapping[str, Any]

    @property
    def today(self) -> date:
        """Which day it is where the book is kept."""
        return day_in(self.book.time_zone, self.now)

    def fund(self, name: str = "fund") -> Fund:
        """Return a fund that was named. Raises NotFound."""
        return fund_by_code(self.session, self.book.id, self.answers[name])

    def party(self) -> Party:
        """Return who was named, made known when they are new. Raises Invalid for the address."""
        return find_or_create_party(
            self.session,
            name=self.answers["name"],
            email=self.answers["email"],
            consent=self.answers["consent"],
            now=self.now,
        )

    def asking(self, *names: str) -> dict[str, Any]:
        """Return some answers, and who asks an approver and when."""
        return {
            **{name: self.answers[name] for name in names},
            "made_by": self.by,
            "now": self.now,
        }

    def booking(self, *names: str) -> dict[str, Any]:
        """Return some answers, and who books it for which day."""
        return {
            **{name: self.answers[name] for name in names},
            "by": self.by,
            "on": self.answers["done_on"],
            "now": self.now,
        }


@dataclass(frozen=True, slots=True)
class Deed:
    """One deed by hand; ``tried`` when what it comes to is worth a look before, ``of`` in books of
    which kind it is done."""

    group: str
    name: Any
    hint: Any
    wants: tuple[str, ...]
    do: Callable[[Told], Result]
    optional: tuple[str, ...] = ()
    asks: bool = False
    tried: bool = False
    of: str = "community"
    # Labels and hints that are other than usual on this form.
    words: Mapping[str, Mapping[str, Any]] | None = None


GROUPS: dict[str, Any] = {
    "promises": later("Pledges"),
    "foreign": later("Foreign currency"),
    "things": later("Equipment and supplies"),
    "mistakes": later("Corrections"),
    "pools": later("Pools"),
    "setup": later("Setup"),
}
