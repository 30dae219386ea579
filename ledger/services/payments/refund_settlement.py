"""Money that goes back to donors, from balance transactions: refunds, what is owed back first,
refunds that bounce, debits that return (events REF-1 to -5, PAY-08); minor units.

Who asked for a refund and who agreed is the business of ``refunds``.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.entry import Entry
from ledger.core.figures import given
from ledger.core.vocabulary import FulfilmentSource, LegalNature, RefundState
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Fund
from ledger.models.journal import Entry as EntryRow
from ledger.models.payments import BalanceTransaction, Refund
from ledger.models.pledges import Pledge
from ledger.queries.accounting.periods import closed_until
from ledger.queries.payments.owed_refunds import contributed, not_given_back
from ledger.queries.people.parties import labels_of_payment
from ledger.services.books import journal
from ledger.services.payments.disputes import restate_disputed
from ledger.services.pledges.donor_messages import tell_status
from ledger.services.pledges.goals import HELD, held
from ledger.services.pledges.pledges import record_fulfilment
from ledger.services.pledges.reopening import owed_again, reopened
from ledger.services.stripe_balance.balance_transactions import (
    SUSPENDED,
    charge_of,
    day_of,
    extra_fee,
    fund_of,
    merged,
    post,
    suspend,
    unposted,
    where,
)


def settle_refund(
    session: Session,
    *,
    txn_id: str,
    charge_id: str,
    now: datetime,
    refund_id: UUID | None = None,
    given: int | None = None,
) -> None:
    """Post money that went back to a donor: what was owed back first (REF-3), then a refund
    (REF-1, REF-2), of an earlier period where the payment's is closed (REF-4). Idempotent.

    ``refund_id`` is the row that asked for it, when Poolbook did; ``given`` the amount in the
    donor's own currency. Raises Conflict while the payment itself is not in the books.
    """
    txn = unposted(session, txn_id)
    if txn is None:
        return
    _check_refund(txn)
    charge = charge_of(session, charge_id)
    fund = fund_of(session, charge)
    if charge.outcome == SUSPENDED:
        suspend(session, txn_id=txn_id, fund=fund, now=now)
        return
    pledge = session.get(Pledge, charge.pledge_id) if charge.pledge_id else None
    entries = _refund_entries(session, txn, charge, fund, pledge)
    entries += extra_fee(session, txn, fund, txn_id)
    posted = post(session, txn, fund, entries, "refund_settled", now, payment=charge)
    if pledge is not None:
        own = txn.amount if pledge.commodity == txn.commodity else -(given or 0)
        if own:
            record_fulfilment(
                session,
                pledge=pledge,
                entry_id=_entry_in(session, posted, pledge),
                quantity=own,
                source=FulfilmentSource.REFUND,
                source_ref=txn_id,
                now=now,
            )
        # Of a payment that a bank took in part, this may be the rest.
        restate_disputed(session, pledge)
    _note_posted(session, txn, refund_id)
    if pledge is not None:
        tell_status(session, pledge=pledge, now=now)


def settle_prior_refund(
    session: Session,
    *,
    txn_id: str,
    charge_id: str,
    fund: Fund,
    now: datetime,
    made_by: UUID | None = None,
) -> None:
    """Post the refund of a gift that is not in these books: it came before they began (REF-4).

    Raises Conflict for what is no refund, and where the payment is known: its refund is booked by
    itself.
    """
    txn = unposted(session, txn_id)
    if txn is None:
        return
    _check_refund(txn)
    known = select(BalanceTransaction.stripe_txn_id).where(
        BalanceTransaction.source_id == charge_id, BalanceTransaction.amount > 0
    )
    if session.scalar(known.limit(1)) is not None:
        raise Conflict(
            "The payment of this refund is known here. The refund is booked automatically once "
            "the payment is.",
            place="form",
        )
    entries = bookkeeping.prior_refund_settled(
        **where(session, txn, fund), amount=-txn.amount, payment=txn_id
    )
    entries += extra_fee(session, txn, fund, txn_id)
    post(session, txn, fund, entries, "refund_settled", now, made_by=made_by)


def owe_back(
    session: Session,
    *,
    charge_id: str,
    amount: int | None,
    on: date,
    now: datetime,
    made_by: UUID | None = None,
) -> UUID:
    """Book that a gift is to go back, as with one made twice, and return the entry (REF-3).

    Without an ``amount``, all that is left of it. Raises Conflict while the payment is not in the
    books or nothing of it is left, Invalid above what of it is a contribution and has not gone
    back.
    """
    charge = charge_of(session, charge_id)
    fund = fund_of(session, charge)
    given_as = contributed(session, charge, fund)
    left = min(sum(given_as.values()), not_given_back(session, charge))
    if left <= 0:
        raise Conflict("Nothing of this payment is left as a contribution.", place="contribution")
    amount = left if amount is None else amount
    if not 0 < amount <= left:
        raise Invalid("This is more than what is left of the contribution.", place="amount")
    regular = min(amount, given_as[Acct.RECURRING_DONATIONS])
    place = where(session, charge, fund)
    entries: list[Entry] = []
    for part, recurring in ((regular, True), (amount - regular, False)):
        if part:
            entries += bookkeeping.refund_owed(**place, amount=part, recurring=recurring)
    posted = journal.post(
        session,
        [item.about(labels_of_payment(session, charge), given) for item in merged(entries)],
        event_type="refund_owed",
        source="stripe",
        external_ref=_owing(session, charge),
        accounting_on=on,
        now=now,
        made_by=made_by,
    )
    charge.owed_back += amount
    session.flush()
    return posted.ids[0]


def _owing(session: ReadSession, charge: BalanceTransaction) -> str:
    """Name one more amount that is owed back of a payment: a second one is an event of its own."""
    before = session.scalar(
        select(func.count())
        .select_from(EntryRow)
        .where(
            EntryRow.book_id == charge.book_id,
            EntryRow.source == "stripe",
            EntryRow.event_type == "refund_owed",
            EntryRow.external_ref.startswith(charge.stripe_txn_id, autoescape=True),
        )
    )
    return f"{charge.stripe_txn_id}/{before}" if before else charge.stripe_txn_id


def settle_bounce(session: Session, *, txn_id: str, refund_id: str, now: datetime) -> None:
    """Post a refund that came back: the donor is still owed it (REF-5).

    Raises Conflict when no such refund of this amount is in the books.
    """
    txn = unposted(session, txn_id)
    if txn is None:
        return
    sent = session.scalar(
        select(BalanceTransaction).where(
            BalanceTransaction.source_id == refund_id, BalanceTransaction.amount < 0
        )
    )
    if sent is None or sent.fund_id is None or txn.amount != -sent.amount:
        raise Conflict("The books have no refund of this amount yet.", place=refund_id)
    fund = session.get_one(Fund, sent.fund_id)
    if sent.outcome == SUSPENDED:
        suspend(session, txn_id=txn_id, fund=fund, now=now)
        return
    entries = bookkeeping.refund_bounced(
        **where(session, txn, fund), amount=txn.amount, payment=txn_id
    )
    entries += extra_fee(session, txn, fund, txn_id)
    post(session, txn, fund, entries, "refund_bounced", now, payment=sent)
    txn.owed_back = txn.amount
    row = session.scalar(select(Refund).where(Refund.stripe_refund_id == refund_id))
    if row is not None:
        row.state = RefundState.BOUNCED
        session.flush()
        tell_status(session, pledge=session.get_one(Pledge, row.pledge_id), now=now)


def settle_return(session: Session, *, txn_id: str, charge_id: str, now: datetime) -> None:
    """Post a debit that went back after it had cleared, with its fee; what it had paid of a
    promise that is owed is owed again (PAY-08)."""
    txn = unposted(session, txn_id)
    if txn is None:
        return
    charge = charge_of(session, charge_id)
    fund = fund_of(session, charge)
    if charge.outcome == SUSPENDED:
        suspend(session, txn_id=txn_id, fund=fund, now=now)
        return
    pledge = session.get(Pledge, charge.pledge_id) if charge.pledge_id else None
    again = _owed_again(session, pledge, txn)
    posted = post(
        session,
        txn,
        fund,
        _return_entries(session, txn, fund, pledge, again),
        "debit_returned",
        now,
        payment=charge,
    )
    if pledge is not None and again:
        record_fulfilment(
            session,
            pledge=pledge,
            entry_id=_entry_in(session, posted, pledge),
            quantity=txn.amount,
            source=FulfilmentSource.RETURN,
            source_ref=txn_id,
            now=now,
        )
    session.flush()
    if pledge is not None:
        tell_status(session, pledge=pledge, now=now)


def _owed_again(session: ReadSession, pledge: Pledge | None, txn: BalanceTransaction) -> int:
    """Return how much of a promise stands again when a payment of it goes back."""
    if pledge is None or pledge.commodity != txn.commodity:
        return 0
    return owed_again(session, pledge, -txn.amount)


def _return_entries(
    session: ReadSession,
    txn: BalanceTransaction,
    fund: Fund,
    pledge: Pledge | None,
    again: int,
) -> list[Entry]:
    place: dict[str, Any] = {**where(session, txn, fund), "payment": txn.stripe_txn_id}
    back = -txn.amount
    if pledge is None or not again:
        return bookkeeping.debit_returned(**place, amount=back, fee=txn.fee)
    if pledge.legal_nature == LegalNature.UNCONDITIONAL:
        entries = bookkeeping.recognised_debit_returned(
            **place, amount=again, fee=txn.fee, pledge=pledge.reference
        )
        if back > again:
            entries += bookkeeping.debit_returned(**place, amount=back - again, fee=0)
        return entries
    returned = bookkeeping.debit_returned(**place, amount=back, fee=txn.fee)
    return returned + reopened(session, pledge, again)


def _refund_entries(
    session: ReadSession,
    txn: BalanceTransaction,
    charge: BalanceTransaction,
    fund: Fund,
    pledge: Pledge | None,
) -> list[Entry]:
    """Say what a refund means, what was owed back first; marks that part as gone."""
    back: dict[str, Any] = {**where(session, txn, fund), "payment": txn.stripe_txn_id}
    owed = min(charge.owed_back, -txn.amount)
    entries: list[Entry] = []
    if owed:
        charge.owed_back -= owed
        entries = bookkeeping.owed_refund_settled(**back, amount=owed)
    back["amount"] = -txn.amount - owed
    if not back["amount"]:
        return entries
    if charge.outcome == HELD and pledge is not None and held(session, pledge) >= back["amount"]:
        return entries + bookkeeping.held_money_returned(**back, pledge=pledge.reference)
    closed = closed_until(session, [fund.book_id]).get(fund.book_id, date.min)
    if day_of(session, charge, fund) <= closed:
        return entries + bookkeeping.prior_refund_settled(**back)
    return entries + bookkeeping.refund_settled(**back, pledge=pledge.reference if pledge else None)


def _entry_in(session: ReadSession, posted: journal.Posted, pledge: Pledge) -> UUID:
    """Return the entry of the pledge's own book: a pool's refund has one in its host's as well."""
    found = session.scalars(
        select(EntryRow.id).where(EntryRow.book_id == pledge.book_id, EntryRow.id.in_(posted.ids))
    ).all()
    return next(entry_id for entry_id in posted.ids if entry_id in found)


def _note_posted(session: Session, txn: BalanceTransaction, refund_id: UUID | None) -> None:
    row = session.get(Refund, refund_id) if refund_id else None
    if row is None or row.pledge_id != txn.pledge_id:
        row = session.scalar(select(Refund).where(Refund.stripe_refund_id == txn.source_id))
    if row is not None and row.pledge_id == txn.pledge_id:
        # The books may hear of it before whoever sent it has noted the answer.
        row.stripe_refund_id = txn.source_id
        row.state = RefundState.POSTED
    session.flush()


def _check_refund(txn: BalanceTransaction) -> None:
    if txn.amount >= 0 or txn.reporting_category != "refund":
        raise Conflict("A refund must have a negative amount.", place=txn.stripe_txn_id)
