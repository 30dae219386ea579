"""One's own second factors: see them, add a passkey or an app, remove them, make recovery codes."""

import io
from uuid import UUID

import segno
from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.people import Person
from ledger.models.sessions import SignInSession
from ledger.queries.people.factors import factors_of
from ledger.schemas.factors import AppCodeForm, NewPasskey, NewPasskeyForm
from ledger.services.people import factors, totp
from ledger.services.people import passkeys as passkey_rows
from ledger.web.identity import app_codes, passkeys
from ledger.web.identity import sessions as browser
from ledger.web.identity.arrival import browser_key
from ledger.web.identity.freshness import may_enrol, missing_factors, must_enrol
from ledger.web.identity.sessions import fresh_needed, fresh_needed_unless
from ledger.web.site.context import (
    here,
    now,
    page,
    read_form,
    reading,
    signed_in,
    visitor,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("factors", __name__)
GROUP = 4
Added = tuple[list[str], tuple[SignInSession, str]]


@pages.get("/factors")
def show() -> Response:
    """Show one's factors and what one's roles ask for."""
    return _page({}, {})


@pages.post("/factors/unlock")
@fresh_needed
def unlock() -> Response:
    """Lead back to the page, now that ``step_up`` has asked who one is."""
    signed_in()
    return redirect(url_for("factors.show"), 303)


@pages.post("/factors/passkeys")
@fresh_needed_unless(must_enrol)
def add_passkey() -> Response:
    """Keep a new passkey."""
    person = signed_in()
    try:
        passkey = read_form(NewPasskeyForm())
        added = write(lambda opened: _add_passkey(opened, person, passkey))
    except Invalid as refusal:
        return _page(request.form.to_dict(), errors_of(refusal), 422)
    except Conflict as refusal:
        return _page(request.form.to_dict(), {"label": [refusal.message]}, 409)
    if added is None:
        problem = _("The passkey was not accepted. Please try again.")
        return _page(request.form.to_dict(), {"form": [problem]}, 422)
    return _after(added)


def _add_passkey(opened: Session, person: Person, passkey: NewPasskey) -> Added | None:
    row = passkey_rows.enrol(
        opened,
        person=person,
        party=passkeys.party(),
        challenge_id=passkey.challenge,
        browser=browser_key(),
        response=passkey.response,
        label=passkey.label,
        now=now(),
    )
    return None if row is None else _added(opened, person, factors.PASSKEY)


@pages.post("/factors/passkeys/<uuid:passkey_id>/remove")
@fresh_needed
def remove_passkey(passkey_id: UUID) -> Response:
    """Remove one of one's own passkeys."""
    person = signed_in()
    write(
        lambda opened: factors.remove_passkey(
            opened, person_id=person.id, passkey_id=passkey_id, now=now(), keep=_this_browser()
        )
    )
    flash(_("The passkey was removed here. Delete it on your device as well."))
    return redirect(url_for("factors.show"), 303)


@pages.post("/factors/app")
@fresh_needed_unless(must_enrol)
def begin_app() -> Response:
    """Make a secret for an app, and lead to the page that shows it."""
    person = signed_in()
    write(lambda opened: totp.begin(opened, person_id=person.id, box=app_codes.box(), now=now()))
    return redirect(url_for("factors.app"), 303)


@pages.get("/factors/app")
def app() -> Response:
    """Show the secret as a picture and as letters, and ask for a first code."""
    return _app_page({}, {})


@pages.post("/factors/app/confirm")
@fresh_needed_unless(must_enrol)
def confirm_app() -> Response:
    """Turn the app on with its first code."""
    person = signed_in()
    try:
        typed = read_form(AppCodeForm())
    except Invalid as refusal:
        return _app_page(request.form.to_dict(), errors_of(refusal), 422)

    def command(opened: Session) -> Added | None:
        right = totp.confirm(
            opened,
            person_id=person.id,
            code=typed.code,
            label=typed.label,
            box=app_codes.box(),
            now=now(),
        )
        return _added(opened, person, factors.APP) if right else None

    added = write(command)
    if added is None:
        problem = _("This code is not correct. Check that the clock of your phone is right.")
        return _app_page(request.form.to_dict(), {"code": [problem]}, 422)
    return _after(added)


@pages.post("/factors/app/remove")
@fresh_needed
def remove_app() -> Response:
    """Remove one's own app."""
    person = signed_in()
    write(
        lambda opened: factors.remove_app(
            opened, person_id=person.id, now=now(), keep=_this_browser()
        )
    )
    flash(_("The authenticator app was removed."))
    return redirect(url_for("factors.show"), 303)


@pages.post("/factors/codes")
@fresh_needed
def renew_codes() -> Response:
    """Make ten new recovery codes and show them, this once."""
    person = signed_in()
    try:
        codes = write(
            lambda opened: factors.renew_codes(
                opened, person_id=person.id, box=app_codes.box(), now=now()
            )
        )
    except Conflict as refusal:
        return _page({}, {"form": [refusal.message]}, 409)
    return page("identity/codes.html", 201, codes=codes)


def _added(opened: Session, person: Person, kind: str) -> Added:
    """Note a new factor. Whoever has just set it up has just shown it as well."""
    codes = factors.note_added(
        opened,
        person_id=person.id,
        kind=kind,
        box=app_codes.box(),
        now=now(),
        keep=_this_browser(),
    )
    return codes, browser.begin(opened, person, methods=(kind,), fresh=True)


def _this_browser() -> UUID | None:
    """Return the session that stays when its owner changes a factor."""
    row = visitor().session
    return row.id if row is not None else None


def _after(added: Added) -> Response:
    codes, begun = added
    browser.carry(*begun)
    if codes:
        return page("identity/codes.html", 201, codes=codes)
    flash(_("Done. We will ask for it when you sign in. Your other browsers are signed out."))
    return redirect(url_for("factors.show"), 303)


def _page(values: dict[str, str], errors: dict[str, list[str]], status: int = 200) -> Response:
    person = signed_in()
    with reading() as opened:
        held = factors_of(opened, person.id)
    usable = passkeys.usable_here()
    known = passkey_rows.relying_party(here().settings.base_url)
    return page(
        "identity/factors.html",
        status,
        held=held,
        missing=missing_factors(),
        must_enrol=must_enrol(),
        may_change=may_enrol(),
        usable=usable,
        elsewhere=known.origin if known is not None and not usable else "",
        form=Form(NewPasskeyForm(), values=values, errors=errors),
    )


def _app_page(values: dict[str, str], errors: dict[str, list[str]], status: int = 200) -> Response:
    person = signed_in()
    with reading() as opened:
        secret, address = totp.pending(opened, person=person, box=app_codes.box())
    return page(
        "identity/app.html",
        status,
        picture=_picture(address),
        groups=[secret[start : start + GROUP] for start in range(0, len(secret), GROUP)],
        address=address,
        form=Form(AppCodeForm(), values=values, errors=errors),
    )


def _picture(address: str) -> Markup:
    """Return the address as a QR code, drawn in the page itself; dark on light for cameras."""
    out = io.BytesIO()
    segno.make(address, error="m").save(
        out,
        kind="svg",
        scale=5,
        border=4,
        dark="#000",
        light="#fff",
        xmldecl=False,
        svgns=True,
        title=_("QR code for your authenticator app"),
    )
    # Made by us out of an address that segno has drawn as squares: there is nothing to escape.
    return Markup(out.getvalue().decode())  # noqa: S704
