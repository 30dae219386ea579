"""What the figures that people are shown mean in the books: one definition for every page.

``docs/figures.md`` says the same in a treasurer's words. Each leg of an entry counts towards at
most a few figures, which depends on its account alone but for three cases of whole entries that
``lines_of`` names; so every figure can be explained leg by leg. Quantities are signed, in the
commodity's smallest unit, and positive where a figure grows. Must not know the database.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from ledger.core.accounts import Acct


class Figure(StrEnum):
    """A figure as it is kept; ``queries.pledges.figures`` puts together what pages show."""

    RECEIVED = "received"
    ADVANCES = "advances"
    OTHER_INCOME = "other_income"
    FROM_COMMUNITIES = "from_communities"
    SPENT = "spent"
    GRANTED = "granted"
    TO_COMMUNITIES = "to_communities"
    BROUGHT_FORWARD = "brought_forward"
    BETWEEN_FUNDS = "between_funds"
    EXCHANGED = "exchanged"
    IN_POOLS = "in_pools"
    MONEY = "money"
    HELD = "held"
    HELD_FOR_POOLS = "held_for_pools"
    COMMITTED = "committed"
    CUSTODY = "custody"
    OWED = "owed"
    INTENDED = "intended"
    CONDITIONAL = "conditional"


# Kept by giver; what a giver promised stands with each pledge.
GIVEN = frozenset({Figure.RECEIVED, Figure.ADVANCES})
PROMISED = frozenset({Figure.OWED, Figure.INTENDED, Figure.CONDITIONAL})
# Kept by campaign.
LABELLED = GIVEN | PROMISED
# What changes the money of a fund, and whether it adds to it.
FLOWS = {
    Figure.BROUGHT_FORWARD: 1,
    Figure.RECEIVED: 1,
    Figure.OTHER_INCOME: 1,
    Figure.FROM_COMMUNITIES: 1,
    Figure.BETWEEN_FUNDS: 1,
    Figure.EXCHANGED: 1,
    Figure.SPENT: -1,
    Figure.GRANTED: -1,
    Figure.TO_COMMUNITIES: -1,
    Figure.IN_POOLS: -1,
}

# A leg on one of these says that equipment left for good.
DISPOSED = frozenset({Acct.GAIN_ON_DISPOSAL, Acct.LOSS_ON_DISPOSAL, Acct.DISPOSED})


class Leg(NamedTuple):
    """What a figure needs to know of a leg; an empty label is none."""

    account: int
    fund: str
    commodity: str
    quantity: int
    campaign: str = ""
    giver: str = ""


class Line(NamedTuple):
    """What one leg adds to one figure."""

    figure: Figure
    fund: str
    commodity: str
    quantity: int
    campaign: str = ""
    giver: str = ""


class About(NamedTuple):
    """The campaign and the giver of an entry, for legs that name none."""

    campaign: str = ""
    giver: str = ""


NOBODY = About()


# What a leg says of its whole entry, as bits.
MOVES_MONEY = 1
OPENS = 2
DISPOSES = 4


@dataclass(frozen=True, slots=True)
class Role:
    """What legs on an account mean.

    ``flow`` counts where the entry moves money; ``always`` in every entry. A ``thing`` is the
    value of equipment, goods and work.
    """

    flow: tuple[Figure, int] | None = None
    always: tuple[tuple[Figure, int], ...] = ()
    mark: int = 0
    thing: bool = False

    @property
    def money(self) -> bool:
        """Whether the account is cash, a debt or a claim between books."""
        return bool(self.mark & MOVES_MONEY)


def lines_of(
    legs: Sequence[Leg], *, agency: Collection[str] = (), about: About = NOBODY
) -> list[Line]:
    """Return what an entry adds to the figures, leg by leg.

    ``agency`` are the funds that hold money for pools. Three cases look at the whole entry: one
    that moves no money, claim or debt between books is in no figure of money (depreciation, the
    value of a gift in kind, a promise that becomes income); in one that opens the books
    everything is brought forward; where equipment is sold its price is other income. A leg
    without a label takes the only one of its entry, or else the one that is told ``about`` it.
    """
    # Called for every entry that is sealed: a plain loop over tuples is worth its lines.
    marks = 0
    for leg in legs:
        marks |= role_of(leg[0]).mark
    shared: About | None = None
    lines = []
    for account, fund, commodity, quantity, campaign, giver in legs:
        role = role_of(account)
        counts = role.always
        if agency and account == Acct.INTER_COMMUNITY and fund in agency:
            counts = (*counts, (Figure.HELD_FOR_POOLS, -1))
        if role.flow is not None and marks & MOVES_MONEY:
            counts = (*counts, _flow(role, role.flow, marks))
        for figure, sign in counts:
            if figure not in LABELLED:
                lines.append(Line(figure, fund, commodity, sign * quantity, "", ""))
                continue
            if shared is None and not (campaign and giver):
                shared = _only(legs, about)
            whose = (campaign, giver) if shared is None else shared
            lines.append(
                Line(
                    figure,
                    fund,
                    commodity,
                    sign * quantity,
                    campaign or whose[0],
                    giver or whose[1],
                )
            )
    return lines


@cache
def role_of(account: int) -> Role:
    """Return what legs on an account mean; accounts that a book added follow their hundreds."""
    for numbers, role in ROLES:
        if account in numbers:
            return replace(role, mark=role.mark | DISPOSES) if account in DISPOSED else role
    return Role(mark=DISPOSES) if account in DISPOSED else Role()


def given(account: int) -> bool:
    """Tell whether legs on an account are of what somebody gave, and so have a giver."""
    role = role_of(account)
    counts = role.always if role.flow is None else (*role.always, role.flow)
    return any(figure in GIVEN for figure, _sign in counts)


def _flow(role: Role, flow: tuple[Figure, int], marks: int) -> tuple[Figure, int]:
    if marks & OPENS:
        return Figure.BROUGHT_FORWARD, -1
    if role.thing and marks & DISPOSES:
        return Figure.OTHER_INCOME, -1
    return flow


def _only(legs: Sequence[Leg], about: About) -> About:
    """Return the campaign and the giver that an entry names, where it names no other."""
    campaigns = {leg.campaign for leg in legs if leg.campaign}
    givers = {leg.giver for leg in legs if leg.giver}
    return About(
        campaigns.pop() if len(campaigns) == 1 else "" if campaigns else about.campaign,
        givers.pop() if len(givers) == 1 else "" if givers else about.giver,
    )


def _income(figure: Figure) -> Role:
    return Role(flow=(figure, -1))


def _cost(figure: Figure, *, thing: bool = False) -> Role:
    return Role(flow=(figure, 1), thing=thing)


def _cash(*besides: tuple[Figure, int]) -> Role:
    return Role(always=((Figure.MONEY, 1), *besides), mark=MOVES_MONEY)


_THING = _cost(Figure.SPENT, thing=True)
_COLLECTED = _income(Figure.RECEIVED)

# The first span that holds an account says what it means (domain section 4).
ROLES: tuple[tuple[Collection[int], Role], ...] = (
    # Money that a bank took back for the time of a dispute is not here.
    (range(1140, 1200), _COLLECTED),
    (range(1000, 1140), _cash()),
    # Claims fall when money comes; income and losses beside them cancel what is only written.
    (
        (Acct.PLEDGES_RECEIVABLE, Acct.GRANTS_RECEIVABLE),
        Role(flow=(Figure.RECEIVED, -1), always=((Figure.OWED, 1),)),
    ),
    (
        (Acct.IN_KIND_RECEIVABLE,),
        Role(flow=(Figure.SPENT, 1), always=((Figure.OWED, 1),), thing=True),
    ),
    (range(1200, 1300), _COLLECTED),
    ((Acct.INTER_COMMUNITY,), _cash()),
    ((Acct.INTEREST_IN_POOL,), Role(flow=(Figure.IN_POOLS, 1), mark=MOVES_MONEY)),
    ((Acct.CURRENCY_CONVERSION,), _income(Figure.EXCHANGED)),
    (range(1301, 2000), _THING),
    (
        (
            Acct.REFUNDS_PAYABLE,
            Acct.UNAPPLIED_RECEIPTS,
            Acct.REFUNDABLE_CONTRIBUTIONS,
            Acct.HELD_FOR_THIRD_PARTIES,
        ),
        _cash((Figure.HELD, -1)),
    ),
    ((Acct.REFUNDABLE_ADVANCES,), _cash((Figure.ADVANCES, -1))),
    (range(2000, 3000), _cash()),
    (range(3000, 4000), Role(flow=(Figure.BROUGHT_FORWARD, -1), mark=OPENS)),
    (range(4000, 4100), _COLLECTED),
    (range(4100, 4200), _THING),
    (range(4200, 4300), _COLLECTED),
    ((Acct.RECHARGES_IN, Acct.RECHARGES_OUT), _cost(Figure.SPENT)),
    (range(4500, 4600), _income(Figure.FROM_COMMUNITIES)),
    (
        (Acct.RELEASED_IN, Acct.FUND_TRANSFERS_IN, Acct.RELEASED_OUT, Acct.FUND_TRANSFERS_OUT),
        _income(Figure.BETWEEN_FUNDS),
    ),
    ((Acct.EXCHANGE_GAINS,), _income(Figure.EXCHANGED)),
    ((Acct.GAIN_ON_DISPOSAL,), _THING),
    (range(4000, 5000), _income(Figure.OTHER_INCOME)),
    (range(5100, 5200), _cost(Figure.SPENT)),
    (range(5200, 5500), _THING),
    (range(5500, 5600), _cost(Figure.TO_COMMUNITIES)),
    (range(5600, 5700), _cost(Figure.GRANTED)),
    ((Acct.HOST_FEES,), _cost(Figure.TO_COMMUNITIES)),
    ((Acct.UNCOLLECTIBLE_PLEDGES,), _COLLECTED),
    (range(5000, 7000), _cost(Figure.SPENT)),
    (
        (Acct.ITEMS_GIVEN, Acct.TIME_GIVEN, Acct.RETURNED_TO_DONOR),
        Role(always=((Figure.RECEIVED, -1),)),
    ),
    ((Acct.OPENING_QUANTITIES,), Role(always=((Figure.BROUGHT_FORWARD, -1),))),
    ((Acct.ITEMS_HELD,), Role(always=((Figure.CUSTODY, 1),))),
    ((Acct.ITEMS_BORROWED,), Role(always=((Figure.HELD, 1),))),
    ((Acct.TRANSFERRED,), Role(always=((Figure.TO_COMMUNITIES, 1),))),
    ((Acct.TIME_APPLIED, Acct.MATERIALS_USED), Role(always=((Figure.SPENT, 1),))),
    ((Acct.INTENTIONS,), Role(always=((Figure.INTENDED, 1),))),
    (
        (Acct.CONDITIONAL_PLEDGES, Acct.CONDITIONAL_GRANTS_AWARDED),
        Role(always=((Figure.CONDITIONAL, 1),)),
    ),
    ((Acct.ALLOCATIONS_APPROVED, Acct.ENCUMBRANCES), Role(always=((Figure.COMMITTED, 1),))),
)
