"""Days in closed periods: what was dated there is booked on a later day only if somebody agrees.

The journal moves an event of a closed period to the first open day (domain D13). A form that names
the day asks first; a form without one says so afterwards.
"""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from babel.dates import format_date
from flask import flash, g, request
from flask_babel import gettext as _

from ledger.db import Session
from ledger.errors import Invalid
from ledger.services.books.journal import moved_days
from ledger.web.site.locale import chosen

Result = TypeVar("Result")
# The answer with which somebody agrees; it names the day, so that no other is agreed to.
FIELD = "moved_to"
# Fields with the day on which something is booked.
DAYS = ("received_on", "done_on")


def asking_first(command: Callable[[Session], Result]) -> Callable[[Session], Result]:
    """Return a command that is rolled back when it was booked on another day than its form says."""

    def checked(session: Session) -> Result:
        result = command(session)
        moved = moved_days(session)
        g.booked_later = None
        if moved and any(name in request.form for name in DAYS):
            _ask(*moved)
        elif moved:
            g.booked_later = moved
        return result

    return checked


def tell() -> None:
    """Say on which day something was booked, where its form named none."""
    if g.get("booked_later"):
        asked, booked = g.pop("booked_later")
        flash(
            _(
                "%(asked)s is in a closed period, so it is booked on %(booked)s.",
                asked=_day(asked),
                booked=_day(booked),
            )
        )


def day_to_agree_to() -> tuple[str, str] | None:
    """Return the day that is asked about on this page, for the form and in words."""
    booked: date | None = g.get("moved_to")
    return None if booked is None else (booked.isoformat(), _day(booked))


def _ask(asked: date, booked: date) -> None:
    if request.form.get(FIELD) == booked.isoformat():
        return
    g.moved_to = booked
    sentence = _(
        "%(asked)s is in a closed period. It can be booked on %(booked)s, the first open day.",
        asked=_day(asked),
        booked=_day(booked),
    )
    raise Invalid(sentence, place=FIELD, messages={FIELD: [sentence]})


def _day(day: date) -> str:
    return str(format_date(day, format="long", locale=chosen()))
