"""How much a visitor may send, and that families, halls and confirmed givers are not held up."""

import pytest
from flask import Flask

from ledger.db import Database
from ledger.ids import new_id
from ledger.services.pledges import pledge_limits
from tests.web.gate import gate, hours, made, messages, pays, promised, sends, sound
from tests.web.test_claimed_addresses import address, rows, sign_in
from tests.worlds.town import Town, found_town, token_in


def test_a_flood_pushes_nobody_out_and_waits_for_the_organiser(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty-five pledges from one address replaced every name within four seconds."""
    monkeypatch.setattr(pledge_limits, "PER_CAMPAIGN", 20)
    campaign = gate(town, mode="keep_what_you_raise")
    path, before = f"/campaigns/{campaign.slug}", len(messages(town, "treasurer@example.org"))
    for n in range(3):
        email = address()
        basket_id = made(town.client(), campaign, email, money="10", name=f"Helper {n}")
        owner = sign_in(town, email)
        owner.post(f"/giving/baskets/{basket_id}/shown", data={"consent": "name"})
    flood = [
        made(town.client(), campaign, "flood@example.org", **hours(1), money="1") for _ in range(25)
    ]
    page = town.client().get(path).text
    assert [f"Helper {n}" in page for n in range(3)] == [True] * 3
    assert page.count("<strong>Anonymous</strong>") == 1
    assert rows(town, flood[0])[0].accepted_at is not None
    assert rows(town, flood[-1])[0].accepted_at is None
    told = messages(town, "treasurer@example.org")[before:]
    assert len(told) == 1
    assert "wait until you accept them" in told[0]
    # One person is one entry as well, by what they sent last.
    owner = sign_in(town, "flood@example.org")
    for basket_id in flood[:5]:
        owner.post(f"/giving/baskets/{basket_id}/shown", data={"consent": "name"})
    assert town.client().get(path).text.count("<strong>Greta Stone</strong>") == 1
    assert promised(town, campaign)[1] == 20 * 60
    assert sound(town) == []


def test_the_first_limit_asks_to_confirm_and_the_second_keeps_the_draft(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = (pledge_limits.PER_VISITOR, pledge_limits.PER_VISITOR_AT_MOST)
    assert (*limits, pledge_limits.PER_CAMPAIGN) == (12, 60, 60)
    # Sixty forms would take their time; sixteen show the same.
    monkeypatch.setattr(pledge_limits, "PER_VISITOR_AT_MOST", 16)
    campaign = gate(town)
    visitor = "203.0.113.60"
    got = [sends(town.client(), campaign, visitor) for _ in range(16)]
    assert [place for _status, place, _text in got] == ["pay"] * 12 + ["thanks"] * 4
    email = address()
    status, _place, text = sends(town.client(), campaign, visitor, email=email)
    assert status == 429
    for typed in (email, "Greta Stone", "For the roof", 'value="2:00"'):
        assert typed in text
    assert "Your answers are kept below" in text
    assert messages(town, email) == []
    # Nobody else is stopped; the same IPv6 customer under another address is.
    assert sends(town.client(), campaign, "203.0.113.61")[:2] == (303, "pay")


def test_a_family_or_a_hall_behind_one_address_is_not_locked_out(
    town: Town, by_card: Flask
) -> None:
    """Fifteen givers within the hour: who pays, saves a card or confirms frees the place."""
    campaign, visitor = gate(town), "203.0.113.62"
    for n in range(15):
        email = address()
        if n % 2:
            client = by_card.test_client()
            status, place, _text = sends(
                client, campaign, visitor, email=email, **{"give-MIN.ELEC": "", "money": "20"}
            )
            pays(town, email)
        else:
            status, place, _text = sends(town.client(), campaign, visitor, email=email)
            sign_in(town, email)
        assert (status, place) == (303, "pay"), n
    # The control: without that the thirteenth has to confirm first.
    got = [sends(town.client(), campaign, "203.0.113.63")[1] for _ in range(13)]
    assert got == ["pay"] * 12 + ["thanks"]


def test_who_confirms_first_finds_a_link_and_goes_on(town: Town) -> None:
    campaign, visitor = gate(town), "2001:db8:77::1"
    for n in range(12):
        sends(town.client(), campaign, f"2001:db8:77::{n:x}")
    email = address()
    assert sends(town.client(), campaign, visitor, email=email)[1] == "thanks"
    assert "Follow this link to sign in" in messages(town, email)[0]
    owner = sign_in(town, email)
    assert sends(owner, campaign, visitor, email=email)[1] == "pay"


AMOUNTS = {
    "once": {"money": "1000000"},
    "every month": {"money": "1000000", "rhythm": "month"},
    "the fee added": {"money": "999999", "cover": "1"},
    "a part below the least": {"money": "20", "rhythm": "parts", "parts": "60"},
}


@pytest.mark.parametrize("typed", AMOUNTS.values(), ids=AMOUNTS.keys())
def test_no_form_asks_for_what_stripe_does_not_charge(
    town: Town, by_card: Flask, typed: dict[str, str]
) -> None:
    campaign = gate(town, mode="keep_what_you_raise")
    before = town.rows()
    answer = by_card.test_client().post(
        f"/campaigns/{campaign.slug}/pledge",
        data={
            "name": "Greta Stone",
            "email": address(),
            "consent": "name",
            "form_key": str(new_id()),
            **typed,
        },
    )
    assert answer.status_code == 422
    assert "Card payments in USD" in answer.text
    assert town.rows() == before


def test_a_transfer_may_be_larger_than_a_card_takes(town: Town, by_card: Flask) -> None:
    """Also by its link: the page says that no card takes it at once."""
    campaign = gate(town, mode="keep_what_you_raise")
    basket_id = made(town.client(), campaign, address(), money="2000000")
    answer = by_card.test_client().post(f"/baskets/{basket_id}/pay")
    assert answer.status_code == 409
    assert "Card payments in USD go up to $999,999.99." in answer.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_form_that_was_open_too_long_keeps_its_answers(db: Database) -> None:
    """As when its giver signs in, in another tab, because they were asked to confirm."""
    client = found_town(db, csrf=True).client()
    path = "/campaigns/solar-roof/pledge"
    client.get(path)
    form = {
        "name": "Greta Stone",
        "email": address(),
        "consent": "name",
        "message": "For the roof",
        "form_key": str(new_id()),
        **hours(2),
    }
    answer = client.post(path, data=form)
    assert answer.status_code == 400
    for typed in (form["email"], "Greta Stone", "For the roof", 'value="2:00"'):
        assert typed in answer.text
    sent = client.post(path, data=form | {"csrf_token": token_in(answer)})
    assert sent.status_code == 303
    assert client.post("/campaigns/none/pledge", data=form).status_code == 400
