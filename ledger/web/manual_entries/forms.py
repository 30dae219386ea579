"""What a kind of manual entry is: the answers it asks for, and what somebody entered.

Must not know Flask's request, nor any single kind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as later

from ledger.core.days import day_in
from ledger.db import Session
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.models.parties import Party
from ledger.queries.books.books import fund_by_code
from ledger.services.pledges.parties import find_or_create_party

# What a manual entry makes: a journal entry, an agreement or an approval request; None when it only
# sets a rule.
Result = UUID | Agreement | ApprovalRequest | None


@dataclass(frozen=True, slots=True)
class Entered:
    """What somebody entered for one manual entry, and in which book."""

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
class EntryKind:
    """One kind of manual entry, in books of the kind ``of``; ``tried`` when it has a preview."""

    group: str
    name: Any
    hint: Any
    wants: tuple[str, ...]
    do: Callable[[Entered], Result]
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
