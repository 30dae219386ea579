"""What an approver sees of each kind of request; the pages of each capability register theirs.

What a request names by the usual fields (funds, a payee, an agreement) is shown of every kind. A
kind whose approver decides on more registers that. Must not know any capability above the
approvals.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from ledger.core.states import AgreementKind
from ledger.db import ReadSession
from ledger.errors import Conflict, PoolbookError
from ledger.models.agreements import Agreement
from ledger.models.books import Book, Fund
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.books.journal import Leg
from ledger.services.approvals.previews import books_nothing
from ledger.services.approvals.registry import payload_of
from ledger.web.approvals.agreement_kinds import registered


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a request rests on: labelled texts and amounts, legs, and ``about`` for its own part.

    Amounts are (label, quantity in the smallest unit, commodity). ``problem`` says why the request
    cannot be read, ``confirm`` what whoever approves has to tick.
    """

    terms: Sequence[tuple[str, str]] = ()
    amounts: Sequence[tuple[str, int, str]] = ()
    legs: Sequence[Leg] = ()
    about: Any = None
    part: str = ""
    problem: str = ""
    confirm: str = ""

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
    try:
        found = Evidence() if shown is None else shown.find(session, row, payload)
    except PoolbookError as refusal:
        # Another version may have written what this one cannot read: the others are still decided.
        return Evidence(problem=refusal.message)
    return replace(
        found,
        terms=[*_facts(session, row), *found.terms],
        part="" if shown is None else shown.part,
    )


def _facts(session: ReadSession, row: RequestRow) -> list[tuple[str, str]]:
    """Return fund, account and payee of a request, as far as it names them."""
    facts = []
    asked = row.arguments
    for label, name in (
        (_("Fund"), "fund"),
        (_("From fund"), "giver_fund"),
        (_("From fund"), "from_fund"),
        (_("To fund"), "to_fund"),
        (_("To fund"), "receiver_fund"),
    ):
        fund = _row(session, Fund, asked.get(name))
        if fund is not None:
            facts.append((label, f"{fund.name} ({session.get_one(Book, fund.book_id).name})"))
    receiver = _row(session, Book, asked.get("receiver"))
    if receiver is not None:
        facts.append((_("Payee"), receiver.name))
    agreement = _row(session, Agreement, asked.get("commitment"))
    if agreement is not None:
        facts += _facts_of_agreement(session, agreement, row)
    return facts


def _facts_of_agreement(
    session: ReadSession, agreement: Agreement, row: RequestRow
) -> list[tuple[str, str]]:
    facts = [
        (_("Agreement"), agreement.reference),
        (_("Fund"), session.get_one(Fund, agreement.fund_id).name),
    ]
    if agreement.other_id is not None:
        facts.append((_("Payee"), session.get_one(Book, agreement.other_id).name))
    elif row.kind == AgreementKind.EXPENSE:
        facts.append((_("Payee"), row.made_by))
    known = registered().get(agreement.kind)
    return facts if known is None else facts + known.facts(session, agreement)


def _row(session: ReadSession, table: Any, key: object) -> Any:
    """Return a row by its id as requests keep it; None for what is no id of one."""
    try:
        return session.get(table, UUID(str(key)))
    except ValueError:
        return None


def done_sentence(kind: str) -> str:
    """Return what an approval of a kind has done."""
    shown = _shown.get(kind)
    if shown is not None and shown.done:
        return str(shown.done)
    if books_nothing(kind):
        return str(_("Approved. This does not book anything."))
    return str(_("Approved and booked."))
