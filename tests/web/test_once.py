"""A form sent twice is done once, and both times lead to the same place."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from ledger.models.people import IdempotencyKey
from ledger.models.pledges import Pledge
from ledger.web.site import idempotency
from tests.worlds.town import TODAY, Town

PROMISE = {
    "name": "Una Twice",
    "email": "una@example.org",
    "consent": "initials",
    "fund": "GEN",
    "amount": "25",
    "due_on": TODAY.replace(year=TODAY.year + 1).isoformat(),
    "step": "do",
}


def form_key(town: Town) -> str:
    """The key of the form of a pledge by phone, as its page has it."""
    shown = town.client("treasurer").get(address(town)).text
    found = re.search(r'name="once" value="([0-9a-f-]{36})"', shown)
    assert found is not None
    return found[1]


def address(town: Town) -> str:
    return town.address("manual_entries.do", task="spoken-pledge")


def send(town: Town, **other: str) -> TestResponse:
    return town.client("treasurer").post(address(town), data={**PROMISE, **other})


def promised(town: Town) -> int:
    with town.db.snapshot() as session:
        return session.scalar(select(func.count()).select_from(Pledge)) or 0


def test_a_pledge_by_phone_sent_twice_stands_once(town: Town) -> None:
    before, key = promised(town), form_key(town)
    first, again = send(town, once=key), send(town, once=key)
    assert promised(town) == before + 1
    assert first.status_code == again.status_code == 303
    assert first.location == again.location
    assert "/journal/" in (again.location or "")
    client = town.client("treasurer")
    client.post(address(town), data={**PROMISE, "once": key})
    assert (
        "This form was submitted twice. It was processed once."
        in client.get(again.location or "").text
    )


def test_each_page_shows_a_form_of_its_own(town: Town) -> None:
    before = promised(town)
    for _time in range(2):
        assert send(town, once=form_key(town)).status_code == 303
    assert promised(town) == before + 2


def test_other_answers_on_the_same_form_are_another_deed(town: Town) -> None:
    before, key = promised(town), form_key(town)
    assert send(town, once=key).status_code == 303
    assert send(town, once=key, amount="26").status_code == 303
    assert promised(town) == before + 2


def test_what_was_refused_can_be_sent_again(town: Town) -> None:
    before, key = promised(town), form_key(town)
    nobody = send(town, once=key, fund="NONE")
    assert nobody.status_code == 422
    with town.db.snapshot() as session:
        kept = session.scalar(select(func.count()).select_from(IdempotencyKey))
    assert send(town, once=key, fund="NONE").status_code == 422
    assert send(town, once=key).status_code == 303
    with town.db.snapshot() as session:
        assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == (kept or 0) + 1
    assert promised(town) == before + 1


def test_clicks_at_the_same_moment_are_one_deed(town: Town) -> None:
    before, key = promised(town), form_key(town)
    with ThreadPoolExecutor(4) as clicks:
        answers = list(clicks.map(lambda _click: send(town, once=key), range(4)))
    assert promised(town) == before + 1
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.location for answer in answers}) == 1


def test_a_form_whose_answer_is_a_page_leads_back_to_it(town: Town) -> None:
    client = town.client("treasurer")
    shown = client.get("/tokens").text
    found = re.search(r'name="once" value="([0-9a-f-]{36})"', shown)
    assert found is not None
    form = {"name": "A script", "days": "90", "read-books:A": "on", "once": found[1]}
    assert client.post("/tokens", data=form).status_code == 201
    again = client.post("/tokens", data=form)
    assert (again.status_code, again.location) == (303, "/tokens")


def test_the_key_is_what_keeps_it_at_one(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "name_of_form", lambda: None)
    with pytest.raises(AssertionError):
        test_a_pledge_by_phone_sent_twice_stands_once(town)
