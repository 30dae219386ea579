"""What a bank line could pay, and what was done with lines like it; amounts in minor units.

A few set-based questions for any number of lines. Must not weigh what it finds.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from ledger.core.vocabulary import OPEN_PLEDGES, FundClass
from ledger.db import ReadSession
from ledger.models.books import Fund
from ledger.models.journal import Posting
from ledger.models.parties import Party
from ledger.models.pledges import Basket, Fulfilment, Pledge, PledgeLine
from ledger.models.statements import BankLine, LineState, Match

# Rows that are read: a pledge, or one instalment of it.
MOST = 1_000
MOST_DECISIONS = 2_000
# Quantities and memos tell nothing of what a line was for.
VALUES_END = 8_000


@dataclass(frozen=True, slots=True)
class OpenPledge:
    """A pledge of money that is open: how much of it, and the next instalment."""

    reference: str
    party_id: UUID
    donor: str
    fund: str
    open: int
    instalment: int
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Decided:
    """What was done with a line: its rule, and the account and fund that it went to."""

    rule: str
    account: int
    fund: str
    at: datetime


def open_pledges(
    session: ReadSession,
    *,
    book_id: UUID,
    commodity: str,
    references: Collection[str],
    parties: Collection[UUID],
    amounts: Collection[int],
) -> list[OpenPledge]:
    """Return open pledges of a currency that have one of these references or donors, or are
    promised with one of these amounts."""
    if not (references or parties or amounts):
        return []
    done = (
        select(func.coalesce(func.sum(Fulfilment.quantity), 0))
        .where(Fulfilment.pledge_id == Pledge.id, Fulfilment.counts())
        .scalar_subquery()
    )
    rows = session.execute(
        select(Pledge, func.coalesce(Basket.name, Party.name), Fund.code, done, PledgeLine)
        .join(Party, Party.id == Pledge.party_id)
        .join(Fund, (Fund.book_id == Pledge.book_id) & (Fund.id == Pledge.fund_id))
        .outerjoin(Basket, Basket.id == Pledge.basket_id)
        .outerjoin(PledgeLine, PledgeLine.pledge_id == Pledge.id)
        .where(
            Pledge.book_id == book_id,
            Pledge.commodity == commodity,
            Pledge.state.in_(OPEN_PLEDGES),
            or_(
                Pledge.reference.in_(references),
                Pledge.party_id.in_(parties),
                Pledge.quantity.in_(amounts),
            ),
        )
        .order_by(Pledge.created_at, Pledge.id, PledgeLine.due_on, PledgeLine.n)
        .limit(MOST)
    )
    found: dict[UUID, tuple[Pledge, str, str, int, list[PledgeLine]]] = {}
    for pledge, donor, fund, paid, line in rows:
        known = found.setdefault(pledge.id, (pledge, donor, fund, int(paid), []))
        if line is not None:
            known[-1].append(line)
    shown = []
    for pledge, donor, fund, paid, plan in found.values():
        if pledge.quantity > paid:
            due_on, part = _next(plan, paid)
            left = pledge.quantity - paid
            shown.append(
                OpenPledge(pledge.reference, pledge.party_id, donor, fund, left, part, due_on)
            )
    return shown


def _next(plan: Collection[PledgeLine], done: int) -> tuple[date | None, int]:
    """Return the day and the open rest of the first instalment that is not paid."""
    for line in plan:
        if done < line.quantity:
            return line.due_on, line.quantity - done
        done -= line.quantity
    return None, 0


def givers_by_account(
    session: ReadSession, *, book_id: UUID, accounts: Collection[str]
) -> dict[str, set[UUID]]:
    """Return who has paid pledges from these bank accounts before, by account."""
    found: dict[str, set[UUID]] = defaultdict(set)
    if not accounts:
        return found
    for account, party_id in session.execute(
        select(BankLine.counterparty_account, Pledge.party_id)
        .join(Match, Match.bank_line_id == BankLine.id)
        .join(
            Fulfilment,
            (Fulfilment.book_id == Match.book_id) & (Fulfilment.entry_id == Match.entry_id),
        )
        .join(Pledge, Pledge.id == Fulfilment.pledge_id)
        .where(
            BankLine.book_id == book_id,
            BankLine.counterparty_account.in_(accounts),
            Match.holds(),
        )
        .distinct()
    ):
        if account:
            found[account].add(party_id)
    return found


def decisions(
    session: ReadSession, *, book_id: UUID, keys: Collection[str]
) -> dict[str, list[Decided]]:
    """Return what was done with whole lines that share these history keys, the last first."""
    found: dict[str, list[Decided]] = defaultdict(list)
    if not keys:
        return found
    for line, decided in _decided(session, book_id, BankLine.history_key.in_(keys)):
        found[line.history_key or ""].append(decided)
    return found


def decisions_of(
    session: ReadSession, *, book_id: UUID, line_ids: Collection[UUID]
) -> dict[UUID, Decided]:
    """Return what was last done with whole lines, by line."""
    found: dict[UUID, Decided] = {}
    for line, decided in _decided(session, book_id, BankLine.id.in_(line_ids)):
        found.setdefault(line.id, decided)
    return found


def _decided(
    session: ReadSession, book_id: UUID, condition: ColumnElement[bool]
) -> list[tuple[BankLine, Decided]]:
    rows = session.execute(
        select(BankLine, Match, Posting.account, Fund.code)
        .join(Match, Match.bank_line_id == BankLine.id)
        .join(
            Posting,
            (Posting.book_id == Match.book_id) & (Posting.entry_id == Match.entry_id),
        )
        .join(Fund, (Fund.book_id == Posting.book_id) & (Fund.id == Posting.fund_id))
        .where(
            BankLine.book_id == book_id,
            condition,
            BankLine.state == LineState.MATCHED,
            Match.part_id.is_(None),
            Match.holds(),
            Posting.account != BankLine.account,
            Posting.account < VALUES_END,
            Fund.fund_class != FundClass.AGENCY,
        )
        .order_by(BankLine.booked_on.desc(), BankLine.id.desc(), Match.id.desc(), Posting.line)
        .limit(MOST_DECISIONS)
    )
    found: dict[UUID, tuple[BankLine, Decided]] = {}
    for line, match, account, fund in rows:
        found.setdefault(match.id, (line, Decided(match.rule, account, fund, match.made_at)))
    return list(found.values())
