"""Money owed back to donors that leaves by the bank: a contribution made by mistake, a refund that
was returned, money that came for a goal which was missed (REF-3, REF-5, PAY-13); minor units.

What Stripe sends back itself is settled in ``payments``.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.entry import Entry
from ledger.core.figures import given
from ledger.core.vocabulary import FulfilmentSource, RefundState
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id, uuid_of
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry as EntryRow
from ledger.models.journal import Posting
from ledger.models.payments import BalanceTransaction, Refund
from ledger.models.pledges import Pledge
from ledger.models.statements import Match, MatchRule
from ledger.queries.books.funds import on_account
from ledger.queries.payments.owed_refunds import BOUNCED, owed_of_pledge
from ledger.queries.people.parties import labels_of_payment
from ledger.queries.pledges.pledges import pledge_by_reference
from ledger.services.banking.items import open_item, reference_of, tie
from ledger.services.books import journal
from ledger.services.pledges.pledges import record_fulfilment
from ledger.services.stripe_balance.balance_transactions import fund_of

EVENT = "owed_refund_repaid"


@dataclass(frozen=True, slots=True)
class Debt:
    """What is owed to a donor: of a movement of Stripe, or of a pledge that was paid without."""

    fund: Fund
    amount: int
    commodity: str
    txn: BalanceTransaction | None
    pledge: Pledge | None
    # The entry that brought it, where there is neither.
    entry: str | None = None


def match_repaid(
    session: Session, *, line_id: UUID, owed: str, by: UUID | None, now: datetime
) -> None:
    """Book an outgoing line as what was owed back to a donor.

    Raises Invalid for incoming money, and as ``repay`` otherwise.
    """
    line = open_item(session, line_id)
    if line.amount >= 0:
        raise Invalid("Only outgoing money can pay a donor back.", place="line")
    if line.account != Acct.BANK:
        raise Conflict(
            "Lines of this account can only be matched to existing journal entries.", place="line"
        )
    debt = _debt(session, owed, session.get_one(Book, line.book_id), line.commodity)
    entry_id = _post(
        session,
        debt,
        -line.amount,
        source="bank",
        reference=reference_of(session, line),
        on=line.booked_on,
        by=by,
        now=now,
    )
    tie(session, line, entry_id, MatchRule.OWED_REFUND, by, now)


def repay(
    session: Session,
    *,
    owed: str,
    book: Book,
    amount: int | None,
    by: UUID,
    on: date,
    now: datetime,
) -> UUID:
    """Book a bank transfer to a donor who is owed it, before a statement shows it; return the
    entry. The line is matched to it later. Without an ``amount``, all that is owed.

    ``owed`` names a movement of Stripe, or a pledge by its reference. Raises NotFound for another
    book's, Conflict for more than is owed.
    """
    debt = _debt(session, owed, book, book.commodity)
    return _post(
        session,
        debt,
        debt.amount if amount is None else amount,
        source="repayment",
        reference=str(new_id()),
        on=on,
        by=by,
        now=now,
    )


def owe_again(session: Session, match: Match, opposite: Entry) -> None:
    """Note that a repayment was undone: what its line had paid is owed again."""
    if match.rule != MatchRule.OWED_REFUND:
        return
    for leg in opposite.postings:
        txn = session.get(BalanceTransaction, leg.payment) if leg.payment else None
        if txn is not None:
            txn.owed_back -= leg.quantity
            restate_refund(session, txn)


def _debt(session: ReadSession, owed: str, book: Book, commodity: str) -> Debt:
    """Return what is owed under a name. Raises NotFound."""
    txn = session.get(BalanceTransaction, owed)
    if txn is not None and txn.book_id == book.id and txn.commodity == commodity:
        pledge = session.get(Pledge, txn.pledge_id) if txn.pledge_id else None
        return Debt(fund_of(session, txn), txn.owed_back, commodity, txn, pledge)
    brought = session.get(EntryRow, (book.id, uuid_of(owed))) if uuid_of(owed) else None
    if brought is not None:
        return _debt_of_entry(session, brought, commodity)
    pledge = pledge_by_reference(session, book.id, owed)
    if pledge is None or pledge.commodity != commodity:
        raise NotFound("Nothing is owed back to a donor under this name.", place="owed")
    fund = session.get_one(Fund, pledge.fund_id)
    return Debt(fund, owed_of_pledge(session, pledge=pledge), commodity, None, pledge)


def _debt_of_entry(session: ReadSession, brought: EntryRow, commodity: str) -> Debt:
    """Return what is owed of a contribution without a pledge. Raises NotFound for nothing."""
    row = session.execute(
        select(Posting.fund_id, func.sum(-Posting.quantity))
        .where(
            Posting.book_id == brought.book_id,
            Posting.account == Acct.REFUNDS_PAYABLE,
            Posting.payment == str(brought.id),
            Posting.commodity == commodity,
        )
        .group_by(Posting.fund_id)
    ).one_or_none()
    if row is None:
        raise NotFound("Nothing is owed back to a donor under this name.", place="owed")
    fund_id, amount = row
    fund = session.get_one(Fund, fund_id)
    return Debt(fund, int(amount), commodity, None, None, str(brought.id))


def _post(
    session: Session,
    debt: Debt,
    amount: int,
    *,
    source: str,
    reference: str,
    on: date,
    by: UUID | None,
    now: datetime,
) -> UUID:
    if not 0 < amount <= debt.amount:
        raise Conflict("This is more than what is owed back to this donor.", place="amount")
    there = -on_account(session, debt.fund, Acct.REFUNDS_PAYABLE, currency=debt.commodity)
    if amount > there:
        raise Conflict("The books show less owed to donors in this fund.", place="amount")
    txn, pledge = debt.txn, debt.pledge
    entries = bookkeeping.owed_refund_repaid(
        book=session.get_one(Book, debt.fund.book_id).code,
        fund=debt.fund.code,
        currency=debt.commodity,
        amount=amount,
        payment=txn.stripe_txn_id if txn is not None else debt.entry,
        pledge=pledge.reference if txn is None and pledge is not None else None,
    )
    labels = labels_of_payment(session, txn) if txn is not None else {}
    entry_id = journal.post(
        session,
        [item.about(labels, given) for item in entries],
        event_type=EVENT,
        source=source,
        external_ref=reference,
        accounting_on=on,
        now=now,
        made_by=by,
    ).ids[0]
    # A returned refund was taken off the pledge when it was sent.
    returned = txn is not None and txn.outcome == BOUNCED
    if pledge is not None and pledge.commodity == debt.commodity and not returned:
        record_fulfilment(
            session,
            pledge=pledge,
            entry_id=entry_id,
            quantity=-amount,
            source=FulfilmentSource.REFUND,
            source_ref=reference,
            now=now,
        )
    if txn is not None:
        txn.owed_back -= amount
        restate_refund(session, txn)
    return entry_id


def restate_refund(session: Session, txn: BalanceTransaction) -> None:
    """Note at the refund that was returned whether its donor has the money by now."""
    session.flush()
    refund = session.scalar(select(Refund).where(Refund.stripe_refund_id == txn.source_id))
    if txn.outcome == BOUNCED and refund is not None:
        refund.state = RefundState.BOUNCED if txn.owed_back else RefundState.POSTED
        session.flush()
