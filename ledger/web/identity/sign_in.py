"""Sign in by a link that works once, sign out, and the demo's outbox page."""

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, abort, flash, redirect, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.errors import Invalid, NotAllowed
from ledger.models.people import Person
from ledger.models.sessions import SessionEnd, SignInSession
from ledger.queries.people import people as people_queries
from ledger.queries.people import sessions as session_queries
from ledger.queries.people.factors import factors_of, has_factor
from ledger.schemas.factors import Address, CodeForm, MailedCode
from ledger.schemas.people import EnteringForm
from ledger.services.jobs.rate_limits import Subject
from ledger.services.people import sessions, sign_in_links
from ledger.services.pledges import parties
from ledger.web.identity import app_codes, passkeys
from ledger.web.identity import sessions as browser
from ledger.web.identity.arrival import arrive, wait_for
from ledger.web.identity.fresh_commands import asked_for
from ledger.web.site.context import (
    here,
    links,
    now,
    page,
    read_form,
    reading,
    signed_in,
    visitor,
    write,
)
from ledger.web.site.forms import Form, errors_of
from ledger.web.site.visitors import of_visitor

pages = Blueprint("sign_in", __name__)


@pages.get("/sign-in")
def form() -> Response:
    """Ask for the address."""
    return page("identity/sign_in.html", form=Form(Address()), passkeys=passkeys.usable_here())


@pages.post("/sign-in")
def ask() -> Response:
    """Send a link; the answer is the same whether or not the address is known."""
    try:
        return _send(request.form.get("email", "")[:320], of_visitor(sign_in_links.BY_VISITOR))
    except Invalid as refusal:
        return page(
            "identity/sign_in.html",
            422,
            form=Form(Address(), values=request.form, errors=errors_of(refusal)),
            passkeys=passkeys.usable_here(),
        )


def _send(email: str, visitor: Sequence[Subject]) -> Response:
    """Ask for a link, keep in this browser alone what it is called, and ask for its code."""
    asked = sign_in_links.Asked(visitor, links())
    session["asked"] = write(
        lambda opened: sign_in_links.request_link(opened, email=email, asked=asked, now=now())
    ).hex
    return _sent({})


def _sent(errors: dict[str, list[str]], status: int = 200) -> Response:
    return page(
        "identity/sent.html",
        status,
        form=Form(MailedCode(), values=request.form, errors=errors),
        demo=here().settings.demo,
    )


@pages.post("/sign-in/code")
def enter_code() -> Response:
    """Lead to the link whose code was typed, in the browser that asked for it."""
    asked, code = session.get("asked"), request.form.get("code", "")[:32]
    if asked is None:
        raise NotAllowed(_("Request a sign-in link in this browser first."))
    secret = write(
        lambda opened: sign_in_links.try_code(
            opened, link_id=UUID(asked), code=code, links=links(), now=now()
        )
    )
    if secret is None:
        sentence = _(
            "This code is not correct or has expired. After five attempts, request a new link."
        )
        return _sent({"code": [sentence]}, 422)
    del session["asked"]
    return redirect(url_for("sign_in.confirm", secret=secret), 303)


@pages.get("/sign-in/again")
def again() -> Response:
    """Ask somebody who is signed in to show again who they are."""
    return again_page({})


def again_page(errors: dict[str, list[str]], status: int = 200) -> Response:
    """Ask for a passkey or a code; who has neither opens another link."""
    person = signed_in()
    with reading() as opened:
        held = factors_of(opened, person.id)
        what, approval_request = asked_for(opened)
    return page(
        "identity/again.html",
        status,
        what=what,
        approval_request=approval_request,
        email=masked(person.email),
        held=held,
        passkeys=bool(held.passkeys) and passkeys.usable_here(),
        form=Form(CodeForm(), errors=errors, more=app_codes.asked_of(held.app)),
    )


@pages.post("/sign-in/again")
def ask_again() -> Response:
    """Send them another link."""
    person = signed_in()
    # Those who are signed in do not share a limit with all who share their connection.
    return _send(person.email, [Subject(f"person:{person.id}", (sign_in_links.BY_VISITOR,))])


@pages.get("/sign-in/<secret>")
def confirm(secret: str) -> Response:
    """Ask for one press of a button, because mail scanners follow links."""
    return _confirm(secret, None, {})


def _confirm(
    secret: str, typed: str | None, errors: dict[str, list[str]], status: int = 200
) -> Response:
    with reading() as opened:
        email = sign_in_links.address_of_link(opened, secret=secret, now=now())
        known = people_queries.person_by_email(opened, email) if email else None
        given = people_queries.name_given(opened, email=email) if email else None
    answer = page(
        "identity/confirm.html",
        status if email else 403,
        secret=secret,
        email=masked(email) if email else None,
        asks_name=known is None,
        form=Form(
            EnteringForm(),
            values={"name": given or "" if typed is None else typed},
            errors=errors,
        ),
    )
    # The address of this page is a secret until its button is pressed.
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@pages.post("/sign-in/<secret>")
def enter(secret: str) -> Response:
    """Spend the link and start the session."""
    try:
        name = read_form(EnteringForm()).name
    except Invalid as refusal:
        return _confirm(secret, request.form.get("name", ""), errors_of(refusal), 422)
    person, joined, begun = write(lambda opened: _enter(opened, secret, name))
    return wait_for(person, joined) if begun is None else arrive(person, begun, joined)


def _enter(
    opened: Session, secret: str, name: str
) -> tuple[Person, int, tuple[SignInSession, str] | None]:
    """Spend the link; what was given with the address joins its owner, now that they are known.

    The session begins here unless the person has a factor, which they show next.
    """
    person = sign_in_links.use_link(opened, secret=secret, name=name, now=now())
    joined = parties.join(opened, person=person, now=now())
    if has_factor(opened, person.id):
        return person, joined, None
    return person, joined, browser.begin(opened, person, methods=("link",), fresh=True)


def masked(email: str) -> str:
    """Return an address so that its owner knows it, and who looks over their shoulder does not."""
    name, _at, host = email.partition("@")
    return f"{name[:1]}•••@{host}"


@pages.post("/sign-out")
def leave() -> Response:
    """End the session of this browser."""
    row = visitor().session
    if row is not None:
        _end(row.id, row.person_id, SessionEnd.SIGNED_OUT)
    browser.forget()
    return redirect(url_for("home.show"), 303)


@pages.get("/sessions")
def where() -> Response:
    """Show in which browsers one is signed in."""
    person = signed_in()
    with reading() as opened:
        rows = session_queries.sessions_of(opened, person_id=person.id, now=now())
    return page("identity/sessions.html", rows=rows, here=visitor().session)


@pages.post("/sessions/<uuid:session_id>/end")
def end(session_id: UUID) -> Response:
    """Sign out one of one's own browsers."""
    person = signed_in()
    _end(session_id, person.id, SessionEnd.ELSEWHERE)
    flash(_("Session signed out."))
    return redirect(url_for("sign_in.where"), 303)


@pages.post("/sessions/end")
def end_all() -> Response:
    """Sign out all of one's own browsers, this one too."""
    person = signed_in()
    write(
        lambda opened: sessions.end_all(
            opened, person_id=person.id, reason=SessionEnd.EVERYWHERE, now=now()
        )
    )
    browser.forget()
    flash(_("You are signed out of all your browsers."))
    return redirect(url_for("home.show"), 303)


def _end(session_id: UUID, person_id: UUID, reason: SessionEnd) -> None:
    write(
        lambda opened: sessions.end_session(
            opened, session_id=session_id, person_id=person_id, reason=reason, now=now()
        )
    )


@pages.get("/outbox")
def outbox() -> Response:
    """Show outgoing messages, in the demo only."""
    if not here().settings.demo:
        abort(404)
    with reading() as opened:
        messages = people_queries.outbox(opened)
    fill = links().fill
    return page("identity/outbox.html", messages=messages, fill=fill, visitor=visitor())
