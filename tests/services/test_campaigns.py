"""A campaign before donors see it: drafted, changed as often as one likes, opened once."""

from datetime import timedelta

import pytest

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id
from ledger.models.campaigns import Campaign
from ledger.queries.campaigns import campaign_by_slug, live_campaigns, needs_of
from ledger.services.campaigns import (
    Need,
    Terms,
    change_draft,
    close_due,
    create_campaign,
    open_campaign,
)
from tests.conftest import NOW
from tests.factories import make_campaign, make_party, make_person, make_pledge
from tests.services.hamlet import TODAY, Hamlet, fund

PIPES = Need("USD", "Pipes", 10_000, 20_000)
DIGGERS = Need("MIN.ELEC", "Diggers", 600, 1200)


@pytest.fixture
def session(hamlet_session: Session) -> Session:
    return hamlet_session


@pytest.fixture
def terms(session: Session, hamlet: Hamlet) -> Terms:
    return Terms(
        fund=fund(session, "A", "ROOF"),
        slug="well",
        title="A well",
        summary="Water",
        story="We dig.",
        mode="keep_what_you_raise",
        opens_on=TODAY,
        deadline_on=TODAY,
        needs=(PIPES, DIGGERS),
    )


@pytest.fixture
def draft(session: Session, hamlet: Hamlet, terms: Terms) -> Campaign:
    return create_campaign(
        session, book=hamlet.books["A"], commodity="USD", state="draft", now=NOW, **terms
    )


@pytest.fixture
def tess(session: Session):
    return make_person(session, "Tess of the wells")


def test_a_draft_is_found_by_nobody_and_takes_no_pledge_until_it_is_opened(session, draft, tess):
    with pytest.raises(NotFound):
        campaign_by_slug(session, "well")
    assert draft not in live_campaigns(session)
    with pytest.raises(Conflict):
        make_pledge(session, draft, make_party(session))
    open_campaign(session, campaign_id=draft.id, opened_by=tess.id, now=NOW)
    assert (draft.state, draft.opened_by, draft.opened_at) == ("live", tess.id, NOW)
    assert campaign_by_slug(session, "well") in live_campaigns(session)
    assert make_pledge(session, draft, make_party(session)).state == "open"


def test_a_draft_changes_wholly_and_keeps_its_own_address(session, draft, terms):
    pump = Need("EQP.PROJECTOR", "A pump", 1, 2)
    change_draft(session, campaign_id=draft.id, **{**terms, "title": "Two wells"})
    assert (draft.slug, draft.title) == ("well", "Two wells")
    other = {
        "fund": fund(session, "A", "GEN"),
        "slug": "pump",
        "title": "A pump",
        "summary": "It pumps",
        "story": "Up the hill.",
        "mode": "all_or_nothing",
        "fee_bearer": "general",
        "opens_on": TODAY + timedelta(days=1),
        "deadline_on": TODAY + timedelta(days=2),
    }
    change_draft(session, campaign_id=draft.id, needs=(DIGGERS, pump), **other)
    changed = {name: getattr(draft, name) for name in other if name != "fund"}
    assert changed | {"fund": other["fund"]} == other
    assert draft.fund_id == other["fund"].id
    assert [need.label for need in needs_of(session, campaign_id=draft.id)] == ["Diggers", "A pump"]


WRONG = {
    "no title": ({"title": " "}, Invalid, "title"),
    "no need": ({"needs": ()}, Invalid, "needs"),
    "an optimum below the minimum": (
        {"needs": (PIPES, Need("MIN.ELEC", "", 2, 1))},
        Invalid,
        "needs[1]",
    ),
    "all or nothing without a last day": (
        {"mode": "all_or_nothing", "deadline_on": None},
        Invalid,
        "deadline_on",
    ),
    "all or nothing in two currencies": (
        {"mode": "all_or_nothing", "currencies": ("EUR",)},
        Invalid,
        "currencies",
    ),
    "the address of another": ({"slug": "solar-roof"}, Conflict, "slug"),
}


@pytest.mark.parametrize(("change", "refusal", "place"), WRONG.values(), ids=WRONG.keys())
def test_a_draft_is_not_changed_into_what_cannot_be(
    session, hamlet, draft, terms, change, refusal, place
):
    make_campaign(session, hamlet.books["A"], fund(session, "A", "ROOF"))
    with pytest.raises(refusal) as refused:
        change_draft(session, campaign_id=draft.id, **{**terms, **change})
    assert refused.value.place == place
    assert (draft.title, len(needs_of(session, campaign_id=draft.id))) == ("A well", 2)
    # Control: without the one wrong word it is taken.
    change_draft(session, campaign_id=draft.id, **{**terms, "title": "Two wells"})
    assert draft.title == "Two wells"


def test_what_keeps_all_it_raises_needs_no_last_day(session, draft, terms):
    change_draft(session, campaign_id=draft.id, **{**terms, "deadline_on": None})
    assert draft.deadline_on is None


def test_what_donors_have_seen_stays_as_it_is(session, draft, terms, tess):
    open_campaign(session, campaign_id=draft.id, opened_by=tess.id, now=NOW)
    with pytest.raises(Conflict, match="open already"):
        change_draft(session, campaign_id=draft.id, **{**terms, "title": "Another"})
    with pytest.raises(Conflict, match="open already"):
        open_campaign(session, campaign_id=draft.id, opened_by=tess.id, now=NOW)
    assert draft.title == "A well"
    with pytest.raises(NotFound):
        change_draft(session, campaign_id=new_id(), **terms)


def test_a_draft_opens_on_its_last_day_and_not_after(session, draft, tess):
    """A draft waits as long as it likes: it does not end before it began."""
    late = NOW + timedelta(days=1)
    close_due(session, now=late)
    assert draft.state == "draft"
    with pytest.raises(Conflict, match="last day") as refused:
        open_campaign(session, campaign_id=draft.id, opened_by=tess.id, now=late)
    assert (refused.value.place, draft.state) == ("deadline_on", "draft")
    open_campaign(session, campaign_id=draft.id, opened_by=tess.id, now=NOW)
    close_due(session, now=late)
    assert draft.state == "closed"
