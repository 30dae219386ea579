"""Between books: grants, loans, shared costs, and a pool with its host, members and allocations."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import select

from ledger.core.allocation import Rule
from ledger.models.approval_requests import ApprovalRequest
from ledger.services.approvals.agreements import MoneyRequest
from ledger.services.pools import allocations, cost_sharing, lifecycle, pools, transfers
from ledger.services.spending import loans
from tests.machines.base import AMOUNTS, ANY, BOOKS
from tests.machines.model import HELD, HOST, POOL, need
from tests.machines.money import Money

MEMBERS = {"A": "A.SOLAR", "B": "B.ROOF", "C": "C.GARDEN"}
# What of young card gifts is kept back, in basis points, and for how many days.
HOLD_BACK = 500
HOLD_BACK_DAYS = 120


class Between(Money):
    """Rules about what books owe, lend and give each other."""

    def __init__(self) -> None:
        super().__init__()
        self.open_grants: list[tuple[str, str, int, str]] = []
        self.lent: list[list[Any]] = []
        self.promised_in: list[tuple[str, int, str]] = []
        self.runs: list[tuple[UUID, dict[str, int]]] = []
        self.shares: list[tuple[UUID, str, int]] = []
        self.put_in: list[tuple[str, int, UUID]] = []
        self.conditional: list[tuple[str, int, UUID]] = []
        self.got: dict[str, int] = dict.fromkeys(MEMBERS, 0)

    def approve(self, asked: Any) -> None:
        """Have the checker say yes."""
        self.stage.approve(self.stage.session, asked)

    def afford(self, place: str, amount: int) -> None:
        """Refuse what is above what a fund can spend."""
        need(0 < amount <= self.model.spendable(place))

    @rule(giver=st.sampled_from("ABC"), taker=st.sampled_from("ABC"), amount=AMOUNTS)
    def a_grant_is_made(self, giver: str, taker: str, amount: int) -> None:
        here, there = BOOKS[giver], BOOKS[taker]

        def expected() -> bool:
            need(giver != taker and amount > 0)
            self.model.both(here, there, 5510, 4520, amount)
            return True

        def deed() -> str:
            asked = transfers.propose_grant(
                self.stage.session,
                giver=self.stage.of(here),
                grant=transfers.Grant(
                    giver_fund=self.stage.at(here),
                    receiver_fund=self.stage.at(there),
                    amount=amount,
                    reason="Because",
                ),
                receiver=self.stage.of(there),
                made_by=self.stage.people["maker"],
                now=self.stage.now,
            )
            self.approve(asked)
            return str(asked.id)

        done, reference = self.play(expected, deed)
        if done:
            self.open_grants.append((here, there, amount, reference))

    @precondition(lambda self: self.open_grants)
    @rule(n=ANY)
    def a_grant_is_paid(self, n: int) -> None:
        here, there, amount, reference = self.open_grants[n % len(self.open_grants)]
        now = self.stage.now

        def expected() -> bool:
            self.afford(here, amount)
            self.model.transfer(here, there, amount)
            return True

        done, _ = self.play(
            expected,
            lambda: transfers.settle_grant(
                self.stage.session,
                transfer=transfers.Transfer(
                    giver_fund=self.stage.at(here),
                    receiver_fund=self.stage.at(there),
                    amount=amount,
                    reference=reference,
                ),
                on=now.date(),
                now=now,
            ),
        )
        if done:
            self.open_grants.pop(n % len(self.open_grants))

    @rule(lender=st.sampled_from("ABC"), borrower=st.sampled_from("ABC"), amount=AMOUNTS)
    def money_is_lent(self, lender: str, borrower: str, amount: int) -> None:
        here, there = BOOKS[lender], BOOKS[borrower]

        def expected() -> bool:
            need(lender != borrower)
            self.afford(here, amount)
            self.model.move(here, {(1300, borrower): amount, 1010: -amount})
            self.model.move(there, {1010: amount, (1300, lender): -amount})
            return True

        def deed() -> UUID:
            row = loans.propose_loan(
                self.stage.session,
                lender=self.stage.of(here),
                fund=self.stage.at(here),
                borrower=self.stage.of(there),
                borrower_fund=self.stage.at(there),
                request=MoneyRequest(amount, "Loan", "Because"),
                made_by=self.stage.people["maker"],
                now=self.stage.now,
            )
            self.approve(row)
            return row.id

        done, key = self.play(expected, deed)
        if done:
            self.lent.append([here, there, amount, key])

    @precondition(lambda self: self.lent)
    @rule(n=ANY, amount=AMOUNTS)
    def a_loan_is_repaid(self, n: int, amount: int) -> None:
        row = self.lent[n % len(self.lent)]
        here, there, left, key = row

        def expected() -> None:
            need(amount <= left)
            self.afford(there, amount)
            self.model.move(here, {1010: amount, (1300, there[0]): -amount})
            self.model.move(there, {(1300, here[0]): amount, 1010: -amount})
            row[2] -= amount

        self.play(
            expected,
            lambda: loans.repay_loan(
                self.stage.session,
                loan_id=key,
                amount=amount,
                reference=f"r{self.stage.minutes}",
                **self.stage.common,
            ),
        )

    @rule(amount=AMOUNTS, weights=st.tuples(*[st.integers(0, 9)] * 3))
    def a_cost_is_shared(self, amount: int, weights: tuple[int, int, int]) -> None:
        measures = dict(zip("ABC", weights, strict=True))

        def expected() -> None:
            need(sum(weights) > 0)
            shares = largest_remainder(amount, list(weights))
            need(any(shares[1:]))
            self.afford("A.GEN", amount)
            self.model.move("A.GEN", {5110: amount, 1010: -amount})
            for book, share in zip("BC", shares[1:], strict=True):
                if share:
                    self.model.both(f"{book}.GEN", "A.GEN", 5550, 4550, share)

        self.play(
            expected,
            lambda: self.approve(
                cost_sharing.propose_sharing(
                    self.stage.session,
                    book=self.stage.of("A.GEN"),
                    fund=self.stage.at("A.GEN"),
                    cost=cost_sharing.Sharing(
                        amount=amount,
                        measures=measures,
                        funds={"B": "GEN", "C": "GEN"},
                        title="Hall",
                    ),
                    **self.stage.asks(),
                )
            ),
        )

    # The pool

    @rule(member=st.sampled_from("ABC"), amount=AMOUNTS)
    def a_member_contributes(self, member: str, amount: int) -> None:
        place = BOOKS[member]

        def expected() -> bool:
            need(amount > 0)
            if member == HOST:
                self.afford(place, amount)
                self.model.move(place, {(5530, "P"): amount, 1010: -amount})
                self.model.move(HELD, {1010: amount, (1300, "P"): -amount})
                self.model.move(POOL, {(1300, HOST): amount, (4530, HOST): -amount})
            else:
                self.model.both(place, POOL, 5530, 4530, amount)
            return True

        def deed() -> str:
            asked = pools.propose_contribution(
                self.stage.session,
                member=self.stage.of(place),
                fund=self.stage.at(place),
                pool=self.stage.of(POOL),
                amount=amount,
                **self.stage.asks(),
            )
            self.approve(asked)
            return str(asked.id)

        done, reference = self.play(expected, deed)
        if done and member != HOST:
            self.promised_in.append((place, amount, reference))

    @precondition(lambda self: self.promised_in)
    @rule(n=ANY)
    def a_contribution_is_paid(self, n: int) -> None:
        place, amount, reference = self.promised_in[n % len(self.promised_in)]
        now = self.stage.now

        def expected() -> bool:
            self.afford(place, amount)
            self.model.through_pool(place, -amount)
            return True

        done, _ = self.play(
            expected,
            lambda: pools.settle_contribution(
                self.stage.session,
                paid=pools.Contribution(
                    pool_id=self.stage.of(POOL).id,
                    member_id=self.stage.of(place).id,
                    member_fund=self.stage.at(place),
                    amount=amount,
                    reference=reference,
                ),
                on=now.date(),
                now=now,
            ),
        )
        if done:
            self.promised_in.pop(n % len(self.promised_in))

    @rule(base=st.integers(0, 9_000))
    def the_host_takes_its_fee(self, base: int) -> None:
        now = self.stage.now
        self.play(
            lambda: self.model.take_host_fee(base),
            lambda: pools.charge_host_fee(
                self.stage.session,
                pool_id=self.stage.of(POOL).id,
                base=base,
                host_fund=self.stage.at("A.GEN"),
                reference=f"f{self.stage.minutes}",
                on=now.date(),
                now=now,
            ),
        )

    def allocatable(self) -> int:
        """Return what the pool may allocate today."""
        since = self.stage.today - timedelta(days=HOLD_BACK_DAYS)
        young = sum(c.amount for c in self.charges if c.place == POOL and c.on >= since)
        return self.model.available() - -(-young * HOLD_BACK // 10_000)

    @rule(amount=AMOUNTS, weights=st.tuples(*[st.integers(0, 9)] * 3), says_yes=st.booleans())
    def an_allocation_is_decided(
        self, amount: int, weights: tuple[int, int, int], says_yes: bool
    ) -> None:
        def expected() -> dict[str, int]:
            need(sum(weights) > 0 and 0 < amount <= self.allocatable())
            parts = largest_remainder(amount, list(weights))
            shares = {m: part for m, part in zip("ABC", parts, strict=True) if part}
            if says_yes:
                for member, part in shares.items():
                    self.model.both(POOL, MEMBERS[member], 5540, 4540, part)
                    self.got[member] += part
            return shares

        def deed() -> UUID:
            session = self.stage.session
            run = allocations.propose_allocation(
                session,
                pool_id=self.stage.of(POOL).id,
                wanted=allocations.Allocation(
                    quantity=amount,
                    rule=Rule("weights", numbers=dict(zip("ABC", weights, strict=True))),
                    purpose="Because",
                ),
                proposed_by=self.stage.people["maker"],
                now=self.stage.now,
            )
            approval_request = next(
                row
                for row in session.scalars(select(ApprovalRequest))
                if row.arguments.get("run") == str(run.id)
            )
            self.stage.verdict(approval_request.id, says_yes)
            return run.id

        shares, key = self.play(expected, deed)
        if shares and says_yes:
            self.shares += [(key, member, part) for member, part in shares.items()]

    @precondition(lambda self: self.shares)
    @rule(n=ANY, again=st.booleans())
    def a_share_is_paid(self, n: int, again: bool) -> None:
        run, member, amount = self.shares.pop(n % len(self.shares))

        def deed() -> None:
            now = self.stage.now
            allocations.settle_allocation_line(
                self.stage.session,
                run_id=run,
                book_id=self.stage.of(member).id,
                on=now.date(),
                now=now,
            )

        self.play(lambda: self.paid(member, amount), deed)
        if again:
            self.play(lambda: need(False), deed)

    def paid(self, member: str, amount: int) -> None:
        """ALC-2, ALC-3: the host pays a share, to its own fund without a bank."""
        if member == HOST:
            self.model.move(HELD, {(1300, "P"): amount, 1010: -amount})
            self.model.move(MEMBERS[HOST], {1010: amount, (1300, "P"): -amount})
        else:
            self.model.through_pool(MEMBERS[member], amount)

    @rule(member=st.sampled_from("BC"), amount=AMOUNTS)
    def a_member_gives_back(self, member: str, amount: int) -> None:
        place = MEMBERS[member]

        def expected() -> None:
            need(0 < amount <= -self.model.between(member, "P", 4540))
            self.model.both(POOL, place, 5540, 4540, -amount)

        self.play(
            expected,
            lambda: lifecycle.return_unspent(
                self.stage.session,
                pool=self.stage.of(POOL),
                member=self.stage.of(place),
                fund=self.stage.at(place),
                unspent=lifecycle.Unspent(amount=amount, reference=f"u{self.stage.minutes}"),
                **self.stage.common,
            ),
        )

    @rule(member=st.sampled_from("BC"), amount=AMOUNTS)
    def a_refundable_share_is_put_in(self, member: str, amount: int) -> None:
        place = BOOKS[member]

        def expected() -> bool:
            self.afford(place, amount)
            self.model.move(place, {(1350, "P"): amount, 1010: -amount})
            self.model.move(HELD, {1010: amount, (1300, "P"): -amount})
            self.model.move(POOL, {(1300, HOST): amount, (2350, member): -amount})
            return True

        def deed() -> UUID:
            row = lifecycle.propose_refundable(
                self.stage.session,
                pool=self.stage.of(POOL),
                member=self.stage.of(place),
                fund=self.stage.at(place),
                amount=amount,
                **self.stage.asks(),
            )
            self.approve(row)
            return row.id

        done, key = self.play(expected, deed)
        if done:
            self.put_in.append((place, amount, key))

    @precondition(lambda self: self.put_in)
    @rule(n=ANY)
    def a_refundable_share_is_taken_out(self, n: int) -> None:
        place, amount, key = self.put_in[n % len(self.put_in)]
        member = place[0]

        def expected() -> bool:
            need(self.model.between("P", member) == 0)
            need(self.model.on(POOL, 1300) >= amount)
            self.model.move(place, {1010: amount, (1350, "P"): -amount})
            self.model.move(HELD, {(1300, "P"): amount, 1010: -amount})
            self.model.move(POOL, {(2350, member): amount, (1300, HOST): -amount})
            return True

        done, _ = self.play(
            expected,
            lambda: self.approve(
                lifecycle.propose_exit(self.stage.session, contribution_id=key, **self.stage.asks())
            ),
        )
        if done:
            self.put_in.pop(n % len(self.put_in))

    @rule(member=st.sampled_from("BC"), amount=AMOUNTS)
    def money_is_promised_on_a_milestone(self, member: str, amount: int) -> None:
        def expected() -> bool:
            need(0 < amount <= self.allocatable())
            self.model.move(POOL, {(9210, member): amount, (9290, member): -amount})
            return True

        def deed() -> UUID:
            row = lifecycle.propose_conditional(
                self.stage.session,
                pool=self.stage.of(POOL),
                member=self.stage.of(MEMBERS[member]),
                fund=self.stage.at(MEMBERS[member]),
                condition=lifecycle.Condition(quantity=amount, milestone="Fence"),
                **self.stage.asks(),
            )
            self.approve(row)
            return row.id

        done, key = self.play(expected, deed)
        if done:
            self.conditional.append((member, amount, key))

    @precondition(lambda self: self.conditional)
    @rule(n=ANY)
    def a_milestone_is_reached(self, n: int) -> None:
        member, amount, key = self.conditional.pop(n % len(self.conditional))

        def expected() -> None:
            self.model.move(POOL, {(9290, member): amount, (9210, member): -amount})
            self.model.both(POOL, MEMBERS[member], 5540, 4540, amount)

        self.play(
            expected,
            lambda: lifecycle.reach_milestone(
                self.stage.session, allocation_id=key, **self.stage.common
            ),
        )


def largest_remainder(total: int, weights: list[int]) -> list[int]:
    """Split by hand: whole shares first, then the largest remainders, the first of equals first."""
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    rest = total - sum(shares)
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for place in order[:rest]:
        shares[place] += 1
    return shares
