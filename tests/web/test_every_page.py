"""Every page of the URL map, asked for by everybody: no surprise, and the headers that protect."""

import pytest
from werkzeug.test import TestResponse

from ledger.db import Database
from ledger.web.site.context import NO_DEVICES
from tests.worlds.town import Town, found_town

CSP = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}
PROTECTING = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": NO_DEVICES,
    "Strict-Transport-Security": "max-age=31536000",
}
# They say 503 when no worker runs, as in these tests.
HEALTH = ("health.ready", "health.show")
REPORT = "?from=2026-01-01&to=2026-12-31"


def surprises(town: Town, who: str) -> list[str]:
    """The pages that answered with a defect."""
    client = town.client(who)
    found = []
    for endpoint in town.endpoints("GET"):
        path = town.address(endpoint)
        # A PDF takes a second; the auditor's is enough.
        if endpoint == "reports.transparency" or (endpoint, who) == ("reports.pdf", "auditor"):
            path += REPORT + "&book=A"
        answer = client.get(path)
        if answer.status_code >= 500 and endpoint not in HEALTH:
            found.append(f"{path}: {answer.status_code}")
    return found


def unprotected(answer: TestResponse) -> list[str]:
    """The protections that an answer lacks."""
    policy = {part.strip() for part in answer.headers.get("Content-Security-Policy", "").split(";")}
    # What somebody attached is shown in a box of its own, in which nothing loads or runs.
    lacking = [] if {"sandbox", "default-src 'none'"} <= policy else sorted(CSP - policy)
    lacking += [name for name, value in PROTECTING.items() if answer.headers.get(name) != value]
    # A page whose address holds a secret tells it to nobody, not even to its own host.
    if answer.headers.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
        lacking.append("Referrer-Policy")
    if "unsafe" in " ".join(policy):
        lacking.append("a policy without 'unsafe'")
    return lacking


def test_no_page_answers_with_a_defect(town: Town) -> None:
    """For everybody else the tests of permissions ask for every page."""
    assert surprises(town, "auditor") == []


def test_a_page_with_a_defect_is_noticed(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    town = found_town(db)
    monkeypatch.setitem(town.app.view_functions, "giving.show", lambda: 1 // 0)
    assert surprises(town, "member") == ["/giving: 500"]
    answer = town.client("auditor").get("/giving")
    assert "give the number" in answer.text
    assert "ZeroDivisionError" not in answer.text
    assert unprotected(answer) == []


@pytest.mark.parametrize("who", ["nobody", "treasurer"])
def test_every_answer_carries_the_headers_that_protect(town: Town, who: str) -> None:
    client = town.client(who)
    paths = [town.address(endpoint) for endpoint in town.endpoints("GET")]
    paths += ["/no/such/page", "/api/v1/no/such/address", "/static/no-such-file", "/c/A%00"]
    # A script without form token, a message without signature, a program without token.
    refused = ("/sign-in", "/webhooks/stripe", "/api/v1/books/A/entries")
    lacking = {path: unprotected(client.get(path)) for path in paths}
    lacking |= {f"POST {path}": unprotected(client.post(path)) for path in refused}
    assert {path: names for path, names in lacking.items() if names} == {}


def test_no_page_may_use_camera_place_or_payment_of_the_browser(town: Town) -> None:
    told = town.client().get("/").headers["Permissions-Policy"].split(", ")
    assert {"camera=()", "geolocation=()", "microphone=()", "payment=()"} <= set(told)
    # Passkeys ask for this one.
    assert not [part for part in told if part.startswith("publickey-credentials")]


def test_the_look_for_headers_notices_one_that_is_missing(town: Town) -> None:
    answer = town.client().get("/")
    del answer.headers["X-Frame-Options"]
    assert unprotected(answer) == ["X-Frame-Options"]
    answer.headers["Content-Security-Policy"] = "default-src *; script-src 'unsafe-inline'"
    assert len(unprotected(answer)) == len(CSP) + 2


def test_no_page_holds_scripts_styles_or_handlers_that_the_policy_would_stop(town: Town) -> None:
    client = town.client("treasurer")
    for endpoint in [*town.endpoints("GET"), "queue.show"]:
        who = town.client("approver") if endpoint == "queue.show" else client
        answer = who.get(town.address(endpoint))
        if answer.mimetype == "text/html":
            for sign in (" style=", "<script>", "<style", " onclick=", "javascript:"):
                assert sign not in answer.text, endpoint


def test_pages_of_signed_in_people_are_not_kept_by_browsers(town: Town) -> None:
    client = town.client("treasurer")
    for endpoint in ("journal.show", "desk.show", "tokens.show", "giving.show"):
        assert client.get(town.address(endpoint)).headers["Cache-Control"] == "no-store"
    assert town.client().get("/").headers["Cache-Control"] == "no-cache"


def test_a_page_that_does_not_exist_says_so_in_plain_words(town: Town) -> None:
    for path in ("/no/such/page", "/campaigns/unknown", "/c/UNKNOWN", "/pools/A", "/c/A%00"):
        answer = town.client().get(path)
        assert (answer.status_code, answer.mimetype) == (404, "text/html"), path
        assert "<h1>" in answer.text
        assert "Traceback" not in answer.text


def test_a_page_that_takes_no_forms_says_what_it_takes(town: Town) -> None:
    answer = town.client().post("/reports")
    assert (answer.status_code, answer.mimetype) == (405, "text/html")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/books/A/journal?account=99999999999999999999",
        "/books/A/journal?account=abc",
        "/books/A/journal?since=2026-02-30",
        "/books/A/journal?before=not-an-id",
        "/books/A/journal?limit=100000",
        "/books/A/journal?limit=-1",
        "/books/A/journal?event_type=" + "x" * 10_000,
        "/books/A/trial-balance?as_of=2026-02-30",
        "/books/A/accounts/1010?since=yesterday",
        "/reports/transparency?from=2026-02-30&to=2026-12-31",
        "/reports/transparency?from=2026-12-31&to=2026-01-01",
        "/reports/transparency.pdf?from=&to=",
        "/reports/transparency?from=2026-01-01&to=2026-12-31&edition=secret",
        "/pools/P/allocate?amount=NaN&rule=equal&purpose=x",
        "/pools/P/allocate?amount=10&rule=chance&purpose=x",
        "/pools/P/allocate?amount=10&rule=weights&weight-A=-1&purpose=x",
        "/pools/P/allocate?amount=10&rule=weights&weight-NOBODY=1&purpose=x",
        "/pools/P/allocate?amount=10&rule=percent&weight-A=101&purpose=x",
        "/pools/P/allocate?amount=999999&rule=equal&purpose=x",
    ],
)
def test_a_wrong_question_in_an_address_is_named_on_the_page(town: Town, path: str) -> None:
    answer = town.client("treasurer" if "/reports" not in path else "auditor").get(path)
    assert answer.status_code == 422, answer.text
    assert any(sign in answer.text for sign in ('class="problem"', 'role="alert"', "notice"))


@pytest.mark.parametrize(
    "path",
    [
        "/books/A/journal/not-an-id",
        "/books/A/journal/01a20b57-6104-7255-82a6-ceea4c0766bf",
        "/books/A/accounts/999999999999999999999",
        "/books/A/accounts/-1",
        "/books/A/statements/01a20b57-6104-7255-82a6-ceea4c0766bf",
        "/books/A/export/exe",
        "/books/a/desk",
        "/books/A%00/desk",
        "/baskets/01a20b57-6104-7255-82a6-ceea4c0766bf/thanks",
        "/things/01a20b57-6104-7255-82a6-ceea4c0766bf/value",
        "/things/01a20b57-6104-7255-82a6-ceea4c0766bf/lend",
    ],
)
def test_an_address_of_nothing_is_not_found(town: Town, path: str) -> None:
    assert town.client("treasurer").get(path).status_code == 404


def test_the_demo_has_its_outbox_and_style_page_and_an_installation_has_not(
    db: Database, now: object
) -> None:
    town = found_town(db, demo=True, base_url="http://127.0.0.1:8000")
    for path in ("/outbox", "/styleguide"):
        assert town.client().get(path).status_code == 200
    assert town.client("treasurer").get("/demo/bank/A.xml").status_code == 200
    assert town.client("other treasurer").get("/demo/bank/A.xml").status_code == 404
    assert "Strict-Transport-Security" not in town.client().get("/").headers
    assert b"http://127.0.0.1:1/_test/" in town.client().get("/").data


def test_an_installation_shows_no_outbox(town: Town) -> None:
    assert b"/_test/" not in town.client().get("/").data
    for path in ("/outbox", "/styleguide", "/demo/bank/A.xml"):
        assert town.client("treasurer").get(path).status_code == 404
