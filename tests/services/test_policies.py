"""Policies: each switch of domain section 13 changes its own postings, and no others."""

from datetime import date, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.core.match_gifts import Terms
from ledger.core.policies import KEYS, PROFILES, Policy, Profile, profile, value_of, with_choices
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models.agreements import Agreement
from ledger.models.assets import Asset
from ledger.models.books import Book
from ledger.models.pledges import Pledge
from ledger.queries.books.policies import policy_of
from ledger.services.banking import cash
from ledger.services.books import policies
from ledger.services.campaigns import campaigns, matching_sponsors
from ledger.services.campaigns.campaigns import Need
from ledger.services.equipment import assets, contributed_use
from ledger.services.pledges import expiry, receivables
from ledger.services.spending import purchases
from ledger.services.volunteering import hours
from tests.conftest import NOW
from tests.factories import make_campaign, make_party, make_pledge, save_card
from tests.worlds.hamlet import TODAY, Hamlet, account, decide, fund, open_request, sound, text

RECOGNISED = ("US_GAAP", "UK_SORP_2026")


@pytest.fixture(params=PROFILES)
def name(request: pytest.FixtureRequest, hamlet: Hamlet) -> str:
    """Each profile in turn, as that of all books."""
    for book in hamlet.books.values():
        book.profile = request.param
    profile: str = request.param
    return profile


def choose(session: Session, book: Book, key: str, value: str, on: date = TODAY) -> None:
    policies.choose_policy(session, book=book, key=key, value=value, valid_from_on=on, now=NOW)


def test_a_campaign_that_succeeds_makes_promises_owed_only_where_the_web_counts_as_paper(
    hamlet_session: Session, hamlet: Hamlet, name: str
) -> None:
    """PLG-07."""
    pledge = all_or_nothing(hamlet_session, hamlet)
    over = date(2027, 1, 1)
    assert pledge.campaign_id is not None
    campaigns.close_campaign(
        hamlet_session, campaign_id=pledge.campaign_id, on=over, now=NOW + timedelta(days=90)
    )
    owed = {"US_GAAP": 10_000}.get(name, 0)
    assert account(hamlet_session, "A", 1210) == owed == -account(hamlet_session, "A", 4030)
    assert account(hamlet_session, "A", 9120) == 0
    assert account(hamlet_session, "A", 9110) == 10_000 - owed
    assert pledge.legal_nature == ("unconditional" if owed else "intention")
    sound(hamlet_session)


def all_or_nothing(session: Session, hamlet: Hamlet, slug: str = "solar-roof") -> Pledge:
    campaign = make_campaign(
        session,
        hamlet.books["A"],
        fund(session, "A", "ROOF"),
        slug=slug,
        mode="all_or_nothing",
        needs=(Need("USD", "Panels", 10_000, 10_000),),
    )
    pledge = make_pledge(session, campaign, make_party(session), "USD", 10_000)
    save_card(session, pledge)
    return pledge


def promised(session: Session, hamlet: Hamlet, schedule: list[tuple[date, int]]) -> Agreement:
    row = receivables.propose_promise(
        session,
        party=make_party(session),
        book=hamlet.books["A"],
        fund=fund(session, "A", "ROOF"),
        letter=receivables.Letter(schedule=schedule, evidence="A signed letter"),
        made_by=hamlet.maker,
        now=NOW,
    )
    decide(session, open_request(session, "promise").id, hamlet.checker)
    return row


def test_a_promise_on_paper_is_owed_but_in_simple_books(
    hamlet_session: Session, hamlet: Hamlet, name: str
) -> None:
    """PLG-03, PLG-10; its present value takes the policy's yearly rate."""
    row = promised(hamlet_session, hamlet, [(TODAY + timedelta(days=30), 30_000)])
    asked = receivables.propose_increase(
        hamlet_session,
        promise_id=row.id,
        amount=4_000,
        evidence="Another letter",
        made_by=hamlet.maker,
        now=NOW,
    )
    decide(hamlet_session, asked.id, hamlet.checker)
    noted = 34_000 if name == "CASH_SIMPLE" else 0
    assert account(hamlet_session, "A", 9110) == noted
    assert (
        account(hamlet_session, "A", 1210) == 34_000 - noted == -account(hamlet_session, "A", 4030)
    )
    sound(hamlet_session)


def test_a_noted_promise_is_neither_doubted_nor_written_off(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    hamlet.books["A"].profile = Profile.CASH_SIMPLE
    row = promised(hamlet_session, hamlet, [(TODAY, 30_000)])
    with pytest.raises(Conflict):
        receivables.propose_write_off(
            hamlet_session, promise_id=row.id, made_by=hamlet.maker, reason="Old", now=NOW
        )
    with pytest.raises(Invalid):
        receivables.propose_allowance(
            hamlet_session,
            book=hamlet.books["A"],
            fund=fund(hamlet_session, "A", "ROOF"),
            made_by=hamlet.maker,
            reason="Old",
            now=NOW,
        )
    with pytest.raises(Conflict):
        matching_sponsors.propose_sponsor(
            hamlet_session,
            offer=matching_sponsors.SponsorOffer(
                party=make_party(hamlet_session),
                terms=Terms(up_to=1_000, basis_points=10_000, per_gift=0),
                evidence="Terms",
            ),
            book=hamlet.books["A"],
            fund=fund(hamlet_session, "A", "ROOF"),
            made_by=hamlet.maker,
            now=NOW,
        )


def test_the_yearly_rate_of_the_policy_discounts_what_comes_late(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    """PLG-04: 3 × 1,000.00 at 5 % is worth 2,723.25."""
    years = [(date(TODAY.year + n, TODAY.month, TODAY.day), 100_000) for n in (1, 2, 3)]
    promised(hamlet_session, hamlet, years)
    assert -account(hamlet_session, "A", 1215) == 27_675
    choose(hamlet_session, hamlet.books["A"], "discount_points", "0")
    promised(hamlet_session, hamlet, years)
    assert -account(hamlet_session, "A", 1215) == 27_675


def test_an_allowance_follows_the_age_of_what_is_owed(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    """0, 10, 30 and 60 %; what is set aside already is not set aside again."""
    ages = [95, 75, 45, 10, -20]
    promised(hamlet_session, hamlet, [(TODAY - timedelta(days=age), 10_000) for age in ages])
    ask = partial(
        receivables.propose_allowance,
        hamlet_session,
        book=hamlet.books["A"],
        fund=fund(hamlet_session, "A", "ROOF"),
        reason="Ageing",
        made_by=hamlet.maker,
        now=NOW,
    )
    for expected in (10_000, None):
        if expected is None:
            with pytest.raises(Invalid):
                ask()
            continue
        ask()
        decide(hamlet_session, open_request(hamlet_session, "allowance").id, hamlet.checker)
        assert -account(hamlet_session, "A", 1218) == expected
    sound(hamlet_session)


def logged(session: Session, hamlet: Hamlet, skill: str = "MIN.ELEC", days_ago: int = 0) -> UUID:
    hours.set_rate(
        session,
        book=hamlet.books["A"],
        commodity=skill,
        currency="USD",
        rate_per_hour=4_800,
        specialised=skill == "MIN.ELEC",
        source="A wage table",
        valid_from_on=date(2025, 1, 1),
    )
    return hours.log_hours(
        session,
        book=hamlet.books["A"],
        fund=fund(session, "A", "ROOF"),
        party=make_party(session),
        work=hours.Work(
            commodity=skill,
            minutes=60,
            worked_on=TODAY - timedelta(days=days_ago),
            description="Wiring",
        ),
        now=NOW,
        logged_by=hamlet.member,
    ).id


@pytest.mark.parametrize("builds", [False, True])
def test_specialised_hours_are_income_or_a_statistic(
    hamlet_session: Session, hamlet: Hamlet, name: str, builds: bool
) -> None:
    """HRS-3, HRS-5, and HRS-6 that takes a part of either back from where it stands."""
    key = logged(hamlet_session, hamlet)
    hours.confirm_hours(
        hamlet_session, hours_id=key, confirmed_by=hamlet.checker, on=TODAY, now=NOW, builds=builds
    )
    used = 1520 if builds else 5210
    income = 4_800 if name in RECOGNISED else 0
    assert account(hamlet_session, "A", used) == income == -account(hamlet_session, "A", 4120)
    assert account(hamlet_session, "A", 9310) == 4_800 - income
    asked = hours.propose_hours_correction(
        hamlet_session, hours_id=key, minutes=15, reason="A break", made_by=hamlet.maker, now=NOW
    )
    decide(hamlet_session, asked.id, hamlet.checker)
    assert account(hamlet_session, "A", used) == income * 3 // 4
    assert account(hamlet_session, "A", 8410, "MIN.ELEC") == 45
    sound(hamlet_session)


def test_general_help_is_never_income_and_building_is_where_services_are(
    hamlet_session: Session, hamlet: Hamlet, name: str
) -> None:
    """HRS-4; general help that builds an asset is recognised (ASC 958-605-25-16)."""
    for builds in (False, True):
        hours.confirm_hours(
            hamlet_session,
            hours_id=logged(hamlet_session, hamlet, "MIN.GEN"),
            confirmed_by=hamlet.checker,
            on=TODAY,
            now=NOW,
            builds=builds,
        )
    assert account(hamlet_session, "A", 5210) == 0
    assert account(hamlet_session, "A", 1520) == (4_800 if name in RECOGNISED else 0)
    sound(hamlet_session)


def test_hours_logged_late_need_an_approver(hamlet_session: Session, hamlet: Hamlet) -> None:
    for days, late in ((60, False), (61, True)):
        key = logged(hamlet_session, hamlet, days_ago=days)
        confirm = partial(hours.confirm_hours, hamlet_session, hours_id=key, on=TODAY, now=NOW)
        if late:
            with pytest.raises(NotAllowed):
                confirm(confirmed_by=hamlet.maker)
            confirm(confirmed_by=hamlet.checker)
        else:
            confirm(confirmed_by=hamlet.maker)
    choose(hamlet_session, hamlet.books["A"], "hours_window_days", "90")
    key = logged(hamlet_session, hamlet, days_ago=90)
    hours.confirm_hours(hamlet_session, hours_id=key, confirmed_by=hamlet.maker, on=TODAY, now=NOW)


def received(session: Session, hamlet: Hamlet) -> UUID:
    return assets.receive_things(
        session,
        book=hamlet.books["A"],
        fund=fund(session, "A", "GEN"),
        receipt=assets.Receipt(
            commodity="EQP.LAPTOP", quantity=2, description="Used", condition="B", received_on=TODAY
        ),
        received_by=hamlet.member,
        now=NOW,
    ).id


def test_free_use_is_income_and_cost_where_the_policy_says_so(
    hamlet_session: Session, hamlet: Hamlet, name: str
) -> None:
    """EQP-06, both ways."""
    intake = received(hamlet_session, hamlet)
    item = hamlet_session.scalars(select(Asset).where(Asset.intake_id == intake)).all()[0]
    loan = assets.lend(
        hamlet_session,
        asset_id=item.id,
        borrower_id=hamlet.books["B"].id,
        purpose="Office",
        lent_on=TODAY,
        due_on=TODAY + timedelta(days=30),
        by=hamlet.member,
        now=NOW,
    )
    asked = contributed_use.propose_use(
        hamlet_session,
        loan_id=loan.id,
        days=30,
        value=4_500,
        evidence="Rent",
        made_by=hamlet.maker,
        now=NOW,
    )
    decide(hamlet_session, asked.id, hamlet.checker)
    income = 4_500 if name == "UK_SORP_2026" else 0
    assert account(hamlet_session, "B", 5220) == income == -account(hamlet_session, "B", 4130)
    assert account(hamlet_session, "B", 9320) == 4_500 - income


@pytest.mark.parametrize("terms", ["", "Only to buy the panels"])
def test_equipment_leaves_a_restricted_fund_by_policy_and_terms(
    hamlet_session: Session, hamlet: Hamlet, name: str, terms: str
) -> None:
    """EQP-11."""
    roof = fund(hamlet_session, "A", "ROOF")
    paid_in(hamlet_session, hamlet, roof.code)
    row = purchases.propose_purchase(
        hamlet_session,
        book=hamlet.books["A"],
        fund=roof,
        request=purchases.PurchaseRequest(
            commodity="EQP.PANEL", items=10, amount=100_000, title="Panels", reason="Cheapest"
        ),
        made_by=hamlet.maker,
        now=NOW,
    )
    decide(hamlet_session, open_request(hamlet_session, "purchase").id, hamlet.checker)
    purchases.place_in_service(
        hamlet_session,
        purchase_id=row.id,
        to_fund=fund(hamlet_session, "A", "GEN"),
        by=hamlet.maker,
        on=TODAY,
        now=NOW,
        terms=terms,
    )
    asks = PROFILES[name].release_on_service
    released = 100_000 if asks == "always" or (asks == "by_terms" and terms) else 0
    assert account(hamlet_session, "A", 1510, in_fund="GEN") == released
    assert account(hamlet_session, "A", 5910, in_fund="ROOF") == released
    assert account(hamlet_session, "A", 1510, in_fund="ROOF") == 100_000 - released
    assert row.state == "in_service"
    sound(hamlet_session)


def paid_in(session: Session, hamlet: Hamlet, code: str) -> None:
    cash.record_cash(
        session,
        book=hamlet.books["A"],
        counted=cash.Counted(
            fund=fund(session, "A", code), amount=200_000, reference="a count", on=TODAY
        ),
        now=NOW,
        made_by=hamlet.maker,
    )


@pytest.mark.parametrize(("threshold", "kept"), [("500", True), ("801", False)])
def test_things_are_equipment_from_the_threshold_on(
    hamlet_session: Session, hamlet: Hamlet, threshold: str, kept: bool
) -> None:
    choose(hamlet_session, hamlet.books["A"], "capitalise_from", threshold)
    assets.propose_valuation(
        hamlet_session,
        intake_id=received(hamlet_session, hamlet),
        appraisal=assets.Appraisal(
            currency="USD", total=80_000, method="observable", evidence="Offers", valued_on=TODAY
        ),
        valued_by=hamlet.maker,
        now=NOW,
    )
    decide(hamlet_session, open_request(hamlet_session, "valuation").id, hamlet.checker)
    assert account(hamlet_session, "A", 1510 if kept else 5310) == 80_000
    assert ("1510" in text(hamlet_session, "items_valued")) == kept


def test_intentions_lapse_after_the_days_of_the_policy_and_only_they(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    """PLG-09."""
    book = hamlet.books["A"]
    campaign = make_campaign(hamlet_session, book, fund(hamlet_session, "A", "ROOF"))
    pledge = make_pledge(hamlet_session, campaign, make_party(hamlet_session))
    waiting = all_or_nothing(hamlet_session, hamlet, "barn")
    for days, found in ((90, []), (91, [pledge.reference]), (91, [])):
        later = TODAY + timedelta(days=days)
        lapsed = expiry.lapse_overdue(hamlet_session, book=book, on=later, now=NOW)
        assert lapsed == found
    assert (pledge.state, waiting.state) == ("lapsed", "open")
    assert account(hamlet_session, "A", 9110) == 0
    sound(hamlet_session)


def test_a_choice_holds_from_its_day_and_the_latest_of_a_day_wins(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    book = hamlet.books["A"]
    for value, on in (("10", TODAY), ("20", TODAY), ("30", TODAY + timedelta(days=2))):
        choose(hamlet_session, book, "hours_window_days", value, on)
    found = [
        policy_of(hamlet_session, book, TODAY + timedelta(days=days)).hours_window_days
        for days in (-1, 0, 1, 2)
    ]
    assert found == [60, 20, 20, 30]
    assert policy_of(hamlet_session, hamlet.books["B"], TODAY).hours_window_days == 60


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("promises", "some"),
        ("services", "yes"),
        ("holdback_points", "10001"),
        ("holdback_days", "-1"),
        ("allowance_points", "0,1000,3000"),
        ("allowance_points", "0,1000,3000,10001"),
        ("capitalise_from", "5.5"),
        ("payment_methods", "bank_debit"),
        ("payment_methods", "card,cheque"),
        ("payment_methods", "card,card"),
        ("payment_methods", ""),
        ("colour", "green"),
    ],
)
def test_what_is_no_choice_is_refused_at_its_key(
    hamlet_session: Session, hamlet: Hamlet, key: str, value: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        choose(hamlet_session, hamlet.books["A"], key, value)
    assert refusal.value.place == key


def test_every_key_of_a_policy_can_be_chosen() -> None:
    good = {"promises": "none", "release_on_service": "never", "allowance_points": "1, 2, 3, 4"}
    good["payment_methods"] = "card"
    good["approvals"] = "0:1,5000:2"
    for key in KEYS:
        text_of = good.get(key, "false" if key in ("services", "use") else "7")
        chosen = with_choices(profile("UK_SORP_2026"), {key: text_of})
        value = value_of(key, text_of)
        assert getattr(chosen, key) == ({"": value} if key == "approvals" else value)
        assert chosen != profile("UK_SORP_2026")
    assert set(KEYS) == set(Policy.__dataclass_fields__)
    with pytest.raises(Invalid):
        profile("NOWHERE")
