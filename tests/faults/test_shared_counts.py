"""Several worker processes count requests together, and a dead one takes nothing away."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
ASKED = 40
SECONDS = 30


@pytest.fixture
def server(tmp_path: Path, sqlite_template: Path) -> Iterator[str]:
    """A real server with two workers, and counts of an earlier one on the disk."""
    port, data = free_port(), tmp_path / "data"
    left = data / "metrics" / str(port) / "counter_1.db"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"left by an earlier run")
    environ = {
        **os.environ,
        "POOLBOOK_DATA": str(data),
        "POOLBOOK_DATABASE_URL": f"sqlite:///{sqlite_template}",
    }
    command = [sys.executable, "-c", "from wsgi import main; main()", "serve", "--workers", "2"]
    process = subprocess.Popen(
        [*command, "--port", str(port)], cwd=ROOT, env=environ, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _until(lambda: requests.get(f"{url}/livez", timeout=1).ok)
        yield url
    finally:
        process.terminate()
        process.wait()


def _until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            if is_so():
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.05)
    raise AssertionError("it did not come about")


def _counted(url: str) -> int:
    lines = requests.get(f"{url}/metrics", timeout=10).text.splitlines()
    (line,) = [one for one in lines if 'route="home.all_campaigns",status="200"' in one]
    return int(float(line.split()[-1]))


def test_any_worker_tells_what_all_of_them_did(server: str, tmp_path: Path) -> None:
    # Each request a connection of its own, so that both workers get some.
    for _ in range(ASKED):
        assert requests.get(f"{server}/campaigns", timeout=10).ok
    assert [_counted(server) for _ in range(4)] == [ASKED] * 4
    files = list(tmp_path.glob("data/metrics/*/*"))
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
    assert not [path for path in files if path.name == "counter_1.db"]
    live = {path for path in files if path.name.startswith("gauge_livesum_")}
    # The parent has counted nothing, but has its files as well.
    victim = max(int(path.stem.rsplit("_", 1)[1]) for path in live)
    os.kill(victim, signal.SIGKILL)
    _until(lambda: not list(tmp_path.glob(f"data/metrics/*/gauge_livesum_{victim}.db")))
    _until(lambda: _counted(server) == ASKED)
