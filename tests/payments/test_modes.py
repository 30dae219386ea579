"""Live, test mode and sandbox never mix (case 21): neither in what is read, nor in which books
follow which account, nor in what people are told."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from ledger import worker
from ledger.cli import cli
from ledger.config import STRIPE_API, Settings, from_environment
from ledger.db import Database
from ledger.errors import Invalid, NotAllowed
from ledger.gateway import StripeGateway
from ledger.stripe.sync import check_account
from tests.faults.conftest import Sandbox
from tests.payments.sabotage import Broken, Case, named, nothing, turns_red
from tests.ports import free_port
from tests.worlds.shop import Shop
from wsgi import create_app, refuse_other_books

PRETENDS = "no real payments"


def live(shop: Shop) -> Settings:
    """The same installation with a key that moves real money."""
    return replace(shop.settings, stripe_key="sk_live_x", stripe_base=STRIPE_API)


def rehearsal(shop: Shop) -> Settings:
    """The same installation in Stripe's own test mode."""
    return replace(shop.settings, stripe_base=STRIPE_API)


def nothing_that_says_it_is_live_is_read(shop: Shop) -> None:
    pledge = shop.pledge()
    shop.pay(pledge)
    shop.sandbox.control("settle")
    (paid,) = shop.charges(pledge)
    shop.sandbox.control("set", livemode="1")
    try:
        with pytest.raises(NotAllowed):
            shop.sync_stripe(settle=False)
        with pytest.raises(NotAllowed):
            shop.page(shop.pledge())
    finally:
        shop.sandbox.control("set", livemode="0")
    assert shop.legs(pledge) == []
    shop.sync_stripe()
    assert shop.gateway.retrieve_charge(paid.id).amount == shop.balance(pledge, 4010) * -1 == 6000


def books_follow_one_kind_of_money_for_good(shop: Shop) -> None:
    check_account(shop.db, shop.gateway, now=shop.now())
    refuse_other_books(shop.db, shop.settings)
    refuse_other_books(shop.db, replace(shop.settings, stripe_key=""))
    for other in (live(shop), rehearsal(shop)):
        with pytest.raises(NotAllowed, match="These books belong to the sandbox"):
            refuse_other_books(shop.db, other)


def a_worker_of_another_account_does_not_begin(shop: Shop) -> None:
    check_account(shop.db, shop.gateway, now=shop.now())
    pledge = shop.pledge()
    place = shop.sandbox.state.with_name(f"other{free_port()}.db")
    other = Sandbox(free_port(), place)
    other.start()
    try:
        strange = StripeGateway(replace(shop.settings, stripe_base=other.url))
        with pytest.raises(NotAllowed, match=", but the key belongs to another account"):
            worker.run(shop.db, strange, shop.now, OnePass())
    finally:
        other.kill()
    assert shop.legs(pledge) == []


class OnePass(Event):
    """What ends a worker after one pass."""

    asked = False

    def is_set(self) -> bool:
        self.asked, before = True, self.asked
        return before


def every_page_says_that_no_real_money_moves(shop: Shop) -> None:
    for settings, says in (
        (shop.settings, True),
        (replace(shop.settings, demo=True), True),
        (rehearsal(shop), True),
        (live(shop), False),
        (replace(shop.settings, stripe_key=""), False),
    ):
        assert (PRETENDS in sign_in_page(shop.db, settings)) is says


def sign_in_page(db: Database, settings: Settings) -> str:
    """Return a page that an installation has before its first book."""
    browser: FlaskClient = create_app(settings, db=db).test_client()
    return browser.get("/sign-in").text


def a_demo_never_has_a_live_key(shop: Shop) -> None:
    environ = {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"}
    environ |= {"POOLBOOK_DATA": str(shop.sandbox.state.parent), "POOLBOOK_DEMO": "1"}
    assert from_environment(environ).demo
    with pytest.raises(Invalid) as refused:
        from_environment({**environ, "STRIPE_SECRET_KEY": "rk_live_1"})
    assert refused.value.place == "POOLBOOK_DEMO"


CASES: list[Case] = [
    nothing_that_says_it_is_live_is_read,
    books_follow_one_kind_of_money_for_good,
    a_worker_of_another_account_does_not_begin,
    every_page_says_that_no_real_money_moves,
    a_demo_never_has_a_live_key,
]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_live_test_and_sandbox_never_mix(shop: Shop, case: Case) -> None:
    case(shop)


BROKEN: list[tuple[Case, list[Broken]]] = [
    (
        nothing_that_says_it_is_live_is_read,
        [("ledger.gateway.connection.Connection.check_mode", nothing)],
    ),
    (
        books_follow_one_kind_of_money_for_good,
        [("ledger.services.stripe_balance.accounts.check", nothing)],
    ),
    (a_worker_of_another_account_does_not_begin, [("ledger.worker.check_account", nothing)]),
    (
        every_page_says_that_no_real_money_moves,
        [("ledger.config.Settings.pretends", property(lambda _: False))],
    ),
    (a_demo_never_has_a_live_key, [("ledger.config.LIVE_PREFIXES", ("sk_live_",))]),
]


@pytest.mark.parametrize(("case", "broken"), BROKEN, ids=named)
def test_broken_code_turns_each_case_red(
    sqlite_shop: Shop, case: Case, broken: list[Broken]
) -> None:
    turns_red(case, sqlite_shop, *broken)


def test_every_case_has_its_control() -> None:
    assert [case for case, _broken in BROKEN] == CASES


@pytest.mark.parametrize("key", ["sk_live_1", "rk_live_1"])
def test_the_web_server_itself_refuses_to_begin_on_other_books(
    shop: Shop, key: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The command, as it is typed: it ends with a sentence before it listens."""
    check_account(shop.db, shop.gateway, now=shop.now())
    served: list[object] = []
    monkeypatch.setattr("ledger.serving.serve", lambda *_, **__: served.append(1))
    environ = {
        "POOLBOOK_DATA": str(tmp_path),
        "POOLBOOK_DATABASE_URL": shop.db.url,
        "STRIPE_WEBHOOK_SECRET": "whsec_1",
    }
    run = CliRunner().invoke(cli, ["serve"], env={**environ, "STRIPE_SECRET_KEY": key})
    assert isinstance(run.exception, NotAllowed)
    assert served == []
    base = {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_API_BASE": shop.sandbox.url}
    assert CliRunner().invoke(cli, ["serve"], env={**environ, **base}).exit_code == 0
    assert served == [1]
