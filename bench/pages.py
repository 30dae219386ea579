"""Open every page that a community's size could slow down, at two sizes of the store.

For each page: SQL statements, CPU of the web process (median, ms), time as the visitor sees it,
and the size of the answer; beside it a bare Flask and Jinja page of the same size.

    python -m bench.pages [--engine sqlite|postgresql] [--sizes 20000,200000] [--rounds 5]
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask, render_template_string
from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from bench.journal import databases
from bench.store import Store, fill
from bench.work import NOW
from ledger.config import STRIPE_API, Settings
from ledger.db import Database
from ledger.services.people.sessions import start_session
from ledger.web.site import session_cookie
from ledger.web.site.context import parts_of
from wsgi import create_app

HOME = "https://poolbook.example"
# Whose page it is and what it is called; the address comes from the store.
PAGES: tuple[tuple[str, str, str], ...] = (
    ("home", "nobody", "/"),
    ("community", "nobody", "/c/A"),
    ("campaign", "nobody", "/campaigns/{slug}"),
    ("pledge form", "nobody", "/campaigns/{slug}/pledge"),
    ("my giving", "donor", "/giving"),
    ("my data", "donor", "/my-data"),
    ("desk", "treasurer", "/books/A/desk"),
    ("bank", "treasurer", "/books/A/statements"),
    ("receivables", "treasurer", "/books/A/receivables"),
    ("equipment", "member", "/things"),
    ("receive equipment", "member", "/things/receive"),
    ("equipment, 375 books", "member of all", "/things"),
    ("hours, 375 books", "member of all", "/hours"),
    ("journal", "treasurer", "/books/A/journal"),
    ("journal of an account", "treasurer", "/books/A/journal?account=1010"),
    ("journal of a rare account", "treasurer", "/books/A/journal?account=2190"),
    ("journal, an amount", "treasurer", "/books/A/journal?amount=1234.56"),
    ("account register", "treasurer", "/books/A/accounts/1010?fund=GEN"),
    ("trial balance", "auditor", "/books/A/trial-balance"),
    ("trial balance, known lately", "auditor", "/books/A/trial-balance?known_at=2026-10-30"),
    (
        "trial balance, known long ago",
        "auditor",
        "/books/A/trial-balance?known_at=2026-05-04",
    ),
    ("an entry", "auditor", "/books/A/journal/{entry_id}"),
    ("approvals", "approver", "/queue"),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One page: its statements, its CPU and time in milliseconds, and its size in bytes."""

    status: int
    statements: int
    cpu_ms: float
    time_ms: float
    size: int


def main() -> None:
    """Measure one engine and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--sizes", default="20000,200000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--books", type=int, default=375)
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    with databases(options.engine) as (_folder, create):
        stores = []
        for size in sizes:
            began = time.perf_counter()
            db = Database(create(f"pages_{size}"))
            stores.append((db, fill(db, size, books=options.books)))
            print(f"{size:,} pledges filled in {time.perf_counter() - began:.0f} s", flush=True)
        # All are filled before one is measured: what else the machine does then meets all alike.
        _print(sizes, [measure(db, store, options.rounds) for db, store in stores])


def measure(db: Database, store: Store, rounds: int) -> dict[str, Measured]:
    """Open every page as whom it is for."""
    app = create_app(settings(db.url), db=db, clock=lambda: NOW)
    found = {}
    for name, who, address in PAGES:
        client = client_of(app, store, who)
        found[name] = _open(
            client, address.format(slug=store.slug, entry_id=store.entry_id), db.engine, rounds
        )
    return found


def settings(url: str) -> Settings:
    """Return the settings of a program without a payment provider."""
    return Settings(
        database_url=url,
        data=Path("/nonexistent"),
        secret_key="a key for measuring",
        base_url=HOME,
        stripe_key="",
        stripe_webhook_secret="",
        stripe_base=STRIPE_API,
        demo=False,
        signing_seed="5e" * 32,
    )


def client_of(app: Flask, store: Store, who: str) -> FlaskClient:
    """Return a browser in which somebody is signed in; "nobody" for a stranger."""
    client = app.test_client()
    if who != "nobody":
        cookie, token = signed_in(app, store.people[who])
        client.set_cookie(cookie, token, domain=urlsplit(HOME).netloc)
    return client


def signed_in(app: Flask, person_id: UUID) -> tuple[str, str]:
    """Begin a session of somebody; return the name of its cookie and the token."""
    parts = parts_of(app)
    now = parts.clock()
    _row, token = parts.db.run(
        lambda session: start_session(
            session,
            person_id=person_id,
            methods=("link",),
            device="Firefox on Linux",
            now=now,
            fresh=True,
        )
    )
    return session_cookie.names(parts.settings.base_url)[0], token


@contextmanager
def counting(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements that go to the database."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _open(client: FlaskClient, address: str, engine: Engine, rounds: int) -> Measured:
    client.get(address, base_url=HOME)
    with counting(engine) as seen:
        answer = client.get(address, base_url=HOME)
    cpu, clock = _timed(lambda: client.get(address, base_url=HOME), rounds)
    return Measured(answer.status_code, len(seen), cpu, clock, len(answer.data))


def _timed(do: Callable[[], object], rounds: int) -> tuple[float, float]:
    cpu, clock = [], []
    for _round in range(rounds):
        before, began = time.process_time(), time.perf_counter()
        do()
        cpu.append(1000 * (time.process_time() - before))
        clock.append(1000 * (time.perf_counter() - began))
    return median(cpu), median(clock)


def bare(size: int, rounds: int) -> float:
    """Return the CPU of a bare Flask and Jinja page of a size in bytes, in milliseconds."""
    app = Flask("bare")
    rows = range(max(1, size // 120))
    row = "<tr><td>{{ row }}</td><td>" + "x" * 95 + "</td></tr>"
    text = "<table>{% for row in rows %}" + row + "{% endfor %}</table>"

    @app.get("/")
    def show() -> str:
        return render_template_string(text, rows=rows)

    client = app.test_client()
    client.get("/")
    return _timed(lambda: client.get("/"), rounds)[0]


def _print(sizes: list[int], tables: list[dict[str, Measured]]) -> None:
    print(
        "| page | "
        + " | ".join(f"statements, CPU ms, KB at {size:,}" for size in sizes)
        + " | × | bare ms |"
    )
    print("|---|" + "--:|" * (len(sizes) + 2))
    for name, _who, _address in PAGES:
        cells = [table[name] for table in tables]
        first, last = cells[0], cells[-1]
        shown = " | ".join(
            f"{cell.statements}, {cell.cpu_ms:.1f}, {cell.size / 1024:.0f}"
            + ("" if cell.status == 200 else f" ({cell.status})")
            for cell in cells
        )
        ratio = last.cpu_ms / first.cpu_ms if first.cpu_ms else 0
        print(f"| {name} | {shown} | {ratio:.1f} | {bare(last.size, 5):.1f} |", flush=True)


if __name__ == "__main__":
    main()
