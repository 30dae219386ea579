"""Somebody's wish to be erased."""

from flask_babel import lazy_gettext as later
from marshmallow import Schema

from ledger.schemas.fields import Line, asked


class Erasure(Schema):
    """One's own address, typed to show that it is meant."""

    email = Line(
        required=True,
        longest=320,
        metadata=asked(
            later("Your e-mail address, to confirm"), autocomplete="email", widget="email"
        ),
    )
