"""Decisions: what an approver's yes or no sets in motion, by kind of proposal."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core.approval_rules import entry_amount
from ledger.core.days import day_in
from ledger.db import ReadSession, Session
from ledger.ids import new_id
from ledger.models.books import Book, Fund
from ledger.models.journal import Posting
from ledger.models.proposals import Proposal
from ledger.queries.approvals.rules import ROLE, RULE, needed_by, rules_of, signers_of
from ledger.services.accounting import (
    corrections,
    fund_transfers,
    manual_entries,
    opening_balances,
    periods,
)
from ledger.services.approvals import agreements, role_grants, rules
from ledger.services.approvals.requests import mark_decided, sign
from ledger.services.books import journal
from ledger.services.campaigns import matching_sponsors
from ledger.services.equipment import assets, contributed_use, disposals, low_value_items, supplies
from ledger.services.payments import refunds
from ledger.services.pledges import receivables
from ledger.services.pools import agreements as pool_agreements
from ledger.services.pools import allocations, cost_sharing, lifecycle, pools, transfers
from ledger.services.spending import expenses, grants, loans, purchases, spending
from ledger.services.volunteering import hours

Deed = Callable[[Session, Proposal, UUID, datetime], None]


def prepare(session: Session, kind: str) -> None:
    """Take the lock that a kind of decision needs before its transaction reads anything."""
    if kind == "closing":
        journal.keep_still(session)


def decide(
    session: Session,
    *,
    proposal_id: UUID,
    approve: bool,
    decided_by: UUID,
    note: str,
    now: datetime,
) -> Proposal:
    """Sign a proposal or reject it, and do what follows, all or nothing. Raises as the deed does.

    A yes does the deed once as many people have signed as the book's rule asks for. What the deed
    books counts as well as what was asked for: if that needs more people, the deed is undone and
    the signature stays.
    """
    proposal = sign(
        session, proposal_id=proposal_id, approve=approve, by=decided_by, note=note, now=now
    )
    if proposal.state == "rejected":
        if proposal.kind in REJECTED:
            REJECTED[proposal.kind](session, proposal, decided_by, now)
        return proposal
    signed = len(signers_of(session, proposal=proposal, now=now))
    # Read before the deed, which may be another rule.
    policy = rules_of(session, [proposal.book_id], now)[proposal.book_id]
    currency = session.get_one(Book, proposal.book_id).commodity
    if signed < needed_by(policy, proposal.kind, proposal.arguments, currency):
        return proposal
    start = new_id()
    attempt = session.begin_nested()
    APPROVED[proposal.kind](session, proposal, decided_by, now)
    booked = booked_since(session, proposal, start)
    if signed < needed_by(policy, proposal.kind, proposal.arguments, currency, booked):
        attempt.rollback()
        journal.forget_undone(session)
        return proposal
    attempt.commit()
    return mark_decided(session, proposal, "approved", by=decided_by, note=note, now=now)


def booked_since(session: ReadSession, proposal: Proposal, start: UUID) -> int:
    """Return the largest amount of the entries made after an id in a proposal's book, minor units.

    Ids rise with time within one program; other transactions' entries are not to be seen yet.
    """
    legs: dict[UUID, list[tuple[int, str, int]]] = {}
    rows = session.execute(
        select(Posting.entry_id, Posting.account, Posting.commodity, Posting.quantity).where(
            Posting.book_id == proposal.book_id, Posting.entry_id > start
        )
    )
    for entry_id, account, commodity, quantity in rows:
        legs.setdefault(entry_id, []).append((account, commodity, quantity))
    currency = session.get_one(Book, proposal.book_id).commodity
    return max((entry_amount(found, currency) for found in legs.values()), default=0)


def _today(session: ReadSession, proposal: Proposal, now: datetime) -> date:
    """Return which day it is where the book is kept that a proposal is about."""
    return day_in(session.get_one(Book, proposal.book_id).time_zone, now)


def _allocate(session: Session, proposal: Proposal, by: UUID, now: datetime) -> None:
    run_id = UUID(proposal.arguments["run"])
    allocations.post_allocation(
        session, run_id=run_id, approved_by=by, on=_today(session, proposal, now), now=now
    )


def _value(session: Session, proposal: Proposal, by: UUID, now: datetime) -> None:
    assets.approve_valuation(
        session,
        valuation_id=UUID(proposal.arguments["valuation"]),
        approved_by=by,
        on=_today(session, proposal, now),
        now=now,
    )


def _correct(session: Session, proposal: Proposal, by: UUID, now: datetime) -> None:
    corrections.apply_correction(
        session,
        book_id=proposal.book_id,
        entry_id=UUID(proposal.arguments["entry"]),
        fund_map=proposal.arguments["funds"],
        on=_today(session, proposal, now),
        now=now,
        made_by=proposal.made_by,
        approved_by=by,
    )


def _grant(session: Session, proposal: Proposal, by: UUID, now: datetime) -> None:
    transfers.grant(
        session,
        giver_fund=session.get_one(Fund, UUID(proposal.arguments["giver_fund"])),
        receiver_fund=session.get_one(Fund, UUID(proposal.arguments["receiver_fund"])),
        amount=proposal.arguments["quantity"],
        reference=str(proposal.id),
        on=_today(session, proposal, now),
        now=now,
        made_by=proposal.made_by,
        approved_by=by,
    )


def _contribute(session: Session, proposal: Proposal, by: UUID, now: datetime) -> None:
    pools.contribute(
        session,
        pool_id=UUID(proposal.arguments["pool"]),
        member_id=proposal.book_id,
        member_fund=session.get_one(Fund, UUID(proposal.arguments["fund"])),
        amount=proposal.arguments["quantity"],
        reference=str(proposal.id),
        on=_today(session, proposal, now),
        now=now,
        made_by=proposal.made_by,
        approved_by=by,
    )


def _refund(session: Session, proposal: Proposal, by: UUID, now: datetime) -> None:
    refunds.approve_refund(
        session, refund_id=UUID(proposal.arguments["refund"]), approved_by=by, now=now
    )


def _close(session: Session, proposal: Proposal, by: UUID, now: datetime) -> None:
    periods.close_period(
        session,
        book_id=proposal.book_id,
        until=date.fromisoformat(proposal.arguments["until"]),
        closed_by=proposal.made_by,
        approved_by=by,
        now=now,
    )


def _reopen(session: Session, proposal: Proposal, by: UUID, now: datetime) -> None:
    periods.reopen_period(
        session,
        book_id=proposal.book_id,
        period_id=UUID(proposal.arguments["period"]),
        reason=proposal.reason,
        reopened_by=proposal.made_by,
        approved_by=by,
        now=now,
    )


def _commitment(kind: str, approve: Callable[..., None]) -> Deed:
    """Return the deed that carries out the approval of a commitment."""

    def deed(session: Session, proposal: Proposal, by: UUID, now: datetime) -> None:
        row = agreements.load(session, UUID(proposal.arguments["commitment"]), kind)
        approve(session, row, by=by, on=_today(session, proposal, now), now=now)

    return deed


def _direct(carry_out: Callable[..., None]) -> Deed:
    def deed(session: Session, proposal: Proposal, by: UUID, now: datetime) -> None:
        carry_out(session, proposal, by=by, on=_today(session, proposal, now), now=now)

    return deed


def _refuse(session: Session, proposal: Proposal, _by: UUID, _now: datetime) -> None:
    row = agreements.load(session, UUID(proposal.arguments["commitment"]), proposal.kind)
    agreements.reject(session, row)


COMMITMENTS: dict[str, Callable[..., None]] = {
    "spending": spending.approve_spending,
    "expense": expenses.approve_expense,
    "loan": loans.approve_loan,
    "outside_grant": grants.approve_outside_grant,
    "promise": receivables.recognise,
    "purchase": purchases.approve_purchase,
    "refundable": lifecycle.put_in,
    "sponsor": matching_sponsors.take_sponsor,
    "conditional_allocation": lifecycle.promise,
}

# Deeds that take the proposal itself.
DIRECT: dict[str, Callable[..., None]] = {
    "cost_sharing": cost_sharing.share_cost,
    "allowance": receivables.allow,
    "damaged_return": disposals.take_damaged,
    "disposal": disposals.dispose,
    "free_use": contributed_use.book_use,
    "giving_on": disposals.give_on,
    "hours_correction": hours.correct_hours,
    "material": supplies.receive_material,
    manual_entries.KIND: manual_entries.post_entry,
    "opening": opening_balances.open_book,
    "promise_increase": receivables.increase,
    "small_gift": low_value_items.receive_small_gift,
    "write_off": receivables.write_off,
    lifecycle.EXIT: lifecycle.leave_pool,
    "reversal": corrections.take_back,
    "release": fund_transfers.release,
    "designation": fund_transfers.designate,
}

APPROVED: dict[str, Deed] = {
    "allocation": _allocate,
    "valuation": _value,
    "correction": _correct,
    "transfer": _grant,
    "contribution": _contribute,
    "refund": _refund,
    RULE: rules.apply_rule,
    ROLE: role_grants.apply_role,
    "closing": _close,
    "reopening": _reopen,
    pool_agreements.OPENING: lambda session, proposal, by, now: pool_agreements.open_pool(
        session, proposal, approved_by=by, now=now
    ),
    pool_agreements.JOINING: lambda session, proposal, _by, now: pool_agreements.agree_to_join(
        session, proposal, now=now
    ),
    pool_agreements.ADMISSION: lambda session, proposal, _by, _now: pool_agreements.admit(
        session, proposal
    ),
    **{kind: _commitment(kind, approve) for kind, approve in COMMITMENTS.items()},
    **{kind: _direct(deed) for kind, deed in DIRECT.items()},
}

REJECTED: dict[str, Deed] = {
    "allocation": lambda session, proposal, by, now: allocations.reject_allocation(
        session, run_id=UUID(proposal.arguments["run"]), rejected_by=by, now=now
    ),
    "valuation": lambda session, proposal, _by, _now: assets.reject_valuation(
        session, valuation_id=UUID(proposal.arguments["valuation"])
    ),
    "refund": lambda session, proposal, _by, _now: refunds.reject_refund(
        session, refund_id=UUID(proposal.arguments["refund"])
    ),
    ROLE: role_grants.refuse_role,
    **dict.fromkeys(COMMITMENTS, _refuse),
}
