"""What entries add to the figures, read from the journal: for the sealer, and for what it has
not sealed yet. ``core.figures`` says what counts; here are the labels that it needs.

A leg's campaign is the one it names, or else its pledge's; its giver is who made its pledge.
Older entries may name neither: there the movement of the Stripe balance says whose payment it
was, or else the pledge that the entry made good.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, cast, func, select, type_coerce
from sqlalchemy.orm import aliased

from ledger.core.figures import GIVEN, LABELLED, NOBODY, About, Leg, Line, lines_of, role_of
from ledger.core.vocabulary import FundClass
from ledger.db import ReadSession
from ledger.models.books import Fund
from ledger.models.campaigns import Campaign
from ledger.models.journal import Entry, Posting
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Fulfilment, Pledge
from ledger.models.recurring import RecurringGift
from ledger.models.seals import Unsealed

AGENCY = FundClass.AGENCY
STRIPE = "stripe"
# Where a name of our own follows the name of a movement in an entry's reference.
MARKS = ("#", "/")

# Figure, fund, campaign, commodity, day; ids as the database writes them.
Days = Counter[tuple[str, str, str, str, str]]
# Giver, figure, campaign, commodity, day.
Givers = Counter[tuple[str, str, str, str, str]]


class FigureLines:
    """Adds up what entries of one book add to the figures, by day and by giver."""

    def __init__(self, session: ReadSession, book_id: UUID) -> None:
        self._session = session
        self._book_id = book_id
        self.days: Days = Counter()
        self.givers: Givers = Counter()
        funds = select(cast(Fund.id, Text)).where(
            Fund.book_id == book_id, Fund.fund_class == AGENCY
        )
        self._agency = frozenset(session.scalars(funds))

    def add(self, heads: Iterable[Any], legs: Mapping[str, Sequence[Any]]) -> None:
        """Add entries as ``queries.books.leaves`` reads them: ``legs`` by entry, with labels."""
        named = {leg[8] for found in legs.values() for leg in found if leg[8] is not None}
        pledges = self._pledges(named)
        made = [
            (head, [_leg(leg, pledges.get(leg[8], ("", ""))) for leg in legs[head[0]]])
            for head in heads
        ]
        bare = {head[0]: (head[4], head[5]) for head, found in made if _bare(found)}
        about = _abouts(self._session, {self._book_id}, bare)
        days, givers = self.days, self.givers
        for head, found in made:
            day = head[1]
            known = about.get(head[0], NOBODY)
            for figure, fund, commodity, quantity, campaign, giver in lines_of(
                found, agency=self._agency, about=known
            ):
                days[figure, fund, campaign, commodity, day] += quantity
                if giver and figure in GIVEN:
                    givers[giver, figure, campaign, commodity, day] += quantity

    def _pledges(self, named: set[str]) -> dict[str, tuple[str, str]]:
        """Return campaign and giver of some pledges of the book, by reference."""
        if not named:
            return {}
        query = (
            select(Pledge.reference, func.coalesce(Campaign.slug, ""), cast(Pledge.party_id, Text))
            .outerjoin(Campaign, Campaign.id == Pledge.campaign_id)
            .where(Pledge.book_id == self._book_id, _one_of(self._session, Pledge.reference))
        )
        rows = self._session.execute(query, {"some": _some(self._session, named)})
        return {reference: (slug, giver) for reference, slug, giver in rows}


def rest(session: ReadSession, *, book_id: UUID | None = None) -> list[tuple[UUID, date, Line]]:
    """Return what the entries that wait for the sealer add, with book and day; of all books, or
    of one."""
    waiting = select(Unsealed.book_id, cast(Unsealed.entry_id, Text))
    if book_id is not None:
        waiting = waiting.where(Unsealed.book_id == book_id)
    keys = session.execute(waiting).all()
    if not keys:
        return []
    # By their keys: joined to the few that wait, SQLite would read all postings.
    query = (
        select(
            Posting.book_id,
            cast(Posting.entry_id, Text),
            Entry.accounting_on,
            Entry.source,
            Entry.external_ref,
            Fund.fund_class,
            Posting.account,
            cast(Posting.fund_id, Text),
            Posting.commodity,
            Posting.quantity,
            func.coalesce(Posting.campaign, Campaign.slug, ""),
            func.coalesce(cast(Pledge.party_id, Text), ""),
        )
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .join(Fund, Fund.id == Posting.fund_id)
        .outerjoin(
            Pledge, (Pledge.book_id == Posting.book_id) & (Pledge.reference == Posting.pledge)
        )
        .outerjoin(Campaign, Campaign.id == Pledge.campaign_id)
        .where(
            Posting.book_id.in_({book for book, _entry in keys}),
            _one_of(session, Posting.entry_id, Uuid()),
        )
        .order_by(Posting.book_id, Posting.entry_id)
    )
    some = {"some": _some(session, {entry for _book, entry in keys})}
    entries = []
    for head, found in groupby(session.execute(query, some), key=lambda row: tuple(row[:5])):
        rows = list(found)
        agency = {row[7] for row in rows if row[5] == AGENCY}
        entries.append((head, agency, [Leg(*row[6:]) for row in rows]))
    bare = {head[1]: (head[3], head[4]) for head, _agency, legs in entries if _bare(legs)}
    about = _abouts(session, {head[0] for head, _agency, _legs in entries}, bare)
    return [
        (book, day, line)
        for (book, entry_id, day, _source, _reference), agency, legs in entries
        for line in lines_of(legs, agency=agency, about=about.get(entry_id, NOBODY))
    ]


def movement_of(reference: str) -> str:
    """Return the movement of the Stripe balance that an entry's reference names."""
    for mark in MARKS:
        reference = reference.partition(mark)[0]
    return reference


def _abouts(
    session: ReadSession, books: set[UUID], bare: Mapping[str, tuple[str, str]]
) -> dict[str, About]:
    """Return whose some entries are, by id; ``bare`` has source and reference of each.

    A movement of the Stripe balance says whose payment it was, and what an entry made good says
    whose pledge that was.
    """
    if not bare:
        return {}
    movements = {
        entry_id: movement_of(reference)
        for entry_id, (source, reference) in bare.items()
        if source == STRIPE
    }
    paid = _payments(session, set(movements.values()))
    made = _made_good(session, books, set(bare))
    found = {}
    for entry_id in bare:
        by_movement = paid.get(movements.get(entry_id, ""), NOBODY)
        by_pledge = made.get(entry_id, NOBODY)
        found[entry_id] = About(
            by_movement.campaign or by_pledge.campaign, by_movement.giver or by_pledge.giver
        )
    return found


def _payments(session: ReadSession, movements: set[str]) -> dict[str, About]:
    """Return whose payment each movement was, as far as it is known."""
    if not movements:
        return {}
    given = aliased(Campaign)
    query = (
        select(
            BalanceTransaction.stripe_txn_id,
            func.coalesce(Campaign.slug, given.slug, ""),
            func.coalesce(cast(Pledge.party_id, Text), cast(RecurringGift.party_id, Text), ""),
        )
        .outerjoin(Pledge, Pledge.id == BalanceTransaction.pledge_id)
        .outerjoin(Campaign, Campaign.id == Pledge.campaign_id)
        .outerjoin(RecurringGift, RecurringGift.id == BalanceTransaction.recurring_id)
        .outerjoin(given, given.id == RecurringGift.campaign_id)
        .where(_one_of(session, BalanceTransaction.stripe_txn_id))
    )
    rows = session.execute(query, {"some": _some(session, movements)})
    return {movement: About(slug, giver) for movement, slug, giver in rows}


def _made_good(session: ReadSession, books: set[UUID], entries: set[str]) -> dict[str, About]:
    """Return whose pledge each entry made good, where it is of one campaign and giver."""
    slug = func.coalesce(Campaign.slug, "")
    giver = cast(Pledge.party_id, Text)
    entry_id = cast(Fulfilment.entry_id, Text)
    query = (
        select(entry_id, func.min(slug), func.max(slug), func.min(giver), func.max(giver))
        .join(Pledge, Pledge.id == Fulfilment.pledge_id)
        .outerjoin(Campaign, Campaign.id == Pledge.campaign_id)
        .where(Fulfilment.book_id.in_(books), _one_of(session, Fulfilment.entry_id, Uuid()))
        .group_by(entry_id)
    )
    rows = session.execute(query, {"some": _some(session, entries)})
    return {
        entry: About(slug if slug == last else "", giver if giver == other else "")
        for entry, slug, last, giver, other in rows
    }


def _leg(row: Sequence[Any], pledge: tuple[str, str]) -> Leg:
    """Return a leg as it is read for a leaf, with the labels of its pledge."""
    return Leg(row[2], row[3], row[4], row[5], row[15] or pledge[0], pledge[1])


def _bare(legs: Sequence[Leg]) -> bool:
    """Tell whether an entry moves a figure that has a campaign, and names no giver."""
    for leg in legs:
        if leg.giver:
            # Whose pledge it is is known, and so is whether that has a campaign.
            return False
    return any(
        figure in LABELLED
        for leg in legs
        for figure, _sign in (*role_of(leg.account).always, *_flow(leg))
    )


def _flow(leg: Leg) -> tuple[tuple[Any, int], ...]:
    flow = role_of(leg.account).flow
    return () if flow is None else (flow,)


def _some(session: ReadSession, names: set[str]) -> Any:
    """Return many values as one parameter: a thousand take longer than the answer."""
    sqlite = session.connection().dialect.name == "sqlite"
    return json.dumps(sorted(names)) if sqlite else sorted(names)


def _one_of(session: ReadSession, column: Any, kind: Any = None) -> Any:
    if session.connection().dialect.name == "sqlite":
        told = func.json_each(bindparam("some", type_=Text)).table_valued("value")
        return type_coerce(column, Text).in_(select(told.c.value))
    return column == func.any(cast(bindparam("some", type_=ARRAY(Text)), ARRAY(kind or Text)))
