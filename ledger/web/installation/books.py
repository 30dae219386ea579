"""The books of the installation, and opening a community's with its first admin."""

from dataclasses import replace

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.days import time_zones
from ledger.core.vocabulary import BookKind
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.queries.books.books import all_books
from ledger.queries.jobs.installation import books_without_admin
from ledger.schemas.first_visit import PROFILE_NAMES, PROFILE_WORDS, NewCommunityForm
from ledger.services.workflow.first_book import open_further_book
from ledger.web.identity.sessions import fresh_needed, held_answers
from ledger.web.site.context import installation_admin, now, page, read_form, reading, write
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("installation_books", __name__)
NAMED = {"email": "admin_email", "commodity": "currency"}


@pages.get("/installation/books")
def show() -> Response:
    """Show every book, and the form that opens one."""
    installation_admin()
    return _page({"profile": "US_GAAP"} | held_answers(), {})


@pages.post("/installation/books")
@fresh_needed
def create() -> Response:
    """Open a community's book. Its first admin may do in it what the opener may not."""
    person = installation_admin()
    try:
        asked = read_form(NewCommunityForm())
        plan = replace(asked, code=asked.code.upper(), currency=asked.currency.upper())

        def command(session: Session) -> None:
            open_further_book(session, plan=plan, made_by=person.id, now=now())

        write(command)
    except (Invalid, Conflict) as refusal:
        status = 422 if isinstance(refusal, Invalid) else 409
        found = errors_of(refusal, NAMED)
        return _page(request.form.to_dict(), found, status)
    flash(_("The book is open. Its admin can sign in with a link sent to their address."))
    return redirect(url_for("installation_books.show"), 303)


def _page(values: dict[str, str], errors: dict[str, list[str]], status: int = 200) -> Response:
    with reading() as session:
        books = all_books(session)
        orphans = books_without_admin(session, now=now())
    return page(
        "installation/books.html",
        status,
        books=books,
        orphans=orphans,
        profiles=PROFILE_NAMES,
        kinds={BookKind.COMMUNITY: _("Community"), BookKind.POOL: _("Pool")},
        zones=time_zones(),
        form=Form(
            NewCommunityForm(),
            values=values,
            errors=errors,
            options={"profile": list(PROFILE_WORDS.items())},
        ),
    )
