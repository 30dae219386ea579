"""Somebody who is given a role, or who signs in for the first time."""

from typing import Any

from marshmallow import Schema, pre_load

from ledger.core.policies import NUMBERS
from ledger.schemas.fields import Day, Line, WholeNumber, one_of
from ledger.services.people.people import ROLES


class Entering(Schema):
    """What somebody who gave is to be called once they sign in."""

    name = Line(load_default="", longest=120)


class Pause(Schema):
    """How many days a role waits that an admin gives alone."""

    pause = WholeNumber(most=NUMBERS["role_pause_days"], required=True, empty=False)


class NewRole(Schema):
    """Who is given which role, by e-mail address."""

    name = Line(required=True, longest=120)
    email = Line(required=True, longest=320)
    role = one_of(ROLES, "Choose a role.")
    until = Day(load_default=None, allow_none=True)

    @pre_load
    def leave_out(self, answers: dict[str, Any], **_more: Any) -> dict[str, Any]:
        """No day means no end set ahead."""
        return {name: text for name, text in answers.items() if name != "until" or text.strip()}
