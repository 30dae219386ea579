"""Agreements: what a community wants to spend, owes its members, was granted, lent or bought.

Each kind has one form to ask with and, once agreed, one form for every step its state allows;
both are tables below. What a step means stands in the services.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response

from ledger.core.amount import kind_of
from ledger.core.currencies import exponent
from ledger.core.fitting_accounts import Use, fitting
from ledger.core.functions import FUNCTIONS
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound, PoolbookError
from ledger.models.books import Book, Fund
from ledger.queries.approvals import agreements as questions
from ledger.queries.approvals import requests
from ledger.queries.books.books import (
    accounts_of,
    all_books,
    book_by_code,
    commodities,
    fund_by_code,
    funds_of,
)
from ledger.queries.pledges import receivables as promises
from ledger.queries.pools import pools
from ledger.schemas import commitments as schemas
from ledger.services.accounting import fund_transfers
from ledger.services.approvals.agreements import MoneyRequest
from ledger.services.pledges import receivables
from ledger.services.pools import lifecycle
from ledger.services.spending import expenses, grants, loans, purchases, spending
from ledger.web.identity.sessions import fresh_needed
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    signed_in,
    today,
    visitor,
    write,
)
from ledger.web.site.forms import Errors, Form, errors_of

pages = Blueprint("commitments", __name__)
STATUS = {NotAllowed: 403, Conflict: 409}
Ask = Callable[[Session, Book, Fund, dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of agreement: how it is called, who may ask for it, and what asking does."""

    name: Any
    hint: Any
    action: str
    ask: Ask


@dataclass(frozen=True, slots=True)
class Move:
    """One step of an agreement: its button, the answers it needs, and the deed; ``asks`` when an
    approver has to agree to it, on whose day it is booked then."""

    label: Any
    wants: tuple[str, ...]
    deed: Callable[..., Any]
    subject: str
    action: str = "carry_out"
    asks: bool = False
    # What the reason of this step is called.
    why: Any = ""


def _plain(deed: Callable[..., Any], form: Callable[..., object]) -> Ask:
    """Return a request that is made of a book, a fund and what the form says."""

    def ask(session: Session, book: Book, fund: Fund, answers: dict[str, Any]) -> Any:
        asking = {name: answers.pop(name) for name in ("made_by", "now")}
        return deed(session, book=book, fund=fund, request=form(**answers), **asking)

    return ask


def _expense(session: Session, book: Book, fund: Fund, answers: dict[str, Any]) -> Any:
    asking = {"claimed_by": answers.pop("made_by"), "now": answers.pop("now")}
    request = MoneyRequest(**answers)
    return expenses.claim_expense(session, book=book, fund=fund, request=request, **asking)


def _grant(session: Session, book: Book, fund: Fund, answers: dict[str, Any]) -> Any:
    return grants.award_grant(
        session,
        book=book,
        fund=fund,
        amount=answers["amount"],
        title=answers["title"],
        by=answers["made_by"],
        on=answers["now"].date(),
        now=answers["now"],
    )


def _loan(session: Session, book: Book, fund: Fund, answers: dict[str, Any]) -> Any:
    borrower = book_by_code(session, answers.pop("other"))
    wanted = answers.pop("other_fund")
    own = funds_of(session, borrower.id)
    free = next((item for item in own if item.fund_class == "unrestricted"), None)
    chosen = fund_by_code(session, borrower.id, wanted) if wanted else free
    if chosen is None:
        raise Invalid("This community has no fund that could receive it.", place="other")
    return loans.propose_loan(
        session,
        lender=book,
        fund=fund,
        borrower=borrower,
        borrower_fund=chosen,
        made_by=answers.pop("made_by"),
        now=answers.pop("now"),
        request=MoneyRequest(**answers),
    )


def _between(deed: Callable[..., Any]) -> Ask:
    def ask(session: Session, book: Book, fund: Fund, answers: dict[str, Any]) -> Any:
        to_fund = fund_by_code(session, book.id, answers.pop("to_fund"))
        return deed(session, from_fund=fund, to_fund=to_fund, **answers)

    return ask


KINDS: dict[str, Kind] = {
    "spending": Kind(
        later("Spending"),
        later("An order or a bill to come. The money is set aside once an approver agrees."),
        "ask_spending",
        _plain(spending.request_spending, spending.SpendingRequest),
    ),
    "expense": Kind(
        later("Expense of a member"),
        later("What you laid out yourself. You are paid back, or give it."),
        "ask_spending",
        _expense,
    ),
    "grant": Kind(
        later("Grant we receive"),
        later("Promised under conditions; it becomes income as the conditions are met."),
        "propose_transfer",
        _grant,
    ),
    "outside_grant": Kind(
        later("Grant to a group outside"),
        later("Owed once an approver agrees; paid at once or in parts."),
        "propose_transfer",
        _plain(grants.propose_outside_grant, MoneyRequest),
    ),
    "loan": Kind(
        later("Loan to another community"),
        later("Without interest; both books show what is still lent."),
        "propose_transfer",
        _loan,
    ),
    "purchase": Kind(
        later("Equipment to buy"),
        later("The bill and the equipment are booked once an approver agrees."),
        "propose_transfer",
        _plain(purchases.propose_purchase, purchases.PurchaseRequest),
    ),
    "release": Kind(
        later("Restriction that has ended"),
        later("Frees money of a fund that was restricted until a day."),
        "propose_transfer",
        _between(fund_transfers.propose_release),
    ),
    "designation": Kind(
        later("Move between own funds"),
        later("Sets free money aside, or covers another fund's hole."),
        "propose_transfer",
        _between(fund_transfers.propose_designation),
    ),
}
# Decided once; nothing follows that a list would have to show.
WITHOUT_STEPS = ("release", "designation")
# Asked for among the deeds by hand, because it begins with a letter.
PROMISE = later("Promise on paper")
NAMES = {
    **{kind: asked.name for kind, asked in KINDS.items() if kind not in WITHOUT_STEPS},
    receivables.KIND: PROMISE,
    lifecycle.REFUNDABLE: later("Share in a pool"),
    lifecycle.CONDITIONAL: later("Allocation on a condition"),
}
LISTED = tuple(NAMES)

_SUM = ("amount", "reference")


def _asking(deed: Callable[..., Any]) -> Callable[..., Any]:
    """Return a step that only asks an approver; the deed is of the day on which they agree."""

    def ask(session: Session, *, by: UUID, now: Any, **answers: Any) -> Any:
        del answers["on"]
        return deed(session, made_by=by, now=now, **answers)

    return ask


MOVES: dict[tuple[str, str], Move] = {
    ("spending", "bill"): Move(
        later("Book the bill"), ("amount",), spending.book_bill, "spending_id"
    ),
    ("spending", "release"): Move(
        later("Payment sent"), ("reference",), spending.release_payment, "spending_id"
    ),
    ("spending", "clear"): Move(
        later("Seen on the bank"), ("reference",), spending.see_payment, "spending_id"
    ),
    ("spending", "return"): Move(
        later("Sent back by the bank"), ("reference",), spending.take_payment_back, "spending_id"
    ),
    ("spending", "cancel"): Move(
        later("Withdraw"), (), spending.cancel_spending, "spending_id", "ask_spending"
    ),
    ("expense", "reimburse"): Move(later("Paid back"), (), expenses.reimburse, "expense_id"),
    ("expense", "waive"): Move(later("Give it"), (), expenses.waive, "expense_id", "ask_spending"),
    ("grant", "receive"): Move(later("Money came"), _SUM, grants.receive_tranche, "grant_id"),
    ("grant", "earn"): Move(later("Conditions met"), _SUM, grants.earn_grant, "grant_id"),
    ("grant", "claim"): Move(later("Claim in arrears"), _SUM, grants.claim_grant, "grant_id"),
    ("grant", "return"): Move(later("Give back"), _SUM, grants.return_grant, "grant_id"),
    ("outside_grant", "pay"): Move(later("Paid"), _SUM, grants.pay_outside_grant, "grant_id"),
    ("loan", "repay"): Move(later("Repaid"), _SUM, loans.repay_loan, "loan_id"),
    ("purchase", "serve"): Move(
        later("In use"), ("to_fund", "terms"), purchases.place_in_service, "purchase_id"
    ),
    ("refundable", "exit"): Move(
        later("Take it out again"),
        ("reason",),
        _asking(lifecycle.propose_exit),
        "contribution_id",
        asks=True,
        why=later("Why, and on what it rests"),
    ),
    ("conditional_allocation", "reach"): Move(
        later("It is reached"), (), lifecycle.reach_milestone, "allocation_id"
    ),
    ("promise", "increase"): Move(
        later("Raise it"),
        ("amount", "evidence"),
        _asking(receivables.propose_increase),
        "promise_id",
        asks=True,
    ),
    ("promise", "write_off"): Move(
        later("Write off what is left"),
        ("reason",),
        _asking(receivables.propose_write_off),
        "promise_id",
        asks=True,
        why=later("Why nothing more will come"),
    ),
}


@pages.get("/books/<code>/agreements")
def index(code: str) -> Response:
    """Show what is agreed: what is open first, then what has ended."""
    book = book_for("read_agreements", code)
    with reading() as session:
        rows = questions.commitments_of(session, book_id=book.id, kinds=LISTED)
        kept = promises.kept(session, book_id=book.id)
        known = visitor().may("read_donors", book.id)
        donors = promises.donors(session, book_id=book.id) if known else {}
    return page(
        "approvals/agreements.html",
        book=book,
        running=[row for row in rows if row.running and row.id not in kept],
        ended=[row for row in rows if not row.running or row.id in kept],
        kept=kept,
        donors=donors,
        names=NAMES,
        kinds=KINDS,
        offered=[key for key, kind in KINDS.items() if visitor().may(kind.action, book.id)],
    )


@pages.get("/books/<code>/agreements/new/<kind>")
def new(code: str, kind: str) -> Response:
    """Show the form to ask with."""
    return _ask_page(code, kind, {"account": "5110", "function": "programme"}, {})


@pages.post("/books/<code>/agreements/new/<kind>")
def ask(code: str, kind: str) -> Response:
    """Ask for something; an approver decides, where one is needed."""
    asked = _kind(kind)
    book = book_for(asked.action, code)
    person = signed_in()
    try:
        answers = read_form(schemas.ask(exponent(book.commodity), kind))
        code_of_fund = answers.pop("fund")
        answers |= {"made_by": person.id, "now": now()}
        write(
            lambda session: asked.ask(
                session, book, fund_by_code(session, book.id, code_of_fund), dict(answers)
            )
        )
    except (Invalid, Conflict, NotFound) as refusal:
        return _ask_page(
            code,
            kind,
            request.form.to_dict(),
            errors_of(refusal, {"book": "other"}),
            _status(refusal),
        )
    if kind == "grant":
        flash(_("Noted; it becomes income as its conditions are met."))
    else:
        flash(_("Asked. An approver of %(name)s decides.", name=book.name))
    return redirect(url_for("commitments.index", code=code), 303)


@pages.get("/books/<code>/agreements/<agreement>")
def show(code: str, agreement: str) -> Response:
    """Show one agreement: what was done, with its entries, and what can be done next."""
    return _show_page(code, agreement, request.args.get("do", ""), {}, {})


@pages.post("/books/<code>/agreements/<agreement>/<move>")
@fresh_needed
def carry_out(code: str, agreement: str, move: str) -> Response:
    """Take one step."""
    person = signed_in()
    book = book_for("read_agreements", code)
    with reading() as session:
        row = questions.commitment_by_reference(session, book.id, agreement)
    step = MOVES.get((row.kind, move))
    if step is None:
        raise NotFound(_("There is no such step."))
    book_for(step.action, code)
    try:
        answers = read_form(schemas.step(exponent(book.commodity), step.wants, dated=not step.asks))
        on = answers.pop("done_on", today(book))
        if on > today(book):
            raise Invalid("This date is in the future.", place="done_on")
        decider = write(
            lambda session: _take(session, book, row.id, step, dict(answers), on, person.id)
        )
    except (Invalid, Conflict, NotFound, NotAllowed) as refusal:
        values = request.form.to_dict()
        return _show_page(
            code, agreement, move, values, errors_of(refusal, {"book": "other"}), _status(refusal)
        )
    if decider:
        flash(_("Asked. An approver of %(name)s decides.", name=decider))
    else:
        flash(_("Done and booked."))
    return redirect(url_for("commitments.show", code=code, agreement=agreement), 303)


def _take(
    session: Session,
    book: Book,
    commitment_id: UUID,
    step: Move,
    answers: dict[str, Any],
    on: Any,
    by: UUID,
) -> str:
    """Take a step; return whose approver decides about it, or nothing when it is done."""
    if "to_fund" in answers:
        answers["to_fund"] = fund_by_code(session, book.id, answers["to_fund"])
    left = step.deed(session, **{step.subject: commitment_id}, by=by, on=on, now=now(), **answers)
    return session.get_one(Book, left.book_id).name if step.asks else ""


def _kind(kind: str) -> Kind:
    if kind not in KINDS:
        raise NotFound(_("There is no such page."))
    return KINDS[kind]


def _status(refusal: PoolbookError) -> int:
    return STATUS.get(type(refusal), 422)


def _ask_page(
    code: str,
    kind: str,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
) -> Response:
    asked = _kind(kind)
    book = book_for(asked.action, code)
    with reading() as session:
        funds = [fund for fund in funds_of(session, book.id) if fund.fund_class != "agency"]
        costs = fitting(Use.SPENDING, accounts_of(session, book.id))
        others = [
            other
            for other in all_books(session)
            if other.id != book.id and other.kind == "community"
        ]
        things = [item for item in commodities(session).values() if kind_of(item.code) == "things"]
    return page(
        "approvals/new_agreement.html",
        status,
        book=book,
        kind=kind,
        asked=asked,
        funds=funds,
        costs=costs,
        others=others,
        things=things,
        functions=FUNCTIONS,
        form=Form(schemas.ask(exponent(book.commodity), kind), values=values, errors=errors),
    )


def _step_form(book: Book, step: Move | None, values: dict[str, str], errors: Errors) -> Form:
    """Return the form of a step; without one to take, what is wrong has no field to stand at."""
    shapes = []
    more = {}
    if step is not None:
        shapes = [schemas.step(exponent(book.commodity), step.wants, dated=not step.asks)]
        more = {"reason": {"label": step.why}}
    given = {"done_on": today(book).isoformat(), **values}
    return Form(*shapes, values=given, errors=errors, more=more)


def _show_page(
    code: str,
    reference: str,
    chosen: str,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
) -> Response:
    book = book_for("read_agreements", code)
    with reading() as session:
        row = questions.commitment_by_reference(session, book.id, reference)
        if row.kind not in LISTED:
            raise NotFound(_("This book has no such agreement."))
        steps = questions.steps_of(session, row.id)
        exits = requests.proposals_for(
            session,
            book_ids=pools.host_ids(session),
            kinds=(lifecycle.EXIT,),
            about={"commitment": str(row.id)},
        )
        promise, to_come = None, 0
        if row.kind == receivables.KIND:
            promise = promises.promise_behind(session, row.id)
            to_come = receivables.discount_left(session, row.id) if promise.owed else 0
        funds = [fund for fund in funds_of(session, book.id) if fund.fund_class == "unrestricted"]
    # While the host has the word nothing is to be done here.
    moves = [] if any(one.state == "open" for one in exits) else row.moves
    offered = [
        (name, MOVES[row.kind, name])
        for name in dict.fromkeys(moves)
        if (row.kind, name) in MOVES and visitor().may(MOVES[row.kind, name].action, book.id)
    ]
    shown = chosen if chosen in dict(offered) else next(iter(dict(offered)), "")
    return page(
        "approvals/agreement.html",
        status,
        book=book,
        row=row,
        name=NAMES[row.kind],
        promise=promise,
        to_come=to_come,
        steps=steps,
        exits=exits,
        funds=funds,
        offered=offered,
        labels={name: move.label for (kind, name), move in MOVES.items() if kind == row.kind},
        may_read=visitor().may("read_books", book.id),
        chosen=shown,
        form=_step_form(book, dict(offered).get(shown), values, errors),
    )
