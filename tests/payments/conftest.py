"""One sandbox process and one database of each engine for the cases of a file."""

from collections.abc import Iterator

import pytest

from ledger.db import Database
from tests.faults.conftest import Sandbox
from tests.ports import free_port
from tests.services.undone import shared_db_fixture  # noqa: F401
from tests.worlds.shop import Shop


@pytest.fixture(scope="module")
def shop(shared_db: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose payments settle, and whose cards misbehave, only when told to."""
    server = Sandbox(free_port(), tmp_path_factory.mktemp("shop") / "sandbox.db")
    server.start()
    later = ("settle_seconds", "refund_seconds", "debit_seconds", "payout_seconds")
    server.control("set", **dict.fromkeys(later, "864000000"))
    yield Shop(shared_db, server)
    server.kill()


@pytest.fixture
def sqlite_shop(shop: Shop) -> Shop:
    """The shop on SQLite: where a control is shown once, that is enough."""
    if not shop.db.is_sqlite:
        pytest.skip("the control is shown on SQLite")
    return shop
