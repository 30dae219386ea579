"""What an admin says about a book: its words, its funds, what people can pool in it."""

from marshmallow import Schema

from ledger.models.books import FUND_CLASSES
from ledger.schemas.fields import Line, Text, one_of

SKILL, THING = "MIN", "EQP"


class BookWords(Schema):
    """What the public reads about a community, and where its days begin."""

    name = Line(required=True, longest=120)
    place = Line(load_default="", longest=120)
    story = Text(load_default="", longest=4_000)
    time_zone = Line(required=True, longest=64)


class NewFund(Schema):
    """A fund: a slice of the books with its own restriction."""

    code = Line(required=True, longest=32)
    fund_name = Line(required=True, longest=120)
    fund_class = one_of(FUND_CLASSES, "Choose what the money in it may be used for.")
    purpose = Line(load_default="", longest=500)


class NewKind(Schema):
    """A skill or a kind of equipment that people can pledge."""

    kind = one_of((SKILL, THING), "Choose whether it is a skill or equipment.")
    singular = Line(required=True, longest=60)
    plural = Line(load_default="", longest=60)
