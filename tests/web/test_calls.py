"""A campaign written by a treasurer: drafted where nobody sees it, thrown away or opened, and
corrected."""

import html
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.core.vocabulary import CampaignState
from ledger.db import Database, Session
from ledger.ids import new_id
from ledger.models.campaigns import Campaign
from ledger.models.pledges import Pledge
from ledger.queries.campaigns.campaigns import changes_of, needs_of
from ledger.schemas.basket import Offered
from ledger.schemas.giving import Way
from ledger.web.pledges import pledges as pledge_pages
from ledger.web.pledges.pledges import Offer
from tests.worlds.town import HOME, TODAY, Town, found_town, token_in

WELL = {
    "title": "Water for the gardens",
    "summary": "A well",
    "story": "We dig.",
    "fund": "GEN",
    "mode": "all_or_nothing",
    "fee_bearer": "fund",
    "acceptance": "all_confirmed",
    "opens_on": TODAY.isoformat(),
    "deadline_on": "2026-12-31",
    "currencies": "",
    "need-0": "USD",
    "label-0": "Pipes",
    "minimum-0": "1,250.50",
    "optimum-0": "2000",
    "need-2": "MIN.ELEC",
    "label-2": "Wiring",
    "minimum-2": "12:30",
    "optimum-2": "",
    "need-4": "EQP.PROJECTOR",
    "label-4": "A projector",
    "minimum-4": "1",
    "optimum-4": "2",
}
NOTHING = {name: "" for name in WELL if name[-1].isdigit() and not name.startswith("need")}


def send(
    town: Town, address: str, path: str = "/books/A/campaigns/new", **change: str
) -> TestResponse:
    answers = {**WELL, "slug": address, "action": "keep", **change}
    return town.client("treasurer").post(path, data=answers)


def drafted(town: Town, slug: str) -> str:
    """Draft a campaign and return the address of its form."""
    answer = send(town, slug)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def seen_by(town: Town, who: str, slug: str) -> dict[str, bool]:
    """Where somebody comes upon a campaign."""
    client = town.client(who)
    lists = {path: slug in client.get(path).text for path in ("/", "/c/A", "/api/v1/campaigns")}
    pages = (f"/campaigns/{slug}", f"/campaigns/{slug}/pledge", f"/api/v1/campaigns/{slug}")
    answers = {path: client.get(path).status_code for path in pages}
    assert set(answers.values()) <= {200, 404}
    return lists | {path: status == 200 for path, status in answers.items()}


def test_nobody_comes_upon_a_draft_and_everybody_upon_what_was_opened(town: Town) -> None:
    path = drafted(town, "gardens")
    for who in ("nobody", "member", "treasurer"):
        assert set(seen_by(town, who, "gardens").values()) == {False}, who
    answer = send(town, "gardens", path, title="Water, at last", action="open")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/campaigns/gardens")
    for who in ("nobody", "other member"):
        assert set(seen_by(town, who, "gardens").values()) == {True}, who
    # What was typed with the opening is opened, and who did it is kept.
    assert "Water, at last" in town.client().get("/campaigns/gardens").text
    with town.db.snapshot() as session:
        row = session.scalars(select(Campaign).where(Campaign.slug == "gardens")).one()
    assert row.made_by == row.opened_by == town.people["treasurer"]
    assert "opened by" in town.client("treasurer").get("/books/A/campaigns").text
    # It is no draft any more.
    client = town.client("treasurer")
    assert client.get(path).status_code == client.get(f"{path}/preview").status_code == 404
    assert send(town, "gardens", path, title="Changed").status_code == 404


def test_a_draft_is_written_in_money_hours_and_things_and_read_back_as_typed(town: Town) -> None:
    path = drafted(town, "kinds")
    with town.db.snapshot() as session:
        row = session.scalars(select(Campaign).where(Campaign.slug == "kinds")).one()
        needs = [
            (need.commodity, need.minimum, need.optimum)
            for need in needs_of(session, campaign_id=row.id)
        ]
    assert needs == [("USD", 125_050, 200_000), ("MIN.ELEC", 750, 750), ("EQP.PROJECTOR", 1, 2)]
    page = town.client("treasurer").get(path).text
    typed = dict(re.findall(r'name="((?:minimum|optimum)-\d)"\s+value="([^"]*)"', page))
    assert [typed[name] for name in ("minimum-0", "minimum-1", "optimum-2")] == [
        "1250.50",
        "12:30",
        "2",
    ]
    # Control: sent back as it was read, it says the same.
    again = {f"{name}-{n}": "" for name in ("need", "label") for n in range(6)} | typed
    again |= {"need-0": "USD", "need-1": "MIN.ELEC", "need-2": "EQP.PROJECTOR"}
    again |= {f"label-{n}": "Same" for n in range(3)}
    assert send(town, "kinds", path, **again).status_code == 303
    with town.db.snapshot() as session:
        assert needs == [
            (need.commodity, need.minimum, need.optimum)
            for need in needs_of(session, campaign_id=row.id)
        ]
    assert "Water for the gardens" in town.client("treasurer").get(f"{path}/preview").text


WRONG = {
    "of nothing": ({"need-2": ""}, "need-2", "Choose what is needed."),
    "of another currency": ({"need-2": "EUR"}, "need-2", "Choose what is needed."),
    "of a kind unknown here": ({"need-2": "EQP.COW"}, "need-2", "Choose what is needed."),
    "without a name": ({"label-2": " "}, "label-2", "Please fill this in."),
    "without a minimum": ({"minimum-2": ""}, "minimum-2", "Please fill this in."),
    "of no time": ({"minimum-2": "0:00"}, "minimum-2", "Enter a time above zero."),
    "of half things": ({"minimum-4": "1.5"}, "minimum-4", "Enter a whole number."),
    "better with less": ({"optimum-4": "0"}, "optimum-4", "Enter a number above zero."),
    "best below least": (
        {"optimum-0": "5"},
        "need-0",
        "The amount needed must be above zero, and not more than the stretch goal",
    ),
    "listed twice": ({"need-4": "MIN.ELEC"}, "need-4", "This need is listed twice."),
}


@pytest.mark.parametrize(("change", "place", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_need_is_named_in_its_row_and_all_is_kept_as_typed(
    quick_town: Town, change: dict[str, str], place: str, sentence: str
) -> None:
    before = quick_town.rows()
    answer = send(quick_town, "wrong", **change)
    assert (answer.status_code, quick_town.rows()) == (422, before)
    assert re.search(rf'href="#{place}">[^<]*{sentence}', answer.text)
    assert f'id="need-{place[-1]}-error">' in answer.text
    for name, value in {**WELL, **change}.items():
        # A list shows what it offers only.
        if value.strip() and (name != place or not name.startswith("need")):
            kept = html.escape(value)
            assert f'value="{kept}"' in answer.text or f">{kept}</" in answer.text, name


@pytest.mark.parametrize(
    ("change", "place", "sentence"),
    [
        ({"deadline_on": ""}, "deadline_on", "needs a last day"),
        ({"deadline_on": "2026-01-01"}, "deadline_on", "before the start"),
        ({"slug": "solar-roof"}, "slug", "Another campaign already uses this address."),
        ({"currencies": "EUR"}, "currencies", "one currency"),
        (NOTHING, "needs", "Enter at least one need of the campaign."),
    ],
)
def test_what_a_campaign_cannot_be_is_said_at_its_field(
    quick_town: Town, change: dict[str, str], place: str, sentence: str
) -> None:
    before = quick_town.rows()
    answer = send(quick_town, "cannot", **change)
    assert answer.status_code in (409, 422)
    assert re.search(rf'href="#{place}">[^<]*{sentence}', answer.text)
    assert f'id="{place}"' in answer.text
    assert quick_town.rows() == before


def test_a_campaign_that_keeps_what_it_raises_needs_no_last_day(quick_town: Town) -> None:
    """The control of the case above."""
    answer = send(quick_town, "endless", mode="keep_what_you_raise", deadline_on="")
    assert answer.status_code == 303


def test_a_campaign_that_begins_later_says_from_when(quick_town: Town) -> None:
    assert send(quick_town, "later", opens_on="2026-12-24", action="open").status_code == 303
    for path in ("/campaigns/later", "/"):
        page = quick_town.client().get(path).text
        assert "from Dec 24, 2026" in page
        assert f"{HOME}/campaigns/later/pledge" not in page
        assert 'href="/campaigns/later/pledge"' not in page


def test_another_communitys_draft_is_not_found_through_ones_own_book(town: Town) -> None:
    path = town.address("calls.change", code="B")
    client = town.client("other treasurer")
    before = town.rows()
    assert client.get(path).status_code == client.get(f"{path}/preview").status_code == 404
    answer = client.post(path, data={**WELL, "slug": "a-draft", "action": "open"})
    assert (answer.status_code, town.rows()) == (404, before)
    assert set(seen_by(town, "nobody", "a-draft").values()) == {False}


def test_a_draft_is_thrown_away_once_asked_and_its_address_is_free_again(town: Town) -> None:
    path = drafted(town, "fleeting")
    client = town.client("treasurer")
    assert f'href="{path}/throw-away"' in client.get(path).text
    before = town.rows()
    assert "Delete “Water for the gardens”?" in client.get(f"{path}/throw-away").text
    assert town.rows() == before
    answer = client.post(f"{path}/throw-away")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/books/A/campaigns")
    assert "” was deleted" in client.get("/books/A/campaigns").text
    gone = {name: before[name] - count for name, count in town.rows().items()}
    assert {name: count for name, count in gone.items() if count} == {
        "campaign": 1,
        "campaign_need": 3,
    }
    # A second time, and whatever else was open in another window.
    for again in (client.post(f"{path}/throw-away"), client.get(path), send(town, "x", path)):
        assert again.status_code == 404
        assert "This draft does not exist. It was opened or deleted." in again.text
    assert send(town, "fleeting").status_code == 303


def test_what_is_open_or_of_another_book_is_not_thrown_away(town: Town) -> None:
    path = drafted(town, "lasting")
    elsewhere = path.replace("/A/", "/B/") + "/throw-away"
    before = town.rows()
    assert town.client("other treasurer").get(elsewhere).status_code == 404
    assert town.client("other treasurer").post(elsewhere).status_code == 404
    send(town, "lasting", path, action="open")
    assert town.client("treasurer").post(f"{path}/throw-away").status_code == 404
    assert town.rows() == before


def test_a_draft_that_a_sponsor_would_match_says_why_it_stays(town: Town) -> None:
    path = drafted(town, "matched")
    client = town.client("treasurer")
    terms = {"name": "Sam", "email": "sam@example.org", "campaign": "matched", "percent": "100"}
    terms |= {"up_to": "1000", "reason": "A letter", "action": "propose"}
    assert client.post("/books/A/sponsors", data=terms).status_code == 303
    before = town.rows()
    answer = client.post(f"{path}/throw-away")
    assert (answer.status_code, town.rows()) == (409, before)
    assert "This draft has pledges, so it cannot be deleted." in answer.text


WORDS = {
    "title": "A <b>deep</b> well",
    "summary": "Clear water",
    "story": "We dig.\n\nAnd deeper.",
    "label-0": "Pipes & pumps",
    "label-1": "Wiring",
    "label-2": "A projector",
    "acceptance": "by_hand",
    "action": "keep",
}


def opened(town: Town, slug: str, **change: str) -> str:
    """Open a campaign and return the address where it is corrected."""
    assert send(town, slug, action="open", **change).status_code == 303
    return f"/books/A/campaigns/{slug}/correct"


def promised(town: Town, slug: str) -> None:
    answers = {"money": "5", "name": "Ada", "email": "ada@example.org", "consent": "name"}
    answer = town.client().post(f"/campaigns/{slug}/pledge", data=answers | {"form_key": slug})
    assert answer.status_code == 303


@pytest.mark.parametrize("endpoint", ["calls.throw_away", "calls.correct"])
def test_a_form_from_elsewhere_changes_nothing(db: Database, endpoint: str) -> None:
    town = found_town(db, csrf=True)
    client = town.client("treasurer")
    answers = WORDS if endpoint == "calls.correct" else {}
    before = town.rows()
    path = town.address(endpoint)
    assert client.post(path, data=answers).status_code == 400
    assert town.rows() == before
    # Control: with the form's own token it is done.
    token = {"csrf_token": token_in(client.get(path))}
    assert client.post(path, data=answers | token).status_code == 303
    assert town.rows() != before


def test_words_are_corrected_on_a_page_and_everybody_sees_that_they_were(town: Town) -> None:
    path = opened(town, "wordy")
    promised(town, "wordy")
    client = town.client("treasurer")
    assert f'href="{path}"' in client.get("/campaigns/wordy").text
    assert f'href="{path}"' in client.get("/books/A/campaigns").text
    assert path not in town.client("member").get("/campaigns/wordy").text
    # It asks for words alone.
    asked = re.findall(r'<(?:input|textarea|select) id="([^"]+)"', client.get(path).text)
    assert {*asked, "acceptance", "action"} == set(WORDS)
    answer = client.post(path, data=WORDS)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/campaigns/wordy")
    stranger = town.client().get("/campaigns/wordy").text
    for text in ("A &lt;b&gt;deep&lt;/b&gt; well", "Pipes &amp; pumps", "<p>And deeper.</p>"):
        assert text in stranger
    assert "Corrected on Nov 2, 2026." in stranger
    # What it said, and who changed it, is for those who may read the books.
    for old in ("Water for the gardens", "Treasurer"):
        assert old not in stranger
        assert old in town.client("auditor").get("/campaigns/wordy").text
    assert set(seen_by(town, "nobody", "wordy").values()) == {True}


KEPT = {
    "mode": ({"mode": "keep_what_you_raise"}, "mode", "What happens below a minimum stays"),
    "last day": ({"deadline_on": "2027-01-31"}, "deadline_on", "The last day stays"),
    "no last day": (
        {"deadline_on": "", "mode": "keep_what_you_raise"},
        "deadline_on",
        "The last day stays",
    ),
    "first day": ({"opens_on": "2026-02-01"}, "opens_on", "The first day stays"),
    "fund": ({"fund": "SOLAR"}, "fund", "The fund stays"),
    "fees": ({"fee_bearer": "general"}, "fee_bearer", "Who bears the payment fees stays"),
    "currencies": ({"currencies": "EUR"}, "currencies", "The list of other currencies stays"),
    "address": ({"slug": "another"}, "slug", "The address stays"),
    "minimum": ({"minimum-0": "1,250.49"}, "needs", "The minimum and optimum of “Pipes” stay"),
    "hours": ({"optimum-1": "13"}, "needs", "The minimum and optimum of “Wiring” stay"),
    "of another kind": ({"need-2": "MIN.ELEC"}, "needs", "minimum and optimum of “A projector”"),
}


@pytest.mark.parametrize(("change", "place", "sentence"), KEPT.values(), ids=KEPT.keys())
def test_what_was_promised_by_is_not_changed_and_the_words_are_kept_as_typed(
    town: Town, change: dict[str, str], place: str, sentence: str
) -> None:
    """As by a form that was open before anybody had promised."""
    slug = f"kept-{new_id()}"
    path = opened(town, slug)
    promised(town, slug)
    before = town.rows()
    answer = town.client("treasurer").post(path, data={**WORDS, **change})
    assert (answer.status_code, town.rows()) == (422, before)
    assert re.search(rf'href="#{place}">[^<]*{sentence}', answer.text)
    assert f'id="{place}"' in answer.text
    assert 'value="Clear water"' in answer.text
    assert 'value="A &lt;b&gt;deep&lt;/b&gt; well"' in answer.text
    assert "Water for the gardens" in town.client().get(f"/campaigns/{slug}").text


def test_before_anybody_has_promised_all_but_the_address_is_corrected(town: Town) -> None:
    path = opened(town, "early")
    client = town.client("treasurer")
    form = client.get(path).text
    assert 'name="deadline_on"' in form
    assert 'name="slug"' not in form
    change = {**WELL, "mode": "keep_what_you_raise", "deadline_on": "", "minimum-0": "900"}
    assert client.post(path, data={**change, "action": "keep"}).status_code == 303
    with town.db.snapshot() as session:
        row = session.scalars(select(Campaign).where(Campaign.slug == "early")).one()
        (kept,) = changes_of(session, campaign_id=row.id)
        assert needs_of(session, campaign_id=row.id)[0].minimum == 90_000
    assert (row.mode, row.deadline_on) == ("keep_what_you_raise", None)
    assert set(kept.earlier) == {"mode", "deadline_on", "needs"}
    for old in ("all or nothing", "2026-12-31", "1,250.50"):
        assert old in client.get("/campaigns/early").text
    assert client.post(path, data={**change, "action": "open"}).status_code == 409
    promised(town, "early")
    assert 'name="deadline_on"' not in client.get(path).text
    # The whole form, still open in another window: what it leaves as it is, it may say.
    rows = {"need-1": "MIN.ELEC", "label-1": "Wires", "minimum-1": "12:30", "optimum-1": "12:30"}
    rows |= {"need-2": "EQP.PROJECTOR", "label-2": "A beamer", "minimum-2": "1", "optimum-2": "2"}
    whole = {name: text for name, text in change.items() if not name.endswith("-4")} | rows
    assert client.post(path, data={**whole, "action": "keep"}).status_code == 303
    late = client.post(path, data={**whole, "minimum-0": "800", "action": "keep"})
    assert late.status_code == 422


def test_what_is_over_or_of_another_book_is_not_corrected(town: Town) -> None:
    path = opened(town, "ended")
    before = town.rows()
    elsewhere = path.replace("/A/", "/B/")
    for who, wrong in (
        ("other treasurer", elsewhere),
        ("treasurer", path.replace("ended", "a-draft")),
        ("treasurer", path.replace("ended", "none")),
    ):
        assert town.client(who).get(wrong).status_code == 404
        assert town.client(who).post(wrong, data=WORDS).status_code == 404

    def end(session: Session) -> None:
        row = session.scalars(select(Campaign).where(Campaign.slug == "ended")).one()
        row.state = CampaignState.CLOSED

    town.tell(end)
    client = town.client("treasurer")
    assert client.post(path, data=WORDS).status_code == 404
    assert path not in client.get("/campaigns/ended").text
    assert path not in client.get("/books/A/campaigns").text
    assert town.rows() == before


def test_a_pledge_is_made_to_what_the_campaign_says_when_it_is_made(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A correction comes between the look at the campaign and the pledge to it."""
    path = opened(town, "changing", mode="keep_what_you_raise")
    offer = pledge_pages._offer

    def meanwhile(campaign: Campaign, offered: Offered, way: Way) -> Offer:
        change = {**WELL, "mode": "all_or_nothing", "action": "keep"}
        # In a thread: what one request knows of its visitor, another inside it would know, too.
        with ThreadPoolExecutor(1) as other:
            answer = other.submit(lambda: town.client("treasurer").post(path, data=change))
        assert answer.result().status_code == 303
        return offer(campaign, offered, way)

    monkeypatch.setattr(pledge_pages, "_offer", meanwhile)
    promised(town, "changing")
    with town.db.snapshot() as session:
        row = session.scalars(select(Campaign).where(Campaign.slug == "changing")).one()
        made = session.scalars(select(Pledge).where(Pledge.campaign_id == row.id)).one()
    assert (row.mode, made.legal_nature) == ("all_or_nothing", "conditional")
