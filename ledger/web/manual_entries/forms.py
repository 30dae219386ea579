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
class Answer:
    """One answer on a form: its label, how it is given, and a hint."""

    label: Any
    form: str = "line"
    hint: Any = ""


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
    # Labels that are other than usual on this form.
    labels: Mapping[str, Answer] | None = None

    def answer(self, name: str) -> Answer:
        """Return how an answer is asked for here."""
        return (self.labels or {}).get(name) or ANSWERS[name]


GROUPS: dict[str, Any] = {
    "promises": later("Promises"),
    "foreign": later("Foreign money"),
    "things": later("Equipment and supplies"),
    "mistakes": later("What turned out otherwise"),
    "pools": later("With pools"),
    "setup": later("Setting up"),
}

_REFERENCE = later("What tells it apart: a bank reference, a slip's number.")
ANSWERS: dict[str, Answer] = {
    "amount": Answer(later("Amount"), "money"),
    "received": Answer(later("What came in"), "money"),
    "fund": Answer(later("Fund"), "choice"),
    "name": Answer(later("Who promised it")),
    "email": Answer(
        later("Their e-mail address"), "email", later("It tells donors of one name apart.")
    ),
    "consent": Answer(later("How their name is shown in public"), "choice"),
    "pledge": Answer(later("Pledge"), "line", later("Its reference, such as P-4K7-9QXR.")),
    "schedule": Answer(
        later("What is due when"),
        "text",
        later("A line each, the day first: 2026-12-31 250.00"),
    ),
    "basis_points": Answer(
        later("Yearly rate in percent"),
        "rate",
        later("What is due later than a year counts for less today. Your rules' rate if empty."),
    ),
    "foreign": Answer(later("Currency"), "line", later("Three letters, such as EUR.")),
    "rates": Answer(
        later("Closing rates"), "text", later("A line for each currency you hold: EUR 1.0850")
    ),
    "reference": Answer(later("Reference"), "line", _REFERENCE),
    "reason": Answer(later("Why, and on what it rests"), "text"),
    "commodity": Answer(later("What it is"), "line", later("One word, such as sand or paint.")),
    "unit": Answer(later("Counted in"), "choice"),
    "quantity": Answer(later("How many"), "count"),
    "value": Answer(later("What it is worth together"), "money"),
    "stock": Answer(later("From the stock"), "choice"),
    "thing": Answer(later("What was given"), "choice"),
    "items": Answer(later("How many"), "count"),
    "description": Answer(later("In a few words")),
    "condition": Answer(later("Condition"), "choice", later("A is as new, E is broken.")),
    "received_on": Answer(later("Received on"), "date"),
    "loan": Answer(later("The thing"), "choice"),
    "days": Answer(later("Days of use"), "count"),
    "entry": Answer(later("Paid in with"), "choice"),
    "charge": Answer(later("What the bank charged for it"), "money"),
    "general_fund": Answer(later("The charge is borne by"), "choice"),
    "hours": Answer(later("Which hours"), "choice"),
    "minutes": Answer(later("Time not worked"), "line", later("Like 6, 6:30 or 6.5")),
    "due_on": Answer(later("Expected by"), "date"),
    "done_on": Answer(later("Day"), "date"),
    "pool": Answer(later("Pool"), "choice"),
    "member": Answer(later("Member"), "choice"),
    "milestone": Answer(later("On condition that")),
    "balances": Answer(
        later("Balances"),
        "text",
        later(
            "A line each: account, fund, amount, and the unit if it is not your money. What you "
            "owe has a minus: 1010 GEN 1250.00 or 2110 GEN -80.00 or 8210 GEN 3 EQP.DRILL"
        ),
    ),
    "skill": Answer(later("Skill"), "choice"),
    "specialised": Answer(
        later("Kind of work"),
        "choice",
        later("Only specialised work that would be bought otherwise can be income."),
    ),
}
