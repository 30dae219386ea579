"""Web server, worker and sandbox as processes of their own, donors who do not give up, and
somebody who kills the processes at random."""

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import requests
from requests.adapters import HTTPAdapter

from tests.faults.conftest import ROOT, Sandbox
from tests.ports import free_port

PATIENCE_SECONDS = 240


class From(HTTPAdapter):
    """Connections from an address of one's own: each donor is another visitor."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **named)


@dataclass
class Town:
    """The three processes on one database."""

    database_url: str
    data: Path
    port: int = field(default_factory=free_port)
    sandbox: Sandbox = field(init=False)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    kills: int = 0

    def __post_init__(self) -> None:
        self.sandbox = Sandbox(
            free_port(), self.data / "sandbox.db", f"{self.base}/webhooks/stripe"
        )

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.sandbox.start()
        self.sandbox.control("set", settle_seconds="0", payout_seconds="864000000")
        self.begin("serve", "--port", str(self.port))
        self.begin("worker")

    def begin(self, name: str, *options: str) -> None:
        environ = {
            **os.environ,
            "POOLBOOK_DATABASE_URL": self.database_url,
            "POOLBOOK_DATA": str(self.data),
            "POOLBOOK_BASE_URL": self.base,
            "STRIPE_SECRET_KEY": "sk_test_faults",
            "STRIPE_WEBHOOK_SECRET": "whsec_faults",
            "STRIPE_API_BASE": self.sandbox.url,
        }
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-c", "from wsgi import main; main()", name, *options],
            cwd=ROOT,
            env=environ,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )

    def kill(self, name: str) -> None:
        """End a process as a power cut does, and start it again."""
        self.kills += 1
        if name == "sandbox":
            self.sandbox.restart()
            return
        self._end(self.processes[name])
        self.begin(name, *(("--port", str(self.port)) if name == "serve" else ()))

    def stop(self) -> None:
        for process in self.processes.values():
            self._end(process)
        self.sandbox.kill()

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        # The web server's workers with it: a power cut spares none.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def pay(self, basket_id: UUID, number: int) -> None:
        """Ask for the payment page and pay there, however often it takes."""
        donor = requests.Session()
        donor.mount(self.base, From(f"127.0.{1 + number // 250}.{1 + number % 250}"))
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                thanks = donor.get(f"{self.base}/baskets/{basket_id}/thanks", timeout=60).text
                token = re.search(r'name="csrf_token" value="([^"]+)"', thanks)
                answer = donor.post(
                    f"{self.base}/baskets/{basket_id}/pay",
                    data={"csrf_token": token[1] if token else ""},
                    allow_redirects=False,
                    timeout=60,
                )
                where = answer.headers.get("Location", "")
                if answer.status_code == 303 and not where.startswith(self.sandbox.url):
                    return
                if answer.status_code == 303 and self.sandbox.pay(where).status_code == 303:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.3)
        raise AssertionError(f"donor {number} gave up")


def torment(
    town: Town, *, seed: int, pause: tuple[float, float], most: int, done: threading.Event
) -> None:
    """Kill one of the processes now and then, until told to stop or for so many times."""
    chance = random.Random(seed)
    while town.kills < most and not done.wait(chance.uniform(*pause)):
        town.kill(chance.choice(("serve", "worker", "sandbox")))
