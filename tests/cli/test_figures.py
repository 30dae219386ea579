"""``poolbook figures``: by scope and period, as JSON and as text."""

import pytest

from ledger.db import Database
from tests.cli.conftest import Run
from tests.worked import WORKED, load_worked_books


@pytest.fixture
def worked(database_url: str) -> None:
    """The worked books, all of one day."""
    db = Database(database_url)
    load_worked_books(db)
    db.dispose()


@pytest.mark.usefixtures("worked")
def test_figures_of_a_community_a_pool_and_everything(run: Run) -> None:
    community = run("figures", "--book", "A", "--json")
    assert community.code == 0
    assert (community.json["scope"], community.json["name"]) == ("community", "A")
    assert (community.json["from"], community.json["to"]) == (None, None)
    of = {row["commodity"]: row for row in community.json["figures"]}
    # A refund that bounced, and what the pool's current account says (domain section 8.5).
    assert of["USD"]["held"] == 2_500 + 29_520
    assert of["MIN.ELEC"]["received"] == 390
    pool = {
        row["commodity"]: row for row in run("figures", "--pool", "P", "--json").json["figures"]
    }
    # The gift was charged back; 1,300.00 and a fee went out, 50.00 came back.
    assert pool["USD"]["received"] == 0
    assert (pool["USD"]["from_communities"], pool["USD"]["to_communities"]) == (160_000, 127_500)
    whole = {row["commodity"]: row for row in run("figures", "--json").json["figures"]}
    assert (whole["USD"]["from_communities"], whole["USD"]["passed_on"]) == (0, 25_000)


@pytest.mark.usefixtures("worked")
def test_figures_of_the_funds_add_up_to_those_of_their_book(run: Run) -> None:
    received = 0
    for code in (fund["code"] for fund in WORKED["funds"] if fund["book"] == "A"):
        shown = run("figures", "--book", "A", "--fund", code, "--json").json
        assert (shown["scope"], shown["name"]) == ("fund", code)
        received += sum(row["received"] for row in shown["figures"] if row["commodity"] == "USD")
    whole = run("figures", "--book", "A", "--json").json["figures"]
    assert received == next(row["received"] for row in whole if row["commodity"] == "USD") > 0
    pool = run("figures", "--pool", "P", "--fund", "JOINT", "--json").json
    assert pool["figures"]


@pytest.mark.usefixtures("worked")
def test_a_period_is_asked_for_by_its_days(run: Run) -> None:
    def received(*days: str) -> int:
        rows = run("figures", "--book", "A", *days, "--json").json["figures"]
        return next((row["received"] for row in rows if row["commodity"] == "USD"), 0)

    so_far = received()
    assert so_far > 0
    assert received("--from", "2026-03-01", "--to", "2026-03-01") == so_far
    assert received("--to", "2026-02-28") == 0
    assert received("--from", "2026-03-02") == 0


@pytest.mark.usefixtures("worked")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--book", "A", "--pool", "P"), 2),
        (("--from", "2026-03-02", "--to", "2026-03-01"), 1),
        (("--from", "March"), 2),
        (("--book", "NOBODY"), 1),
        (("--book", "P"), 1),
        (("--pool", "A"), 1),
        (("--campaign", "nothing"), 1),
        (("--fund", "GEN"), 2),
        (("--campaign", "nothing", "--fund", "GEN"), 2),
        (("--book", "A", "--fund", "NONE"), 1),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    run: Run, arguments: tuple[str, ...], code: int
) -> None:
    refused = run("figures", *arguments, "--json")
    assert (refused.code, refused.out) == (code, "")
    assert refused.err


@pytest.mark.usefixtures("worked")
def test_people_read_words(run: Run) -> None:
    said = run("figures", "--book", "A").out
    assert "received" in said
    assert "320.20 USD" in said
    assert "6 h 30 min" in said
