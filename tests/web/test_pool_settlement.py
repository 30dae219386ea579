"""The host's treasurer settles on the pool's page all that is open; the books say the same."""

from ledger.db import Database
from ledger.queries.books.books import book_by_code
from ledger.queries.pools.open_balances import open_balances
from tests.worlds.town import found_town


def test_all_that_is_open_is_booked_once_and_shown_no_more(db: Database) -> None:
    town = found_town(db)
    treasurer = town.client("treasurer")
    heading, address = "Record all transfers", town.address("pools.settle_all")
    assert heading in treasurer.get(town.address("pools.show")).text
    assert treasurer.post(address).status_code == 303
    with db.snapshot() as session:
        assert open_balances(session, pool_id=book_by_code(session, "P").id) == []
    shown = treasurer.get(town.address("pools.show")).text
    assert "at the bank as well." in shown
    assert heading not in shown
    again = treasurer.post(address, follow_redirects=True).text
    assert "owe each other nothing" in again
