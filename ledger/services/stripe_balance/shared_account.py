"""How the owner of a Stripe account stands with the communities that share it;
minor units."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import case, func, select

from ledger.core.accounts import Acct
from ledger.core.bookkeeping import SharedAccount
from ledger.core.vocabulary import FundClass
from ledger.db import Session
from ledger.errors import Conflict
from ledger.models.books import Book
from ledger.models.journal import Posting
from ledger.queries.books.books import book_by_code
from ledger.queries.payments.stripe_balance import account_of, book_for_account, general_fund
from ledger.services.books.books import NewFund, create_fund

# The owner's agency fund for what it holds of others.
HELD = "HELD-STRIPE"


def receiver_of(session: Session, slices: Mapping[str, Mapping[str, int]]) -> Book:
    """Return the book whose bank gets a payout: the named owner's. Where none is named, a book
    keeps what it earned alone, and of several the first with money at Stripe gets it.

    Raises Conflict where there is no book.
    """
    row = account_of(session)
    named = row is not None and row.book_id is not None
    if not named and len(slices) == 1:
        return book_by_code(session, next(iter(slices)))
    owner = book_for_account(session)
    if owner is None:
        raise Conflict("There is no book to assign the payout to.")
    return owner


def standing(session: Session, owner: Book, currency: str, now: datetime) -> SharedAccount:
    """Return how the owner stands with the others; opens its fund for them where it has none.

    Raises Conflict when another fund has the code of that one.
    """
    held = create_fund(
        session,
        book_id=owner.id,
        fund=NewFund(HELD, FundClass.AGENCY.value, name="Held for other communities at Stripe"),
        now=now,
    )
    general = general_fund(session, owner)
    by_payout = case((Posting.payment.is_not(None), Posting.quantity), else_=0)
    rows = session.execute(
        select(Book.code, Posting.fund_id, func.sum(Posting.quantity), func.sum(by_payout))
        .join(Book, Book.id == Posting.counterparty_id)
        .where(
            Posting.book_id == owner.id,
            Posting.account == Acct.INTER_COMMUNITY,
            Posting.commodity == currency,
            Posting.fund_id.in_((held.id, general.id)),
        )
        .group_by(Book.code, Posting.fund_id)
    ).all()
    return SharedAccount(
        owner.code,
        general.code,
        held.code,
        {code: max(0, -int(total)) for code, fund, total, _of in rows if fund == held.id},
        # A loan or a grant is no business of a payout: only what payouts lent is repaid by them.
        {
            code: max(0, min(int(total), int(lent)))
            for code, fund, total, lent in rows
            if fund == general.id
        },
    )
