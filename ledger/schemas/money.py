"""Money that a treasurer writes down: cash, transfers, refunds, contributions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from flask_babel import lazy_gettext as later
from marshmallow import fields

from ledger.schemas.fields import Count, Day, Line, Money, Text, asked, one_of
from ledger.schemas.forms import Form
from ledger.schemas.manual_entries import OptionalMoney
from ledger.services.banking.match_actions import MEANINGS

# What the fields begin with of which there is one for each fund.
FUND = "fund-"


@dataclass(frozen=True, slots=True)
class Cash:
    """Cash that was counted or taken to the bank, in minor units; the code of its fund and the
    reference of its pledge, which may be empty. Which counts were banked stands beside."""

    amount: int
    fund: str
    received_on: date
    pledge: str
    key: str
    action: str


def cash(exponent: int) -> Form[Cash]:
    """Return the shape of cash counted; ``amount`` in a currency of so many decimals."""

    class CashForm(Form[Cash]):
        """Asks for cash."""

        makes = Cash
        amount = Money(exponent, required=True, metadata=asked(later("Amount")))
        fund = Line(required=True, longest=32, metadata=asked(later("Fund"), widget="choice"))
        received_on = Day(required=True, metadata=asked(later("Day")))
        pledge = Line(
            load_default="",
            longest=32,
            metadata=asked(later("For pledge"), hint=later("Reference, if there is one")),
        )
        # The form's own key: sent twice, it is booked once.
        key = Line(required=True, longest=64)
        action = one_of(("count", "bank"), "Choose whether the cash was counted or deposited.")

    return CashForm()


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that one book promises another, in minor units; codes of its fund, of the receiver,
    and of the receiver's fund, which may be empty."""

    amount: int
    fund: str
    receiver: str
    receiver_fund: str
    reason: str


def transfer(exponent: int) -> Form[Transfer]:
    """Return the shape of a grant to another book, or a contribution to a pool."""

    class TransferForm(Form[Transfer]):
        """Asks for a grant or contribution."""

        makes = Transfer
        amount = Money(exponent, required=True, metadata=asked(later("Amount")))
        fund = Line(required=True, longest=32, metadata=asked(later("From fund"), widget="choice"))
        receiver = Line(required=True, longest=32, metadata=asked(later("To"), widget="choice"))
        receiver_fund = Line(load_default="", longest=32)
        reason = Text(required=True, longest=1000, metadata=asked(later("Purpose")))

    return TransferForm()


@dataclass(frozen=True, slots=True)
class SharedCost:
    """A cost that one community pays, in minor units, and why others bear a part."""

    title: str
    amount: int
    fund: str
    reason: str


def shared_cost(exponent: int) -> Form[SharedCost]:
    """Return the shape of a cost that several communities share; the measures stand beside it."""

    class SharedCostForm(Form[SharedCost]):
        """Asks for a cost."""

        makes = SharedCost
        title = Line(required=True, metadata=asked(later("What is it for")))
        amount = Money(exponent, required=True, metadata=asked(later("Amount")))
        fund = Line(
            required=True, longest=32, metadata=asked(later("Paid from fund"), widget="choice")
        )
        reason = Text(required=True, longest=1000, metadata=asked(later("Reason and evidence")))

    return SharedCostForm()


@dataclass(frozen=True, slots=True)
class Refund:
    """How much of a payment goes back, in minor units, and why."""

    amount: int
    reason: str


def refund(exponent: int) -> Form[Refund]:
    """Return the shape of a refund that a treasurer asks for."""

    class RefundForm(Form[Refund]):
        """Asks for a refund."""

        makes = Refund
        amount = Money(exponent, required=True, metadata=asked(later("Amount")))
        reason = Text(required=True, longest=500, metadata=asked(later("Reason")))

    return RefundForm()


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request is approved or rejected, with a word about it."""

    answer: str
    note: str
    confirmed: bool


class DecisionForm(Form[Decision]):
    """Asks for yes or no."""

    makes = Decision
    answer = one_of(("approve", "reject"), "Choose yes or no.")
    note = Text(load_default="", longest=500)
    confirmed = fields.Boolean(
        load_default=False, error_messages={"invalid": "Select it or leave it empty."}
    )


@dataclass(frozen=True, slots=True)
class Correction:
    """Which fund an entry belongs to instead, and why; the codes of the funds."""

    from_fund: str
    to_fund: str
    reason: str


class CorrectionForm(Form[Correction]):
    """Asks for two funds."""

    makes = Correction
    from_fund = Line(required=True, longest=32, metadata=asked(later("From"), widget="choice"))
    to_fund = Line(required=True, longest=32, metadata=asked(later("To"), widget="choice"))
    reason = Text(required=True, longest=1000, metadata=asked(later("Reason")))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an entry is to be taken back."""

    why: str


class ReasonForm(Form[Reason]):
    """Asks for a reason."""

    makes = Reason
    why = Text(
        required=True,
        longest=1000,
        metadata=asked(
            later("Reason"),
            hint=later(
                "Once an approver agrees, the exact reversal is booked. Both entries stay in "
                "the journal."
            ),
        ),
    )


@dataclass(frozen=True, slots=True)
class Undoing:
    """Why the match of a bank line is undone."""

    why: str


class UndoingForm(Form[Undoing]):
    """Asks for what was wrong."""

    makes = Undoing
    why = Text(required=True, longest=1000, metadata=asked(later("What was wrong?")))


@dataclass(frozen=True, slots=True)
class Named:
    """The code of the fund that a payment was for, which named none."""

    fund: str


class NamedForm(Form[Named]):
    """Asks for a fund."""

    makes = Named
    fund = Line(required=True, longest=32, metadata=asked(later("Contribution to the fund")))


@dataclass(frozen=True, slots=True)
class FundParts:
    """The parts of a payout by the codes of their funds, in minor units; None for no part."""

    parts: Mapping[str, int | None]


class FundPartsForm(Form[FundParts]):
    """Asks for a part of each fund."""

    makes = FundParts
    gathers = MappingProxyType({FUND: "parts"})


def fund_parts(exponent: int, funds: Mapping[str, str]) -> Form[FundParts]:
    """Return the shape of the parts of a payout, a field for each fund by its code and name."""
    return FundPartsForm.with_fields(
        {
            f"{FUND}{code}": OptionalMoney(exponent, load_default=None, metadata=asked(name))
            for code, name in funds.items()
        }
    )


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a bank line means; ``target`` is a payout, reference, fund or entry."""

    meaning: str
    target: str


class MeaningForm(Form[Meaning]):
    """Asks how to categorise a line."""

    makes = Meaning
    meaning = one_of(tuple(MEANINGS), "Choose how to categorise this line.")
    target = Line(required=True, longest=64)


@dataclass(frozen=True, slots=True)
class Sponsor:
    """Who matches gifts to a campaign or fund, by how many percent, and up to what in minor units;
    without a maximum per gift that is 0."""

    name: str
    email: str
    campaign: str
    percent: int
    up_to: int
    per_gift: int
    reason: str
    action: str


def sponsor(exponent: int) -> Form[Sponsor]:
    """Return the shape of a sponsor's matching terms; amounts in a currency of so many decimals."""

    class SponsorForm(Form[Sponsor]):
        """Asks for matching terms."""

        makes = Sponsor
        name = Line(required=True, longest=120, metadata=asked(later("Name")))
        email = Line(required=True, longest=320, metadata=asked(later("E-mail"), widget="email"))
        campaign = Line(
            required=True, longest=64, metadata=asked(later("Contributions to"), widget="choice")
        )
        percent = Count(
            required=True,
            metadata=asked(
                later("Adds to each contribution"), hint=later("100% doubles a contribution.")
            ),
        )
        up_to = Money(exponent, required=True, metadata=asked(later("Maximum in total")))
        per_gift = Money(
            exponent, load_default=0, metadata=asked(later("Maximum per contribution"))
        )
        reason = Text(
            required=True,
            longest=1000,
            metadata=asked(later("Evidence"), hint=later("The document that the sponsor signed.")),
        )
        action = one_of(("try", "propose"), "Choose whether to preview or to request approval.")

    return SponsorForm()
