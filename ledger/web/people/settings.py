"""Settings of a book, for its admin: what is still missing, its words, funds, skills, equipment."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from marshmallow import Schema
from werkzeug.wrappers import Response

from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Book
from ledger.models.rights_log import RightsKind
from ledger.queries.books import books as book_queries
from ledger.queries.jobs import installation
from ledger.queries.people.people import people_of
from ledger.schemas.settings import SKILL, THING, BookWords, NewFund, NewKind
from ledger.services.books import books
from ledger.services.people.rights_log import record
from ledger.web.site.context import (
    book_for,
    here,
    now,
    page,
    read_form,
    reading,
    visitor,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("settings", __name__)
ACTION = "manage_roles"
FUND_WORDS = {
    "unrestricted": later("Unrestricted: for anything the community does"),
    "designated": later("Designated: the community's own plan, which it can change"),
    "purpose": later("Restricted to a purpose named by donors"),
    "time": later("Restricted to a time named by donors"),
    "purpose_time": later("Restricted to a purpose and a time named by donors"),
    "endowment_expendable": later("Expendable endowment"),
    "endowment_permanent": later("Permanent endowment"),
    "agency": later("Agency fund: money held for others"),
}
KIND_WORDS = {
    SKILL: later("A skill, counted in hours"),
    THING: later("Equipment, counted in pieces"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A first step: done or not, in a sentence, and where it is done."""

    done: bool
    sentence: str
    address: str = ""


@pages.get("/books/<code>/settings")
def show(code: str) -> Response:
    """Show what is still missing, and the forms."""
    return _page(book_for(ACTION, code), {}, {})


@pages.post("/books/<code>/settings")
def describe(code: str) -> Response:
    """Change what the public reads; the time zone until something is booked."""

    def command(session: Session, book: Book, answers: dict[str, str]) -> None:
        books.describe(
            session,
            book=session.get_one(Book, book.id),
            name=answers["name"],
            place=answers["place"],
            story=answers["story"],
            time_zone=answers["time_zone"],
            now=now(),
            made_by=visitor().id,
        )

    return _do(code, BookWords(), command, _("Saved."))


@pages.post("/books/<code>/funds")
def open_fund(code: str) -> Response:
    """Open a fund."""

    def command(session: Session, book: Book, answers: dict[str, str]) -> None:
        books.create_fund(
            session,
            book_id=book.id,
            code=answers["code"].upper(),
            name=answers["fund_name"],
            fund_class=answers["fund_class"],
            purpose=answers["purpose"],
            now=now(),
        )
        _note(session, book, "fund")

    return _do(code, NewFund(), command, _("The fund was created."))


@pages.post("/books/<code>/kinds")
def add_kind(code: str) -> Response:
    """Add a skill or a kind of equipment, for all books here."""

    def command(session: Session, book: Book, answers: dict[str, str]) -> None:
        books.add_kind(
            session,
            prefix=answers["kind"],
            singular=answers["singular"],
            plural=answers["plural"] or answers["singular"],
        )
        _note(session, book, "kind")

    return _do(code, NewKind(), command, _("Added. People can now pledge it."))


def _note(session: Session, book: Book, setting: str) -> None:
    record(
        session,
        kind=RightsKind.SETTING_CHANGED,
        actor=visitor().id,
        book=book.id,
        about={"setting": setting},
        now=now(),
    )


def _do(code: str, schema: Schema, command, said: str) -> Response:  # type: ignore[no-untyped-def]
    """Read a form, run its command in one transaction, and lead back; or show what is wrong."""
    book = book_for(ACTION, code)
    try:
        answers = read_form(schema)
        write(lambda session: command(session, book, answers))
    except Invalid as refusal:
        return _page(book, request.form.to_dict(), errors_of(refusal), 422)
    except Conflict as refusal:
        place = refusal.place or "name"
        return _page(book, request.form.to_dict(), {place: [refusal.message]}, 409)
    flash(said)
    return redirect(url_for("settings.show", code=code), 303)


def _page(
    book: Book, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    with reading() as session:
        kinds = book_queries.commodities(session).values()
        funds = book_queries.funds_of(session, book.id)
        steps = _steps(session, book)
        zone_is_open = not books.has_entries(session, book_id=book.id)
    words = {
        "name": book.name,
        "place": book.place,
        "story": book.story,
        "time_zone": book.time_zone,
    }
    return page(
        "people/settings.html",
        status,
        book=book,
        books=visitor().books(ACTION),
        steps=steps,
        funds=funds,
        skills=sorted(item.plural for item in kinds if item.kind == "time"),
        things=sorted(item.plural for item in kinds if item.kind == "item"),
        zone_is_open=zone_is_open,
        fund_words=FUND_WORDS,
        kind_words=KIND_WORDS,
        form=Form(
            BookWords(),
            NewFund(),
            NewKind(),
            values={"fund_class": "unrestricted", "kind": SKILL, **words, **values},
            errors=errors,
        ),
    )


def _steps(session: ReadSession, book: Book) -> list[Step]:
    """Return what a community does before its first gift, in order."""
    roles = {row.role for row in people_of(session, book_id=book.id, now=now())}
    settings = here().settings
    people = url_for("people.show", code=book.code)
    return [
        Step(bool(book.story), _("Tell the public who you are."), "#words"),
        Step("treasurer" in roles, _("Add a treasurer, who keeps the books."), people),
        Step("approver" in roles, _("Add an approver, who approves or rejects requests."), people),
        Step(
            settings.sends_mail or settings.demo,
            _("Set up mail. The operator of this installation does this."),
        ),
        Step(
            bool(settings.stripe_key),
            _("Accept card payments. The operator of this installation connects Stripe."),
        ),
        Step(
            installation.has_campaign(session, book_id=book.id),
            _("Ask the treasurer to open a first campaign."),
        ),
    ]
