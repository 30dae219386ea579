"""A pool's page for everybody: who gave, who got, what is left; shares are paid out here."""

from uuid import UUID

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from ledger.core.vocabulary import BookKind
from ledger.core.written import format_quantity
from ledger.errors import Conflict, NotFound
from ledger.ids import new_id
from ledger.models.books import Book
from ledger.models.pools import AllocationRun, RunState
from ledger.queries.books.details import details_of
from ledger.queries.campaigns import campaigns
from ledger.queries.pledges import figures
from ledger.queries.pools import pools
from ledger.queries.pools.open_balances import open_balances
from ledger.services.pools import allocations, settlement
from ledger.web.identity.sessions import fresh_needed
from ledger.web.site.context import now, page, reading, signed_in, today, visitor, write
from ledger.web.site.formatting import Flow, flow_layout

pages = Blueprint("pools", __name__)

# Campaigns on the page; the rest is one click away.
SHOWN = 12


@pages.get("/pools/<code>")
def show(code: str) -> Response:
    """Show who gave what to a pool and where it went."""
    with reading() as session:
        pool, book = pools.pool_by_code(session, code)
        members = pools.members_of(session, pool_id=book.id)
        runs = [
            run for run in pools.runs_of(session, pool_id=book.id) if run.state != RunState.REJECTED
        ]
        live = campaigns.live_page(session, book_id=book.id, limit=SHOWN)
        row = figures.figures(session, figures.scope_of_book(book)).of(book.commodity)
        held = pools.held_back(session, book=book, on=today(book))
        chart = flow_of(book, members, row.received)
        host = session.get_one(Book, pool.host_id)
        details = details_of(session, book.id)
        settles = visitor().may("settle_allocation", pool.host_id)
        still_open = open_balances(session, pool_id=book.id) if settles else []
    inside = {row.book_id for row in members}
    return page(
        "pools/pool.html",
        book=book,
        pool=pool,
        host=host,
        details=details,
        members=members,
        runs=runs,
        live=live.rows,
        more_live=live.after,
        row=row,
        left=row.available - held,
        held=held,
        chart=chart,
        may_settle=settles,
        still_open=still_open,
        may_propose=visitor().may("propose_allocation", book.id),
        may_join=[
            one
            for one in visitor().books("propose_pool")
            if one.kind == BookKind.COMMUNITY
            and one.commodity == book.commodity
            and one.id not in inside
        ],
    )


@pages.post("/pools/<code>/runs/<uuid:run_id>/settle/<uuid:book_id>")
@fresh_needed
def settle(code: str, run_id: UUID, book_id: UUID) -> Response:
    """Book the transfer of one share from the host's bank."""
    person = signed_in()
    with reading() as session:
        pool, book = pools.pool_by_code(session, code)
        run = session.get(AllocationRun, run_id)
    if run is None or run.pool_id != book.id:
        raise NotFound(_("This pool has no such allocation."))
    if not visitor().may("settle_allocation", pool.host_id):
        raise NotFound(_("This page does not exist, or you don't have access to it."))
    try:
        write(
            lambda session: allocations.settle_allocation_line(
                session,
                run_id=run_id,
                book_id=book_id,
                on=today(book),
                now=now(),
                made_by=person.id,
            )
        )
        flash(_("The transfer is booked in all books concerned."))
    except Conflict as refusal:
        flash(refusal.message)
    return redirect(url_for("pools.show", code=code), 303)


@pages.post("/pools/<code>/settle")
@fresh_needed
def settle_all(code: str) -> Response:
    """Book one transfer for each community with which anything is open."""
    person = signed_in()
    with reading() as session:
        pool, book = pools.pool_by_code(session, code)
    if not visitor().may("settle_allocation", pool.host_id):
        raise NotFound(_("This page does not exist, or you don't have access to it."))
    try:
        settled = write(
            lambda session: settlement.settle_open(
                session,
                pool_id=book.id,
                reference=str(new_id()),
                by=person.id,
                on=today(book),
                now=now(),
            )
        )
        flash(
            ngettext(
                "One transfer is booked. Make it at the bank as well.",
                "%(num)s transfers are booked. Make them at the bank as well.",
                len(settled),
            )
        )
    except Conflict as refusal:
        flash(refusal.message)
    return redirect(url_for("pools.show", code=code), 303)


def flow_of(book: Book, members: list[pools.MemberRow], gifts: int) -> Flow | None:
    """Return the chart of a pool: who gave → the pool → who got; None before any money.

    ``gifts`` is what donors gave, in minor units; less than nothing is no stream.
    """
    gave = [(row.name, row.gave) for row in members if row.gave > 0]
    if gifts > 0:
        gave.append((_("Donors"), gifts))
    got = [(row.name, row.got) for row in members if row.got > 0]
    if not gave:
        return None

    def boxes(rows: list[tuple[str, int]]) -> list[tuple[str, str, int]]:
        return [(name, format_quantity(amount, book.commodity), amount) for name, amount in rows]

    middle = [(book.name, sum(amount for _name, amount in gave))]
    streams = [((0, row), (1, 0), amount) for row, (_name, amount) in enumerate(gave)]
    streams += [((1, 0), (2, row), amount) for row, (_name, amount) in enumerate(got)]
    columns = [boxes(gave), boxes(middle), boxes(got)]
    return flow_layout([column for column in columns if column], streams)
