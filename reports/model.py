"""What a transparency report shows, as frozen values and nothing more.

Quantities are integers in the commodity's smallest unit; ``commodity`` names it. Signs are as
people read them: income and net assets positive.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from ledger.queries.pledges.figures import Row as FigureRow


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


@dataclass(frozen=True, slots=True)
class Value:
    """What things or hours were worth, and whether that is income or a statistic beside it."""

    label: str
    commodity: str
    quantity: int
    recognised: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a statement: a figure for each column of books, and what they come to.

    ``total`` is the sum of the columns, ``eliminated`` takes off what the books of the report gave
    or owe each other, ``combined`` is what is left. A report of one book eliminates nothing.
    """

    label: str
    account: int
    commodity: str
    columns: tuple[int, ...]
    total: int
    eliminated: int
    combined: int


@dataclass(frozen=True, slots=True)
class Transfers:
    """What was released or moved between a book's own funds in the period: both sides."""

    commodity: str
    into: int
    out_of: int

    @property
    def together(self) -> int:
        """Zero: a book moves nothing to its own funds that it does not take from them."""
        return self.into - self.out_of


@dataclass(frozen=True, slots=True)
class FundActivity:
    """One fund's net assets from the start of the period to its end.

    ``reported`` is what the last edition carried forward, or, where there is none, what was there
    with what the books opened with; ``restated`` is what the books say now, prior-period
    adjustments included.
    """

    book: str
    fund: str
    name: str
    fund_class: str
    commodity: str
    reported: int
    restated: int
    income: int
    expense: int
    gains: int
    transfers: int
    closing: int


@dataclass(frozen=True, slots=True)
class FundTotal:
    """What the funds of a currency come to: the sum, eliminations, and what is combined."""

    label: str
    commodity: str
    reported: int
    restated: int
    income: int
    expense: int
    gains: int
    transfers: int
    closing: int


@dataclass(frozen=True, slots=True)
class Position:
    """Assets, liabilities and net assets at the end in one currency."""

    commodity: str
    assets: tuple[Line, ...]
    liabilities: tuple[Line, ...]
    net_assets: tuple[Line, ...]

    @property
    def total_assets(self) -> int:
        """What is there, less contra accounts and what the books of the report owe each other."""
        return sum(row.combined for row in self.assets)

    @property
    def total_liabilities(self) -> int:
        """What is owed to others."""
        return sum(row.combined for row in self.liabilities)

    @property
    def total_net_assets(self) -> int:
        """What is left, by what givers intended."""
        return sum(row.combined for row in self.net_assets)


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A pool's free money in the period: what was there, came, was spent and handed out, is left.

    ``book`` is the pool's code, ``pool`` its name. ``passed_on`` went to others than by allocation.
    ``committed`` is what of the closing waits for a condition; ``not_free`` is what the pool has
    besides money (claims, equipment): with it the closing comes to the pool's net assets.
    """

    book: str
    pool: str
    commodity: str
    opening: int
    members: tuple[Row, ...]
    received: int
    other: int
    spent: int
    passed_on: int
    allocated: tuple[Row, ...]
    closing: int
    committed: int
    not_free: int

    @property
    def available(self) -> int:
        """What can be allocated."""
        return self.closing - self.committed

    @property
    def net_assets(self) -> int:
        """What the pool is worth."""
        return self.closing + self.not_free


@dataclass(frozen=True, slots=True)
class ThingRow:
    """One class of things: received in the period; here, damaged, lent out and borrowed at its
    end, in the class's smallest unit."""

    commodity: str
    received: int
    held: int
    damaged: int
    lent: int
    borrowed: int


@dataclass(frozen=True, slots=True)
class HoursRow:
    """One skill and the minutes given in the period."""

    commodity: str
    minutes: int


@dataclass(frozen=True, slots=True)
class PledgeRow:
    """Pledges to a campaign in one commodity, rolled forward from start to end.

    ``opening`` + promised - received + returned - lapsed - written off - cancelled = ``closing``.
    ``recognised`` (1210), ``intended`` (9110) and ``conditional`` (9120) are what is open at the
    end, by how binding it is.
    """

    campaign: str
    commodity: str
    opening: int
    promised: int
    received: int
    returned: int
    lapsed: int
    written_off: int
    cancelled: int
    closing: int
    recognised: int
    intended: int
    conditional: int


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
class Entity:
    """Who stands behind a book and where its donors send transfers, as the cover shows it."""

    name: str
    legal_name: str
    registration_number: str
    postal_address: str
    account_holder: str
    iban: str
    bic: str


@dataclass(frozen=True, slots=True)
class Report:
    """A whole transparency report."""

    title: str
    scope: str
    edition: str
    since: date
    until: date
    books: tuple[tuple[str, str, str], ...]
    # As every page shows them (docs/figures.md).
    figures: tuple[FigureRow, ...]
    money_received: tuple[Figure, ...]
    things_received: tuple[Figure, ...]
    hours_received: tuple[Figure, ...]
    columns: tuple[tuple[str, str], ...]
    sources: tuple[Line, ...]
    uses: tuple[Line, ...]
    gains: tuple[Line, ...]
    transfers: tuple[Transfers, ...]
    funds: tuple[FundActivity, ...]
    fund_totals: tuple[FundTotal, ...]
    positions: tuple[Position, ...]
    waterfalls: tuple[Waterfall, ...]
    things: tuple[ThingRow, ...]
    thing_values: tuple[Value, ...]
    hours: tuple[HoursRow, ...]
    hour_values: tuple[Value, ...]
    pledges: tuple[PledgeRow, ...]
    fees: tuple[Line, ...]
    proofs: tuple[BookProof, ...]
    trial_balance: tuple[TrialRow, ...]
    nouns: tuple[tuple[str, str, str], ...]
    entries: tuple[EntryLine, ...] = field(default=())
    # The instant as of which the books were known; None: when the report was made.
    known_at: datetime | None = None
    # Whether the period was not over when the report was made.
    interim: bool = False
    # Of the cover alone: as they are when the report is made, and no part of its data.
    entities: tuple[Entity, ...] = field(default=())

    @property
    def is_combined(self) -> bool:
        """Whether it puts several books together, so that eliminations are shown."""
        return len(self.books) > 1

    @property
    def restated(self) -> bool:
        """Whether a fund starts with another figure than the last edition carried forward."""
        return any(row.reported != row.restated for row in self.funds)
