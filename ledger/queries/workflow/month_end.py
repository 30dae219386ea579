"""The list that a treasurer works through at the end of a month: each step with its state.

Every state is read from the books now, never ticked by hand. Amounts in minor units.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select

from ledger.core.accounts import Acct
from ledger.core.states import AgreementKind, AgreementState, Move
from ledger.db import ReadSession
from ledger.models.agreements import Agreement, Step
from ledger.models.books import Book
from ledger.queries.accounting.periods import blockers, closed_until
from ledger.queries.books.balances import trial_balance
from ledger.queries.jobs.check_runs import last_check
from ledger.queries.payments.stripe_balance import differing_currencies, in_suspense
from ledger.queries.reconciliation.statements import (
    BankOfBook,
    banks_of,
    has_begun,
    lacking_statements,
    unreconciled,
)

# What is owed although no money has moved yet.
ACCRUED = (
    *(Acct.ACCOUNTS_PAYABLE, Acct.REIMBURSEMENTS_PAYABLE, Acct.GRANTS_PAYABLE),
    Acct.REFUNDS_PAYABLE,
)
ONE_DAY = timedelta(days=1)


class StepState(StrEnum):
    """Whether a step is done, has work left, or only a person can tell."""

    DONE = "done"
    OPEN = "open"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class MonthStep:
    """One step: what it is about, its state, how many items wait, and what amounts it names.

    ``amounts`` are (label, quantity, commodity); a label is an account, a book or empty.
    """

    name: str
    state: StepState
    count: int = 0
    amounts: tuple[tuple[str, int, str], ...] = ()


def last_day(month: date) -> date:
    """Return the last day of a month."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1) - ONE_DAY


def month_steps(session: ReadSession, *, book: Book, month: date) -> list[MonthStep]:
    """Return the steps of a month in the order in which they are done."""
    until = last_day(month)
    waiting = dict(blockers(session, book_id=book.id, until=until))
    banks = banks_of(session, book_id=book.id)
    lacking = lacking_statements(session, banks=banks, until=until)
    unsigned = unreconciled(session, book_id=book.id, until=until, banks=banks)
    stripe = (
        waiting.get("unposted", 0)
        + len(in_suspense(session, book_id=book.id))
        + differing_currencies(session, book_id=book.id)
    )
    held = _balances(session, book, until)
    check = last_check(session)
    broken = 1 if check is None else len(check.failed_rules)
    closed = closed_until(session, [book.id]).get(book.id)
    wear = _plans_without_wear(session, book.id, month)
    names = tuple((str(bank.account), 0, bank.commodity) for bank in lacking)
    # Before the first statement nothing can say that the bank agrees: a person has to.
    moved = any(account == Acct.BANK for account, _unit in held)
    unknown = moved and not has_begun(session, book_id=book.id, until=until)
    return [
        MonthStep("statements", _known(unknown, lacking), len(lacking), names),
        _counted("lines", waiting.get("bank_lines", 0)),
        _counted("stripe", stripe),
        _look("cash", held, (Acct.UNDEPOSITED_CASH, Acct.PETTY_CASH)),
        _counted("hours", waiting.get("hours", 0)),
        _counted("equipment", waiting.get("valuations", 0)),
        _look("accruals", held, ACCRUED),
        _counted("depreciation", wear),
        _look("claims", held, (Acct.INTER_COMMUNITY,)),
        _counted("check", broken),
        MonthStep("reconciliation", _known(unknown, unsigned), len(unsigned)),
        MonthStep("closed", _done(closed is not None and closed >= until)),
    ]


def _done(is_done: bool) -> StepState:
    return StepState.DONE if is_done else StepState.OPEN


def _known(unknown: bool, lacking: Sequence[BankOfBook]) -> StepState:
    return StepState.LOOK if unknown else _done(not lacking)


def _counted(name: str, count: int) -> MonthStep:
    return MonthStep(name, _done(count == 0), count)


def _look(name: str, held: dict[tuple[int, str], int], accounts: Iterable[int]) -> MonthStep:
    """Return a step about balances: without any it is done, else a person has to look."""
    amounts = tuple(
        (str(account), quantity, unit)
        for (account, unit), quantity in sorted(held.items())
        if account in accounts and quantity
    )
    return MonthStep(name, StepState.LOOK if amounts else StepState.DONE, len(amounts), amounts)


def _balances(session: ReadSession, book: Book, until: date) -> dict[tuple[int, str], int]:
    accounts = [
        *(Acct.BANK, Acct.UNDEPOSITED_CASH, Acct.PETTY_CASH, Acct.INTER_COMMUNITY),
        *ACCRUED,
    ]
    found: dict[tuple[int, str], int] = {}
    for row in trial_balance(session, book_id=book.id, accounts=accounts, as_of=until):
        place = (row.account, row.commodity)
        found[place] = found.get(place, 0) + row.quantity
    return found


def _plans_without_wear(session: ReadSession, book_id: UUID, month: date) -> int:
    """Return how many running plans of depreciation have nothing booked for a month."""
    plans = session.scalars(
        select(Agreement).where(
            Agreement.book_id == book_id,
            Agreement.kind == AgreementKind.DEPRECIATION,
            Agreement.state == AgreementState.ACTIVE,
        )
    ).all()
    begun = [row.id for row in plans if date.fromisoformat(row.terms["first"]) <= last_day(month)]
    worn = session.scalar(
        select(func.count(Step.agreement_id.distinct())).where(
            Step.agreement_id.in_(begun),
            Step.name == Move.WEAR,
            Step.reference == f"{month:%Y-%m}",
        )
    )
    return len(begun) - int(worn or 0)
