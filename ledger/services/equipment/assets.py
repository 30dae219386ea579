"""Things: handed over, valued by one and approved by another, lent and returned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count, islice
from uuid import UUID

from sqlalchemy import func, select

from ledger.core import bookkeeping
from ledger.core.amount import kind_of
from ledger.core.days import day_in
from ledger.core.figures import given
from ledger.core.vocabulary import FulfilmentSource, FundClass
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import (
    Asset,
    AssetLoan,
    AssetState,
    Condition,
    Intake,
    Valuation,
    ValuationState,
)
from ledger.models.books import Book, Commodity, Fund
from ledger.models.journal import Entry, Posting
from ledger.models.parties import Party
from ledger.models.pledges import Pledge
from ledger.queries.books.books import funds_of
from ledger.queries.books.journal import told_anew
from ledger.queries.books.policies import capitalised_from
from ledger.queries.people.parties import labels_for
from ledger.queries.people.people import person_by_email
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.books.books import ensure_commodity
from ledger.services.pledges.offers import LIMITS
from ledger.services.pledges.pledges import check_place, record_fulfilment, release_for


@dataclass(frozen=True, slots=True)
class ValueAsked:
    """A value that waits for its approver; in minor units."""

    valuation: UUID
    commodity: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was received of one kind of item, in units; ``pledge`` is what it fulfils."""

    commodity: str
    quantity: int
    description: str
    condition: str
    received_on: date
    pledge: Pledge | None = None
    campaign_id: UUID | None = None
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What received items are worth together, in minor units, and how that is known."""

    currency: str
    total: int
    method: str
    evidence: str
    valued_on: date


def receive_things(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    receipt: Receipt,
    received_by: UUID | None,
    now: datetime,
) -> Intake:
    """Count things in, in units (EQP-02); each single item becomes an asset with a tag.

    Raises Invalid for what is no thing, a day ahead, a wrong number, fund or pledge, Conflict for
    a tag that is taken.
    """
    pledge = receipt.pledge
    check_receipt(book, fund, receipt)
    if receipt.received_on > day_in(book.time_zone, now):
        raise Invalid("This date is in the future.", place="received_on")
    ensure_commodity(session, receipt.commodity)
    intake = Intake(
        book_id=book.id,
        fund_id=fund.id,
        campaign_id=receipt.campaign_id,
        pledge_id=pledge.id if pledge else None,
        commodity=receipt.commodity,
        quantity=receipt.quantity,
        received_on=receipt.received_on,
        received_by=received_by,
        created_at=now,
    )
    session.add(intake)
    session.flush()
    items = tag_items(session, intake, receipt)
    entries = bookkeeping.items_received(
        book=book.code,
        fund=fund.code,
        commodity=receipt.commodity,
        quantity=receipt.quantity,
        asset=",".join(item.tag for item in items) if 0 < len(items) <= 5 else None,
        pledge=pledge.reference if pledge else None,
        released=release_for(session, pledge, receipt.quantity)[0] if pledge else 0,
    )
    labels = labels_for(
        session,
        campaign_id=receipt.campaign_id or (pledge.campaign_id if pledge else None),
        party_id=pledge.party_id if pledge else None,
    )
    posted = journal.post(
        session,
        [item.about(labels, given) for item in entries],
        event_type="items_received",
        source="intake",
        external_ref=str(intake.id),
        accounting_on=receipt.received_on,
        now=now,
        made_by=received_by,
    )
    if pledge is not None:
        record_fulfilment(
            session,
            pledge=pledge,
            entry_id=posted.ids[0],
            quantity=receipt.quantity,
            source=FulfilmentSource.ASSET,
            source_ref=str(intake.id),
            now=now,
        )
    return intake


def propose_valuation(
    session: Session,
    *,
    intake_id: UUID,
    appraisal: Appraisal,
    valued_by: UUID,
    now: datetime,
) -> Valuation:
    """Propose what received things are worth together, in minor units; an approver decides.

    From the book's threshold on they are kept as equipment, below it they count as used up.

    Raises NotFound, Conflict when they are valued or proposed already.
    """
    intake = session.get(Intake, intake_id)
    if intake is None:
        raise NotFound("This receipt of equipment does not exist.", place="intake")
    if intake.withdrawn_at is not None:
        raise Conflict("The receipt of this equipment was undone.", place="total")
    if appraisal.total <= 0:
        raise Invalid("A value must be above zero.", place="total")
    book = session.get_one(Book, intake.book_id)
    if appraisal.currency != book.commodity:
        raise Invalid("The value must be in the book's currency.", place="currency")
    known = session.scalar(
        select(Valuation.id).where(
            Valuation.intake_id == intake_id,
            Valuation.state.in_((ValuationState.PROPOSED, ValuationState.APPROVED)),
        )
    )
    if known is not None:
        raise Conflict(
            "This equipment has already been valued, or its value is waiting for approval.",
            place="total",
        )
    valuation = Valuation(
        book_id=intake.book_id,
        label=next_label(session, intake.book_id),
        intake_id=intake.id,
        commodity=intake.commodity,
        quantity=intake.quantity,
        currency=appraisal.currency,
        total=appraisal.total,
        method=appraisal.method,
        evidence=appraisal.evidence,
        capitalise=appraisal.total >= capitalised_from(session, book, day_in(book.time_zone, now)),
        valued_on=appraisal.valued_on,
        valued_by=valued_by,
        state=ValuationState.PROPOSED,
    )
    session.add(valuation)
    session.flush()
    name = session.get_one(Commodity, intake.commodity)
    noun = name.singular if intake.quantity == 1 else name.plural
    propose(
        session,
        book_id=intake.book_id,
        kind="valuation",
        title=f"Value of {intake.quantity} {noun}",
        reason=appraisal.evidence,
        payload=ValueAsked(valuation.id, appraisal.currency, appraisal.total),
        made_by=valued_by,
        now=now,
    )
    return valuation


def next_label(session: ReadSession, book_id: UUID) -> str:
    """Return the label of a book's next valuation: V-1, V-2 …"""
    number = session.scalar(
        select(func.count()).select_from(Valuation).where(Valuation.book_id == book_id)
    )
    return f"V-{(number or 0) + 1}"


def approve_valuation(
    session: Session, *, valuation_id: UUID, approved_by: UUID, on: date, now: datetime
) -> Valuation:
    """Book an approved value on the day the things came (EQP-03, EQP-04).

    Raises NotAllowed for whoever proposed it or gave the things; ``on`` is the earliest day
    where the things came later than that.
    """
    valuation = session.get(Valuation, valuation_id)
    if valuation is None or valuation.intake_id is None:
        raise NotFound("This valuation does not exist.", place="valuation")
    if valuation.state != ValuationState.PROPOSED:
        raise Conflict("This valuation has already been decided.", place="valuation")
    if valuation.valued_by == approved_by:
        raise NotAllowed("You entered this value, so you cannot approve it.")
    intake = session.get_one(Intake, valuation.intake_id)
    if approved_by == _giver(session, intake):
        raise NotAllowed("You gave this equipment, so you cannot approve its value.")
    journal.post(
        session,
        bookkeeping.items_valued(
            book=session.get_one(Book, valuation.book_id).code,
            fund=session.get_one(Fund, intake.fund_id).code,
            currency=valuation.currency,
            amount=valuation.total,
            valuation=valuation.label,
            capitalise=valuation.capitalise,
        ),
        event_type="items_valued",
        source="valuation",
        external_ref=str(valuation.id),
        accounting_on=min(intake.received_on, on),
        now=now,
        made_by=journal.Approved(valuation.valued_by, by=approved_by),
    )
    valuation.state = ValuationState.APPROVED
    valuation.approved_by = approved_by
    intake.valued = True
    if valuation.capitalise:
        _share_cost(session, intake, valuation.total)
    session.flush()
    return valuation


def _share_cost(session: Session, intake: Intake, total: int) -> None:
    """Give each single item its exact share of what they are worth together."""
    items = session.scalars(select(Asset).where(Asset.intake_id == intake.id).order_by(Asset.tag))
    rest, left = total, intake.quantity
    for item in items:
        item.cost = rest // left
        rest, left = rest - item.cost, left - 1


def reject_valuation(session: Session, *, valuation_id: UUID) -> None:
    """Note that an approver said no; another value can be proposed."""
    session.get_one(Valuation, valuation_id).state = ValuationState.REJECTED
    session.flush()


def lend(
    session: Session,
    *,
    asset_id: UUID,
    borrower_id: UUID,
    purpose: str,
    lent_on: date,
    due_on: date,
    by: UUID | None,
    now: datetime,
) -> AssetLoan:
    """Lend one item to another community's book (EQP-05). Raises Conflict when it is out."""
    asset = session.get(Asset, asset_id)
    if asset is None:
        raise NotFound("This equipment does not exist.", place="asset")
    if asset.state != AssetState.IN_CUSTODY:
        raise Conflict("This equipment is already on loan.", place="asset")
    if borrower_id == asset.book_id:
        raise Invalid("This community already owns the equipment.", place="borrower")
    if session.get(Book, borrower_id) is None:
        raise NotFound("This community does not exist.", place="borrower")
    if asset.intake_id is not None:
        came_on = session.get_one(Intake, asset.intake_id).received_on
        if lent_on < came_on:
            raise Invalid("The equipment had not been received by that day.", place="lent_on")
    if due_on < lent_on:
        raise Invalid("The return date is before the loan date.", place="due_on")
    loan = AssetLoan(
        asset_id=asset.id,
        lender_id=asset.book_id,
        borrower_id=borrower_id,
        purpose=purpose,
        lent_on=lent_on,
        due_on=due_on,
        handed_over_by=by,
    )
    session.add(loan)
    session.flush()
    _move(session, loan, asset, "item_lent", lent_on, by, now)
    asset.state = AssetState.ON_LOAN
    session.flush()
    return loan


def return_thing(
    session: Session, *, loan_id: UUID, on: date, by: UUID | None, now: datetime
) -> AssetLoan:
    """Take a lent item back. Raises NotFound, Conflict when it came back already, Invalid for a
    day before it went."""
    loan = session.get(AssetLoan, loan_id)
    if loan is None:
        raise NotFound("This loan does not exist.", place="loan")
    if loan.returned_on is not None:
        raise Conflict("This equipment has already been returned.", place="loan")
    if on < loan.lent_on:
        raise Invalid("The equipment had not been lent by that day.", place="returned_on")
    asset = session.get_one(Asset, loan.asset_id)
    _move(session, loan, asset, "item_returned", on, by, now)
    loan.returned_on = on
    asset.state = AssetState.IN_CUSTODY
    session.flush()
    return loan


def _move(
    session: Session,
    loan: AssetLoan,
    asset: Asset,
    event_type: str,
    on: date,
    by: UUID | None,
    now: datetime,
) -> None:
    event = bookkeeping.item_lent if event_type == "item_lent" else bookkeeping.item_returned
    own = borrowing_fund(session, loan)
    journal.post(
        session,
        event(
            lender=session.get_one(Book, loan.lender_id).code,
            lender_fund=session.get_one(Fund, asset.fund_id).code,
            borrower=session.get_one(Book, loan.borrower_id).code,
            borrower_fund=own,
            commodity=asset.commodity,
            quantity=1,
            asset=asset.tag,
        ),
        event_type=event_type,
        source="loan",
        external_ref=told_anew(
            session,
            book_id=loan.lender_id,
            source="loan",
            event_type=event_type,
            reference=str(loan.id),
        ),
        accounting_on=on,
        now=now,
        made_by=by,
    )


def check_receipt(book: Book, fund: Fund, receipt: Receipt) -> None:
    """Refuse what is no thing, a wrong number, condition, fund or pledge. Raises Invalid."""
    pledge = receipt.pledge
    if kind_of(receipt.commodity) != "things":
        raise Invalid("Choose the equipment that was received.", place="commodity")
    if not 0 < receipt.quantity <= LIMITS["things"]:
        raise Invalid("Enter a number between 1 and 10,000.", place="quantity")
    if receipt.condition not in tuple(Condition):
        raise Invalid("Choose a condition.", place="condition")
    if fund.book_id != book.id or fund.fund_class == FundClass.AGENCY:
        if pledge is not None:
            check_place(pledge, book, fund)
        raise Invalid("Choose one of this community's own funds.", place="fund")
    if pledge is not None:
        if pledge.commodity != receipt.commodity:
            raise Invalid("This pledge is for different equipment.", place="pledge")
        check_place(pledge, book, fund)


def _giver(session: Session, intake: Intake) -> UUID | None:
    """Return the person who gave what came in, where that is known."""
    if intake.pledge_id is None:
        return None
    party = session.get_one(Party, session.get_one(Pledge, intake.pledge_id).party_id)
    person = person_by_email(session, party.email)
    return person.id if person else party.person_id


def borrowing_fund(session: Session, loan: AssetLoan) -> str:
    """Return the fund in which the borrower has the thing, or its first unrestricted one."""
    lent = session.scalar(
        select(Fund.code)
        .join(Posting, Posting.fund_id == Fund.id)
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .where(
            Entry.book_id == loan.borrower_id,
            Entry.source == "loan",
            Entry.external_ref == str(loan.id),
            Entry.event_type == "item_lent",
        )
        .limit(1)
    )
    if lent is not None:
        return lent
    for fund in funds_of(session, loan.borrower_id):
        if fund.fund_class == FundClass.UNRESTRICTED:
            return fund.code
    raise Invalid(
        "The borrowing community has no unrestricted fund to record this in.", place="borrower"
    )


def tag_items(session: Session, intake: Intake, receipt: Receipt) -> list[Asset]:
    """Give each single item a tag of its own; bulk goods are only counted."""
    tags = receipt.tags
    if not intake.commodity.startswith("EQP.") or intake.quantity > 50:
        return []
    taken = set(session.scalars(select(Asset.tag).where(Asset.book_id == intake.book_id)))
    if len(set(tags)) < len(tags) or taken.intersection(tags):
        raise Conflict("One of these tags is already used for other equipment.", place="tags")
    stem = intake.commodity.split(".", 1)[1]
    free = (f"{stem}-{number}" for number in count(1) if f"{stem}-{number}" not in taken)
    given = [*tags[: intake.quantity]]
    given += [tag for tag in islice(free, intake.quantity) if tag not in given]
    items = []
    for tag in given[: intake.quantity]:
        items.append(
            Asset(
                book_id=intake.book_id,
                fund_id=intake.fund_id,
                tag=tag,
                commodity=intake.commodity,
                description=receipt.description,
                condition=receipt.condition,
                state=AssetState.IN_CUSTODY,
                pledge_id=intake.pledge_id,
                intake_id=intake.id,
            )
        )
    session.add_all(items)
    session.flush()
    return items


def _approve(
    session: Session, _approval_request: ApprovalRequest, payload: ValueAsked, decision: Decision
) -> None:
    approve_valuation(
        session,
        valuation_id=payload.valuation,
        approved_by=decision.by,
        on=decision.on,
        now=decision.now,
    )


def _reject(
    session: Session, _approval_request: ApprovalRequest, payload: ValueAsked, _decision: Decision
) -> None:
    reject_valuation(session, valuation_id=payload.valuation)


register(ApprovalKind("valuation", ValueAsked, _approve, _reject))
