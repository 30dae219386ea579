"""What an admin says about a book: its words, its funds, what people can pool in it."""

from flask_babel import lazy_gettext as later
from marshmallow import Schema

from ledger.models.books import FUND_CLASSES
from ledger.schemas.fields import Line, Text, asked, one_of

SKILL, THING = "MIN", "EQP"


class BookWords(Schema):
    """What the public reads about a community, and where its days begin."""

    name = Line(
        required=True, longest=120, metadata=asked(later("Name"), autocomplete="organization")
    )
    place = Line(load_default="", longest=120, metadata=asked(later("Place")))
    story = Text(
        load_default="",
        longest=4_000,
        metadata=asked(later("Who you are and what you do together")),
    )
    time_zone = Line(
        required=True,
        longest=64,
        metadata=asked(
            later("Time zone"),
            hint=later(
                "For example Europe/Berlin. You cannot change it once the book has entries."
            ),
        ),
    )


class NewFund(Schema):
    """A fund: a slice of the books with its own restriction."""

    code = Line(
        required=True,
        longest=32,
        metadata=asked(later("Short code"), hint=later("Capital letters, for example ROOF")),
    )
    fund_name = Line(required=True, longest=120, metadata=asked(later("Name of the fund")))
    fund_class = one_of(
        FUND_CLASSES,
        "Choose a restriction.",
        metadata=asked(later("Restriction")),
    )
    purpose = Line(
        load_default="", longest=500, metadata=asked(later("Purpose, as named by donors"))
    )


class NewKind(Schema):
    """A skill or a kind of equipment that people can pledge."""

    kind = one_of(
        (SKILL, THING),
        "Choose skill or equipment.",
        metadata=asked(later("Type")),
    )
    singular = Line(
        required=True,
        longest=60,
        metadata=asked(later("Singular name"), hint=later("For example ladder, or carpentry")),
    )
    plural = Line(
        load_default="",
        longest=60,
        metadata=asked(later("Plural name"), hint=later("For example ladders")),
    )
