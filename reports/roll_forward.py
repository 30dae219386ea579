"""Pledges from the start of the period to its end, by campaign and commodity (domain T-10).

Read from the journal alone, so that pledges without rows of their own (imported ones) count.
What an entry did to a pledge shows in its other legs: money, things or time that came with it,
a loss, or nothing but the pledge itself.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, and_, case, func, literal, select
from sqlalchemy.orm import aliased

from ledger.core.accounts import Acct
from ledger.db import ReadSession
from ledger.models.campaigns import Campaign
from ledger.models.journal import Entry, Posting
from ledger.models.pledges import Pledge
from reports.model import PledgeRow

OPEN = (Acct.PLEDGES_RECEIVABLE, Acct.INTENTIONS, Acct.CONDITIONAL_PLEDGES)
# Legs that go with making, releasing or recognising a pledge and bring nothing in themselves.
BESIDE = (*OPEN, Acct.PLEDGE_DISCOUNT, Acct.PLEDGE_REVENUE, Acct.COMMITMENTS_RECEIVED)
NOT_FOR_ONE = "Without a campaign"


class Change(StrEnum):
    """What an entry did to what is open."""

    PROMISED = "promised"
    RECEIVED = "received"
    RETURNED = "returned"
    LAPSED = "lapsed"
    WRITTEN_OFF = "written_off"
    CANCELLED = "cancelled"


def pledges(
    session: ReadSession,
    *,
    book_ids: Sequence[UUID],
    since: date,
    until: date,
    known_at: datetime | None = None,
) -> tuple[PledgeRow, ...]:
    """Return what was open at the start, what changed it, and what is open at the end.

    ``known_at`` leaves out what was recorded after that instant.
    """
    legs = _by_entry(book_ids, until, known_at)
    change = _change(legs)
    query = select(
        legs.c.campaign,
        legs.c.commodity,
        case((legs.c.day < since, "before"), else_=change).label("change"),
        func.sum(legs.c.quantity),
        *(func.sum(legs.c[f"on_{account}"]) for account in OPEN),
    ).group_by("campaign", "commodity", "change")
    found: dict[tuple[str, str], dict[str, list[int]]] = {}
    for campaign, commodity, name, *sums in session.execute(query):
        row = found.setdefault((campaign, commodity), {})
        row[name] = [int(value) for value in sums]
    names = _names(session, {campaign for campaign, _commodity in found})
    rows = [
        _row(names[campaign], commodity, changes)
        for (campaign, commodity), changes in found.items()
        if any(any(sums) for sums in changes.values())
    ]
    return tuple(sorted(rows, key=lambda row: (row.campaign, row.commodity)))


def _names(session: ReadSession, slugs: set[str]) -> dict[str, str]:
    """Return what campaigns are called; those of one title are told apart by their addresses."""
    query = select(Campaign.slug, Campaign.title).where(Campaign.slug.in_(slugs))
    titles = {
        **{slug: slug for slug in slugs},
        "": NOT_FOR_ONE,
        **dict(iter(session.execute(query))),
    }
    several = Counter(titles[slug] for slug in slugs)
    return {
        slug: f"{titles[slug]} ({slug})" if several[titles[slug]] > 1 else titles[slug]
        for slug in slugs
    }


def _row(campaign: str, commodity: str, changes: dict[str, list[int]]) -> PledgeRow:
    def of(name: str) -> int:
        return changes.get(name, [0])[0]

    open_now = [sum(sums[n] for sums in changes.values()) for n in range(4)]
    return PledgeRow(
        campaign,
        commodity,
        of("before"),
        of(Change.PROMISED),
        -of(Change.RECEIVED),
        of(Change.RETURNED),
        -of(Change.LAPSED),
        -of(Change.WRITTEN_OFF),
        -of(Change.CANCELLED),
        *open_now,
    )


def _by_entry(book_ids: Sequence[UUID], until: date, known_at: datetime | None) -> Subquery:
    """Return by how much each entry changed what is open of each pledge, and what came with it."""
    wanted = (Posting.book_id.in_(book_ids), Posting.accounting_on <= until)
    known = [] if known_at is None else [Entry.recorded_at <= known_at]
    beside = _beside(wanted)
    undone = aliased(Entry)
    each = (
        select(
            Posting.book_id,
            Posting.entry_id,
            Posting.pledge,
            Posting.account,
            Posting.commodity,
            Posting.quantity,
            Posting.accounting_on.label("day"),
            func.coalesce(Posting.campaign, Campaign.slug, literal("")).label("campaign"),
            # A reversal takes back what its entry did, so it stands in the same column.
            func.coalesce(undone.event_type, Entry.event_type).label("event"),
            case((Entry.reverses.is_not(None), -1), else_=1).label("turned"),
            beside.c.brings,
            beside.c.loses,
        )
        .join(Entry, and_(Entry.book_id == Posting.book_id, Entry.id == Posting.entry_id))
        .outerjoin(undone, and_(undone.book_id == Entry.book_id, undone.id == Entry.reverses))
        .join(
            beside,
            and_(beside.c.book_id == Posting.book_id, beside.c.entry_id == Posting.entry_id),
        )
        .outerjoin(
            Pledge, and_(Pledge.book_id == Posting.book_id, Pledge.reference == Posting.pledge)
        )
        .outerjoin(Campaign, Campaign.id == Pledge.campaign_id)
        .where(*wanted, *known, Posting.account.in_(OPEN))
        .subquery()
    )
    one = [column for column in each.c if column.name not in ("account", "quantity")]
    by_account = [
        func.sum(case((each.c.account == account, each.c.quantity), else_=0)).label(f"on_{account}")
        for account in OPEN
    ]
    total = func.sum(each.c.quantity).label("quantity")
    return select(*one, total, *by_account).group_by(*one).subquery()


def _beside(wanted: Sequence[ColumnElement[bool]]) -> Subquery:
    """Return, for each entry that touches a pledge, whether something came with it or was lost."""
    touched = (
        select(Posting.book_id, Posting.entry_id)
        .where(*wanted, Posting.account.in_(OPEN))
        .distinct()
        .subquery()
    )
    return (
        select(
            Posting.book_id,
            Posting.entry_id,
            func.max(case((Posting.account.in_(BESIDE), 0), else_=1)).label("brings"),
            func.max(
                case(
                    (Posting.account.in_((Acct.PLEDGE_ALLOWANCE, Acct.UNCOLLECTIBLE_PLEDGES)), 1),
                    else_=0,
                )
            ).label("loses"),
        )
        .join(
            touched,
            and_(touched.c.book_id == Posting.book_id, touched.c.entry_id == Posting.entry_id),
        )
        .group_by(Posting.book_id, Posting.entry_id)
        .subquery()
    )


def _change(legs: Subquery) -> ColumnElement[str]:
    """Return which column an entry's change stands in."""
    grew = legs.c.quantity * legs.c.turned > 0
    return case(
        (and_(grew, legs.c.brings == 1), Change.RETURNED.value),
        (grew, Change.PROMISED.value),
        (legs.c.loses == 1, Change.WRITTEN_OFF.value),
        (legs.c.event.contains("laps"), Change.LAPSED.value),
        (legs.c.brings == 1, Change.RECEIVED.value),
        else_=Change.CANCELLED.value,
    )
