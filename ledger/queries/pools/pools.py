"""Questions about pools: members, what each gave and got, what is left, past allocations.

Amounts in minor units of the pool's currency.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import aliased

from ledger.core.accounts import BY_NUMBER
from ledger.core.allocation import AllocationRule
from ledger.core.figures import Figure, role_of
from ledger.core.vocabulary import BookKind, PartyKind, PledgeState
from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.books import Book, Fund
from ledger.models.journal import Posting
from ledger.models.parties import Party
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Fulfilment, Pledge
from ledger.models.pools import AllocationLine, AllocationRun, Pool, PoolMember, RunState
from ledger.queries.books.policies import policy_of
from ledger.queries.pledges.figures import Row, figures, scope_of_book

# Accounts by which money passes between books, and those of money itself.
BETWEEN = {
    figure: tuple(number for number in BY_NUMBER if role_of(number).flow == (figure, sign))
    for figure, sign in ((Figure.FROM_COMMUNITIES, -1), (Figure.TO_COMMUNITIES, 1))
}
MONEY = tuple(number for number in BY_NUMBER if role_of(number).money)
IN_KIND = ("things", "hours")


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member of a pool, what it gave and what it got."""

    book_id: UUID
    code: str
    name: str
    fund_id: UUID
    fund: str
    gave: int
    got: int


@dataclass(frozen=True, slots=True)
class RunRow:
    """An allocation with its lines: (code, name, quantity, whether paid out, residue)."""

    id: UUID
    commodity: str
    quantity: int
    rule: AllocationRule
    purpose: str
    state: RunState
    inputs: dict[str, Any]
    inputs_sha256: str
    created_at: datetime
    lines: tuple[tuple[UUID, str, str, int, bool, bool], ...]


@dataclass(frozen=True, slots=True)
class PoolRow:
    """A pool as one of its communities sees it; the fee in hundredths of a percent."""

    code: str
    name: str
    host: str
    is_host: bool
    fee_basis_points: int
    members: tuple[str, ...]


def hosted_by(session: ReadSession, book_id: UUID) -> list[Book]:
    """Return the books of the pools that a community hosts, by code."""
    query = select(Book).join(Pool, Pool.book_id == Book.id).where(Pool.host_id == book_id)
    return list(session.scalars(query.order_by(Book.code)))


def host_ids(session: ReadSession) -> set[UUID]:
    """Return which communities host a pool."""
    return set(session.scalars(select(Pool.host_id)))


def pool_by_code(session: ReadSession, code: str) -> tuple[Pool, Book]:
    """Return a pool with its book. Raises NotFound."""
    row = session.execute(
        select(Pool, Book).join(Book, Book.id == Pool.book_id).where(Book.code == code)
    ).one_or_none()
    if row is None:
        raise NotFound("This pool does not exist.", place="pool")
    return row[0], row[1]


def pools_of(session: ReadSession, *, book_id: UUID) -> list[Book]:
    """Return the pools that a community is a member of."""
    return list(
        session.scalars(
            select(Book)
            .join(PoolMember, PoolMember.pool_id == Book.id)
            .where(PoolMember.book_id == book_id)
            .order_by(Book.code)
        )
    )


def pools_around(session: ReadSession, *, book_id: UUID) -> list[PoolRow]:
    """Return the pools that a community hosts or is a member of, by name; a pool itself as well."""
    host = aliased(Book)
    mine = select(PoolMember.pool_id).where(PoolMember.book_id == book_id)
    found = session.execute(
        select(Book, host.name, Pool.fee_basis_points, Pool.host_id)
        .join(Pool, Pool.book_id == Book.id)
        .join(host, host.id == Pool.host_id)
        .where(or_(Book.id == book_id, Pool.host_id == book_id, Book.id.in_(mine)))
        .order_by(Book.name, Book.id)
    ).all()
    members: dict[UUID, list[str]] = {row[0].id: [] for row in found}
    names = (
        select(PoolMember.pool_id, Book.name)
        .join(Book, Book.id == PoolMember.book_id)
        .where(PoolMember.pool_id.in_(members))
        .order_by(PoolMember.pool_id, PoolMember.member_seq)
    )
    for pool_id, name in session.execute(names):
        members[pool_id].append(name)
    return [
        PoolRow(book.code, book.name, host_name, host_id == book_id, fee, tuple(members[book.id]))
        for book, host_name, fee, host_id in found
    ]


def pools_to_join(session: ReadSession, *, book: Book) -> list[Book]:
    """Return the pools in a community's currency of which it is no member, by code."""
    joined = select(PoolMember.pool_id).where(PoolMember.book_id == book.id)
    query = select(Book).where(
        Book.kind == BookKind.POOL, Book.commodity == book.commodity, Book.id.not_in(joined)
    )
    return list(session.scalars(query.order_by(Book.code)))


def members_of(session: ReadSession, *, pool_id: UUID) -> list[MemberRow]:
    """Return the members of a pool in the order that settles ties."""
    gave = _by_counterparty(session, pool_id, Figure.FROM_COMMUNITIES)
    got = _by_counterparty(session, pool_id, Figure.TO_COMMUNITIES)
    query = (
        select(Book, Fund)
        .join(PoolMember, PoolMember.book_id == Book.id)
        .join(Fund, Fund.id == PoolMember.fund_id)
        .where(PoolMember.pool_id == pool_id)
        .order_by(PoolMember.member_seq)
    )
    return [
        MemberRow(
            book.id,
            book.code,
            book.name,
            fund.id,
            fund.code,
            -gave.get(book.id, 0),
            got.get(book.id, 0),
        )
        for book, fund in session.execute(query)
    ]


def available(session: ReadSession, *, pool_id: UUID, on: date, commodity: str = "") -> int:
    """Return what a pool may still allocate of a commodity, in its smallest unit.

    Money: what is available (``queries.pledges.figures``) less what is held back (domain
    section 6). Hours and things: what is pledged and open as well.
    """
    book = session.get_one(Book, pool_id)
    row = figures(session, scope_of_book(book)).of(commodity or book.commodity)
    return _allocatable(session, book, row, on)


def allocatable(session: ReadSession, *, pool_id: UUID, on: date) -> dict[str, int]:
    """Return what a pool may still allocate by commodity: its money first, whatever is left of
    it, then hours and things of which there are any."""
    book = session.get_one(Book, pool_id)
    found = figures(session, scope_of_book(book))
    left = {book.commodity: _allocatable(session, book, found.of(book.commodity), on)}
    for row in found.rows:
        there = _allocatable(session, book, row, on)
        if row.kind in IN_KIND and there > 0:
            left[row.commodity] = there
    return left


def _allocatable(session: ReadSession, book: Book, row: Row, on: date) -> int:
    if row.kind in IN_KIND:
        return row.available + row.intended
    held = held_back(session, book=book, on=on) if row.commodity == book.commodity else 0
    return row.available - held


def held_back(session: ReadSession, *, book: Book, on: date) -> int:
    """Return what of a book's money may still be taken back by givers' banks, in minor units.

    A part of young card gifts by the book's policy, rounded up, and all of bank debits that can
    be returned. Gifts that were refunded since are counted as well: the figure errs on the safe
    side until their days are over.
    """
    policy = policy_of(session, book, on)
    cards = _gifts_since(session, book, on - timedelta(days=policy.holdback_days), "charge")
    debits = _gifts_since(session, book, on - timedelta(days=policy.debit_return_days), "payment")
    return -(-cards * policy.holdback_points // 10_000) + debits


def gifts_to_match(
    session: ReadSession, *, pool_id: UUID, since: date, until: date
) -> dict[str, list[int]]:
    """Return what each party gave each member's fund in a round, smallest first, by member.

    Money that was pledged and came, less refunds; one figure for each address, whatever number of
    gifts were made with it. Communities are no party here, and what was charged back does not
    count.
    """
    pool = session.get_one(Book, pool_id)
    begin, end = _instant(since), _instant(until + timedelta(days=1))
    # A gift without signing in is a party of its own; split into many it must not weigh more.
    giver = case((Party.email != "", Party.email), else_=Party.reference)
    query = (
        select(Book.code, giver, func.sum(Fulfilment.quantity))
        .select_from(PoolMember)
        .join(Book, Book.id == PoolMember.book_id)
        .join(Pledge, (Pledge.book_id == Book.id) & (Pledge.fund_id == PoolMember.fund_id))
        .join(Party, Party.id == Pledge.party_id)
        .join(Fulfilment, Fulfilment.pledge_id == Pledge.id)
        .where(
            PoolMember.pool_id == pool_id,
            Pledge.commodity == pool.commodity,
            Pledge.state != PledgeState.CHARGED_BACK,
            Party.kind != PartyKind.COMMUNITY,
            Fulfilment.created_at >= begin,
            Fulfilment.created_at < end,
        )
        .group_by(Book.code, giver)
    )
    gifts: dict[str, list[int]] = {}
    for code, _party, amount in session.execute(query):
        if amount > 0:
            gifts.setdefault(code, []).append(int(amount))
    return {code: sorted(amounts) for code, amounts in gifts.items()}


def runs_of(session: ReadSession, *, pool_id: UUID, limit: int = 20) -> list[RunRow]:
    """Return the allocations of a pool with their lines, newest first."""
    runs = session.scalars(
        select(AllocationRun)
        .where(AllocationRun.pool_id == pool_id)
        .order_by(AllocationRun.created_at.desc(), AllocationRun.id)
        .limit(limit)
    ).all()
    return [_row(session, run) for run in runs]


def run_by_id(session: ReadSession, run_id: UUID) -> RunRow:
    """Return one allocation. Raises NotFound."""
    run = session.get(AllocationRun, run_id)
    if run is None:
        raise NotFound("This allocation does not exist.", place="run")
    return _row(session, run)


def _row(session: ReadSession, run: AllocationRun) -> RunRow:
    query = (
        select(AllocationLine, Book)
        .join(Book, Book.id == AllocationLine.book_id)
        .where(AllocationLine.run_id == run.id)
        .order_by(AllocationLine.position)
    )
    return RunRow(
        id=run.id,
        commodity=run.commodity,
        quantity=run.quantity,
        rule=run.rule,
        purpose=run.purpose,
        state=run.state,
        inputs=run.inputs,
        inputs_sha256=run.inputs_sha256,
        created_at=run.created_at,
        lines=tuple(
            (
                book.id,
                book.code,
                book.name,
                line.quantity,
                line.settled_at is not None,
                line.residue,
            )
            for line, book in session.execute(query)
        ),
    )


def _gifts_since(session: ReadSession, book: Book, since: date, kind: str) -> int:
    """Return what came in through Stripe after a day by one kind of movement, in minor units.

    Stripe's ``charge`` is a card; ``payment`` is every other way, bank debits among them.
    """
    total = session.scalar(
        select(func.coalesce(func.sum(BalanceTransaction.amount), 0)).where(
            BalanceTransaction.book_id == book.id,
            BalanceTransaction.commodity == book.commodity,
            BalanceTransaction.kind == kind,
            BalanceTransaction.amount > 0,
            BalanceTransaction.posted_at.is_not(None),
            BalanceTransaction.created_at >= _instant(since),
        )
    )
    return int(total or 0)


def _instant(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _by_counterparty(session: ReadSession, pool_id: UUID, figure: Figure) -> dict[UUID | None, int]:
    """Return what money came from each book or went there: legs of the accounts of a figure, in
    entries that move money (``core.figures``)."""
    other = aliased(Posting)
    moves = select(other.line).where(
        other.book_id == Posting.book_id,
        other.entry_id == Posting.entry_id,
        other.account.in_(MONEY),
    )
    rows = session.execute(
        select(Posting.counterparty_id, func.sum(Posting.quantity))
        .where(
            Posting.book_id == pool_id,
            Posting.account.in_(BETWEEN[figure]),
            moves.exists(),
        )
        .group_by(Posting.counterparty_id)
    )
    return {book_id: int(quantity) for book_id, quantity in rows}
