"""The report: tied or not made, the same bytes twice, its data inside, nothing fetched."""

import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ledger.core.entry import Entry, Posting
from ledger.db import Database
from ledger.demo import fill
from ledger.errors import Conflict, Invalid
from ledger.queries.balances import trial_balance
from ledger.queries.books import book_by_code
from ledger.services import journal
from ledger.services.books import ensure_commodity
from reports import tie_out
from reports.build import build, scope_of_all, scope_of_book, scope_of_pool
from reports.dataset import as_json
from reports.movements import read_movements
from reports.render import render_html, render_pdf
from reports.statement import Report
from tests.conftest import NOW
from tests.factories import make_book, make_fund
from tests.worked import load_worked_books

TODAY = date(2026, 11, 2)
YEAR = {"since": date(2026, 1, 1), "until": date(2026, 12, 31)}


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
        return build(session, scope=scope_of_all(session), edition=edition, **YEAR)


def printed(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_equal_books_give_equal_bytes(town: Database, pdf: Path):
    assert render_pdf(everything(town)).pdf == pdf.read_bytes()


def test_the_pdf_is_tagged_a4_with_every_font_inside(pdf: Path):
    facts = printed("pdfinfo", str(pdf))
    assert "Tagged:          yes" in facts
    assert "A4" in facts
    assert "JavaScript:      no" in facts
    fonts = printed("pdffonts", str(pdf)).splitlines()[2:]
    assert fonts
    assert all("Source-Sans" in row or "SourceSans" in row for row in fonts), fonts
    assert all(row.split()[-5] == "yes" for row in fonts), fonts
    printed("qpdf", "--check", str(pdf))


def test_the_data_is_attached_and_its_hash_is_printed(pdf: Path, town: Database, tmp_path: Path):
    printed("pdfdetach", "-saveall", "-o", str(tmp_path), str(pdf))
    data = (tmp_path / "dataset.json").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    assert digest in printed("pdftotext", "-layout", str(pdf), "-")
    assert data == as_json(everything(town))
    rows = (tmp_path / "trial-balance.csv").read_text().splitlines()
    assert len(rows) == len(json.loads(data)["trial_balance"]) + 1


def test_the_figures_of_the_report_are_those_of_the_trial_balance(town: Database):
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


def test_the_public_edition_differs_in_rows_shown_never_in_figures(town: Database):
    public, auditor = everything(town, "public"), everything(town)
    assert public.entries == ()
    for name in ("sources", "uses", "positions", "funds", "waterfalls", "things", "hours", "fees"):
        assert getattr(public, name) == getattr(auditor, name)


def test_one_hash_per_book_changes_with_any_entry(db: Database):
    load_worked_books(db)
    with db.snapshot() as session:
        scope = scope_of_all(session)
        before = build(session, scope=scope, edition="public", **YEAR).proofs
        cut = build(
            session,
            scope=scope,
            edition="public",
            since=date(2025, 1, 1),
            until=date(2025, 12, 31),
        ).proofs
    assert {row.book for row in before} >= {"A", "B", "C", "P"}
    assert all(a.sha256 != b.sha256 for a, b in zip(before, cut, strict=True) if a.entries)


def more(rows, **changes):
    """Return the rows with the first one changed."""
    return (replace(rows[0], **changes), *rows[1:])


def bumped(rows, field):
    return more(rows, **{field: getattr(rows[0], field) + 1})


UNTIED = {
    "the position's assets": lambda r: replace(
        r, positions=more(r.positions, assets=bumped(r.positions[0].assets, "quantity"))
    ),
    "a fund's end": lambda r: replace(r, funds=bumped(r.funds, "closing")),
    "a source": lambda r: replace(r, sources=bumped(r.sources, "quantity")),
    "a line of the trial balance": lambda r: replace(
        r, trial_balance=bumped(r.trial_balance, "quantity")
    ),
    "a pool's end": lambda r: replace(r, waterfalls=bumped(r.waterfalls, "closing")),
    "the hours of a skill": lambda r: replace(r, hours=bumped(r.hours, "minutes")),
    "the things that are here": lambda r: replace(r, things=bumped(r.things, "held")),
}


@pytest.mark.parametrize("change", UNTIED.values(), ids=UNTIED.keys())
def test_one_unit_more_stops_the_report(town: Database, change):
    report = everything(town)
    with town.snapshot() as session:
        books = scope_of_all(session).books
        moves = read_movements(session, book_ids=[book.id for book in books], **YEAR)
        tie_out.check(session, report, moves, books)
        with pytest.raises(Conflict, match="does not tie"):
            tie_out.check(session, change(report), moves, books)


def test_hostile_names_stay_text_and_nothing_is_fetched(db: Database):
    hostile = '<img src="file:///etc/passwd"><script>alert(1)</script>'
    with db.transaction() as session:
        book = make_book(session, "H")
        book.name = hostile
        make_fund(session, book)
    with db.snapshot() as session:
        report = build(session, scope=scope_of_book(session, "H"), edition="public", **YEAR)
    html = render_html(report, "0" * 64)
    assert "<script>" not in html
    assert "<img" not in html
    assert hostile.replace("<", "&lt;").split('"')[0] in html.replace("&#34;", '"')
    assert render_pdf(report).pages >= 2


def test_empty_books_and_wrong_periods(db: Database):
    with db.transaction() as session:
        make_fund(session, make_book(session))
    with db.snapshot() as session:
        assert build(session, scope=scope_of_all(session), edition="public", **YEAR).sources == ()
        with pytest.raises(Invalid):
            build(
                session,
                scope=scope_of_all(session),
                edition="public",
                since=date(2026, 2, 1),
                until=date(2026, 1, 1),
            )


def test_a_currency_that_came_and_went_has_no_position(db: Database):
    day = date(2026, 10, 1)
    legs = [("EUR", 1020, 100), ("EUR", 1990, -100), ("USD", 1010, 500), ("USD", 4010, -500)]
    post = {"source": "test", "accounting_on": day, "now": NOW}
    with db.transaction() as session:
        book = make_book(session)
        make_fund(session, book)
        ensure_commodity(session, "EUR")
        for unit in ("EUR", "USD"):
            entry = Entry(
                "A",
                tuple(Posting(no, "GEN", code, sum_) for code, no, sum_ in legs if code == unit),
            )
            posted = journal.post(session, [entry], event_type="gift", external_ref=unit, **post)
            if unit == "EUR":
                euros = posted.ids[0]
        there = build(session, scope=scope_of_all(session), edition="public", **YEAR)
        journal.reverse(session, book_id=book.id, entry_id=euros, accounting_on=day, now=NOW)
        gone = build(session, scope=scope_of_all(session), edition="public", **YEAR)
    assert "Assets, EUR" in render_html(there, "0" * 64)
    html = render_html(gone, "0" * 64)
    assert "Assets, EUR" not in html
    assert "Assets, USD" in html


def test_a_pool_is_reported_with_its_members(town: Database):
    with town.snapshot() as session:
        report = build(session, scope=scope_of_pool(session, "STREAMS"), edition="public", **YEAR)
    assert {code for code, _name, _kind in report.books} == {"STREAMS", "ELDER", "FERRY", "HOLM"}
    (row,) = report.waterfalls
    moved = sum(item.quantity for item in row.members) + row.donors + row.in_kind
    assert row.opening + moved - row.costs - sum(i.quantity for i in row.allocated) == row.closing
