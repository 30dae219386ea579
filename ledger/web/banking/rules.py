"""Rules for bank lines: made from a line, tried on past ones, kept, allowed to book, withdrawn."""

from collections.abc import Mapping
from dataclasses import fields
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.currencies import exponent
from ledger.core.fitting_accounts import Use, fitting
from ledger.core.vocabulary import FundClass
from ledger.db import ReadSession
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book
from ledger.queries.banking import statements
from ledger.queries.banking.candidates import decisions_of
from ledger.queries.books.books import accounts_of, funds_of
from ledger.schemas import bank_lines as schemas
from ledger.services.banking.items import item_by_id
from ledger.services.reconciliation import rules
from ledger.services.reconciliation.meanings import HISTORY
from ledger.services.reconciliation.scoring import chosen, ideas_for
from ledger.web.banking.lines import LABELS
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    signed_in,
    write,
)
from ledger.web.site.forms import Errors, Form, errors_of

pages = Blueprint("bank_rules", __name__)
WORDS_OF_A_LINE = 4


@pages.get("/books/<code>/bank/rules")
def index(code: str) -> Response:
    """Show the rules of a book."""
    book = book_for("match", code)
    with reading() as session:
        known = rules.rules_of(session, book_id=book.id, all_of_them=True)
    return page("banking/rules.html", book=book, known=known, labels=LABELS)


@pages.get("/books/<code>/bank/rules/new")
def new(code: str) -> Response:
    """Show the form of a rule, filled in from a line where the address names one."""
    book = book_for("match", code)
    values: Mapping[str, str] = {}
    try:
        line_id = UUID(request.args.get("line", ""))
    except ValueError:
        line_id = None
    if line_id is not None:
        with reading() as session:
            statements.line_by_id(session, book_id=book.id, line_id=line_id)
            values = _from_line(session, line_id)
    return _form_page(book, values, {})


@pages.post("/books/<code>/bank/rules/new")
def keep(code: str) -> Response:
    """Try a rule on past lines, or keep it."""
    book = book_for("match", code)
    person = signed_in()
    values = request.form.to_dict()
    try:
        answers = read_form(schemas.rule(exponent(book.commodity)))
        terms = _terms(answers)
        if answers.step == "try":
            with reading() as session:
                tried = rules.dry_run(session, book_id=book.id, terms=terms, now=now())
            return _form_page(book, values, {}, tried=tried)
        kept = write(
            lambda session: rules.keep(session, owner=book, terms=terms, by=person.id, now=now()).id
        )
    except (Invalid, NotFound) as refusal:
        return _form_page(book, values, errors_of(refusal), status=422)
    except Conflict as refusal:
        return _form_page(book, values, errors_of(refusal), status=409)
    flash(_("Kept. The rule suggests from now on."))
    return redirect(url_for("bank_rules.show", code=code, rule_id=kept), 303)


@pages.get("/books/<code>/bank/rules/<uuid:rule_id>")
def show(code: str, rule_id: UUID) -> Response:
    """Show a rule, what it would have done, and what it booked."""
    return _rule_page(code, rule_id, {})


@pages.post("/books/<code>/bank/rules/<uuid:rule_id>")
def change(code: str, rule_id: UUID) -> Response:
    """Ask an approver to let a rule book, or withdraw it, with what it booked where a reason is
    given."""
    book = book_for("match", code)
    person = signed_in()
    try:
        said = read_form(schemas.RuleStepForm())
        if said.step == "ask":
            write(
                lambda session: (
                    rules.ask_to_book(
                        session, book_id=book.id, rule_id=rule_id, by=person.id, now=now()
                    ).id
                )
            )
            flash(_("Approval requested."))
        else:
            undone = write(
                lambda session: rules.withdraw(
                    session,
                    book_id=book.id,
                    rule_id=rule_id,
                    by=person.id,
                    now=now(),
                    undo=said.why,
                )
            )
            flash(_("Withdrawn. Matches undone: %(count)s.", count=undone))
    except (Invalid, Conflict) as refusal:
        status = 422 if isinstance(refusal, Invalid) else 409
        return _rule_page(code, rule_id, errors_of(refusal, only=("why", "step")), status)
    return redirect(url_for("bank_rules.show", code=code, rule_id=rule_id), 303)


def _terms(answers: schemas.RuleAnswer) -> rules.Terms:
    own = {field.name for field in fields(rules.Terms)} - {"incoming"}
    return rules.Terms(
        incoming=answers.direction == "in", **{name: getattr(answers, name) for name in own}
    )


def _from_line(session: ReadSession, line_id: UUID) -> dict[str, str]:
    """Return a rule as a line suggests it: the other side's account, else the first words of the
    text that are no numbers; and what the line was said to be, or is most likely."""
    item = item_by_id(session, line_id)
    about = item.about
    words = [word for word in about.remittance.split() if word.isalpha()]
    known = decisions_of(session, book_id=item.book_id, line_ids=[item.line.id])
    done = known.get(item.line.id)
    values = {
        "direction": "in" if item.amount > 0 else "out",
        "counterparty_account": about.counterparty_account or "",
        "words": "" if about.counterparty_account else " ".join(words[:WORDS_OF_A_LINE]),
    }
    if done is not None:
        values |= {"fund": done.fund, "account": str(done.account)}
        values["meaning"] = HISTORY.get(done.rule, "")
        return values
    idea = chosen(ideas_for(session, [item])[item.id])
    if idea is not None and idea.meaning in rules.SAYABLE:
        part = idea.parts[0]
        values |= {"meaning": part.meaning, "fund": part.fund, "account": str(part.account or "")}
    return values


def _form_page(
    book: Book,
    values: Mapping[str, str],
    errors: Errors,
    *,
    tried: rules.DryRun | None = None,
    status: int = 200,
) -> Response:
    with reading() as session:
        funds = [fund for fund in funds_of(session, book.id) if fund.fund_class != "agency"]
        accounts = fitting(Use.SPENDING, accounts_of(session, book.id))
    general = next((one.code for one in funds if one.fund_class == FundClass.UNRESTRICTED), "")
    form = Form(
        schemas.rule(exponent(book.commodity)),
        values={"fund": general, **values},
        errors=errors,
        options={
            "meaning": [(name, LABELS[name]) for name in rules.SAYABLE],
            "fund": [(fund.code, f"{fund.code} · {fund.name}") for fund in funds],
            "account": [(str(one.number), f"{one.number} {one.name}") for one in accounts],
        },
    )
    return page("banking/new_rule.html", status, book=book, form=form, tried=tried, labels=LABELS)


def _rule_page(code: str, rule_id: UUID, errors: Errors, status: int = 200) -> Response:
    book = book_for("match", code)
    with reading() as session:
        row = rules.rule_by_id(session, book_id=book.id, rule_id=rule_id)
        tried = rules.dry_run(session, book_id=book.id, terms=rules.terms_of(row), now=now())
        booked = rules.booked_by(session, rule_id=rule_id)
    return page(
        "banking/rule.html",
        status,
        book=book,
        row=row,
        tried=tried,
        booked=booked,
        labels=LABELS,
        form=Form(schemas.RuleStepForm(), values=request.form, errors=errors),
    )
