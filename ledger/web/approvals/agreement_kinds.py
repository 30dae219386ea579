"""The kinds of agreement on the pages: what each is called, how it is asked for, and its steps.

The pages of each capability register theirs; what a step means stands in the services. Must not
know any capability above the approvals.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from uuid import UUID

from ledger.db import ReadSession, Session
from ledger.models.agreements import Agreement
from ledger.models.books import Book, Fund

Ask = Callable[[Session, Book, Fund, dict[str, Any]], Any]
Facts = list[tuple[str, str]]


def _none(_session: ReadSession, _row: Agreement) -> Facts:
    return []


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an agreement: its button, the answers it needs, and the command; ``asks`` when
    an approver has to agree to it, on whose day it is booked then."""

    label: Any
    wants: tuple[str, ...]
    command: Callable[..., Any]
    subject: str
    action: str = "carry_out"
    asks: bool = False
    # What the reason of this step is called.
    why: Any = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """How a kind is asked for on its own form: the hint, who may ask, and what asking does."""

    hint: Any
    action: str
    ask: Ask


@dataclass(frozen=True, slots=True)
class AgreementPage:
    """One kind of agreement on the pages. Without ``asking`` it is asked for elsewhere; what is
    decided once, with nothing to follow, is not ``listed``.

    ``facts`` are the terms that its approver decides on, shown with the request and on the
    agreement's own page. ``reference_in_words`` writes a step's reference as people read it.
    """

    name: Any
    asking: Asking | None = None
    steps: Mapping[str, Step] = field(default_factory=dict)
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


def asked_for() -> dict[str, tuple[AgreementPage, Asking]]:
    """Return the kinds with a form of their own, and how each is asked for."""
    return {kind: (page, page.asking) for kind, page in _pages.items() if page.asking is not None}


def only_asking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a step that only asks an approver; it is of the day on which they agree."""

    def ask(session: Session, *, by: UUID, now: Any, **answers: Any) -> Any:
        del answers["on"]
        return command(session, made_by=by, now=now, **answers)

    return ask
