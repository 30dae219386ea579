"""Money between a book's own funds: a restriction ends, a board sets aside or covers a hole
(events REL-2, REL-3, COR-2); minor units. Proposed by one person, approved by another.
"""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.core.entry import Entry
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Book, Fund
from ledger.models.proposals import Proposal
from ledger.services.accounting.fund_control import hold
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.books.books import check_own_fund

RELEASE = "release"
DESIGNATION = "designation"
TITLES = {RELEASE: "Restriction ends", DESIGNATION: "Move between funds"}
FREE = ("unrestricted", "designated")
TIMED = ("time", "purpose_time")


def propose_release(
    session: Session,
    *,
    from_fund: Fund,
    to_fund: Fund,
    amount: int,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> Proposal:
    """Ask to free money whose time restriction has ended (REL-2).

    Raises Invalid unless it goes from a fund restricted in time to a free one.
    """
    if from_fund.fund_class not in TIMED:
        raise Invalid("This fund is not restricted in time.", place="from_fund")
    funds = (from_fund, to_fund)
    return _propose(session, RELEASE, funds, amount, reason=reason, made_by=made_by, now=now)


def propose_designation(
    session: Session,
    *,
    from_fund: Fund,
    to_fund: Fund,
    amount: int,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> Proposal:
    """Ask to move free money: set aside (REL-3), or to cover another fund's hole (COR-2).

    Raises Invalid when the money is not free to move.
    """
    if from_fund.fund_class not in FREE:
        raise Invalid("Only free money can be moved by the board.", place="from_fund")
    funds = (from_fund, to_fund)
    return _propose(session, DESIGNATION, funds, amount, reason=reason, made_by=made_by, now=now)


def release(session: Session, proposal: Proposal, *, by: UUID, on: date, now: datetime) -> None:
    """Post a release. Raises Conflict before the restriction's last day or without the money."""
    fund = session.get_one(Fund, UUID(proposal.arguments["from_fund"]))
    until = fund.restriction_until_on
    if until is not None and on <= until:
        raise Conflict(f"The restriction lasts until {until.isoformat()}.", place="from_fund")
    _move(session, proposal, bookkeeping.restriction_released, by, on, now)


def designate(session: Session, proposal: Proposal, *, by: UUID, on: date, now: datetime) -> None:
    """Post a move of free money. Raises Conflict when the fund has less."""
    _move(session, proposal, bookkeeping.funds_designated, by, on, now)


def _propose(
    session: Session,
    kind: str,
    funds: tuple[Fund, Fund],
    amount: int,
    *,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> Proposal:
    from_fund, to_fund = funds
    book = session.get_one(Book, from_fund.book_id)
    check_own_fund(book, from_fund, place="from_fund")
    check_own_fund(book, to_fund, place="to_fund")
    if from_fund.id == to_fund.id:
        raise Invalid("Name two funds.", place="to_fund")
    if amount <= 0:
        raise Invalid("Give an amount above zero.", place="amount")
    return propose(
        session,
        book_id=book.id,
        kind=kind,
        title=f"{TITLES[kind]}: {from_fund.code} to {to_fund.code}",
        reason=reason,
        arguments={
            "from_fund": str(from_fund.id),
            "to_fund": str(to_fund.id),
            "quantity": amount,
            "commodity": book.commodity,
        },
        made_by=made_by,
        now=now,
    )


def _move(
    session: Session,
    proposal: Proposal,
    event: Callable[..., list[Entry]],
    by: UUID,
    on: date,
    now: datetime,
) -> None:
    asked = proposal.arguments
    book = session.get_one(Book, proposal.book_id)
    fund = hold(session, UUID(asked["from_fund"]), asked["quantity"])
    journal.post(
        session,
        event(
            book=book.code,
            from_fund=fund.code,
            to_fund=session.get_one(Fund, UUID(asked["to_fund"])).code,
            currency=asked["commodity"],
            amount=asked["quantity"],
        ),
        event_type=proposal.kind,
        source=proposal.kind,
        external_ref=str(proposal.id),
        accounting_on=on,
        now=now,
        made_by=proposal.made_by,
        approved_by=by,
    )
