"""Approval rules: how many people a book asks for, by kind of request and amount.

A rule is a choice of the book's policy. It is changed as other things are: one person asks, others
agree, where there are any.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.core.approval_rules import KEY, Bands, read_bands, write_bands
from ledger.core.days import day_in
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.queries.approvals.rules import RULE, deciders, holders_of, rules_of
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books.policies import choose_policy


@dataclass(frozen=True, slots=True)
class RuleChange:
    """Another rule, as ``write_bands`` writes it; ``kind`` is "" for every kind without its own."""

    kind: str
    rule: str


def bands_from(amounts: list[int | None]) -> Bands:
    """Return the bands of a rule: ``amounts[0]`` is from where on two people approve, the next
    from where on three do; whole units of the currency, None for never.

    Raises Invalid for amounts that do not rise.
    """
    starts = {0: 1}
    for people, amount in enumerate(amounts, start=2):
        if amount is not None:
            starts[amount] = people
    bands = tuple(sorted(starts.items()))
    read_bands(KEY, write_bands(bands))
    return bands


def propose_rule(
    session: Session,
    *,
    book: Book,
    kind: str,
    bands: Bands,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest | None:
    """Ask for another rule; None when nobody else is there to agree, and it holds at once.

    ``kind`` is a kind of request, or "" for every kind without a rule of its own. Raises Invalid
    for a rule that nobody could fulfil: with fewer approvers in the book than it asks for.
    """
    if rules_of(session, [book.id], now)[book.id].approvals.get(kind) == bands:
        raise Conflict("This rule is already in force.", place="kind")
    approvers = len(holders_of(session, book_id=book.id, roles=deciders(kind), now=now))
    if bands[-1][1] > max(approvers, 1):
        raise Invalid(
            "{name} has {approvers} people with the approver role. This rule needs {bands}.",
            place="kind",
            name=book.name,
            approvers=approvers,
            bands=bands[-1][1],
        )
    others = holders_of(session, book_id=book.id, roles=deciders(RULE), now=now) - {made_by}
    if not others:
        _choose(session, book, kind, bands, made_by=made_by, now=now)
        return None
    return propose(
        session,
        book_id=book.id,
        kind=RULE,
        title="Change how many people approve",
        reason=reason,
        payload=RuleChange(kind, write_bands(bands)),
        made_by=made_by,
        now=now,
    )


def apply_rule(
    session: Session, approval_request: ApprovalRequest, payload: RuleChange, decision: Decision
) -> None:
    """Have an agreed rule hold from today on."""
    book = session.get_one(Book, approval_request.book_id)
    bands = read_bands(KEY, payload.rule)
    _choose(session, book, payload.kind, bands, made_by=approval_request.made_by, now=decision.now)


def _choose(
    session: Session, book: Book, kind: str, bands: Bands, *, made_by: UUID, now: datetime
) -> None:
    choose_policy(
        session,
        book=book,
        key=key_of(kind),
        value=write_bands(bands),
        valid_from_on=day_in(book.time_zone, now),
        now=now,
        made_by=made_by,
    )


def key_of(kind: str) -> str:
    """Return what a rule is called among the choices of a policy."""
    return f"{KEY}.{kind}" if kind else KEY


register(ApprovalKind(RULE, RuleChange, apply_rule, books_nothing=True))
