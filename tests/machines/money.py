"""Promises, payments, cash, bank lines and what Stripe takes back."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import select

from ledger.bank_files.statement import Line, Statement, StatementFile
from ledger.gateway import Payout
from ledger.models.agreements import Agreement
from ledger.models.campaigns import Campaign
from ledger.models.pledges import Pledge
from ledger.models.statements import BankLine
from ledger.queries.banking.deposits import items_of
from ledger.services.banking import cash, match_actions, matching
from ledger.services.payments import bank_debits, disputes, gifts, payments, refund_settlement
from ledger.services.payments.gifts import Kind
from ledger.services.pledges import pledges
from ledger.services.pledges.offers import Line as Offer
from ledger.services.statements import statements
from ledger.services.stripe_balance import payouts
from tests.machines.base import AMOUNTS, ANY, BIG, PLACES, Played, pick
from tests.machines.model import POOL, Promise, need
from tests.machines.stage import CAMPAIGNS, NEEDS

FEES = st.integers(0, 30)


@dataclass
class Charge:
    """A payment that Stripe settled: of a promise, or a gift."""

    name: str
    place: str
    amount: int
    on: Any
    promise: Promise | None = None
    back: int = 0
    owed: int = 0
    disputed: int = 0
    debit: bool = False
    # What of it is no contribution, and where the contribution is income.
    benefit: int = 0
    income: int = 4010
    # Whether it came before the goal of a campaign.
    held: bool = False


class Money(Played):
    """Rules about money of givers."""

    def __init__(self) -> None:
        super().__init__()
        self.promises: list[tuple[Promise, UUID]] = []
        self.charges: list[Charge] = []
        self.debits: list[tuple[str, int, UUID]] = []
        self.lines: list[tuple[str, int, UUID]] = []
        self.parked: list[tuple[str, int, UUID]] = []
        self.payouts: list[tuple[str, dict[str, int]]] = []
        self.banked: list[tuple[str, int, UUID, UUID | None]] = []

    # Promises

    @rule(
        where=st.sampled_from(tuple(CAMPAIGNS)),
        unit=st.sampled_from(NEEDS),
        quantity=st.integers(-1, 20),
        cents=BIG,
    )
    def somebody_promises(self, where: str, unit: str, quantity: int, cents: int) -> None:
        place = where.rstrip("!")
        amount = quantity * cents if unit == "USD" else quantity
        nature = "conditional" if CAMPAIGNS[where] == "all" else "intention"

        def deed() -> UUID:
            session = self.stage.session
            campaign = session.get_one(Campaign, self.stage.campaigns[where])
            basket = pledges.make_pledges(
                session,
                campaign=campaign,
                party=self.stage.party(session),
                request=pledges.PledgeRequest(
                    lines=[Offer(unit, amount)],
                    form_key=f"f{self.stage.minutes}",
                    message="",
                    consent="anonymous",
                ),
                now=self.stage.now,
            )
            return session.scalars(select(Pledge.id).where(Pledge.basket_id == basket.id)).one()

        made = self.play(lambda: self.model.promise(place, unit, amount, nature), deed)
        if made[0]:
            self.promises.append(made)

    @precondition(lambda self: self.promises)
    @rule(n=ANY, state=st.sampled_from(("cancelled", "lapsed")))
    def a_promise_is_given_up(self, n: int, state: str) -> None:
        promise, key = self.promises[n % len(self.promises)]
        end = pledges.cancel_pledge if state == "cancelled" else pledges.lapse_pledge
        now = self.stage.now
        self.play(
            lambda: self.model.give_up(promise, state),
            lambda: end(self.stage.session, pledge_id=key, on=now.date(), now=now),
        )

    @precondition(lambda self: self.promises)
    @rule(n=ANY)
    def a_condition_is_met(self, n: int) -> None:
        promise, key = self.promises[n % len(self.promises)]
        now = self.stage.now
        self.play(
            lambda: self.model.meet(promise),
            lambda: pledges.meet_condition(
                self.stage.session, pledge=self.stage.get(Pledge, key), on=now.date(), now=now
            ),
        )

    # Stripe

    def moved(self, net_of: int, fee: int = 0, **more: Any) -> Any:
        """Keep a movement that Stripe tells of."""
        return self.stage.movement(self.stage.session, net_of, fee, **more)

    @precondition(lambda self: self.promises)
    @rule(n=ANY, part=st.integers(1, 12), fee=FEES)
    def a_promise_is_paid(self, n: int, part: int, fee: int) -> None:
        promise, key = self.promises[n % len(self.promises)]
        if promise.unit != "USD":
            return
        amount = max(fee + 1, promise.quantity * part // 10)
        txn = self.moved(amount, fee)

        def expected() -> None:
            self.model.receive(1110, promise.place, amount, fee, promise)
            if promise.place == POOL:
                self.model.take_host_fee(amount)

        self.play(
            expected,
            lambda: payments.settle_charge(
                self.stage.session, txn_id=txn.id, pledge_id=key, now=self.stage.now
            ),
        )
        self.charges.append(
            Charge(
                txn.source_id,
                promise.place,
                amount,
                self.stage.today,
                promise,
                held=promise.nature == "conditional",
            )
        )

    @rule(
        place=st.sampled_from(("A.GEN", "A.SOLAR", POOL)),
        amount=BIG,
        fee=FEES,
        kind=st.sampled_from(("gift", "recurring", "ticket", "general")),
    )
    def a_gift_is_paid(self, place: str, amount: int, fee: int, kind: str) -> None:
        txn = self.moved(amount, fee)
        benefit = amount // 3 if kind == "ticket" else 0

        def expected() -> None:
            if kind == "general" and place == "A.SOLAR":
                self.model.receive(1110, place, amount)
                self.model.move("A.GEN", {1110: -fee, 6510: fee})
            else:
                income = 4020 if kind == "recurring" else 4010
                legs = {6510: fee, 4310: -benefit, income: benefit - amount}
                self.model.through(1110, place, amount - fee, legs)

        self.play(
            expected,
            lambda: gifts.settle_gift(
                self.stage.session,
                txn_id=txn.id,
                fund=self.stage.at(place),
                kind=Kind(
                    recurring=kind == "recurring",
                    benefit=benefit,
                    fee_bearer="general" if kind == "general" else "fund",
                ),
                now=self.stage.now,
            ),
        )
        income = 4020 if kind == "recurring" else 4010
        self.charges.append(
            Charge(txn.source_id, place, amount, self.stage.today, benefit=benefit, income=income)
        )

    @precondition(lambda self: self.charges)
    @rule(n=ANY, part=st.integers(1, 10))
    def a_payment_goes_back(self, n: int, part: int) -> None:
        charge = self.charges[n % len(self.charges)]
        amount = (charge.amount - charge.back - charge.disputed) * part // 10
        if amount <= 0:
            return
        txn = self.moved(-amount, category="refund", source=f"re_{self.stage.minutes}")
        charge.back += amount

        def expected() -> None:
            owed = min(charge.owed, amount)
            charge.owed -= owed
            account = 4095 if charge.on <= self.last_closed(charge.place) else 4090
            if charge.held and charge.promise and charge.promise.held >= amount - owed > 0:
                charge.promise.held -= amount - owed
                account = 2410
            self.model.through(1110, charge.place, -amount, {2140: owed, account: amount - owed})

        self.play(
            expected,
            lambda: refund_settlement.settle_refund(
                self.stage.session, txn_id=txn.id, charge_id=charge.name, now=self.stage.now
            ),
        )

    def last_closed(self, place: str) -> Any:
        """Return the last closed day of a place's book."""
        return self.closed.get(place[0], self.stage.today.replace(year=2000))

    @precondition(lambda self: self.charges)
    @rule(n=ANY, part=st.integers(1, 11))
    def a_gift_is_owed_back(self, n: int, part: int) -> None:
        charge = self.charges[n % len(self.charges)]
        if charge.promise is not None or charge.debit or charge.back or charge.disputed:
            return
        amount = charge.amount * part // 10

        def expected() -> None:
            need(0 < amount <= charge.amount - charge.benefit - charge.owed)
            charge.owed += amount
            self.model.move(charge.place, {charge.income: amount, 2140: -amount})

        common = self.stage.common
        self.play(
            expected,
            lambda: refund_settlement.owe_back(
                self.stage.session,
                charge_id=charge.name,
                amount=amount,
                on=common["on"],
                now=common["now"],
            ),
        )

    @precondition(lambda self: self.charges)
    @rule(n=ANY, fee=st.integers(0, 1500), won=st.booleans())
    def a_payment_is_disputed(self, n: int, fee: int, won: bool) -> None:
        charge = self.charges[n % len(self.charges)]
        session = self.stage.session
        if charge.disputed and won:
            amount, charge.disputed = charge.disputed, 0
            txn = self.moved(amount, category="dispute", kind="adjustment", source="du_1")
            legs = {4092: -amount}
            net = amount
        elif not charge.disputed and not charge.back and not charge.owed:
            charge.disputed = charge.amount
            txn = self.moved(
                -charge.amount, fee, category="dispute", kind="adjustment", source="du_1"
            )
            legs = {4092: charge.amount, 6520: fee}
            net = -charge.amount - fee
        else:
            return
        self.play(
            lambda: self.model.through(1110, charge.place, net, legs),
            lambda: disputes.settle_dispute(
                session, txn_id=txn.id, charge_id=charge.name, now=self.stage.now
            ),
        )

    @rule(place=st.sampled_from(("A.GEN", "A.SOLAR")), amount=BIG)
    def a_bank_debit_begins(self, place: str, amount: int) -> None:
        common = self.stage.common
        _, row = self.play(
            lambda: self.model.move(place, {9130: amount, 9190: -amount}),
            lambda: bank_debits.start_debit(
                self.stage.session,
                intent_id=f"pi_{self.stage.minutes}",
                fund=self.stage.at(place),
                amount=amount,
                on=common["on"],
                now=common["now"],
            ),
        )
        self.debits.append((place, amount, row.id))

    @precondition(lambda self: self.debits)
    @rule(n=ANY, clears=st.booleans(), fee=FEES)
    def a_bank_debit_ends(self, n: int, clears: bool, fee: int) -> None:
        place, amount, key = self.debits.pop(n % len(self.debits))
        session, common = self.stage.session, self.stage.common
        row = self.stage.get(Agreement, key)
        if not clears:
            self.play(
                lambda: self.model.move(place, {9190: amount, 9130: -amount}),
                lambda: bank_debits.fail_debit(
                    session, row=row, on=common["on"], now=common["now"]
                ),
            )
            return
        txn = self.moved(amount, fee)

        def expected() -> None:
            self.model.move(place, {9190: amount, 9130: -amount})
            self.model.receive(1110, place, amount, fee)

        self.play(
            expected,
            lambda: gifts.settle_gift(
                session,
                txn_id=txn.id,
                fund=self.stage.at(place),
                kind=Kind(debit=self.stage.get(Agreement, key)),
                now=self.stage.now,
            ),
        )
        self.charges.append(Charge(txn.source_id, place, amount, self.stage.today, debit=True))

    @precondition(lambda self: any(c.debit and not c.back and not c.disputed for c in self.charges))
    @rule(fee=st.integers(0, 400))
    def a_bank_debit_comes_back(self, fee: int) -> None:
        charge = next(c for c in self.charges if c.debit and not c.back and not c.disputed)
        txn = self.moved(-charge.amount, fee, category="payment_failure_refund")
        charge.back = charge.amount
        self.play(
            lambda: self.model.move(
                charge.place,
                {4091: charge.amount, 6520: fee, 1110: -charge.amount - fee},
            ),
            lambda: refund_settlement.settle_return(
                self.stage.session, txn_id=txn.id, charge_id=charge.name, now=self.stage.now
            ),
        )

    @rule(gen=st.integers(0, 5_000), solar=st.integers(0, 5_000))
    def a_payout_is_sent(self, gen: int, solar: int) -> None:
        funds = {code: amount for code, amount in (("GEN", gen), ("SOLAR", solar)) if amount}
        if any(self.model.on(f"A.{code}", 1110) < amount for code, amount in funds.items()):
            return
        if not funds:
            return
        name = f"po_{self.stage.minutes}"
        txn = self.moved(-sum(funds.values()), category="payout", source=name)

        def expected() -> None:
            for code, amount in funds.items():
                self.model.move(f"A.{code}", {1120: amount, 1110: -amount})

        self.play(
            expected,
            lambda: payouts.settle_payout_by_fund(
                self.stage.session,
                txn_id=txn.id,
                payout=self.payout(name, sum(funds.values()), "paid"),
                book=self.stage.of("A.GEN"),
                funds=funds,
                now=self.stage.now,
            ),
        )
        self.payouts.append((name, funds))

    def payout(self, name: str, amount: int, status: str) -> Payout:
        """Return a payout as Stripe states it."""
        return Payout(
            id=name,
            amount=amount,
            currency="USD",
            status=status,
            arrival_on=self.stage.today,
            created_at=self.stage.now,
            descriptor="",
            trace="",
            automatic=False,
        )

    @precondition(lambda self: self.payouts)
    @rule(n=ANY, arrives=st.booleans())
    def a_payout_ends(self, n: int, arrives: bool) -> None:
        name, funds = self.payouts.pop(n % len(self.payouts))
        amount = sum(funds.values())
        there = 1010 if arrives else 1110

        def expected() -> None:
            for code, part in funds.items():
                self.model.move(f"A.{code}", {there: part, 1120: -part})

        if arrives:
            line = self.line("A", amount)
            deed: Any = lambda: matching.match_payout(  # noqa: E731
                self.stage.session, line_id=line, payout_id=name, by=None, now=self.stage.now
            )
        else:
            txn = self.moved(amount, category="payout_reversal", source=name)
            deed = lambda: payouts.settle_returned_payout(  # noqa: E731
                self.stage.session,
                txn_id=txn.id,
                payout=self.payout(name, amount, "failed"),
                now=self.stage.now,
            )
        self.play(expected, deed)

    # Cash

    @rule(place=PLACES, amount=AMOUNTS, n=ANY, promised=st.booleans())
    def cash_is_counted(self, place: str, amount: int, n: int, promised: bool) -> None:
        promise, key = (pick(self.promises, n) if promised else None) or (None, None)
        if promise is not None and promise.place[0] == "P":
            return

        def expected() -> None:
            need(amount > 0)
            if promise is not None:
                need(promise.unit == "USD" and promise.place == place)
            self.model.receive(1030, place, amount, 0, promise)

        self.play(expected, lambda: self.count(place, amount, key))

    def count(self, place: str, amount: int, key: UUID | None) -> UUID:
        """Record cash."""
        now = self.stage.now
        return cash.record_cash(
            self.stage.session,
            book=self.stage.of(place),
            counted=cash.Counted(
                fund=self.stage.at(place),
                amount=amount,
                reference=f"c{self.stage.minutes}",
                on=now.date(),
            ),
            now=now,
            made_by=self.stage.people["maker"],
            pledge=self.stage.get(Pledge, key) if key else None,
        )

    @rule(place=PLACES, amount=AMOUNTS)
    def cash_is_banked(self, place: str, amount: int) -> None:
        now = self.stage.now

        def expected() -> bool:
            need(0 < amount <= self.model.on(place, 1030))
            self.model.move(place, {1010: amount, 1030: -amount})
            return True

        done, entry_id = self.play(
            expected,
            lambda: cash.bank_cash(
                self.stage.session,
                book=self.stage.of(place),
                counted=cash.Counted(
                    fund=self.stage.at(place),
                    amount=amount,
                    reference=f"b{self.stage.minutes}",
                    on=now.date(),
                ),
                now=now,
                made_by=None,
            ),
        )
        if done:
            items = items_of(
                self.stage.session, book_id=self.stage.of(place).id, deposit_id=entry_id
            )
            self.banked += [(place, item.amount, item.id, item.pledge_id) for item in items]

    @precondition(lambda self: self.banked)
    @rule(n=ANY, charge=st.integers(0, 1200))
    def a_cheque_bounces(self, n: int, charge: int) -> None:
        place, amount, item_id, key = self.banked.pop(n % len(self.banked))
        promise = next((made for made, pledge in self.promises if pledge == key), None)
        general = f"{place[0]}.GEN"
        common = self.stage.common

        def expected() -> None:
            self.model.bounce(place, amount, promise)
            if charge:
                self.model.move(general, {6540: charge, 1010: -charge})

        self.play(
            expected,
            lambda: cash.bounce_cheque(
                self.stage.session,
                cheque=cash.ReturnedCheque(entry_id=item_id, charge=charge),
                book=self.stage.of(place),
                general_fund=self.stage.at(general),
                **common,
            ),
        )

    # Bank lines

    def line(self, book: str, amount: int) -> UUID:
        """Import a bank statement of one line."""
        session, stage = self.stage.session, self.stage
        opening = stage.bank.get(book, 0)
        stage.bank[book] = opening + amount
        now = stage.now
        name = f"{stage.minutes:08d}"
        line = Line(
            1, amount, now.date(), now.date(), name, None, None, None, remittance="", code=None
        )
        statement = Statement(
            name, book, "USD", opening, opening + amount, now.date(), now.date(), (line,)
        )
        statements.import_statement(
            session,
            book=stage.of(book),
            account=1010,
            file=StatementFile(format="test", sha256=name.rjust(64, "0"), statements=(statement,)),
            imported_by=None,
            now=now,
        )
        return session.scalars(select(BankLine.id).where(BankLine.bank_reference == name)).one()

    @rule(book=st.sampled_from("ABC"), amount=st.integers(-5_000, 60_000))
    def the_bank_shows_a_line(self, book: str, amount: int) -> None:
        if amount:
            self.lines.append((book, amount, self.line(book, amount)))

    @precondition(lambda self: self.lines)
    @rule(
        n=ANY,
        meaning=st.sampled_from(("gift", "charge", "unidentified")),
        again=st.booleans(),
    )
    def a_line_is_matched(self, n: int, meaning: str, again: bool) -> None:
        book, amount, key = self.lines[n % len(self.lines)]
        place = f"{book}.GEN"

        def expected() -> bool:
            need((amount < 0) == (meaning == "charge"))
            other = {"gift": 4010, "unidentified": 2190, "charge": 6540}[meaning]
            self.model.move(place, {1010: amount, other: -amount})
            return True

        done, _ = self.play(expected, lambda: self.match(key, meaning, "GEN"))
        if not done:
            return
        self.lines.pop(n % len(self.lines))
        if meaning == "unidentified":
            self.parked.append((book, amount, key))
        if again:
            self.play(lambda: need(False), lambda: self.match(key, meaning, "GEN"))

    def match(self, line: UUID, meaning: str, target: str) -> None:
        """Do what a treasurer says of a line."""
        match_actions.apply(
            self.stage.session,
            line_id=line,
            meaning=meaning,
            target=target,
            by=self.stage.people["maker"],
            now=self.stage.now,
        )

    @precondition(lambda self: self.promises and (self.lines or self.parked))
    @rule(n=ANY, m=ANY, identify=st.booleans())
    def a_line_pays_a_promise(self, n: int, m: int, identify: bool) -> None:
        rows = self.parked if identify else self.lines
        found = pick(rows, n)
        promise, key = self.promises[m % len(self.promises)]
        if found is None or promise.nature == "conditional":
            return
        book, amount, line = found
        reference = self.stage.get(Pledge, key).reference

        def expected() -> bool:
            need(amount > 0 and promise.unit == "USD" and promise.place[0] == book)
            if identify:
                self.model.move(f"{book}.GEN", {2190: amount, 1010: -amount})
            self.model.receive(1010, promise.place, amount, 0, promise)
            return True

        meaning = "identify" if identify else "pledge"
        done, _ = self.play(expected, lambda: self.match(line, meaning, reference))
        if done:
            rows.remove(found)
