"""A campaign as its treasurer writes it: what it is for, how it is given to, what it needs."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as later
from marshmallow import ValidationError, fields, validate

from ledger.core.amount import kind_of
from ledger.core.currencies import exponent
from ledger.schemas.fields import Count, Day, Line, Minutes, Money, Text, asked, one_of
from ledger.schemas.forms import Form
from ledger.services.campaigns.campaigns import Need

MODE_NAMES = [
    ("keep_what_you_raise", later("Every contribution is kept for the purpose.")),
    (
        "all_or_nothing",
        later(
            "Nobody pays now. Cards are saved, and charged only if every need is met by the "
            "last day."
        ),
    ),
]
MODES = tuple(name for name, _words in MODE_NAMES)
FEE_BEARER_NAMES = [
    ("fund", later("the campaign's fund")),
    ("general", later("the general fund")),
]
FEE_BEARERS = tuple(name for name, _words in FEE_BEARER_NAMES)
ACCEPTANCE_NAMES = [
    ("all_confirmed", later("Accept every confirmed pledge.")),
    ("by_hand", later("I accept each pledge before it counts.")),
]
ACCEPTANCES = tuple(name for name, _words in ACCEPTANCE_NAMES)
# How many needs a form has room for; each is of another commodity.
ROWS = 6


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign without its needs, which stand in rows beside it; the code of its fund, and
    currencies with spaces between."""

    title: str
    slug: str
    summary: str
    story: str
    fund: str
    mode: str
    fee_bearer: str
    acceptance: str
    opens_on: date
    deadline_on: date | None
    currencies: str
    action: str


class CampaignForm(Form[Campaign]):
    """Asks for a campaign's terms."""

    makes = Campaign
    title = Line(required=True, longest=120, metadata=asked(later("Title")))
    slug = Line(
        required=True,
        longest=64,
        metadata=asked(
            later("Address"),
            hint=later(
                "The last part of the web address: lower-case letters, digits and hyphens, "
                "like new-roof."
            ),
        ),
    )
    summary = Line(required=True, metadata=asked(later("Summary in one sentence")))
    story = Text(
        required=True,
        metadata=asked(later("Description"), hint=later("An empty line starts a new paragraph.")),
    )
    fund = Line(
        required=True,
        longest=32,
        metadata=asked(
            later("Fund"),
            hint=later("Contributions belong to this fund and its purpose."),
            widget="choice",
        ),
    )
    mode = one_of(
        MODES,
        "Choose what happens if a need is not met.",
        metadata=asked(later("If a need is not met"), options=MODE_NAMES),
    )
    fee_bearer = one_of(
        FEE_BEARERS,
        "Choose who bears the payment fees.",
        metadata=asked(later("Who bears payment fees"), options=FEE_BEARER_NAMES),
    )
    acceptance = one_of(
        ACCEPTANCES,
        "Choose how pledges of hours and equipment are accepted.",
        metadata=asked(later("Pledges of hours and equipment"), options=ACCEPTANCE_NAMES),
    )
    opens_on = Day(required=True, metadata=asked(later("Opens on")))
    deadline_on = Day(load_default=None, metadata=asked(later("Last day")))
    currencies = fields.String(
        load_default="",
        validate=validate.Regexp(
            r"(?:[A-Z]{3}(?: [A-Z]{3}){0,9})?\Z",
            error="Enter codes separated by spaces, like EUR GBP.",
        ),
        metadata=asked(
            later("Other currencies accepted"),
            hint=later("Codes separated by spaces, like EUR GBP."),
        ),
    )
    action = one_of(("keep", "open"), "Choose whether to save the draft or to open it to everyone.")


def take_needs(
    form: dict[str, str], offered: Collection[str]
) -> tuple[dict[int, Need], dict[str, list[str]]]:
    """Take the rows that say what is needed out of a form; rows left empty are left out.

    Return them by number, with quantities in the commodity's smallest unit, and sentences by
    field name.
    """
    rows: dict[int, Need] = {}
    problems: dict[str, list[str]] = {}
    for n in range(ROWS):
        commodity = form.pop(f"need-{n}", "")
        texts = {name: form.pop(f"{name}-{n}", "") for name in ("label", "minimum", "optimum")}
        filled = {name: text for name, text in texts.items() if text.strip()}
        if not filled:
            continue
        if commodity not in offered:
            problems[f"need-{n}"] = ["Choose what is needed."]
            continue
        try:
            row: NeedRow = need_row(commodity).load(filled)
        except ValidationError as error:
            problems |= {f"{name}-{n}": said for name, said in error.messages_dict.items()}
            continue
        best = row.minimum if row.optimum is None else row.optimum
        rows[n] = Need(commodity, row.label, row.minimum, best)
    if not rows and not problems:
        problems["needs"] = ["Enter at least one need of the campaign."]
    return rows, problems


@dataclass(frozen=True, slots=True)
class NeedRow:
    """What donors call a need; at least and at best so much of it, in its smallest unit."""

    label: str
    minimum: int
    optimum: int | None


def need_row(commodity: str) -> Form[NeedRow]:
    """Return the shape of one row, whose numbers are written as its commodity is counted."""

    def number(**options: Any) -> fields.Field[int]:
        kind = kind_of(commodity)
        if kind == "money":
            return Money(exponent(commodity), **options)
        return Minutes(**options) if kind == "hours" else Count(**options)

    class NeedRowForm(Form[NeedRow]):
        """Asks for a need."""

        makes = NeedRow
        label = Line(required=True, longest=80)
        minimum = number(required=True)
        optimum = number(load_default=None)

    return NeedRowForm()
