"""Steps: promises made, kept, doubted, written off; sponsors, tax reclaims, cash, transfers."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from ledger.core.match_gifts import Terms
from ledger.db import Session
from ledger.models.agreements import Agreement
from ledger.models.campaigns import Campaign
from ledger.models.pledges import Pledge
from ledger.services.banking import cash as offline
from ledger.services.banking import matching, tax_reclaims
from ledger.services.campaigns import campaigns, matching_sponsors
from ledger.services.pledges import pledges, receivables
from tests.factories import save_card
from tests.keywords import By
from tests.worlds.worked_events import AFTER, CLOSING, DAY, Step, World


def plg_01(world: World, session: Session) -> None:
    world.made["PLG-01"] = world.pledge(session, "A", "SOLAR", "USD", 6000)


def plg_02(world: World, session: Session) -> None:
    mode = "all_or_nothing"
    world.made["PLG-02"] = [
        world.pledge(session, "A", "SOLAR", "USD", 10000, mode=mode, goal=10000),
        world.pledge(session, "A", "SOLAR", "USD", 4000, mode=mode, goal=90000),
    ]
    for pledge_id in world.made["PLG-02"]:
        save_card(session, session.get_one(Pledge, pledge_id))


def _promise(
    world: World, session: Session, schedule: list[tuple[date, int]], rate: int
) -> Agreement:
    row = receivables.propose_promise(
        session,
        party=world.party(session, "Paula Promise"),
        book=world.book(session, "A"),
        fund=world.fund(session, "A", "SOLAR"),
        letter=receivables.Letter(schedule=schedule, basis_points=rate, evidence="Signed letter"),
        made_by=world.people["maker"],
        now=world.now,
    )
    world.approve(session, row)
    return row


def plg_03(world: World, session: Session) -> None:
    months = [date(2026 + month // 12, month % 12 + 1, 2) for month in range(3, 15)]
    row = _promise(world, session, [(day, 2500) for day in months], 500)
    world.made["PLG-03.promise"] = row.id
    world.made["PLG-03"] = UUID(row.terms["pledge"])


def plg_04(world: World, session: Session) -> None:
    days = [date(2027, 3, 2), date(2028, 3, 2), date(2029, 3, 2)]
    row = _promise(world, session, [(day, 100000) for day in days], 500)
    world.made["PLG-04"] = row.id


def plg_05(world: World, session: Session) -> None:
    share = receivables.unwind(
        session,
        promise_id=world.made["PLG-04"],
        year=1,
        by=world.people["maker"],
        on=date(2027, 3, 2),
        now=AFTER,
    )
    assert share == 13616


def plg_06(world: World, session: Session) -> None:
    """A reminder posts nothing: what is due follows from the schedule."""


def _close_campaign(world: World, session: Session, pledge_id: UUID) -> None:
    campaign_id = session.get_one(Pledge, pledge_id).campaign_id
    campaigns.close_campaign(
        session, campaign_id=session.get_one(Campaign, campaign_id).id, on=CLOSING, now=AFTER
    )


def plg_07(world: World, session: Session) -> None:
    _close_campaign(world, session, world.made["PLG-02"][0])


def plg_08(world: World, session: Session) -> None:
    _close_campaign(world, session, world.made["PLG-02"][1])


def plg_09(world: World, session: Session) -> None:
    pledge_id = world.pledge(session, "A", "GEN", "USD", 5000)
    pledges.cancel_pledge(session, pledge_id=pledge_id, on=DAY, now=world.now)


def plg_10(world: World, session: Session) -> None:
    world.approve(
        session,
        receivables.propose_increase(
            session,
            promise_id=world.made["PLG-03.promise"],
            amount=4000,
            evidence="Second letter",
            made_by=world.people["maker"],
            now=world.now,
        ),
    )


def plg_11(world: World, session: Session) -> None:
    world.approve(
        session,
        receivables.propose_allowance(
            session,
            book=world.book(session, "A"),
            fund=world.fund(session, "A", "SOLAR"),
            amount=3000,
            reason="Ageing of the year",
            made_by=world.people["maker"],
            now=world.now,
        ),
    )


def plg_12(world: World, session: Session) -> None:
    world.approve(
        session,
        receivables.propose_write_off(
            session,
            promise_id=world.made["PLG-03.promise"],
            reason="Gave up asking",
            made_by=world.people["maker"],
            now=world.now,
        ),
    )


def plg_13(world: World, session: Session) -> None:
    row = matching_sponsors.propose_sponsor(
        session,
        offer=matching_sponsors.SponsorOffer(
            party=world.party(session, "Sam Sponsor"),
            terms=Terms(up_to=100000, basis_points=10000, per_gift=0),
            evidence="Signed terms",
        ),
        book=world.book(session, "A"),
        fund=world.fund(session, "A", "SOLAR"),
        made_by=world.people["maker"],
        now=world.now,
    )
    world.approve(session, row)
    world.made["PLG-13"] = row.id
    world.made["PLG-13.pledge"] = UUID(row.terms["pledge"])


def plg_14(world: World, session: Session) -> None:
    matched = matching_sponsors.match_gifts(
        session,
        sponsor_id=world.made["PLG-13"],
        gifts=10000,
        reference="gifts of March",
        by=world.people["maker"],
        on=DAY,
        now=world.now,
    )
    assert matched == 10000


def plg_15(world: World, session: Session) -> None:
    line = world.line(session, "A", 12000, remittance="matching")
    _match_pledge(world, session, line, world.made["PLG-13.pledge"])


def _match_pledge(world: World, session: Session, line: UUID, pledge_id: UUID) -> None:
    reference = session.scalars(select(Pledge.reference).where(Pledge.id == pledge_id)).one()
    matching.match_pledge(
        session, line_id=line, reference=reference, by=world.people["maker"], now=world.now
    )


def tax_1(world: World, session: Session) -> None:
    by: By = {"by": world.people["maker"], "now": world.now}
    gift = world.line(session, "D", 10000, currency="GBP")
    matched = tax_reclaims.match_gift_with_reclaim(session, line_id=gift, fund="GEN", **by)
    assert matched == 2500
    paid = world.line(session, "D", 2500, currency="GBP")
    tax_reclaims.match_reclaim(session, line_id=paid, fund="GEN", **by)


def off_1(world: World, session: Session) -> None:
    book, maker = world.book(session, "A"), world.people["maker"]
    sheet = offline.Counted(world.fund(session, "A", "SOLAR"), 7500, "sheet 1", DAY)
    offline.record_cash(session, book=book, counted=sheet, made_by=maker, now=world.now)
    offline.bank_cash(session, book=book, counted=sheet, made_by=maker, now=world.now)


def off_3(world: World, session: Session) -> None:
    line = world.line(session, "A", 10500)
    matching.leave_unidentified(
        session, line_id=line, fund="GEN", by=world.people["maker"], now=world.now
    )
    pledge_id = world.made["PLG-03"]
    reference = session.scalars(select(Pledge.reference).where(Pledge.id == pledge_id)).one()
    matching.identify(
        session, line_id=line, reference=reference, by=world.people["maker"], now=world.now
    )


def off_4(world: World, session: Session) -> None:
    line = world.line(session, "A", 30000, remittance="for next year")
    matching.match_gift(session, line_id=line, fund="NEXT", by=world.people["maker"], now=world.now)


STEPS: dict[str, Step] = {
    "PLG-01": plg_01,
    "PLG-02": plg_02,
    "PLG-03": plg_03,
    "PLG-04": plg_04,
    "PLG-05": plg_05,
    "PLG-06": plg_06,
    "PLG-07": plg_07,
    "PLG-08": plg_08,
    "PLG-09": plg_09,
    "PLG-10": plg_10,
    "PLG-11": plg_11,
    "PLG-12": plg_12,
    "PLG-13": plg_13,
    "PLG-14": plg_14,
    "PLG-15": plg_15,
    "TAX-1": tax_1,
    "OFF-1": off_1,
    "OFF-3": off_3,
    "OFF-4": off_4,
}
