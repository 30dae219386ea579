"""The whole program as its own processes, and a real browser on its pages."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect, sync_playwright

from ledger.db import Database
from ledger.demo import fill
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
KEY = "sk_test_journey"
SECRET = "whsec_journey"
# A bound, not a wait: a busy machine may take long.
PATIENCE_MILLISECONDS = 120_000
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""


@dataclass
class Running:
    """A running Poolbook: where it is, and its environment for the command line."""

    url: str
    sandbox: str
    environ: dict[str, str]
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def command(self, *arguments: str) -> str:
        """Run the command line and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-c", "from wsgi import main; main()", *arguments],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *arguments: str) -> None:
        with (self.folder / f"{arguments[0]}.log").open("wb") as console:
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, "-c", "from wsgi import main; main()", *arguments],
                    cwd=ROOT,
                    env=self.environ,
                    stdout=console,
                    stderr=console,
                    process_group=0,
                )
            )

    def log(self, process: str) -> str:
        """Return what a process has printed on its console."""
        return (self.folder / f"{process}.log").read_text()


@pytest.fixture
def running(database_url: str, tmp_path: Path) -> Iterator[Running]:
    """Poolbook with its demo data, a worker and the Stripe sandbox, each its own process."""
    db = Database(database_url)
    fill(db, today=datetime.now(UTC).date())
    db.dispose()
    yield from run_all(database_url, tmp_path)


def run_all(database_url: str, folder: Path) -> Iterator[Running]:
    """Run web server, worker and sandbox on a database until the tests are over."""
    port, sandbox = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "POOLBOOK_DATA": str(folder),
        "POOLBOOK_DATABASE_URL": database_url,
        "POOLBOOK_BASE_URL": url,
        "POOLBOOK_DEMO": "1",
        "STRIPE_SECRET_KEY": KEY,
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "STRIPE_API_BASE": f"http://127.0.0.1:{sandbox}",
    }
    found = Running(url, f"http://127.0.0.1:{sandbox}", environ, folder)
    state = ["--state", str(folder / "stripe.db")]
    hook = ["--webhook", f"{url}/webhooks/stripe", "--webhook-secret", SECRET]
    found.start("sandbox", "--port", str(sandbox), *state, *hook)
    found.start("worker")
    found.start("serve", "--port", str(port))
    # The sandbox may be the last to come up: the other two start without it.
    _wait(f"{found.sandbox}/healthz")
    _wait(f"{url}/healthz")
    yield found
    for process in found.processes:
        # The web server's workers with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not CHROMIUM:
        pytest.fail("chromium is not installed; run make setup as root or install it")
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh window that fails the test when a page throws or breaks its content policy."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MILLISECONDS)
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on(
        "console",
        lambda message: problems.append(message.text) if message.type == "error" else None,
    )
    yield opened
    context.close()
    assert not problems, problems


def _wait(url: str) -> None:
    until = time.monotonic() + PATIENCE_MILLISECONDS / 1000
    while time.monotonic() < until:
        try:
            if requests.get(url, timeout=2).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            pass
        time.sleep(0.2)
    raise AssertionError("Poolbook does not come up")
