"""Proxies: the program starts at a public address only once somebody has said what stands there."""

import logging
import threading
from dataclasses import replace
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import waitress
from waitress import wasyncore

from ledger import serving
from ledger.config import check_proxies, from_environment
from ledger.db import Database
from ledger.errors import Invalid
from ledger.web.site.visitors import came_from
from tests.conftest import NOW
from tests.worlds.town import found_town, settings_of
from wsgi import create_app

VARIABLE = "POOLBOOK_TRUSTED_PROXIES"


def start(folder: Path, base_url: str, proxies: str | None) -> int:
    """How many proxies a program trusts that is started with these settings."""
    environ = {"POOLBOOK_DATA": str(folder), "POOLBOOK_BASE_URL": base_url}
    if proxies is not None:
        environ[VARIABLE] = proxies
    settings = from_environment(environ)
    check_proxies(settings)
    return settings.trusted_proxies


@pytest.mark.parametrize(
    "base_url",
    [
        "https://books.example.org",
        "https://192.0.2.7",
        "https://[2001:db8::1]:8443",
        "https://books",
    ],
)
def test_a_public_address_needs_the_number_of_proxies(tmp_path: Path, base_url: str) -> None:
    with pytest.raises(Invalid, match=f"{VARIABLE} is not set") as refused:
        start(tmp_path, base_url, None)
    assert refused.value.place == VARIABLE
    assert base_url in refused.value.message
    assert start(tmp_path, base_url, "0") == 0
    assert start(tmp_path, base_url, "2") == 2


@pytest.mark.parametrize(
    "base_url",
    [
        "http://books.example.org",
        "http://127.0.0.1:8000",
        "https://localhost",
        "https://books.localhost:8000",
        "https://127.0.0.2",
        "https://[::1]:8000",
    ],
)
def test_a_machine_of_ones_own_starts_without(tmp_path: Path, base_url: str) -> None:
    assert start(tmp_path, base_url, None) == 0


@pytest.mark.parametrize("proxies", ["-1", "10", "one", "1.0", "²"])
def test_a_number_of_proxies_that_is_none_is_refused(tmp_path: Path, proxies: str) -> None:
    with pytest.raises(Invalid) as refused:
        start(tmp_path, "https://books.example.org", proxies)
    assert refused.value.place == VARIABLE


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_forwarded_headers_that_nobody_vouches_for_are_reported_once(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    client = found_town(db).client()
    with caplog.at_level(logging.WARNING, "poolbook.web"):
        client.get("/healthz")
        assert not caplog.records
        for n in range(3):
            client.get("/healthz", headers={"X-Forwarded-For": f"203.0.113.{n}"})
    assert [record.getMessage() for record in caplog.records] == [
        "requests carry forwarded addresses, which are ignored: POOLBOOK_TRUSTED_PROXIES is 0"
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("proxies", "seen"), [(0, "127.0.0.1"), (1, "203.0.113.7")])
def test_the_server_passes_on_what_a_proxy_wrote(db: Database, proxies: int, seen: str) -> None:
    """By way of the real server, which removes such headers if it is not told to keep them."""
    app = create_app(
        replace(settings_of(db.url), trusted_proxies=proxies), db=db, clock=lambda: NOW
    )
    app.add_url_rule("/seen", view_func=came_from)
    server = waitress.create_server(app, host="127.0.0.1", port=0, **serving.connections())
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            wasyncore.loop(timeout=0.02, count=1, map=server._map)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        asked = Request(
            f"http://127.0.0.1:{server.effective_port}/seen",
            headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7"},
        )
        with urlopen(asked, timeout=20) as answer:
            assert answer.read().decode() == seen
    finally:
        done.set()
        thread.join()
        server.task_dispatcher.shutdown()
        server.close()
