"""Pledges: what a basket promises, what fulfils it, what ends it; and campaigns at their close."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from ledger.core.vocabulary import FulfilmentSource
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id
from ledger.models.campaigns import Campaign
from ledger.models.journal import Entry
from ledger.models.pledges import Basket, Fulfilment, Pledge
from ledger.queries.campaigns.campaigns import progress, supporters
from ledger.queries.pledges.pledges import (
    fulfilled_quantity,
    open_pledges,
    open_quantity,
    pledges_of_basket,
)
from ledger.services.banking import cash as offline
from ledger.services.campaigns.campaigns import Need, close_campaign, create_campaign
from ledger.services.equipment import assets
from ledger.services.payments.payments import prepare_attempt
from ledger.services.pledges.offers import Line
from ledger.services.pledges.pledges import (
    PledgeRequest,
    cancel_pledge,
    lapse_pledge,
    make_pledges,
    meet_condition,
    record_fulfilment,
)
from ledger.services.volunteering import hours
from tests.conftest import NOW
from tests.factories import (
    confirm,
    make_campaign,
    make_party,
    make_person,
    make_pledge,
    save_card,
)
from tests.worlds.hamlet import TODAY, Hamlet, account, fund, sound, text

THREE = (Line("USD", 6000), Line("EQP.PROJECTOR", 1, "Nearly new"), Line("MIN.ELEC", 390))
AFTER = date(2027, 1, 1)


@pytest.fixture
def session(hamlet_session: Session) -> Session:
    return hamlet_session


@pytest.fixture
def campaign(session: Session, hamlet: Hamlet) -> Campaign:
    return make_campaign(session, hamlet.books["A"], fund(session, "A", "ROOF"))


@pytest.fixture
def gated(session: Session, hamlet: Hamlet) -> Campaign:
    """A campaign of all or nothing."""
    return make_campaign(
        session,
        hamlet.books["A"],
        fund(session, "A", "ROOF"),
        slug="all",
        mode="all_or_nothing",
        needs=(Need("USD", "Panels", 10_000, 20_000), Need("MIN.ELEC", "Wiring", 300, 600)),
    )


def basket(session: Session, campaign: Campaign, *lines: Line, **changes: Any) -> Basket:
    """Send the form of a campaign, by somebody who is known, with a card where one is saved."""
    values: dict[str, Any] = {
        "party": confirm(session, make_party(session)),
        "now": NOW,
    }
    other = {name: changes.pop(name) for name in tuple(changes) if name in values}
    request = PledgeRequest(lines or THREE, str(new_id()), "Good luck", "initials")
    request = replace(request, **changes)
    made = make_pledges(session, campaign=campaign, request=request, **(values | other))
    for pledge in parts(session, made).values():
        if pledge.commodity == "USD" and pledge.legal_nature == "conditional":
            save_card(session, pledge)
    return made


def parts(session: Session, made: Basket) -> dict[str, Pledge]:
    """Return the pledges of a basket by commodity."""
    rows = session.scalars(select(Pledge).where(Pledge.basket_id == made.id))
    return {row.commodity: row for row in rows}


def cash(session: Session, pledge: Pledge, amount: int, ref: str = "1", **changes: Any) -> UUID:
    """Count cash for a pledge."""
    from ledger.models.books import Book, Fund

    counted = offline.Counted(session.get_one(Fund, pledge.fund_id), amount, ref, TODAY)
    values: dict[str, Any] = {
        "book": session.get_one(Book, pledge.book_id),
        "now": NOW,
        "made_by": None,
        "pledge": pledge,
    }
    own = {name: changes.pop(name) for name in ("fund", "on") if name in changes}
    return offline.record_cash(session, counted=replace(counted, **own), **(values | changes))


def test_a_basket_promises_money_things_and_hours_each_in_its_own_unit(
    session: Session, campaign: Campaign
) -> None:
    made = basket(session, campaign)
    rows = pledges_of_basket(session, basket_id=made.id)
    assert [(row.kind, row.commodity, row.open) for row in rows] == [
        ("money", "USD", 6000),
        ("things", "EQP.PROJECTOR", 1),
        ("hours", "MIN.ELEC", 390),
    ]
    assert text(session, "pledge_made") == (
        "A\n  ROOF Dr 9110 6000 USD\n  ROOF Cr 9190 6000 USD\n\n"
        "A\n  ROOF Dr 9110 1 EQP.PROJECTOR\n  ROOF Cr 9190 1 EQP.PROJECTOR\n\n"
        "A\n  ROOF Dr 9110 390 MIN.ELEC\n  ROOF Cr 9190 390 MIN.ELEC"
    )
    assert len({row.reference for row in rows}) == 3
    sound(session)


def test_the_same_form_sent_twice_makes_one_basket(session: Session, campaign: Campaign) -> None:
    party = make_party(session)
    first = basket(session, campaign, form_key="once", party=party)
    assert basket(session, campaign, form_key="once", party=party).id == first.id
    assert session.scalar(select(func.count()).select_from(Pledge)) == 3


def test_the_key_of_a_form_shows_nobody_the_basket_of_somebody_else(
    session: Session, campaign: Campaign
) -> None:
    basket(session, campaign, form_key="once")
    with pytest.raises(Conflict):
        basket(
            session, campaign, form_key="once", party=make_party(session, "eve@example.org", "Eve")
        )


REFUSED = {
    "nothing at all": ((), "lines", None),
    "what the campaign does not ask for": ((Line("EQP.BOAT", 1),), "lines", "does not ask"),
    "the same twice": ((Line("USD", 100), Line("USD", 200)), "lines", "twice"),
    "less than a dollar": ((Line("USD", 99),), "lines", "at least"),
    "all of it for the fee": ((Line("USD", 100, cover=100),), "lines", "above zero"),
    "hours in parts": ((Line("MIN.ELEC", 60, parts=2),), "lines", "in instalments"),
    "nothing of it": ((Line("USD", 0),), "lines", "above zero"),
    "less than nothing": ((Line("USD", -5),), "lines", "above zero"),
    "more money than there is": ((Line("USD", 10**12 + 1),), "lines", "more than"),
    "more things than a lorry holds": ((Line("EQP.PROJECTOR", 10_001),), "lines", "more than"),
    "more time than a life has": ((Line("MIN.ELEC", 100_001),), "lines", "more than"),
}


@pytest.mark.parametrize(("lines", "place", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_an_offer_that_cannot_be_taken_is_refused_and_leaves_nothing(
    session: Session, campaign: Campaign, lines: tuple[Line, ...], place: str, words: str | None
) -> None:
    with pytest.raises(Invalid) as refusal:
        make_pledges(
            session,
            campaign=campaign,
            party=make_party(session),
            request=PledgeRequest(lines=lines, form_key="x", message="", consent="name"),
            now=NOW,
        )
    assert refusal.value.place == place
    if words:
        assert words in refusal.value.messages[lines[-1].commodity][0]
    assert session.scalar(select(func.count()).select_from(Basket)) == 0
    assert not text(session, "pledge_made")


def test_the_largest_offers_are_taken(session: Session, campaign: Campaign) -> None:
    """The control of the limits above."""
    made = basket(
        session,
        campaign,
        Line("USD", 10**12),
        Line("EQP.PROJECTOR", 10_000),
        Line("MIN.ELEC", 100_000),
    )
    assert len(parts(session, made)) == 3


def test_more_than_the_goal_is_welcome_and_shown(session: Session, campaign: Campaign) -> None:
    basket(session, campaign, Line("USD", 900_000))
    need = next(row for row in progress(session, campaign_id=campaign.id) if row.kind == "money")
    assert (need.optimum, need.promised, need.received) == (800_000, 900_000, 0)


CLOSED = {
    "before it opens": ({"opens_on": TODAY + timedelta(days=1)}, "not started"),
    "after its deadline": ({"deadline_on": TODAY - timedelta(days=1)}, "over"),
    "once closed": ({"state": "closed"}, "over"),
    "once failed": ({"state": "failed"}, "over"),
    "while a draft": ({"state": "draft"}, "over"),
}


@pytest.mark.parametrize(("change", "words"), CLOSED.values(), ids=CLOSED.keys())
def test_a_campaign_takes_no_pledge(
    session: Session, campaign: Campaign, change: dict[str, Any], words: str
) -> None:
    for name, value in change.items():
        setattr(campaign, name, value)
    with pytest.raises(Conflict, match=words):
        basket(session, campaign)
    assert session.scalar(select(func.count()).select_from(Pledge)) == 0


def test_the_first_and_the_last_day_of_a_campaign_belong_to_it(
    session: Session, campaign: Campaign
) -> None:
    campaign.opens_on = campaign.deadline_on = TODAY
    assert basket(session, campaign)


ENDS: dict[str, Callable[..., object]] = {"cancelled": cancel_pledge, "lapsed": lapse_pledge}


@pytest.mark.parametrize("kept", [0, 2500])
@pytest.mark.parametrize(("state", "end"), ENDS.items(), ids=ENDS.keys())
def test_an_ended_pledge_leaves_no_balance(
    session: Session, campaign: Campaign, state: str, end: Callable[..., object], kept: int
) -> None:
    pledge = make_pledge(session, campaign, make_party(session))
    if kept:
        cash(session, pledge, kept)
    end(session, pledge_id=pledge.id, on=TODAY, now=NOW)
    assert pledge.state == state
    assert open_quantity(session, pledge) == 0
    assert fulfilled_quantity(session, pledge) == kept
    assert account(session, "A", 9110) == account(session, "A", 9190) == 0
    assert -account(session, "A", 4010) == kept
    assert open_pledges(session, book_id=pledge.book_id) == []
    sound(session)
    with pytest.raises(Conflict):
        end(session, pledge_id=pledge.id, on=TODAY, now=NOW)


@pytest.mark.parametrize(("state", "end"), ENDS.items(), ids=ENDS.keys())
def test_what_ended_and_came_after_all_was_made_good(
    session: Session, campaign: Campaign, state: str, end: Callable[..., object]
) -> None:
    pledge = make_pledge(session, campaign, make_party(session))
    cash(session, pledge, 2000)
    end(session, pledge_id=pledge.id, on=TODAY, now=NOW)
    states = []
    for number, amount in enumerate((3999, 1, 500)):
        cash(session, pledge, amount, f"late {number}")
        states.append(pledge.state)
        assert open_quantity(session, pledge) == 0
        sound(session)
    assert states == [state, "fulfilled", "over_fulfilled"]
    assert account(session, "A", 9110) == account(session, "A", 9190) == 0
    assert account(session, "A", 4010) == -6500


def test_a_pledge_that_is_not_there_cannot_be_ended(session: Session, campaign: Campaign) -> None:
    for end in ENDS.values():
        with pytest.raises(NotFound):
            end(session, pledge_id=new_id(), on=TODAY, now=NOW)


def test_a_pledge_is_not_paid_twice(session: Session, campaign: Campaign) -> None:
    pledge = make_pledge(session, campaign, make_party(session))
    cash(session, pledge, 6000)
    assert pledge.state == "fulfilled"
    with pytest.raises(Conflict, match="This pledge has nothing left to pay"):
        prepare_attempt(session, pledge_id=pledge.id, params_sha256="0" * 64, now=NOW)
    with pytest.raises(Conflict):
        cancel_pledge(session, pledge_id=pledge.id, on=TODAY, now=NOW)


def test_a_pledge_is_paid_in_parts_and_the_states_follow(
    session: Session, campaign: Campaign
) -> None:
    pledge = make_pledge(session, campaign, make_party(session))
    states = []
    for number, amount in enumerate((1000, 4999, 1, 500)):
        cash(session, pledge, amount, str(number))
        states.append((pledge.state, open_quantity(session, pledge), account(session, "A", 9110)))
    assert states == [
        ("part_fulfilled", 5000, 5000),
        ("part_fulfilled", 1, 1),
        ("fulfilled", 0, 0),
        ("over_fulfilled", 0, 0),
    ]
    assert account(session, "A", 4010) == -6500
    sound(session)


def test_the_same_source_counts_once(session: Session, campaign: Campaign) -> None:
    pledge = make_pledge(session, campaign, make_party(session))
    entry_id = cash(session, pledge, 1000)
    for _ in range(2):
        record_fulfilment(
            session,
            pledge=pledge,
            entry_id=entry_id,
            quantity=1000,
            source=FulfilmentSource.CASH,
            source_ref="1",
            now=NOW,
        )
    assert fulfilled_quantity(session, pledge) == 1000


def test_cash_for_a_pledge_sent_twice_is_booked_once(session: Session, campaign: Campaign) -> None:
    pledge = make_pledge(session, campaign, make_party(session))
    assert cash(session, pledge, 6000) == cash(session, pledge, 6000)
    assert account(session, "A", 1030) == 6000
    assert fulfilled_quantity(session, pledge) == 6000
    with pytest.raises(Conflict):
        cash(session, pledge, 5999)


def test_a_refund_opens_nothing_again(session: Session, campaign: Campaign) -> None:
    pledge = make_pledge(session, campaign, make_party(session))
    entry_id = cash(session, pledge, 6000)
    record_fulfilment(
        session,
        pledge=pledge,
        entry_id=entry_id,
        quantity=-6000,
        source=FulfilmentSource.REFUND,
        source_ref="r",
        now=NOW,
    )
    assert (pledge.state, open_quantity(session, pledge)) == ("fulfilled", 0)
    sound(session)


WRONG_CASH = {
    "nothing": ({"amount": 0}, Invalid, "amount"),
    "less than nothing": ({"amount": -1}, Invalid, "amount"),
    "from tomorrow": ({"on": TODAY + timedelta(days=1)}, Invalid, "received_on"),
}


@pytest.mark.parametrize(("change", "kind", "place"), WRONG_CASH.values(), ids=WRONG_CASH.keys())
def test_cash_that_cannot_be_is_refused(
    session: Session,
    campaign: Campaign,
    change: dict[str, Any],
    kind: type[Invalid] | type[Conflict],
    place: str,
) -> None:
    pledge = make_pledge(session, campaign, make_party(session))
    with pytest.raises(kind) as refusal:
        cash(session, pledge, **({"amount": 1000} | change))
    assert refusal.value.place == place
    assert account(session, "A", 1030) == 0


def test_cash_for_a_pledge_of_hours_is_refused(session: Session, campaign: Campaign) -> None:
    pledge = parts(session, basket(session, campaign))["MIN.ELEC"]
    with pytest.raises(Invalid, match="money"):
        cash(session, pledge, 390)


def test_cash_for_a_pledge_of_another_book_is_refused(
    session: Session, campaign: Campaign, hamlet: Hamlet
) -> None:
    pledge = make_pledge(session, campaign, make_party(session))
    with pytest.raises(Invalid, match="another"):
        cash(session, pledge, 100, book=hamlet.books["B"], fund=fund(session, "B", "GEN"))


def test_cash_for_a_pledge_goes_to_the_fund_of_the_pledge(
    session: Session, campaign: Campaign
) -> None:
    pledge = make_pledge(session, campaign, make_party(session))
    with pytest.raises(Invalid, match="fund"):
        cash(session, pledge, 6000, fund=fund(session, "A", "GEN"))
    cash(session, pledge, 6000)
    assert account(session, "A", 9110, in_fund="ROOF") == 0


def test_names_in_public_are_as_each_agreed(session: Session, campaign: Campaign) -> None:
    for number, (consent, name) in enumerate(
        (("name", "Ada Hill"), ("initials", "Bo Dale"), ("anonymous", "Cy Moor"))
    ):
        basket(
            session,
            campaign,
            consent=consent,
            party=make_party(session, make_person(session, name).email, name),
            now=NOW + timedelta(minutes=number),
        )
    found = supporters(session, campaign_id=campaign.id)
    assert [(row.name, row.message) for row in found] == [
        ("Anonymous", ""),
        ("B. D.", "Good luck"),
        ("Ada Hill", "Good luck"),
    ]


def test_a_giver_whose_address_nobody_confirmed_is_anonymous(
    session: Session, campaign: Campaign
) -> None:
    basket(session, campaign, consent="name", party=make_party(session, "eve@example.org"))
    found = supporters(session, campaign_id=campaign.id)
    assert [(row.name, row.message) for row in found] == [("Anonymous", "")]


def test_a_promise_of_all_or_nothing_is_conditional_and_not_paid_yet(
    session: Session, gated: Campaign
) -> None:
    pledge = make_pledge(session, gated, make_party(session))
    assert pledge.legal_nature == "conditional"
    assert account(session, "A", 9120) == 6000
    assert account(session, "A", 9110) == 0
    with pytest.raises(Conflict, match="This pledge becomes due only if the campaign succeeds"):
        prepare_attempt(session, pledge_id=pledge.id, params_sha256="0" * 64, now=NOW)


def test_a_campaign_that_reaches_every_minimum_makes_its_promises_due(
    session: Session, gated: Campaign
) -> None:
    made = basket(session, gated, Line("USD", 12_000), Line("MIN.ELEC", 300))
    assert close_campaign(session, campaign_id=gated.id, on=AFTER, now=NOW) == "succeeded"
    owed = parts(session, made)
    assert [owed[unit].legal_nature for unit in ("USD", "MIN.ELEC")] == [
        "unconditional",
        "intention",
    ]
    assert account(session, "A", 9120) == account(session, "A", 9120, "MIN.ELEC") == 0
    assert (account(session, "A", 1210), account(session, "A", 4030)) == (12_000, -12_000)
    assert account(session, "A", 9110, "MIN.ELEC") == 300
    sound(session)
    cash(session, owed["USD"], 12_500)
    assert account(session, "A", 1210) == 0
    assert (account(session, "A", 4010), account(session, "A", 4030)) == (-500, -12_000)
    sound(session)


def test_what_is_owed_is_not_simply_taken_back(session: Session, gated: Campaign) -> None:
    made = basket(session, gated, Line("USD", 12_000), Line("MIN.ELEC", 300))
    close_campaign(session, campaign_id=gated.id, on=AFTER, now=NOW)
    owed = parts(session, made)
    with pytest.raises(Conflict, match="written off"):
        cancel_pledge(session, pledge_id=owed["USD"].id, on=TODAY, now=NOW)
    cancel_pledge(session, pledge_id=owed["MIN.ELEC"].id, on=TODAY, now=NOW)
    assert account(session, "A", 9110, "MIN.ELEC") == 0
    sound(session)


SHORT = {
    "money one cent short": (Line("USD", 9_999), Line("MIN.ELEC", 300)),
    "hours a minute short": (Line("USD", 10_000), Line("MIN.ELEC", 299)),
    "nothing at all": (),
}


@pytest.mark.parametrize("lines", SHORT.values(), ids=SHORT.keys())
def test_a_campaign_that_misses_a_minimum_lets_every_promise_lapse(
    session: Session, gated: Campaign, lines: tuple[Line, ...]
) -> None:
    made = basket(session, gated, *lines) if lines else None
    assert close_campaign(session, campaign_id=gated.id, on=AFTER, now=NOW) == "failed"
    for pledge in parts(session, made).values() if made else ():
        assert (pledge.state, open_quantity(session, pledge)) == ("lapsed", 0)
    for commodity in ("USD", "MIN.ELEC"):
        assert account(session, "A", 9120, commodity) == 0
        assert account(session, "A", 9190, commodity) == 0
    assert account(session, "A", 4030) == 0
    sound(session)


def test_what_was_done_before_the_close_counts_and_the_books_agree(
    session: Session, gated: Campaign, hamlet: Hamlet
) -> None:
    """Hours given early are a promise kept, whatever becomes of the campaign."""
    made = basket(session, gated, Line("USD", 10_000), Line("MIN.ELEC", 300))
    worked(session, hamlet, parts(session, made)["MIN.ELEC"], 120)
    assert account(session, "A", 9120, "MIN.ELEC") == 180
    sound(session)
    need = {row.commodity: row for row in progress(session, campaign_id=gated.id)}
    assert (need["MIN.ELEC"].promised, need["MIN.ELEC"].received) == (180, 120)
    assert close_campaign(session, campaign_id=gated.id, on=AFTER, now=NOW) == "succeeded"
    assert account(session, "A", 9110, "MIN.ELEC") == 180
    sound(session)


def test_a_thing_handed_over_early_is_a_promise_kept(session: Session, hamlet: Hamlet) -> None:
    gated = make_campaign(
        session,
        hamlet.books["A"],
        fund(session, "A", "ROOF"),
        slug="thing",
        mode="all_or_nothing",
        needs=(Need("USD", "Panels", 10_000, 20_000), Need("EQP.PROJECTOR", "One", 1, 1)),
    )
    pledge = parts(session, basket(session, gated, Line("EQP.PROJECTOR", 1)))["EQP.PROJECTOR"]
    received(session, hamlet, pledge, 1)
    assert account(session, "A", 9120, "EQP.PROJECTOR") == 0
    assert pledge.state == "fulfilled"
    sound(session)
    assert close_campaign(session, campaign_id=gated.id, on=AFTER, now=NOW) == "failed"
    assert (pledge.state, account(session, "A", 8210, "EQP.PROJECTOR")) == ("fulfilled", 1)
    sound(session)


def worked(session: Session, hamlet: Hamlet, pledge: Pledge, minutes: int) -> None:
    """Log and confirm hours for a pledge."""
    from ledger.models.parties import Party

    row = hours.log_hours(
        session,
        book=hamlet.books["A"],
        fund=fund(session, "A", "ROOF"),
        party=session.get_one(Party, pledge.party_id),
        work=hours.Work(
            commodity=pledge.commodity,
            minutes=minutes,
            worked_on=TODAY,
            description="",
            pledge=pledge,
        ),
        logged_by=hamlet.maker,
        now=NOW,
    )
    hours.confirm_hours(session, hours_id=row.id, confirmed_by=hamlet.member, on=TODAY, now=NOW)


def received(session: Session, hamlet: Hamlet, pledge: Pledge, quantity: int) -> None:
    """Take things in for a pledge."""
    assets.receive_things(
        session,
        book=hamlet.books["A"],
        fund=fund(session, "A", "ROOF"),
        receipt=assets.Receipt(
            commodity=pledge.commodity,
            quantity=quantity,
            description="",
            condition="A",
            received_on=TODAY,
            pledge=pledge,
        ),
        received_by=hamlet.member,
        now=NOW,
    )


def test_a_condition_is_met_once(session: Session, gated: Campaign) -> None:
    pledge = make_pledge(session, gated, make_party(session))
    for _ in range(2):
        meet_condition(session, pledge=pledge, on=TODAY, now=NOW)
    assert account(session, "A", 1210) == 6000


def test_a_campaign_is_closed_after_its_last_day_and_once(
    session: Session, campaign: Campaign
) -> None:
    assert campaign.deadline_on is not None
    with pytest.raises(Conflict, match="This campaign's last day has not passed yet"):
        close_campaign(session, campaign_id=campaign.id, on=campaign.deadline_on, now=NOW)
    pledge = make_pledge(session, campaign, make_party(session))
    assert close_campaign(session, campaign_id=campaign.id, on=AFTER, now=NOW) == "closed"
    assert open_quantity(session, pledge) == 6000
    with pytest.raises(Conflict, match="This campaign is already closed"):
        close_campaign(session, campaign_id=campaign.id, on=AFTER, now=NOW)
    with pytest.raises(NotFound):
        close_campaign(session, campaign_id=new_id(), on=AFTER, now=NOW)


NEED = Need("USD", "Panels", 1, 2)
WRONG = {
    "a slug with capitals": ({"slug": "Roof"}, "slug"),
    "a slug with a space": ({"slug": "a b"}, "slug"),
    "a slug without end": ({"slug": "a" * 65}, "slug"),
    "no slug": ({"slug": ""}, "slug"),
    "an unknown mode": ({"mode": "perhaps"}, "mode"),
    "an unknown bearer of fees": ({"fee_bearer": "nobody"}, "fee_bearer"),
    "a deadline before the start": ({"deadline_on": TODAY - timedelta(days=1)}, "deadline_on"),
    "no title": ({"title": " "}, "title"),
    "no need": ({"needs": ()}, "needs"),
    "a minimum of zero": ({"needs": (replace(NEED, minimum=0),)}, "needs[0]"),
    "an optimum below the minimum": ({"needs": (NEED, replace(NEED, optimum=0))}, "needs[1]"),
    "the same need twice": ({"needs": (NEED, NEED)}, "needs[1]"),
    "a need of no known kind": ({"needs": (replace(NEED, commodity="COW.RED"),)}, "commodity"),
    "a fund of others": ({"fund": ("B", "GEN")}, "fund"),
    "an agency fund": ({"fund": ("A", "HELD")}, "fund"),
    "another currency": ({"commodity": "EUR"}, "commodity"),
}


@pytest.mark.parametrize(("change", "place"), WRONG.values(), ids=WRONG.keys())
def test_a_campaign_that_cannot_be_is_refused_by_name(
    session: Session, hamlet: Hamlet, change: dict[str, Any], place: str
) -> None:
    values: dict[str, Any] = {
        "book": hamlet.books["A"],
        "fund": ("A", "ROOF"),
        "slug": "roof",
        "title": "Roof",
        "summary": "",
        "story": "",
        "mode": "keep_what_you_raise",
        "commodity": "USD",
        "opens_on": TODAY,
        "deadline_on": TODAY,
        "needs": (NEED,),
        "now": NOW,
    }
    wrong = values | change
    with pytest.raises(Invalid) as refusal:
        create_campaign(session, **(wrong | {"fund": fund(session, *wrong["fund"])}))
    assert refusal.value.place == place
    create_campaign(session, **(values | {"fund": fund(session, *values["fund"])}))
    with pytest.raises(Conflict):
        create_campaign(session, **(values | {"fund": fund(session, *values["fund"])}))


def test_every_fulfilment_names_an_entry_that_carries_the_pledge(
    session: Session, campaign: Campaign
) -> None:
    pledge = make_pledge(session, campaign, make_party(session))
    cash(session, pledge, 1000)
    row = session.scalars(select(Fulfilment)).one()
    entry = session.get_one(Entry, (row.book_id, row.entry_id))
    assert (entry.event_type, row.pledge_id) == ("cash_received", pledge.id)
