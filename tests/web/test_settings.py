"""An admin sets a community up on its pages, without a command."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from ledger.db import Database
from ledger.models.hours import SkillRate
from ledger.models.rights_log import RightsEvent
from ledger.queries.books.books import accounts_of, book_by_code, commodities, funds_of
from ledger.queries.books.funds import spendable
from ledger.services.books import seals
from tests.web.permissions import RATE
from tests.worlds.town import Town, found_town

SETTINGS = "/books/A/settings"


@pytest.fixture
def town(db: Database) -> Town:
    return found_town(db)


def test_every_section_is_one_click_away_and_says_what_it_holds(town: Town) -> None:
    admin = town.client("admin")
    shown = admin.get(SETTINGS).text
    for section in (
        *("book", "funds", "accounts", "skills", "equipment"),
        *("bank-accounts", "policies", "pools"),
    ):
        assert f'href="{SETTINGS}/{section}"' in shown
        page = admin.get(f"{SETTINGS}/{section}")
        assert page.status_code == 200
        assert f'href="{SETTINGS}"' in page.text
    for value in ("GEN, HELD, SOLAR", "1 skill, 1 with a rate", "US GAAP, 0 choices"):
        assert value in " ".join(shown.split())


def test_an_auditor_sees_no_way_to_settings_that_refuse_them(town: Town) -> None:
    assert SETTINGS not in town.client("auditor").get("/books/A/people").text
    assert SETTINGS in town.client("admin").get("/books/A/people").text


def test_what_an_admin_writes_is_what_the_public_reads(town: Town) -> None:
    admin = town.client("admin")
    answer = admin.post(
        f"{SETTINGS}/book",
        data={"name": "The <Hall>", "place": "Halle", "story": "We share.", "time_zone": "UTC"},
    )
    assert answer.status_code == 303
    shown = town.client().get("/c/A").text
    assert "The &lt;Hall&gt;" in shown
    assert "We share." in shown


def seal(town: Town) -> None:
    with town.db.transaction() as session:
        seals.seal_book(session, book_id=book_by_code(session, "A").id)


def test_the_time_zone_can_be_corrected_until_the_first_entry_is_sealed(town: Town) -> None:
    admin = town.client("admin")
    form = {"name": "A", "place": "", "story": "", "time_zone": "Europe/Berlin"}
    # The town has entries that no sealer has seen.
    assert admin.post(f"{SETTINGS}/book", data=form).status_code == 303
    with town.db.snapshot() as session:
        assert book_by_code(session, "A").time_zone == "Europe/Berlin"
    nowhere = admin.post(f"{SETTINGS}/book", data={**form, "time_zone": "Mars/Olympus"})
    assert nowhere.status_code == 422
    seal(town)
    refused = admin.post(f"{SETTINGS}/book", data={**form, "time_zone": "Asia/Tokyo"})
    assert refused.status_code == 409
    assert "sealed with the time zone Europe/Berlin" in refused.text
    page = " ".join(admin.get(f"{SETTINGS}/book").text.split())
    assert "The time zone is Europe/Berlin. It is sealed with the first entry" in page
    assert 'name="time_zone" value="Europe/Berlin"' in page
    assert admin.post(f"{SETTINGS}/book", data=form).status_code == 303


def test_a_fund_and_a_skill_are_there_at_once_for_the_treasurer(town: Town, db: Database) -> None:
    admin = town.client("admin")
    fund = {"code": "roof", "fund_name": "Roof", "fund_class": "purpose", "purpose": "A roof"}
    assert admin.post(f"{SETTINGS}/funds", data=fund).status_code == 303
    other = admin.post(f"{SETTINGS}/funds", data={**fund, "fund_name": "Other"})
    assert other.status_code == 409
    kind = {"singular": "Dry-stone walling", "plural": ""}
    assert admin.post(f"{SETTINGS}/skills", data=kind).status_code == 303
    assert admin.post(f"{SETTINGS}/skills", data=kind).status_code == 409
    assert admin.post(f"{SETTINGS}/skills", data={**kind, "singular": "漢字"}).status_code == 422
    assert admin.post(f"{SETTINGS}/equipment", data={"singular": "canoe"}).status_code == 303
    with db.snapshot() as session:
        assert "ROOF" in {row.code for row in funds_of(session, book_by_code(session, "A").id)}
        known = commodities(session)
        assert known["MIN.DRY_STONE_WALLING"].plural == "Dry-stone walling"
        assert known["EQP.CANOE"].plural == "canoe"
        logged = session.scalars(
            select(RightsEvent.about["setting"].as_string()).order_by(RightsEvent.seq)
        ).all()
    assert [name for name in logged if name] == ["fund", "skill", "equipment"]
    campaign = town.client("treasurer").get("/books/A/campaigns/new").text
    assert "ROOF" in campaign
    assert "Dry-stone walling" in campaign


def test_funds_are_shown_with_what_they_can_spend(town: Town) -> None:
    with town.db.snapshot() as session:
        book = book_by_code(session, "A")
        there = {fund.code: spendable(session, fund) for fund in funds_of(session, book.id)}
    assert there["GEN"] > 0
    rows = town.client("admin").get(f"{SETTINGS}/funds").text.split("<tr>")
    for code, amount in there.items():
        (row,) = [row for row in rows if f'"Code">{code}</td>' in row]
        assert f"${amount // 100:,}.{amount % 100:02}" in row


def test_a_rate_has_a_source_and_a_day_and_replaces_the_older_from_then(town: Town) -> None:
    admin = town.client("admin")
    assert "$48.00" in admin.get(f"{SETTINGS}/skills").text
    for wrong in ({"source": ""}, {"value": "-1"}, {"skill": "MIN.NONE"}, {"valid_from_on": "x"}):
        assert admin.post(f"{SETTINGS}/skills/rate", data={**RATE, **wrong}).status_code == 422
    assert admin.post(f"{SETTINGS}/skills/rate", data=RATE).status_code == 303
    shown = " ".join(admin.get(f"{SETTINGS}/skills").text.split())
    assert "$48.00" in shown
    assert "$52.50 an hour from" in shown
    now = {**RATE, "valid_from_on": "2026-02-01"}
    assert admin.post(f"{SETTINGS}/skills/rate", data=now).status_code == 303
    assert "$48.00" not in admin.get(f"{SETTINGS}/skills").text
    with town.db.snapshot() as session:
        latest = session.scalars(select(SkillRate).order_by(SkillRate.id.desc())).first()
    assert latest is not None
    assert (latest.rate_per_hour, latest.source) == (5250, "Wage table 2026")


def test_an_account_is_added_and_refused_as_by_the_command(town: Town) -> None:
    admin = town.client("admin")
    form = {"number": "5130", "account_name": "Seeds"}
    assert admin.post(f"{SETTINGS}/accounts", data=form).status_code == 303
    assert admin.post(f"{SETTINGS}/accounts", data={**form, "number": "7000"}).status_code == 422
    taken = admin.post(f"{SETTINGS}/accounts", data={**form, "account_name": "Soil"})
    assert taken.status_code == 409
    assert "Account 5130 is already named Seeds, not Soil." in taken.text
    with town.db.snapshot() as session:
        chart = accounts_of(session, book_by_code(session, "A").id)
    assert ("Seeds", "expense") in {(account.name, account.kind) for account in chart}


def test_first_steps_are_ticked_as_they_are_taken_and_go_when_all_are(town: Town) -> None:
    admin = town.client("admin")
    shown = admin.get(SETTINGS).text
    assert "Tell the public who you are." in shown
    assert "<s>Add a treasurer, who keeps the books.</s>" in shown
    parts = town.app.extensions["poolbook"]
    settings = replace(parts.settings, stripe_key="sk_test_x", demo=True)
    town.app.extensions["poolbook"] = replace(parts, settings=settings)
    admin.post(f"{SETTINGS}/book", data={"name": "A", "story": "We.", "time_zone": "UTC"})
    assert "Before the first contribution" not in admin.get(SETTINGS).text


def test_an_admin_who_signs_in_begins_there(town: Town) -> None:
    answer = town.client("admin").get("/start")
    assert answer.headers["Location"] == SETTINGS
