"""Sponsors match cleared gifts by factor and caps; a refund takes its match back (PLG-13, -14)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.match_gifts import Terms, match, taken_back
from ledger.db import Session
from ledger.models.agreements import Agreement
from ledger.queries.campaigns.matching_sponsors import cleared_gifts, matched_of, sponsors_of
from ledger.services.approvals.registry import Decision
from ledger.services.campaigns import matching_sponsors
from ledger.services.pledges.parties import Giver, party_of_form
from tests.conftest import NOW
from tests.factories import make_party, make_person
from tests.worlds.hamlet import sound
from tests.worlds.till import Till, later

GIFTS = st.lists(st.integers(1, 10**9), max_size=20)


@pytest.fixture
def till(session: Session) -> Till:
    return Till(session)


@pytest.fixture
def sponsor(till: Till) -> Agreement:
    """One for one, at most 50.00 to one gift and 120.00 in all."""
    asks = make_person(till.session, "Tess", till.book, "treasurer")
    agrees = make_person(till.session, "Arno", till.book, "approver")
    row = matching_sponsors.propose_sponsor(
        till.session,
        offer=matching_sponsors.SponsorOffer(
            party=make_party(till.session, "sam@example.org", "Sam Sponsor"),
            terms=Terms(up_to=12_000, basis_points=10_000, per_gift=5000),
            evidence="Signed terms",
        ),
        book=till.book,
        fund=till.solar,
        campaign_id=till.campaign.id,
        made_by=asks.id,
        now=NOW,
    )
    matching_sponsors.take_sponsor(till.session, row, Decision(agrees.id, NOW.date(), NOW))
    return row


def test_each_gift_is_matched_once_up_to_both_caps(till: Till, sponsor: Agreement) -> None:
    for amount in (6000, 4000, 6000):
        till.charge(amount, 200)
    assert matching_sponsors.match_due(till.session, now=later(1)) == 3
    assert matched_of(till.session, sponsor) == 5000 + 4000 + 3000
    assert till.balance(1210) == 12_000
    assert till.balance(4030) == -12_000
    assert matching_sponsors.match_due(till.session, now=later(2)) == 0
    assert till.balance(9120) == 0
    sound(till.session)


def test_a_refund_takes_back_its_own_match_and_no_more(till: Till, sponsor: Agreement) -> None:
    first, second = till.charge(6000, 200), till.charge(4000, 150)
    matching_sponsors.match_due(till.session, now=later(1))
    till.refund(second, 1000)
    matching_sponsors.match_due(till.session, now=later(2))
    assert matched_of(till.session, sponsor) == 5000 + 3000
    till.refund(second, 3000)
    till.refund(first, 3000)
    matching_sponsors.match_due(till.session, now=later(3))
    assert matched_of(till.session, sponsor) == 2500
    assert till.balance(1210) == 2500
    assert matching_sponsors.match_due(till.session, now=later(4)) == 0
    # What was given back does not count, and makes room for others.
    till.charge(9000, 300)
    matching_sponsors.match_due(till.session, now=later(5))
    assert matched_of(till.session, sponsor) == 7500
    sound(till.session)


def test_a_gift_that_comes_after_the_cap_for_all_is_reached_is_not_matched(
    till: Till, sponsor: Agreement
) -> None:
    for amount in (6000, 4000, 2000):
        till.charge(amount, 200)
    matching_sponsors.match_due(till.session, now=later(1))
    assert matched_of(till.session, sponsor) == 5000 + 4000 + 2000
    till.charge(4000, 100)
    till.charge(4000, 100)
    # Of the first the rest that is left is matched, of the second nothing.
    assert matching_sponsors.match_due(till.session, now=later(2)) == 1
    assert matched_of(till.session, sponsor) == 12_000
    assert matching_sponsors.match_due(till.session, now=later(3)) == 0
    sound(till.session)


def test_what_the_public_sees_and_a_dry_run_finds_is_what_is_booked(
    till: Till, sponsor: Agreement
) -> None:
    for amount in (6000, 100, 6000):
        till.charge(amount, 10)
    gifts = cleared_gifts(till.session, campaign_id=till.campaign.id, commodity="USD")
    tried = match(Terms(10_000, 5000, 12_000), [(gift.reference, gift.amount) for gift in gifts])
    matching_sponsors.match_due(till.session, now=later(1))
    (seen,) = sponsors_of(till.session, campaign_id=till.campaign.id)
    assert seen.matched == sum(item.share for item in tried) == 10_100
    assert (seen.name, seen.terms.up_to) == ("Sam Sponsor", 12_000)


def test_a_sponsor_who_gave_as_a_guest_does_not_match_themselves(till: Till) -> None:
    till.charge(6000, 200)
    giver = Giver("Sam", till.party.email, "name")
    guest = party_of_form(till.session, giver=giver, form_key="", person=None, now=NOW)
    stranger = make_party(till.session, "sam@example.org")
    found = {
        party.id: [
            gift.amount
            for gift in cleared_gifts(
                till.session, campaign_id=till.campaign.id, commodity="USD", without=party.id
            )
        ]
        for party in (guest, stranger)
    }
    assert found == {guest.id: [], stranger.id: [6000]}


@given(GIFTS, st.integers(1, 100_000), st.integers(0, 10**6), st.integers(1, 10**9))
def test_no_cap_is_ever_passed(amounts: list[int], points: int, per_gift: int, up_to: int) -> None:
    found = match(Terms(points, per_gift, up_to), [(str(n), a) for n, a in enumerate(amounts)])
    assert sum(item.share for item in found) <= up_to
    assert all(item.share * 10_000 <= item.gift * points for item in found)
    assert not per_gift or all(item.share <= per_gift for item in found)


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 10**6))
def test_what_is_taken_back_is_between_nothing_and_all(
    matched: int, gift: int, refunded: int
) -> None:
    back = taken_back(matched, gift, refunded)
    assert 0 <= back <= matched
    assert taken_back(matched, gift, gift) == matched
    assert taken_back(matched, gift, 0) == 0
