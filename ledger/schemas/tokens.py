"""A token that somebody wants for a program of theirs."""

from marshmallow import Schema

from ledger.schemas.fields import Line, one_of

# How long a token lasts, in days.
DAYS = ("7", "30", "90", "180", "365")


class NewToken(Schema):
    """What a token is called and how long it lasts; what it may do is ticked book by book."""

    name = Line(required=True, longest=80)
    days = one_of(DAYS, "Choose how long the token lasts.")
