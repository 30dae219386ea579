"""Which part of a journal or a trial balance is asked for."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from flask_babel import lazy_gettext as later
from marshmallow import EXCLUDE, Schema, fields, validate

from ledger.queries.books.journal import JournalFilter
from ledger.schemas.fields import Day, Line, asked
from ledger.schemas.forms import Form
from ledger.schemas.manual_entries import OptionalMoney

MAX_PAGE = 200
AN_INSTANT: dict[str, Any] = {"invalid": "Enter a date and time like 2026-12-31T18:00."}
MAX_ACCOUNT = 9999
MAX_LINE = 2**31 - 1


class _Filters(Schema):
    """Filters of a list of entries; an empty answer means no filter."""

    class Meta:
        unknown = EXCLUDE

    account = fields.Integer(
        load_default=None,
        allow_none=True,
        error_messages={"invalid": "Enter the account as a number."},
        validate=validate.Range(0, MAX_ACCOUNT, error="An account number has at most four digits."),
        metadata=asked(later("Account"), widget="choice", needed=True),
    )
    fund = Line(
        load_default="", longest=32, metadata=asked(later("Fund"), widget="choice", needed=True)
    )
    event_type = Line(
        load_default="", longest=64, metadata=asked(later("Event"), widget="choice", needed=True)
    )
    since = Day(load_default=None, allow_none=True, metadata=asked(later("From"), needed=True))
    until = Day(load_default=None, allow_none=True, metadata=asked(later("To"), needed=True))
    before = fields.UUID(load_default=None, allow_none=True)
    known_at = fields.AwareDateTime(
        load_default=None, allow_none=True, default_timezone=UTC, error_messages=AN_INSTANT
    )
    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(1, MAX_PAGE, error="Enter a number between 1 and {max}."),
    )
    amount = OptionalMoney(2, load_default=None, metadata=asked(later("Amount"), needed=True))
    words = Line(
        load_default="",
        longest=100,
        metadata=asked(later("Text of notes and bank"), needed=True),
    )
    reference = Line(load_default="", longest=100, metadata=asked(later("Reference"), needed=True))
    maker = fields.UUID(
        load_default=None,
        allow_none=True,
        error_messages={"invalid_uuid": "Choose a person of the list."},
        metadata=asked(later("Made or approved by"), widget="choice", needed=True),
    )
    donor = Line(
        load_default="",
        longest=100,
        metadata=asked(later("Donor’s name or e-mail"), needed=True),
    )
    sums = fields.Boolean(load_default=False)


def entry_filter(exponent: int) -> Form[JournalFilter]:
    """Return the filters of a journal whose currency has so many decimals."""
    amount = OptionalMoney(
        exponent, load_default=None, metadata=asked(later("Amount"), needed=True)
    )
    return EntryFilter.with_fields({"amount": amount})


class EntryFilter(_Filters, Form[JournalFilter]):
    """Filters of the journal."""

    makes = JournalFilter


@dataclass(frozen=True, slots=True)
class AccountPage(JournalFilter):
    """Which part of an account is wanted; the page before ended at this line of an entry."""

    before_line: int = 0


class AccountFilter(_Filters, Form[AccountPage]):
    """Filters of an account's page."""

    makes = AccountPage
    before_line = fields.Integer(
        load_default=0, validate=validate.Range(0, MAX_LINE, error="This entry has no such line.")
    )


@dataclass(frozen=True, slots=True)
class Between:
    """The days of a period, both included; without them, from the start and so far."""

    since: date | None
    until: date | None


class BetweenForm(Form[Between]):
    """Asks for a period."""

    makes = Between

    class Meta:
        unknown = EXCLUDE

    since = Day(load_default=None, allow_none=True, data_key="from")
    until = Day(load_default=None, allow_none=True, data_key="to")


@dataclass(frozen=True, slots=True)
class AsOf:
    """A day, up to and including which balances count, and the instant as of which it was known."""

    as_of: date | None
    known_at: datetime | None


class AsOfForm(Form[AsOf]):
    """Asks for a day and an instant; an instant without an offset is one of UTC."""

    makes = AsOf

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
