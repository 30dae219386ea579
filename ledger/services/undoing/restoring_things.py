"""Put equipment back to where it was before an event that is undone: items, loans, plans of
depreciation. Raises Conflict where what came after does not let it. Must not post."""

from uuid import UUID

from sqlalchemy import or_, select, update

from ledger.core.accounts import Acct
from ledger.core.payloads import from_document
from ledger.core.states import AgreementKind, AgreementState
from ledger.db import ReadSession, Session
from ledger.errors import Conflict
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import Asset, AssetLoan, AssetState, Intake, Valuation, ValuationState
from ledger.models.books import Book, Fund
from ledger.models.journal import Posting
from ledger.queries.accounting.periods import closed_until
from ledger.services.accounting.opening_balances import Opening
from ledger.services.approvals.agreements import NewAgreement, open_agreement
from ledger.services.equipment.depreciation import worn
from ledger.services.equipment.disposals import Damage, Disposal, Giving
from ledger.services.undoing.events import named
from ledger.services.undoing.restoring import Undone

# What a code may hold, less what tells withdrawn items apart.
LONGEST_TAG = 50


def received(session: Session, undone: Undone) -> None:
    """Take items off the register that were not received. Raises Conflict where one has left."""
    intake = named(session, Intake, undone.event.first.external_ref)
    if intake is None:
        return
    items = session.scalars(select(Asset).where(Asset.intake_id == intake.id)).all()
    for item in items:
        _withdraw(session, item)
    session.execute(
        update(Valuation)
        .where(Valuation.intake_id == intake.id)
        .values(state=ValuationState.REJECTED)
        .execution_options(synchronize_session="fetch")
    )
    intake.withdrawn_at, intake.valued = undone.now, True
    session.flush()


def appraised(session: Session, undone: Undone) -> None:
    """Let received items wait for their value again."""
    valuation = named(session, Valuation, undone.event.first.external_ref)
    if valuation is None or valuation.intake_id is None:
        return
    intake = session.get_one(Intake, valuation.intake_id)
    closed = closed_until(session, {intake.book_id}).get(intake.book_id)
    if closed and intake.received_on <= closed and "items_received" not in undone.kinds:
        raise Conflict(
            "The equipment was received in a period that is closed, which leaves none without a "
            "value. Undo its receipt, or reopen the period.",
            place="entry",
        )
    for plan in _plans(session, intake.id):
        plan.state = AgreementState.ENDED
    valuation.state = ValuationState.REJECTED
    intake.valued = False
    for item in session.scalars(select(Asset).where(Asset.intake_id == valuation.intake_id)):
        item.cost = item.depreciated = 0
    session.flush()


def lent(session: Session, undone: Undone) -> None:
    """Take an item back that was not lent."""
    loan = named(session, AssetLoan, undone.event.first.external_ref)
    if loan is None:
        return
    asset = session.get_one(Asset, loan.asset_id)
    _check_state(asset, AssetState.ON_LOAN)
    asset.state = AssetState.IN_CUSTODY
    loan.returned_on = loan.lent_on
    session.flush()


def returned(session: Session, undone: Undone) -> None:
    """Leave an item with its borrower that did not come back."""
    loan = session.get(AssetLoan, UUID(undone.event.first.external_ref.partition("~")[0]))
    if loan is None:
        return
    asset = session.get_one(Asset, loan.asset_id)
    _check_state(asset, AssetState.IN_CUSTODY)
    loan.returned_on = None
    asset.state = AssetState.ON_LOAN
    session.flush()


def came_back_damaged(session: Session, undone: Undone) -> None:
    """Leave an item with its borrower, unharmed."""
    asked = _asked(session, undone)
    payload = from_document(Damage, asked.arguments)
    loan = session.get_one(AssetLoan, payload.loan)
    asset = session.get_one(Asset, payload.asset)
    _check_state(asset, AssetState.DAMAGED)
    loan.returned_on = None
    asset.state = AssetState.ON_LOAN
    asset.impaired -= payload.impairment
    _wear_again(session, undone, asset)


def let_go(session: Session, undone: Undone) -> None:
    """Take an item back onto the register that did not leave."""
    asked = _asked(session, undone)
    asset = session.get_one(Asset, from_document(Disposal, asked.arguments).asset)
    damaged = session.scalar(
        select(Posting.line).where(
            Posting.book_id == undone.event.first.book_id,
            Posting.entry_id == undone.event.first.id,
            Posting.account == Acct.ITEMS_DAMAGED,
        )
    )
    asset.state = AssetState.DAMAGED if damaged else AssetState.IN_CUSTODY
    if not damaged:
        _wear_again(session, undone, asset)
    session.flush()


def given_on(session: Session, undone: Undone) -> None:
    """Take an item back from the community that it was given to."""
    payload = from_document(Giving, _asked(session, undone).arguments)
    asset = session.get_one(Asset, payload.asset)
    tags = select(Posting.asset).where(
        or_(
            *(
                (Posting.book_id == book_id) & (Posting.entry_id == entry_id)
                for book_id, entry_id in undone.event.keys
                if book_id != asset.book_id
            )
        ),
        Posting.asset.is_not(None),
    )
    receiver = session.get_one(Fund, payload.receiver_fund).book_id
    for item in session.scalars(
        select(Asset).where(Asset.book_id == receiver, Asset.tag.in_(tags))
    ).all():
        _withdraw(session, item)
    asset.state = AssetState.IN_CUSTODY
    _wear_again(session, undone, asset)


def opened(session: Session, undone: Undone) -> None:
    """Take items off the register that the opening balances had put there."""
    asked = named(session, ApprovalRequest, undone.event.first.external_ref)
    if asked is None:
        return
    tags = [thing.tag for thing in from_document(Opening, asked.arguments).things]
    for item in session.scalars(
        select(Asset).where(Asset.book_id == asked.book_id, Asset.tag.in_(tags))
    ).all():
        _withdraw(session, item)


def _withdraw(session: Session, item: Asset) -> None:
    """Note that an item was never here; its tag is free for another."""
    _check_state(item, AssetState.IN_CUSTODY)
    item.state = AssetState.WITHDRAWN
    item.tag = f"{item.tag[:LONGEST_TAG]}~{item.id.hex[-8:]}"
    item.cost = item.depreciated = item.impaired = 0
    session.flush()


def _check_state(item: Asset, state: AssetState) -> None:
    if item.state != state:
        raise Conflict(
            "The equipment {tag} is {state} by now.",
            place="entry",
            tag=item.tag,
            state=item.state.replace("_", " "),
        )


def _asked(session: ReadSession, undone: Undone) -> ApprovalRequest:
    return session.get_one(ApprovalRequest, UUID(undone.event.first.external_ref))


def _plans(session: ReadSession, intake_id: UUID) -> list[Agreement]:
    plans = session.scalars(
        select(Agreement)
        .where(Agreement.kind == AgreementKind.DEPRECIATION)
        .order_by(Agreement.created_at, Agreement.id)
    )
    return [plan for plan in plans if plan.terms["intake"] == str(intake_id)]


def _rest_of(session: ReadSession, plan: Agreement, asset: Asset) -> Agreement | None:
    """Return the plan that went on with the others when an item was taken out of theirs, unless
    something was depreciated by it since."""
    for other in _plans(session, UUID(plan.terms["intake"])):
        if (
            other.state != AgreementState.ENDED
            and other.quantity == plan.quantity - asset.cost
            and other.terms["brought"] == worn(session, plan) - asset.depreciated
            and worn(session, other) == other.terms["brought"]
            and "asset" not in other.terms
        ):
            return other
    return None


def _wear_again(session: Session, undone: Undone, asset: Asset) -> None:
    """Give an item a plan of its own again with what of it was worn when it was taken out."""
    if asset.intake_id is None:
        session.flush()
        return
    ended = [
        plan
        for plan in _plans(session, asset.intake_id)
        if plan.state == AgreementState.ENDED
        and plan.terms.get("asset", str(asset.id)) == str(asset.id)
    ]
    if ended:
        plan = ended[-1]
        done = asset.depreciated
        rest = _rest_of(session, plan, asset)
        if plan.quantity == asset.cost or rest is not None:
            # Nothing was depreciated since by what was left of its plan: that goes on as it was.
            if rest is not None:
                rest.state = AgreementState.ENDED
            over = worn(session, plan) == plan.quantity
            plan.state = AgreementState.WORN_OUT if over else AgreementState.ACTIVE
            asset.depreciated = 0
            session.flush()
            return
        open_agreement(
            session,
            agreement=NewAgreement(
                kind=AgreementKind.DEPRECIATION,
                book=session.get_one(Book, plan.book_id),
                fund=session.get_one(Fund, plan.fund_id),
                quantity=asset.cost,
                title=plan.title,
                terms={**plan.terms, "asset": str(asset.id), "brought": done},
            ),
            state=AgreementState.ACTIVE if done < asset.cost else AgreementState.WORN_OUT,
            made_by=plan.made_by,
            now=undone.now,
        )
        asset.depreciated = 0
    session.flush()
