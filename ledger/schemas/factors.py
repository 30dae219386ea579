"""What people and their authenticators answer when they set up or show a second factor."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as later
from marshmallow import Schema, fields, validate

from ledger.core.vocabulary import Role
from ledger.models.factors import ChallengePurpose, FactorDemand
from ledger.schemas.fields import MISSING, Line, asked, one_of
from ledger.schemas.forms import Form
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


@dataclass(frozen=True, slots=True)
class Code:
    """Six digits of an app, or a recovery code."""

    code: str


@dataclass(frozen=True, slots=True)
class AppCode(Code):
    """The first code of a new app, and what to call the app."""

    label: str


class _CodeFields(Schema):
    code = Line(
        required=True,
        longest=LONGEST_CODE,
        metadata=asked(
            later("Six-digit code from the app"), autocomplete="one-time-code", widget="count"
        ),
    )


class CodeForm(_CodeFields, Form[Code]):
    """Asks for a code."""

    makes = Code


class AppCodeForm(_CodeFields, Form[AppCode]):
    """Asks for the first code of an app."""

    makes = AppCode
    label = Line(
        load_default="",
        longest=60,
        metadata=asked(later("Name"), hint=later("For example: Aegis on my phone")),
    )


@dataclass(frozen=True, slots=True)
class PasskeyAnswer:
    """What the browser got from an authenticator, as JSON, and the challenge that it answers."""

    challenge: UUID
    response: str


@dataclass(frozen=True, slots=True)
class NewPasskey(PasskeyAnswer):
    """A new passkey, and what to call it."""

    label: str


class _PasskeyFields(Schema):
    challenge = fields.UUID(required=True, error_messages=_ANSWER)
    response = fields.String(
        required=True,
        validate=validate.Length(min=2, max=LONGEST_RESPONSE, error=NO_ANSWER),
        error_messages=_ANSWER,
    )


class PasskeyAnswerForm(_PasskeyFields, Form[PasskeyAnswer]):
    """Takes an authenticator's answer."""

    makes = PasskeyAnswer


class NewPasskeyForm(_PasskeyFields, Form[NewPasskey]):
    """Takes the answer of a new passkey's authenticator, and asks for its name."""

    makes = NewPasskey
    label = Line(
        load_default="",
        longest=60,
        metadata=asked(later("Name"), hint=later("For example: my phone")),
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """What a challenge is wanted for."""

    purpose: str


class WishForm(Form[Wish]):
    """Takes a purpose."""

    makes = Wish
    purpose = one_of([*ChallengePurpose], "Reload the page and try again.")


@dataclass(frozen=True, slots=True)
class Policy:
    """Whether a role needs a second factor."""

    role: str
    demand: str


class PolicyForm(Form[Policy]):
    """Asks for a role's demand."""

    makes = Policy
    role = one_of([*Role], "Choose a role.")
    demand = one_of([*FactorDemand], "Choose off, asked or required.")
