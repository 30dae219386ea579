"""The figures that people are shown, by scope and period: received, promised, available, spent,
passed on, held for others. Pages, API, command and report all ask here and nowhere else.

``core.figures`` and ``docs/figures.md`` define them. Sealed entries come from sums, the few that
wait for the sealer from the journal. Quantities are in the commodity's smallest unit; commodities
are never added.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, select, true

from ledger.core.accounts import BY_NUMBER
from ledger.core.amount import kind_of
from ledger.core.days import day_in
from ledger.core.figures import GIVEN, PROMISED, Figure, role_of
from ledger.core.vocabulary import OPEN_PLEDGES, BookKind
from ledger.db import ReadSession
from ledger.errors import Invalid
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.figures import FigureDay, FigureGiver, FigureTotal
from ledger.models.journal import Posting
from ledger.models.pledges import Pledge
from ledger.queries.books.figure_lines import rest

EVERYTHING = "everything"
COMMUNITY = BookKind.COMMUNITY
POOL = BookKind.POOL
CAMPAIGN = "campaign"
FUND = "fund"
GIVER = "giver"
PLEDGE = "pledge"
KINDS = ("money", "holdings", "things", "hours")

PROMISES = tuple(
    number
    for number in BY_NUMBER
    if any(figure in PROMISED for figure, _sign in role_of(number).always)
)

# Quantities of one scope, by figure and commodity.
Quantities = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures: everything, or one community, pool, campaign, fund, giver or pledge."""

    kind: str = EVERYTHING
    name: str = ""
    book_id: UUID | None = None
    campaign: str = ""
    fund_id: UUID | None = None
    parties: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one commodity. What came and went is of the period; what is promised,
    available, held and owed back stands at its end."""

    commodity: str
    kind: str
    brought_forward: int = 0
    received: int = 0
    advances: int = 0
    other_income: int = 0
    from_communities: int = 0
    between_funds: int = 0
    exchanged: int = 0
    spent: int = 0
    granted: int = 0
    to_communities: int = 0
    in_pools: int = 0
    available: int = 0
    committed: int = 0
    held: int = 0
    advances_held: int = 0
    owed: int = 0
    intended: int = 0
    conditional: int = 0

    @property
    def promised(self) -> int:
        """What is promised and open: owed, intended and conditional."""
        return self.owed + self.intended + self.conditional

    @property
    def passed_on(self) -> int:
        """What went on to communities, pools and groups outside."""
        return self.granted + self.to_communities


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a scope and period, money first; ``since`` and ``until`` are included."""

    scope: Scope
    since: date | None
    until: date | None
    rows: tuple[Row, ...] = field(default=())

    def of(self, commodity: str) -> Row:
        """Return the figures of a commodity, zero where there are none."""
        for row in self.rows:
            if row.commodity == commodity:
                return row
        return Row(commodity, kind_of(commodity))


def scope_of_book(book: Book) -> Scope:
    """Return the scope of a community or a pool."""
    return Scope(POOL if book.kind == POOL else COMMUNITY, book.code, book_id=book.id)


def scope_of_campaign(campaign: Campaign) -> Scope:
    """Return the scope of a campaign."""
    return Scope(CAMPAIGN, campaign.slug, book_id=campaign.book_id, campaign=campaign.slug)


def scope_of_fund(fund: Fund) -> Scope:
    """Return the scope of a fund."""
    return Scope(FUND, fund.code, book_id=fund.book_id, fund_id=fund.id)


def scope_of_giver(parties: Sequence[UUID]) -> Scope:
    """Return the scope of a giver, by the parties under which they gave."""
    return Scope(GIVER, parties=tuple(parties))


def document(found: Figures) -> dict[str, Any]:
    """Return figures as plain values for JSON; days are ISO 8601 or null."""
    return {
        "scope": found.scope.kind,
        "name": found.scope.name,
        "from": found.since.isoformat() if found.since else None,
        "to": found.until.isoformat() if found.until else None,
        "figures": [
            {**asdict(row), "promised": row.promised, "passed_on": row.passed_on}
            for row in found.rows
        ],
    }


def figures(
    session: ReadSession, scope: Scope, *, since: date | None = None, until: date | None = None
) -> Figures:
    """Return the figures of a scope in a period; without days, so far.

    Raises Invalid for a period that ends before it begins.
    """
    if since is not None and until is not None and until < since:
        raise Invalid("The end date is before the start date.", place="to")
    waiting = _rest(session, scope)
    at_end = _together(_stored(session, scope, None, until), _waiting(waiting, None, until))
    flows = at_end
    if since is not None:
        flows = _together(_stored(session, scope, since, until), _waiting(waiting, since, until))
    unconfirmed: Quantities = {}
    if scope.kind == GIVER:
        at_end = _together(at_end, _promised_by(session, scope, until))
    else:
        unconfirmed = _unconfirmed(session, scope, until)
    return Figures(scope, since, until, rows_of(scope, flows, at_end, unconfirmed))


def figures_of_sums(
    session: ReadSession,
    scope: Scope,
    *,
    since: date | None,
    until: date | None,
    flows: Quantities,
    at_end: Quantities,
    known_at: datetime | None = None,
) -> Figures:
    """Return the figures that sums come to which the caller read from the entries themselves.

    ``flows`` are of the period, ``at_end`` of everything until its end, both by figure and
    commodity as ``core.figures`` counts them; ``known_at`` leaves out promises made later.
    """
    unconfirmed = _unconfirmed(session, scope, until, known_at)
    return Figures(scope, since, until, rows_of(scope, flows, at_end, unconfirmed))


def figures_of_campaigns(session: ReadSession, campaigns: Sequence[Campaign]) -> dict[str, Figures]:
    """Return the figures so far of several campaigns, by slug, at the cost of one."""
    slugs = {campaign.slug: campaign for campaign in campaigns}
    if not slugs:
        return {}
    sums: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    query = (
        select(
            FigureTotal.campaign,
            FigureTotal.figure,
            FigureTotal.commodity,
            func.sum(FigureTotal.quantity),
        )
        .where(
            FigureTotal.book_id.in_({campaign.book_id for campaign in campaigns}),
            FigureTotal.campaign.in_(slugs),
        )
        .group_by(FigureTotal.campaign, FigureTotal.figure, FigureTotal.commodity)
    )
    for slug, figure, commodity, quantity in session.execute(query):
        sums[slug][figure, commodity] += int(quantity)
    books = {campaign.book_id for campaign in campaigns}
    for _book, _day, line in rest(session, book_id=books.pop() if len(books) == 1 else None):
        if line.campaign in slugs:
            sums[line.campaign][line.figure, line.commodity] += line.quantity
    unconfirmed = _unconfirmed_of(session, campaigns)
    found = {}
    for slug, campaign in slugs.items():
        scope = scope_of_campaign(campaign)
        rows = rows_of(scope, sums[slug], sums[slug], unconfirmed.get(campaign.id, Counter()))
        found[slug] = Figures(scope, None, None, rows)
    return found


def _together(*parts: Quantities) -> Quantities:
    """Return the sums of quantities; unlike Counters added with +, those below zero stay."""
    found: Counter[tuple[str, str]] = Counter()
    for part in parts:
        found.update(part)
    return found


def _stored(
    session: ReadSession, scope: Scope, since: date | None, until: date | None
) -> Counter[tuple[str, str]]:
    """Return what the sums of a scope come to in a period."""
    table = _table(scope, since, until)
    wanted: list[ColumnElement[bool]] = []
    if table is FigureGiver:
        wanted.append(FigureGiver.party_id.in_(scope.parties))
    if scope.book_id is not None:
        wanted.append(table.book_id == scope.book_id)
    if scope.campaign:
        wanted.append(table.campaign == scope.campaign)
    if scope.fund_id is not None:
        wanted.append(table.__table__.c.fund_id == scope.fund_id)
    if since is not None:
        wanted.append(table.__table__.c.counted_on >= since)
    if until is not None:
        wanted.append(table.__table__.c.counted_on <= until)
    rows = session.execute(
        select(table.figure, table.commodity, func.sum(table.quantity))
        .where(*wanted)
        .group_by(table.figure, table.commodity)
    )
    return Counter({(figure, commodity): int(total) for figure, commodity, total in rows})


def _table(
    scope: Scope, since: date | None, until: date | None
) -> type[FigureTotal] | type[FigureDay] | type[FigureGiver]:
    """Return the smallest table that knows a scope in a period."""
    if scope.kind == GIVER:
        return FigureGiver
    return FigureTotal if since is None and until is None else FigureDay


def _promised_by(
    session: ReadSession, scope: Scope, until: date | None
) -> Counter[tuple[str, str]]:
    """Return what a giver promised and is open, from the legs that name their pledges; those that
    the giver never confirmed left out.

    What a pledge that ended has on these accounts is zero (I-31), so that so far only what is
    open is read.
    """
    query = (
        select(Posting.account, Posting.commodity, func.sum(Posting.quantity))
        .join(Pledge, (Pledge.book_id == Posting.book_id) & (Pledge.reference == Posting.pledge))
        .where(
            Pledge.party_id.in_(scope.parties),
            Pledge.unconfirmed == false(),
            Posting.account.in_(PROMISES),
        )
        .group_by(Posting.account, Posting.commodity)
    )
    if until is None:
        query = query.where(Pledge.state.in_(OPEN_PLEDGES))
    else:
        query = query.where(Posting.accounting_on <= until)
    found: Counter[tuple[str, str]] = Counter()
    for account, commodity, quantity in session.execute(query):
        for figure, sign in role_of(account).always:
            found[figure, commodity] += sign * int(quantity)
    return found


# Day, figure, commodity, quantity.
_Waiting = list[tuple[date, str, str, int]]


def _rest(session: ReadSession, scope: Scope) -> _Waiting:
    """Return what waits for the sealer in a scope."""
    fund = scope.fund_id.hex if scope.fund_id else ""
    parties = {party.hex for party in scope.parties}
    return [
        (day, line.figure, line.commodity, line.quantity)
        for _book, day, line in rest(session, book_id=scope.book_id)
        if (not scope.campaign or line.campaign == scope.campaign)
        and (not fund or line.fund.replace("-", "") == fund)
        and (
            scope.kind != GIVER or (line.figure in GIVEN and line.giver.replace("-", "") in parties)
        )
    ]


def _waiting(waiting: _Waiting, since: date | None, until: date | None) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for day, figure, commodity, quantity in waiting:
        if (since is None or since <= day) and (until is None or day <= until):
            found[figure, commodity] += quantity
    return found


def _unconfirmed(
    session: ReadSession, scope: Scope, until: date | None, known_at: datetime | None = None
) -> Quantities:
    """Return what a scope's memo accounts hold of promises that their donors never confirmed.

    Nothing of these has come, so all of each is open.
    """
    query = select(
        Pledge.legal_nature, Pledge.commodity, Pledge.quantity, Pledge.created_at, Book.time_zone
    ).join(Book, Book.id == Pledge.book_id)
    wanted: list[ColumnElement[bool]] = [Pledge.unconfirmed == true()]
    if scope.book_id is not None:
        wanted.append(Pledge.book_id == scope.book_id)
    if scope.campaign:
        named = select(Campaign.id).where(Campaign.slug == scope.campaign)
        wanted.append(Pledge.campaign_id == named.scalar_subquery())
    if scope.fund_id is not None:
        wanted.append(Pledge.fund_id == scope.fund_id)
    if known_at is not None:
        wanted.append(Pledge.created_at <= known_at)
    found: Counter[tuple[str, str]] = Counter()
    for nature, commodity, quantity, made_at, zone in session.execute(query.where(*wanted)):
        if until is None or day_in(zone, made_at) <= until:
            found[memo_figure(nature), commodity] += quantity
    return found


def _unconfirmed_of(
    session: ReadSession, campaigns: Sequence[Campaign]
) -> dict[UUID, Counter[tuple[str, str]]]:
    """Return the same of several campaigns, by campaign."""
    query = (
        select(Pledge.campaign_id, Pledge.legal_nature, Pledge.commodity, func.sum(Pledge.quantity))
        .where(
            Pledge.unconfirmed == true(),
            Pledge.book_id.in_({campaign.book_id for campaign in campaigns}),
            Pledge.campaign_id.in_([campaign.id for campaign in campaigns]),
        )
        .group_by(Pledge.campaign_id, Pledge.legal_nature, Pledge.commodity)
    )
    found: defaultdict[UUID, Counter[tuple[str, str]]] = defaultdict(Counter)
    for campaign_id, nature, commodity, quantity in session.execute(query):
        if campaign_id is not None:
            found[campaign_id][memo_figure(nature), commodity] += int(quantity)
    return found


def memo_figure(nature: str) -> str:
    """Return the figure that counts a promise of a legal nature."""
    return Figure.CONDITIONAL if nature == "conditional" else Figure.INTENDED


def rows_of(
    scope: Scope, flows: Quantities, at_end: Quantities, unconfirmed: Quantities
) -> tuple[Row, ...]:
    """Return the figures of a scope, money first, from its sums; ``unconfirmed`` is what its
    promises hold that no donor has confirmed."""
    commodities = {commodity for _figure, commodity in {*flows, *at_end}}
    rows = [_row(scope, unit, flows, at_end, unconfirmed) for unit in commodities]
    shown = [row for row in rows if row != Row(row.commodity, row.kind)]
    return tuple(sorted(shown, key=lambda row: (KINDS.index(row.kind), row.commodity)))


def _row(
    scope: Scope, unit: str, flows: Quantities, at_end: Quantities, unconfirmed: Quantities
) -> Row:
    def came(figure: Figure) -> int:
        return flows.get((figure, unit), 0)

    def stands(figure: Figure) -> int:
        return at_end.get((figure, unit), 0)

    kind = kind_of(unit)
    valued = kind in ("money", "holdings")
    there, away = came(Figure.FROM_COMMUNITIES), came(Figure.TO_COMMUNITIES)
    if not valued and away < 0:
        # Things and hours have one account for both ways.
        there, away = -away, 0
    held = stands(Figure.HELD)
    available = stands(Figure.MONEY) if valued else stands(Figure.CUSTODY)
    if scope.kind == EVERYTHING:
        # What communities gave each other, hold and keep for each other is nobody else's.
        inside = min(there, away)
        there, away = there - inside, away - inside
        held = held - stands(Figure.IN_POOLS) if valued else 0
        available += stands(Figure.IN_POOLS)
    else:
        held += stands(Figure.HELD_FOR_POOLS)
    return Row(
        commodity=unit,
        kind=kind,
        brought_forward=came(Figure.BROUGHT_FORWARD),
        received=came(Figure.RECEIVED),
        advances=came(Figure.ADVANCES),
        other_income=came(Figure.OTHER_INCOME),
        from_communities=there,
        between_funds=came(Figure.BETWEEN_FUNDS),
        exchanged=came(Figure.EXCHANGED),
        spent=came(Figure.SPENT),
        granted=came(Figure.GRANTED),
        to_communities=away,
        in_pools=0 if scope.kind == EVERYTHING else came(Figure.IN_POOLS),
        available=available - stands(Figure.COMMITTED),
        committed=stands(Figure.COMMITTED),
        held=held,
        advances_held=stands(Figure.ADVANCES),
        owed=stands(Figure.OWED),
        intended=stands(Figure.INTENDED) - unconfirmed.get((Figure.INTENDED, unit), 0),
        conditional=stands(Figure.CONDITIONAL) - unconfirmed.get((Figure.CONDITIONAL, unit), 0),
    )
