"""The first visit to an installation without books: a code from the console, then the questions
of ``poolbook setup``. Done once.
"""

from dataclasses import replace
from urllib.parse import urlsplit

from flask import Blueprint, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger import setup_code
from ledger.core.days import time_zones
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.queries.books.books import has_books
from ledger.schemas.first_visit import PROFILE_WORDS, FirstVisitForm
from ledger.services.people.sign_in_links import issue_link
from ledger.services.workflow.first_book import FirstBook, open_first_book
from ledger.web.site.context import here, links, now, page, read_form, reading, write
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("first_visit", __name__)
DONE = "This installation is already set up. Please sign in."
NAMED = {"email": "admin_email", "commodity": "currency"}


@pages.get("/first-visit")
def show() -> Response:
    """Ask for the code and for what a first book needs."""
    _check_empty()
    return _page({"profile": "US_GAAP"}, {})


@pages.post("/first-visit")
def set_up() -> Response:
    """Open the first book with its admin, and lead them to their sign-in link."""
    _check_empty()
    data = here().settings.data
    try:
        plan = read_form(FirstVisitForm())
        if not setup_code.is_right(data, plan.setup_code):
            raise Invalid(_("This is not the code that the server printed."), place="setup_code")
        plan = replace(plan, code=plan.code.upper(), currency=plan.currency.upper())
        place = write(lambda session: _open(session, plan))
    except (Invalid, Conflict) as refusal:
        status = 422 if isinstance(refusal, Invalid) else 409
        errors = errors_of(refusal, NAMED)
        # All that is wrong is said at once, the code with the rest.
        if not setup_code.is_right(data, request.form.get("setup_code", "")):
            errors.setdefault("setup_code", [_("This is not the code that the server printed.")])
        return _page(request.form.to_dict(), errors, status)
    setup_code.spend(data)
    return redirect(urlsplit(links().fill(place)).path, 303)


def _open(session: Session, plan: FirstBook) -> str:
    if has_books(session):
        raise NotAllowed(DONE)
    open_first_book(session, plan=plan, now=now())
    return issue_link(session, email=plan.admin_email, links=links(), now=now())


def _check_empty() -> None:
    with reading() as session:
        if has_books(session):
            raise NotAllowed(DONE)


def _page(values: dict[str, str], errors: dict[str, list[str]], status: int = 200) -> Response:
    # The code is typed again: it is nobody's to read over a shoulder or from a cache.
    shown = {name: text for name, text in values.items() if name != "setup_code"}
    return page(
        "installation/first_visit.html",
        status,
        zones=time_zones(),
        form=Form(
            FirstVisitForm(),
            values=shown,
            errors=errors,
            options={"profile": list(PROFILE_WORDS.items())},
        ),
    )
