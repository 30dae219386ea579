"""Settings: the skills that people can offer, and what an hour of each is worth in a book."""

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response

from ledger.core.currencies import exponent
from ledger.core.vocabulary import CommodityKind
from ledger.db import ReadSession, Session
from ledger.models.books import Book
from ledger.queries.books.books import commodities
from ledger.queries.volunteering.rates import current_rates, rates_of
from ledger.schemas.forms import Form as Shape
from ledger.schemas.settings import SKILL, HourRate, NewKind, NewKindForm, hour_rate
from ledger.services.books import books
from ledger.services.volunteering import hours
from ledger.web.identity.sessions import fresh_needed, held_answers
from ledger.web.settings.section import ACTION, carry_out
from ledger.web.site.context import book_for, page, reading, today
from ledger.web.site.forms import Form

pages = Blueprint("skill_settings", __name__)
COUNTED = {
    "specialised": later("Specialised: income and cost"),
    "general": later("General: a statistic"),
}


@pages.get("/books/<code>/settings/skills")
def show(code: str) -> Response:
    """Show the skills with their rates, and the forms that add a skill and set a rate."""
    return _page(book_for(ACTION, code), held_answers(), {})


@pages.post("/books/<code>/settings/skills")
def add(code: str) -> Response:
    """Add a skill, for all books here."""

    def command(session: Session, _book: Book, answers: NewKind) -> None:
        books.add_kind(
            session,
            prefix=SKILL,
            singular=answers.singular,
            plural=answers.plural or answers.singular,
        )

    return carry_out(
        code,
        NewKindForm(),
        command,
        show=_page,
        named={},
        setting="skill",
        said=lambda _result: _("Added. People can now pledge it."),
    )


@pages.post("/books/<code>/settings/skills/rate")
@fresh_needed
def set_rate(code: str) -> Response:
    """Set what an hour of a skill is worth from a day on."""
    book = book_for(ACTION, code)
    with reading() as session:
        shape = _shape(session, book)

    def command(session: Session, book: Book, answers: HourRate) -> None:
        hours.set_rate(
            session,
            book=book,
            commodity=answers.skill,
            currency=book.commodity,
            rate_per_hour=answers.value,
            specialised=answers.specialised == "specialised",
            source=answers.source,
            valid_from_on=answers.valid_from_on,
        )

    return carry_out(
        code,
        shape,
        command,
        show=_page,
        named={},
        setting="hour_rate",
        said=lambda _result: _("Saved. The rate applies from the day you entered."),
    )


def _skills(session: ReadSession) -> list[tuple[str, str]]:
    """Return the skills as codes with names, by name."""
    kinds = commodities(session).values()
    return sorted(
        ((item.code, item.plural) for item in kinds if item.kind == CommodityKind.TIME),
        key=lambda pair: pair[1],
    )


def _shape(session: ReadSession, book: Book) -> Shape[HourRate]:
    return hour_rate(exponent(book.commodity), [code for code, _name in _skills(session)])


def _page(
    book: Book, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    day = today(book)
    with reading() as session:
        skills = _skills(session)
        rates = rates_of(session, book_id=book.id)
        current = current_rates(session, book_id=book.id, on=day)
        shape = _shape(session, book)
    given = {"valid_from_on": day.isoformat(), "specialised": "specialised"}
    return page(
        "settings/skills.html",
        status,
        book=book,
        skills=skills,
        current=current,
        to_come=[rate for rate in rates if rate.valid_from_on > day],
        names=dict(skills),
        counted=COUNTED,
        form=Form(
            NewKindForm(),
            shape,
            values={**given, **values},
            errors=errors,
            options={"skill": skills, "specialised": list(COUNTED.items())},
            more={"value": {"suffix": book.commodity}},
        ),
    )
