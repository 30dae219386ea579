"""Money outside: Stripe, payouts, refunds and banks say what the books say (I-34 to I-38)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from ledger.core.accounts import Acct
from ledger.core.vocabulary import RefundState
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.models.journal import Entry, Posting
from ledger.models.payments import BalanceTransaction, Payout, Refund
from ledger.models.pledges import Fulfilment, Pledge
from ledger.models.statements import (
    BankLine,
    BankLinePart,
    BankLineRepeat,
    BankStatement,
    LineState,
    Match,
    MatchRule,
)
from ledger.queries.invariants.result import Finding, count, first

GIVEN_BACK = (RefundState.APPROVED, RefundState.SENT, RefundState.POSTED)


def clearing(session: ReadSession) -> Finding:
    """I-34: the Stripe account holds what the posted movements left on it, each and together."""
    posted = BalanceTransaction.posted_at.is_not(None)
    legs = (
        select(Posting.payment, Posting.commodity, func.sum(Posting.quantity).label("quantity"))
        .where(Posting.account == Acct.STRIPE_BALANCE, Posting.payment.is_not(None))
        .group_by(Posting.payment, Posting.commodity)
        .subquery()
    )
    # A payout's leg is named after the payout, not after its movement.
    name = func.coalesce(
        select(Payout.stripe_payout_id)
        .where(
            Payout.stripe_payout_id == BalanceTransaction.source_id,
            BalanceTransaction.reporting_category == "payout",
        )
        .scalar_subquery(),
        BalanceTransaction.stripe_txn_id,
    )
    moved = func.coalesce(legs.c.quantity, 0)
    query = (
        select(BalanceTransaction.stripe_txn_id, BalanceTransaction.net, moved)
        .outerjoin(
            legs,
            and_(legs.c.payment == name, legs.c.commodity == BalanceTransaction.commodity),
        )
        .where(posted, BalanceTransaction.net != moved)
        .limit(1)
    )
    known = select(BalanceTransaction.stripe_txn_id)
    untold = (
        select(Posting.payment, Posting.quantity)
        .where(
            Posting.account == Acct.STRIPE_BALANCE,
            Posting.payment.is_not(None),
            Posting.payment.not_in(known),
            Posting.payment.not_in(select(Payout.stripe_payout_id)),
        )
        .limit(1)
    )
    found = first(session, query, "Stripe moved {1} by {0}, the books {2}") or first(
        session, untold, "the books moved {1} by {0}, of which Stripe does not know"
    )
    return count(session, BalanceTransaction, posted), found


def payouts(session: ReadSession) -> Finding:
    """I-35: a payout is what it contains, and is in transit until a bank line shows it."""
    payout = Payout.stripe_payout_id
    contained = (
        select(
            BalanceTransaction.stripe_payout_id,
            func.sum(BalanceTransaction.net).label("rest"),
            func.count().label("movements"),
        )
        .where(BalanceTransaction.stripe_payout_id.is_not(None))
        .group_by(BalanceTransaction.stripe_payout_id)
        .subquery()
    )
    # One alone is the payout itself: Stripe does not say what a manual one contains.
    differs = (
        select(payout, contained.c.rest)
        .join(contained, contained.c.stripe_payout_id == payout)
        .where(contained.c.movements > 1, contained.c.rest != 0)
        .limit(1)
    )
    legs = (
        select(Posting.payment, func.sum(Posting.quantity).label("quantity"))
        .join(Entry, and_(Entry.book_id == Posting.book_id, Entry.id == Posting.entry_id))
        .where(Posting.account == Acct.PAYOUTS_IN_TRANSIT, Entry.event_type == "payout_created")
        .group_by(Posting.payment)
        .subquery()
    )
    sent = func.coalesce(legs.c.quantity, 0)
    split = (
        select(payout, Payout.amount, sent)
        .outerjoin(legs, legs.c.payment == payout)
        .where(Payout.amount != sent)
        .limit(1)
    )
    found = (
        first(session, differs, "payout {0} differs from what it contains by {1}")
        or first(session, split, "payout {0} is {1}, its funds {2}")
        or _in_transit(session)
    )
    return count(session, Payout), found


def _in_transit(session: ReadSession) -> str | None:
    returned = exists().where(
        BalanceTransaction.source_id == Payout.stripe_payout_id,
        BalanceTransaction.reporting_category != "payout",
        BalanceTransaction.posted_at.is_not(None),
    )
    waiting: dict[Any, int] = {
        (book_id, unit): int(total)
        for book_id, unit, total in session.execute(
            select(Payout.book_id, Payout.commodity, func.sum(Payout.amount))
            .where(Payout.bank_line_id.is_(None), ~returned)
            .group_by(Payout.book_id, Payout.commodity)
        )
    }
    rows = session.execute(
        select(Book.id, Book.code, Posting.commodity, func.sum(Posting.quantity))
        .join(Book, Book.id == Posting.book_id)
        .where(Posting.account == Acct.PAYOUTS_IN_TRANSIT, Posting.payment.is_not(None))
        .group_by(Book.id, Book.code, Posting.commodity)
    )
    for book_id, code, unit, total in rows:
        if waiting.get((book_id, unit), 0) != total:
            return f"book {code}: {total} {unit} are in transit, not {waiting.get((book_id, unit))}"
    return None


def refunds(session: ReadSession) -> Finding:
    """I-36: no more goes back than came in, by pledge and by charge."""
    kept = func.sum(Fulfilment.quantity)
    by_pledge = (
        select(Pledge.reference, kept)
        .join(Fulfilment, Fulfilment.pledge_id == Pledge.id)
        .group_by(Pledge.id, Pledge.reference)
        .having(kept < 0)
        .limit(1)
    )
    charge = BalanceTransaction
    by_charge = (
        select(Refund.stripe_charge_id, func.sum(Refund.amount), charge.amount)
        .join(charge, and_(charge.source_id == Refund.stripe_charge_id, charge.amount > 0))
        .where(Refund.state.in_(GIVEN_BACK))
        .group_by(Refund.stripe_charge_id, charge.amount)
        .having(func.sum(Refund.amount) > charge.amount)
        .limit(1)
    )
    owed = (
        select(charge.stripe_txn_id, charge.owed_back, charge.amount)
        .where(charge.owed_back != 0, or_(charge.owed_back < 0, charge.owed_back > charge.amount))
        .limit(1)
    )
    found = (
        first(session, by_pledge, "pledge {0}: more was given back than paid, {1}")
        or first(session, by_charge, "charge {0}: {1} of {2} is to go back")
        or first(session, owed, "charge {0}: {1} of {2} is owed back")
    )
    return count(session, Refund) + count(session, charge), found


def statements(session: ReadSession) -> Finding:
    """I-38: opening and lines give the closing balance, the payments of a batch its line, and a
    line's or payment's entry moves its amount."""
    found = (
        first(session, _not_adding_up(), "statement {0} closes with {1} after lines of {2}")
        or first(session, _not_summing(), "line {0} of {1} has payments of {2}")
        or first(session, _tied_wrongly(), "line {0} of {1} is tied to an entry of {2}")
        or first(session, _not_tied(), "line {0} is {1}, its ties say otherwise")
        or first(session, _parts_not_tied(), "payment {0} is {1}, its ties say otherwise")
    )
    return count(session, BankStatement) + count(session, BankLine), found


def _not_adding_up() -> Select[str, int, int]:
    """Return statements whose lines do not lead from one balance to the other."""
    own = (
        select(BankLine.statement_id, func.sum(BankLine.amount).label("amount"))
        .group_by(BankLine.statement_id)
        .subquery()
    )
    again = (
        select(BankLineRepeat.statement_id, func.sum(BankLine.amount).label("amount"))
        .join(BankLine, BankLine.id == BankLineRepeat.bank_line_id)
        .group_by(BankLineRepeat.statement_id)
        .subquery()
    )
    moved = func.coalesce(own.c.amount, 0) + func.coalesce(again.c.amount, 0)
    # Until lines were counted, one that an overlapping statement had brought was that one's only.
    shared = aliased(BankStatement)
    overlaps = exists().where(
        BankStatement.line_count.is_(None),
        shared.book_id == BankStatement.book_id,
        shared.account == BankStatement.account,
        shared.id != BankStatement.id,
        shared.opens_on <= BankStatement.closes_on,
        shared.closes_on >= BankStatement.opens_on,
    )
    return (
        select(BankStatement.statement_ref, BankStatement.closing, moved)
        .outerjoin(own, own.c.statement_id == BankStatement.id)
        .outerjoin(again, again.c.statement_id == BankStatement.id)
        .where(
            BankStatement.opening + moved != BankStatement.closing + BankStatement.forward,
            # What its lines that stayed with other files came to, it lacks.
            BankStatement.withdrawn_at.is_(None),
            ~overlaps,
        )
        .limit(1)
    )


def _not_summing() -> Select[UUID, int, int]:
    """Return lines whose payments do not sum to them."""
    total = func.sum(BankLinePart.amount)
    return (
        select(BankLine.id, BankLine.amount, total)
        .join(BankLinePart, BankLinePart.bank_line_id == BankLine.id)
        .where(BankLinePart.stands())
        .group_by(BankLine.id, BankLine.amount)
        .having(total != BankLine.amount)
        .limit(1)
    )


def _tied_wrongly() -> Select[UUID, int, int]:
    """Return matches whose entry does not move the bank account by what was matched."""
    booked = func.coalesce(func.sum(Posting.quantity), 0)
    amount = func.coalesce(BankLinePart.amount, BankLine.amount)
    # What was identified later moves between funds only.
    return (
        select(BankLine.id, amount, booked)
        .join(Match, Match.bank_line_id == BankLine.id)
        .outerjoin(BankLinePart, BankLinePart.id == Match.part_id)
        .outerjoin(
            Posting,
            and_(
                Posting.book_id == Match.book_id,
                Posting.entry_id == Match.entry_id,
                Posting.account == BankLine.account,
                Posting.commodity == BankLine.commodity,
            ),
        )
        .where(Match.rule != MatchRule.IDENTIFIED, Match.holds())
        .group_by(BankLine.id, BankLine.amount, BankLinePart.amount, Match.id)
        .having(booked != amount)
        .limit(1)
    )


def _not_tied() -> Select[UUID, str]:
    """Return lines whose state their matches, or the states of their payments, do not give."""
    waiting = exists().where(
        BankLinePart.bank_line_id == BankLine.id,
        BankLinePart.state == LineState.OPEN,
        BankLinePart.stands(),
    )
    whole = exists().where(
        Match.bank_line_id == BankLine.id, Match.part_id.is_(None), Match.holds()
    )
    any_tie = exists().where(Match.bank_line_id == BankLine.id, Match.holds())
    return (
        select(BankLine.id, BankLine.state)
        .where(
            or_(
                and_(BankLine.state == LineState.MATCHED, or_(~any_tie, waiting)),
                and_(BankLine.state == LineState.OPEN, whole),
                and_(BankLine.state == LineState.OPEN, any_tie, ~waiting),
            ),
            BankLine.amount != 0,
        )
        .limit(1)
    )


def _parts_not_tied() -> Select[UUID, str]:
    """Return payments that are matched without a match of their own or of their whole line, and
    open ones with one."""
    tied = exists().where(
        Match.bank_line_id == BankLinePart.bank_line_id,
        or_(Match.part_id == BankLinePart.id, Match.part_id.is_(None)),
        Match.holds(),
    )
    return (
        select(BankLinePart.id, BankLinePart.state)
        .where(
            or_(
                and_(BankLinePart.state == LineState.MATCHED, ~tied, BankLinePart.amount != 0),
                and_(BankLinePart.state == LineState.OPEN, tied),
            ),
            BankLinePart.stands(),
        )
        .limit(1)
    )
