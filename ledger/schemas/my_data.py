"""Somebody's wish to be erased."""

from marshmallow import Schema

from ledger.schemas.fields import Line


class Erasure(Schema):
    """One's own address, typed to show that it is meant."""

    email = Line(required=True, longest=320)
