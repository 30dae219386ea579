"""Each small file of ``../shared/cases`` gives the same through page, command and dry run.

What is right for each is said where its reader is tested; here the three ways are compared by what
is in the books afterwards, or by the sentence with which they refuse. Each way has its own book.
"""

import io
import re
import sqlite3
from dataclasses import dataclass
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from ledger.bank_files import read_profile, read_statement, reading_of, reading_of_gifts
from ledger.db import Session
from ledger.errors import Invalid
from ledger.models.books import Book, Fund
from ledger.models.journal import Posting
from ledger.models.statements import BankLine, BankLinePart, BankStatement
from ledger.queries.books.books import book_by_code
from ledger.schemas.gift_lists import MEANINGS
from ledger.services.books.books import NewBook, NewFund, create_book, create_fund
from ledger.services.people.people import grant_role
from ledger.web.importing.table_forms import values_of, width_of
from tests.cli.conftest import Ran, Run, run  # noqa: F401
from tests.conftest import NOW
from tests.worlds.town import Town

CASES = Path(__file__).parents[3] / "shared" / "cases"
pytestmark = [
    pytest.mark.skipif(not CASES.is_dir(), reason="the cases of ../shared are not here"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
BANKS = ("D02", "D03", "D07", "D10", "D11", "D12", "D14", "D18", "M04", "M06", "M11", "M15",
         "M17", "M19", "O02", "O05", "O09a", "O11", "O12", "O14")  # fmt: skip
TABLES = ("C01", "C04", "C05", "C07", "C08", "C11", "C12", "C14", "C16", "C19")
LEDGERS = ("H01", "H06", "H08", "H10", "H11", "H17", "H18", "H19", "H25", "G01")
# In the currency of the book, where the file does not say.
CURRENCIES = {"C01": "EUR", "C04": "EUR", "C05": "EUR", "C07": "EUR", "C08": "EUR", "C11": "EUR",
              "C16": "GBP", "C19": "EUR", "H01": "EUR", "H06": "EUR", "H08": "EUR", "H17": "EUR",
              "H18": "EUR", "H19": "EUR", "H25": "EUR", "C20": "EUR",
              "G01": "EUR", "M04": "DEM"}  # fmt: skip
NUMBERS = count(1)
# One includes a file that is not here, one holds no transaction.
REFUSED_LEDGERS = {"H01", "H25"}


@dataclass
class Ways:
    """Two books of one treasurer: one for the page, one for the command."""

    town: Town
    run: Run
    page: str
    command: str

    @property
    def client(self) -> FlaskClient:
        """The treasurer's browser."""
        return self.town.client("treasurer")

    def books(self, currency: str) -> None:
        """Open the two books."""

        def opened(session: Session) -> None:
            for code in (self.page, self.command):
                book = create_book(
                    session,
                    new=NewBook(code=code, name=code, kind="community", currency=currency),
                    now=NOW,
                )
                create_fund(
                    session,
                    book_id=book.id,
                    fund=NewFund(code="GEN", fund_class="unrestricted"),
                    now=NOW,
                )
                person = self.town.people["treasurer"]
                grant_role(session, person_id=person, book_id=book.id, role="treasurer", now=NOW)

        self.town.tell(opened)

    def upload(self, address: str, path: Path, **fields: str) -> Any:
        """Send a file to a page of the book of pages."""
        data = {"file": (io.BytesIO(path.read_bytes()), path.name), **fields}
        return self.client.post(
            f"/books/{self.page}/{address}", data=data, content_type="multipart/form-data"
        )

    def tell(self, *arguments: str) -> Ran:
        """Run a command for JSON; a refusal is an answer as well."""
        return self.run("import", *arguments, "--json")

    def lines(self, code: str) -> list[Any]:
        """What a book knows of its bank: statements, lines and payments."""
        with self.town.db.snapshot() as session:
            book = book_by_code(session, code)
            statements = (
                select(BankStatement.statement_ref, BankStatement.opening, BankStatement.closing)
                .add_columns(BankStatement.commodity, BankStatement.interim)
                .where(BankStatement.book_id == book.id)
                .order_by(BankStatement.statement_ref)
            )
            lines = (
                select(BankLine.booked_on, BankLine.amount, BankLine.commodity)
                .add_columns(BankLine.remittance, BankLine.counterparty_name)
                .add_columns(BankLine.end_to_end_id, BankLine.returned)
                .where(BankLine.book_id == book.id)
                .order_by(BankLine.position, BankLine.amount)
            )
            parts = select(
                BankLinePart.amount, BankLinePart.counterparty_name, BankLinePart.remittance,
            ).where(BankLinePart.book_id == book.id).order_by(BankLinePart.position)  # fmt: skip
            return [session.execute(query).all() for query in (statements, lines, parts)]

    def postings(self, code: str) -> list[Any]:
        """What the journal of a book holds, by day."""
        with self.town.db.snapshot() as session:
            query = (
                select(
                    Posting.accounting_on, Posting.account, Fund.code, Posting.commodity,
                    Posting.quantity, Posting.function,
                )
                .join(Book, Book.id == Posting.book_id)
                .join(Fund, Fund.id == Posting.fund_id)
                .where(Book.code == code)
                .order_by(Posting.accounting_on, Posting.account, Posting.quantity)
            )  # fmt: skip
            return list(session.execute(query).all())


@pytest.fixture
def ways(quick_town: Town, run: Run, monkeypatch: pytest.MonkeyPatch) -> Ways:  # noqa: F811
    monkeypatch.setenv("POOLBOOK_DATABASE_URL", quick_town.db.url)
    number = next(NUMBERS)
    return Ways(quick_town, run, f"P{number}", f"C{number}")


def told(ran: Ran) -> str:
    """The sentence of a refusal, without the name of the program and the file."""
    return ran.err.strip().splitlines()[-1].removeprefix("Error: ")


def file_of(name: str) -> Path:
    return next(path for path in CASES.glob(f"{name}.*") if path.suffix != ".toml")


def currency_of(name: str) -> str:
    if name in CURRENCIES:
        return CURRENCIES[name]
    try:
        return read_statement(file_of(name).read_bytes()).statements[0].currency
    except Invalid:
        return "EUR"


def said_of(line: Any) -> list[Any]:
    """A line of a table, with the words of its text in no order."""
    return [*line[:3], sorted(line[3].split()), *line[4:]]


def blank(columns: int) -> dict[str, str]:
    """The answers of a form that says nothing of its columns."""
    return {f"column-{number}": "" for number in range(1, columns + 1)}


@pytest.mark.parametrize("name", BANKS)
def test_a_bank_file_is_read_alike(ways: Ways, name: str) -> None:
    path = file_of(name)
    ways.books(currency_of(name))
    to = ("--account", f"{ways.command}/1010")
    tried = ways.tell("statement", str(path), *to, "--dry-run")
    done = ways.tell("statement", str(path), *to)
    answer = ways.upload("statements", path)
    if 'name="bank_account"' in answer.text:
        # Both ask which account is meant.
        assert (done.code, answer.status_code) == (1, 422)
        assert tried.json["refused"]
        account = re.findall(r"<option>([^<]+)</option>", answer.text)[0]
        choice = ("--bank-account", unescape(account))
        tried = ways.tell("statement", str(path), *to, *choice, "--dry-run")
        done = ways.tell("statement", str(path), *to, *choice)
        answer = ways.upload("statements", path, bank_account=unescape(account))
    if done.code:
        assert (answer.status_code, tried.code) == (422, 1)
        assert told(done) == told(tried)
        assert told(done).partition(": ")[2].partition(": ")[2] in unescape(answer.text)
        return
    assert answer.status_code == 303
    assert tried.json == done.json
    assert done.json["new"] == sum(len(found) for found in ways.lines(ways.command)[1:2])
    assert ways.lines(ways.page) == ways.lines(ways.command)
    assert ways.lines(ways.page)[1]


def test_a_second_download_with_other_texts_adds_nothing_by_either_way(ways: Ways) -> None:
    ways.books("EUR")
    for name in ("O09a", "O09b"):
        path = file_of(name)
        done = ways.tell("statement", str(path), "--account", f"{ways.command}/1010")
        assert done.code == 0
        assert ways.upload("statements", path).status_code == 303
        assert ways.lines(ways.page) == ways.lines(ways.command)
    assert done.json["new"] == 0


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_alike(ways: Ways, name: str) -> None:
    path, said = file_of(name), CASES / f"{name}.toml"
    currency = CURRENCIES.get(name, "USD")
    ways.books(currency)
    call = ("statement", str(path), "--account", f"{ways.command}/1010", "--profile", str(said))
    tried, done = ways.tell(*call, "--dry-run"), ways.tell(*call)
    assert done.code == 0, done.err
    assert tried.json == done.json
    led = ways.upload("statements/tables", path)
    assert led.status_code == 303
    with ways.town.app.test_request_context():
        found = reading_of(path.read_bytes(), read_profile(said.read_bytes()), currency)
        values = {**blank(width_of(found.grid)), **values_of(found, currency)}
    preview = ways.client.post(led.location, data={**values, "action": "preview"})
    assert f"{done.json['new']} new lines, 0 already known." in preview.text
    assert ways.client.post(led.location, data={**values, "action": "import"}).status_code == 303
    # The id of a statement is made of the name that its profile has.
    (page, lines, _parts), (command, others, _others) = (
        ways.lines(ways.page),
        ways.lines(ways.command),
    )
    assert [row[1:] for row in page] == [row[1:] for row in command]
    # A profile may name the columns of the text in another order than they stand in.
    assert sorted(map(said_of, lines), key=repr) == sorted(map(said_of, others), key=repr)


@pytest.mark.parametrize("name", ["C20", "X01"])
def test_a_list_of_gifts_is_read_alike(ways: Ways, name: str) -> None:
    path, currency = file_of(name), CURRENCIES.get(name, "USD")
    ways.books(currency)
    call = ("gifts", str(path), "--book", ways.command, "--fund", "GEN", "--without-email")
    tried, done = ways.tell(*call, "--dry-run"), ways.tell(*call)
    assert done.code == 0, done.err
    assert tried.json == done.json
    led = ways.upload("gifts", path)
    with ways.town.app.test_request_context():
        found = reading_of_gifts(path.read_bytes(), None, currency)
        values = {**blank(width_of(found.grid)), **values_of(found, currency, MEANINGS)}
    values |= {"purpose": "fund:GEN", "account": "1010", "without_email": "true"}
    values = {key: text for key, text in values.items() if key not in ("money_out", "booked")}
    preview = ways.client.post(led.location, data={**values, "action": "preview"})
    assert preview.status_code == 200
    assert ways.client.post(led.location, data={**values, "action": "import"}).status_code == 303
    assert ways.postings(ways.page) == ways.postings(ways.command)
    assert ways.postings(ways.page)


@pytest.mark.parametrize("name", LEDGERS)
def test_a_ledger_is_read_alike(ways: Ways, name: str, tmp_path: Path) -> None:
    path = file_of(name)
    if path.suffix == ".sql":
        path = tmp_path / "x.gnucash"
        with sqlite3.connect(path) as book:
            book.executescript(file_of(name).read_text())
        book.close()
    ways.books(CURRENCIES.get(name, "USD"))
    call = ("journal", str(path), "--book", ways.command)
    tried, done = ways.tell(*call, "--dry-run"), ways.tell(*call)
    led = ways.upload("ledgers", path)
    assert (done.code == 1) == (name in REFUSED_LEDGERS), done.err
    if done.code:
        assert (led.status_code, tried.code) == (422, 1)
        assert told(tried) == told(done)
        sentence = told(done).partition(f"{path.name}: ")[2].removeprefix("file: ")
        assert sentence in unescape(led.text)
        return
    assert tried.json == done.json
    shown = ways.client.get(led.location).text
    values = dict(
        re.findall(r'<input type="text" id="[^"]+" name="([^"]+)" value="([^"]*)"', shown)
    )
    values |= {"format": "auto", "fund": "GEN"}
    preview = ways.client.post(led.location, data={**values, "action": "preview"})
    assert preview.status_code == 200
    for title, key in (("New entries", "entries"), ("Postings", "postings")):
        assert f'data-label="{title}">{done.json[key]}<' in preview.text
    for warning in done.json["warnings"]:
        assert warning in unescape(preview.text)
    assert ways.postings(ways.page) == []
    assert ways.client.post(led.location, data={**values, "action": "import"}).status_code == 303
    assert ways.postings(ways.page) == ways.postings(ways.command)
    assert ways.postings(ways.page)


def test_accounts_that_only_a_person_can_name_are_asked_for(ways: Ways, tmp_path: Path) -> None:
    """The command refuses without a mapping; the page asks."""
    path = file_of("H27")
    ways.books("EUR")
    refused = ways.tell("journal", str(path), "--book", ways.command)
    assert (refused.code, "does not cover account Bank" in refused.err) == (1, True)
    led = ways.upload("ledgers", path).location
    shown = ways.client.get(led).text
    values = dict(re.findall(r'id="[^"]+" name="((?:account|unit)-[^"]+)" value="([^"]*)"', shown))
    names = dict(re.findall(r'<label for="(account-[^"]+)">([^<]+)</label>', shown))
    values |= {"format": "auto", "fund": "GEN"}
    asked = ways.client.post(led, data={**values, "action": "import"})
    assert (asked.status_code, "Choose an account." in asked.text) == (422, True)
    numbers = {"Bank": "1010", "Income": "4010"}
    values |= {field: numbers[name] for field, name in names.items()}
    assert ways.client.post(led, data={**values, "action": "import"}).status_code == 303
    mapping = tmp_path / "mapping.toml"
    said = "".join(f'"{name}" = {number}\n' for name, number in numbers.items())
    mapping.write_text(f'fund = "GEN"\n[accounts]\n{said}[commodities]\n"" = "EUR"\n')
    done = ways.tell("journal", str(path), "--book", ways.command, "--mapping", str(mapping))
    assert done.code == 0, done.err
    assert ways.postings(ways.page) == ways.postings(ways.command)
    assert ways.postings(ways.page)


def test_a_gift_of_new_year_stays_in_its_year_on_the_page(ways: Ways, tmp_path: Path) -> None:
    path = tmp_path / "x.gnucash"
    with sqlite3.connect(path) as book:
        book.executescript(file_of("G01").read_text())
    book.close()
    ways.books("EUR")
    shown = ways.client.get(ways.upload("ledgers", path).location).text
    assert "Jan 1, 2015" in shown


def test_a_treasurer_brings_no_ledger_into_books_that_are_kept_here(
    ways: Ways, tmp_path: Path
) -> None:
    """One person alone could book anything so."""
    path = tmp_path / "small.journal"
    path.write_text("2026-01-05 Gift\n    assets:bank  10.00 USD\n    income:gifts\n")
    with path.open("rb") as file:
        sent = ways.client.post(
            "/books/A/ledgers", data={"file": (file, path.name)}, content_type="multipart/form-data"
        )
    address = sent.headers["Location"]
    before = ways.town.rows()["entry"]
    refused = ways.client.post(address, data={"format": "auto", "fund": "GEN", "action": "import"})
    assert refused.status_code == 409
    assert "The operator can still import a ledger with `poolbook import journal`" in refused.text
    assert ways.town.rows()["entry"] == before
