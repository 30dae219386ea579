"""Pools are opened and joined by commands; twice the same is once."""

import pytest

from ledger.db import Database
from ledger.queries.books.books import all_books
from tests.cli.conftest import Run

POOL = ("pool", "create", "STREAMS", "--name", "Three Streams", "--currency", "USD")


@pytest.fixture
def hall(run: Run) -> Run:
    """Two communities, and one that counts in another currency."""
    for code, currency in (("A", "USD"), ("B", "USD"), ("X", "EUR")):
        opened = ("--kind", "community", "--currency", currency)
        assert run("book", "create", code, "--name", f"Book {code}", *opened).code == 0
        assert run("fund", "create", code, "GEN", "--class", "unrestricted").code == 0
    assert run("fund", "create", "A", "HELD", "--class", "agency").code == 0
    return run


def test_a_pool_is_opened_and_joined_once(hall: Run) -> None:
    for _time in range(2):
        terms = ("--host", "A/HELD", "--fee", "500", "--member", "A/GEN")
        made = hall(*POOL, *terms, "--json")
        assert (made.code, made.json) == (0, {"pool": "STREAMS", "host": "A", "members": 1})
        joined = hall("pool", "join", "STREAMS", "B/GEN", "--json")
        assert (joined.code, joined.json) == (0, {"pool": "STREAMS", "member": "B"})
    assert hall("check").code == 0


def test_a_pool_keeps_its_days_where_its_host_does_unless_told(hall: Run, db: Database) -> None:
    assert hall("book", "time-zone", "A", "Europe/Berlin").code == 0
    terms = ("--host", "A/HELD", "--member", "A/GEN")
    assert hall(*POOL, *terms).code == 0
    # Its host moves on; the same command is no other pool.
    assert hall("book", "time-zone", "A", "Asia/Tokyo").code == 0
    assert hall(*POOL, *terms).code == 0
    assert hall(*POOL, *terms, "--time-zone", "Asia/Tokyo").code == 1
    other = ("pool", "create", "HILLS", "--name", "Hills", "--currency", "USD")
    assert hall(*other, "--host", "A/HELD", "--time-zone", "Africa/Lagos").code == 0
    assert hall(*other[:2], "X", *other[3:], *terms, "--time-zone", "Mars/Olympus").code == 1
    with db.snapshot() as session:
        zones = {book.code: book.time_zone for book in all_books(session)}
    assert (zones["STREAMS"], zones["HILLS"]) == ("Europe/Berlin", "Africa/Lagos")


@pytest.mark.parametrize(
    ("terms", "place"),
    [
        (("--host", "A/GEN"), "held_fund"),
        (("--host", "A"), "host"),
        (("--host", "X/GEN"), "host"),
        (("--host", "NOWHERE/GEN"), ""),
        (("--host", "A/HELD", "--fee", "10001"), "fee_basis_points"),
        (("--host", "A/HELD", "--member", "X/GEN"), "member"),
        (("--host", "A/HELD", "--member", "B/NOWHERE"), ""),
        (("--host", "A/HELD", "--member", "A/HELD"), "fund"),
    ],
)
def test_a_pool_that_cannot_be_leaves_nothing(
    hall: Run, terms: tuple[str, ...], place: str
) -> None:
    refused = hall(*POOL, *terms)
    assert refused.code == 1
    assert place in refused.err
    assert hall("pool", "join", "STREAMS", "B/GEN").code == 1


def test_other_terms_are_refused(hall: Run) -> None:
    assert hall(*POOL, "--host", "A/HELD", "--member", "B/GEN").code == 0
    assert hall(*POOL, "--host", "A/HELD", "--fee", "1").code == 1
    assert hall("fund", "create", "B", "OTHER", "--class", "purpose").code == 0
    assert hall("pool", "join", "STREAMS", "B/OTHER").code == 1
    assert hall("pool", "join", "STREAMS", "STREAMS/POOL").code == 1
