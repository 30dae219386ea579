"""Every worked event that has a function gives exactly its worked legs, on both engines.

``worked_events.json`` states inputs and legs; the labels payment and function are ours.
"""

import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypedDict

import pytest

from ledger.core import bookkeeping as books
from ledger.core.entry import Entry, Posting
from ledger.core.vocabulary import LegalNature
from ledger.db import Session
from ledger.errors import Invalid
from ledger.services.books import journal
from tests.conftest import NOW
from tests.core.worked_calls import MORE, at, charge
from tests.factories import make_worked_books

HERE = Path(__file__).parent
WORKED: dict[str, Any] = json.loads((HERE / "worked_events.json").read_text())
EVENTS = {event["code"]: event["entries"] for event in WORKED["events"]}
COMPARED = (
    "account",
    "fund",
    "commodity",
    "quantity",
    "counterparty",
    "pledge",
    "asset",
    "grant",
    "valuation",
)


def usd(fund: str, book: str = "A") -> dict[str, Any]:
    return {"book": book, "fund": fund, "currency": "USD"}


def promise(
    quantity: int, pledge: str, fund: str = "SOLAR", commodity: str = "USD"
) -> dict[str, Any]:
    return {
        "book": "A",
        "fund": fund,
        "commodity": commodity,
        "quantity": quantity,
        "pledge": pledge,
    }


def opening(code: str) -> list[Entry]:
    made = []
    for entry in EVENTS[code]:
        made += books.opening_balances(
            book=entry["book"], balances=[Posting(**leg) for leg in entry["postings"]]
        )
    return made


class Held(TypedDict):
    held_fund: str
    pool: str
    pool_fund: str
    currency: str


class Lent(TypedDict):
    lender: str
    lender_fund: str
    borrower: str
    borrower_fund: str
    commodity: str
    quantity: int
    asset: str


class Grant(TypedDict):
    giver: str
    giver_fund: str
    receiver: str
    receiver_fund: str
    currency: str
    amount: int


HELD: Held = {"held_fund": "HELD", "pool": "P", "pool_fund": "JOINT", "currency": "USD"}
LAPTOP: Lent = {
    "lender": "A",
    "lender_fund": "GEN",
    "borrower": "B",
    "borrower_fund": "GEN",
    "commodity": "EQP.LAPTOP",
    "quantity": 1,
    "asset": "L3",
}
GRANT: Grant = {
    "giver": "A",
    "giver_fund": "GEN",
    "receiver": "B",
    "receiver_fund": "ROOF",
    "currency": "USD",
    "amount": 50000,
}
MEMBER_B = {"member": "B", "member_fund": "GEN", "pool": "P", "pool_fund": "JOINT"}
WRONG = Entry("B", (Posting(1010, "GEN", "USD", 6000), Posting(4010, "GEN", "USD", -6000)))

MADE: dict[str, Callable[[], list[Entry]]] = {
    "OPN-1": lambda: opening("OPN-1"),
    "OPN-2": lambda: opening("OPN-2"),
    "PLG-01": lambda: books.pledge_made(**promise(6000, "P01"), legal_nature=LegalNature.INTENTION),
    "PLG-02": lambda: [
        *books.pledge_made(**promise(10000, "P02"), legal_nature=LegalNature.CONDITIONAL),
        *books.pledge_made(**promise(4000, "P03"), legal_nature=LegalNature.CONDITIONAL),
    ],
    "PLG-07": lambda: books.condition_met(**promise(10000, "P02")),
    "PLG-08": lambda: books.pledge_released(
        **promise(4000, "P03"), legal_nature=LegalNature.CONDITIONAL
    ),
    "PLG-09": lambda: [
        *books.pledge_made(**promise(5000, "P06", "GEN"), legal_nature=LegalNature.INTENTION),
        *books.pledge_released(**promise(5000, "P06", "GEN"), legal_nature=LegalNature.INTENTION),
    ],
    "PAY-01": lambda: books.payment_settled(
        **at("SOLAR"),
        charge=books.Charge("USD", 6000, 204, payment="txn_1"),
        fulfilled=books.Fulfilled(pledge="P01", released=6000),
    ),
    "PAY-02": lambda: books.payment_settled(
        **at("SOLAR"), charge=charge(10000, 320), fee_bearer="general"
    ),
    "PAY-03": lambda: books.payment_settled(
        **at("SOLAR"),
        charge=charge(10000, 320),
        fulfilled=books.Fulfilled(pledge="P02", receivable=10000),
    ),
    "PAY-09": lambda: books.payment_settled(**at("GEN"), charge=charge(2000, 88), recurring=True),
    "PAY-14": lambda: books.payment_settled(**at("SOLAR"), charge=charge(10000, 320)),
    "REF-1": lambda: books.refund_settled(**usd("SOLAR"), amount=10000),
    "REF-2": lambda: books.refund_settled(**usd("SOLAR"), amount=4000),
    "PO-1": lambda: books.payout_created(
        book="A", currency="USD", funds={"SOLAR": 30000, "GEN": 18000}, payout="po_1"
    ),
    "PO-2": lambda: books.payout_arrived(
        book="A", currency="USD", funds={"SOLAR": 30000, "GEN": 18000}, payout="po_1"
    ),
    "OFF-1": lambda: [
        *books.cash_received(**usd("SOLAR"), amount=7500),
        *books.cash_banked(**usd("SOLAR"), amount=7500),
    ],
    "OFF-3": lambda: [
        *books.receipt_unidentified(**usd("GEN"), amount=10500),
        *books.receipt_identified(
            **usd("SOLAR"),
            suspense_fund="GEN",
            amount=10500,
            fulfilled=books.Fulfilled(pledge="P04", receivable=10500),
        ),
    ],
    "FEE-1": lambda: books.bank_charge(**usd("GEN"), amount=600),
    "EQP-01": lambda: books.pledge_made(
        **promise(3, "P20", "GEN", "EQP.LAPTOP"), legal_nature=LegalNature.INTENTION
    ),
    "EQP-02": lambda: books.items_received(
        book="A",
        fund="GEN",
        commodity="EQP.LAPTOP",
        quantity=2,
        asset="L3,L4",
        pledge="P20",
        released=2,
    ),
    "EQP-03": lambda: books.items_valued(
        **usd("GEN"), amount=80000, valuation="V-1", capitalise=True
    ),
    "EQP-04": lambda: books.small_items_given(
        **usd("GEN"), amount=12000, commodity="EQP.CHAIR", quantity=10, valuation="V-2"
    ),
    "EQP-05": lambda: books.item_lent(**LAPTOP),
    "HRS-1": lambda: books.pledge_made(
        **promise(1200, "P30", "SOLAR", "MIN.ELEC"), legal_nature=LegalNature.INTENTION
    ),
    "HRS-3": lambda: books.hours_confirmed(
        **at("SOLAR"),
        hours=books.Hours("MIN.ELEC", 390, currency="USD", value=31200, valuation="V-5"),
        specialised=True,
        fulfilled=books.Fulfilled(pledge="P30", released=390),
    ),
    "HRS-4": lambda: books.hours_confirmed(
        **at("GEN"),
        hours=books.Hours("MIN.GEN", 150, currency="USD", value=7950, valuation="V-6"),
        specialised=False,
    ),
    "ICT-1": lambda: [*books.grant_made(**GRANT), *books.grant_settled(**GRANT)],
    "POL-1": lambda: [
        *books.contribution_made(**MEMBER_B, currency="USD", amount=100000),
        *books.contribution_settled(
            **MEMBER_B, host="A", held_fund="HELD", currency="USD", amount=100000
        ),
    ],
    "POL-2": lambda: books.host_contribution(host="A", host_fund="GEN", **HELD, amount=60000),
    "POL-3": lambda: books.pool_payment_settled(
        host="A",
        held_fund="HELD",
        pool="P",
        pool_fund="JOINT",
        charge=charge(50000, 1480),
    ),
    "POL-4": lambda: books.host_fee(host="A", host_fund="GEN", **HELD, amount=2500),
    "ALC-1": lambda: books.allocation_made(
        pool="P",
        pool_fund="JOINT",
        currency="USD",
        shares=[("A", "SOLAR", 33334), ("B", "ROOF", 33333), ("C", "GARDEN", 33333)],
    ),
    "ALC-2": lambda: books.allocation_settled(
        host="A", **HELD, member="B", member_fund="ROOF", amount=33333
    ),
    **MORE,
    "COR-1": lambda: [WRONG, WRONG.reversed(), *books.rebooked(WRONG, fund_map={"GEN": "ROOF"})],
}


def legs(leg: Posting | dict[str, Any]) -> tuple[Any, ...]:
    get = leg.get if isinstance(leg, dict) else lambda name: getattr(leg, name)
    return tuple(get(name) for name in COMPARED)


def as_made(entries: list[Entry]) -> Counter[Any]:
    return Counter(
        (item.book, frozenset(Counter(map(legs, item.postings)).items())) for item in entries
    )


def as_worked(code: str) -> Counter[Any]:
    return Counter(
        (item["book"], frozenset(Counter(map(legs, item["postings"])).items()))
        for item in EVENTS[code]
        if not item.get("alternative")
    )


@pytest.mark.parametrize("code", MADE)
def test_an_event_gives_exactly_the_worked_legs(code: str) -> None:
    assert as_made(MADE[code]()) == as_worked(code)


@pytest.mark.parametrize("code", MADE)
def test_one_leg_that_differs_is_seen(code: str) -> None:
    first, *rest = MADE[code]()
    doubled = Entry(
        first.book,
        tuple(
            Posting(**{**{f: getattr(leg, f) for f in COMPARED}, "quantity": leg.quantity * 2})
            for leg in first.postings
        ),
    )
    assert as_made([doubled, *rest]) != as_worked(code)


def test_every_worked_event_is_made_here_or_posts_nothing() -> None:
    silent = {code for code, entries in EVENTS.items() if not entries}
    assert silent == {"PLG-06", "HRS-2", "REL-1", "PER-1", "PER-2"}
    assert set(MADE) | silent == set(EVENTS)


def test_the_other_way_to_book_free_use_is_made_as_well() -> None:
    made = books.free_use_valued(
        **usd("GEN", "B"), amount=4500, valuation="V-3", lender="A", recognised=True
    )
    (worked,) = (entry for entry in EVENTS["EQP-06"] if entry.get("alternative"))
    assert Counter(map(legs, made[0].postings)) == Counter(map(legs, worked["postings"]))


def test_wear_adds_up_to_the_whole_and_worth_is_rounded_once() -> None:
    assert sum(books.depreciation_of_month(80000, 48, month) for month in range(1, 49)) == 80000
    assert books.present_value([(1, 100000), (2, 100000), (3, 100000)], 500) == 272325
    assert books.present_value([(0, 5)], 500) == 5


def test_every_event_made_here_is_stored_and_read_back_equal(session: Session) -> None:
    make_worked_books(session, WORKED)
    for code, make in MADE.items():
        entries = make()
        posted = journal.post(
            session,
            entries,
            event_type="worked",
            source="test",
            external_ref=code,
            accounting_on=date(2026, 3, 1),
            now=NOW,
        )
        ids = journal.books_by_code(session)
        stored = [
            journal.load_entry(session, ids[item.book], entry_id)
            for item, entry_id in zip(entries, posted.ids, strict=True)
        ]
        assert stored == entries, code


@pytest.mark.parametrize(
    ("bad", "place"),
    [
        (lambda: books.payment_settled(**at("GEN"), charge=charge(100, 101)), "fee"),
        (lambda: books.payment_settled(**at("GEN"), charge=charge(0, 0)), "amount"),
        (
            lambda: books.payment_settled(
                **at("GEN"), charge=charge(10, 0), fulfilled=books.Fulfilled(receivable=11)
            ),
            "amount",
        ),
        (lambda: books.cash_banked(**usd("GEN"), amount=-5), "amount"),
        (
            lambda: books.pledge_made(
                **promise(1, "P", "GEN", "EQP.LAPTOP"), legal_nature=LegalNature.UNCONDITIONAL
            ),
            "legal_nature",
        ),
        (lambda: books.rebooked(WRONG, fund_map={"ROOF": "GEN"}), "fund"),
        (
            lambda: books.allocation_made(
                pool="P", pool_fund="JOINT", currency="USD", shares=[("A", "SOLAR", 0)]
            ),
            "shares",
        ),
    ],
)
def test_figures_that_make_no_sense_are_refused(bad: Callable[[], Any], place: str) -> None:
    with pytest.raises(Invalid) as refusal:
        bad()
    assert refusal.value.place == place
