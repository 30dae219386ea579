"""Money that was to be paid by card and was not counts nowhere, and expires after three days."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from ledger.db import Session
from ledger.ids import new_id
from ledger.models.campaigns import Campaign
from ledger.models.pledges import Pledge
from ledger.queries.campaigns.campaigns import progress, supporters
from ledger.services.payments import payments
from ledger.services.pledges import expiry
from ledger.services.pledges.offers import Line
from ledger.services.pledges.pledges import PledgeRequest, make_pledges
from ledger.services.workflow.daily_jobs import keep_calendar
from tests.conftest import NOW
from tests.factories import make_campaign, make_party, save_card
from tests.worlds.hamlet import Hamlet, account, fund, sound

MODES = ("keep_what_you_raise", "all_or_nothing")


@pytest.fixture
def session(hamlet_session: Session) -> Session:
    return hamlet_session


@pytest.fixture(params=MODES)
def campaign(request: pytest.FixtureRequest, session: Session, hamlet: Hamlet) -> Campaign:
    roof = fund(session, "A", "ROOF")
    return make_campaign(session, hamlet.books["A"], roof, mode=request.param)


def pledged(session: Session, campaign: Campaign) -> Pledge:
    """A pledge of 600.00 whose giver is led to a payment page."""
    basket = make_pledges(
        session,
        campaign=campaign,
        party=make_party(session),
        request=PledgeRequest(
            lines=[Line("USD", 60_000)],
            form_key=str(new_id()),
            message="",
            consent="name",
            by_card=True,
        ),
        now=NOW,
    )
    return session.scalars(select(Pledge).where(Pledge.basket_id == basket.id)).one()


def days_later(session: Session, hamlet: Hamlet, days: int) -> list[str]:
    """What expires when the day is kept so many days later."""
    now = NOW + timedelta(days=days)
    return expiry.lapse_unpaid(session, book=hamlet.books["A"], on=now.date(), now=now)


def memo(session: Session) -> int:
    return account(session, "A", 9110) + account(session, "A", 9120)


def test_what_nobody_pays_counts_nowhere_and_leaves_the_books_after_three_days(
    session: Session, hamlet: Hamlet, campaign: Campaign
) -> None:
    pledge = pledged(session, campaign)
    need = progress(session, campaign_id=campaign.id)[0]
    assert (need.promised, need.received, need.counted) == (0, 0, 0)
    assert supporters(session, campaign_id=campaign.id) == []
    assert memo(session) == 60_000
    assert days_later(session, hamlet, 2) == []
    keep_calendar(session, book_id=campaign.book_id, now=NOW + timedelta(days=3))
    assert (pledge.state, memo(session)) == ("lapsed", 0)
    assert days_later(session, hamlet, 9) == []
    sound(session)


def test_who_has_saved_a_card_or_tries_again_keeps_the_pledge(
    session: Session, hamlet: Hamlet, campaign: Campaign
) -> None:
    """The control of the rule: what is promised, or being paid, never expires by it."""
    saved, tries = pledged(session, campaign), pledged(session, campaign)
    save_card(session, saved)
    kind = "checkout" if campaign.mode == MODES[0] else "setup"
    payments.prepare_attempt(
        session,
        pledge_id=tries.id,
        params_sha256="x",
        now=NOW + timedelta(days=2),
        kind=kind,
    )
    assert days_later(session, hamlet, 4) == []
    assert days_later(session, hamlet, 6) == [tries.reference]
    assert saved.state == "open"
    assert supporters(session, campaign_id=campaign.id)[0].commodities == (("USD", 60_000),)
    sound(session)
