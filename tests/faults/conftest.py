"""A sandbox as a process of its own, and a pledge of money to pay through it."""

import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from ledger.db import Database
from ledger.models.pledges import Pledge
from tests.factories import make_book, make_campaign, make_fund, make_party, make_pledge
from tests.faults.actor import speak
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
AUTH = ("sk_test_faults", "")


@dataclass
class Sandbox:
    """The sandbox server; it can be killed and started again on the same state."""

    port: int
    state: Path
    webhook: str | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "ledger.sandbox", "--port", str(self.port)]
        command += ["--state", str(self.state), "--settle-seconds", "0"]
        if self.webhook:
            command += ["--webhook", self.webhook, "--webhook-secret", "whsec_faults"]
        self.process = subprocess.Popen(command, cwd=ROOT)
        for _ in range(200):
            try:
                if requests.get(f"{self.url}/healthz", timeout=1).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.05)
        raise AssertionError("the sandbox does not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def restart(self) -> None:
        self.kill()
        self.start()

    def list(self, path: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url}/v1/{path}?limit=100", auth=AUTH, timeout=60)
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    def control(self, lever: str, /, **values: str) -> Any:
        answer = requests.post(f"{self.url}/_test/{lever}", data=values, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    def pay(
        self, url: str, card: str = "4242424242424242", bank: str | None = None
    ) -> requests.Response:
        sent = {"bank": bank} if bank else {"card": card}
        return requests.post(url, data=sent, allow_redirects=False, timeout=60)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A running sandbox."""
    server = Sandbox(free_port(), tmp_path / "sandbox.db")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def pledge(db: Database) -> Pledge:
    """A pledge of 60.00 that nobody has paid yet."""
    with db.transaction() as session:
        book = make_book(session)
        fund = make_fund(session, book, "SOLAR", "purpose")
        make_fund(session, book)
        return make_pledge(session, make_campaign(session, book, fund), make_party(session))


# Forked from a process that has read the program: what is killed is a process all the same.
WARM = multiprocessing.get_context("forkserver")
WARM.set_forkserver_preload(["tests.faults.actor"])


@dataclass(frozen=True)
class Run:
    """How a process ended: negative for a signal; what it wrote."""

    returncode: int | None
    stdout: str
    stderr: str


def act(role: str, database_url: str, sandbox: Sandbox, pledge: Pledge, last: int = 0) -> Run:
    """Run one process of the path, killed at step ``last`` unless that is 0."""
    said, wrong = (sandbox.state.with_name(name) for name in ("stdout", "stderr"))
    told = (role, database_url, sandbox.url, str(pledge.id), str(last))
    process = WARM.Process(target=speak, args=(said, wrong, told))
    process.start()
    process.join(60)
    return Run(process.exitcode, said.read_text(), wrong.read_text())


def done(role: str, database_url: str, sandbox: Sandbox, pledge: Pledge) -> str:
    """Run one process of the path to its end and return what it said."""
    run = act(role, database_url, sandbox, pledge)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()
