"""Opening balances: what a book brings along, proposed with evidence and approved (event OPN)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from ledger.core import bookkeeping
from ledger.core.accounts import Acct, Layer, layer_of
from ledger.core.entry import Entry, Posting
from ledger.core.fitting_accounts import Use, check_fits
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import Asset, AssetState, Condition
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry as EntryRow
from ledger.queries.books.books import accounts_of, fund_by_code
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.books.books import check_own_fund, ensure_commodity

KIND = "opening"
_undone = aliased(EntryRow)


@dataclass(frozen=True, slots=True)
class Balance:
    """One opening balance, debit positive, in minor units or units."""

    account: int
    fund: str
    commodity: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Thing:
    """One item that is there already: its cost and what is depreciated of it, minor units."""

    tag: str
    commodity: str
    fund: str
    cost: int
    depreciated: int
    description: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a book brings along."""

    balances: tuple[Balance, ...]
    things: tuple[Thing, ...]


def propose_opening(
    session: Session,
    *,
    book: Book,
    balances: Sequence[Balance],
    things: Sequence[Thing] = (),
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask an approver to take over balances; net assets of each fund follow from them.

    Raises Invalid for an account that carries no balance or is not there, a unit that is none, an
    agency fund, or things that the counts do not hold.
    """
    if not balances:
        raise Invalid("Enter at least one balance.", place="balances")
    chart = {row.number: row for row in accounts_of(session, book.id)}
    for number, row in enumerate(balances):
        place = f"balances[{number}]"
        check_own_fund(book, fund_by_code(session, book.id, row.fund), place=f"{place}.fund")
        if not row.quantity:
            raise Invalid("A balance cannot be zero.", place=f"{place}.quantity")
        if row.account not in chart:
            raise Invalid(
                "Book {code} has no account {account}.",
                place=f"{place}.account",
                code=book.code,
                account=row.account,
            )
        check_fits(Use.OPENING, row.account, chart[row.account], place=f"{place}.account")
        try:
            ensure_commodity(session, row.commodity)
        except Invalid as error:
            raise Invalid(error.message, place=f"{place}.commodity") from error
    try:
        _entries(book, balances)
    except Invalid as error:
        raise Invalid(error.message, place="balances") from error
    counted = {
        (row.fund, row.commodity): row.quantity
        for row in balances
        if row.account == Acct.ITEMS_HELD
    }
    for thing in things:
        left = counted.get((thing.fund, thing.commodity), 0) - 1
        if left < 0:
            raise Invalid(
                "More equipment is tagged {tag} than the counts include.",
                place="things",
                tag=thing.tag,
            )
        counted[thing.fund, thing.commodity] = left
    return propose(
        session,
        book_id=book.id,
        kind=KIND,
        title=f"Opening balances of {book.name}",
        reason=reason,
        payload=Opening(tuple(balances), tuple(things)),
        made_by=made_by,
        now=now,
    )


def open_book(
    session: Session, approval_request: ApprovalRequest, payload: Opening, decision: Decision
) -> None:
    """Post the balances as one entry and put the things on the register.

    Raises Conflict when the book has opened already.
    """
    book = session.get_one(Book, approval_request.book_id)
    opened = (
        select(EntryRow.id)
        .where(
            EntryRow.book_id == book.id,
            EntryRow.source == KIND,
            ~exists().where(_undone.book_id == EntryRow.book_id, _undone.reverses == EntryRow.id),
        )
        .limit(1)
    )
    if session.scalar(opened) is not None:
        raise Conflict(
            "The opening balances of this book have already been recorded.", place="book"
        )
    journal.post(
        session,
        _entries(book, payload.balances),
        event_type="opening_balances",
        source=KIND,
        external_ref=str(approval_request.id),
        accounting_on=decision.on,
        now=decision.now,
        made_by=journal.Approved(approval_request.made_by, by=decision.by),
    )
    for thing in payload.things:
        _register(session, book, thing)
    session.flush()


def _entries(book: Book, balances: Sequence[Balance]) -> list[Entry]:
    legs = [Posting(row.account, row.fund, row.commodity, row.quantity) for row in balances]
    return bookkeeping.opening_balances(book=book.code, balances=[*legs, *_net(legs)])


def _net(legs: Sequence[Posting]) -> list[Posting]:
    """Return what closes each fund and commodity: net assets, or opening quantities."""
    totals: dict[tuple[str, Layer, str], int] = {}
    for leg in legs:
        place = (leg.fund, layer_of(leg.account), leg.commodity)
        totals[place] = totals.get(place, 0) + leg.quantity
    return [
        Posting(
            Acct.OPENING_QUANTITIES if layer is Layer.QTY else Acct.OPENING_NET_ASSETS,
            fund,
            unit,
            -total,
        )
        for (fund, layer, unit), total in totals.items()
        if total
    ]


def _register(session: Session, book: Book, thing: Thing) -> None:
    fund = session.scalars(
        select(Fund).where(Fund.book_id == book.id, Fund.code == thing.fund)
    ).one()
    session.add(
        Asset(
            book_id=book.id,
            fund_id=fund.id,
            tag=thing.tag,
            commodity=thing.commodity,
            description=thing.description,
            condition=Condition.B,
            state=AssetState.IN_CUSTODY,
            cost=thing.cost,
            depreciated=thing.depreciated,
        )
    )


register(ApprovalKind(KIND, Opening, open_book))
