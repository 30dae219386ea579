"""The check of our libraries fails for a known vulnerability, and says when nothing was checked."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.ports import free_port

ROOT = Path(__file__).parents[1]
FOUND = {"id": "GHSA-test", "modified": "2026-01-01T00:00:00Z"}
ABOUT = {
    **FOUND,
    "summary": "Flask does what it should not.",
    "affected": [{"package": {"ecosystem": "PyPI", "name": "flask"}, "versions": []}],
}


class Database(BaseHTTPRequestHandler):
    """As much of OSV as is asked for; it knows something of one library, or of none."""

    bad = ""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        known = [{"vulns": [FOUND]} if one["package"]["name"] == self.bad else {} for one in asked]
        assert len(known) > 50
        self.answer({"results": known})

    def do_GET(self) -> None:
        self.answer(ABOUT)

    def answer(self, found: object) -> None:
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Keep quiet."""


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database that knows what the test says."""
    handler = type("Handler", (Database,), {"bad": request.param})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def audit(url: str) -> subprocess.CompletedProcess[str]:
    path = f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", ".ci/audit"],
        cwd=ROOT,
        env={**os.environ, "OSV_URL": url, "PATH": path, "UV_HTTP_RETRIES": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("database", ["flask"], indirect=True)
def test_a_library_with_a_known_vulnerability_fails_the_build(database: str) -> None:
    done = audit(database)
    assert done.returncode == 1
    assert "GHSA-test" in done.stdout
    assert "flask" in done.stdout


@pytest.mark.parametrize("database", [""], indirect=True)
def test_libraries_without_one_pass(database: str) -> None:
    assert audit(database).returncode == 0


def test_a_database_that_cannot_be_reached_is_named() -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    done = audit(url)
    assert done.returncode == 0
    assert f"NOT CHECKED: the database of known vulnerabilities at {url}" in done.stdout
