"""The statements: openings are no income, debts are no assets, what passed inside is eliminated."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ledger.core.entry import Entry, Posting
from ledger.db import Database
from ledger.queries.books.books import book_by_code
from ledger.services.books import journal
from ledger.services.books.books import ensure_commodity
from reports.build import Scope, build, scope_of_all, scope_of_book
from reports.model import Report
from reports.render import render_html
from tests.conftest import NOW
from tests.factories import make_book, make_fund
from tests.keywords import Period
from tests.reports.worked_table import check_worked, in_dollars, position_in
from tests.worked import load_worked_books

YEAR: Period = {"since": date(2026, 1, 1), "until": date(2026, 12, 31)}
LATER = datetime(2027, 2, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def worked(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """The worked events, read only."""
    path = tmp_path_factory.mktemp("worked") / "worked.db"
    shutil.copy(sqlite_template, path)
    db = Database(f"sqlite:///{path}")
    load_worked_books(db)
    # The table of the domain has the lent things' use as income and cost, which the events leave
    # to a policy (EQP-06 b).
    use = {"counterparty": "A"}
    cost = Posting(5220, "GEN", "USD", 4500, function="programme", **use)
    post(
        db, "EQP-06 b", date(2026, 3, 1), cost, Posting(4130, "GEN", "USD", -4500, **use), book="B"
    )
    return db


def everything(db: Database) -> Report:
    with db.snapshot() as session:
        return build(session, scope=scope_of_all(session), edition="public", now=LATER, **YEAR)


def of_book(db: Database, code: str, period: Period = YEAR) -> Report:
    with db.snapshot() as session:
        scope = scope_of_book(session, code)
        return build(session, scope=scope, edition="public", now=LATER, **period)


def post(
    db: Database,
    reference: str,
    on: date,
    *legs: Posting,
    event: str = "gift",
    book: str = "A",
) -> None:
    with db.transaction() as session:
        journal.post(
            session,
            [Entry(book, legs)],
            event_type=event,
            source="test",
            external_ref=reference,
            accounting_on=on,
            now=NOW,
        )


def test_the_worked_events_end_as_the_domain_says(worked: Database) -> None:
    check_worked(everything(worked), lent_use=True)


def test_what_passed_among_the_books_is_eliminated_to_nothing(worked: Database) -> None:
    report = everything(worked)
    eliminated = [
        sum(line.eliminated for line in in_dollars(lines))
        for lines in (report.sources, report.uses)
    ]
    assert eliminated == [-435200, -435200]
    dollars = position_in(report, "USD")
    due = {line.label: line.total for line in dollars.assets if line.account == 1300}
    owed = {line.label: line.total for line in dollars.liabilities if line.account == 1300}
    assert sum(due.values()) == sum(owed.values()) == 73520
    assert owed["1300 Due to River Pool"] == 29520
    assert all(
        line.combined == 0
        for line in (*dollars.assets, *dollars.liabilities)
        if line.account == 1300
    )


def test_transfers_between_own_funds_are_neither_sources_nor_uses(worked: Database) -> None:
    report = everything(worked)
    assert {line.account for line in (*report.sources, *report.uses)}.isdisjoint(
        (4910, 4915, 5910, 5915)
    )
    (line,) = report.transfers
    assert (line.into, line.out_of, line.together) == (148500, 148500, 0)
    assert "net 0.00" in render_html(report, "0" * 64)


def test_money_in_a_foreign_currency_has_its_own_net_assets(worked: Database) -> None:
    report = everything(worked)
    euros = position_in(report, "EUR")
    assert [(line.account, line.combined) for line in euros.assets] == [(1020, 4000)]
    assert euros.liabilities == ()
    assert euros.total_net_assets == 4000
    for row in report.positions:
        for line in (*row.assets, *row.liabilities):
            assert "1990" not in line.label
            assert "conversion" not in line.label


def test_pledges_roll_forward_from_the_journal_alone(worked: Database) -> None:
    """The worked events are imported: their pledges are labels without rows."""
    rows = {row.commodity: row for row in everything(worked).pledges}
    dollars = rows["USD"]
    assert (dollars.recognised, dollars.conditional, dollars.intended) == (300000, 90000, 0)
    assert (dollars.written_off, dollars.closing) == (11500, 390000)
    assert dollars.promised == 60_00 + 140_00 + 300_00 + 3000_00 + 50_00 + 40_00 + 1000_00
    assert dollars.received == 60_00 + 100_00 + 120_00 + 105_00 + 100_00
    assert (rows["EUR"].promised, rows["EUR"].received, rows["EUR"].closing) == (5000, 5000, 0)
    assert rows["EQP.LAPTOP"].closing == 1
    assert rows["MIN.ELEC"].closing == 810 + 960


def test_the_first_year_brings_its_opening_forward_and_earns_none_of_it(db: Database) -> None:
    with db.transaction() as session:
        make_fund(session, make_book(session))
    opened = Posting(1010, "GEN", "USD", 963000), Posting(3010, "GEN", "USD", -963000)
    post(db, "opening", date(2026, 1, 1), *opened, event="opening_balances")
    adjusted = Posting(3020, "GEN", "USD", 10000), Posting(1010, "GEN", "USD", -10000)
    post(db, "adjusted", date(2026, 2, 1), *adjusted, event="prior_period_adjustment")
    post(db, "gift", date(2026, 3, 1), *gift(770000))
    report = of_book(db, "A")
    (fund,) = report.funds
    assert (fund.reported, fund.restated, fund.income) == (963000, 953000, 770000)
    assert fund.closing == 953000 + 770000
    assert sum(line.combined for line in report.sources) == 770000
    assert report.restated
    assert "Restated" in render_html(report, "0" * 64)
    after = of_book(db, "A", {**YEAR, "since": date(2026, 6, 1)})
    assert (after.funds[0].reported, after.funds[0].income) == (fund.closing, 0)


def gift(amount: int, fund: str = "GEN") -> tuple[Posting, Posting]:
    return Posting(1010, fund, "USD", amount), Posting(4010, fund, "USD", -amount)


def test_what_is_owed_to_a_pool_is_a_liability_beside_what_it_owes(db: Database) -> None:
    """A host owes the pool from one fund and is owed by it in another: neither vanishes."""
    with db.transaction() as session:
        book, pool = make_book(session), make_book(session, "P", kind="pool")
        make_fund(session, book)
        make_fund(session, book, "HELD", "agency")
        make_fund(session, pool)
    between(db, "held", "HELD", -216666, own=1010, other=4010)
    between(db, "share", "GEN", 20000, own=4540, other=5540)
    position = position_in(of_book(db, "A"), "USD")
    due = [(line.label, line.combined) for line in position.assets if line.account == 1300]
    assert due == [("1300 Due from Book P", 20000)]
    owed = [(line.label, line.combined) for line in position.liabilities]
    assert owed == [("1300 Due to Book P", 216666)]


def between(db: Database, reference: str, fund: str, amount: int, *, own: int, other: int) -> None:
    """Have P owe A an amount, or A owe P a negative one."""
    named = {"counterparty": "P"} if own > 4000 else {}
    mirrored = {"counterparty": "A"} if other > 5000 else {}
    legs = (
        Posting(1300, fund, "USD", amount, counterparty="P"),
        Posting(own, fund, "USD", -amount, **named),
    )
    mirror = (
        Posting(1300, "GEN", "USD", -amount, counterparty="A"),
        Posting(other, "GEN", "USD", amount, **mirrored),
    )
    with db.transaction() as session:
        journal.post(
            session,
            [Entry("A", legs), Entry("P", mirror)],
            event_type="transfer",
            source="test",
            external_ref=reference,
            accounting_on=date(2026, 3, 1),
            now=NOW,
        )


def test_an_overdrawn_bank_is_a_liability(db: Database) -> None:
    with db.transaction() as session:
        make_fund(session, make_book(session))
    post(db, "gift", date(2026, 3, 1), *gift(100))
    spent = (
        Posting(5110, "GEN", "USD", 350, function="programme"),
        Posting(1010, "GEN", "USD", -350),
    )
    post(db, "bill", date(2026, 3, 2), *spent)
    held = Posting(1110, "GEN", "USD", -20), Posting(6510, "GEN", "USD", 20, function="fundraising")
    post(db, "fee", date(2026, 3, 3), *held)
    position = position_in(of_book(db, "A"), "USD")
    assert position.assets == ()
    assert [(line.label, line.combined) for line in position.liabilities] == [
        ("Overdrawn: 1010 Bank – operating", 250),
        ("Overdrawn: 1110 Stripe balance (clearing)", 20),
    ]
    assert position.total_net_assets == -270


def test_a_table_of_several_currencies_names_each_and_totals_in_order(db: Database) -> None:
    with db.transaction() as session:
        make_fund(session, make_book(session))
        for unit in ("EUR", "GBP"):
            ensure_commodity(session, unit)
    for unit, amount in (("GBP", 300), ("EUR", 200)):
        legs = Posting(1010, "GEN", unit, amount), Posting(4010, "GEN", unit, -amount)
        post(db, unit, date(2026, 3, 1), *legs)
    post(db, "USD", date(2026, 3, 1), *gift(100))
    html = render_html(of_book(db, "A"), "0" * 64)
    sources = html[html.index("<h3>Sources") : html.index("<h3>Uses")]
    heads = [sources.index(f"In {unit}") for unit in ("EUR", "GBP", "USD")]
    totals = [
        sources.index(f">{total}<", heads[n]) for n, total in enumerate(("2.00", "3.00", "1.00"))
    ]
    assert heads[0] < totals[0] < heads[1] < totals[1] < heads[2] < totals[2]
    assert "<tfoot" not in html, "a running foot would be printed on every page of a long table"


def test_a_pool_is_reported_by_itself(worked: Database) -> None:
    with worked.snapshot() as session:
        pool = book_by_code(session, "P")
        scope = Scope(pool.name, "pool", (pool,))
        report = build(session, scope=scope, edition="public", now=LATER, **YEAR)
    assert [code for code, _name, _kind in report.books] == ["P"]
    assert report.columns == ()
    assert {row.book for row in report.funds} == {"P"}
    (position,) = report.positions
    assert [(line.label, line.combined) for line in position.assets] == [
        ("1300 Due from Ashgrove", 29520)
    ]
    assert sum(line.combined for line in report.sources) == 179200
