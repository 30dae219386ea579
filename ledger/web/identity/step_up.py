"""Confirm it's you with a passkey or a code; and what stops a request before it reaches its page.

``sessions.fresh_needed``, beside their pages, decides which actions ask. Here somebody with a
second factor answers. Whoever signed in with a recovery code sets up a factor before anything
else, and a role that lacks a factor which its book requires may read and not write.
"""

from dataclasses import replace

from flask import Blueprint, flash, g, redirect, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.errors import Invalid
from ledger.models.sessions import SignInSession
from ledger.schemas.factors import CodeForm, PasskeyAnswerForm
from ledger.services.people import challenges
from ledger.services.people.factors import Answer
from ledger.web.identity import app_codes, passkeys
from ledger.web.identity import sessions as browser
from ledger.web.identity.freshness import missing_factors, must_enrol
from ledger.web.identity.sign_in import again_page
from ledger.web.site.context import read_form, signed_in, visitor, write
from ledger.web.site.forms import errors_of

pages = Blueprint("step_up", __name__)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# What somebody may do who has yet to set up a factor.
ENROLMENT = frozenset(
    {
        *("factors.show", "factors.app", "factors.add_passkey", "factors.begin_app"),
        *("factors.confirm_app", "passkeys.begin", "sign_in.leave", "static"),
    }
)


def guard() -> Response | None:
    """Stop a request that may not go on before its page; run before each request."""
    if request.endpoint == "static" or visitor().person is None:
        return None
    if must_enrol():
        return None if request.endpoint in ENROLMENT else _lead_to_enrolment()
    if request.method not in SAFE_METHODS:
        _hold_back()
    return None


@pages.post("/sign-in/again/factor")
def confirm() -> Response:
    """Take a passkey or a code, and lead back to the page of the form; it is not sent by itself."""
    person = signed_in()
    try:
        if "code" in request.form:
            code = read_form(CodeForm()).code
            begun = write(lambda opened: _with_code(opened, code))
        else:
            answer = read_form(PasskeyAnswerForm())

            def command(opened: Session) -> tuple[SignInSession, str] | None:
                proved = passkeys.check(opened, challenges.CONFIRM, person.id, answer)
                return None if proved is None else _begin(opened, "passkey")

            begun = write(command)
    except Invalid as refusal:
        return again_page(errors_of(refusal), 422)
    if begun is None:
        return again_page({"code": [_("This was not accepted. Try again.")]}, 422)
    way = session.get("way")
    browser.carry(*begun)
    flash(_("Thank you. Nothing has been saved yet. Check your answers and send the form again."))
    return redirect(way if isinstance(way, str) else url_for("home.start"), 303)


def _with_code(opened: Session, code: str) -> tuple[SignInSession, str] | None:
    answer = app_codes.check(opened, signed_in().id, code, takes_recovery=False)
    return _begin(opened, "app") if answer == Answer.APP else None


def _begin(opened: Session, method: str) -> tuple[SignInSession, str]:
    return browser.begin(opened, signed_in(), methods=(method,), fresh=True)


def _lead_to_enrolment() -> Response:
    flash(
        _(
            "You signed in with a recovery code. Set up a passkey or an authenticator app to "
            "continue."
        )
    )
    return redirect(url_for("factors.show"), 303)


def _hold_back() -> None:
    """Take the roles out of this request that lack a factor which their book requires."""
    held = {(row.book_id, row.role) for row in missing_factors() if row.is_held_back}
    if held:
        who = visitor()
        g.visitor = replace(
            who,
            memberships=tuple(
                (book, frozenset(role for role in roles if (book.id, role) not in held))
                for book, roles in who.memberships
            ),
        )
        g.held_back = True
