"""Whether pages, API, command and report show the same figures, whatever the books hold.

They are asked on one session, so that it works in a transaction that is never committed. The
figures themselves are compared with the postings by the database (``figure_drift``).
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select

from ledger.cli import figures as command
from ledger.cli.console import Console
from ledger.db import Database, Session
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.queries import campaigns, figures
from reports import build
from tests.web.town import HOME, Browser, settings_of
from wsgi import create_app

DATA = re.compile(r'<data value="(-?\d+)" data-figure="(\w+)" data-unit="([^"]+)">')
FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)


class OnSession(Database):
    """A database of which all that is read is what one open session sees."""

    def __init__(self, db: Database) -> None:
        self.__dict__.update(db.__dict__)
        self.session: Session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:  # type: ignore[override]
        """Read on the open session."""
        yield self.session


class OnThis(Console):
    """A console whose database is given."""

    def __init__(self, db: Database) -> None:
        super().__init__(None, True)
        self._db = db

    def database(self) -> Database:
        """Return the one that was given."""
        return self._db


class Agreement:
    """The program over a database, made before a session is open."""

    def __init__(self, db: Database) -> None:
        self.now: datetime
        self.session: Session
        self.db = OnSession(db)
        app = create_app(settings_of(db.url), db=self.db, clock=lambda: self.now)
        app.test_client_class = Browser
        self.client: FlaskClient = app.test_client()

    def check(self, session: Session, now: datetime, turn: int | None = None) -> int:
        """Assert that all ways show the same at an instant; return how many figures were
        compared. The report, which takes longest, is of one book in turn where ``turn`` is given.
        """
        self.session = self.db.session = session
        self.now = now
        books = self.session.scalars(select(Book).order_by(Book.code)).all()
        shown = self.compare_received("/", figures.Scope())
        for number, book in enumerate(books):
            scope = figures.scope_of_book(book)
            if book.kind == "pool":
                shown += self.compare_pool(book)
            else:
                shown += self.compare_received(f"/c/{book.code}", scope)
            if turn is None or turn % len(books) == number:
                self.compare_report(book)
        for slug in self.session.scalars(select(Campaign.slug).order_by(Campaign.slug)):
            shown += self.compare_campaign(slug)
        return shown

    def page(self, address: str) -> list[tuple[str, str, int]]:
        """Return the figures on a page: name, unit and quantity."""
        answer = self.client.get(address, base_url=HOME)
        assert answer.status_code == 200, (address, answer.status)
        return [(name, unit, int(value)) for value, name, unit in DATA.findall(answer.text)]

    def told(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """Return what the command says, by commodity."""
        ran = CliRunner().invoke(command.show, list(arguments), obj=OnThis(self.db))
        assert ran.exit_code == 0, ran.output
        return {row["commodity"]: row for row in json.loads(ran.stdout)["figures"]}

    def compare_received(self, address: str, scope: figures.Scope) -> int:
        """Compare a page's totals with the figures, and those with the command's."""
        found = figures.figures(self.session, scope)
        section = self.client.get(address, base_url=HOME).text.partition('<div class="totals">')[2]
        totals = {
            (unit, int(value))
            for value, name, unit in DATA.findall(section.partition("</div>")[0])
            if name == "received"
        }
        wanted = {(row.commodity, row.received) for row in found.rows}
        assert totals <= wanted, (address, totals, wanted)
        assert {pair for pair in wanted if pair[1]} <= totals, (address, totals, wanted)
        told = self.told(*(("--book", scope.name) if scope.name else ()))
        assert {(unit, row["received"]) for unit, row in told.items()} == wanted
        return len(wanted)

    def compare_pool(self, book: Book) -> int:
        """Compare a pool's page with its figures and the command."""
        row = figures.figures(self.session, figures.scope_of_book(book)).of(book.commodity)
        names = ("received", "from_communities", "spent", "passed_on", "committed", "available")
        first: dict[str, int] = {}
        for name, _unit, value in self.page(f"/pools/{book.code}"):
            first.setdefault(name, value)
        told = self.told("--pool", book.code).get(book.commodity, {})
        for name in names:
            assert first.get(name, 0) == getattr(row, name), name
            assert told.get(name, 0) == getattr(row, name), name
        return len(names)

    def compare_campaign(self, slug: str) -> int:
        """Compare a campaign's page, the API and the command with one another."""
        row = campaigns.campaign_by_slug(self.session, slug)
        needs = campaigns.progress(self.session, campaign_id=row.id)
        wanted = [
            pair
            for need in needs
            for pair in (
                ("received", need.commodity, need.received),
                ("promised", need.commodity, need.promised),
            )
        ]
        assert self.page(f"/campaigns/{slug}") == wanted
        answer = self.client.get(f"/api/v1/campaigns/{slug}", base_url=HOME).get_json()
        assert [
            (name, need["commodity"], need[name])
            for need in answer["needs"]
            for name in ("received", "promised")
        ] == wanted
        told = self.told("--campaign", slug)
        for name, unit, quantity in wanted:
            found = told.get(unit, {})
            if name == "received" and not any(
                need.approximate for need in needs if need.commodity == unit
            ):
                assert found.get("received", 0) == quantity
            if name == "promised":
                assert found.get("promised", 0) + found.get("advances_held", 0) == quantity
        return len(wanted)

    def compare_report(self, book: Book) -> None:
        """Compare the report's dataset of all dates with the figures so far."""
        scope_of = build.scope_of_pool if book.kind == "pool" else build.scope_of_book
        made = build.draft(
            self.session,
            scope=scope_of(self.session, book.code),
            since=FIRST,
            until=LAST,
            edition="public",
            now=self.now,
        )
        assert made.untied == ()
        found = figures.figures(self.session, figures.scope_of_book(book))
        assert made.report.figures == found.rows
