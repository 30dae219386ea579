"""What somebody who sets up an installation is asked: as by ``poolbook setup``."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as later
from marshmallow import Schema

from ledger.core.currencies import exponent
from ledger.core.policies import PROFILES
from ledger.schemas.fields import Line, as_service, asked, one_of
from ledger.schemas.forms import Form
from ledger.services.books.books import check_code, check_time_zone
from ledger.services.people.people import clean_email
from ledger.services.workflow.first_book import FirstBook

PROFILE_NAMES = {
    "US_GAAP": later("US GAAP"),
    "UK_SORP_2026": later("Charities SORP 2026"),
    "INPAS": later("INPAS"),
    "CASH_SIMPLE": later("Cash"),
}
PROFILE_WORDS = {
    "US_GAAP": later("US GAAP, for non-profits in the United States"),
    "UK_SORP_2026": later("Charities SORP 2026, United Kingdom"),
    "INPAS": later("INPAS, international"),
    "CASH_SIMPLE": later("Cash: only what was received and paid"),
}


@dataclass(frozen=True, slots=True)
class FirstVisit(FirstBook):
    """The first book of an installation, and the code from the server's console."""

    setup_code: str


class _BookFields(Schema):
    """A community's book that is to be opened, and its first admin."""

    name = Line(
        required=True,
        longest=120,
        metadata=asked(later("Name of the community"), autocomplete="organization"),
    )
    code = Line(
        required=True,
        longest=32,
        validate=as_service(lambda text: check_code(text.upper(), "code")),
        metadata=asked(later("Short code"), hint=later("Capital letters, for example HALL")),
    )
    place = Line(
        load_default="",
        longest=120,
        metadata=asked(later("Place"), hint=later("As shown to donors")),
    )
    currency = Line(
        required=True,
        longest=8,
        validate=as_service(lambda text: exponent(text.upper())),
        metadata=asked(later("Currency"), hint=later("Three letters, for example EUR")),
    )
    time_zone = Line(
        required=True,
        longest=64,
        validate=as_service(check_time_zone),
        metadata=asked(
            later("Time zone"),
            hint=later("For example Europe/Berlin. The day of each entry is a day there."),
        ),
    )
    profile = one_of(
        tuple(PROFILES),
        "Choose a profile.",
        metadata=asked(
            later("Accounting profile"), hint=later("Single policies can be changed later.")
        ),
    )
    admin_name = Line(
        required=True,
        longest=120,
        metadata=asked(later("Name of the first admin"), autocomplete="name"),
    )
    admin_email = Line(
        required=True,
        longest=320,
        validate=as_service(clean_email),
        metadata=asked(
            later("E-mail address of the first admin"), autocomplete="email", widget="email"
        ),
    )


class NewCommunityForm(_BookFields, Form[FirstBook]):
    """Asks for a community's book."""

    makes = FirstBook


class FirstVisitForm(_BookFields, Form[FirstVisit]):
    """Asks for the first book, and for the code."""

    makes = FirstVisit
    setup_code = Line(
        required=True,
        longest=40,
        metadata=asked(
            later("One-time code"),
            hint=later("The server printed it when it started."),
            autocomplete="off",
        ),
    )
