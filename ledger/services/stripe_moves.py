"""What else Stripe moves: gifts without a pledge, debits, disputes, refunds owed or bounced,
fees (events PAY-02 to -13, REF-3 to -5, DSP, PO-4); minor units.

Each deed posts one stored balance transaction and remembers where it went, so that what comes
back finds its book and fund; told twice, it is done once. What nobody can name goes to suspense
with its amount, never nowhere (domain section 5, generic pattern).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.days import day_in
from ledger.core.entry import Entry
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book, Fund
from ledger.models.commitments import Commitment
from ledger.models.parties import Party
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Pledge
from ledger.models.pools import Pool
from ledger.queries.periods import closed_until
from ledger.services import journal
from ledger.services.commitments import take_step
from ledger.services.pledges import keep_at_once, record_fulfilment, release_for, restate


@dataclass(frozen=True, slots=True)
class Kind:
    """What a gift is besides a gift: an instalment, a ticket worth something, a bank debit."""

    recurring: bool = False
    benefit: int = 0
    fee_bearer: str = "fund"
    debit: Commitment | None = None


def settle_gift(
    session: Session, *, txn_id: str, fund: Fund, now: datetime, kind: Kind | None = None
) -> None:
    """Post a charge that no pledge announced (PAY-02, -06, -09 to -11, -14, POL-3).

    Raises Conflict for another currency than the book's, or a ticket worth more than was paid.
    """
    txn = _unposted(session, txn_id)
    if txn is None:
        return
    kind = kind or Kind()
    book = session.get_one(Book, fund.book_id)
    if txn.commodity != book.commodity:
        raise Conflict("The charge is in another currency than the book.", place=txn_id)
    if kind.debit is not None:
        take_step(
            session,
            kind.debit,
            "clear",
            _charge_entries(session, txn, book, fund, kind),
            quantity=txn.amount,
            reference=txn_id,
            on=_day(session, txn, fund),
            now=now,
        )
        _remember(session, txn, fund, now)
        return
    _post(session, txn, fund, _charge_entries(session, txn, book, fund, kind), "gift_settled", now)


def settle_foreign(session: Session, *, txn_id: str, pledge: Pledge, now: datetime) -> None:
    """Post a charge for a pledge in another currency (PAY-12): the pledge is made good in its own
    money, the books get what was settled.

    The charge's own amount is in ``body`` as Stripe states it. Raises Conflict without it.
    """
    txn = _unposted(session, txn_id)
    if txn is None:
        return
    paid = txn.body.get("source_amount")
    if not isinstance(paid, int) or paid <= 0:
        raise Conflict("Stripe does not say what was paid in the pledge's currency.", place=txn_id)
    fund = session.get_one(Fund, pledge.fund_id)
    released, _owed = release_for(session, pledge, paid)
    entries = bookkeeping.foreign_payment_settled(
        book=session.get_one(Book, pledge.book_id).code,
        fund=fund.code,
        currency=txn.commodity,
        amount=txn.amount,
        fee=txn.fee,
        pledge=pledge.reference,
        foreign=pledge.commodity,
        released=released,
        payment=txn_id,
    )
    posted = _post(session, txn, fund, entries, "payment_settled", now)
    txn.pledge_id = pledge.id
    record_fulfilment(
        session,
        pledge=pledge,
        entry_id=posted.ids[0],
        quantity=paid,
        source="payment",
        source_ref=txn_id,
        now=now,
    )


def hold_for_goal(
    session: Session, *, txn_id: str, party: Party, fund: Fund, now: datetime
) -> Pledge | None:
    """Post money taken before the goal is reached: it is owed back until then (PAY-13).

    What was paid is a promise kept at once, with nothing left open; None when told twice.
    """
    txn = _unposted(session, txn_id)
    if txn is None:
        return None
    book = session.get_one(Book, fund.book_id)
    pledge = keep_at_once(session, party=party, book=book, fund=fund, quantity=txn.amount, now=now)
    entries = bookkeeping.money_held_for_goal(
        book=book.code,
        fund=fund.code,
        currency=txn.commodity,
        amount=txn.amount,
        fee=txn.fee,
        pledge=pledge.reference,
        payment=txn_id,
    )
    posted = _post(session, txn, fund, entries, "money_held", now)
    txn.pledge_id = pledge.id
    record_fulfilment(
        session,
        pledge=pledge,
        entry_id=posted.ids[0],
        quantity=txn.amount,
        source="payment",
        source_ref=txn_id,
        now=now,
    )
    return pledge


def reach_goal(session: Session, *, txn_id: str, on: date, now: datetime) -> None:
    """Book what was held as income (PAY-13). Raises Conflict when nothing is held."""
    txn = session.get_one(BalanceTransaction, txn_id)
    pledge = session.get(Pledge, txn.pledge_id) if txn.pledge_id else None
    if pledge is None or txn.posted_at is None:
        raise Conflict("No money is held for a pledge by this payment.", place=txn_id)
    journal.post(
        session,
        bookkeeping.goal_reached(
            book=session.get_one(Book, pledge.book_id).code,
            fund=session.get_one(Fund, pledge.fund_id).code,
            currency=txn.commodity,
            amount=txn.amount,
            pledge=pledge.reference,
        ),
        event_type="goal_reached",
        source="stripe",
        external_ref=txn_id,
        accounting_on=on,
        now=now,
    )


def settle_return(session: Session, *, txn_id: str, charge_id: str, now: datetime) -> None:
    """Post a debit that went back after it had cleared, with its fee (PAY-08)."""
    txn = _unposted(session, txn_id)
    if txn is None:
        return
    fund = _fund_of(session, charge_id)
    entries = bookkeeping.debit_returned(
        **_where(session, txn, fund), amount=-txn.amount, fee=txn.fee, payment=txn_id
    )
    _post(session, txn, fund, entries, "debit_returned", now)


def settle_gift_refund(session: Session, *, txn_id: str, charge_id: str, now: datetime) -> None:
    """Post the refund of a gift: what was owed back first (REF-3), then a refund, of an earlier
    period where the gift's is closed (REF-4).
    """
    txn = _unposted(session, txn_id)
    if txn is None:
        return
    _check_refund(txn)
    fund = _fund_of(session, charge_id)
    where: dict[str, Any] = {
        **_where(session, txn, fund),
        "amount": -txn.amount,
        "payment": txn_id,
    }
    charge = _charge(session, charge_id)
    if charge.owed_back >= -txn.amount:
        charge.owed_back += txn.amount
        entries = bookkeeping.owed_refund_settled(**where)
    elif _day(session, charge, fund) <= closed_until(session, [fund.book_id]).get(
        fund.book_id, date.min
    ):
        entries = bookkeeping.prior_refund_settled(**where)
    else:
        entries = bookkeeping.refund_settled(**where)
    _post(session, txn, fund, entries, "refund_settled", now)


def owe_back(session: Session, *, charge_id: str, amount: int, on: date, now: datetime) -> None:
    """Book that a gift is to go back, as with one made twice (REF-3).

    Raises Invalid above the charge.
    """
    charge = _charge(session, charge_id)
    if not 0 < amount <= charge.amount - charge.owed_back:
        raise Invalid("That is more than was given.", place="amount")
    fund = _fund_of(session, charge_id)
    journal.post(
        session,
        bookkeeping.refund_owed(**_where(session, charge, fund), amount=amount),
        event_type="refund_owed",
        source="stripe",
        external_ref=charge.stripe_txn_id,
        accounting_on=on,
        now=now,
    )
    charge.owed_back += amount


def settle_prior_refund(session: Session, *, txn_id: str, fund: Fund, now: datetime) -> None:
    """Post the refund of a gift that is not in these books: it came before they began (REF-4)."""
    txn = _unposted(session, txn_id)
    if txn is None:
        return
    _check_refund(txn)
    entries = bookkeeping.prior_refund_settled(
        **_where(session, txn, fund), amount=-txn.amount, payment=txn_id
    )
    _post(session, txn, fund, entries, "refund_settled", now)


def settle_bounce(session: Session, *, txn_id: str, refund_id: str, now: datetime) -> None:
    """Post a refund that came back: the donor is still owed it (REF-5).

    Raises Conflict when no such refund of this amount is in the books.
    """
    txn = _unposted(session, txn_id)
    if txn is None:
        return
    sent = session.scalar(
        select(BalanceTransaction).where(
            BalanceTransaction.source_id == refund_id, BalanceTransaction.amount < 0
        )
    )
    if sent is None or sent.fund_id is None or txn.amount != -sent.amount:
        raise Conflict("No refund of this amount is in the books yet.", place=refund_id)
    fund = session.get_one(Fund, sent.fund_id)
    entries = bookkeeping.refund_bounced(
        **_where(session, txn, fund), amount=txn.amount, payment=txn_id
    )
    _post(session, txn, fund, entries, "refund_bounced", now)


def settle_dispute(session: Session, *, txn_id: str, charge_id: str, now: datetime) -> None:
    """Post what a dispute moves: money taken with a fee, a further fee, money or a fee given back
    (DSP-1 to -4, ALC-6). Only what the balance shows is booked; “lost” moves nothing.
    """
    txn = _unposted(session, txn_id)
    if txn is None:
        return
    fund = _fund_of(session, charge_id)
    where = {**_where(session, txn, fund), "payment": txn_id}
    pool = session.get(Pool, fund.book_id)
    if txn.amount < 0 and pool is not None:
        entries = bookkeeping.pool_gift_charged_back(
            host=session.get_one(Book, pool.host_id).code,
            held_fund=session.get_one(Fund, pool.held_fund_id).code,
            pool=where["book"],
            pool_fund=where["fund"],
            currency=txn.commodity,
            amount=-txn.amount,
            fee=txn.fee,
            payment=txn_id,
        )
    elif txn.amount < 0:
        entries = bookkeeping.dispute_opened(**where, amount=-txn.amount, fee=txn.fee)
    elif txn.amount > 0:
        entries = bookkeeping.dispute_won(**where, amount=txn.amount)
    elif txn.fee > 0:
        entries = bookkeeping.dispute_fee_charged(**where, amount=txn.fee)
    else:
        entries = bookkeeping.dispute_fee_returned(**where, amount=-txn.fee)
    _post(session, txn, fund, entries, "dispute_moved", now)
    charge = _charge(session, charge_id)
    pledge = session.get(Pledge, charge.pledge_id) if charge.pledge_id else None
    if pledge is not None and txn.amount:
        if txn.amount < 0:
            pledge.state = "charged_back"
        else:
            pledge.state = "open"
            restate(session, pledge)


def settle_fee(session: Session, *, txn_id: str, fund: Fund, now: datetime) -> None:
    """Post a fee of Stripe's that belongs to no payment (PO-4)."""
    txn = _unposted(session, txn_id)
    if txn is None:
        return
    cost = -txn.net
    if cost <= 0:
        raise Conflict("A fee takes money away.", place=txn_id)
    entries = bookkeeping.stripe_fee_charged(
        **_where(session, txn, fund), amount=cost, payment=txn_id
    )
    _post(session, txn, fund, entries, "stripe_fee", now)


def settle_recovery(session: Session, *, txn_id: str, pledge: Pledge, now: datetime) -> None:
    """Post a late payment of a promise that was written off (PLG-16).

    Raises Conflict for a promise that was not.
    """
    txn = _unposted(session, txn_id)
    if txn is None:
        return
    if pledge.state != "written_off":
        raise Conflict("This promise was not written off.", place=txn_id)
    fund = session.get_one(Fund, pledge.fund_id)
    entries = bookkeeping.promise_recovered(
        **_where(session, txn, fund), amount=txn.amount, fee=txn.fee, payment=txn_id
    )
    _post(session, txn, fund, entries, "promise_recovered", now)
    txn.pledge_id = pledge.id


def suspend(session: Session, *, txn_id: str, fund: Fund, now: datetime) -> None:
    """Post a movement that nobody can name to suspense, net of any fee; somebody must look."""
    txn = _unposted(session, txn_id)
    if txn is None:
        return
    if not txn.net:
        _remember(session, txn, fund, now)
        return
    entries = bookkeeping.movement_suspended(
        **_where(session, txn, fund), amount=txn.net, payment=txn_id
    )
    _post(session, txn, fund, entries, "movement_suspended", now)


def _charge_entries(
    session: ReadSession, txn: BalanceTransaction, book: Book, fund: Fund, kind: Kind
) -> list[Entry]:
    where: dict[str, Any] = {
        "currency": txn.commodity,
        "amount": txn.amount,
        "fee": txn.fee,
        "payment": txn.stripe_txn_id,
    }
    pool = session.get(Pool, book.id)
    if pool is not None:
        return bookkeeping.pool_payment_settled(
            host=session.get_one(Book, pool.host_id).code,
            held_fund=session.get_one(Fund, pool.held_fund_id).code,
            pool=book.code,
            pool_fund=fund.code,
            **where,
        )
    place = {**where, "book": book.code, "fund": fund.code}
    if kind.debit is not None:
        return bookkeeping.debit_cleared(**place)
    if kind.benefit:
        return bookkeeping.ticket_paid(**place, benefit=kind.benefit)
    general = session.scalar(
        select(Fund.code)
        .where(Fund.book_id == book.id, Fund.fund_class == "unrestricted")
        .order_by(Fund.code)
        .limit(1)
    )
    return bookkeeping.payment_settled(
        **place,
        recurring=kind.recurring,
        fee_bearer=kind.fee_bearer,
        general_fund=general or fund.code,
    )


def _check_refund(txn: BalanceTransaction) -> None:
    if txn.fee or txn.amount >= 0:
        sentence = "A refund takes money away and has no fee of its own."
        raise Conflict(sentence, place=txn.stripe_txn_id)


def _unposted(session: Session, txn_id: str) -> BalanceTransaction | None:
    txn = session.get(BalanceTransaction, txn_id)
    if txn is None:
        raise NotFound("Stripe has told of no such movement.", place=txn_id)
    return None if txn.posted_at else txn


def _post(
    session: Session,
    txn: BalanceTransaction,
    fund: Fund,
    entries: list[Entry],
    event_type: str,
    now: datetime,
) -> journal.Posted:
    posted = journal.post(
        session,
        entries,
        event_type=event_type,
        source="stripe",
        external_ref=txn.stripe_txn_id,
        accounting_on=_day(session, txn, fund),
        now=now,
    )
    _remember(session, txn, fund, now)
    return posted


def _day(session: ReadSession, txn: BalanceTransaction, fund: Fund) -> date:
    """Return the day of a movement where its book is kept (domain case 33)."""
    return day_in(session.get_one(Book, fund.book_id).time_zone, txn.created_at)


def _remember(session: Session, txn: BalanceTransaction, fund: Fund, now: datetime) -> None:
    txn.book_id = fund.book_id
    txn.fund_id = fund.id
    txn.posted_at = now
    session.flush()


def _charge(session: ReadSession, charge_id: str) -> BalanceTransaction:
    txn = session.scalar(
        select(BalanceTransaction)
        .where(BalanceTransaction.source_id == charge_id, BalanceTransaction.amount > 0)
        .order_by(BalanceTransaction.created_at)
        .limit(1)
    )
    if txn is None or txn.posted_at is None:
        raise Conflict("The payment itself is not in the books yet.", place=charge_id)
    return txn


def _fund_of(session: ReadSession, charge_id: str) -> Fund:
    charge = _charge(session, charge_id)
    if charge.fund_id is not None:
        return session.get_one(Fund, charge.fund_id)
    if charge.pledge_id is not None:
        return session.get_one(Fund, session.get_one(Pledge, charge.pledge_id).fund_id)
    raise Conflict("Nobody knows where the payment went.", place=charge_id)


def _where(session: ReadSession, txn: BalanceTransaction, fund: Fund) -> dict[str, str]:
    return {
        "book": session.get_one(Book, fund.book_id).code,
        "fund": fund.code,
        "currency": txn.commodity,
    }
