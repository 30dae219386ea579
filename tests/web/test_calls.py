"""A campaign written by a treasurer: drafted where nobody sees it, corrected, opened."""

import html
import re

import pytest
from sqlalchemy import select

from ledger.models.campaigns import Campaign
from ledger.queries.campaigns import needs_of
from tests.web.town import HOME, TODAY, Town

WELL = {
    "title": "Water for the gardens",
    "summary": "A well",
    "story": "We dig.",
    "fund": "GEN",
    "mode": "all_or_nothing",
    "fee_bearer": "fund",
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


def send(town: Town, address: str, path: str = "/books/A/campaigns/new", **change: str):
    answers = {**WELL, "slug": address, "deed": "keep", **change}
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
    answer = send(town, "gardens", path, title="Water, at last", deed="open")
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
    typed = dict(re.findall(r'name="((?:minimum|optimum)-\d)" value="([^"]*)"', page))
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
    "best below least": ({"optimum-0": "5"}, "need-0", "at most the optimum"),
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
        ({"slug": "solar-roof"}, "slug", "There is a campaign at this address already."),
        ({"currencies": "EUR"}, "currencies", "one currency"),
        (NOTHING, "needs", "Say what the campaign needs."),
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
    assert send(quick_town, "later", opens_on="2026-12-24", deed="open").status_code == 303
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
    answer = client.post(path, data={**WELL, "slug": "a-draft", "deed": "open"})
    assert (answer.status_code, town.rows()) == (404, before)
    assert set(seen_by(town, "nobody", "a-draft").values()) == {False}
