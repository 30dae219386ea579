"""What a transparency report shows, as frozen values and nothing more.

Quantities are integers in the commodity's smallest unit; ``commodity`` names it. Signs are as
people read them: income and net assets positive.
"""

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Figure:
    """A quantity of one commodity."""

    commodity: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Row:
    """A named line of a schedule with its figure."""

    label: str
    commodity: str
    quantity: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class FundActivity:
    """One fund's net assets from the start of the period to its end."""

    book: str
    fund: str
    name: str
    fund_class: str
    commodity: str
    opening: int
    income: int
    expense: int
    closing: int


@dataclass(frozen=True, slots=True)
class Position:
    """Assets, liabilities and net assets at the end, by account."""

    commodity: str
    assets: tuple[Row, ...]
    liabilities: tuple[Row, ...]
    net_assets: tuple[Row, ...]

    @property
    def total_assets(self) -> int:
        """What is there, less contra accounts."""
        return sum(row.quantity for row in self.assets)

    @property
    def total_liabilities(self) -> int:
        """What is owed."""
        return sum(row.quantity for row in self.liabilities)

    @property
    def total_net_assets(self) -> int:
        """What is left, by what givers intended."""
        return sum(row.quantity for row in self.net_assets)


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A pool in the period: what was there, came in, was charged and handed out, and is left.

    ``book`` is the pool's code, ``pool`` its name.
    """

    book: str
    pool: str
    commodity: str
    opening: int
    members: tuple[Row, ...]
    donors: int
    in_kind: int
    costs: int
    allocated: tuple[Row, ...]
    closing: int


@dataclass(frozen=True, slots=True)
class ThingRow:
    """One class of things: received in the period, held and lent out at its end, in units."""

    commodity: str
    received: int
    held: int
    lent: int
    borrowed: int


@dataclass(frozen=True, slots=True)
class HoursRow:
    """One skill: minutes given in the period, and their value in minor units."""

    commodity: str
    minutes: int


@dataclass(frozen=True, slots=True)
class PledgeRow:
    """Promises of one commodity: made, made good, ended in the period, and open at its end."""

    campaign: str
    commodity: str
    promised: int
    fulfilled: int
    ended: int
    open: int


@dataclass(frozen=True, slots=True)
class BookProof:
    """What identifies a book's journal up to the end of the period."""

    book: str
    name: str
    entries: int
    postings: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One balance at the end of the period; debit positive."""

    book: str
    account: int
    account_name: str
    fund: str
    layer: str
    commodity: str
    quantity: int


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One leg of the period, for the auditor."""

    book: str
    day: date
    event_type: str
    account: int
    fund: str
    commodity: str
    quantity: int
    counterparty: str


@dataclass(frozen=True, slots=True)
class Report:
    """A whole transparency report."""

    title: str
    scope: str
    edition: str
    since: date
    until: date
    books: tuple[tuple[str, str, str], ...]
    money_received: tuple[Figure, ...]
    things_received: tuple[Figure, ...]
    hours_received: tuple[Figure, ...]
    sources: tuple[Row, ...]
    uses: tuple[Row, ...]
    funds: tuple[FundActivity, ...]
    positions: tuple[Position, ...]
    waterfalls: tuple[Waterfall, ...]
    things: tuple[ThingRow, ...]
    thing_values: tuple[Row, ...]
    hours: tuple[HoursRow, ...]
    hour_values: tuple[Row, ...]
    pledges: tuple[PledgeRow, ...]
    fees: tuple[Row, ...]
    proofs: tuple[BookProof, ...]
    trial_balance: tuple[TrialRow, ...]
    nouns: tuple[tuple[str, str, str], ...]
    entries: tuple[EntryLine, ...] = field(default=())
    # The instant as of which the books were known; None: when the report was made.
    known_at: datetime | None = None
