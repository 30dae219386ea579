"""Pledges roll forward from the journal: each way in which one changes has its column."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from ledger.core.entry import Entry, Posting
from ledger.db import Database
from ledger.services.books import journal
from ledger.services.campaigns.campaigns import Need, create_campaign
from ledger.services.pledges.offers import Line
from ledger.services.pledges.parties import find_or_create_party
from ledger.services.pledges.pledges import PledgeRequest, make_pledges
from reports.build import build, scope_of_book
from reports.model import PledgeRow
from tests.conftest import NOW
from tests.factories import make_book, make_fund
from tests.keywords import Period

MARCH: Period = {"since": date(2026, 3, 1), "until": date(2026, 3, 31)}
LATER = datetime(2027, 6, 1, tzinfo=UTC)


@pytest.fixture
def town(db: Database) -> Database:
    with db.transaction() as session:
        make_fund(session, make_book(session))
    return db


def post(db: Database, on: str, event: str, *legs: Posting, now: datetime = NOW) -> UUID:
    reference = f"{event} {on} {legs[0].quantity} {legs[0].pledge}"
    with db.transaction() as session:
        return journal.post(
            session,
            [Entry("A", legs)],
            event_type=event,
            source="import",
            external_ref=reference,
            accounting_on=date.fromisoformat(on),
            now=now,
        ).ids[0]


def leg(account: int, amount: int, pledge: str | None = None, **labels: str) -> Posting:
    return Posting(account, "GEN", "USD", amount, pledge=pledge, **labels)


def both(memo: int, amount: int, pledge: str) -> tuple[Posting, Posting]:
    return leg(memo, amount, pledge), leg(9190, -amount, pledge)


def paid(amount: int, pledge: str) -> tuple[Posting, ...]:
    return leg(1010, amount), leg(4010, -amount), *both(9110, -amount, pledge)


def rows_of(db: Database, known_at: datetime | None = None) -> list[PledgeRow]:
    with db.snapshot() as session:
        scope = scope_of_book(session, "A")
        report = build(
            session, scope=scope, edition="public", now=LATER, known_at=known_at, **MARCH
        )
        return list(report.pledges)


def test_each_change_has_its_column(town: Database) -> None:
    post(town, "2026-02-01", "pledge", *both(9110, 100, "before"))
    post(town, "2026-03-01", "pledge", *both(9110, 1000, "a"))
    post(town, "2026-03-02", "payment", *paid(300, "a"))
    post(town, "2026-03-03", "pledge_lapsed", *both(9110, -40, "a"))
    post(town, "2026-03-04", "pledge_cancelled", *both(9110, -25, "a"))
    post(town, "2026-03-05", "promise", leg(1210, 500, "b"), leg(4030, -500, "b"))
    post(town, "2026-03-06", "payment", leg(1010, 200), leg(1210, -200, "b"))
    post(town, "2026-03-07", "debit_returned", leg(1210, 60, "b"), leg(1010, -60))
    post(town, "2026-03-08", "write_off", leg(6610, 70), leg(1218, 20), leg(1210, -90, "b"))
    post(town, "2026-03-09", "pledge", *both(9120, 800, "c"))
    met = (*both(9120, -800, "c"), leg(1210, 800, "c"), leg(4030, -800, "c"))
    post(town, "2026-03-10", "condition_met", *met)
    post(town, "2026-04-01", "payment", *paid(5, "a"))
    (row,) = rows_of(town)
    assert row == PledgeRow(
        campaign="Without a campaign",
        commodity="USD",
        opening=100,
        promised=1000 + 500 + 800,
        received=300 + 200,
        returned=60,
        lapsed=40,
        written_off=90,
        cancelled=25,
        closing=100 + 2300 - 500 + 60 - 40 - 90 - 25,
        recognised=500 - 200 + 60 - 90 + 800,
        intended=100 + 1000 - 300 - 40 - 25,
        conditional=0,
    )


def test_what_is_undone_leaves_the_column_it_stood_in(town: Database) -> None:
    post(town, "2026-03-01", "pledge", *both(9110, 1000, "a"))
    payment = post(town, "2026-03-02", "payment", *paid(300, "a"))
    lapse = post(town, "2026-03-03", "pledge_lapsed", *both(9110, -700, "a"))
    with town.transaction() as session:
        book_id = scope_of_book(session, "A").books[0].id
        for entry_id in (lapse, payment):
            journal.reverse(
                session, book_id=book_id, entry_id=entry_id, accounting_on=date(2026, 3, 9), now=NOW
            )
    (row,) = rows_of(town)
    assert (row.promised, row.received, row.returned, row.lapsed, row.closing) == (
        1000,
        0,
        0,
        0,
        1000,
    )


def test_what_is_recorded_later_is_left_out_of_a_look_back(town: Database) -> None:
    post(town, "2026-03-01", "pledge", *both(9110, 1000, "a"))
    post(town, "2026-03-02", "payment", *paid(300, "a"), now=NOW + timedelta(hours=1))
    assert [row.closing for row in rows_of(town)] == [700]
    assert [row.closing for row in rows_of(town, known_at=NOW)] == [1000]


def test_campaigns_of_one_title_are_told_apart(town: Database) -> None:
    """Labels of imported legs are campaigns as well, and pledges with rows are their campaign's."""
    with town.transaction() as session:
        book = scope_of_book(session, "A").books[0]
        fund = make_fund(session, book, "ROOF", "purpose")
        for slug in ("roof", "roof-2"):
            campaign = create_campaign(
                session,
                book=book,
                fund=fund,
                slug=slug,
                title="A roof",
                summary="",
                story="",
                commodity="USD",
                mode="keep_what_you_raise",
                opens_on=date(2026, 3, 1),
                deadline_on=date(2026, 12, 31),
                needs=[Need("USD", "USD", 1000, 1000)],
                now=NOW,
            )
        party = find_or_create_party(
            session, email="a@example.org", name="Ada", consent="anonymous", now=NOW
        )
        make_pledges(
            session,
            campaign=campaign,
            party=party,
            request=PledgeRequest(
                lines=[Line("USD", 900)], form_key="one", message="", consent="anonymous"
            ),
            now=datetime(2026, 3, 5, tzinfo=UTC),
        )
    for amount, slug in ((40, "roof"), (7, "elsewhere")):
        memo = leg(9110, amount, campaign=slug), leg(9190, -amount, campaign=slug)
        post(town, "2026-03-02", "pledge", *memo)
    assert [(row.campaign, row.closing) for row in rows_of(town)] == [
        ("A roof (roof)", 40),
        ("A roof (roof-2)", 900),
        ("elsewhere", 7),
    ]
