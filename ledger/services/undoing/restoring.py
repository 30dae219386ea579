"""Put the rows beside the journal back to where they stood before an event that is undone.

The entries themselves are reversed before these run. Each raises Conflict where what came after
does not let the rows go back. Must not post.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update

from ledger.core.accounts import Acct
from ledger.core.states import MOVES, AgreementState, Move
from ledger.core.vocabulary import FulfilmentSource, PledgeState
from ledger.db import Session
from ledger.errors import Conflict
from ledger.models.agreements import Agreement, Step
from ledger.models.assets import Valuation, ValuationState
from ledger.models.deposits import DepositItem
from ledger.models.hours import HoursEntry, HoursState
from ledger.models.journal import Posting
from ledger.models.payments import BalanceTransaction, Payout
from ledger.models.pledges import Fulfilment, Pledge
from ledger.models.pools import AllocationLine, AllocationRun, RunState
from ledger.models.statements import Match, MatchRule
from ledger.services.banking.deposits import stands_again
from ledger.services.banking.repayments import restate_refund
from ledger.services.banking.suggestions import FAILED
from ledger.services.pledges.pledges import record_fulfilment, restate
from ledger.services.pledges.reopening import can_reopen
from ledger.services.stripe_balance.balance_transactions import SUSPENDED
from ledger.services.undoing.events import Event, Key, agreement_of, named, steps_of


@dataclass(frozen=True, slots=True)
class Undone:
    """An event whose entries were just reversed, and by which entries; ``kinds`` are the types of
    all events that are undone with it."""

    event: Event
    reversals: Mapping[Key, UUID]
    now: datetime
    kinds: frozenset[str] = frozenset()


Restore = Callable[[Session, Undone], None]


def fulfilments(session: Session, undone: Undone) -> None:
    """Open again what the event made good of pledges, and forget what it took off them."""
    for book_id, entry_id in sorted(undone.event.origins):
        rows = session.execute(
            select(Fulfilment, Pledge)
            .join(Pledge, Pledge.id == Fulfilment.pledge_id)
            .where(Fulfilment.book_id == book_id, Fulfilment.entry_id == entry_id)
        ).all()
        for row, pledge in rows:
            if row.quantity < 0:
                # It opened nothing, so undoing it makes nothing good.
                session.delete(row)
                session.flush()
                restate(session, pledge)
                continue
            if not can_reopen(pledge):
                raise Conflict(
                    "The pledge {reference} has since ended or depends on its campaign, so its "
                    "payment stays. Refund the money, or move it to another fund.",
                    place="entry",
                    reference=pledge.reference,
                )
            if row.quantity > _still_given(session, pledge):
                raise Conflict(
                    "Part of what came for the pledge {reference} has since been refunded.",
                    place="entry",
                    reference=pledge.reference,
                )
            record_fulfilment(
                session,
                pledge=pledge,
                entry_id=next(iter(undone.reversals.values())),
                quantity=-row.quantity,
                source=FulfilmentSource.UNDONE,
                source_ref=str(entry_id),
                now=undone.now,
            )


def steps(session: Session, undone: Undone) -> None:
    """Take back the steps of agreements, with what followed from them without an entry, and put
    the agreement into the state before."""
    for step, row in steps_of(session, undone.event):
        followed = session.scalars(
            select(Step).where(
                Step.agreement_id == row.id,
                Step.entry_id.is_(None),
                Step.name == Move.COMPLETE,
                Step.created_at >= step.created_at,
            )
        )
        for one in followed:
            row.state = _before(row, one.name)
            session.delete(one)
        row.state = _before(row, step.name)
        if step.name == Move.APPROVE:
            # Whoever wants it after all asks again.
            row.state = AgreementState.REJECTED
        session.delete(step)
        session.flush()


def _before(row: Agreement, move: Move) -> AgreementState:
    found = [
        before for (before, name), after in MOVES[row.kind].items()
        if name == move and after == row.state
    ]  # fmt: skip
    if not found:
        raise Conflict("More has happened to this agreement since.", place="entry")
    # An entry of a cancelled order stands only for one that was approved.
    return AgreementState.APPROVED if AgreementState.APPROVED in found else found[0]


def promise(session: Session, undone: Undone) -> None:
    """Take back the pledge that a promise on paper or a sponsor's terms had made."""
    for _step, row in steps_of(session, undone.event):
        pledge = session.get(Pledge, UUID(row.terms["pledge"])) if "pledge" in row.terms else None
        if pledge is not None:
            pledge.state = PledgeState.CANCELLED
    session.flush()


def increase(session: Session, undone: Undone) -> None:
    """Take back what was added to a promise."""
    for step, row in steps_of(session, undone.event):
        pledge = session.get_one(Pledge, UUID(row.terms["pledge"]))
        pledge.quantity -= step.quantity
        session.flush()
        restate(session, pledge)


def write_off(session: Session, undone: Undone) -> None:
    """Let a promise that was given up be owed again."""
    for _step, row in steps_of(session, undone.event):
        pledge = session.get_one(Pledge, UUID(row.terms["pledge"]))
        pledge.state = PledgeState.OPEN
        session.flush()
        restate(session, pledge)


def pledge_made(session: Session, undone: Undone) -> None:
    """Give up a pledge that should not be there."""
    pledge = session.get(Pledge, UUID(undone.event.first.external_ref))
    if pledge is not None:
        pledge.state = PledgeState.CANCELLED
        pledge.unconfirmed = False
        agreement = agreement_of(session, undone.event)
        if agreement is not None:
            agreement.state = AgreementState.REJECTED
        session.flush()


def pledge_open(session: Session, undone: Undone) -> None:
    """Open a pledge again that was withdrawn by mistake."""
    reference = undone.event.first.external_ref.partition("~")[0]
    pledge = session.get_one(Pledge, UUID(reference))
    pledge.state = PledgeState.OPEN
    session.flush()
    restate(session, pledge)


def gift_of_list(session: Session, undone: Undone) -> None:
    """Give up the pledge that stood for a contribution of an imported list: it was never open."""
    for book_id, entry_id in undone.event.origins:
        for pledge in session.scalars(
            select(Pledge)
            .join(Fulfilment, Fulfilment.pledge_id == Pledge.id)
            .where(
                Fulfilment.book_id == book_id,
                Fulfilment.entry_id == entry_id,
                Fulfilment.source == FulfilmentSource.GIFT_LIST,
            )
        ):
            pledge.state = PledgeState.CANCELLED
            pledge.unconfirmed = False
    session.flush()


def deposit(session: Session, undone: Undone) -> None:
    """Let the counts of a deposit lie in the box again."""
    for book_id, entry_id in undone.event.origins:
        session.execute(
            delete(DepositItem).where(
                DepositItem.book_id == book_id, DepositItem.deposit_entry_id == entry_id
            )
        )


def bounce(session: Session, undone: Undone) -> None:
    """Let a cheque stand as paid that the bank did not send back."""
    for book_id, entry_id in undone.event.origins:
        stands_again(session, book_id=book_id, entry_id=entry_id)


def arrival(session: Session, undone: Undone) -> None:
    """Let a payout be on its way again. Raises Conflict for one that Stripe has taken back."""
    lines = [
        match.bank_line_id
        for book_id, entry_id in sorted(undone.event.origins)
        for match in session.scalars(
            select(Match).where(
                Match.book_id == book_id,
                Match.entry_id == entry_id,
                Match.rule == MatchRule.PAYOUT,
            )
        )
    ]
    for payout in session.scalars(select(Payout).where(Payout.bank_line_id.in_(lines))):
        if payout.state in FAILED:
            raise Conflict(
                "Stripe has reversed this payout, so its arrival cannot be undone.", place="entry"
            )
        payout.bank_line_id = None
    session.flush()


def owed(session: Session, undone: Undone) -> None:
    """Owe a contribution no longer that was called a mistake. Raises Conflict when some of it has
    gone back."""
    txn = session.get(BalanceTransaction, undone.event.first.external_ref.partition("/")[0])
    amount = -sum(quantity for _payment, quantity in _on_refunds(session, undone))
    if txn is None:
        _check_owed(session, undone)
        return
    if txn.owed_back < amount:
        raise Conflict(
            "This contribution has since been paid back, at least in part.", place="entry"
        )
    txn.owed_back -= amount
    session.flush()


def _check_owed(session: Session, undone: Undone) -> None:
    """Refuse where a donor has more of a contribution without Stripe than is owed of it now."""
    first = undone.event.first
    rows = session.execute(
        select(Posting.pledge, Posting.payment).where(
            Posting.book_id == first.book_id,
            Posting.entry_id == first.id,
            Posting.account == Acct.REFUNDS_PAYABLE,
        )
    )
    for pledge, payment in rows:
        named = Posting.pledge == pledge if pledge else Posting.payment == payment
        left = session.scalar(
            select(func.sum(Posting.quantity)).where(
                Posting.book_id == first.book_id, Posting.account == Acct.REFUNDS_PAYABLE, named
            )
        )
        if int(left or 0) > 0:
            raise Conflict(
                "This contribution has since been paid back, at least in part.", place="entry"
            )


def repaid(session: Session, undone: Undone) -> None:
    """Owe again what a repayment had paid."""
    for payment, quantity in _on_refunds(session, undone):
        txn = session.get(BalanceTransaction, payment) if payment else None
        if txn is not None:
            txn.owed_back += quantity
            restate_refund(session, txn)


def suspense(session: Session, undone: Undone) -> None:
    """Let a payment wait again to be categorised, in the fund where it stood in suspense."""
    txn = session.get_one(BalanceTransaction, undone.event.first.external_ref)
    parked = session.scalars(
        select(Posting.fund_id).where(
            Posting.book_id == undone.event.first.book_id,
            Posting.entry_id == undone.event.first.id,
            Posting.account == Acct.UNAPPLIED_RECEIPTS,
        )
    ).first()
    txn.outcome = SUSPENDED
    txn.fund_id = parked or txn.fund_id
    session.flush()


def hours(session: Session, undone: Undone) -> None:
    """Send confirmed hours back; whoever worked them records them again."""
    row = named(session, HoursEntry, undone.event.first.external_ref)
    if row is None:
        return
    row.state = HoursState.REJECTED
    session.execute(
        update(Valuation)
        .where(Valuation.hours_id == row.id)
        .values(state=ValuationState.REJECTED)
        .execution_options(synchronize_session="fetch")
    )
    session.flush()


def valued(session: Session, undone: Undone) -> None:
    """Withdraw the value that an event was booked with."""
    labels = select(Posting.valuation).where(
        Posting.book_id == undone.event.first.book_id,
        Posting.entry_id == undone.event.first.id,
        Posting.valuation.is_not(None),
    )
    session.execute(
        update(Valuation)
        .where(Valuation.book_id == undone.event.first.book_id, Valuation.label.in_(labels))
        .values(state=ValuationState.REJECTED)
        .execution_options(synchronize_session="fetch")
    )


def allocation(session: Session, undone: Undone) -> None:
    """Decide an allocation anew."""
    run = named(session, AllocationRun, undone.event.first.external_ref)
    if run is not None:
        run.state = RunState.REJECTED
        session.flush()


def share_paid(session: Session, undone: Undone) -> None:
    """Let a share of an allocation wait for its transfer again."""
    run, _slash, rest = undone.event.first.external_ref.partition("/")
    book = rest.partition("~")[0]
    line = session.get(AllocationLine, (UUID(run), UUID(book)))
    if line is not None:
        line.settled_at = None
        session.flush()


def shares_paid(session: Session, undone: Undone) -> None:
    """Let the shares that a settlement of the pool had paid wait for their transfer again."""
    session.execute(
        update(AllocationLine)
        .where(AllocationLine.settled_at == undone.event.first.recorded_at)
        .values(settled_at=None)
        .execution_options(synchronize_session="fetch")
    )


def grant_award(session: Session, undone: Undone) -> None:
    """Give up a grant that was not awarded."""
    session.execute(
        update(Agreement)
        .where(
            Agreement.book_id == undone.event.first.book_id,
            Agreement.reference == undone.event.first.external_ref,
        )
        .values(state=AgreementState.REJECTED)
        .execution_options(synchronize_session="fetch")
    )


def _on_refunds(session: Session, undone: Undone) -> list[tuple[str | None, int]]:
    """Return what an event moved on what is owed to donors, with the payment that it is about."""
    rows = session.execute(
        select(Posting.payment, Posting.quantity).where(
            Posting.book_id == undone.event.first.book_id,
            Posting.entry_id == undone.event.first.id,
            Posting.account == Acct.REFUNDS_PAYABLE,
        )
    )
    return [(payment, quantity) for payment, quantity in rows]


def _still_given(session: Session, pledge: Pledge) -> int:
    rows = session.scalars(select(Fulfilment.quantity).where(Fulfilment.pledge_id == pledge.id))
    return sum(rows)
