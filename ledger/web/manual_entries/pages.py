"""Manual entries: what neither a bank line nor a donor brings into the books; one form for all.

``community`` and ``pools`` say what each kind asks and does. The preview books the entry in a
transaction that is undone, so that no figure is computed twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.accounts import Acct
from ledger.core.currencies import exponent
from ledger.core.days import day_in
from ledger.core.vocabulary import BookKind, Consent, FundClass, RequestState
from ledger.core.written import format_day, format_figure, format_minutes, format_quantity
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.agreements import Agreement
from ledger.models.assets import Condition
from ledger.models.books import Book
from ledger.models.people import Person
from ledger.queries.approvals import requests
from ledger.queries.banking import deposits
from ledger.queries.books import journal
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.books import commodities, open_funds
from ledger.queries.books.policies import policy_of
from ledger.queries.equipment import assets
from ledger.queries.payments import owed_refunds
from ledger.queries.pools import pools
from ledger.queries.volunteering import hours
from ledger.schemas import manual_entries as schemas
from ledger.schemas.forms import Form as Shape
from ledger.schemas.manual_entries import Answered
from ledger.services.accounting import opening_balances
from ledger.services.equipment import contributed_use, low_value_items, supplies
from ledger.services.pledges import receivables
from ledger.web.identity.sessions import fresh_needed_unless, held_answers
from ledger.web.manual_entries.answers import Dated, Promise
from ledger.web.manual_entries.community import COMMUNITY_KINDS, UNITS
from ledger.web.manual_entries.forms import GROUPS, Entered, EntryKind, Result
from ledger.web.manual_entries.pools import POOL_KINDS
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    signed_in,
    today,
    write,
)
from ledger.web.site.forms import Form, errors_of
from ledger.web.site.locale import chosen

pages = Blueprint("manual_entries", __name__)
ACTION = "book_manual_entries"
ENTRY_KINDS = {**COMMUNITY_KINDS, **POOL_KINDS}
LATELY = 10
# Answers in the book's own money.
MONEY = ("amount", "received", "charge", "value")
# What hours are booked under, their corrections too.
CONFIRMED = "hours"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an entry would come to: the legs of its entry, or amounts with what they are."""

    legs: tuple[journal.Leg, ...] = ()
    amounts: tuple[tuple[str, int, str], ...] = ()


class _Undone(Exception):
    """Ends a transaction in which an entry was only previewed."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


@pages.get("/books/<code>/by-hand")
def index(code: str) -> Response:
    """Show what can be done by hand, and what was asked lately."""
    book = book_for(ACTION, code)
    with reading() as session:
        asked = requests.requests_for(session, book_ids=[book.id], kinds=KINDS, limit=LATELY)
        posted = journal.entries_named(
            session,
            book_id=book.id,
            sources=(*KINDS, CONFIRMED),
            references=[str(row.id) for row in asked if row.state == RequestState.APPROVED],
        )
    return page(
        "manual_entries/index.html",
        book=book,
        groups=GROUPS,
        entry_kinds={
            name: entry_kind
            for name, entry_kind in ENTRY_KINDS.items()
            if entry_kind.of == book.kind
        },
        asked=asked,
        posted=posted,
    )


@pages.get("/books/<code>/by-hand/<task>")
def form(code: str, task: str) -> Response:
    """Show the form of a manual entry."""
    return _page(code, task, request.args.to_dict() | held_answers(), {})


@pages.post("/books/<code>/by-hand/<task>")
@fresh_needed_unless(lambda: request.form.get("step") == "try")
def do(code: str, task: str) -> Response:
    """Book a manual entry, request its approval, or preview it."""
    book = book_for(ACTION, code)
    asked = _entry_kind(task, book)
    person = signed_in()
    try:
        entered = read_form(_schema(book, asked))
        if isinstance(entered, Dated) and entered.done_on > today(book):
            raise Invalid("This date is in the future.", place="done_on")
        if entered.step == "try" and asked.tried:
            outcome = _try(lambda session: _told(session, book, person, entered), asked)
            return _page(code, task, request.form.to_dict(), {}, outcome=outcome)
        result = write(lambda session: asked.do(_told(session, book, person, entered)))
    except (Invalid, Conflict, NotFound) as refusal:
        values = request.form.to_dict()
        status = 409 if isinstance(refusal, Conflict) else 422
        return _page(code, task, values, errors_of(refusal, only=asked.wants), status)
    return _after(code, book, result)


def _after(code: str, book: Book, result: Result) -> Response:
    """Redirect to what was made."""
    if result is None:
        flash(_("Saved."))
        return redirect(url_for("manual_entries.index", code=code), 303)
    if isinstance(result, UUID):
        flash(_("Booked."))
        return redirect(url_for("journal.entry", code=code, entry_id=result), 303)
    flash(_("Approval requested. An approver of %(name)s decides.", name=book.name))
    if isinstance(result, Agreement):
        return redirect(url_for("agreements.show", code=code, agreement=result.reference), 303)
    return redirect(url_for("manual_entries.index", code=code), 303)


def _try(tell: Callable[[Session], Entered[Answered]], asked: EntryKind[Answered]) -> Outcome:
    """Book an entry, look at it and roll back: what is shown is what would be booked."""

    def undone(session: Session) -> None:
        told = tell(session)
        raise _Undone(_outcome(told, asked.do(told)))

    try:
        write(undone)
    except _Undone as end:
        return end.outcome
    raise AssertionError("a preview always ends so")


def _outcome(told: Entered[Answered], result: Result) -> Outcome:
    if isinstance(result, UUID):
        detail = journal.entry_detail(told.session, book_id=told.book.id, entry_id=result)
        return Outcome(legs=detail.entry.legs)
    if isinstance(result, Agreement):
        if policy_of(told.session, told.book, told.today).promises == "none":
            noted = _("Recorded without being owed, under your policies, until it is paid")
            return Outcome(amounts=((noted, result.quantity, result.commodity),))
        assert isinstance(told.answers, Promise), "no other preview ends in an agreement"
        less = receivables.discount(
            told.answers.schedule,
            began=told.today,
            basis_points=result.terms["basis_points"],
        )
        return Outcome(
            amounts=(
                (_("Pledged"), result.quantity, result.commodity),
                (_("Less discount, recognised as income over the years"), -less, result.commodity),
                (_("Present value"), result.quantity - less, result.commodity),
            )
        )
    if result is None:
        return Outcome()
    asked = result.arguments
    return Outcome(amounts=((_("Result"), asked["quantity"], asked["commodity"]),))


def _told(session: Session, book: Book, person: Person, answers: Answered) -> Entered[Answered]:
    return Entered(session, book, person.id, now(), answers)


def _schema(book: Book, asked: EntryKind[Answered]) -> Shape[Answered]:
    foreign = request.form.get("foreign", "").strip().upper() if "foreign" in asked.wants else ""
    return schemas.shape_of(
        asked.makes,
        exponent=exponent(book.commodity),
        amount_in=foreign,
        words=asked.words,
    )


def _entry_kind(name: str, book: Book) -> EntryKind[Any]:
    if name not in ENTRY_KINDS or ENTRY_KINDS[name].of != book.kind:
        raise NotFound(_("This page does not exist."))
    return ENTRY_KINDS[name]


def _page(
    code: str,
    name: str,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
    outcome: Outcome | None = None,
) -> Response:
    book = book_for(ACTION, code)
    asked = _entry_kind(name, book)
    with reading() as session:
        options = {
            answer: CHOICES[answer](session, book) for answer in asked.wants if answer in CHOICES
        }
        given = _given(session, book, asked)
    more: dict[str, dict[str, Any]] = {answer: {"autocomplete": "off"} for answer in asked.wants}
    for answer in asked.wants:
        if answer in options and not options[answer]:
            more[answer]["hint"] = _("There is none yet.")
        elif answer in MONEY and not (answer == "amount" and "foreign" in asked.wants):
            more[answer]["suffix"] = book.commodity
    return page(
        "manual_entries/form.html",
        status,
        book=book,
        entry_kind=asked,
        task=name,
        form=Form(
            _schema(book, asked),
            values={**given, **values},
            errors=errors,
            options=options,
            more=more,
        ),
        outcome=outcome,
    )


def _given(session: ReadSession, book: Book, asked: EntryKind[Any]) -> dict[str, str]:
    """Return what a form says before anybody has written in it."""
    day = today(book).isoformat()
    given = {"done_on": day, "received_on": day}
    if "rates" in asked.wants:
        given["rates"] = "".join(f"{code} \n" for code in _held(session, book))
    return given


def _held(session: ReadSession, book: Book) -> list[str]:
    rows = trial_balance(session, book_id=book.id)
    held = {row.commodity for row in rows if row.account == Acct.FOREIGN_BANK}
    return sorted(held - {book.commodity})


def _funds(session: ReadSession, book: Book) -> list[tuple[str, str]]:
    return [
        (fund.code, fund.name)
        for fund in open_funds(session, book.id)
        if fund.fund_class != FundClass.AGENCY
    ]


def _consents(_session: ReadSession, _book: Book) -> list[tuple[str, str]]:
    words = {"name": _("Full name"), "initials": _("Initials"), "anonymous": _("Anonymous")}
    return [(consent, words[consent]) for consent in Consent]


def _units(_session: ReadSession, _book: Book) -> list[tuple[str, str]]:
    words = {"GRM": _("Grams"), "MLT": _("Millilitres")}
    return [(unit, words[unit]) for unit in UNITS]


def _stock(session: ReadSession, book: Book) -> list[tuple[str, str]]:
    nouns = commodities(session)
    return [
        (
            f"{row.fund}/{row.commodity}",
            f"{format_figure(row.quantity, row.commodity)} {nouns[row.commodity].plural}"
            f" ({row.fund})",
        )
        for row in trial_balance(session, book_id=book.id)
        if row.account == Acct.MATERIALS_HELD and row.commodity.startswith(supplies.BULK)
    ]


def _things(session: ReadSession, _book: Book) -> list[tuple[str, str]]:
    known = commodities(session).values()
    return sorted((item.code, item.plural) for item in known if item.code.startswith("EQP."))


def _conditions(_session: ReadSession, _book: Book) -> list[tuple[str, str]]:
    return [(grade, grade) for grade in Condition]


def _day(day: date) -> str:
    return format_day(day, chosen())


def _loans(session: ReadSession, book: Book) -> list[tuple[str, str]]:
    return [
        (str(row.id), f"{row.description or row.tag}, {row.lender}, {_day(row.lent_on)}")
        for row in reversed(assets.loans_in(session, book_id=book.id))
    ]


def _banked(session: ReadSession, book: Book) -> list[tuple[str, str]]:
    return [
        (
            str(row.id),
            ", ".join(
                text
                for text in (
                    _day(row.on),
                    format_quantity(row.amount, row.commodity, locale=chosen()),
                    row.giver,
                    row.reference,
                )
                if text
            ),
        )
        for row in deposits.banked(session, book_id=book.id)
    ]


def _contributions(session: ReadSession, book: Book) -> list[tuple[str, str]]:
    rows = [
        *owed_refunds.newest_contributions(session, book_id=book.id),
        *owed_refunds.newest_without_stripe(session, book_id=book.id),
    ]
    return [(row.name, _contribution(book, row, row.amount)) for row in rows]


def _owed(session: ReadSession, book: Book) -> list[tuple[str, str]]:
    rows = owed_refunds.owed_refunds(session, book_id=book.id)
    return [(row.name, _contribution(book, row, row.owed)) for row in rows]


def _contribution(book: Book, row: owed_refunds.Contribution, amount: int) -> str:
    """Return what tells a contribution apart: its day, amount, donor and pledge."""
    texts = (
        _day(day_in(book.time_zone, row.at)),
        format_quantity(amount, row.commodity, locale=chosen()),
        row.donor,
        row.reference,
        row.fund,
    )
    return ", ".join(text for text in texts if text)


def _hours(session: ReadSession, book: Book) -> list[tuple[str, str]]:
    return [
        (
            str(row.id),
            f"{_day(row.worked_on)}, {row.volunteer}, {format_minutes(row.minutes)}, "
            f"{row.description}",
        )
        for row in hours.hours_confirmed(session, book_id=book.id)
    ]


def _pools(session: ReadSession, book: Book) -> list[tuple[str, str]]:
    return [(pool.code, pool.name) for pool in pools.pools_of(session, book_id=book.id)]


def _members(session: ReadSession, book: Book) -> list[tuple[str, str]]:
    if book.kind != BookKind.POOL:
        return []
    return [(row.code, row.name) for row in pools.members_of(session, pool_id=book.id)]


def _skills(session: ReadSession, _book: Book) -> list[tuple[str, str]]:
    known = commodities(session).values()
    return sorted((item.code, item.plural) for item in known if item.code.startswith("MIN."))


def _grades(_session: ReadSession, _book: Book) -> list[tuple[str, str]]:
    words = {"specialised": _("Specialised"), "general": _("General")}
    return [(grade, words[grade]) for grade in schemas.SPECIALISED]


# Answers that are chosen from what the book has.
CHOICES: dict[str, Callable[[ReadSession, Book], list[tuple[str, str]]]] = {
    "fund": _funds,
    "general_fund": _funds,
    "unit": _units,
    "stock": _stock,
    "thing": _things,
    "condition": _conditions,
    "loan": _loans,
    "entry": _banked,
    "contribution": _contributions,
    "owed": _owed,
    "hours": _hours,
    "pool": _pools,
    "member": _members,
    "skill": _skills,
    "specialised": _grades,
    "consent": _consents,
}
# What manual entries ask an approver, apart from what is agreed in steps.
KINDS = (
    receivables.ALLOWANCE,
    contributed_use.KIND,
    supplies.KIND,
    low_value_items.KIND,
    opening_balances.KIND,
    "hours_correction",
)
