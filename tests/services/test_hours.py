"""Hours count once somebody else confirms them, and are worth what the rate table says."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.ids import new_id
from ledger.models.assets import Valuation
from ledger.models.hours import HoursEntry, SkillRate
from ledger.models.pledges import Pledge
from ledger.queries.pledges.pledges import open_quantity
from ledger.queries.volunteering.hours import hours_of_person, hours_to_confirm
from ledger.services.people.people import create_person
from ledger.services.pledges.parties import join
from ledger.services.pledges.pledges import cancel_pledge
from ledger.services.volunteering import hours
from tests.conftest import NOW
from tests.factories import make_campaign, make_party, make_pledge
from tests.worlds.hamlet import TODAY, Hamlet, account, fund, sound, text


@pytest.fixture
def session(hamlet_session: Session) -> Session:
    return hamlet_session


def rate(session: Session, hamlet: Hamlet, per_hour: int, **changes: Any) -> SkillRate:
    """Set a rate in book A."""
    values: dict[str, Any] = {
        "book": hamlet.books["A"],
        "commodity": "MIN.ELEC",
        "currency": "USD",
        "rate_per_hour": per_hour,
        "specialised": True,
        "source": "Wage table 2026",
        "valid_from_on": date(2026, 1, 1),
    }
    return hours.set_rate(session, **(values | changes))


def log(session: Session, hamlet: Hamlet, minutes: int = 390, **changes: Any) -> HoursEntry:
    """Log time in book A."""
    values: dict[str, Any] = {
        "book": hamlet.books["A"],
        "fund": fund(session, "A", "ROOF"),
        "party": make_party(session),
        "logged_by": hamlet.maker,
        "now": NOW,
    }
    other = {name: changes.pop(name) for name in tuple(changes) if name in values}
    work = hours.Work("MIN.ELEC", minutes, TODAY, "Rails")
    work = replace(work, **changes)
    return hours.log_hours(session, work=work, **(values | other))


def confirm(
    session: Session, hamlet: Hamlet, row: HoursEntry, by: UUID | None = None
) -> HoursEntry:
    """Confirm as the member, or as somebody else."""
    return hours.confirm_hours(
        session,
        hours_id=row.id,
        confirmed_by=by or hamlet.member,
        on=TODAY,
        now=NOW,
    )


def test_what_is_logged_waits_and_posts_nothing(session: Session, hamlet: Hamlet) -> None:
    row = log(session, hamlet)
    waiting = hours_to_confirm(session, book_ids=[hamlet.books["A"].id]).rows
    assert [(item.id, item.minutes, item.state) for item in waiting] == [(row.id, 390, "logged")]
    assert not text(session, "hours_confirmed")


def test_confirmed_hours_of_a_specialist_are_income_and_expense(
    session: Session, hamlet: Hamlet
) -> None:
    """The worked figures of event HRS-3: 6 h 30 at 48.00."""
    rate(session, hamlet, 4800)
    row = confirm(session, hamlet, log(session, hamlet))
    assert text(session, "hours_confirmed") == (
        "A\n  ROOF Dr 8410 390 MIN.ELEC\n  ROOF Cr 8120 390 MIN.ELEC\n"
        "  ROOF Dr 5210 31200 USD\n  ROOF Cr 4120 31200 USD"
    )
    assert (row.state, row.confirmed_by) == ("confirmed", hamlet.member)
    assert hours_to_confirm(session, book_ids=[hamlet.books["A"].id]).rows == ()
    sound(session)


def test_general_help_is_counted_and_its_value_is_a_statistic(
    session: Session, hamlet: Hamlet
) -> None:
    """The worked figures of event HRS-4: 2 h 30 at 31.80."""
    rate(session, hamlet, 3180, specialised=False)
    confirm(session, hamlet, log(session, hamlet, 150))
    assert text(session, "hours_confirmed") == (
        "A\n  ROOF Dr 8410 150 MIN.ELEC\n  ROOF Cr 8120 150 MIN.ELEC\n"
        "  ROOF Dr 9310 7950 USD\n  ROOF Cr 9390 7950 USD"
    )
    sound(session)


def test_hours_without_a_rate_are_counted_without_a_value(session: Session, hamlet: Hamlet) -> None:
    confirm(session, hamlet, log(session, hamlet))
    assert account(session, "A", 8410, "MIN.ELEC") == 390
    assert account(session, "A", 5210) == account(session, "A", 9310) == 0
    value = session.scalars(select(Valuation)).one()
    assert (value.method, value.total) == ("none", 0)
    sound(session)


RATES = {
    "the day's own": ([(4800, -10), (6000, 0)], 6000),
    "not one of tomorrow": ([(4800, -10), (6000, 1)], 4800),
    "the later of two": ([(4800, -10), (6000, -5), (100, -20)], 6000),
    "the one set last, of two for the same day": ([(4800, -10), (5100, -10)], 5100),
    "none before the first": ([(4800, 1)], 0),
}


@pytest.mark.parametrize(("rates", "expected"), RATES.values(), ids=RATES.keys())
def test_time_is_worth_the_rate_of_the_day_it_was_given(
    session: Session, hamlet: Hamlet, rates: list[tuple[int, int]], expected: int
) -> None:
    for per_hour, days in rates:
        rate(session, hamlet, per_hour, valid_from_on=TODAY + timedelta(days=days))
    confirm(session, hamlet, log(session, hamlet, 60))
    assert account(session, "A", 5210) == expected


def test_the_rate_is_that_of_the_book_and_the_skill(session: Session, hamlet: Hamlet) -> None:
    rate(session, hamlet, 9900, book=hamlet.books["B"])
    rate(session, hamlet, 8800, commodity="MIN.GEN")
    confirm(session, hamlet, log(session, hamlet, 60))
    assert account(session, "A", 5210) == 0


HALF = {
    "whole": (60, 4800, 4800),
    "rounded down": (1, 3180 + 20, 53),
    "rounded up": (1, 3180 + 40, 54),
    "a half goes to the even number below": (1, 30, 0),
    "a half goes to the even number above": (1, 90, 2),
    "another half": (1, 150, 2),
    "nothing": (1, 0, 0),
    "more than a float can hold": (60, 2**53 + 1, 2**53 + 1),
}


@pytest.mark.parametrize(("minutes", "per_hour", "expected"), HALF.values(), ids=HALF.keys())
def test_half_a_cent_goes_to_the_even_cent(minutes: int, per_hour: int, expected: int) -> None:
    assert hours.worth(minutes, per_hour) == expected


@pytest.mark.parametrize("action", ["confirm", "reject"])
def test_nobody_decides_on_hours_of_their_own(
    session: Session, hamlet: Hamlet, action: str
) -> None:
    giver = create_person(session, email="ada@example.org", name="Ada Hill", now=NOW)
    row = log(session, hamlet)

    def decide(by: UUID) -> HoursEntry:
        if action == "confirm":
            return confirm(session, hamlet, row, by)
        return hours.reject_hours(session, hours_id=row.id, rejected_by=by, now=NOW)

    for own in (hamlet.maker, giver.id):
        with pytest.raises(NotAllowed):
            decide(own)
    assert row.state == "logged"
    assert not text(session, "hours_confirmed")
    decide(hamlet.member)
    sound(session)


def test_who_signs_up_after_giving_still_cannot_confirm_their_own_hours(
    session: Session, hamlet: Hamlet
) -> None:
    """A giver without an account gets one later, with the same address."""
    row = log(session, hamlet)
    late = create_person(session, email="ADA@example.org", name="Ada", now=NOW)
    with pytest.raises(NotAllowed):
        confirm(session, hamlet, row, late.id)
    assert join(session, person=late, now=NOW) == 1
    assert [item.id for item in hours_of_person(session, person_id=late.id).rows] == [row.id]


def test_hours_are_decided_once(session: Session, hamlet: Hamlet) -> None:
    row = confirm(session, hamlet, log(session, hamlet))
    twice: tuple[Callable[[], HoursEntry], ...] = (
        lambda: confirm(session, hamlet, row, hamlet.checker),
        lambda: hours.reject_hours(session, hours_id=row.id, rejected_by=hamlet.checker, now=NOW),
    )
    for again in twice:
        with pytest.raises(Conflict):
            again()
    assert account(session, "A", 8410, "MIN.ELEC") == 390


def test_rejected_hours_post_nothing_and_leave_room_for_the_right_ones(
    session: Session, hamlet: Hamlet
) -> None:
    row = log(session, hamlet, 16 * 60)
    hours.reject_hours(session, hours_id=row.id, rejected_by=hamlet.member, now=NOW)
    with pytest.raises(Conflict):
        confirm(session, hamlet, row)
    assert not text(session, "hours_confirmed")
    confirm(session, hamlet, log(session, hamlet, 16 * 60))


def test_hours_that_are_not_there_cannot_be_decided(session: Session, hamlet: Hamlet) -> None:
    with pytest.raises(NotFound):
        hours.reject_hours(session, hours_id=new_id(), rejected_by=hamlet.member, now=NOW)


WRONG = {
    "a thing": ({"commodity": "EQP.CHAIR"}, "commodity"),
    "money": ({"commodity": "USD"}, "commodity"),
    "tomorrow": ({"worked_on": TODAY + timedelta(days=1)}, "worked_on"),
    "long ago": ({"worked_on": TODAY - timedelta(days=367)}, "worked_on"),
    "no time": ({"minutes": 0}, "worked"),
    "less than no time": ({"minutes": -5}, "worked"),
    "more than 16 hours": ({"minutes": 961}, "worked"),
    "a fund of others": ({"fund": ("B", "GEN")}, "fund"),
    "an agency fund": ({"fund": ("A", "HELD")}, "fund"),
}


@pytest.mark.parametrize(("change", "place"), WRONG.values(), ids=WRONG.keys())
def test_time_that_cannot_be_is_refused_by_name(
    session: Session, hamlet: Hamlet, change: dict[str, Any], place: str
) -> None:
    if "fund" in change:
        change = {"fund": fund(session, *change["fund"])}
    with pytest.raises(Invalid) as refusal:
        log(session, hamlet, **({"minutes": 60} | change))
    assert refusal.value.place == place
    assert session.scalar(select(func.count()).select_from(HoursEntry)) == 0


def test_the_longest_day_and_the_oldest_day_are_taken(session: Session, hamlet: Hamlet) -> None:
    """The control of the limits above."""
    log(session, hamlet, 960)
    log(session, hamlet, 1, worked_on=TODAY - timedelta(days=366))


def test_a_day_has_sixteen_hours_in_all_books_together(session: Session, hamlet: Hamlet) -> None:
    log(session, hamlet, 900)
    with pytest.raises(Invalid):
        log(session, hamlet, 61, book=hamlet.books["B"], fund=fund(session, "B", "GEN"))
    log(session, hamlet, 61, worked_on=TODAY - timedelta(days=1))
    log(session, hamlet, 61, party=make_party(session, "bo@example.org", "Bo"))


WRONG_RATES = {
    "for a thing": ({"commodity": "EQP.CHAIR"}, "commodity"),
    "below zero": ({"rate_per_hour": -1}, "rate_per_hour"),
    "in a foreign currency": ({"currency": "EUR"}, "currency"),
    "without a source": ({"source": " "}, "source"),
}


@pytest.mark.parametrize(("change", "place"), WRONG_RATES.values(), ids=WRONG_RATES.keys())
def test_a_rate_that_cannot_be_is_refused_by_name(
    session: Session, hamlet: Hamlet, change: dict[str, Any], place: str
) -> None:
    per_hour = change.get("rate_per_hour", 100)
    with pytest.raises(Invalid) as refusal:
        rate(session, hamlet, per_hour, **{k: v for k, v in change.items() if k != "rate_per_hour"})
    assert refusal.value.place == place


@pytest.fixture
def promised(session: Session, hamlet: Hamlet) -> Pledge:
    """A pledge of 20 hours to the roof."""
    campaign = make_campaign(session, hamlet.books["A"], fund(session, "A", "ROOF"))
    return make_pledge(session, campaign, make_party(session), "MIN.ELEC", 1200)


def test_hours_for_a_pledge_make_it_good(
    session: Session, hamlet: Hamlet, promised: Pledge
) -> None:
    """The worked figures of events HRS-1 and HRS-3."""
    row = log(session, hamlet, pledge=promised, fund=fund(session, "A", "GEN"))
    assert open_quantity(session, promised) == 1200
    confirm(session, hamlet, row)
    assert open_quantity(session, promised) == 810
    assert account(session, "A", 9110, "MIN.ELEC", in_fund="ROOF") == 810
    assert account(session, "A", 8410, "MIN.ELEC", in_fund="ROOF") == 390
    sound(session)


def test_more_hours_than_promised_are_a_gift(
    session: Session, hamlet: Hamlet, promised: Pledge
) -> None:
    for days in (0, 1):
        row = log(session, hamlet, 900, pledge=promised, worked_on=TODAY - timedelta(days=days))
        confirm(session, hamlet, row)
    assert promised.state == "over_fulfilled"
    assert account(session, "A", 9110, "MIN.ELEC") == 0
    assert account(session, "A", 8410, "MIN.ELEC") == 1800
    sound(session)


def test_hours_of_a_pledge_taken_back_meanwhile_still_count(
    session: Session, hamlet: Hamlet, promised: Pledge
) -> None:
    row = log(session, hamlet, pledge=promised)
    cancel_pledge(session, pledge_id=promised.id, on=TODAY, now=NOW)
    confirm(session, hamlet, row)
    assert account(session, "A", 9110, "MIN.ELEC") == 0
    assert account(session, "A", 8410, "MIN.ELEC") == 390
    sound(session)


OTHERS = {
    "of another skill": {"commodity": "MIN.GEN"},
    "of another giver": {"party": "bo@example.org"},
    "to another community": {"book": "B"},
}


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS.keys())
def test_hours_for_a_pledge_are_refused_when_it_is(
    session: Session, hamlet: Hamlet, promised: Pledge, change: dict[str, str]
) -> None:
    values: dict[str, Any] = {**change}
    if "party" in values:
        values["party"] = make_party(session, values["party"], "Bo")
    if "book" in values:
        values |= {"book": hamlet.books["B"], "fund": fund(session, "B", "GEN")}
    with pytest.raises(Invalid) as refusal:
        log(session, hamlet, pledge=promised, **values)
    assert refusal.value.place == "pledge"
