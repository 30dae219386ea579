"""What each kind of manual entry asks for, as the dataclass in which the answers reach it.

The form is made from it (``ledger.schemas.manual_entries``): its fields, in this order, are asked
for, and an answer that may be None may be left out. Amounts are in minor units.
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol, runtime_checkable
from uuid import UUID

from ledger.schemas.manual_entries import Answers


@runtime_checkable
class Dated(Protocol):
    """The answers of an entry that somebody books for a day."""

    @property
    def done_on(self) -> date:
        """The day in the books."""


@dataclass(frozen=True, slots=True)
class Donor(Answers):
    """Who gives, and how their name is shown."""

    name: str
    email: str
    consent: str


@dataclass(frozen=True, slots=True)
class Promise(Donor):
    """A written pledge: days and amounts; a rate in hundredths of a percent, or the policies'."""

    fund: str
    schedule: list[tuple[date, int]]
    basis_points: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class SpokenPledge(Donor):
    """An intention to give."""

    amount: int
    fund: str
    due_on: date


@dataclass(frozen=True, slots=True)
class PledgeTakenBack(Answers):
    """The reference of a pledge whose rest will not be paid."""

    pledge: str
    done_on: date


@dataclass(frozen=True, slots=True)
class Allowance(Answers):
    """What a fund's pledges may never bring; None where the policies decide."""

    fund: str
    amount: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class ForeignGift(Answers):
    """Money of another currency, and the rate of the day in millionths."""

    fund: str
    foreign: str
    amount: int
    rate: int
    reference: str
    done_on: date


@dataclass(frozen=True, slots=True)
class ForeignSale(Answers):
    """Money of another currency, and what the bank paid for it in the book's own."""

    fund: str
    foreign: str
    amount: int
    received: int
    reference: str
    done_on: date


@dataclass(frozen=True, slots=True)
class Revaluation(Answers):
    """Closing rates in millionths, by currency."""

    fund: str
    rates: dict[str, int]
    done_on: date


@dataclass(frozen=True, slots=True)
class Material(Answers):
    """Supplies in bulk, counted in their unit, and their value together."""

    commodity: str
    unit: str
    quantity: int
    value: int
    fund: str
    reason: str


@dataclass(frozen=True, slots=True)
class MaterialUsed(Answers):
    """Supplies taken from stock, named by fund and commodity as ``GEN/GRM.SAND``."""

    stock: str
    quantity: int
    reference: str
    done_on: date


@dataclass(frozen=True, slots=True)
class SmallGift(Answers):
    """Items given and used up at once, and their value together."""

    thing: str
    items: int
    description: str
    condition: str
    value: int
    fund: str
    received_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class FreeUse(Answers):
    """Days of use of lent equipment, and what renting it would have cost."""

    loan: UUID
    days: int
    value: int
    reason: str


@dataclass(frozen=True, slots=True)
class BouncedCheque(Answers):
    """A deposit of which the bank took a cheque back; the amount only where it has no items."""

    entry: UUID
    amount: int | None
    charge: int | None
    general_fund: str
    done_on: date


@dataclass(frozen=True, slots=True)
class GivenByMistake(Answers):
    """A contribution that is owed back; all that is left of it where no amount is named."""

    contribution: str
    amount: int | None
    done_on: date


@dataclass(frozen=True, slots=True)
class DonorRepaid(Answers):
    """What was paid back by bank; all that is owed where no amount is named."""

    owed: str
    amount: int | None
    done_on: date


@dataclass(frozen=True, slots=True)
class HoursNotWorked(Answers):
    """Minutes of confirmed hours that were not worked."""

    hours: UUID
    minutes: int
    reason: str


@dataclass(frozen=True, slots=True)
class ShareInPool(Answers):
    """Money put into a pool that remains the member's."""

    pool: str
    amount: int
    fund: str
    reason: str


@dataclass(frozen=True, slots=True)
class GivenBack(Answers):
    """Unused money of an allocation that goes back to the pool."""

    pool: str
    amount: int
    fund: str
    reference: str
    done_on: date


@dataclass(frozen=True, slots=True)
class OnCondition(Answers):
    """Money set aside for a member until a milestone is reached."""

    member: str
    amount: int
    milestone: str
    reason: str


@dataclass(frozen=True, slots=True)
class Opening(Answers):
    """Account, fund, unit (empty for the book's money) and quantity of each opening balance."""

    balances: list[tuple[int, str, str, int]]
    reason: str


@dataclass(frozen=True, slots=True)
class HourRate(Answers):
    """What an hour of a skill is worth from a day on."""

    skill: str
    value: int
    specialised: str
    reason: str
    done_on: date
