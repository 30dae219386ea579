"""Whether pages, API, command and report show the same figures, whatever the books hold.

They are asked on one session, so that it works in a transaction that is never committed. The
figures themselves are compared with the postings by the database (``figure_drift``).
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from html import unescape
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select

from bench.pages import signed_in
from ledger.cli import figures as command
from ledger.cli.console import Console
from ledger.db import Database, Session
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.models.people import Membership
from ledger.models.pledges import Basket
from ledger.queries.campaigns import campaigns
from ledger.queries.payments import recurring
from ledger.queries.people import parties
from ledger.queries.pledges import figures, pledges
from ledger.queries.pledges.pledge_figures import figures_of_pledges
from ledger.services.people.tokens import create_token, scope_in
from reports import build
from tests.worlds.town import HOME, Browser, settings_of
from wsgi import create_app

DATA = re.compile(r'<data value="(-?\d+)" data-figure="(\w+)" data-unit="([^"]+)">')
DOMAIN = urlsplit(HOME).netloc
FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)
MORE = re.compile(r'<p class="more"><a href="([^"]*[?&]pledges=[^"]*)">')
# What a book's funds add up to; some of the others meet inside a book.
OF_FUNDS = ("received", "advances", "spent", "promised", "available")
Result = TypeVar("Result")


# Name, unit and quantity of a figure on a page.
Shown = tuple[str, str, int]


def _shown(text: str) -> list[Shown]:
    return [(name, unit, int(value)) for value, name, unit in DATA.findall(text)]


def _sums(shown: list[Shown]) -> Counter[tuple[str, str]]:
    sums: Counter[tuple[str, str]] = Counter()
    for name, unit, quantity in shown:
        sums[name, unit] += quantity
    return sums


class OnSession(Database):
    """A database of which all that is read is what one open session sees."""

    def __init__(self, db: Database) -> None:
        self.__dict__.update(db.__dict__)
        self.session: Session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Read on the open session."""
        yield self.session

    @contextmanager
    def transaction(self, *, decides: bool = True) -> Iterator[Session]:  # noqa: ARG002
        """Write on it, undone as a whole when the block raises."""
        with self.session.begin_nested():
            yield self.session

    def run(self, deed: Callable[[Session], Result], *, decides: bool = True) -> Result:
        """Write on it once: nobody comes in between."""
        with self.transaction(decides=decides) as session:
            return deed(session)


class OnThis(Console):
    """A console whose database is given."""

    def __init__(self, db: Database) -> None:
        super().__init__(None, True)
        self._db = db

    def database(self) -> Database:
        """Return the one that was given."""
        return self._db


class NewAgreement:
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
            self.compare_funds(book)
            self.compare_api(book)
            if turn is None or turn % len(books) == number:
                self.compare_report(book)
        for slug in self.session.scalars(select(Campaign.slug).order_by(Campaign.slug)):
            shown += self.compare_campaign(slug)
        named = select(Party.person_id).where(Party.person_id.is_not(None))
        for person_id in self.session.scalars(named.distinct()).all():
            if person_id is not None:
                shown += self.compare_giver(person_id)
        for basket_id in self.session.scalars(select(Basket.id)).all():
            shown += self.compare_thanks(basket_id)
        return shown

    def page(self, address: str) -> list[Shown]:
        """Return the figures on a page: name, unit and quantity."""
        answer = self.client.get(address, base_url=HOME)
        assert answer.status_code == 200, (address, answer.status)
        return _shown(answer.text)

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

    def compare_funds(self, book: Book) -> None:
        """Compare what the command says of a book's funds with what it says of the book."""
        kind = "--pool" if book.kind == "pool" else "--book"
        sums: Counter[tuple[str, str]] = Counter()
        for code in self.session.scalars(select(Fund.code).where(Fund.book_id == book.id)):
            for unit, row in self.told(kind, book.code, "--fund", code).items():
                sums.update({(unit, name): row[name] for name in OF_FUNDS})
        whole = {
            (unit, name): row[name]
            for unit, row in self.told(kind, book.code).items()
            for name in OF_FUNDS
        }
        assert {key: value for key, value in sums.items() if value} == {
            key: value for key, value in whole.items() if value
        }

    def compare_api(self, book: Book) -> None:
        """Compare what the API says of a book with what the command says."""
        reader = self.session.scalars(
            select(Membership.person_id).where(
                Membership.book_id == book.id, Membership.role == "treasurer"
            )
        ).first()
        if reader is None:
            return
        scope = scope_in("read-reports", book.code)
        # Undone at once: a person may have a few tokens only, and histories are compared often.
        attempt = self.session.begin_nested()
        secret = create_token(
            self.session, person_id=reader, name="Agreement", scopes=[scope], now=self.now
        )
        answer = self.client.get(
            f"/api/v1/books/{book.code}/figures",
            base_url=HOME,
            headers={"Authorization": f"Bearer {secret}"},
        )
        attempt.rollback()
        assert answer.status_code == 200, answer.text
        kind = "--pool" if book.kind == "pool" else "--book"
        rows = {row["commodity"]: row for row in answer.get_json()["figures"]}
        assert rows == self.told(kind, book.code)

    def giving(self, person_id: UUID) -> tuple[list[Shown], list[Shown]]:
        """Return the totals of a giver's own page, and what it says of each pledge."""
        cookie, token = signed_in(self.client.application, person_id)
        self.client.set_cookie(cookie, token, domain=DOMAIN)
        address, totals, listed = "/giving", "", ""
        while address:
            text = self.client.get(address, base_url=HOME).text
            head, found, rest = text.partition('<div class="totals">')
            totals, _, rows = rest.partition("</div>") if found else ("", "", head)
            listed += rows
            more = MORE.search(text)
            address = unescape(more.group(1)) if more else ""
        self.client.delete_cookie(cookie, domain=DOMAIN)
        return _shown(totals), _shown(listed)

    def compare_giver(self, person_id: UUID) -> int:
        """Compare the totals of a giver's own page with the figures, and with the pledges that it
        lists and the regular gifts."""
        known = parties.parties_of_person(self.session, person_id=person_id)
        found = figures.figures(self.session, figures.scope_of_giver(known))
        totals, listed = map(_sums, self.giving(person_id))
        for gift in recurring.recurring_of_person(self.session, person_id=person_id):
            listed["received", gift.commodity] += gift.given
        for row in found.rows:
            received, promised = ("received", row.commodity), ("promised", row.commodity)
            assert totals[received] == row.received, (totals, row)
            assert totals[promised] == row.promised, (totals, row)
            assert listed[received] == row.received + row.advances_held, (listed, row)
        units = {row.commodity for row in found.rows}
        assert {unit for (_name, unit), value in (totals + listed).items() if value} <= units
        return 2 * len(units)

    def compare_thanks(self, basket_id: UUID) -> int:
        """Compare the page after a pledge with the figures of the pledges in its basket."""
        rows = pledges.pledges_of_basket(self.session, basket_id=basket_id)
        found = figures_of_pledges(self.session, rows)
        wanted = []
        for row in rows:
            came = [
                ("received", part.commodity, part.received + part.advances_held)
                for part in found[row.id].rows
                if part.received or part.advances_held
            ]
            wanted += came or [("received", row.commodity, 0)]
            wanted.append(("open", row.commodity, row.open))
        assert self.page(f"/baskets/{basket_id}/thanks") == wanted
        return len(wanted)
