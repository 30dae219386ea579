"""A campaign before donors see it and after: drafted, changed as often as one likes, thrown away or
opened once, then corrected in what nobody has promised by."""

from datetime import datetime, timedelta
from typing import Any, TypedDict, cast
from uuid import UUID

import pytest
from sqlalchemy import func, select

from ledger.core import match_gifts
from ledger.core.states import AgreementState
from ledger.core.vocabulary import CampaignState
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id
from ledger.models.agreements import Agreement
from ledger.models.campaigns import Campaign, CampaignNeed
from ledger.models.people import Person
from ledger.queries.campaigns.campaigns import (
    campaign_by_slug,
    changes_of,
    live_campaigns,
    needs_of,
)
from ledger.services.campaigns.campaigns import (
    Need,
    Terms,
    change_draft,
    close_due,
    correct_campaign,
    create_campaign,
    open_campaign,
    throw_away_draft,
)
from ledger.services.campaigns.matching_sponsors import SponsorOffer, propose_sponsor
from ledger.services.pledges.pledges import cancel_pledge
from tests.conftest import NOW
from tests.factories import make_campaign, make_party, make_person, make_pledge
from tests.worlds.hamlet import TODAY, Hamlet, fund

PIPES = Need("USD", "Pipes", 10_000, 20_000)
DIGGERS = Need("MIN.ELEC", "Diggers", 600, 1200)


@pytest.fixture
def session(hamlet_session: Session) -> Session:
    return hamlet_session


class Who(TypedDict):
    """Who corrects which campaign, and when."""

    campaign_id: UUID
    by: UUID
    now: datetime


def changed(terms: Terms, **changes: Any) -> Terms:
    """The terms with some of them said otherwise."""
    made: Any = {**terms, **changes}
    return cast(Terms, made)


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
        session,
        book=hamlet.books["A"],
        commodity="USD",
        state=CampaignState.DRAFT,
        now=NOW,
        **terms,
    )


@pytest.fixture
def tess(session: Session) -> Person:
    return make_person(session, "Tess of the wells")


def test_a_draft_is_found_by_nobody_and_takes_no_pledge_until_it_is_opened(
    session: Session, draft: Campaign, tess: Person
) -> None:
    with pytest.raises(NotFound):
        campaign_by_slug(session, "well")
    assert draft not in live_campaigns(session)
    with pytest.raises(Conflict):
        make_pledge(session, draft, make_party(session))
    open_campaign(session, campaign_id=draft.id, opened_by=tess.id, now=NOW)
    assert (draft.state, draft.opened_by, draft.opened_at) == ("live", tess.id, NOW)
    assert campaign_by_slug(session, "well") in live_campaigns(session)
    assert make_pledge(session, draft, make_party(session)).state == "open"


def test_a_draft_changes_wholly_and_keeps_its_own_address(
    session: Session, draft: Campaign, terms: Terms
) -> None:
    pump = Need("EQP.PROJECTOR", "A pump", 1, 2)
    change_draft(session, campaign_id=draft.id, **changed(terms, title="Two wells"))
    assert (draft.slug, draft.title) == ("well", "Two wells")
    other: Terms = {
        "fund": fund(session, "A", "GEN"),
        "slug": "pump",
        "title": "A pump",
        "summary": "It pumps",
        "story": "Up the hill.",
        "mode": "all_or_nothing",
        "fee_bearer": "general",
        "opens_on": TODAY + timedelta(days=1),
        "deadline_on": TODAY + timedelta(days=2),
        "needs": (DIGGERS, pump),
    }
    change_draft(session, campaign_id=draft.id, **other)
    kept = {name: value for name, value in other.items() if name not in ("fund", "needs")}
    assert {name: getattr(draft, name) for name in kept} == kept
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
    session: Session,
    hamlet: Hamlet,
    draft: Campaign,
    terms: Terms,
    change: dict[str, Any],
    refusal: type[Invalid] | type[Conflict],
    place: str,
) -> None:
    make_campaign(session, hamlet.books["A"], fund(session, "A", "ROOF"))
    with pytest.raises(refusal) as refused:
        change_draft(session, campaign_id=draft.id, **changed(terms, **change))
    assert refused.value.place == place
    assert (draft.title, len(needs_of(session, campaign_id=draft.id))) == ("A well", 2)
    # Control: without the one wrong word it is taken.
    change_draft(session, campaign_id=draft.id, **changed(terms, title="Two wells"))
    assert draft.title == "Two wells"


def test_what_keeps_all_it_raises_needs_no_last_day(
    session: Session, draft: Campaign, terms: Terms
) -> None:
    change_draft(session, campaign_id=draft.id, **changed(terms, deadline_on=None))
    assert draft.deadline_on is None


def test_what_is_open_is_no_draft_any_more(
    session: Session, draft: Campaign, terms: Terms, tess: Person
) -> None:
    open_campaign(session, campaign_id=draft.id, opened_by=tess.id, now=NOW)
    with pytest.raises(Conflict, match="This campaign is already open"):
        change_draft(session, campaign_id=draft.id, **changed(terms, title="Another"))
    with pytest.raises(Conflict, match="This campaign is already open"):
        open_campaign(session, campaign_id=draft.id, opened_by=tess.id, now=NOW)
    assert draft.title == "A well"
    with pytest.raises(NotFound):
        change_draft(session, campaign_id=new_id(), **terms)


def test_a_draft_opens_on_its_last_day_and_not_after(
    session: Session, draft: Campaign, tess: Person
) -> None:
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


def test_a_draft_is_thrown_away_with_its_needs_and_its_address_is_free_again(
    session: Session, hamlet: Hamlet, draft: Campaign, terms: Terms
) -> None:
    needs = select(func.count()).where(CampaignNeed.campaign_id == draft.id)
    assert session.scalar(needs) == 2
    throw_away_draft(session, campaign_id=draft.id)
    assert session.scalar(needs) == 0
    with pytest.raises(NotFound):
        throw_away_draft(session, campaign_id=draft.id)
    again = create_campaign(session, book=hamlet.books["A"], commodity="USD", now=NOW, **terms)
    # Control: what is open is not thrown away.
    with pytest.raises(Conflict, match="This campaign is already open"):
        throw_away_draft(session, campaign_id=again.id)
    assert session.get(Campaign, again.id) is again


def sponsored(session: Session, hamlet: Hamlet, campaign: Campaign, tess: Person) -> Agreement:
    return propose_sponsor(
        session,
        offer=SponsorOffer(
            party=make_party(session, "sam@example.org", "Sam"),
            terms=match_gifts.Terms(up_to=10_000, basis_points=10_000, per_gift=0),
            evidence="A letter",
        ),
        book=hamlet.books["A"],
        fund=fund(session, "A", "ROOF"),
        made_by=tess.id,
        campaign_id=campaign.id,
        now=NOW,
    )


def test_a_draft_that_a_sponsor_would_match_stays_until_that_is_rejected(
    session: Session, hamlet: Hamlet, draft: Campaign, tess: Person
) -> None:
    agreement = sponsored(session, hamlet, draft, tess)
    with pytest.raises(Conflict, match="This draft has pledges, so it cannot be deleted"):
        throw_away_draft(session, campaign_id=draft.id)
    assert session.get(Campaign, draft.id) is draft
    agreement.state = AgreementState.REJECTED
    throw_away_draft(session, campaign_id=draft.id)


@pytest.fixture
def opened(session: Session, draft: Campaign, tess: Person) -> Campaign:
    open_campaign(session, campaign_id=draft.id, opened_by=tess.id, now=NOW)
    return draft


WORDS = {"title": "A deep well", "summary": "Clear water", "story": "We dig deeper."}


def test_words_are_corrected_whoever_has_promised_and_what_they_were_is_kept(
    session: Session, opened: Campaign, terms: Terms, tess: Person
) -> None:
    make_pledge(session, opened, make_party(session))
    named = (Need("USD", "Pipes and a pump", 10_000, 20_000), DIGGERS)
    change = changed(terms, **WORDS, needs=named)
    correct_campaign(session, campaign_id=opened.id, by=tess.id, now=NOW, **change)
    assert {name: getattr(opened, name) for name in WORDS} == WORDS
    labels = [need.label for need in needs_of(session, campaign_id=opened.id)]
    assert labels == ["Pipes and a pump", "Diggers"]
    (kept,) = changes_of(session, campaign_id=opened.id)
    assert (kept.made_by, kept.made_at) == (tess.id, NOW)
    assert kept.earlier.pop("needs")[0] == {
        "commodity": "USD",
        "label": "Pipes",
        "minimum": 10_000,
        "optimum": 20_000,
    }
    assert kept.earlier == {name: said for name, said in terms.items() if name in WORDS}
    # Said again, it is no correction.
    correct_campaign(session, campaign_id=opened.id, by=tess.id, now=NOW, **change)
    assert len(changes_of(session, campaign_id=opened.id)) == 1


OTHERWISE = {
    "mode": ({"mode": "all_or_nothing"}, "mode", "What happens below a minimum stays"),
    "first day": ({"opens_on": TODAY - timedelta(days=1)}, "opens_on", "The first day stays"),
    "last day": (
        {"deadline_on": TODAY + timedelta(days=9)},
        "deadline_on",
        "The last day stays",
    ),
    "no last day": ({"deadline_on": None}, "deadline_on", "The last day stays"),
    "fees": ({"fee_bearer": "general"}, "fee_bearer", "Who bears the payment fees stays"),
    "currencies": ({"currencies": ("EUR",)}, "currencies", "The list of other currencies stays"),
    "minimum": (
        {"needs": (Need("USD", "Pipes", 9_999, 20_000), DIGGERS)},
        "needs",
        "The minimum and optimum of “Pipes” stay",
    ),
    "optimum": (
        {"needs": (PIPES, Need("MIN.ELEC", "Diggers", 600, 1201))},
        "needs",
        "The minimum and optimum of “Diggers” stay",
    ),
    "left out": ({"needs": (PIPES,)}, "needs", "The minimum and optimum of “Diggers” stay"),
    "added": (
        {"needs": (PIPES, DIGGERS, Need("EQP.PROJECTOR", "A pump", 1, 1))},
        "needs",
        "“A pump” cannot be added",
    ),
}


@pytest.mark.parametrize(("change", "place", "sentence"), OTHERWISE.values(), ids=OTHERWISE.keys())
def test_what_somebody_promised_by_stays_and_is_named(
    session: Session,
    opened: Campaign,
    terms: Terms,
    tess: Person,
    change: dict[str, Any],
    place: str,
    sentence: str,
) -> None:
    who: Who = {"campaign_id": opened.id, "by": tess.id, "now": NOW}
    # Control: before anybody promised it can be changed, and back.
    correct_campaign(session, **who, **changed(terms, **change))
    correct_campaign(session, **who, **terms)
    assert len(changes_of(session, campaign_id=opened.id)) == 2
    make_pledge(session, opened, make_party(session))
    with pytest.raises(Invalid) as refused:
        correct_campaign(session, **who, **changed(terms, **WORDS, **change))
    (said,) = refused.value.messages.pop(place)
    assert said.startswith(sentence)
    assert "promised by" in said
    assert refused.value.messages == {}
    assert opened.title == "A well"
    assert len(changes_of(session, campaign_id=opened.id)) == 2


def test_the_fund_stays_for_a_sponsor_and_for_a_pledge_that_was_taken_back(
    session: Session, hamlet: Hamlet, opened: Campaign, terms: Terms, tess: Person
) -> None:
    who: Who = {"campaign_id": opened.id, "by": tess.id, "now": NOW}
    general = changed(terms, fund=fund(session, "A", "GEN"))
    pledge = make_pledge(session, opened, make_party(session))
    cancel_pledge(session, pledge_id=pledge.id, on=TODAY, now=NOW)
    with pytest.raises(Invalid) as refused:
        correct_campaign(session, **who, **general)
    assert list(refused.value.messages) == ["fund"]
    pump = create_campaign(
        session, book=hamlet.books["A"], commodity="USD", now=NOW, **changed(terms, slug="pump")
    )
    agreement = sponsored(session, hamlet, pump, tess)
    who["campaign_id"] = pump.id
    with pytest.raises(Invalid) as refused:
        correct_campaign(session, **who, **changed(general, slug="pump"))
    assert list(refused.value.messages) == ["fund"]
    agreement.state = AgreementState.REJECTED
    correct_campaign(session, **who, **changed(general, slug="pump"))
    assert pump.fund_id == general["fund"].id


def test_an_open_campaign_keeps_its_address_and_every_fault_is_named_at_once(
    session: Session, opened: Campaign, terms: Terms, tess: Person
) -> None:
    who: Who = {"campaign_id": opened.id, "by": tess.id, "now": NOW}
    change = changed(terms, slug="fountain", fee_bearer="general", deadline_on=None)
    with pytest.raises(Invalid) as refused:
        correct_campaign(session, **who, **change)
    assert list(refused.value.messages) == ["slug"]
    make_pledge(session, opened, make_party(session))
    with pytest.raises(Invalid) as refused:
        correct_campaign(session, **who, **change)
    assert set(refused.value.messages) == {"slug", "fee_bearer", "deadline_on"}


def test_a_last_day_does_not_move_into_the_past_and_only_what_is_open_is_corrected(
    session: Session, hamlet: Hamlet, draft: Campaign, terms: Terms, tess: Person
) -> None:
    who: Who = {"campaign_id": draft.id, "by": tess.id, "now": NOW}
    with pytest.raises(Conflict, match="open campaign"):
        correct_campaign(session, **who, **terms)
    open_campaign(session, campaign_id=draft.id, opened_by=tess.id, now=NOW)
    past = {"opens_on": TODAY - timedelta(days=9), "deadline_on": TODAY - timedelta(days=1)}
    with pytest.raises(Conflict, match="last day") as refused:
        correct_campaign(session, **who, **changed(terms, **past))
    assert refused.value.place == "deadline_on"
    who["now"] = NOW + timedelta(days=1)
    # Its last day is over and nobody has closed it yet: words can be corrected.
    correct_campaign(session, **who, **changed(terms, **WORDS))
    close_due(session, now=who["now"])
    with pytest.raises(Conflict, match="open campaign"):
        correct_campaign(session, **who, **terms)
    assert draft.title == WORDS["title"]
