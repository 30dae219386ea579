"""A page asks as few questions of a large store as of a small one."""

from pathlib import Path

import pytest

from bench.pages import PAGES, client_of, counting, settings
from bench.store import Store, fill
from ledger.db import Database
from tests.conftest import NOW
from wsgi import create_app

MOST = 20
HOME = "https://poolbook.example"
SMALL, LARGE = 60, 600


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Database, Store]]:
    """A small store and one ten times as large, with ten times as many communities."""
    folder: Path = tmp_path_factory.mktemp("stores")
    made = []
    for size in (SMALL, LARGE):
        db = Database(f"sqlite:///{folder}/{size}.db")
        made.append((db, fill(db, size, books=size // 20)))
    return made


def statements(db: Database, store: Store, who: str, address: str) -> list[str]:
    """The statements that a page asks, once the program is warm."""
    app = create_app(settings(db.url), db=db, clock=lambda: NOW)
    client = client_of(app, store, who)
    address = address.format(slug=store.slug, entry_id=store.entry_id)
    assert client.get(address, base_url=HOME).status_code == 200
    with counting(db.engine) as seen:
        client.get(address, base_url=HOME)
    return seen


@pytest.mark.parametrize(("name", "who", "address"), PAGES, ids=[page[0] for page in PAGES])
def test_a_page_asks_the_same_of_a_store_ten_times_as_large(
    stores: list[tuple[Database, Store]], name: str, who: str, address: str
):
    small, large = (statements(db, store, who, address) for db, store in stores)
    assert len(large) <= len(small), "\n".join(large)
    assert len(large) <= MOST, "\n".join(large)


def test_the_count_notices_a_question_for_each_row(stores: list[tuple[Database, Store]]):
    """The control: what asks once for each book asks more of the larger store."""

    def asked(db: Database) -> int:
        with counting(db.engine) as seen, db.snapshot() as session:
            codes = session.connection().exec_driver_sql("select code from book").scalars().all()
            for code in codes:
                session.connection().exec_driver_sql("select 1 from book where code = ?", (code,))
        return len(seen)

    (small, _store), (large, _other) = stores
    assert asked(large) > asked(small)
