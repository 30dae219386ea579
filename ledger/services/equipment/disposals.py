"""Things that leave or come back harmed: sold, scrapped, lost, given back or on, returned damaged
(events EQP-08 to -10). Proposed by one person, approved by another; amounts in minor units.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from uuid import UUID

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.entry import Entry
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import Asset, AssetLoan, AssetState
from ledger.models.books import Book, Fund
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.books.books import check_own_fund
from ledger.services.equipment.assets import borrowing_fund
from ledger.services.equipment.depreciation import plan_with, take_out, worn

DISPOSAL = "disposal"
GIVING = "giving_on"
DAMAGE = "damaged_return"
# How a thing goes: where the count goes to, and the state it leaves the thing in.
WAYS = {
    "sold": (Acct.DISPOSED, AssetState.DISPOSED),
    "scrapped": (Acct.DISPOSED, AssetState.DISPOSED),
    "lost": (Acct.LOST, AssetState.LOST),
    "returned": (Acct.RETURNED_TO_DONOR, AssetState.RETURNED_TO_DONOR),
}
PLACES = {AssetState.IN_CUSTODY: Acct.ITEMS_HELD, AssetState.DAMAGED: Acct.ITEMS_DAMAGED}


@dataclass(frozen=True, slots=True)
class Disposal:
    """A thing that is to go, and how; ``amount`` is the price or what it is still worth, whichever
    is more, in minor units."""

    asset: UUID
    way: str
    price: int
    # Requests of before the rules by amount carry none.
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Giving:
    """A thing that another community is to have; ``amount`` as in ``Disposal``."""

    asset: UUID
    receiver_fund: UUID
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Damage:
    """A lent thing that came back damaged; the loss and what the borrower pays, minor units."""

    asset: UUID
    loan: UUID
    impairment: int
    compensation: int


def propose_disposal(
    session: Session,
    *,
    asset_id: UUID,
    way: str,
    price: int,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask to let a thing go. Raises Conflict for one that is not here, Invalid for a price of
    what is not sold."""
    asset = _here(session, asset_id)
    if way not in WAYS:
        raise Invalid(
            "Choose how the equipment was disposed of: {ways}.", place="way", ways=", ".join(WAYS)
        )
    if price < 0 or (price > 0) != (way == "sold"):
        raise Invalid(
            "Enter a price if the equipment was sold. Leave it empty otherwise.", place="price"
        )
    return _propose(
        session,
        asset,
        DISPOSAL,
        f"{asset.tag} {way}",
        Disposal(asset.id, way, price, max(price, carrying(session, asset))),
        reason,
        made_by,
        now,
    )


def dispose(
    session: Session, approval_request: ApprovalRequest, payload: Disposal, decision: Decision
) -> None:
    """Take a thing off the books (EQP-09)."""
    asset = _here(session, payload.asset)
    use, state = WAYS[payload.way]
    own = _item(session, asset)
    entries = bookkeeping.item_disposed(
        book=own["book"],
        fund=own["fund"],
        item=bookkeeping.Item(
            commodity=asset.commodity,
            asset=asset.tag,
            currency=own["currency"],
            cost=asset.cost,
            depreciated=take_out(session, asset, now=decision.now),
            impaired=asset.impaired,
        ),
        price=payload.price,
        use=use,
        place=PLACES[asset.state],
    )
    _post(session, approval_request, entries, decision)
    asset.state = state
    session.flush()


def propose_giving(
    session: Session,
    *,
    asset_id: UUID,
    receiver: Book,
    fund: Fund,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask to give a thing to another community for good (EQP-10).

    Raises Invalid for oneself or a fund that is not the receiver's, Conflict for what is
    damaged or not here.
    """
    asset = _here(session, asset_id)
    if asset.state != AssetState.IN_CUSTODY:
        raise Conflict(
            "Only equipment that is in the community's custody can be given away.", place="asset"
        )
    if receiver.id == asset.book_id:
        raise Invalid("This community already owns the equipment.", place="receiver")
    check_own_fund(receiver, fund)
    payload = Giving(asset.id, fund.id, carrying(session, asset))
    title = f"{asset.tag} to {receiver.name}"
    return _propose(session, asset, GIVING, title, payload, reason, made_by, now)


def give_on(
    session: Session, approval_request: ApprovalRequest, payload: Giving, decision: Decision
) -> None:
    """Move a thing at its carrying amount, so that both books agree (EQP-10)."""
    asset = _here(session, payload.asset)
    fund = session.get_one(Fund, payload.receiver_fund)
    own = _item(session, asset)
    depreciated = take_out(session, asset, now=decision.now)
    tag = _tag_there(session, fund.book_id, asset.tag)
    entries = bookkeeping.item_given_on(
        giver=own["book"],
        giver_fund=own["fund"],
        receiver=session.get_one(Book, fund.book_id).code,
        receiver_fund=fund.code,
        item=bookkeeping.Item(
            commodity=asset.commodity,
            asset=asset.tag,
            currency=own["currency"],
            cost=asset.cost,
            depreciated=depreciated,
        ),
        receiver_asset=tag,
    )
    _post(session, approval_request, entries, decision)
    asset.state = AssetState.TRANSFERRED
    session.add(
        Asset(
            book_id=fund.book_id,
            fund_id=fund.id,
            tag=tag,
            commodity=asset.commodity,
            description=asset.description,
            condition=asset.condition,
            state=AssetState.IN_CUSTODY,
            cost=asset.cost - depreciated,
        )
    )
    session.flush()


def propose_damage(
    session: Session,
    *,
    loan_id: UUID,
    impairment: int,
    compensation: int,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask to take a lent thing back damaged (EQP-08).

    Raises Conflict when it is back already, Invalid for harm above what the thing is worth.
    """
    loan = _out(session, loan_id)
    asset = session.get_one(Asset, loan.asset_id)
    if not 0 < impairment <= carrying(session, asset) or compensation < 0:
        raise Invalid(
            "The loss must be above zero and at most the equipment's carrying amount.",
            place="impairment",
        )
    payload = Damage(asset.id, loan.id, impairment, compensation)
    title = f"{asset.tag} came back damaged"
    return _propose(session, asset, DAMAGE, title, payload, reason, made_by, now)


def take_damaged(
    session: Session, approval_request: ApprovalRequest, payload: Damage, decision: Decision
) -> None:
    """Book the return, the harm, and what the borrower owes for it (EQP-08)."""
    loan = _out(session, payload.loan)
    asset = session.get_one(Asset, loan.asset_id)
    own = _item(session, asset)
    entries = bookkeeping.item_returned_damaged(
        lender=own["book"],
        lender_fund=own["fund"],
        borrower=session.get_one(Book, loan.borrower_id).code,
        borrower_fund=borrowing_fund(session, loan),
        commodity=asset.commodity,
        asset=asset.tag,
        damage=bookkeeping.Damage(
            currency=own["currency"],
            impairment=payload.impairment,
            compensation=payload.compensation,
        ),
    )
    _post(session, approval_request, entries, decision)
    # What is harmed wears no more, or wear and harm together would exceed what it cost (I-55).
    take_out(session, asset, now=decision.now)
    loan.returned_on = decision.on
    asset.state = AssetState.DAMAGED
    asset.impaired += payload.impairment
    session.flush()


def _tag_there(session: ReadSession, book_id: UUID, tag: str) -> str:
    """Return the tag that a thing gets in another book: its own, unless another thing has it."""
    taken = set(session.scalars(select(Asset.tag).where(Asset.book_id == book_id)))
    names = chain([tag], (f"{tag}/{number}" for number in count(2)))
    return next(name for name in names if name not in taken)


def carrying(session: ReadSession, asset: Asset) -> int:
    """Return what a thing is still worth in the books, in minor units."""
    plan = plan_with(session, asset)
    done = asset.depreciated
    if plan is not None:
        done = (2 * worn(session, plan) * asset.cost + plan.quantity) // (2 * plan.quantity)
    return asset.cost - done - asset.impaired


def _here(session: Session, asset_id: UUID) -> Asset:
    asset = session.get(Asset, asset_id)
    if asset is None:
        raise NotFound("This equipment does not exist.", place="asset")
    if asset.state not in PLACES:
        raise Conflict(
            "This equipment is {value}.", place="asset", value=asset.state.replace("_", " ")
        )
    return asset


def _out(session: Session, loan_id: UUID) -> AssetLoan:
    loan = session.get(AssetLoan, loan_id)
    if loan is None:
        raise NotFound("This loan does not exist.", place="loan")
    if loan.returned_on is not None:
        raise Conflict("This equipment has already been returned.", place="loan")
    return loan


def _item(session: ReadSession, asset: Asset) -> dict[str, str]:
    book = session.get_one(Book, asset.book_id)
    return {
        "book": book.code,
        "fund": session.get_one(Fund, asset.fund_id).code,
        "currency": book.commodity,
        "commodity": asset.commodity,
        "asset": asset.tag,
    }


def _propose(
    session: Session,
    asset: Asset,
    kind: str,
    title: str,
    payload: Disposal | Giving | Damage,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    return propose(
        session,
        book_id=asset.book_id,
        kind=kind,
        title=title,
        reason=reason,
        payload=payload,
        made_by=made_by,
        now=now,
    )


def _post(
    session: Session, approval_request: ApprovalRequest, entries: list[Entry], decision: Decision
) -> None:
    journal.post(
        session,
        entries,
        event_type=approval_request.kind,
        source=approval_request.kind,
        external_ref=str(approval_request.id),
        accounting_on=decision.on,
        now=decision.now,
        made_by=journal.Approved(approval_request.made_by, by=decision.by),
    )


register(ApprovalKind(DISPOSAL, Disposal, dispose))
register(ApprovalKind(GIVING, Giving, give_on))
register(ApprovalKind(DAMAGE, Damage, take_damaged))
