"""A token that somebody wants for a program of theirs."""

from marshmallow import Schema

from ledger.schemas.fields import Line, one_of


class NewToken(Schema):
    """What a token is called and what it may do."""

    name = Line(required=True, longest=80)
    scope = one_of(("read", "write"), "Choose what the token may do.")
