"""My data: what is kept about somebody, to take along; and how to have it erased."""

import json

from flask import Blueprint, current_app, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models.people import Person
from ledger.models.rights_log import RightsKind
from ledger.queries.people import parties
from ledger.schemas.my_data import ErasureForm
from ledger.services.people.rights_log import record
from ledger.services.workflow import erasures
from ledger.web.identity import sessions
from ledger.web.site.context import (
    here,
    now,
    page,
    read_form,
    reading,
    signed_in,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("my_data", __name__)


@pages.get("/my-data")
def show() -> Response:
    """Show what is kept and the form that has it erased."""
    return _page(sessions.held_answers(), {})


@pages.get("/my-data.json")
def download() -> Response:
    """Download everything that is kept about the signed-in person."""
    person = signed_in()
    write(
        lambda session: record(
            session, kind=RightsKind.PERSONAL_DATA_DOWNLOADED, actor=person.id, now=now()
        )
    )
    with reading() as session:
        kept = parties.kept_about(session, person_id=person.id)
    text = json.dumps(kept, indent=1, ensure_ascii=False)
    answer = current_app.response_class(text, mimetype="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@pages.post("/my-data/erase")
@sessions.fresh_needed
def erase() -> Response:
    """Erase the signed-in person, who types their own address to show that it is meant."""
    person = signed_in()
    try:
        if read_form(ErasureForm()).email != person.email:
            raise NotAllowed(_("This is not the e-mail address you signed in with."), place="email")
        write(lambda session: _erase(session, person))
    except Invalid as refusal:
        return _page(request.form.to_dict(), errors_of(refusal), 422)
    except NotAllowed as refusal:
        return _page(request.form.to_dict(), {"email": [refusal.message]}, 403)
    except Conflict as refusal:
        return _page(request.form.to_dict(), {"email": [refusal.message]}, 409)
    here().db.flush_log()
    sessions.forget()
    flash(_("Your data has been erased. The books keep your contributions, without your name."))
    return redirect(url_for("home.show"), 303)


def _erase(session: Session, person: Person) -> None:
    erasures.erase(session, email=person.email, now=now(), asked_by=person.id)


def _page(values: dict[str, str], errors: dict[str, list[str]], status: int = 200) -> Response:
    person = signed_in()
    with reading() as session:
        counts = parties.counted_about(session, person=person)
    form = Form(ErasureForm(), values=values, errors=errors)
    return page("people/my_data.html", status, person=person, counts=counts, form=form)
