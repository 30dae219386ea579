"""A broken rule stands on the desk; the last good day stands where the public looks."""

from datetime import timedelta

from ledger.queries.invariants import Result
from ledger.services.workflow.nightly import record_check
from tests.conftest import NOW
from tests.worlds.town import Town

HOLDS = Result("I-01", "entries balance", True, 5, None)
BROKEN = Result("I-02", "value legs are money", False, 5, "entry 1")
TILE = "that the nightly check found broken"
GOOD_DAY = "every rule held, on Nov 1, 2026"


def _record(town: Town, *results: Result, days: int) -> None:
    at = NOW + timedelta(days=days)
    town.db.run(lambda session: record_check(session, results=results, duration_ms=1, now=at))


def _tile(town: Town) -> str:
    page = town.client("treasurer").get("/books/A/desk").text
    return page[: page.index(TILE)].rpartition("<b>")[2].partition("</b>")[0]


def test_a_broken_rule_is_on_the_desk_and_the_last_good_day_is_public(town: Town) -> None:
    pages = [("nobody", "/c/A"), ("treasurer", "/reports")]
    assert _tile(town) == "0"
    assert not [path for who, path in pages if "every rule held" in town.client(who).get(path).text]
    _record(town, HOLDS, days=-1)
    _record(town, HOLDS, BROKEN, days=0)
    assert _tile(town) == "1"
    assert [path for who, path in pages if GOOD_DAY in town.client(who).get(path).text] == [
        "/c/A",
        "/reports",
    ]
    _record(town, HOLDS, days=0)
    assert _tile(town) == "0"
    assert GOOD_DAY.replace("Nov 1", "Nov 2") in town.client("nobody").get("/c/A").text
