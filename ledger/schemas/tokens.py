"""A token that somebody wants for a program of theirs."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as later

from ledger.schemas.fields import Line, asked, one_of
from ledger.schemas.forms import Form

# How long a token lasts, in days.
DAYS = ("7", "30", "90", "180", "365")


@dataclass(frozen=True, slots=True)
class NewToken:
    """What a token is called, and how many days it lasts; what it may do is ticked book by book."""

    name: str
    days: str


class NewTokenForm(Form[NewToken]):
    """Asks for a token."""

    makes = NewToken
    name = Line(
        required=True,
        longest=80,
        metadata=asked(
            later("Purpose"), hint=later("The program's name, so that you can recognise it")
        ),
    )
    days = one_of(
        DAYS,
        "Choose how long the token lasts.",
        metadata=asked(
            later("Valid for"),
            hint=later("At most a year. After that, create a new one if you still need it."),
        ),
    )
