"""The report: tied or not made, the same bytes twice, its data inside, nothing fetched."""

import csv
import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.core.entry import Entry, Posting
from ledger.db import Database
from ledger.demo import fill
from ledger.errors import Invalid
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.books import book_by_code
from ledger.queries.pledges import figures
from ledger.services.books import details, journal
from ledger.services.books.books import ensure_commodity
from reports.build import build, scope_of_all, scope_of_book, scope_of_pool
from reports.dataset import as_json
from reports.model import Report
from reports.render import render_html, render_pdf
from tests.conftest import NOW
from tests.factories import make_book, make_fund
from tests.keywords import Period
from tests.worked import load_worked_books

TODAY = date(2026, 11, 2)
YEAR: Period = {"since": date(2026, 1, 1), "until": date(2026, 12, 31)}


@pytest.fixture(scope="module")
def town(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """The demo's year, read only."""
    path = tmp_path_factory.mktemp("town") / "town.db"
    shutil.copy(sqlite_template, path)
    db = Database(f"sqlite:///{path}")
    fill(db, today=TODAY)
    return db


@pytest.fixture(scope="module")
def pdf(town: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The auditor's edition of everything."""
    path = tmp_path_factory.mktemp("pdf") / "report.pdf"
    path.write_bytes(render_pdf(everything(town)).pdf)
    return path


def everything(db: Database, edition: str = "auditor") -> Report:
    with db.snapshot() as session:
        return build(session, scope=scope_of_all(session), edition=edition, now=NOW, **YEAR)


def printed(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_equal_books_give_equal_bytes(town: Database, pdf: Path) -> None:
    assert render_pdf(everything(town)).pdf == pdf.read_bytes()


def test_the_pdf_is_tagged_a4_with_every_font_inside(pdf: Path) -> None:
    facts = printed("pdfinfo", str(pdf))
    assert "Tagged:          yes" in facts
    assert "A4" in facts
    assert "JavaScript:      no" in facts
    fonts = printed("pdffonts", str(pdf)).splitlines()[2:]
    assert fonts
    assert all("Source-Sans" in row or "SourceSans" in row for row in fonts), fonts
    assert all(row.split()[-5] == "yes" for row in fonts), fonts
    printed("qpdf", "--check", str(pdf))


def test_the_data_is_attached_and_its_hash_is_printed(
    pdf: Path, town: Database, tmp_path: Path
) -> None:
    printed("pdfdetach", "-saveall", "-o", str(tmp_path), str(pdf))
    data = (tmp_path / "dataset.json").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    assert digest in printed("pdftotext", "-layout", str(pdf), "-")
    assert data == as_json(everything(town))
    rows = (tmp_path / "trial-balance.csv").read_text().splitlines()
    stated = json.loads(data)["trial_balance"]
    assert len(rows) == len(stated) + 1
    cash = next(row for row in csv.DictReader(rows) if row["account"] == "1010")
    exact = next(row for row in stated if row["account"] == 1010)
    assert Decimal(cash["amount"]) * 100 == exact["quantity"]
    assert cash["amount"][-3] == "."


def test_the_figures_of_the_report_are_those_of_the_trial_balance(town: Database) -> None:
    report = everything(town)
    with town.snapshot() as session:
        own = [
            (code, row.account, row.fund, row.commodity, row.quantity)
            for code, _name, _kind in report.books
            for row in trial_balance(session, book_id=book_by_code(session, code).id)
        ]
    stated = [
        (row.book, row.account, row.fund, row.commodity, row.quantity)
        for row in report.trial_balance
    ]
    assert sorted(stated) == sorted(own)


def test_the_public_edition_differs_in_rows_shown_never_in_figures(town: Database) -> None:
    public, auditor = everything(town, "public"), everything(town)
    assert public.entries == ()
    # T-18: nothing differs but the name of the edition and the entries, which are the auditor's.
    assert replace(auditor, edition="public", entries=()) == public


def test_one_hash_per_book_changes_with_any_entry(db: Database) -> None:
    load_worked_books(db)
    with db.snapshot() as session:
        scope = scope_of_all(session)
        before = build(session, scope=scope, edition="public", now=NOW, **YEAR).proofs
        cut = build(
            session,
            scope=scope,
            edition="public",
            now=NOW,
            since=date(2025, 1, 1),
            until=date(2025, 12, 31),
        ).proofs
    assert {row.book for row in before} >= {"A", "B", "C", "P"}
    assert all(a.sha256 != b.sha256 for a, b in zip(before, cut, strict=True) if a.entries)


def test_the_cover_says_who_is_behind_the_book_and_where_to_send_money(db: Database) -> None:
    entity = details.LegalEntity("Hall <Trust>", "HRB 7", "1 Water Lane\nHalle", 1)
    with db.transaction() as session:
        book = make_book(session, "H")
        make_fund(session, book)
    with db.snapshot() as session:
        bare = build(session, scope=scope_of_book(session, "H"), edition="public", now=NOW, **YEAR)
    with db.transaction() as session:
        book = book_by_code(session, "H")
        bank = details.BankDetails("Hall", "DE89370400440532013000", "")
        details.set_entity(session, book=book, entity=entity, made_by=None, now=NOW)
        details.set_bank(session, book=book, bank=bank, made_by=None, now=NOW)
    with db.snapshot() as session:
        report = build(
            session, scope=scope_of_book(session, "H"), edition="public", now=NOW, **YEAR
        )
    cover = render_html(report, "0" * 64).split("</section>")[0]
    for text in ("Hall &lt;Trust&gt;", "HRB 7", "1 Water Lane", "DE89 3704 0044 0532 0130 00"):
        assert text in cover
    assert "Who is behind" not in render_html(bare, "0" * 64)
    # An address is no figure: the same books are the same data.
    assert as_json(report) == as_json(bare)


def test_hostile_names_stay_text_and_nothing_is_fetched(db: Database) -> None:
    hostile = '<img src="file:///etc/passwd"><script>alert(1)</script>'
    with db.transaction() as session:
        book = make_book(session, "H")
        book.name = hostile
        make_fund(session, book)
    with db.snapshot() as session:
        report = build(
            session, scope=scope_of_book(session, "H"), edition="public", now=NOW, **YEAR
        )
    html = render_html(report, "0" * 64)
    assert "<script>" not in html
    assert "<img" not in html
    assert hostile.replace("<", "&lt;").split('"')[0] in html.replace("&#34;", '"')
    assert render_pdf(report).pages >= 2


def test_empty_books_and_wrong_periods(db: Database) -> None:
    with db.transaction() as session:
        make_fund(session, make_book(session))
    with db.snapshot() as session:
        assert (
            build(session, scope=scope_of_all(session), edition="public", now=NOW, **YEAR).sources
            == ()
        )
        with pytest.raises(Invalid):
            build(
                session,
                scope=scope_of_all(session),
                edition="public",
                now=NOW,
                since=date(2026, 2, 1),
                until=date(2026, 1, 1),
            )


def test_a_currency_that_came_and_went_has_no_position(db: Database) -> None:
    day = date(2026, 10, 1)
    legs = [("EUR", 1020, 100), ("EUR", 1990, -100), ("USD", 1010, 500), ("USD", 4010, -500)]
    with db.transaction() as session:
        book = make_book(session)
        make_fund(session, book)
        ensure_commodity(session, "EUR")
        for unit in ("EUR", "USD"):
            entry = Entry(
                "A",
                tuple(Posting(no, "GEN", code, sum_) for code, no, sum_ in legs if code == unit),
            )
            posted = journal.post(
                session,
                [entry],
                event_type="gift",
                source="test",
                external_ref=unit,
                accounting_on=day,
                now=NOW,
            )
            if unit == "EUR":
                euros = posted.ids[0]
        there = build(session, scope=scope_of_all(session), edition="public", now=NOW, **YEAR)
        journal.reverse(session, book_id=book.id, entry_id=euros, accounting_on=day, now=NOW)
        gone = build(session, scope=scope_of_all(session), edition="public", now=NOW, **YEAR)
    assert "EUR: assets" in render_html(there, "0" * 64)
    html = render_html(gone, "0" * 64)
    assert "EUR" not in html
    assert "In USD" in html


def test_a_pools_report_is_of_the_pool(town: Database) -> None:
    with town.snapshot() as session:
        scope = scope_of_pool(session, "STREAMS")
        report = build(session, scope=scope, edition="public", now=NOW, **YEAR)
    assert [code for code, _name, _kind in report.books] == ["STREAMS"]
    assert {row.book for row in report.funds} == {"STREAMS"}
    (row,) = report.waterfalls
    with town.snapshot() as session:
        book = book_by_code(session, "STREAMS")
        found = figures.figures(session, figures.scope_of_book(book), **YEAR).of("USD")
    assert (row.received, row.available) == (found.received, found.available)
    assert sum(item.quantity for item in row.members) == found.from_communities
    went = sum(item.quantity for item in row.allocated) + row.passed_on
    assert (row.spent, went) == (found.spent, found.passed_on)
    assert row.net_assets == report.positions[0].total_net_assets
