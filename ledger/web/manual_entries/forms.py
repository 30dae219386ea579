"""What a kind of manual entry is: the answers it asks for, and what somebody entered.

Must not know Flask's request, nor any single kind.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic
from uuid import UUID

from flask_babel import lazy_gettext as later

from ledger.core.days import day_in
from ledger.db import Session
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.models.parties import Party
from ledger.queries.books.books import fund_by_code
from ledger.schemas.forms import wanted_of
from ledger.schemas.manual_entries import Answered
from ledger.services.pledges.parties import find_or_create_party
from ledger.web.manual_entries.answers import Donor

# What a manual entry makes: a journal entry, an agreement or an approval request; None when it only
# sets a rule.
Result = UUID | Agreement | ApprovalRequest | None


@dataclass(frozen=True, slots=True)
class Entered(Generic[Answered]):
    """What somebody entered for one manual entry, and in which book."""

    session: Session
    book: Book
    by: UUID
    now: datetime
    answers: Answered

    @property
    def today(self) -> date:
        """Which day it is where the book is kept."""
        return day_in(self.book.time_zone, self.now)

    def fund(self, code: str) -> Fund:
        """Return a fund that was named. Raises NotFound."""
        return fund_by_code(self.session, self.book.id, code)

    def party(self, donor: Donor) -> Party:
        """Return who was named, made known when they are new. Raises Invalid for the address."""
        return find_or_create_party(
            self.session,
            name=donor.name,
            email=donor.email,
            consent=donor.consent,
            now=self.now,
        )


@dataclass(frozen=True, slots=True)
class EntryKind(Generic[Answered]):
    """One kind of manual entry, in books of the kind ``of``; ``tried`` when it has a preview.

    ``makes`` is what it asks for, and what ``do`` finds as the answers.
    """

    group: str
    name: Any
    hint: Any
    makes: type[Answered]
    do: Callable[[Entered[Answered]], Result]
    asks: bool = False
    tried: bool = False
    of: str = "community"
    # Labels and hints that are other than usual on this form.
    words: Mapping[str, Mapping[str, Any]] | None = None

    @property
    def wants(self) -> Sequence[str]:
        """The names of the answers that it asks for."""
        return [name for name in wanted_of(self.makes) if name != "step"]


GROUPS: dict[str, Any] = {
    "promises": later("Pledges"),
    "foreign": later("Foreign currency"),
    "things": later("Equipment and supplies"),
    "mistakes": later("Corrections"),
    "pools": later("Pools"),
    "setup": later("Setup"),
}
