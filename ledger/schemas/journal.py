"""Which part of a journal or a trial balance is asked for."""

from datetime import UTC
from typing import Any

from flask_babel import lazy_gettext as later
from marshmallow import EXCLUDE, Schema, fields, validate

from ledger.schemas.fields import Day, Line, asked

MAX_PAGE = 200
AN_INSTANT: dict[str, Any] = {"invalid": "Enter a date and time like 2026-12-31T18:00."}
MAX_ACCOUNT = 9999
MAX_LINE = 2**31 - 1


class EntryFilter(Schema):
    """Filters of the journal; an empty answer means no filter."""

    class Meta:
        unknown = EXCLUDE

    account = fields.Integer(
        load_default=None,
        allow_none=True,
        error_messages={"invalid": "Enter the account as a number."},
        validate=validate.Range(0, MAX_ACCOUNT, error="An account number has at most four digits."),
        metadata=asked(later("Account"), widget="choice"),
    )
    fund = Line(load_default="", longest=32, metadata=asked(later("Fund"), widget="choice"))
    event_type = Line(load_default="", longest=64, metadata=asked(later("Event"), widget="choice"))
    since = Day(load_default=None, allow_none=True, metadata=asked(later("From")))
    until = Day(load_default=None, allow_none=True, metadata=asked(later("To")))
    before = fields.UUID(load_default=None, allow_none=True)
    known_at = fields.AwareDateTime(
        load_default=None, allow_none=True, default_timezone=UTC, error_messages=AN_INSTANT
    )
    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(1, MAX_PAGE, error="Enter a number between 1 and {max}."),
    )


class AccountFilter(EntryFilter):
    """Filters of an account's page; its pages end at a line of an entry."""

    before_line = fields.Integer(
        load_default=0, validate=validate.Range(0, MAX_LINE, error="This entry has no such line.")
    )


class Between(Schema):
    """The days of a period, both included; without them, from the start and so far."""

    class Meta:
        unknown = EXCLUDE

    since = Day(load_default=None, allow_none=True, data_key="from")
    until = Day(load_default=None, allow_none=True, data_key="to")


class AsOf(Schema):
    """A day, up to and including which balances count, and the instant as of which it was known.

    An instant without an offset is one of UTC.
    """

    class Meta:
        unknown = EXCLUDE

    as_of = Day(load_default=None, allow_none=True, metadata=asked(later("Last day included")))
    known_at = fields.AwareDateTime(
        load_default=None,
        allow_none=True,
        default_timezone=UTC,
        error_messages=AN_INSTANT,
        metadata=asked(
            later("As known at (UTC)"), hint=later("Leaves out entries recorded later.")
        ),
    )
