"""Attacks on what a campaign counts, through the pages, by people who have confirmed nothing.

Nobody can charge others' cards, or fill a campaign's page, by typing what they do not mean.
"""

import pytest
from flask import Flask

from tests.web.gate import (
    arrives,
    confirmed_offer,
    counted,
    decide,
    gate,
    hours,
    made,
    messages,
    offer,
    outcome,
    promised,
    save_card,
    sentences,
    sound,
)
from tests.web.test_claimed_addresses import address, rows, sign_in
from tests.worlds.town import Town


def test_hours_of_an_unconfirmed_address_charge_nobody(town: Town, by_card: Flask) -> None:
    """The attack of the issue: all but the hours is there, and a stranger types them."""
    campaign = gate(town)
    save_card(town, made(by_card.test_client(), campaign, address(), money="9000"))
    donor = town.client("donor")
    made(donor, campaign, "donor@example.org", **{"give-EQP.PROJECTOR": "1"})
    attack = made(town.client(), campaign, address(), **hours(60))
    assert counted(town, campaign) == (900_000, 0, 1)
    assert promised(town, campaign)[1] == 0
    assert sentences(town, attack) == ["Offered; confirm your address to count."]
    assert outcome(town, campaign) == "failed"
    assert sound(town) == []


@pytest.mark.parametrize("acceptance", ["by_hand", "all_confirmed"])
def test_the_gate_counts_what_is_meant(town: Town, by_card: Flask, acceptance: str) -> None:
    """The example of the front door, line by line; 9,000.00, 60 hours and a projector."""
    campaign = gate(town, acceptance)
    stranger, transfers = by_card.test_client(), town.client()
    for amount in ("6000", "2500"):
        save_card(town, made(stranger, campaign, address(), money=amount))
    assert counted(town, campaign) == (850_000, 0, 0)
    # Refused at the door, and left at the payment page.
    offer(stranger, campaign, address(), 422, money="99999999")
    made(stranger, campaign, address(), money="600")
    assert counted(town, campaign) == (850_000, 0, 0)
    assert promised(town, campaign) == (850_000, 0, 0)
    # Pledged by transfer: promised, and not there yet.
    made(transfers, campaign, address(), money="500")
    assert counted(town, campaign) == (850_000, 0, 0)
    assert promised(town, campaign) == (900_000, 0, 0)
    page = transfers.get(f"/campaigns/{campaign.slug}").text
    assert "$8,500.00 of it counts towards the amount needed" in page
    need = transfers.get(f"/api/v1/campaigns/{campaign.slug}").get_json()["needs"][0]
    assert (need["promised"], need["counted"]) == (900_000, 850_000)
    made(town.client(), campaign, address(), **hours(16))
    assert counted(town, campaign) == (850_000, 0, 0)
    forty, twenty, projector = address(), address(), address()
    by_hand = acceptance == "by_hand"
    confirmed = {
        email: confirmed_offer(town, campaign, email, what)
        for email, what in (
            (forty, hours(40)),
            (twenty, hours(20)),
            (projector, {"give-EQP.PROJECTOR": "1"}),
        )
    }
    if by_hand:
        assert counted(town, campaign) == (850_000, 0, 0)
        assert sentences(town, confirmed[forty]) == ["Offered; awaiting the organiser."]
        decide(town, campaign, confirmed[forty], "accept")
        decide(town, campaign, confirmed[projector], "accept")
    assert counted(town, campaign) == (850_000, 40 * 60 if by_hand else 60 * 60, 1)
    if by_hand:
        decide(town, campaign, confirmed[twenty], "accept")
    arrives(town, campaign, 50_000)
    assert counted(town, campaign) == (900_000, 60 * 60, 1)
    assert sound(town) == []
    assert outcome(town, campaign) == "succeeded"
    assert sound(town) == []


@pytest.mark.parametrize("missing", ["a card", "an acceptance", "the transfer"])
def test_without_one_of_them_the_gate_stays_shut(town: Town, by_card: Flask, missing: str) -> None:
    """The control of the gate: each guard alone keeps it shut."""
    campaign = gate(town, "by_hand")
    money = made(by_card.test_client(), campaign, address(), money="8500")
    if missing != "a card":
        save_card(town, money)
    offers = [
        confirmed_offer(town, campaign, address(), hours(60)),
        confirmed_offer(town, campaign, address(), {"give-EQP.PROJECTOR": "1"}),
    ]
    for basket_id in offers[: 1 if missing == "an acceptance" else 2]:
        decide(town, campaign, basket_id, "accept")
    if missing == "the transfer":
        made(town.client(), campaign, address(), money="500")
    else:
        arrives(town, campaign, 50_000)
    assert outcome(town, campaign) == "failed"


def test_a_stranger_cannot_promise_what_no_card_pays(town: Town, by_card: Flask) -> None:
    """99,999,999 typed and refused, 900,000 left at the payment page: neither stands in public."""
    campaign = gate(town, mode="keep_what_you_raise")
    stranger = by_card.test_client()
    offer(stranger, campaign, address(), 422, money="99999999")
    offer(stranger, campaign, address(), 422, money="1000000")
    left = made(stranger, campaign, address(), money="900000", message="Me first")
    assert promised(town, campaign)[0] == 0
    for path in (f"/campaigns/{campaign.slug}", "/", "/communities/A", "/campaigns"):
        answer = stranger.get(path)
        assert "900,000" not in answer.text, path
        assert "Me first" not in answer.text, path
    shown = stranger.get(f"/api/v1/campaigns/{campaign.slug}").get_json()
    assert [need["promised"] for need in shown["needs"]] == [0, 0, 0]
    assert rows(town, left)[2][0].needs_card
    assert sound(town) == []


def test_an_offer_counts_from_its_confirmation_until_it_is_not_mine(town: Town) -> None:
    campaign, email = gate(town), address()
    basket_id = made(town.client(), campaign, email, **hours(6))
    client = town.client()
    thanks = f"/baskets/{basket_id}/thanks"
    assert "Offered; confirm your address to count." in client.get(thanks).text
    # The link comes by a button on the page, at most three times a day and silently no more.
    for _ in range(5):
        assert client.post(f"/baskets/{basket_id}/confirm").headers["Location"] == thanks
    assert email not in client.get(thanks).text
    assert len(messages(town, email)) == 3
    owner = sign_in(town, email)
    assert counted(town, campaign)[1] == 360
    assert "confirm your address" not in client.get(thanks).text
    owner.post(f"/giving/baskets/{basket_id}/not-mine")
    assert counted(town, campaign)[1] == 0
    assert sentences(town, basket_id) == ["Offered; confirm your address to count."]
    assert sound(town) == []
