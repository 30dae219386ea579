"""What approvers see of requests about pools: the split, the terms, who joins and who leaves."""

from babel.dates import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from ledger.db import ReadSession
from ledger.models.agreements import Agreement
from ledger.models.books import Book
from ledger.models.pools import Pool
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.pools import pools
from ledger.schemas.allocations import RULE_NAMES
from ledger.services.approvals.agreements import AgreementAsked
from ledger.services.pools import agreements, allocations, cost_sharing, lifecycle
from ledger.services.pools.pools import ContributionAsked
from ledger.web.approvals.evidence import Evidence, register
from ledger.web.site.formatting import format_share
from ledger.web.site.locale import chosen


def _split(session: ReadSession, _row: RequestRow, payload: allocations.RunAsked) -> Evidence:
    run = pools.run_by_id(session, payload.run)
    return Evidence(about=run, terms=[(_("Rule"), str(dict(RULE_NAMES)[run.rule]))])


def _opening(_session: ReadSession, _row: RequestRow, payload: agreements.PoolTerms) -> Evidence:
    """Return what an approver agrees to by opening a pool."""
    return Evidence(
        terms=[
            (_("Code"), payload.code),
            (_("Purpose"), payload.story),
            (_("Fund that holds the money"), payload.held_fund or _("a new one")),
            (_("Host's fee"), format_share(payload.fee_basis_points, locale=chosen())),
            (
                _("Fund for the host's share"),
                payload.own_fund or _("none, because it is not a member"),
            ),
        ]
    )


def _joining(session: ReadSession, _row: RequestRow, payload: agreements.Joining) -> Evidence:
    """Return who joins which pool, who is in it, and what its host takes."""
    pool = session.get_one(Pool, payload.pool)
    members = pools.members_of(session, pool_id=pool.book_id)
    return Evidence(
        terms=[
            (_("Pool"), session.get_one(Book, pool.book_id).name),
            (_("Host"), session.get_one(Book, pool.host_id).name),
            (_("Host's fee"), format_share(pool.fee_basis_points, locale=chosen())),
            (_("Members"), ", ".join(member.name for member in members) or _("none yet")),
            (_("New member"), session.get_one(Book, payload.member).name),
        ]
    )


def _exit(session: ReadSession, _row: RequestRow, payload: AgreementAsked) -> Evidence:
    """Return whose share leaves which pool, and since when it is there."""
    share = session.get_one(Agreement, payload.commitment)
    since = format_date(share.created_at, locale=chosen())
    return Evidence(
        terms=[
            (_("Member"), session.get_one(Book, share.book_id).name),
            (_("Pool"), session.get_one(Book, share.other_id).name),
            (_("Its share"), f"{share.reference}, {since}"),
        ]
    )


def _contribution(session: ReadSession, _row: RequestRow, payload: ContributionAsked) -> Evidence:
    pool = session.get_one(Pool, payload.pool)
    return Evidence(
        terms=[
            (_("Pool"), session.get_one(Book, pool.book_id).name),
            (_("Host"), session.get_one(Book, pool.host_id).name),
            (_("Host's fee"), format_share(pool.fee_basis_points, locale=chosen())),
        ]
    )


def _shared(session: ReadSession, _row: RequestRow, payload: cost_sharing.SharedCost) -> Evidence:
    """Return each community's measure and share, and the fund that bears it."""
    shares = cost_sharing.shares_of(payload.quantity, payload.measures)
    terms, amounts = [], []
    for code, measure in payload.measures.items():
        book = book_by_code(session, code)
        bearing = payload.funds.get(code, "")
        fund = fund_by_code(session, book.id, bearing).name if bearing else ""
        terms.append((_("Measure of %(name)s", name=book.name), f"{measure:,}"))
        label = f"{book.name} ({fund})" if fund else book.name
        amounts.append((_("Share of %(name)s", name=label), shares[code], payload.commodity))
    return Evidence(terms=terms, amounts=amounts)


register("allocation", _split, part="pools/allocation_evidence.html")
register(agreements.OPENING, _opening)
register(
    agreements.JOINING,
    _joining,
    done=later("Approved. If another community hosts the pool, its approver is asked next."),
)
register(agreements.ADMISSION, _joining)
register(lifecycle.EXIT, _exit)
register(cost_sharing.KIND, _shared)
register("contribution", _contribution)
