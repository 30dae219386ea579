"""Somebody who is given a role."""

from marshmallow import Schema

from ledger.schemas.fields import Line, one_of
from ledger.services.people import ROLES


class NewRole(Schema):
    """Who is given which role, by e-mail address."""

    name = Line(required=True, longest=120)
    email = Line(required=True, longest=320)
    role = one_of(ROLES, "Choose a role.")
