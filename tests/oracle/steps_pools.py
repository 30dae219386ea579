"""Steps: opening balances, pools, allocations, moves between funds, corrections, periods."""

from dataclasses import replace

from sqlalchemy import select

from ledger.core.allocation import Rule
from ledger.db import Session
from ledger.models.pools import AllocationRun
from ledger.models.statements import Match
from ledger.services.accounting import corrections, fund_transfers, opening_balances, periods
from ledger.services.accounting.opening_balances import Balance, Thing
from ledger.services.banking import matching
from ledger.services.payments import disputes, gifts
from ledger.services.pools import allocations, lifecycle, pools, settlement
from tests.worlds.worked_events import AFTER, DAY, Step, World


def opn_1(world: World, session: Session) -> None:
    laptop = Thing("L1", "EQP.LAPTOP", "GEN", cost=90000, depreciated=30000)
    world.approve(
        session,
        opening_balances.propose_opening(
            session,
            book=world.book(session, "A"),
            balances=[
                Balance(1010, "GEN", "USD", 500000),
                Balance(1510, "GEN", "USD", 180000),
                Balance(1519, "GEN", "USD", -60000),
                Balance(2110, "GEN", "USD", -40000),
                Balance(1010, "SOLAR", "USD", 200000),
                Balance(8210, "GEN", "EQP.LAPTOP", 2),
            ],
            things=[laptop, replace(laptop, tag="L2")],
            reason="Accounts of last year, signed",
            made_by=world.people["maker"],
            now=world.now,
        ),
    )


def opn_2(world: World, session: Session) -> None:
    for code, amount in (("B", 300000), ("C", 100000)):
        world.approve(
            session,
            opening_balances.propose_opening(
                session,
                book=world.book(session, code),
                balances=[Balance(1010, "GEN", "USD", amount)],
                reason="Accounts of last year, signed",
                made_by=world.people["maker"],
                now=world.now,
            ),
        )


def _contribution(world: World, session: Session, member: str, amount: int) -> str:
    approval_request = pools.propose_contribution(
        session,
        member=world.book(session, member),
        fund=world.fund(session, member, "GEN"),
        pool=world.book(session, "P"),
        amount=amount,
        reason="As the agreement says",
        made_by=world.people["maker"],
        now=world.now,
    )
    world.approve(session, approval_request)
    return str(approval_request.id)


def pol_1(world: World, session: Session) -> None:
    reference = _contribution(world, session, "B", 100000)
    pools.settle_contribution(
        session,
        paid=pools.Contribution(
            pool_id=world.book(session, "P").id,
            member_id=world.book(session, "B").id,
            member_fund=world.fund(session, "B", "GEN"),
            amount=100000,
            reference=reference,
        ),
        on=DAY,
        now=world.now,
    )


def pol_2(world: World, session: Session) -> None:
    _contribution(world, session, "A", 60000)


def pol_3(world: World, session: Session) -> None:
    txn = world.movement(session, 50000, 1480)
    world.made["POL-3"] = txn
    gifts.settle_gift(session, txn_id=txn.id, fund=world.fund(session, "P", "JOINT"), now=world.now)


def pol_4(world: World, session: Session) -> None:
    pools.charge_host_fee(
        session,
        pool_id=world.book(session, "P").id,
        base=50000,
        host_fund=world.fund(session, "A", "GEN"),
        reference="gift",
        on=DAY,
        now=world.now,
    )


def pol_5(world: World, session: Session) -> None:
    row = lifecycle.propose_refundable(
        session,
        pool=world.book(session, "P"),
        member=world.book(session, "C"),
        fund=world.fund(session, "C", "GEN"),
        amount=20000,
        reason="Agreement: refundable",
        made_by=world.people["maker"],
        now=world.now,
    )
    world.approve(session, row)
    world.made["POL-5"] = row.id


def pol_6(world: World, session: Session) -> None:
    approval_request = lifecycle.propose_exit(
        session,
        contribution_id=world.made["POL-5"],
        reason="C leaves",
        made_by=world.people["maker"],
        now=world.now,
    )
    world.approve(session, approval_request)


def alc_1(world: World, session: Session) -> None:
    run = allocations.propose_allocation(
        session,
        pool_id=world.book(session, "P").id,
        wanted=allocations.Allocation(quantity=100000, rule=Rule("equal"), purpose="Summer"),
        proposed_by=world.people["maker"],
        now=world.now,
    )
    world.made["ALC-1"] = run.id
    world.decide(session, "allocation", "run", run.id)
    assert session.get_one(AllocationRun, run.id).state == "posted"


def _settle(member: str) -> Step:
    def step(world: World, session: Session) -> None:
        allocations.settle_allocation_line(
            session,
            run_id=world.made["ALC-1"],
            book_id=world.book(session, member).id,
            on=DAY,
            now=world.now,
            made_by=world.people["maker"],
        )

    return step


def alc_4(world: World, session: Session) -> None:
    row = lifecycle.propose_conditional(
        session,
        pool=world.book(session, "P"),
        member=world.book(session, "C"),
        fund=world.fund(session, "C", "GARDEN"),
        condition=lifecycle.Condition(quantity=30000, milestone="Fence is up"),
        reason="Decided by the members",
        made_by=world.people["maker"],
        now=world.now,
    )
    world.approve(session, row)
    lifecycle.reach_milestone(
        session, allocation_id=row.id, by=world.people["maker"], on=DAY, now=world.now
    )


def alc_5(world: World, session: Session) -> None:
    lifecycle.return_unspent(
        session,
        pool=world.book(session, "P"),
        member=world.book(session, "B"),
        fund=world.fund(session, "B", "ROOF"),
        unspent=lifecycle.Unspent(amount=5000, reference="roof done"),
        by=world.people["maker"],
        on=DAY,
        now=world.now,
    )


def alc_6(world: World, session: Session) -> None:
    txn = world.movement(
        session, -50000, 1500, category="dispute", kind="adjustment", source="du_pool"
    )
    disputes.settle_dispute(
        session, txn_id=txn.id, charge_id=world.made["POL-3"].source_id, now=world.now
    )


def alc_7(world: World, session: Session) -> None:
    paid = settlement.settle_open(
        session,
        pool_id=world.book(session, "P").id,
        reference="June",
        by=world.people["maker"],
        on=DAY,
        now=world.now,
    )
    assert [(row.code, row.fund, row.amount) for row in paid] == [
        ("B", "ROOF", -5000),
        ("C", "GARDEN", 63333),
    ]


def alc_8(world: World, session: Session) -> None:
    world.made["ALC-8.pledge"] = world.pledge(session, "P", "JOINT", "MIN.ELEC", 1200)
    row = lifecycle.propose_conditional(
        session,
        pool=world.book(session, "P"),
        member=world.book(session, "A"),
        fund=world.fund(session, "A", "SOLAR"),
        condition=lifecycle.Condition(
            quantity=600, commodity="MIN.ELEC", milestone="As they are worked"
        ),
        reason="Decided by the members",
        made_by=world.people["maker"],
        now=world.now,
    )
    world.approve(session, row)
    world.made["ALC-8"] = row.id


def rel_2(world: World, session: Session) -> None:
    approval_request = fund_transfers.propose_release(
        session,
        from_fund=world.fund(session, "A", "NEXT"),
        to_fund=world.fund(session, "A", "GEN"),
        amount=30000,
        reason="The year has begun",
        made_by=world.people["maker"],
        now=world.now,
    )
    world.approve(session, approval_request, now=AFTER)


def rel_3(world: World, session: Session) -> None:
    _designate(world, session, "A", "REPAIR", 15000)


def cor_2(world: World, session: Session) -> None:
    _designate(world, session, "B", "ROOF", 3500)


def _designate(world: World, session: Session, book: str, to_fund: str, amount: int) -> None:
    world.approve(
        session,
        fund_transfers.propose_designation(
            session,
            from_fund=world.fund(session, book, "GEN"),
            to_fund=world.fund(session, book, to_fund),
            amount=amount,
            reason="Minute 7",
            made_by=world.people["maker"],
            now=world.now,
        ),
    )


def cor_1(world: World, session: Session) -> None:
    book = world.book(session, "B")
    line = world.line(session, "B", 6000, remittance="for the roof")
    matching.match_gift(session, line_id=line, fund="GEN", by=world.people["maker"], now=world.now)
    entry_id = session.scalars(select(Match.entry_id).where(Match.bank_line_id == line)).one()
    world.approve(
        session,
        corrections.propose_correction(
            session,
            book_id=book.id,
            entry_id=entry_id,
            fund_map={"GEN": "ROOF"},
            reason="It was for the roof",
            made_by=world.people["maker"],
            now=world.now,
        ),
    )


def per_1(world: World, session: Session) -> None:
    """Close D, in which nothing waits."""
    approval_request = periods.propose_closing(
        session,
        book=world.book(session, "D"),
        until=DAY,
        reason="Year end",
        made_by=world.people["maker"],
        now=AFTER,
        unreconciled="The worked events have no bank statements",
    )
    world.approve(session, approval_request, now=AFTER)


def per_2(world: World, session: Session) -> None:
    book = world.book(session, "D")
    approval_request = periods.propose_reopening(
        session,
        book=book,
        period_id=world.last_period(session, book.id),
        reason="A letter came late",
        made_by=world.people["maker"],
        now=AFTER,
    )
    world.approve(session, approval_request, now=AFTER)
    world.approve(session, approval_request, now=AFTER, by="second")


STEPS: dict[str, Step] = {
    "OPN-1": opn_1,
    "OPN-2": opn_2,
    "POL-1": pol_1,
    "POL-2": pol_2,
    "POL-3": pol_3,
    "POL-4": pol_4,
    "POL-5": pol_5,
    "POL-6": pol_6,
    "ALC-1": alc_1,
    "ALC-2": _settle("B"),
    "ALC-3": _settle("A"),
    "ALC-4": alc_4,
    "ALC-5": alc_5,
    "ALC-6": alc_6,
    "ALC-7": alc_7,
    "ALC-8": alc_8,
    "REL-2": rel_2,
    "REL-3": rel_3,
    "COR-1": cor_1,
    "COR-2": cor_2,
    "PER-1": per_1,
    "PER-2": per_2,
}
