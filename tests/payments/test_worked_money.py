"""Each form of giving, paid at the sandbox, posts the entries of its worked event and no other:
the books are compared with the worked figures leg by leg."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.core.entry import Entry, Posting
from ledger.core.instalments import FeeEstimate
from ledger.core.match_gifts import Terms, match
from ledger.core.vocabulary import FeeBearer
from ledger.db import Session
from ledger.ids import new_id
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.journal import Posting as Leg
from ledger.models.pledges import Pledge
from ledger.models.recurring import RecurringGift
from ledger.queries.campaigns.matching_sponsors import cleared_gifts
from ledger.queries.invariants import check
from ledger.services.approvals.registry import Decision
from ledger.services.books import journal
from ledger.services.books.books import ensure_commodity
from ledger.services.books.journal import Posted
from ledger.services.campaigns import campaigns, matching_sponsors
from ledger.services.campaigns.campaigns import Need
from ledger.services.payments import recurring
from ledger.services.pledges.offers import Line
from ledger.services.pledges.pledges import PledgeRequest, make_pledges
from ledger.services.stripe_balance import payouts
from ledger.stripe import checkout
from ledger.stripe.checkout import saved_cards
from tests.factories import make_book, make_campaign, make_fund, make_party, make_person, make_pool
from tests.payments.sabotage import Broken, Case, named, turns_red
from tests.payments.test_money_back import debited_page
from tests.payments.test_saved_cards import save
from tests.worked import WORKED
from tests.worlds.shop import Shop

EVENTS = {event["code"]: event["entries"] for event in WORKED["events"]}
Worked = tuple[str, int, str, str, int]


@dataclass
class Hall:
    """A community of its own, named as in the worked events, and what was posted in it."""

    shop: Shop
    fund: str = "SOLAR"
    mode: str = "keep_what_you_raise"
    fee_bearer: str = "fund"
    needs: tuple[Need, ...] = (Need("USD", "Panels", 9_000, 800_000),)
    names: dict[UUID, str] = field(default_factory=dict)
    seen: set[UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.shop.count += 1
        self.code = f"W{self.shop.count}"
        with self.shop.db.transaction() as session:
            book = make_book(session, self.code)
            self.book = book.id
            self.names = {book.id: "A"}
            for code, kind in (("GEN", "unrestricted"), ("SOLAR", "purpose"), ("HELD", "agency")):
                make_fund(session, book, code, kind)
            fund = self.fund_of(session, book, self.fund)
            self.campaign = self.open(session, book, fund)

    def fund_of(self, session: Any, book: Book, code: str) -> Fund:
        found: Fund = session.scalars(
            select(Fund).where(Fund.book_id == book.id, Fund.code == code)
        ).one()
        return found

    def open(self, session: Any, book: Book, fund: Fund) -> UUID:
        slug = f"{self.code}{book.code}".lower()
        made = make_campaign(session, book, fund, slug=slug, mode=self.mode, needs=self.needs)
        made.fee_bearer = FeeBearer(self.fee_bearer)
        session.flush()
        return made.id

    def promise(self, *lines: Line) -> Pledge:
        """Promise something; the first line is of money."""
        self.shop.count += 1
        with self.shop.db.transaction() as session:
            basket = make_pledges(
                session,
                campaign=session.get_one(Campaign, self.campaign),
                party=make_party(session, f"donor{self.shop.count}@example.org"),
                request=PledgeRequest(
                    lines=lines, form_key=str(new_id()), message="", consent="initials"
                ),
                now=self.shop.now(),
            )
            rows = session.scalars(select(Pledge).where(Pledge.basket_id == basket.id))
            return next(row for row in rows if row.commodity == lines[0].commodity)

    def give(self, amount: int, *more: Line) -> Pledge:
        """Promise an amount and pay it by card."""
        pledge = self.promise(Line("USD", amount), *more)
        self.posted()
        self.shop.pay(pledge)
        self.shop.sync_stripe()
        return pledge

    def ends(self) -> None:
        """Let the campaign's last day be over, and do what that brings."""
        with self.shop.db.transaction() as session:
            row = session.get_one(Campaign, self.campaign)
            row.deadline_on = self.shop.now().date() - timedelta(days=2)
            campaigns.close_due(session, now=self.shop.now())

    def posted(self) -> list[list[Worked]]:
        """The entries since the last look, in the names of the worked events."""
        found: dict[UUID, list[Worked]] = {}
        with self.shop.db.snapshot() as session:
            for leg, fund in session.execute(
                select(Leg, Fund.code).join(Fund, Fund.id == Leg.fund_id)
            ):
                if leg.book_id in self.names and leg.entry_id not in self.seen:
                    name = self.names[leg.book_id]
                    row = (name, leg.account, fund, leg.commodity, leg.quantity)
                    found.setdefault(leg.entry_id, []).append(row)
        self.seen |= set(found)
        return list(found.values())

    def is_worked(self, *wanted: tuple[str, int], released: int = 0) -> None:
        """What was posted since the last look is these worked entries; a gift that was promised
        ends its promise as well."""
        expected = [worked(code, number, released) for code, number in wanted]
        assert shape(self.posted()) == shape(expected)


def worked(code: str, number: int, released: int) -> list[Worked]:
    """An entry of a worked event, with the legs that end a promise beside its income."""
    entry = EVENTS[code][number]
    legs = [
        (entry["book"], leg["account"], leg["fund"], leg["commodity"], leg["quantity"])
        for leg in entry["postings"]
    ]
    income = next((leg for leg in legs if leg[1] == 4010), None)
    if released and income is not None:
        book, _account, fund, commodity, _quantity = income
        legs += [
            (book, 9190, fund, commodity, released),
            (book, 9110, fund, commodity, -released),
        ]
    return legs


def shape(entries: Sequence[list[Worked]]) -> Counter[frozenset[Any]]:
    return Counter(frozenset(Counter(legs).items()) for legs in entries)


def once(shop: Shop) -> None:
    hall = Hall(shop)
    pledge = hall.promise(Line("USD", 6000))
    hall.is_worked(("PLG-01", 0))
    shop.pay(pledge)
    shop.sync_stripe()
    hall.is_worked(("PAY-01", 0))


def a_basket_of_money_things_and_hours(shop: Shop) -> None:
    needs = (
        Need("USD", "Panels", 500_000, 800_000),
        Need("EQP.PROJECTOR", "A projector", 1, 1),
        Need("MIN.ELEC", "Electricians", 1200, 2400),
    )
    hall = Hall(shop, needs=needs)
    pledge = hall.give(6000, Line("EQP.PROJECTOR", 1), Line("MIN.ELEC", 360))
    hall.is_worked(("PAY-01", 0))
    assert [found.amount for found in shop.charges(pledge)] == [6000]
    assert shop.booked(pledge, 9110) == 361


def the_fee_is_covered_by_the_donor(shop: Shop) -> None:
    hall = Hall(shop)
    cover = FeeEstimate(290, 30).cover_for(10_000)
    pledge = hall.promise(Line("USD", 10_000 + cover, cover=cover))
    hall.posted()
    shop.pay(pledge)
    shop.sync_stripe()
    hall.is_worked(("PAY-11", 0), released=10_330)


def the_fee_is_borne_by_the_general_fund_and_a_part_goes_back(shop: Shop) -> None:
    hall = Hall(shop, fee_bearer="general")
    pledge = hall.give(10_000)
    hall.is_worked(("PAY-02", 0), released=10_000)
    shop.sandbox.control("refund", charge=shop.charges(pledge)[0].id, amount="4000")
    shop.sync_stripe()
    hall.is_worked(("REF-2", 0))


def all_of_a_gift_goes_back(shop: Shop) -> None:
    hall = Hall(shop)
    pledge = hall.give(10_000)
    hall.is_worked(("PAY-14", 0), released=10_000)
    shop.approved_refund(pledge, 10_000)
    shop.work(seconds=1)
    shop.sync_stripe()
    hall.is_worked(("REF-1", 0))


def all_or_nothing_that_succeeds_between_minimum_and_goal(shop: Shop) -> None:
    hall = Hall(shop, mode="all_or_nothing")
    pledge = hall.promise(Line("USD", 10_000))
    hall.is_worked(("PLG-02", 0))
    save(shop, pledge)
    assert shop.charges(pledge) == []
    hall.ends()
    hall.is_worked(("PLG-07", 0))
    charge(shop)
    shop.sync_stripe()
    hall.is_worked(("PAY-03", 0))


def all_or_nothing_that_misses_its_minimum(shop: Shop) -> None:
    hall = Hall(shop, mode="all_or_nothing")
    pledge = hall.promise(Line("USD", 4000))
    hall.is_worked(("PLG-02", 1))
    save(shop, pledge)
    hall.ends()
    charge(shop)
    shop.sync_stripe()
    hall.is_worked(("PLG-08", 0))
    assert shop.charges(pledge) == []


def charge(shop: Shop, days: int = 0) -> None:
    saved_cards.charge_due(shop.db, shop.gateway, now=shop.now(days=days, seconds=2))


def in_instalments(shop: Shop) -> None:
    hall = Hall(shop)
    pledge = hall.promise(Line("USD", 18_000, parts=3))
    hall.posted()
    save(shop, pledge)
    for days in (0, 0, 32, 63, 95):
        charge(shop, days)
        shop.sync_stripe()
    hall.is_worked(*[("PAY-01", 0)] * 3)
    assert [found.amount for found in shop.charges(pledge)] == [6000] * 3


def a_bank_debit_that_clears_and_is_returned(shop: Shop) -> None:
    hall = Hall(shop)
    pledge = hall.promise(Line("USD", 20_000))
    hall.posted()
    debited_page(shop, pledge, "000123456789")
    hall.is_worked(("PAY-05", 0))
    (found,) = shop.charges(pledge)
    shop.sandbox.control("end_debit", charge=found.id)
    shop.sync_stripe()
    hall.is_worked(("PAY-06", 0), released=20_000)
    shop.sandbox.control("return_debit", charge=found.id, reason="insufficient_funds")
    shop.sync_stripe()
    # What is not paid after all is promised again.
    again = [("A", 9110, "SOLAR", "USD", 20_000), ("A", 9190, "SOLAR", "USD", -20_000)]
    assert shape(hall.posted()) == shape([worked("PAY-08", 0, 0) + again])


def a_bank_debit_that_fails(shop: Shop) -> None:
    hall = Hall(shop)
    pledge = hall.promise(Line("USD", 8000))
    hall.posted()
    debited_page(shop, pledge, "000222222227")
    hall.is_worked(("PAY-05", 1))
    shop.sandbox.control("end_debit", charge=shop.charges(pledge)[0].id)
    shop.hear("checkout.session.completed", shop.attempts(pledge)[0].stripe_session_id or "")
    hall.is_worked(("PAY-07", 0))


def in_another_currency(shop: Shop) -> None:
    hall = Hall(shop)
    with shop.db.transaction() as session:
        row = session.get_one(Campaign, hall.campaign)
        ensure_commodity(session, "EUR")
        row.currencies = "EUR"
    shop.sandbox.control("set", settles="usd", rates="eur:usd=1.0824", fee_card="3.9%+30")
    try:
        pledge = hall.promise(Line("EUR", 5000))
        shop.pay(pledge)
        shop.sync_stripe()
    finally:
        shop.sandbox.control("set", settles="", rates="", fee_card="")
    hall.is_worked(("PAY-12", 0), ("PAY-12", 1))


def a_pool_through_its_hosts_account(shop: Shop) -> None:
    hall = Hall(shop)
    with shop.db.transaction() as session:
        host = session.get_one(Book, hall.book)
        other = make_book(session, f"{hall.code}B")
        make_fund(session, other)
        pool, joint = make_pool(
            session,
            host,
            f"{hall.code}P",
            held=hall.fund_of(session, host, "HELD"),
            fee_basis_points=500,
            members=[(host.code, "SOLAR"), (other.code, "GEN")],
            now=shop.now(),
        )
        hall.names[pool.id] = "P"
        hall.campaign = hall.open(session, pool, joint)
    pledge = hall.give(50_000)
    hall.is_worked(("POL-3", 0), ("POL-3", 1), ("POL-4", 0), ("POL-4", 1), released=50_000)
    # A payout of it would take each part out of the fund that has it.
    (charge,) = shop.charges(pledge)
    with shop.db.transaction() as session:
        slices = payouts._composition(session, [str(charge.balance_transaction)])
    (funds,) = slices.values()
    assert funds == {"GEN": 2500, "HELD": 46_020}
    shop.sandbox.control("open_dispute", charge=charge.id)
    shop.sync_stripe()
    hall.is_worked(("ALC-6", 0), ("ALC-6", 1))
    gift = begun(hall, 2000)
    posted = [leg for legs in hall.posted() for leg in legs]
    assert {("A", 4510, "GEN", "USD", -100), ("P", 6530, "JOINT", "USD", 100)} <= set(posted)
    checkout.stop_gift(shop.db, shop.gateway, gift_id=gift, now=shop.now())
    with shop.db.snapshot() as session:
        assert [row for row in check(session) if not row.ok and row.id == "I-06"] == []


def a_sponsor_who_matches(shop: Shop) -> None:
    hall = Hall(shop)
    with shop.db.transaction() as session:
        book = session.get_one(Book, hall.book)
        asks, agrees = (
            make_person(session, f"{role} {str(new_id())[-12:]}", book, role)
            for role in ("treasurer", "approver")
        )
        row = matching_sponsors.propose_sponsor(
            session,
            offer=matching_sponsors.SponsorOffer(
                party=make_party(session, f"sponsor{shop.count}@example.org"),
                terms=Terms(up_to=100_000, basis_points=10_000, per_gift=0),
                evidence="Signed terms",
            ),
            book=book,
            fund=hall.fund_of(session, book, "SOLAR"),
            campaign_id=hall.campaign,
            made_by=asks.id,
            now=shop.now(hours=-1),
        )
        decision = Decision(agrees.id, shop.now().date(), shop.now(hours=-1))
        matching_sponsors.take_sponsor(session, row, decision)
    hall.is_worked(("PLG-13", 0))
    pledge = hall.give(10_000)
    hall.posted()
    with shop.db.snapshot() as read:
        found = cleared_gifts(read, campaign_id=hall.campaign, commodity="USD")
    # A dry run says what is booked afterwards.
    tried = match(Terms(10_000, 0, 100_000), [(one.reference, one.amount) for one in found])
    shop.db.run(lambda session: matching_sponsors.match_due(session, now=shop.now()))
    hall.is_worked(("PLG-14", 0))
    assert [item.share for item in tried] == [10_000]
    shop.sandbox.control("refund", charge=shop.charges(pledge)[0].id, amount="10000")
    shop.sync_stripe()
    hall.is_worked(("REF-1", 0))
    shop.db.run(lambda session: matching_sponsors.match_due(session, now=shop.now()))
    back = [(*leg[:4], -leg[4]) for leg in worked("PLG-14", 0, 0)]
    assert shape(hall.posted()) == shape([back])


def disputes_won_and_lost(shop: Shop) -> None:
    hall = Hall(shop)
    pledge = hall.give(15_000)
    hall.is_worked(("DSP-1", 0), released=15_000)
    dispute = disputed(shop, pledge)
    hall.is_worked(("DSP-1", 1))
    shop.sandbox.control("close_dispute", dispute=dispute, outcome="won")
    shop.sync_stripe()
    hall.is_worked(("DSP-2", 0))
    pledge = hall.give(9000)
    hall.is_worked(("DSP-3", 0), released=9000)
    dispute = disputed(shop, pledge)
    hall.is_worked(("DSP-3", 1))
    shop.client.v1.disputes.update(dispute, {"evidence": {"uncategorized_text": "A receipt"}})
    shop.sync_stripe()
    hall.is_worked(("DSP-3", 2))
    shop.sandbox.control("set", won_returns_fee="apart")
    try:
        shop.sandbox.control("close_dispute", dispute=dispute, outcome="won")
    finally:
        shop.sandbox.control("set", won_returns_fee="")
    shop.sync_stripe()
    reversal = [("A", 1110, "SOLAR", "USD", 9000), ("A", 4092, "SOLAR", "USD", -9000)]
    assert shape(hall.posted()) == shape([reversal, worked("DSP-4", 0, 0)])


def disputed(shop: Shop, pledge: Pledge) -> str:
    (found,) = shop.charges(pledge)
    made = shop.sandbox.control("open_dispute", charge=found.id)["object"]
    shop.sync_stripe()
    return str(made["id"])


def every_month_paused_changed_and_stopped(shop: Shop) -> None:
    """Last of all: it moves the sandbox's clock."""
    hall = Hall(shop, fund="GEN")
    gift = begun(hall, 2000)
    hall.is_worked(("PAY-09", 0))
    months(shop, 1)
    hall.is_worked(("PAY-09", 0))
    checkout.pause_gift(shop.db, shop.gateway, gift_id=gift, now=shop.now())
    months(shop, 1)
    assert (hall.posted(), state(shop, gift)) == ([], "paused")
    checkout.resume_gift(shop.db, shop.gateway, gift_id=gift, now=shop.now())
    checkout.change_amount(shop.db, shop.gateway, gift_id=gift, amount=2500, now=shop.now())
    months(shop, 1)
    assert shape(hall.posted()) == shape(
        [
            [
                ("A", 1110, "GEN", "USD", 2397),
                ("A", 6510, "GEN", "USD", 103),
                ("A", 4020, "GEN", "USD", -2500),
            ]
        ]
    )
    checkout.skip_next(shop.db, shop.gateway, gift_id=gift, now=shop.now())
    months(shop, 1)
    assert hall.posted() == []
    months(shop, 1)
    assert len(hall.posted()) == 1
    checkout.stop_gift(shop.db, shop.gateway, gift_id=gift, now=shop.now())
    months(shop, 2)
    assert (hall.posted(), state(shop, gift)) == ([], "stopped")


def begun(hall: Hall, amount: int) -> UUID:
    """A gift of every month whose first payment is booked."""
    shop = hall.shop
    with shop.db.transaction() as session:
        campaign = session.get_one(Campaign, hall.campaign)
        party = make_party(session, f"monthly{shop.count}@example.org")
        basket = make_pledges(
            session,
            campaign=campaign,
            party=party,
            request=PledgeRequest(
                lines=[], form_key=str(new_id()), message="", consent="initials", besides=True
            ),
            now=shop.now(),
        )
        gift = recurring.begin(
            session,
            campaign=campaign,
            party=party,
            basket=basket,
            amount=amount,
            every="month",
            now=shop.now(),
        ).id
    url = checkout.start_recurring(
        shop.db,
        shop.gateway,
        gift_id=gift,
        success_url="http://127.0.0.1:1/thanks",
        cancel_url="http://127.0.0.1:1/back",
        now=shop.now(),
    )
    assert shop.sandbox.pay(url).status_code == 303
    page = shop.client.v1.checkout.sessions.list({"limit": 1}).data[0]
    shop.hear("checkout.session.completed", page.id)
    shop.sync_stripe()
    return gift


def months(shop: Shop, count: int) -> None:
    """Let months pass at Stripe; look at what they brought."""
    for _ in range(count):
        shop.sandbox.control("advance", seconds=str(31 * 86_400))
        # A renewal's invoice is a draft for an hour.
        shop.sandbox.control("advance", seconds="4000")
    shop.sync_stripe()


def state(shop: Shop, gift: UUID) -> str:
    with shop.db.snapshot() as session:
        return session.get_one(RecurringGift, gift).state


CASES: list[Case] = [
    once,
    a_basket_of_money_things_and_hours,
    the_fee_is_covered_by_the_donor,
    the_fee_is_borne_by_the_general_fund_and_a_part_goes_back,
    all_of_a_gift_goes_back,
    all_or_nothing_that_succeeds_between_minimum_and_goal,
    all_or_nothing_that_misses_its_minimum,
    in_instalments,
    a_bank_debit_that_clears_and_is_returned,
    a_bank_debit_that_fails,
    in_another_currency,
    a_pool_through_its_hosts_account,
    a_sponsor_who_matches,
    disputes_won_and_lost,
    every_month_paused_changed_and_stopped,
]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_what_is_paid_posts_its_worked_event(shop: Shop, case: Case) -> None:
    case(shop)
    assert shop.waiting() == []


POST = journal.post


def _one_unit_beside(session: Session, entries: Sequence[Entry], **named: Any) -> Posted:
    """Post what was meant, and one unit more on the first account of each entry."""
    slipped = []
    for entry in entries:
        first = entry.postings[0]
        other = 9190 if first.account >= 9000 else 4940
        pair = (
            Posting(first.account, first.fund, first.commodity, 1),
            Posting(other, first.fund, first.commodity, -1),
        )
        slipped.append(type(entry)(entry.book, (*entry.postings, *pair)))
    return POST(session, slipped, **named)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_one_unit_that_differs_turns_each_case_red(sqlite_shop: Shop, case: Case) -> None:
    broken: list[Broken] = [("ledger.services.books.journal.post", _one_unit_beside)]
    turns_red(case, sqlite_shop, *broken)
