"""Somebody who is given a role, or who signs in for the first time."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as later
from marshmallow import pre_load

from ledger.core.policies import NUMBERS
from ledger.core.vocabulary import Role
from ledger.schemas.fields import Day, Line, WholeNumber, asked, one_of
from ledger.schemas.forms import Form


@dataclass(frozen=True, slots=True)
class Entering:
    """What somebody who gave is to be called once they sign in."""

    name: str


class EnteringForm(Form[Entering]):
    """Asks for a name."""

    makes = Entering
    name = Line(
        load_default="", longest=120, metadata=asked(later("Your name"), autocomplete="name")
    )


@dataclass(frozen=True, slots=True)
class Pause:
    """How many days a role waits that an admin gives alone."""

    pause: int


class PauseForm(Form[Pause]):
    """Asks for days."""

    makes = Pause
    pause = WholeNumber(
        most=NUMBERS["role_pause_days"],
        required=True,
        empty=False,
        metadata=asked(
            "",
            hint=later("A shorter waiting period only applies after the current one has passed."),
        ),
    )


@dataclass(frozen=True, slots=True)
class NewRole:
    """Who is given which role, by e-mail address, and its last day; None for none set ahead."""

    name: str
    email: str
    role: str
    until: date | None


class NewRoleForm(Form[NewRole]):
    """Asks for a person and a role."""

    makes = NewRole
    name = Line(required=True, longest=120, metadata=asked(later("Name"), autocomplete="off"))
    email = Line(
        required=True,
        longest=320,
        metadata=asked(later("E-mail address"), autocomplete="off", widget="email"),
    )
    role = one_of([*Role], "Choose a role.", metadata=asked(later("Role")))
    until = Day(
        load_default=None,
        allow_none=True,
        metadata=asked(
            later("Last day"),
            hint=later(
                "If empty, an auditor's role ends after a year, and other roles do not end."
            ),
        ),
    )

    @pre_load
    def leave_out(self, answers: dict[str, Any], **_more: Any) -> dict[str, Any]:
        """No day means no end set ahead."""
        return {name: text for name, text in answers.items() if name != "until" or text.strip()}
