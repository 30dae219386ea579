"""Passkeys in the browser: the challenge that its script asks for, and a sign-in with one alone."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models.people import Person
from ledger.models.sessions import SignInSession
from ledger.schemas.factors import Address, PasskeyAnswer, PasskeyAnswerForm, WishForm
from ledger.services.jobs import rate_limits
from ledger.services.jobs.rate_limits import HOUR, Limit
from ledger.services.people import challenges, factors, passkeys
from ledger.services.people.passkeys import RelyingParty
from ledger.web.identity import sessions as browser
from ledger.web.identity.arrival import arrive, browser_key, waiting
from ledger.web.identity.freshness import may_enrol
from ledger.web.site.context import here, now, page, read_form, signed_in, write
from ledger.web.site.forms import WHOLE, Form
from ledger.web.site.visitors import of_visitor

pages = Blueprint("passkeys", __name__)
STRANGERS = Limit(60, HOUR, "Too many tries from here. Use the link by e-mail, or try again later.")


def party() -> RelyingParty:
    """Return who passkeys are made for here. Raises Conflict where there can be none."""
    found = passkeys.relying_party(here().settings.base_url)
    if found is None:
        raise Conflict("Passkeys need a domain name. This installation has none.")
    return found


def usable_here() -> bool:
    """Tell whether a passkey can be used at the address that this request was sent to."""
    found = passkeys.relying_party(here().settings.base_url)
    return found is not None and request.host.partition(":")[0] == found.id


@pages.post("/passkeys/challenge")
def begin() -> Response:
    """Make a challenge and say what the browser asks its authenticator for."""
    purpose = read_form(WishForm()).purpose
    who = _whose(purpose)

    def command(opened: Session) -> dict[str, Any]:
        if who is None:
            # Strangers make rows here, which last five minutes.
            rate_limits.count(
                opened,
                kind="passkey_challenge",
                subjects=of_visitor(STRANGERS),
                key=here().settings.secret_key,
                now=now(),
            )
        challenge = challenges.begin(
            opened, purpose=purpose, browser=browser_key(), person_id=who, now=now()
        )
        if purpose == challenges.ENROL:
            options = passkeys.registration_options(
                opened, person=signed_in(), party=party(), challenge=challenge
            )
        else:
            options = passkeys.authentication_options(opened, party=party(), challenge=challenge)
        return {"challenge": str(challenge.id), "options": options}

    answer = jsonify(write(command))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@pages.post("/sign-in/passkey")
def enter() -> Answer:
    """Sign in with a passkey alone: it verifies its user, so it is two factors at once."""
    try:
        answer = read_form(PasskeyAnswerForm())
    except Invalid:
        return _refused()

    def command(opened: Session) -> tuple[Person, tuple[SignInSession, str]] | None:
        person_id = check(opened, challenges.SIGN_IN, None, answer)
        if person_id is None:
            return None
        person = opened.get_one(Person, person_id)
        return person, browser.begin(opened, person, methods=("passkey",), fresh=True)

    begun = write(command)
    return _refused() if begun is None else arrive(*begun)


def check(
    opened: Session, purpose: str, person_id: UUID | None, answer: PasskeyAnswer
) -> UUID | None:
    """Return who a passkey's answer proves to be here; None when it proves nobody.

    Its challenge is used up in any case, so the caller must commit.
    """
    found = passkeys.verify(
        opened,
        party=party(),
        purpose=purpose,
        challenge_id=answer.challenge,
        browser=browser_key(),
        person_id=person_id,
        response=answer.response,
        now=now(),
    )
    if found.copied_from is not None:
        factors.tell_of_copy(opened, person_id=found.copied_from, now=now())
    return found.person_id


def _whose(purpose: str) -> UUID | None:
    """Return whose passkey a purpose is about. Raises NotAllowed where it is nobody's turn."""
    if purpose == challenges.SIGN_IN:
        return None
    if purpose == challenges.SECOND_STEP:
        return waiting().person_id
    person = signed_in()
    if purpose == challenges.ENROL and not may_enrol():
        raise NotAllowed("Confirm that it's you before you add a passkey.")
    return person.id


def _refused() -> Answer:
    return page(
        "identity/sign_in.html",
        403,
        passkeys=usable_here(),
        form=Form(
            Address(),
            errors={
                WHOLE: [
                    _("This passkey was not accepted. Sign in with the link by e-mail instead.")
                ]
            },
        ),
    )
