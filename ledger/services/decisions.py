"""Decisions: what an approver's yes or no sets in motion, by kind of proposal."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from ledger.db import Session
from ledger.models.books import Fund
from ledger.models.proposals import Proposal
from ledger.services import assets, corrections, periods, pools, refunds, transfers
from ledger.services.proposals import mark_decided

Deed = Callable[[Session, Proposal, UUID, datetime], None]


def decide(
    session: Session,
    *,
    proposal_id: UUID,
    approve: bool,
    decided_by: UUID,
    note: str,
    now: datetime,
) -> Proposal:
    """Decide a proposal and do what follows, all or nothing. Raises as the deed does."""
    proposal = mark_decided(
        session,
        proposal_id=proposal_id,
        approve=approve,
        decided_by=decided_by,
        note=note,
        now=now,
    )
    deeds = APPROVED if approve else REJECTED
    deed = deeds.get(proposal.kind)
    if deed is not None:
        deed(session, proposal, decided_by, now)
    return proposal


def _allocate(session: Session, proposal: Proposal, by: UUID, now: datetime) -> None:
    run_id = UUID(proposal.arguments["run"])
    pools.post_allocation(session, run_id=run_id, approved_by=by, on=now.date(), now=now)


def _value(session: Session, proposal: Proposal, by: UUID, now: datetime) -> None:
    assets.approve_valuation(
        session,
        valuation_id=UUID(proposal.arguments["valuation"]),
        approved_by=by,
        on=now.date(),
        now=now,
    )


def _correct(session: Session, proposal: Proposal, by: UUID, now: datetime) -> None:
    corrections.apply_correction(
        session,
        book_id=proposal.book_id,
        entry_id=UUID(proposal.arguments["entry"]),
        fund_map=proposal.arguments["funds"],
        on=now.date(),
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
        on=now.date(),
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
        on=now.date(),
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


APPROVED: dict[str, Deed] = {
    "allocation": _allocate,
    "valuation": _value,
    "correction": _correct,
    "transfer": _grant,
    "contribution": _contribute,
    "refund": _refund,
    "closing": _close,
    "reopening": _reopen,
}

REJECTED: dict[str, Deed] = {
    "allocation": lambda session, proposal, by, now: pools.reject_allocation(
        session, run_id=UUID(proposal.arguments["run"]), rejected_by=by, now=now
    ),
    "valuation": lambda session, proposal, _by, _now: assets.reject_valuation(
        session, valuation_id=UUID(proposal.arguments["valuation"])
    ),
    "refund": lambda session, proposal, _by, _now: refunds.reject_refund(
        session, refund_id=UUID(proposal.arguments["refund"])
    ),
}
