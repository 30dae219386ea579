"""The second step of a sign-in: a passkey or an app code, after the link of the mailbox."""

from uuid import UUID

from flask import Blueprint, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.people import Person
from ledger.models.sessions import SignInSession
from ledger.queries.people.factors import factors_of
from ledger.schemas.factors import CodeForm, PasskeyAnswerForm
from ledger.services.people import challenges
from ledger.services.people.factors import Answer
from ledger.web.identity import app_codes, passkeys
from ledger.web.identity import sessions as browser
from ledger.web.identity.arrival import arrive, waiting
from ledger.web.site.context import page, read_form, reading, write
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("second_step", __name__)
SHOW, LOST = "identity/second_step.html", "identity/lost.html"


@pages.get("/second-step")
def show() -> Response:
    """Ask for a passkey or a code."""
    return _page(SHOW, {})


@pages.post("/second-step")
def enter() -> Response:
    """Sign in with a passkey or a code of the app."""
    waiting()
    try:
        if "code" in request.form:
            return _with_code(SHOW, read_form(CodeForm()).code)
        answer = read_form(PasskeyAnswerForm())
    except Invalid as refusal:
        return _page(SHOW, errors_of(refusal), 422)
    who = waiting()

    def command(opened: Session) -> tuple[Person, tuple[SignInSession, str]] | None:
        if passkeys.check(opened, challenges.SECOND_STEP, who.person_id, answer) is None:
            return None
        return _begin(opened, who.person_id, "passkey", fresh=True)

    begun = write(command)
    if begun is None:
        return _page(SHOW, {"form": [_("This passkey was not accepted.")]}, 422)
    return arrive(*begun, who.joined)


@pages.get("/second-step/lost")
def lost() -> Response:
    """Say what to do when both are lost."""
    return _page(LOST, {})


@pages.post("/second-step/lost")
def recover() -> Response:
    """Sign in with a recovery code, to set up another factor and for nothing else."""
    waiting()
    try:
        return _with_code(LOST, read_form(CodeForm()).code)
    except Invalid as refusal:
        return _page(LOST, errors_of(refusal), 422)


def _with_code(template: str, code: str) -> Response:
    who = waiting()

    def command(opened: Session) -> tuple[Person, tuple[SignInSession, str]] | None:
        answer = app_codes.check(opened, who.person_id, code, takes_recovery=template == LOST)
        if answer not in (Answer.APP, Answer.RECOVERY):
            return None
        return _begin(opened, who.person_id, answer, fresh=answer == Answer.APP)

    begun = write(command)
    if begun is not None:
        return arrive(*begun, who.joined)
    return _page(template, {"code": [_("This code is not correct or has already been used.")]}, 422)


def _begin(
    opened: Session, person_id: UUID, method: str, *, fresh: bool
) -> tuple[Person, tuple[SignInSession, str]]:
    person = opened.get_one(Person, person_id)
    return person, browser.begin(opened, person, methods=("link", method), fresh=fresh)


def _page(template: str, errors: dict[str, list[str]], status: int = 200) -> Response:
    who = waiting()
    with reading() as opened:
        held = factors_of(opened, who.person_id)
    if not held.any:
        raise Conflict("Your second factors were reset in the meantime. Please sign in again.")
    usable = bool(held.passkeys) and passkeys.usable_here()
    more = app_codes.recovery() if template == LOST else app_codes.asked_of(held.app)
    form = Form(CodeForm(), errors=errors, more=more)
    return page(template, status, held=held, form=form, passkeys=usable)
