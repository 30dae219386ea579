"""Equipment and hours: received, valued, lent, worn, harmed, let go; hours logged and counted."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import select

from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import Asset
from ledger.models.hours import HoursEntry
from ledger.models.pledges import Pledge
from ledger.services.equipment import assets, depreciation, disposals, supplies
from ledger.services.volunteering import hours
from tests.machines.base import ANY, BOOKS, pick
from tests.machines.between import Between
from tests.machines.model import Promise, need
from tests.machines.stage import RATES

LAPTOP = "EQP.LAPTOP"
# Minor units: worth from which things are equipment, by the policy of all profiles.
CAPITALISED_FROM = 50_000
WAYS = {"sold": 8320, "scrapped": 8320, "lost": 8330, "returned": 8340}


@dataclass
class Thing:
    """One item, and what it is worth in the books."""

    key: UUID
    place: str
    came: int
    cost: int = 0
    worn: int = 0
    harmed: int = 0
    state: str = "here"
    loan: UUID | None = None
    borrower: str = ""
    plan: "Plan | None" = None


@dataclass
class Plan:
    """The wear of things that were valued together."""

    place: str
    cost: int
    months: int
    first: date
    done: int = 0


@dataclass
class Work:
    """Time that somebody gave."""

    key: UUID
    place: str
    skill: str
    minutes: int
    promise: Promise | None
    left: int = 0
    value: int = 0
    worth: int = 0
    builds: bool = False


def half_up(above: int, below: int) -> int:
    """Round a fraction; half a unit goes up."""
    return (2 * above + below) // (2 * below)


class Things(Between):
    """Rules about what is not money."""

    def __init__(self) -> None:
        super().__init__()
        self.things: list[Thing] = []
        self.intakes: list[tuple[UUID, list[Thing]]] = []
        self.valued: list[tuple[UUID, list[Thing]]] = []
        self.plans: list[Plan] = []
        self.logged: list[Work] = []
        self.worked: list[Work] = []
        self.days: dict[date, int] = {}
        self.value_of: dict[tuple[str, str], int] = {}

    @rule(
        book=st.sampled_from("AB"),
        quantity=st.integers(0, 3),
        n=ANY,
        promised=st.booleans(),
        back=st.integers(-1, 3),
    )
    def things_come(self, book: str, quantity: int, n: int, promised: bool, back: int) -> None:
        promise, key = (pick(self.promises, n) if promised else None) or (None, None)
        place = promise.place if promise else BOOKS[book]
        now = self.stage.now
        on = now.date() - timedelta(days=back)

        def expected() -> bool:
            need(quantity > 0 and back >= 0)
            if promise is not None:
                need(promise.unit == LAPTOP)
                self.keep(promise, quantity)
            self.model.move(place, {8210: quantity, 8110: -quantity}, LAPTOP)
            return True

        done, intake = self.play(
            expected,
            lambda: assets.receive_things(
                self.stage.session,
                book=self.stage.of(place),
                fund=self.stage.at(place),
                receipt=assets.Receipt(
                    commodity=LAPTOP,
                    quantity=quantity,
                    description="Used",
                    condition="B",
                    received_on=on,
                    pledge=self.stage.get(Pledge, key) if key else None,
                ),
                received_by=None,
                now=now,
            ),
        )
        if done:
            rows = self.stage.session.scalars(
                select(Asset.id).where(Asset.intake_id == intake.id).order_by(Asset.tag)
            )
            made = [Thing(row, place, self.stage.minutes) for row in rows]
            self.things += made
            self.intakes.append((intake.id, made))

    def keep(self, promise: Promise, quantity: int) -> None:
        """Make a promise of things or hours good."""
        self.model.off_memo(promise, min(quantity, promise.open))
        promise.done += quantity

    @precondition(lambda self: self.intakes)
    @rule(n=ANY, total=st.integers(0, 90_000), says_yes=st.booleans())
    def things_are_valued(self, n: int, total: int, says_yes: bool) -> None:
        intake, made = self.intakes[n % len(self.intakes)]
        place, capitalise = made[0].place, total >= CAPITALISED_FROM

        def expected() -> bool:
            need(total > 0)
            if says_yes:
                self.model.move(place, {1510 if capitalise else 5310: total, 4110: -total})
            return True

        done, valuation = self.play(expected, lambda: self.value(intake, total, says_yes))
        if not done or not says_yes:
            return
        self.intakes.pop(n % len(self.intakes))
        if capitalise:
            # Shares of whole units that differ by one at most, the smaller first.
            for number, thing in enumerate(made):
                thing.cost = total * (number + 1) // len(made) - total * number // len(made)
            self.valued.append((valuation, made))

    def value(self, intake: UUID, total: int, says_yes: bool) -> UUID:
        """Propose a value and decide on it."""
        valuation = assets.propose_valuation(
            self.stage.session,
            intake_id=intake,
            appraisal=assets.Appraisal(
                currency="USD",
                total=total,
                method="observable",
                evidence="Offers",
                valued_on=self.stage.today,
            ),
            valued_by=self.stage.people["maker"],
            now=self.stage.now,
        )
        self.decide("valuation", "valuation", valuation.id, says_yes)
        return valuation.id

    def decide(self, kind: str, name: str, key: UUID, says_yes: bool) -> None:
        """Have the checker decide."""
        session = self.stage.session
        rows = session.scalars(select(ApprovalRequest).where(ApprovalRequest.kind == kind))
        approval_request = next(
            row for row in rows if row.state == "open" and row.arguments[name] == str(key)
        )
        self.stage.verdict(approval_request.id, says_yes)

    @precondition(lambda self: self.valued)
    @rule(n=ANY, months=st.integers(0, 4))
    def wear_begins(self, n: int, months: int) -> None:
        valuation, made = self.valued[n % len(self.valued)]
        first = self.stage.today.replace(day=1)

        left = [thing for thing in made if thing.state in ("here", "out")]

        def expected() -> bool:
            need(months > 0 and sum(thing.cost for thing in left))
            return True

        done, _ = self.play(
            expected,
            lambda: depreciation.start_wear(
                self.stage.session,
                valuation_id=valuation,
                months=months,
                first=first,
                by=self.stage.people["maker"],
                now=self.stage.now,
            ),
        )
        if done:
            self.valued.pop(n % len(self.valued))
            plan = Plan(made[0].place, sum(thing.cost for thing in left), months, first)
            self.plans.append(plan)
            for thing in left:
                thing.plan = plan

    @rule(book=st.sampled_from("AB"), back=st.integers(0, 2))
    def a_month_wears(self, book: str, back: int) -> None:
        month = self.stage.today.replace(day=1)
        for _step in range(back):
            month = (month - timedelta(days=1)).replace(day=1)
        now = self.stage.now

        def expected() -> None:
            need(back > 0)
            for plan in self.plans:
                number = (month.year - plan.first.year) * 12 + month.month - plan.first.month + 1
                if plan.place[0] != book or number < 1:
                    continue
                due = half_up(plan.cost * min(number, plan.months), plan.months) - plan.done
                if due > 0:
                    plan.done += due
                    self.model.move(plan.place, {5410: due, 1519: -due})

        self.play(
            expected,
            lambda: depreciation.book_wear(
                self.stage.session,
                book_id=self.stage.of(BOOKS[book]).id,
                month=month,
                by=None,
                now=now,
            ),
        )

    def worn(self, thing: Thing) -> int:
        """Return what of a thing's cost is worn."""
        plan = thing.plan
        return half_up(plan.done * thing.cost, plan.cost) if plan and plan.cost else thing.worn

    def take_out(self, thing: Thing) -> int:
        """Take a thing out of its plan with its share of the wear."""
        share, plan = self.worn(thing), thing.plan
        if plan is not None:
            plan.cost -= thing.cost
            plan.done -= share
        thing.plan, thing.worn = None, share
        return share

    @precondition(lambda self: self.things)
    @rule(n=ANY, borrower=st.sampled_from("ABC"))
    def a_thing_is_lent(self, n: int, borrower: str) -> None:
        thing = self.things[n % len(self.things)]
        now = self.stage.now

        def expected() -> bool:
            need(thing.state == "here" and borrower != thing.place[0])
            self.lend(thing, borrower, 1)
            return True

        done, loan = self.play(
            expected,
            lambda: assets.lend(
                self.stage.session,
                asset_id=thing.key,
                borrower_id=self.stage.of(borrower).id,
                purpose="Office",
                lent_on=now.date(),
                due_on=now.date(),
                by=None,
                now=now,
            ),
        )
        if done:
            thing.state, thing.loan, thing.borrower = "out", loan.id, borrower

    def lend(self, thing: Thing, borrower: str, quantity: int) -> None:
        """EQP-05: the thing is out here and in custody there."""
        owner = thing.place[0]
        self.model.move(thing.place, {(8220, borrower): quantity, 8210: -quantity}, LAPTOP)
        self.model.move(
            BOOKS[borrower], {(8230, owner): quantity, (8235, owner): -quantity}, LAPTOP
        )

    @precondition(lambda self: any(thing.loan for thing in self.things))
    @rule(n=ANY, harm=st.integers(0, 30_000), owed=st.integers(0, 5_000), again=st.booleans())
    def a_thing_comes_back(self, n: int, harm: int, owed: int, again: bool) -> None:
        lent = [thing for thing in self.things if thing.loan]
        thing = lent[n % len(lent)]
        loan = thing.loan
        assert loan is not None
        common = self.stage.common

        def good() -> bool:
            need(thing.state == "out")
            self.lend(thing, thing.borrower, -1)
            thing.state = "here"
            return True

        def harmed() -> bool:
            need(thing.state == "out")
            need(0 < harm <= thing.cost - self.worn(thing) - thing.harmed)
            owner, other = thing.place[0], thing.borrower
            self.model.move(thing.place, {8240: 1, (8220, other): -1}, LAPTOP)
            self.model.move(BOOKS[other], {(8235, owner): 1, (8230, owner): -1}, LAPTOP)
            self.model.move(thing.place, {5420: harm, 1518: -harm})
            if owed:
                self.model.both(BOOKS[other], thing.place, 5550, 4550, owed)
            # What is broken wears no more.
            self.take_out(thing)
            thing.harmed += harm
            thing.state = "broken"
            return True

        def returned() -> Any:
            return assets.return_thing(self.stage.session, loan_id=loan, **common)

        def broken() -> None:
            self.approve(
                disposals.propose_damage(
                    self.stage.session,
                    loan_id=loan,
                    impairment=harm,
                    compensation=owed,
                    **self.stage.asks(),
                )
            )

        done, _ = self.play(harmed, broken) if harm else self.play(good, returned)
        if done and again:
            self.play(lambda: need(False), returned)

    @precondition(lambda self: self.things)
    @rule(n=ANY, way=st.sampled_from(tuple(WAYS)), price=st.integers(0, 20_000))
    def a_thing_goes(self, n: int, way: str, price: int) -> None:
        thing = self.things[n % len(self.things)]
        if any(thing in made for _key, made in self.intakes):
            return

        def expected() -> None:
            need(thing.state in ("here", "broken") and (price > 0) == (way == "sold"))
            there = 8210 if thing.state == "here" else 8240
            self.model.move(thing.place, {WAYS[way]: 1, there: -1}, LAPTOP)
            worn = self.take_out(thing)
            carrying = thing.cost - worn - thing.harmed
            gain = price - carrying
            self.model.move(
                thing.place,
                {
                    1010: price,
                    1519: worn,
                    1518: thing.harmed,
                    1510: -thing.cost,
                    4930 if gain >= 0 else 5440: -gain,
                },
            )
            thing.state = "gone"

        self.play(
            expected,
            lambda: self.approve(
                disposals.propose_disposal(
                    self.stage.session,
                    asset_id=thing.key,
                    way=way,
                    price=price,
                    **self.stage.asks(),
                )
            ),
        )

    @precondition(lambda self: self.things)
    @rule(n=ANY, receiver=st.sampled_from("ABC"))
    def a_thing_is_given_on(self, n: int, receiver: str) -> None:
        thing = self.things[n % len(self.things)]
        if any(thing in made for _key, made in self.intakes) or not thing.cost:
            return
        place, owner = BOOKS[receiver], thing.place[0]

        def expected() -> bool:
            need(thing.state == "here" and receiver != owner)
            need(thing.cost - self.worn(thing) > 0)
            worn = self.take_out(thing)
            carrying = thing.cost - worn
            self.model.move(thing.place, {(8310, receiver): 1, 8210: -1}, LAPTOP)
            self.model.move(place, {8210: 1, (8310, owner): -1}, LAPTOP)
            self.model.move(
                thing.place, {(5510, receiver): carrying, 1519: worn, 1510: -thing.cost}
            )
            self.model.move(place, {1510: carrying, (4520, owner): -carrying})
            thing.state = "gone"
            return True

        done, _ = self.play(
            expected,
            lambda: self.approve(
                disposals.propose_giving(
                    self.stage.session,
                    asset_id=thing.key,
                    receiver=self.stage.of(place),
                    fund=self.stage.at(place),
                    **self.stage.asks(),
                )
            ),
        )
        if done:
            row = self.stage.session.scalars(
                select(Asset)
                .where(Asset.book_id == self.stage.of(place).id)
                .order_by(Asset.id.desc())
            ).first()
            assert row is not None
            self.things.append(Thing(row.id, place, self.stage.minutes, thing.cost - thing.worn))

    # Material

    @rule(
        kind=st.sampled_from(("GRM.CEMENT", "GRM.SAND")),
        quantity=st.integers(0, 900),
        value=st.integers(0, 400),
    )
    def material_comes(self, kind: str, quantity: int, value: int) -> None:
        def expected() -> None:
            need(quantity > 0 and value > 0)
            self.model.move("A.GEN", {8250: quantity, 8110: -quantity}, kind)
            self.model.move("A.GEN", {1420: value, 4110: -value})
            self.value_of["A.GEN", kind] = self.value_of.get(("A.GEN", kind), 0) + value

        self.play(
            expected,
            lambda: self.approve(
                supplies.propose_material(
                    self.stage.session,
                    book=self.stage.of("A.GEN"),
                    fund=self.stage.at("A.GEN"),
                    material=supplies.Material(commodity=kind, quantity=quantity, value=value),
                    evidence="Yard",
                    made_by=self.stage.people["maker"],
                    now=self.stage.now,
                )
            ),
        )

    @rule(kind=st.sampled_from(("GRM.CEMENT", "GRM.SAND")), part=st.integers(0, 11))
    def material_is_used(self, kind: str, part: int) -> None:
        there = self.model.on("A.GEN", 8250, unit=kind)
        quantity = there * part // 10

        def expected() -> None:
            need(0 < quantity <= there)
            worth = self.value_of["A.GEN", kind]
            value = worth * quantity // there
            need(value > 0)
            self.value_of["A.GEN", kind] -= value
            self.model.move("A.GEN", {8420: quantity, 8250: -quantity}, kind)
            self.model.move("A.GEN", {5120: value, 1420: -value})

        self.play(
            expected,
            lambda: supplies.use_material(
                self.stage.session,
                book=self.stage.of("A.GEN"),
                fund=self.stage.at("A.GEN"),
                used=supplies.MaterialUse(
                    commodity=kind, quantity=quantity, reference=f"m{self.stage.minutes}"
                ),
                **self.stage.common,
            ),
        )

    # Hours

    @rule(
        place=st.sampled_from(("A.GEN", "B.ROOF")),
        skill=st.sampled_from(tuple(RATES)),
        minutes=st.integers(-1, 500),
        back=st.integers(-1, 2),
        n=ANY,
        promised=st.booleans(),
        at_once=st.booleans(),
        builds=st.booleans(),
    )
    def hours_are_logged(
        self,
        place: str,
        skill: str,
        minutes: int,
        back: int,
        n: int,
        promised: bool,
        at_once: bool,
        builds: bool,
    ) -> None:
        promise, key = (pick(self.promises, n) if promised else None) or (None, None)
        if promise is not None:
            place = promise.place
        now = self.stage.now
        on = now.date() - timedelta(days=back)

        def expected() -> bool:
            need(minutes > 0 and back >= 0)
            need(self.days.get(on, 0) + minutes <= 16 * 60)
            need(promise is None or promise.unit == skill)
            self.days[on] = self.days.get(on, 0) + minutes
            return True

        done, row = self.play(
            expected,
            lambda: hours.log_hours(
                self.stage.session,
                book=self.stage.of(place),
                fund=self.stage.at(place),
                party=self.stage.party(self.stage.session),
                work=hours.Work(
                    commodity=skill,
                    minutes=minutes,
                    worked_on=on,
                    description="Help",
                    pledge=self.stage.get(Pledge, key) if key else None,
                ),
                now=now,
                logged_by=self.stage.people["member"],
            ),
        )
        if done:
            self.logged.append(Work(row.id, place, skill, minutes, promise))
            # Of many rules, that two follow each other is rare.
            if at_once:
                self.hours_are_decided(len(self.logged) - 1, "confirmer", builds, says_yes=True)

    @precondition(lambda self: self.logged)
    @rule(
        n=ANY,
        who=st.sampled_from(("confirmer", "member")),
        builds=st.booleans(),
        says_yes=st.booleans(),
    )
    def hours_are_decided(self, n: int, who: str, builds: bool, says_yes: bool) -> None:
        work = self.logged[n % len(self.logged)]
        now = self.stage.now
        rate, specialised = RATES[work.skill] if work.place[0] != "P" else (0, False)

        def expected() -> bool:
            need(who != "member")
            if not says_yes:
                day = self.stage.get(HoursEntry, work.key).worked_on
                self.days[day] -= work.minutes
                return True
            if work.promise is not None:
                self.keep(work.promise, work.minutes)
            self.model.move(work.place, {8410: work.minutes, 8120: -work.minutes}, work.skill)
            work.left, work.builds = work.minutes, builds
            work.value = work.worth = half_even(work.minutes * rate, 60)
            self.worth(work, builds, specialised, work.value)
            return True

        def deed() -> None:
            session, by = self.stage.session, self.stage.people[who]
            if says_yes:
                hours.confirm_hours(
                    session,
                    hours_id=work.key,
                    confirmed_by=by,
                    on=now.date(),
                    now=now,
                    builds=builds,
                )
            else:
                hours.reject_hours(session, hours_id=work.key, rejected_by=by, now=now)

        done, _ = self.play(expected, deed)
        if done:
            self.logged.pop(n % len(self.logged))
            if says_yes:
                self.worked.append(work)

    def worth(self, work: Work, builds: bool, specialised: bool, value: int) -> None:
        """HRS-3 to -5: what an hour is worth is income and cost, an asset, or a statistic."""
        if builds:
            self.model.move(work.place, {1520: value, 4120: -value})
        elif specialised:
            self.model.move(work.place, {5210: value, 4120: -value})
        else:
            self.model.move(work.place, {9310: value, 9390: -value})

    @precondition(lambda self: self.worked)
    @rule(n=ANY, minutes=st.integers(0, 300))
    def hours_are_taken_back(self, n: int, minutes: int) -> None:
        work = self.worked[n % len(self.worked)]
        rate_is_recognised = RATES[work.skill][1]

        def expected() -> None:
            need(0 < minutes <= work.left)
            work.left -= minutes
            # What stays is worth its share of what was found, to half a unit (I-52).
            kept = half_up(work.worth * work.left, work.minutes)
            back, work.value = work.value - kept, kept
            self.model.move(work.place, {8120: minutes, 8410: -minutes}, work.skill)
            self.worth(work, work.builds, rate_is_recognised, -back)

        self.play(
            expected,
            lambda: self.approve(
                hours.propose_hours_correction(
                    self.stage.session,
                    hours_id=work.key,
                    minutes=minutes,
                    **self.stage.asks(),
                )
            ),
        )


def half_even(above: int, below: int) -> int:
    """Round a fraction; half a unit goes to the even one."""
    whole, rest = divmod(above, below)
    return whole + (2 * rest > below or (2 * rest == below and whole % 2 == 1))
