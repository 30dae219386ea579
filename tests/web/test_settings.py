"""An admin sets a community up on its page, without a command."""

from dataclasses import replace

import pytest

from ledger.db import Database
from ledger.queries.books.books import book_by_code, commodities, funds_of
from tests.web.town import Town, found_town


@pytest.fixture
def town(db: Database) -> Town:
    return found_town(db)


def test_what_an_admin_writes_is_what_the_public_reads(town: Town) -> None:
    admin = town.client("admin")
    answer = admin.post(
        "/books/A/settings",
        data={"name": "The <Hall>", "place": "Halle", "story": "We share.", "time_zone": "UTC"},
    )
    assert answer.status_code == 303
    shown = town.client().get("/c/A").text
    assert "The &lt;Hall&gt;" in shown
    assert "We share." in shown


def test_the_time_zone_is_kept_once_something_is_booked(town: Town) -> None:
    admin = town.client("admin")
    form = {"name": "A", "place": "", "story": "", "time_zone": "Europe/Berlin"}
    refused = admin.post("/books/A/settings", data=form)
    assert refused.status_code == 409
    assert (
        "This book already has journal entries, so its time zone cannot be changed" in refused.text
    )
    assert 'name="time_zone" value="UTC"' in admin.get("/books/A/settings").text
    nowhere = admin.post("/books/A/settings", data={**form, "time_zone": "Mars/Olympus"})
    assert nowhere.status_code == 422


def test_a_fund_and_a_skill_are_there_at_once_for_the_treasurer(town: Town, db: Database) -> None:
    admin = town.client("admin")
    fund = {"code": "roof", "fund_name": "Roof", "fund_class": "purpose", "purpose": "A roof"}
    assert admin.post("/books/A/funds", data=fund).status_code == 303
    other = admin.post("/books/A/funds", data={**fund, "fund_name": "Other"})
    assert other.status_code == 409
    kind = {"kind": "MIN", "singular": "Dry-stone walling", "plural": ""}
    assert admin.post("/books/A/kinds", data=kind).status_code == 303
    assert admin.post("/books/A/kinds", data=kind).status_code == 409
    assert admin.post("/books/A/kinds", data={**kind, "singular": "漢字"}).status_code == 422
    with db.snapshot() as session:
        assert "ROOF" in {row.code for row in funds_of(session, book_by_code(session, "A").id)}
        assert commodities(session)["MIN.DRY_STONE_WALLING"].plural == "Dry-stone walling"
    campaign = town.client("treasurer").get("/books/A/campaigns/new").text
    assert "ROOF" in campaign
    assert "Dry-stone walling" in campaign


def test_first_steps_are_ticked_as_they_are_taken_and_go_when_all_are(town: Town) -> None:
    admin = town.client("admin")
    shown = admin.get("/books/A/settings").text
    assert "Tell the public who you are." in shown
    assert "<s>Add a treasurer, who keeps the books.</s>" in shown
    parts = town.app.extensions["poolbook"]
    settings = replace(parts.settings, stripe_key="sk_test_x", demo=True)
    town.app.extensions["poolbook"] = replace(parts, settings=settings)
    admin.post("/books/A/settings", data={"name": "A", "story": "We.", "time_zone": "UTC"})
    assert "Before the first contribution" not in admin.get("/books/A/settings").text


def test_an_admin_who_signs_in_begins_there(town: Town) -> None:
    answer = town.client("admin").get("/start")
    assert answer.headers["Location"] == "/books/A/settings"
