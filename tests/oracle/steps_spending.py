"""Steps: what communities spend, lend, share and grant, and what members lay out."""

from ledger.db import Session
from ledger.services.approvals.agreements import MoneyRequest
from ledger.services.banking import matching
from ledger.services.pools import cost_sharing, transfers
from ledger.services.spending import expenses, grants, loans, spending
from tests.worlds.worked_events import DAY, Step, World


def hrs_7(world: World, session: Session) -> None:
    row = expenses.claim_expense(
        session,
        book=world.book(session, "A"),
        fund=world.fund(session, "A", "GEN"),
        request=MoneyRequest(amount=2500, title="Train to the build", reason="Ticket attached"),
        claimed_by=world.people["member"],
        now=world.now,
    )
    world.approve(session, row)
    expenses.waive(session, expense_id=row.id, by=world.people["member"], on=DAY, now=world.now)


def rmb_1(world: World, session: Session) -> None:
    row = expenses.claim_expense(
        session,
        book=world.book(session, "A"),
        fund=world.fund(session, "A", "GEN"),
        request=MoneyRequest(amount=3850, title="Paint", reason="Receipt attached"),
        claimed_by=world.people["member"],
        now=world.now,
    )
    world.approve(session, row)
    expenses.reimburse(session, expense_id=row.id, by=world.people["maker"], on=DAY, now=world.now)


def ict_1(world: World, session: Session) -> None:
    giver_fund = world.fund(session, "A", "GEN")
    receiver_fund = world.fund(session, "B", "ROOF")
    approval_request = transfers.propose_grant(
        session,
        giver=world.book(session, "A"),
        grant=transfers.Grant(
            giver_fund=giver_fund, receiver_fund=receiver_fund, amount=50000, reason="For the roof"
        ),
        receiver=world.book(session, "B"),
        made_by=world.people["maker"],
        now=world.now,
    )
    world.approve(session, approval_request)
    transfer = transfers.Transfer(
        giver_fund, receiver_fund, 50000, reference=str(approval_request.id)
    )
    transfers.settle_grant(session, transfer=transfer, on=DAY, now=world.now)


def ict_2(world: World, session: Session) -> None:
    row = loans.propose_loan(
        session,
        lender=world.book(session, "A"),
        fund=world.fund(session, "A", "GEN"),
        borrower=world.book(session, "C"),
        borrower_fund=world.fund(session, "C", "GEN"),
        request=MoneyRequest(amount=30000, title="Loan to Cedar Row", reason="Until the harvest"),
        made_by=world.people["maker"],
        now=world.now,
    )
    world.approve(session, row)


def ict_3(world: World, session: Session) -> None:
    world.approve(
        session,
        cost_sharing.propose_sharing(
            session,
            book=world.book(session, "A"),
            fund=world.fund(session, "A", "GEN"),
            cost=cost_sharing.Sharing(
                amount=9000,
                measures={"A": 5, "B": 3, "C": 1},
                funds={"B": "GEN", "C": "GEN"},
                title="Hall hire",
            ),
            reason="Hours of use in the log",
            made_by=world.people["maker"],
            now=world.now,
        ),
    )


def rel_1(world: World, session: Session) -> None:
    """Spending on the purpose is the release: nothing to post (see DIS-2)."""


def grt_1(world: World, session: Session) -> None:
    world.made["GRT-1"] = grants.award_grant(
        session,
        book=world.book(session, "A"),
        fund=world.fund(session, "A", "GRANT"),
        amount=600000,
        title="City grant",
        by=world.people["maker"],
        on=DAY,
        now=world.now,
    ).id


def _grant_step(name: str, amount: int) -> Step:
    def step(world: World, session: Session) -> None:
        deed = getattr(grants, name)
        told = {"reference": "1", "by": world.people["maker"], "on": DAY, "now": world.now}
        deed(session, grant_id=world.made["GRT-1"], amount=amount, **told)

    return step


def grt_6(world: World, session: Session) -> None:
    row = grants.propose_outside_grant(
        session,
        book=world.book(session, "C"),
        fund=world.fund(session, "C", "GARDEN"),
        request=MoneyRequest(
            amount=25000, title="To the seed library", reason="Decided by the board"
        ),
        made_by=world.people["maker"],
        now=world.now,
    )
    world.approve(session, row)
    grants.pay_outside_grant(
        session,
        grant_id=row.id,
        amount=12500,
        reference="first half",
        by=world.people["maker"],
        on=DAY,
        now=world.now,
    )


def dis_1(world: World, session: Session) -> None:
    row = spending.request_spending(
        session,
        book=world.book(session, "A"),
        fund=world.fund(session, "A", "SOLAR"),
        request=spending.SpendingRequest(
            amount=40000, title="Mounting rails", reason="Cheapest of three offers"
        ),
        made_by=world.people["maker"],
        now=world.now,
    )
    world.approve(session, row)
    world.made["DIS-1"] = row.id


def dis_2(world: World, session: Session) -> None:
    spending.book_bill(
        session,
        spending_id=world.made["DIS-1"],
        amount=40000,
        by=world.people["checker"],
        on=DAY,
        now=world.now,
    )


def dis_3(world: World, session: Session) -> None:
    for deed in (spending.release_payment, spending.see_payment):
        deed(
            session,
            spending_id=world.made["DIS-1"],
            reference="1",
            by=world.people["maker"],
            on=DAY,
            now=world.now,
        )


def fee_1(world: World, session: Session) -> None:
    line = world.line(session, "A", -600, remittance="Account fee")
    matching.match_charge(
        session, line_id=line, fund="GEN", by=world.people["maker"], now=world.now
    )


STEPS: dict[str, Step] = {
    "HRS-7": hrs_7,
    "ICT-1": ict_1,
    "ICT-2": ict_2,
    "ICT-3": ict_3,
    "REL-1": rel_1,
    "GRT-1": grt_1,
    "GRT-2": _grant_step("receive_tranche", 200000),
    "GRT-3": _grant_step("earn_grant", 150000),
    "GRT-4": _grant_step("claim_grant", 70000),
    "GRT-5": _grant_step("return_grant", 50000),
    "GRT-6": grt_6,
    "DIS-1": dis_1,
    "DIS-2": dis_2,
    "DIS-3": dis_3,
    "RMB-1": rmb_1,
    "FEE-1": fee_1,
}
