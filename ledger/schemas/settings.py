"""What an admin says about a book: its words, its funds and accounts, what people can pledge."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as later

from ledger.core.vocabulary import FundClass
from ledger.schemas.fields import Day, Line, Money, Text, WholeNumber, asked, one_of
from ledger.schemas.forms import Form

SKILL, EQUIPMENT = "MIN", "EQP"
CLOSE, REOPEN = "close", "reopen"
SPECIALISED = ("specialised", "general")
HIGHEST_ACCOUNT = 9_999


@dataclass(frozen=True, slots=True)
class BookWords:
    """What the public reads about a community, and where its days begin."""

    name: str
    place: str
    story: str
    time_zone: str


class BookWordsForm(Form[BookWords]):
    """Asks for a book's words."""

    makes = BookWords
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
                "For example Europe/Berlin. The day of each entry is a day there, so you cannot "
                "change it once the first entry is sealed."
            ),
        ),
    )


@dataclass(frozen=True, slots=True)
class NewFund:
    """A fund: a slice of the books with its own restriction."""

    code: str
    fund_name: str
    fund_class: str
    purpose: str


class NewFundForm(Form[NewFund]):
    """Asks for a fund."""

    makes = NewFund
    code = Line(
        required=True,
        longest=32,
        metadata=asked(later("Short code"), hint=later("Capital letters, for example ROOF")),
    )
    fund_name = Line(required=True, longest=120, metadata=asked(later("Name of the fund")))
    fund_class = one_of(
        [*FundClass],
        "Choose a restriction.",
        metadata=asked(later("Restriction")),
    )
    purpose = Line(
        load_default="", longest=500, metadata=asked(later("Purpose, as named by donors"))
    )


@dataclass(frozen=True, slots=True)
class Closing:
    """Whether a fund or an account is closed, or opened again."""

    action: str


class ClosingForm(Form[Closing]):
    """A button: no longer use it, or use it again."""

    makes = Closing
    action = one_of((CLOSE, REOPEN), "Choose whether to close it.")


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that a book has in addition to the chart."""

    number: int
    account_name: str


class NewAccountForm(Form[NewAccount]):
    """Asks for an account."""

    makes = NewAccount
    number = WholeNumber(
        most=HIGHEST_ACCOUNT,
        empty=False,
        required=True,
        metadata=asked(
            later("Number"),
            hint=later(
                "From 1000 to 6999. The first digit says what it is: 1 asset, 2 liability, "
                "3 net assets, 4 income, 5 or 6 expense."
            ),
        ),
    )
    account_name = Line(required=True, longest=120, metadata=asked(later("Name")))


@dataclass(frozen=True, slots=True)
class NewKind:
    """A skill or a class of equipment that people can pledge; an empty plural is the singular."""

    singular: str
    plural: str


class NewKindForm(Form[NewKind]):
    """Asks for the name of a kind."""

    makes = NewKind
    singular = Line(
        required=True,
        longest=60,
        metadata=asked(later("Singular name"), hint=later("For example ladder, or carpentry")),
    )
    plural = Line(
        load_default="",
        longest=60,
        metadata=asked(later("Plural name"), hint=later("If it differs, for example ladders")),
    )


@dataclass(frozen=True, slots=True)
class HourRate:
    """What an hour of a skill is worth from a day on, in minor units, whether the work is
    ``specialised`` or ``general``, and how that is known."""

    skill: str
    value: int
    specialised: str
    source: str
    valid_from_on: date


def hour_rate(exponent: int, skills: Sequence[str]) -> Form[HourRate]:
    """Return the shape of a rate: what an hour of one of some skills is worth, from which day on.

    ``exponent`` is how many decimals the book's currency has.
    """

    class HourRateForm(Form[HourRate]):
        """Asks for a rate."""

        makes = HourRate
        skill = one_of(skills, "Choose a skill.", metadata=asked(later("Skill")))
        value = Money(exponent, required=True, metadata=asked(later("Value per hour")))
        specialised = one_of(
            SPECIALISED,
            "Choose whether the work is specialised.",
            metadata=asked(
                later("How it counts"),
                hint=later(
                    "Specialised work that you would otherwise buy is income and cost. Other "
                    "hours are a statistic."
                ),
            ),
        )
        source = Line(
            required=True,
            metadata=asked(
                later("Source of the rate"),
                hint=later("For example a wage table with its year, or an offer"),
            ),
        )
        valid_from_on = Day(
            required=True,
            metadata=asked(
                later("From"), hint=later("Hours that are already confirmed do not change.")
            ),
        )

    return HourRateForm()


@dataclass(frozen=True, slots=True)
class LegalEntity:
    """Who stands behind a book, and the number of the month in which its year begins."""

    legal_name: str
    registration_number: str
    postal_address: str
    fiscal_month: str


class LegalEntityForm(Form[LegalEntity]):
    """Asks for the legal entity."""

    makes = LegalEntity
    legal_name = Line(
        load_default="",
        longest=200,
        metadata=asked(
            later("Legal name"),
            hint=later("As registered, for example Weir Mill Commons e.V."),
            autocomplete="organization",
        ),
    )
    registration_number = Line(
        load_default="",
        longest=120,
        metadata=asked(
            later("Registration number"), hint=later("With its register, for example VR 1234")
        ),
    )
    postal_address = Text(
        load_default="",
        longest=500,
        metadata=asked(later("Postal address"), autocomplete="street-address"),
    )
    fiscal_month = one_of(
        tuple(str(month) for month in range(1, 13)),
        "Choose a month.",
        metadata=asked(
            later("Financial year starts in"),
            hint=later("Reports start there unless you choose other dates."),
        ),
    )


@dataclass(frozen=True, slots=True)
class ShownBank:
    """The account that donors see for bank transfers, and why it changes."""

    account_holder: str
    iban: str
    bic: str
    reason: str


class BankForm(Form[ShownBank]):
    """Asks for bank details."""

    makes = ShownBank
    account_holder = Line(load_default="", longest=120, metadata=asked(later("Account holder")))
    iban = Line(
        load_default="",
        longest=60,
        metadata=asked(
            later("IBAN"),
            hint=later("Leave everything empty to show no bank details."),
            autocomplete="off",
        ),
    )
    bic = Line(load_default="", longest=20, metadata=asked(later("BIC"), autocomplete="off"))
    reason = Line(required=True, longest=500, metadata=asked(later("Reason")))
