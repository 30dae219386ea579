"""A new kind of approval, from the request to the entry, in this file alone.

The worked example of ``docs/development.md``: topping up the petty cash. No module of the program
knows it; the registry, the preview and the decision do.
"""

from dataclasses import dataclass
from uuid import UUID

import pytest

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.legs import pair
from ledger.core.entry import entry
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models.books import Book, Fund
from ledger.models.proposals import Proposal
from ledger.queries.books.balances import trial_balance
from ledger.services.accounting.fund_control import hold
from ledger.services.approvals import registry
from ledger.services.approvals.decisions import decide
from ledger.services.approvals.previews import preview
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person

KIND = "petty_cash"


@dataclass(frozen=True, slots=True)
class TopUp:
    """Money that is to move from the bank to the petty cash, in minor units."""

    fund: UUID
    quantity: int
    commodity: str


def ask(session: Session, *, fund: Fund, amount: int, made_by: UUID) -> Proposal:
    """Ask to top up the petty cash. Raises Invalid for an amount of zero or less."""
    if amount <= 0:
        raise Invalid("Enter an amount above zero.", place="amount")
    book = session.get_one(Book, fund.book_id)
    return propose(
        session,
        book_id=book.id,
        kind=KIND,
        title="Top up the petty cash",
        reason="The box is empty.",
        payload=TopUp(fund.id, amount, book.commodity),
        made_by=made_by,
        now=NOW,
    )


def top_up(session: Session, request: Proposal, payload: TopUp, decision: Decision) -> None:
    """Post the top-up. Raises Conflict when the fund has less."""
    book = session.get_one(Book, request.book_id)
    fund = hold(session, payload.fund, payload.quantity)
    moved = pair(fund.code, payload.commodity, payload.quantity, Acct.PETTY_CASH, Acct.BANK)
    journal.post(
        session,
        [entry(book.code, moved)],
        event_type=KIND,
        source=KIND,
        external_ref=str(request.id),
        accounting_on=decision.on,
        now=decision.now,
        made_by=request.made_by,
        approved_by=decision.by,
    )


@pytest.fixture(autouse=True)
def _known_here_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_kinds", dict(registry.registered()))
    register(ApprovalKind(KIND, TopUp, top_up))


@pytest.fixture
def fund(session: Session) -> Fund:
    """A fund with 100.00 at the bank."""
    book = make_book(session)
    fund = make_fund(session, book)
    received = pair(fund.code, "USD", 10_000, Acct.BANK, Acct.DONATIONS)
    journal.post(
        session,
        [entry(book.code, received)],
        event_type="gift",
        source="test",
        external_ref="gift",
        accounting_on=NOW.date(),
        now=NOW,
    )
    return fund


def yes(session: Session, request: Proposal, person_id: UUID) -> Proposal:
    return decide(
        session,
        proposal_id=request.id,
        approve=True,
        decided_by=person_id,
        note="",
        now=NOW,
    )


def test_a_new_kind_is_asked_for_previewed_and_approved(session: Session, fund: Fund) -> None:
    book = session.get_one(Book, fund.book_id)
    tess = make_person(session, "Tess", book, "treasurer").id
    arno = make_person(session, "Arno", book, "approver").id
    request = ask(session, fund=fund, amount=4_000, made_by=tess)

    shown = preview(session, proposal_id=request.id, by=arno, now=NOW)
    assert len(shown.entries) == 1
    assert [(each.before, each.after) for each in shown.accounts] == [(10_000, 6_000), (0, 4_000)]
    assert yes(session, request, arno).state == "approved"
    balances = {row.account: row.quantity for row in trial_balance(session, book_id=book.id)}
    assert balances[Acct.PETTY_CASH] == 4_000
    assert balances[Acct.BANK] == 6_000


def test_its_maker_does_not_approve_it_and_a_fund_with_less_refuses(
    session: Session, fund: Fund
) -> None:
    book = session.get_one(Book, fund.book_id)
    ann, bo = (make_person(session, name, book, "approver").id for name in ("Ann", "Bo"))
    with pytest.raises(NotAllowed):
        yes(session, ask(session, fund=fund, amount=100, made_by=ann), ann)
    with pytest.raises(Conflict, match="does not have enough"):
        yes(session, ask(session, fund=fund, amount=10_001, made_by=ann), bo)
    with pytest.raises(Invalid, match="above zero"):
        ask(session, fund=fund, amount=0, made_by=ann)


def test_without_its_line_of_registration_nobody_can_ask_for_it(
    session: Session, fund: Fund, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = {name: kind for name, kind in registry.registered().items() if name != KIND}
    monkeypatch.setattr(registry, "_kinds", fewer)
    with pytest.raises(Conflict, match="petty_cash"):
        ask(session, fund=fund, amount=100, made_by=make_person(session, "Tess").id)
