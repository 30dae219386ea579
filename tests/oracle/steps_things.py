"""Steps: things given, lent, worn, harmed, sold and bought; hours given, counted and taken back."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select

from ledger.db import Session
from ledger.models.assets import Asset
from ledger.models.pledges import Pledge
from ledger.services.equipment import (
    assets,
    contributed_use,
    depreciation,
    disposals,
    low_value_items,
    supplies,
)
from ledger.services.pools import hours as pool_hours
from ledger.services.spending import purchases
from ledger.services.volunteering import hours
from tests.worlds.worked_events import AFTER, DAY, DEADLINE, Step, World

RATES = {"MIN.ELEC": (4800, True), "MIN.GEN": (3180, False), "MIN.BUILD": (3500, True)}


def eqp_01(world: World, session: Session) -> None:
    world.made["EQP-01"] = world.pledge(session, "A", "GEN", "EQP.LAPTOP", 3)


def eqp_02(world: World, session: Session) -> None:
    world.made["EQP-02"] = assets.receive_things(
        session,
        book=world.book(session, "A"),
        fund=world.fund(session, "A", "GEN"),
        receipt=assets.Receipt(
            commodity="EQP.LAPTOP",
            quantity=2,
            description="Used, works",
            condition="B",
            received_on=DAY,
            pledge=session.get_one(Pledge, world.made["EQP-01"]),
            tags=("L3", "L4"),
        ),
        received_by=world.people["member"],
        now=world.now,
    ).id


def eqp_03(world: World, session: Session) -> None:
    valuation = assets.propose_valuation(
        session,
        intake_id=world.made["EQP-02"],
        appraisal=assets.Appraisal(
            currency="USD",
            total=80000,
            method="observable",
            evidence="Three like it on sale",
            valued_on=DAY,
        ),
        valued_by=world.people["maker"],
        now=world.now,
    )
    world.decide(session, "valuation", "valuation", valuation.id)
    world.made["EQP-03"] = valuation.id


def eqp_04(world: World, session: Session) -> None:
    world.approve(
        session,
        low_value_items.propose_small_gift(
            session,
            book=world.book(session, "A"),
            fund=world.fund(session, "A", "GEN"),
            receipt=assets.Receipt("EQP.CHAIR", 10, "Folding chair", "B", DAY),
            value=12000,
            evidence="12.00 each at the flea market",
            made_by=world.people["maker"],
            now=world.now,
        ),
    )


def _asset(session: Session, tag: str) -> UUID:
    return session.scalars(
        select(Asset.id).where(Asset.tag == tag).order_by(Asset.id).limit(1)
    ).one()


def eqp_05(world: World, session: Session) -> None:
    world.made["EQP-05"] = assets.lend(
        session,
        asset_id=_asset(session, "L3"),
        borrower_id=world.book(session, "B").id,
        purpose="Office",
        lent_on=DAY,
        due_on=DEADLINE,
        by=world.people["member"],
        now=world.now,
    ).id


def eqp_06(world: World, session: Session) -> None:
    world.approve(
        session,
        contributed_use.propose_use(
            session,
            loan_id=world.made["EQP-05"],
            days=92,
            value=4500,
            evidence="15.00 a month to rent one",
            made_by=world.people["maker"],
            now=world.now,
        ),
    )


def eqp_07(world: World, session: Session) -> None:
    depreciation.start_wear(
        session,
        valuation_id=world.made["EQP-03"],
        months=48,
        first=DAY,
        by=world.people["maker"],
        now=world.now,
    )
    worn = depreciation.book_wear(
        session,
        book_id=world.book(session, "A").id,
        month=DAY,
        by=world.people["maker"],
        now=AFTER,
    )
    assert worn == 1


def eqp_08(world: World, session: Session) -> None:
    world.approve(
        session,
        disposals.propose_damage(
            session,
            loan_id=world.made["EQP-05"],
            impairment=25000,
            compensation=10000,
            reason="The screen is broken; B agrees to pay",
            made_by=world.people["maker"],
            now=world.now,
        ),
    )


def eqp_09(world: World, session: Session) -> None:
    world.approve(
        session,
        disposals.propose_disposal(
            session,
            asset_id=_asset(session, "L1"),
            way="sold",
            price=20000,
            reason="Too slow",
            made_by=world.people["maker"],
            now=world.now,
        ),
    )


def eqp_10(world: World, session: Session) -> None:
    world.approve(
        session,
        disposals.propose_giving(
            session,
            asset_id=_asset(session, "L2"),
            receiver=world.book(session, "C"),
            fund=world.fund(session, "C", "GEN"),
            reason="They need it more",
            made_by=world.people["maker"],
            now=world.now,
        ),
    )


def eqp_11(world: World, session: Session) -> None:
    row = purchases.propose_purchase(
        session,
        book=world.book(session, "A"),
        fund=world.fund(session, "A", "SOLAR"),
        request=purchases.PurchaseRequest(
            commodity="EQP.PANEL",
            items=10,
            amount=100000,
            title="Panels",
            reason="Cheapest of three offers",
        ),
        made_by=world.people["maker"],
        now=world.now,
    )
    world.approve(session, row)
    purchases.place_in_service(
        session,
        purchase_id=row.id,
        to_fund=world.fund(session, "A", "GEN"),
        by=world.people["maker"],
        on=DAY,
        now=world.now,
    )


def eqp_12(world: World, session: Session) -> None:
    world.approve(
        session,
        supplies.propose_material(
            session,
            book=world.book(session, "A"),
            fund=world.fund(session, "A", "GEN"),
            material=supplies.Material(commodity="GRM.CEMENT", quantity=50000, value=900),
            evidence="Price at the yard",
            made_by=world.people["maker"],
            now=world.now,
        ),
    )
    _entry, value = supplies.use_material(
        session,
        book=world.book(session, "A"),
        fund=world.fund(session, "A", "GEN"),
        used=supplies.MaterialUse(commodity="GRM.CEMENT", quantity=50000, reference="slip 1"),
        by=world.people["maker"],
        on=DAY,
        now=world.now,
    )
    assert value == 900


def hrs_1(world: World, session: Session) -> None:
    world.made["HRS-1"] = world.pledge(session, "A", "SOLAR", "MIN.ELEC", 1200)


def _log(
    world: World,
    session: Session,
    skill: str,
    minutes: int,
    *,
    fund: str = "SOLAR",
    pledge_id: UUID | None = None,
    on: date = DAY,
) -> UUID:
    rate, specialised = RATES[skill]
    book = world.book(session, "A")
    hours.set_rate(
        session,
        book=book,
        commodity=skill,
        currency="USD",
        rate_per_hour=rate,
        specialised=specialised,
        source="What it would cost here",
        valid_from_on=date(2026, 1, 1),
    )
    return hours.log_hours(
        session,
        book=book,
        fund=world.fund(session, "A", fund),
        party=world.party(session),
        work=hours.Work(
            commodity=skill,
            minutes=minutes,
            worked_on=on,
            description="Work",
            pledge=session.get_one(Pledge, pledge_id) if pledge_id else None,
        ),
        now=world.now,
        logged_by=world.people["member"],
    ).id


def _confirm(world: World, session: Session, hours_id: UUID, *, builds: bool = False) -> None:
    hours.confirm_hours(
        session,
        hours_id=hours_id,
        confirmed_by=world.people["confirmer"],
        on=DAY,
        now=world.now,
        builds=builds,
    )


def hrs_2(world: World, session: Session) -> None:
    world.made["HRS-2"] = _log(world, session, "MIN.ELEC", 390, pledge_id=world.made["HRS-1"])


def hrs_3(world: World, session: Session) -> None:
    _confirm(world, session, world.made["HRS-2"])


def hrs_4(world: World, session: Session) -> None:
    world.made["HRS-4"] = _log(world, session, "MIN.GEN", 150, fund="GEN")
    _confirm(world, session, world.made["HRS-4"])


def hrs_5(world: World, session: Session) -> None:
    day_before = DAY - timedelta(days=1)
    _confirm(world, session, _log(world, session, "MIN.BUILD", 600, on=day_before), builds=True)


def hrs_6(world: World, session: Session) -> None:
    world.approve(
        session,
        hours.propose_hours_correction(
            session,
            hours_id=world.made["HRS-4"],
            minutes=30,
            reason="Counted a break",
            made_by=world.people["maker"],
            now=world.now,
        ),
    )


def alc_9(world: World, session: Session) -> None:
    pool_hours.confirm_pooled_hours(
        session,
        hours_id=_log(world, session, "MIN.ELEC", 240),
        allocation_id=world.made["ALC-8"],
        pledge=session.get_one(Pledge, world.made["ALC-8.pledge"]),
        confirmed_by=world.people["confirmer"],
        on=DAY,
        now=world.now,
    )


STEPS: dict[str, Step] = {
    "EQP-01": eqp_01,
    "EQP-02": eqp_02,
    "EQP-03": eqp_03,
    "EQP-04": eqp_04,
    "EQP-05": eqp_05,
    "EQP-06": eqp_06,
    "EQP-07": eqp_07,
    "EQP-08": eqp_08,
    "EQP-09": eqp_09,
    "EQP-10": eqp_10,
    "EQP-11": eqp_11,
    "EQP-12": eqp_12,
    "HRS-1": hrs_1,
    "HRS-2": hrs_2,
    "HRS-3": hrs_3,
    "HRS-4": hrs_4,
    "HRS-5": hrs_5,
    "HRS-6": hrs_6,
    "ALC-9": alc_9,
}
