"""What an approver sees of each kind of request; the pages of each capability register theirs.

A kind without a registration is shown by its title, reason and amount alone. Must not know any
capability above the approvals.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _

from ledger.db import ReadSession
from ledger.errors import Conflict
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.books.journal import Leg
from ledger.services.approvals.previews import books_nothing
from ledger.services.approvals.registry import payload_of


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a request rests on: labelled texts and amounts, legs, and ``about`` for its own part.

    Amounts are (label, quantity in the smallest unit, commodity). ``problem`` says why the request
    cannot be read.
    """

    terms: Sequence[tuple[str, str]] = ()
    amounts: Sequence[tuple[str, int, str]] = ()
    legs: Sequence[Leg] = ()
    about: Any = None
    part: str = ""
    problem: str = ""

    def __bool__(self) -> bool:
        """Tell whether there is anything to show."""
        return bool(self.terms or self.amounts or self.legs or self.part or self.problem)


Find = Callable[[ReadSession, RequestRow, Any], Evidence]


@dataclass(frozen=True, slots=True)
class _Shown:
    find: Find
    part: str
    done: Any


_shown: dict[str, _Shown] = {}


def register(kind: str, find: Find, *, part: str = "", done: Any = "") -> None:
    """Say what approvers of a kind are shown: ``find`` takes the request and its payload.

    ``part`` is the kind's own template, which reads ``evidence.about``; ``done`` is the sentence
    after an approval. Raises ValueError for a second registration.
    """
    if kind in _shown:
        raise ValueError(f"the evidence of {kind} is registered twice")
    _shown[kind] = _Shown(find, part, done)


def evidence_of(session: ReadSession, row: RequestRow) -> Evidence:
    """Return what a request rests on, or why it cannot be read."""
    try:
        payload = payload_of(row.kind, row.arguments)
    except Conflict as refusal:
        return Evidence(problem=refusal.message)
    shown = _shown.get(row.kind)
    if shown is None:
        return Evidence()
    return replace(shown.find(session, row, payload), part=shown.part)


def done_sentence(kind: str) -> str:
    """Return what an approval of a kind has done."""
    shown = _shown.get(kind)
    if shown is not None and shown.done:
        return str(shown.done)
    if books_nothing(kind):
        return str(_("Approved. This does not book anything."))
    return str(_("Approved and booked."))
