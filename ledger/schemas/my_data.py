"""Somebody's wish to be erased."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as later

from ledger.schemas.fields import Line, asked
from ledger.schemas.forms import Form


@dataclass(frozen=True, slots=True)
class Erasure:
    """One's own address, typed to show that it is meant."""

    email: str


class ErasureForm(Form[Erasure]):
    """Asks for one's address."""

    makes = Erasure
    email = Line(
        required=True,
        longest=320,
        metadata=asked(
            later("Your e-mail address, to confirm"), autocomplete="email", widget="email"
        ),
    )
