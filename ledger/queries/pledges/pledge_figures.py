"""The figures of single pledges, read from the entries that are about them; one statement for all
pledges of a page.

``core.figures`` says what counts, as for every other scope: an entry is about a pledge if a leg
names it, if it made the pledge good, or if it is a Stripe balance transaction of its payment.
Quantities are in the commodity's smallest unit.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, func, select, union
from sqlalchemy.orm import aliased

from ledger.core.figures import LABELLED, About, Leg, lines_of
from ledger.db import ReadSession
from ledger.models.journal import Entry, Posting
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Fulfilment, Pledge
from ledger.queries.books.figure_lines import STRIPE
from ledger.queries.pledges.figures import PLEDGE, Figures, Scope, memo_figure, rows_of
from ledger.queries.pledges.pledges import PledgeRow

OWED_BACK = "refund_owed"


def figures_of_pledges(session: ReadSession, rows: Sequence[PledgeRow]) -> dict[UUID, Figures]:
    """Return the figures so far of some pledges, by id: what was received and is promised."""
    sums: defaultdict[UUID, Counter[tuple[str, str]]] = defaultdict(Counter)
    for pledge_id, legs in _entries(session, [row.id for row in rows]).items():
        for line in _lines(pledge_id, legs):
            sums[pledge_id][line.figure, line.commodity] += line.quantity
    found = {}
    for row in rows:
        waiting = {}
        if row.is_unconfirmed:
            waiting = {(memo_figure(row.legal_nature), row.commodity): row.quantity}
        scope = Scope(PLEDGE, row.reference)
        known = sums[row.id]
        found[row.id] = Figures(scope, None, None, rows_of(scope, known, known, waiting))
    return found


def _lines(pledge_id: UUID, entries: Sequence[Sequence[Leg]]) -> list[Any]:
    about = About(giver=pledge_id.hex)
    return [
        line
        for legs in entries
        for line in lines_of(legs, about=about)
        if line.figure in LABELLED and line.giver == pledge_id.hex
    ]


def _entries(session: ReadSession, ids: Sequence[UUID]) -> dict[UUID, list[list[Leg]]]:
    """Return the legs of each entry about some pledges, each leg with the pledge that it names."""
    if not ids:
        return {}
    about = _about(ids)
    named = aliased(Pledge)
    query = (
        select(
            about.c.pledge_id,
            Posting.book_id,
            Posting.entry_id,
            Posting.account,
            Posting.commodity,
            Posting.quantity,
            named.id,
        )
        .select_from(about)
        .join(
            Posting,
            (Posting.book_id == about.c.book_id) & (Posting.entry_id == about.c.entry_id),
        )
        .outerjoin(named, (named.book_id == Posting.book_id) & (named.reference == Posting.pledge))
    )
    found: defaultdict[UUID, dict[tuple[UUID, UUID], list[Leg]]] = defaultdict(dict)
    for pledge_id, book_id, entry_id, account, commodity, quantity, whose in session.execute(query):
        leg = Leg(account, "", commodity, quantity, giver=whose.hex if whose else "")
        found[pledge_id].setdefault((book_id, entry_id), []).append(leg)
    return {pledge_id: list(entries.values()) for pledge_id, entries in found.items()}


def _about(ids: Sequence[UUID]) -> CTE:
    """Return which entries are about which of some pledges."""
    labelled = (
        select(Pledge.id.label("pledge_id"), Posting.book_id, Posting.entry_id)
        .join(Posting, (Posting.book_id == Pledge.book_id) & (Posting.pledge == Pledge.reference))
        .where(Pledge.id.in_(ids))
    )
    other = aliased(Fulfilment)
    shared = select(other.id).where(
        other.book_id == Fulfilment.book_id,
        other.entry_id == Fulfilment.entry_id,
        other.pledge_id != Fulfilment.pledge_id,
    )
    made_good = select(Fulfilment.pledge_id, Fulfilment.book_id, Fulfilment.entry_id).where(
        Fulfilment.pledge_id.in_(ids), ~shared.exists()
    )
    # An outer join, so that no database reads all entries of Stripe to find these few.
    moved = (
        select(BalanceTransaction.pledge_id, Entry.book_id, Entry.id)
        .join(Pledge, Pledge.id == BalanceTransaction.pledge_id)
        .outerjoin(
            Entry,
            (Entry.book_id == Pledge.book_id)
            & (Entry.source == STRIPE)
            & (Entry.external_ref == BalanceTransaction.stripe_txn_id),
        )
        .where(BalanceTransaction.pledge_id.in_(ids))
    )
    # What is owed back of one payment a second time has a number behind the payment's name.
    numbered = BalanceTransaction.stripe_txn_id + "/"
    owed_again = (
        select(BalanceTransaction.pledge_id, Entry.book_id, Entry.id)
        .join(
            Entry,
            (Entry.book_id == BalanceTransaction.book_id)
            & (Entry.event_type == OWED_BACK)
            & (func.substr(Entry.external_ref, 1, func.length(numbered)) == numbered),
        )
        .where(BalanceTransaction.pledge_id.in_(ids), BalanceTransaction.owed_back > 0)
    )
    return union(labelled, made_good, moved, owed_again).cte("about")
