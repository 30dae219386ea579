"""One line for each request: who asked for which page, how it went, and nothing that was typed."""

import logging
from functools import wraps
from typing import Any

import pytest

from ledger import logs
from ledger.web.serving import request_log
from tests.worlds.town import Town

TYPED = "dora.donor@example.org"


def fields(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The fields of the requests' lines."""
    return [
        getattr(record, logs.FIELDS)
        for record in caplog.records
        if record.name == "poolbook.requests"
    ]


def text(caplog: pytest.LogCaptureFixture) -> str:
    """Everything that was logged, as it is written."""
    return caplog.text


@pytest.fixture(autouse=True)
def _everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "poolbook")
    caplog.handler.setFormatter(logs.Text())


def test_a_request_is_one_line_with_its_id(
    quick_town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    answer = quick_town.client("treasurer").get("/books/A/journal")
    (line,) = fields(caplog)
    milliseconds = line.pop("ms")
    assert isinstance(milliseconds, int)
    assert line == {
        "method": "GET",
        "route": "journal.show",
        "status": 200,
        "user": quick_town.people["treasurer"],
        "book": "A",
    }
    assert f"request={answer.headers[request_log.HEADER]}" in text(caplog)
    # What the same thread does afterwards belongs to no request.
    request_log.log.warning("afterwards")
    assert "request=" not in text(caplog).splitlines()[-1]


@pytest.mark.parametrize(
    ("who", "path", "status", "route"),
    [
        ("nobody", f"/{TYPED}", 404, None),
        ("member", f"/books/{TYPED}/journal", 404, "journal.show"),
        ("other treasurer", "/books/A/statements", 404, "statements.show"),
        ("nobody", "/books/A/statements", 302, "statements.show"),
        ("nobody", f"/sign-in/{TYPED}", 403, "sign_in.confirm"),
        ("nobody", f"/campaigns?{TYPED}={TYPED}", 200, "home.all_campaigns"),
    ],
)
def test_what_is_refused_or_not_there_is_a_line_without_what_was_typed(
    quick_town: Town,
    caplog: pytest.LogCaptureFixture,
    who: str,
    path: str,
    status: int,
    route: str | None,
) -> None:
    answer = quick_town.client(who).get(path, headers={"User-Agent": TYPED, "Referer": TYPED})
    (line,) = fields(caplog)
    assert line["status"] == answer.status_code
    assert TYPED not in text(caplog)
    assert "dora" not in text(caplog)
    assert (line["status"], line["route"]) == (status, route)


def test_a_form_leaves_nothing_of_its_answers(
    quick_town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/sign-in", "/campaigns/solar-roof/pledge"):
        quick_town.client().post(path, data={"email": TYPED, "name": "Dora Donor", "x": TYPED})
    assert len(fields(caplog)) == 2
    assert "dora" not in text(caplog).lower()


def test_a_method_that_somebody_made_up_is_not_repeated(
    quick_town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    quick_town.client().open("/", method="DORA")
    assert [line["method"] for line in fields(caplog)] == ["other"]
    assert "DORA" not in text(caplog)


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [("journal.show", "/books/A/journal"), ("api_campaigns.index", "/api/v1/campaigns")],
)
def test_a_defect_is_told_by_its_frames_and_the_request_it_belongs_to(
    quick_town: Town,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    endpoint: str,
    path: str,
) -> None:
    @wraps(quick_town.app.view_functions[endpoint])
    def broken(**_asked: str) -> None:
        address = TYPED
        raise ValueError(f"no such person: {address}")

    monkeypatch.setitem(quick_town.app.view_functions, endpoint, broken)
    answer = quick_town.client("treasurer").get(path)
    assert answer.status_code == 500
    written = text(caplog)
    assert f"route={endpoint}" in written
    assert "ValueError < tests/web/test_request_log.py:" in written
    assert written.count(f"request={answer.headers[request_log.HEADER]}") == 2
    assert "dora" not in written
    # The control: the error does hold the address.
    with pytest.raises(ValueError, match=TYPED):
        broken()
