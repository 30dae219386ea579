"""Money owed back to donors that leaves by the bank: a contribution made by mistake, a refund that
was returned (REF-3, REF-5); minor units.

What Stripe sends back itself is settled in ``payments``.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.entry import Entry
from ledger.core.figures import given
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id
from ledger.models.books import Book
from ledger.models.payments import BalanceTransaction, Refund
from ledger.models.pledges import Pledge
from ledger.models.statements import Match, MatchRule
from ledger.queries.books.funds import on_account
from ledger.queries.payments.owed_refunds import BOUNCED
from ledger.queries.people.parties import labels_of_payment
from ledger.services.banking.items import open_item, reference_of, tie
from ledger.services.books import journal
from ledger.services.pledges.pledges import record_fulfilment
from ledger.services.stripe_balance.balance_transactions import fund_of, where

EVENT = "owed_refund_repaid"


def match_repaid(
    session: Session, *, line_id: UUID, txn_id: str, by: UUID | None, now: datetime
) -> None:
    """Book an outgoing line as what was owed back to a donor.

    Raises Invalid for incoming money, as ``repay`` does otherwise.
    """
    line = open_item(session, line_id)
    if line.amount >= 0:
        raise Invalid("Only outgoing money can pay a donor back.", place="line")
    if line.account != Acct.BANK:
        raise Conflict(
            "Lines of this account can only be matched to existing journal entries.", place="line"
        )
    txn = _owed(session, txn_id, line.book_id, -line.amount, line.commodity)
    entry_id = _post(
        session,
        txn,
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
    txn_id: str,
    book: Book,
    amount: int | None,
    by: UUID,
    on: date,
    now: datetime,
) -> UUID:
    """Book a bank transfer to a donor who is owed it, before a statement shows it; return the
    entry. The line is matched to it later. Without an ``amount``, all that is owed.

    Raises NotFound for another book's, Conflict for more than is owed.
    """
    txn = _owed(session, txn_id, book.id, amount, book.commodity)
    return _post(
        session,
        txn,
        txn.owed_back if amount is None else amount,
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
            _restate(session, txn)


def _owed(
    session: ReadSession, txn_id: str, book_id: UUID, amount: int | None, commodity: str
) -> BalanceTransaction:
    txn = session.get(BalanceTransaction, txn_id)
    if txn is None or txn.book_id != book_id or txn.commodity != commodity:
        raise NotFound("Nothing is owed back to a donor under this name.", place="owed")
    amount = txn.owed_back if amount is None else amount
    if not 0 < amount <= txn.owed_back:
        raise Conflict("This is more than what is owed back to this donor.", place="amount")
    fund = fund_of(session, txn)
    if amount > -on_account(session, fund, Acct.REFUNDS_PAYABLE, currency=commodity):
        raise Conflict("The books show less owed to donors in this fund.", place="amount")
    return txn


def _post(
    session: Session,
    txn: BalanceTransaction,
    amount: int,
    *,
    source: str,
    reference: str,
    on: date,
    by: UUID | None,
    now: datetime,
) -> UUID:
    fund = fund_of(session, txn)
    entries = bookkeeping.owed_refund_repaid(
        **where(session, txn, fund), amount=amount, payment=txn.stripe_txn_id
    )
    labels = labels_of_payment(session, txn)
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
    txn.owed_back -= amount
    pledge = session.get(Pledge, txn.pledge_id) if txn.pledge_id else None
    # A returned refund was taken off the pledge when it was sent.
    if pledge is not None and pledge.commodity == txn.commodity and txn.outcome != BOUNCED:
        record_fulfilment(
            session,
            pledge=pledge,
            entry_id=entry_id,
            quantity=-amount,
            source="refund",
            source_ref=reference,
            now=now,
        )
    _restate(session, txn)
    return entry_id


def _restate(session: Session, txn: BalanceTransaction) -> None:
    """Note at the refund that was returned whether its donor has the money by now."""
    session.flush()
    refund = session.scalar(select(Refund).where(Refund.stripe_refund_id == txn.source_id))
    if txn.outcome == BOUNCED and refund is not None:
        refund.state = "bounced" if txn.owed_back else "posted"
        session.flush()
