"""What comes in and goes out within the next days, as far as the books know: a cash forecast.

Amounts in minor units of the book's currency. Only what somebody pledged or asked for; what
usually comes is not guessed.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from ledger.core.accounts import Acct
from ledger.core.states import AgreementKind, AgreementState
from ledger.core.vocabulary import OPEN_PLEDGES
from ledger.db import ReadSession
from ledger.models.agreements import Agreement
from ledger.models.books import Book
from ledger.models.pledges import Fulfilment, Pledge, PledgeLine
from ledger.paging import CARDS
from ledger.queries.books.balances import balances_by_account

# Where money lies that can be spent.
MONEY = (Acct.BANK, Acct.UNDEPOSITED_CASH, Acct.PETTY_CASH, Acct.STRIPE_BALANCE,
         Acct.PAYOUTS_IN_TRANSIT)  # fmt: skip
TO_PAY = (AgreementState.APPROVED, AgreementState.BILLED, AgreementState.RELEASED)


@dataclass(frozen=True, slots=True)
class Due:
    """A pledge or bill: its reference, the day it is due where one is set, and what is open."""

    id: UUID
    reference: str
    about: str
    due_on: date | None
    amount: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """Money now by account, what was due before, what comes and goes until a day."""

    until: date
    money: tuple[tuple[int, int], ...]
    overdue: tuple[Due, ...]
    coming: tuple[Due, ...]
    going: tuple[Due, ...]
    overdue_total: int
    coming_total: int
    going_total: int

    @property
    def now(self) -> int:
        """What there is."""
        return sum(amount for _account, amount in self.money)

    @property
    def then(self) -> int:
        """What there will be, if what is due comes and goes; what is overdue is left out."""
        return self.now + self.coming_total - self.going_total


def outlook(session: ReadSession, *, book: Book, today: date, until: date) -> Outlook:
    """Return what is known of a book's money until a day."""
    held = balances_by_account(session, book_id=book.id, accounts=MONEY)
    due = _pledges_due(session, book, until)
    overdue = [row for row in due if row.due_on is not None and row.due_on < today]
    coming = [row for row in due if row.due_on is not None and row.due_on >= today]
    going = _bills(session, book)
    return Outlook(
        until=until,
        money=tuple(
            (account, held[account][book.commodity])
            for account in MONEY
            if held[account][book.commodity]
        ),
        overdue=tuple(overdue[:CARDS]),
        coming=tuple(coming[:CARDS]),
        going=tuple(going[:CARDS]),
        overdue_total=sum(row.amount for row in overdue),
        coming_total=sum(row.amount for row in coming),
        going_total=sum(row.amount for row in going),
    )


def _pledges_due(session: ReadSession, book: Book, until: date) -> list[Due]:
    """Return each open instalment that is due by a day; what has come fills the oldest first."""
    rows = session.execute(
        select(Pledge.id, Pledge.reference, PledgeLine.due_on, PledgeLine.quantity)
        .join(PledgeLine, PledgeLine.pledge_id == Pledge.id)
        .where(
            Pledge.book_id == book.id,
            Pledge.state.in_(OPEN_PLEDGES),
            Pledge.commodity == book.commodity,
            PledgeLine.due_on <= until,
        )
        .order_by(Pledge.id, PledgeLine.due_on, PledgeLine.n)
    ).all()
    came = dict(
        iter(
            session.execute(
                select(Fulfilment.pledge_id, func.sum(Fulfilment.quantity))
                .join(Pledge, Pledge.id == Fulfilment.pledge_id)
                .where(
                    Pledge.book_id == book.id,
                    Pledge.state.in_(OPEN_PLEDGES),
                    Fulfilment.counts(),
                )
                .group_by(Fulfilment.pledge_id)
            )
        )
    )
    found = []
    for pledge_id, reference, due_on, quantity in rows:
        paid = min(int(came.get(pledge_id, 0)), quantity)
        came[pledge_id] = int(came.get(pledge_id, 0)) - paid
        if quantity > paid:
            found.append(Due(pledge_id, reference, "", due_on, quantity - paid))
    return sorted(found, key=lambda row: (row.due_on or until, row.reference))


def _bills(session: ReadSession, book: Book) -> list[Due]:
    """Return what is approved and not paid yet, the oldest first."""
    rows = session.scalars(
        select(Agreement)
        .where(
            Agreement.book_id == book.id,
            Agreement.kind.in_((AgreementKind.SPENDING, AgreementKind.EXPENSE)),
            Agreement.state.in_(TO_PAY),
            Agreement.commodity == book.commodity,
        )
        .order_by(Agreement.created_at, Agreement.id)
    )
    return [Due(row.id, row.reference, row.title, None, row.quantity) for row in rows]
