"""Funds: each has its own balance sheet, its restriction and its limit (I-11 to I-16)."""

from collections import Counter

from sqlalchemy import and_, case, func, or_, select

from ledger.core.accounts import CASH_LIKE, Acct
from ledger.core.vocabulary import FundClass
from ledger.db import ReadSession
from ledger.models.books import Account, Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.journal import Entry, Posting
from ledger.models.pools import Pool
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.funds import OWED, SET_ASIDE
from ledger.queries.invariants.result import Finding, count, first

TRANSFERS = (
    (Acct.RELEASED_IN, Acct.RELEASED_OUT),
    (Acct.FUND_TRANSFERS_IN, Acct.FUND_TRANSFERS_OUT),
    (Acct.RECLASSIFIED,),
)
COSTS = (5000, 6999)
ISO_4217 = 3
RESTRICTED = (FundClass.PURPOSE, FundClass.PURPOSE_TIME, FundClass.TIME)
# What takes money away whatever a fund has: it happened, and the books say so (domain I-14).
UNASKED = (
    "bank_charge",
    "cheque_bounced",
    "debit_returned",
    "dispute_moved",
    "gift_settled",
    "host_fee",
    "payment_settled",
    # A slice of a shared Stripe account becomes a claim on the account's owner, and back.
    "payout_created",
    "payout_failed",
    "refund_settled",
    "refund_owed",
    "reversal",
    "stripe_fee",
    "movement_suspended",
    "money_held",
)


def sheets(session: ReadSession) -> Finding:
    """I-11: of each fund, assets less liabilities are net assets, as the statements have them."""
    checked = 0
    for book in session.scalars(select(Book).order_by(Book.code)).all():
        totals: Counter[tuple[str, str]] = Counter()
        for row in trial_balance(session, book_id=book.id):
            if row.account < 8000:
                totals[row.fund, row.commodity] += row.quantity
        checked += len(totals)
        for (fund, unit), rest in totals.items():
            if rest:
                return checked, f"book {book.code}: the sheet of {fund} is off by {rest} {unit}"
    return checked, None


def agency(session: ReadSession) -> Finding:
    """I-12: an agency fund holds the money of others: its own net assets are nothing."""
    query = (
        select(Fund.code, func.sum(Posting.quantity))
        .join(Posting, and_(Posting.book_id == Fund.book_id, Posting.fund_id == Fund.id))
        .where(Fund.fund_class == FundClass.AGENCY, Posting.account.between(3000, 7999))
        .group_by(Fund.id, Fund.code, Posting.commodity)
        .having(func.sum(Posting.quantity) != 0)
        .limit(1)
    )
    return count(session, Fund, Fund.fund_class == FundClass.AGENCY), first(
        session, query, "fund {0} has net assets of {1}"
    )


def transfers(session: ReadSession) -> Finding:
    """I-13: what one fund of a book releases or moves, another gets."""
    found, checked = None, 0
    for accounts in TRANSFERS:
        checked += count(session, Posting, Posting.account.in_(accounts))
        query = (
            select(Book.code, Posting.commodity, func.sum(Posting.quantity))
            .join(Book, Book.id == Posting.book_id)
            .where(Posting.account.in_(accounts))
            .group_by(Book.id, Book.code, Posting.commodity)
            .having(func.sum(Posting.quantity) != 0)
            .limit(1)
        )
        sentence = f"book {{0}}: {' and '.join(map(str, accounts))} differ by {{2}} {{1}}"
        found = found or first(session, query, sentence)
    return checked, found


def limits(session: ReadSession) -> Finding:
    """I-14: no fund ends a day below zero, but for what was taken from it unasked.

    A day is the day of recording: what nobody knew yet could not be kept from being spent.
    """
    asset = or_(
        Posting.account.in_([*CASH_LIKE, *OWED]),
        and_(Posting.account == Acct.INTER_COMMUNITY, Posting.fund_id.in_(select(Pool.fund_id))),
    )
    step = case((asset, Posting.quantity), else_=-Posting.quantity)
    taken = case(
        (
            and_(step < 0, or_(Entry.event_type.in_(UNASKED), Entry.source == "correction")),
            -step,
        ),
        else_=0,
    )
    day = func.date(Entry.recorded_at)
    days = (
        select(
            Posting.fund_id,
            Posting.commodity,
            day.label("day"),
            func.sum(step).label("step"),
            func.sum(taken).label("taken"),
        )
        .join(Entry, and_(Entry.book_id == Posting.book_id, Entry.id == Posting.entry_id))
        .where(
            or_(asset, Posting.account.in_(SET_ASIDE)), func.length(Posting.commodity) == ISO_4217
        )
        .group_by(Posting.fund_id, Posting.commodity, day)
        .subquery()
    )
    place = (days.c.fund_id, days.c.commodity)
    left, excused = (
        func.sum(column).over(partition_by=place, order_by=days.c.day)
        for column in (days.c.step, days.c.taken)
    )
    running = select(
        days.c.fund_id,
        days.c.commodity,
        days.c.day,
        left.label("left"),
        excused.label("taken"),
    ).subquery()
    query = (
        select(Fund.code, running.c.left, running.c.commodity, running.c.day)
        .join(running, running.c.fund_id == Fund.id)
        .where(
            ~Fund.negative_allowed,
            Fund.fund_class != FundClass.AGENCY,
            running.c.left + running.c.taken < 0,
        )
        .limit(1)
    )
    return count(session, Fund, ~Fund.negative_allowed), first(
        session, query, "fund {0} ended {3} with {1} {2} to spend"
    )


def purposes(session: ReadSession) -> Finding:
    """I-15: what is spent for a campaign is spent from the fund of the campaign.

    Purposes of funds are text for people; a campaign is the only purpose a leg can name.
    """
    spent = and_(Posting.account.between(*COSTS), Posting.campaign.is_not(None))
    query = (
        select(Posting.entry_id, Fund.code, Posting.campaign)
        .join(Fund, Fund.id == Posting.fund_id)
        .outerjoin(
            Campaign, and_(Campaign.slug == Posting.campaign, Campaign.fund_id == Posting.fund_id)
        )
        .where(spent, Fund.fund_class.in_(RESTRICTED), Campaign.id.is_(None))
        .limit(1)
    )
    return count(session, Posting, spent), first(
        session, query, "entry {0}: fund {1} is not for {2}"
    )


def endowments(session: ReadSession) -> Finding:
    """I-16: an endowment shrinks by a loss only, or by what was approved if it may be spent."""
    query = (
        select(Posting.entry_id, Fund.code, Posting.account)
        .join(Fund, and_(Fund.book_id == Posting.book_id, Fund.id == Posting.fund_id))
        .join(Entry, and_(Entry.book_id == Posting.book_id, Entry.id == Posting.entry_id))
        .join(Account, and_(Account.book_id == Posting.book_id, Account.number == Posting.account))
        .where(
            Posting.account.between(*COSTS),
            Posting.quantity > 0,
            ~Account.is_loss,
            or_(
                Fund.fund_class == FundClass.ENDOWMENT_PERMANENT,
                and_(
                    Fund.fund_class == FundClass.ENDOWMENT_EXPENDABLE, Entry.approved_by.is_(None)
                ),
            ),
        )
        .limit(1)
    )
    return count(session, Fund, Fund.fund_class.like("endowment%")), first(
        session, query, "entry {0} spends fund {1} on account {2}"
    )
