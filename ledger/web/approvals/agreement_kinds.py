"""The kinds of agreement on the pages: what each is called, how it is asked for, and its steps.

The pages of each capability register theirs; what a step means stands in the services. Must not
know any capability above the approvals.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Generic
from uuid import UUID

from ledger.db import ReadSession, Session
from ledger.models.agreements import Agreement
from ledger.models.books import Book, Fund
from ledger.schemas.forms import Made, wanted_of

Facts = list[tuple[str, str]]


def _none(_session: ReadSession, _row: Agreement) -> Facts:
    return []


@dataclass(frozen=True, slots=True)
class Requested(Generic[Made]):
    """What somebody asked for: in which book, from which fund, and what the form says."""

    book: Book
    fund: Fund
    by: UUID
    now: datetime
    answers: Made


@dataclass(frozen=True, slots=True)
class Taken(Generic[Made]):
    """A step that somebody takes of an agreement, and for which day; what the form says of it."""

    agreement_id: UUID
    book: Book
    by: UUID
    on: date
    now: datetime
    answers: Made


@dataclass(frozen=True, slots=True)
class Step(Generic[Made]):
    """One step of an agreement: its button, the dataclass of its answers, and the command; it
    ``asks`` when an approver has to agree to it, on whose day it is booked then."""

    label: Any
    makes: type[Made]
    take: Callable[[Session, Taken[Made]], object]
    action: str = "carry_out"
    # What the reason of this step is called.
    why: Any = ""

    @property
    def wants(self) -> Collection[str]:
        """The names of its answers."""
        return wanted_of(self.makes).keys()

    @property
    def asks(self) -> bool:
        """Whether an approver has to agree: the step has no day of its own."""
        return "done_on" not in self.wants


@dataclass(frozen=True, slots=True)
class Asking(Generic[Made]):
    """How a kind is asked for on its own form: the hint, who may ask, the dataclass of its answers,
    and what asking does. ``words`` are labels that are other than usual on this form."""

    hint: Any
    action: str
    makes: type[Made]
    ask: Callable[[Session, Requested[Made]], object]
    words: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # Whether a receipt can be sent along; asking then returns the agreement.
    takes_file: bool = False


@dataclass(frozen=True, slots=True)
class AgreementPage:
    """One kind of agreement on the pages. Without ``asking`` it is asked for elsewhere; what is
    decided once, with nothing to follow, is not ``listed``.

    ``facts`` are the terms that its approver decides on, shown with the request and on the
    agreement's own page. ``reference_in_words`` writes a step's reference as people read it.
    """

    name: Any
    asking: Asking[Any] | None = None
    steps: Mapping[str, Step[Any]] = field(default_factory=dict)
    listed: bool = True
    facts: Callable[[ReadSession, Agreement], Facts] = _none
    reference_in_words: Callable[[str], str] = str


_pages: dict[str, AgreementPage] = {}


def register(kind: str, page: AgreementPage) -> None:
    """Make a kind known. Raises ValueError for a second registration."""
    if kind in _pages:
        raise ValueError(f"the agreement kind {kind} is registered twice")
    _pages[kind] = page


def registered() -> Mapping[str, AgreementPage]:
    """Return every kind in the order of registration."""
    return MappingProxyType(_pages)


def listed() -> dict[str, AgreementPage]:
    """Return the kinds that a list of agreements shows."""
    return {kind: page for kind, page in _pages.items() if page.listed}


def asked_for() -> dict[str, tuple[AgreementPage, Asking[Any]]]:
    """Return the kinds with a form of their own, and how each is asked for."""
    return {kind: (page, page.asking) for kind, page in _pages.items() if page.asking is not None}
