"""What people and their authenticators answer when they set up or show a second factor."""

from typing import Any

from flask_babel import lazy_gettext as later
from marshmallow import Schema, fields, validate

from ledger.core.vocabulary import Role
from ledger.models.factors import ChallengePurpose, FactorDemand
from ledger.schemas.fields import MISSING, Line, asked, one_of
from ledger.services.people.passkeys import LONGEST_RESPONSE

LONGEST_CODE = 40
NO_ANSWER = "The passkey did not respond. Please try again."
_ANSWER: dict[str, Any] = {**MISSING, "invalid": NO_ANSWER, "invalid_uuid": NO_ANSWER}


class Address(Schema):
    """Where a sign-in link goes."""

    email = Line(
        required=True,
        longest=320,
        metadata=asked(later("E-mail"), widget="email", autocomplete="email"),
    )


class MailedCode(Schema):
    """What stands in the message with the link."""

    code = Line(
        required=True,
        longest=32,
        metadata=asked(
            later("Code from the message"),
            later("Eight letters and digits. Or follow the link in the message."),
            autocomplete="one-time-code",
        ),
    )


class Code(Schema):
    """Six digits of an app, or a recovery code."""

    code = Line(
        required=True,
        longest=LONGEST_CODE,
        metadata=asked(
            later("Six-digit code from the app"), autocomplete="one-time-code", widget="count"
        ),
    )


class AppCode(Code):
    """The first code of a new app, and what to call the app."""

    label = Line(
        load_default="",
        longest=60,
        metadata=asked(later("Name"), hint=later("For example: Aegis on my phone")),
    )


class PasskeyAnswer(Schema):
    """What the browser got from an authenticator, and the challenge that it answers."""

    challenge = fields.UUID(required=True, error_messages=_ANSWER)
    response = fields.String(
        required=True,
        validate=validate.Length(min=2, max=LONGEST_RESPONSE, error=NO_ANSWER),
        error_messages=_ANSWER,
    )


class NewPasskey(PasskeyAnswer):
    """A new passkey, and what to call it."""

    label = Line(
        load_default="",
        longest=60,
        metadata=asked(later("Name"), hint=later("For example: my phone")),
    )


class Wish(Schema):
    """What a challenge is wanted for."""

    purpose = one_of([*ChallengePurpose], "Reload the page and try again.")


class Policy(Schema):
    """Whether a role needs a second factor."""

    role = one_of([*Role], "Choose a role.")
    demand = one_of([*FactorDemand], "Choose off, asked or required.")
