"""What an organiser does about what was sent: accept, decline, hide, restore; and reports."""

import re

from tests.web.gate import (
    confirmed_offer,
    counted,
    decide,
    gate,
    hours,
    made,
    messages,
    promised,
    sentences,
    sound,
)
from tests.web.test_claimed_addresses import address, sign_in
from tests.worlds.town import Town


def test_declining_tells_the_giver_and_ends_the_offer_alone(town: Town) -> None:
    campaign, email = gate(town), address()
    basket_id = made(town.client(), campaign, email, **hours(6), money="20")
    sign_in(town, email)
    decide(town, campaign, basket_id, "decline", status=422)
    assert counted(town, campaign)[1] == 360
    decide(town, campaign, basket_id, "decline", "We have enough electricians.")
    assert counted(town, campaign)[1] == 0
    assert promised(town, campaign)[:2] == (2000, 0)
    said = messages(town, email)[-1]
    assert "Not needed this time. The organiser's reason: We have enough electricians." in said
    assert "Not needed this time." in sentences(town, basket_id)
    assert "nothing" not in decide(town, campaign, basket_id, "decline", "Again", status=409)
    decide(town, campaign, basket_id, "accept", status=409)
    assert sound(town) == []


def test_hiding_withholds_the_message_and_changes_no_figure(town: Town) -> None:
    campaign, email = gate(town), address()
    basket_id = made(town.client(), campaign, email, **hours(6), message="Buy at eve.example")
    owner = sign_in(town, email)
    owner.post(f"/giving/baskets/{basket_id}/shown", data={"consent": "name"})
    path = f"/campaigns/{campaign.slug}"
    assert "Buy at eve.example" in town.client().get(path).text
    before = counted(town, campaign), promised(town, campaign)
    decide(town, campaign, basket_id, "hide", status=422)
    decide(town, campaign, basket_id, "hide", "Advertising")
    hidden = town.client().get(path).text
    assert "Buy at eve.example" not in hidden
    assert "Greta Stone" not in hidden
    assert (counted(town, campaign), promised(town, campaign)) == before
    # Its giver cannot show it again; the organiser can, and sees why it was hidden.
    owner.post(f"/giving/baskets/{basket_id}/shown", data={"consent": "name"})
    assert "Buy at eve.example" not in town.client().get(path).text
    listed = town.client("treasurer").get(f"/books/A{path}/pledges?tab=hidden").text
    assert "Hidden by Treasurer" in listed
    assert "Advertising" in listed
    decide(town, campaign, basket_id, "restore")
    assert "Buy at eve.example" in town.client().get(path).text


def test_anybody_reports_what_is_shown_and_the_organiser_decides(town: Town) -> None:
    campaign, email = gate(town), address()
    basket_id = made(town.client(), campaign, email, **hours(6), message="You are all thieves")
    owner = sign_in(town, email)
    owner.post(f"/giving/baskets/{basket_id}/shown", data={"consent": "name"})
    path = f"/campaigns/{campaign.slug}"
    page = town.client().get(path).text
    # The address under which it is reported does not open the thank-you page.
    assert str(basket_id) not in page
    report = re.findall(rf'href="({path}/messages/\w+/report)"', page)[0]
    stranger = town.client()
    assert "You are all thieves" in stranger.get(report).text
    assert stranger.post(report, data={"reason": "because"}).status_code == 422
    statuses = [
        stranger.post(
            report,
            data={"reason": "insult"},
            environ_overrides={"REMOTE_ADDR": "198.51.100.77"},
        ).status_code
        for _ in range(12)
    ]
    assert statuses == [303] * 10 + [429] * 2
    assert "You are all thieves" in stranger.get(path).text
    listed = town.client("treasurer").get(f"/books/A{path}/pledges?tab=reported").text
    assert "insulting (10)" in listed
    assert "Reported (1)" in listed
    decide(town, campaign, basket_id, "keep")
    assert "Reported (1)" not in town.client("treasurer").get(f"/books/A{path}/pledges").text
    decide(town, campaign, basket_id, "keep", status=409)
    wrong = report.replace("/messages/", "/messages/0")
    assert stranger.get(wrong).status_code == 404


def test_a_policy_that_accepts_all_accepts_what_waits(town: Town) -> None:
    campaign, email = gate(town, "by_hand"), address()
    confirmed_offer(town, campaign, email, hours(6))
    stranger = made(town.client(), campaign, address(), **hours(7))
    path = f"/books/A/campaigns/{campaign.slug}/correct"
    treasurer = town.client("treasurer")
    form = {
        "title": campaign.title,
        "summary": campaign.summary,
        "story": campaign.story,
        "label-0": "Panels",
        "label-1": "Electricians",
        "label-2": "A projector",
        "action": "keep",
    }
    assert counted(town, campaign)[1] == 0
    assert treasurer.post(path, data=form | {"acceptance": "by_hand"}).status_code == 303
    assert counted(town, campaign)[1] == 0
    assert treasurer.post(path, data=form | {"acceptance": "all_confirmed"}).status_code == 303
    assert counted(town, campaign)[1] == 360
    assert sentences(town, stranger) == ["Offered; confirm your address to count."]
    assert sound(town) == []
