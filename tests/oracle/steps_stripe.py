"""Steps: everything that Stripe moves, cheques, and money in another currency."""

from datetime import date, datetime
from uuid import UUID

from ledger.core.vocabulary import LegalNature
from ledger.db import Session
from ledger.gateway import BalanceTransaction, Payout
from ledger.models.pledges import Pledge
from ledger.services.accounting import exchange
from ledger.services.approvals import agreements
from ledger.services.banking import cash, matching
from ledger.services.payments import bank_debits, disputes, gifts, payments, refund_settlement
from ledger.services.payments.gifts import Kind
from ledger.services.pledges import goals
from ledger.services.pledges.pledges import Promised, keep_at_once
from ledger.services.stripe_balance import fees, payouts
from tests.keywords import Place
from tests.worlds.worked_events import DAY, START, Step, World


def _gift(
    world: World,
    session: Session,
    amount: int,
    fee: int,
    fund: str = "SOLAR",
    kind: Kind | None = None,
) -> BalanceTransaction:
    txn = world.movement(session, amount, fee)
    gifts.settle_gift(
        session,
        txn_id=txn.id,
        fund=world.fund(session, "A", fund),
        kind=kind,
        now=world.now,
    )
    return txn


def _paid(code: str, amount: int, fee: int, place: int | None = None) -> Step:
    def step(world: World, session: Session) -> None:
        made = world.made[code]
        txn = world.movement(session, amount, fee)
        payments.settle_charge(
            session,
            txn_id=txn.id,
            pledge_id=session.get_one(Pledge, made if place is None else made[place]).id,
            now=world.now,
        )

    return step


def pay_02(world: World, session: Session) -> None:
    world.made["PAY-02"] = _gift(world, session, 10000, 320, kind=Kind(fee_bearer="general"))


def pay_05(world: World, session: Session) -> None:
    world.made["PAY-05"] = [
        bank_debits.start_debit(
            session,
            intent_id=f"pi_{amount}",
            fund=world.fund(session, "A", "SOLAR"),
            amount=amount,
            on=DAY,
            now=world.now,
        ).id
        for amount in (20000, 8000)
    ]


def pay_06(world: World, session: Session) -> None:
    debit = agreements.load(session, world.made["PAY-05"][0], bank_debits.DEBIT)
    world.made["PAY-06"] = _gift(world, session, 20000, 160, kind=Kind(debit=debit))


def pay_07(world: World, session: Session) -> None:
    debit = agreements.load(session, world.made["PAY-05"][1], bank_debits.DEBIT)
    bank_debits.fail_debit(session, row=debit, on=DAY, now=world.now)


def pay_08(world: World, session: Session) -> None:
    txn = world.movement(session, -20000, 400, category="payment_failure_refund")
    refund_settlement.settle_return(
        session, txn_id=txn.id, charge_id=world.made["PAY-06"].source_id, now=world.now
    )


def pay_09(world: World, session: Session) -> None:
    _gift(world, session, 2000, 88, "GEN", kind=Kind(recurring=True))


def pay_10(world: World, session: Session) -> None:
    _gift(world, session, 10000, 320, "GEN", kind=Kind(benefit=4000))


def pay_11(world: World, session: Session) -> None:
    _gift(world, session, 10330, 330)


def pay_12(world: World, session: Session) -> None:
    pledge_id = world.pledge(session, "A", "SOLAR", "EUR", 5000)
    txn = world.movement(session, 5412, 241, body={"source_amount": 5000})
    gifts.settle_foreign(
        session, txn_id=txn.id, pledge=session.get_one(Pledge, pledge_id), now=world.now
    )


def pay_13(world: World, session: Session) -> None:
    """A donor pays before the campaign has reached its goal."""
    pledge = keep_at_once(
        session,
        promised=Promised(
            party=world.party(session),
            book=world.book(session, "A"),
            fund=world.fund(session, "A", "SOLAR"),
            quantity=8000,
            legal_nature=LegalNature.CONDITIONAL,
        ),
        campaign=world.campaign(session, "A", "SOLAR", "all_or_nothing", ("USD", 8000)),
        now=world.now,
    )
    txn = world.movement(session, 8000, 262)
    payments.settle_charge(session, txn_id=txn.id, pledge_id=pledge.id, now=world.now)
    goals.reach_goal(session, pledge=pledge, on=DAY, now=world.now)


def pay_14(world: World, session: Session) -> None:
    world.made["PAY-14"] = _gift(world, session, 10000, 320)


def _refund(code: str, amount: int) -> Step:
    def step(world: World, session: Session) -> None:
        txn = world.movement(session, -amount, category="refund", source=f"re_{code}_{amount}")
        refund_settlement.settle_refund(
            session, txn_id=txn.id, charge_id=world.made[code].source_id, now=world.now
        )

    return step


def ref_3(world: World, session: Session) -> None:
    world.made["REF-3"] = _gift(world, session, 6000, 204, "GEN")
    refund_settlement.owe_back(
        session,
        charge_id=world.made["REF-3"].source_id,
        amount=6000,
        on=DAY,
        now=world.now,
    )
    _refund("REF-3", 6000)(world, session)


def ref_4(world: World, session: Session) -> None:
    """The gift was made in a year that is closed: it came with the books that were taken over."""
    txn = world.movement(session, -2500, category="refund", source="re_old")
    refund_settlement.settle_prior_refund(
        session,
        txn_id=txn.id,
        charge_id="ch_old",
        fund=world.fund(session, "A", "SOLAR"),
        now=world.now,
    )


def ref_5(world: World, session: Session) -> None:
    txn = world.movement(session, 2500, category="refund_failure", source="re_old")
    refund_settlement.settle_bounce(session, txn_id=txn.id, refund_id="re_old", now=world.now)


def _dispute(world: World, session: Session, code: str, amount: int, fee: int) -> None:
    txn = world.movement(
        session, amount, fee, category="dispute", kind="adjustment", source=f"du_{code}"
    )
    disputes.settle_dispute(
        session, txn_id=txn.id, charge_id=world.made[code].source_id, now=world.now
    )


def dsp_1(world: World, session: Session) -> None:
    world.made["DSP-1"] = _gift(world, session, 15000, 465)
    _dispute(world, session, "DSP-1", -15000, 1500)


def dsp_2(world: World, session: Session) -> None:
    _dispute(world, session, "DSP-1", 15000, 0)


def dsp_3(world: World, session: Session) -> None:
    world.made["DSP-3"] = _gift(world, session, 9000, 291)
    _dispute(world, session, "DSP-3", -9000, 1500)
    _dispute(world, session, "DSP-3", 0, 1500)


def dsp_4(world: World, session: Session) -> None:
    _dispute(world, session, "DSP-3", 0, -1500)


def _payout_row(name: str, amount: int, status: str) -> Payout:
    return Payout(
        id=name,
        amount=amount,
        currency="USD",
        status=status,
        arrival_on=DAY,
        created_at=START,
        descriptor="STRIPE",
        trace="",
        automatic=False,
    )


def _payout(world: World, session: Session, name: str, funds: dict[str, int]) -> None:
    """A payout made by hand: Stripe does not say what it contains, the treasurer does."""
    amount = sum(funds.values())
    txn = world.movement(session, -amount, category="payout", source=name)
    payouts.settle_payout_by_fund(
        session,
        txn_id=txn.id,
        payout=_payout_row(name, amount, "paid"),
        book=world.book(session, "A"),
        funds=funds,
        now=world.now,
    )


def po_1(world: World, session: Session) -> None:
    _payout(world, session, "po_1", {"SOLAR": 30000, "GEN": 18000})


def po_2(world: World, session: Session) -> None:
    line = world.line(session, "A", 48000, remittance="STRIPE")
    matching.match_payout(
        session, line_id=line, payout_id="po_1", by=world.people["maker"], now=world.now
    )


def po_3(world: World, session: Session) -> None:
    _payout(world, session, "po_2", {"SOLAR": 5000})
    txn = world.movement(session, 5000, category="payout_reversal", source="po_2")
    payouts.settle_returned_payout(
        session, txn_id=txn.id, payout=_payout_row("po_2", 5000, "failed"), now=world.now
    )


def po_4(world: World, session: Session) -> None:
    txn = world.movement(session, -200, 0, category="fee", kind="stripe_fee")
    fees.settle_fee(session, txn_id=txn.id, fund=world.fund(session, "A", "GEN"), now=world.now)


def off_2(world: World, session: Session) -> None:
    book, maker = world.book(session, "A"), world.people["maker"]
    cheque = cash.Counted(world.fund(session, "A", "SOLAR"), 25000, "cheque 7", DAY)
    cash.record_cash(session, book=book, counted=cheque, made_by=maker, now=world.now)
    banked = cash.bank_cash(session, book=book, counted=cheque, made_by=maker, now=world.now)
    cash.bounce_cheque(
        session,
        cheque=cash.ReturnedCheque(entry_id=banked, charge=1200),
        book=world.book(session, "A"),
        general_fund=world.fund(session, "A", "GEN"),
        by=world.people["maker"],
        on=DAY,
        now=world.now,
    )


def plg_16(world: World, session: Session) -> None:
    txn = world.movement(session, 2000, 88)
    gifts.settle_recovery(
        session,
        txn_id=txn.id,
        pledge=session.get_one(Pledge, world.made["PLG-03"]),
        now=world.now,
    )


class Exchange(Place):
    """Who exchanges a community's money, and when."""

    by: UUID
    now: datetime


def _exchange(world: World, session: Session) -> Exchange:
    return {
        "book": world.book(session, "A"),
        "fund": world.fund(session, "A", "GEN"),
        "by": world.people["maker"],
        "now": world.now,
    }


def fx_1(world: World, session: Session) -> None:
    _entry, value = exchange.receive_foreign_gift(
        session,
        gift=exchange.ForeignGift(
            foreign="EUR", amount=10000, rate_millionths=1_085_000, reference="1"
        ),
        on=DAY,
        **_exchange(world, session),
    )
    assert value == 10850


def fx_2(world: World, session: Session) -> None:
    _revalue(world, session, 1_100_000, date(2026, 3, 31), 150)


def fx_3(world: World, session: Session) -> None:
    exchange.sell_foreign(
        session,
        sale=exchange.ForeignSale(foreign="EUR", amount=6000, received=6570, reference="1"),
        on=date(2026, 4, 2),
        **_exchange(world, session),
    )
    _revalue(world, session, 1_095_000, date(2026, 4, 30), -50)


def _revalue(world: World, session: Session, rate: int, on: date, gain: int) -> None:
    _entry, found = exchange.revalue(
        session,
        rates_millionths={"EUR": rate},
        on=on,
        **_exchange(world, session),
    )
    assert found == gain


STEPS: dict[str, Step] = {
    "PAY-01": _paid("PLG-01", 6000, 204),
    "PAY-02": pay_02,
    "PAY-03": _paid("PLG-02", 10000, 320, 0),
    "PAY-04": _paid("PLG-03", 12000, 378),
    "PAY-05": pay_05,
    "PAY-06": pay_06,
    "PAY-07": pay_07,
    "PAY-08": pay_08,
    "PAY-09": pay_09,
    "PAY-10": pay_10,
    "PAY-11": pay_11,
    "PAY-12": pay_12,
    "PAY-13": pay_13,
    "PAY-14": pay_14,
    "REF-1": _refund("PAY-14", 10000),
    "REF-2": _refund("PAY-02", 4000),
    "REF-3": ref_3,
    "REF-4": ref_4,
    "REF-5": ref_5,
    "DSP-1": dsp_1,
    "DSP-2": dsp_2,
    "DSP-3": dsp_3,
    "DSP-4": dsp_4,
    "PO-1": po_1,
    "PO-2": po_2,
    "PO-3": po_3,
    "PO-4": po_4,
    "OFF-2": off_2,
    "PLG-16": plg_16,
    "FX-1": fx_1,
    "FX-2": fx_2,
    "FX-3": fx_3,
}
