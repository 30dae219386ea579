"""At the door: who asks too often is told so in words, wherever a request says it comes from."""

from dataclasses import dataclass, replace

import pytest

from ledger.db import Database
from ledger.gateway import CheckoutSession
from ledger.ids import new_id
from tests.conftest import NOW
from tests.worlds.town import HOME, found_town, settings_of
from wsgi import create_app

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Provider:
    """Stands in for Stripe and counts what it is asked."""

    pages: int = 0

    def create_checkout_session(self, **asked: object) -> CheckoutSession:
        self.pages += 1
        page = f"https://checkout.stripe.com/c/{asked['key']}"
        return CheckoutSession(f"cs_{self.pages}", page, "open", "unpaid", None)


def knock(db: Database, proxies: int, times: int) -> tuple[int, list[int]]:
    """How many pages a bot gets that claims to come from somewhere else each time."""
    found_town(db)
    provider = Provider()
    settings = replace(settings_of(db.url), trusted_proxies=proxies)
    app = create_app(
        settings,
        db=db,
        gateway=provider,  # type: ignore[arg-type]  # answers what these pages ask
        clock=lambda: NOW,
    )
    app.config["WTF_CSRF_ENABLED"] = False
    statuses = []
    for n in range(times):
        client = app.test_client()
        told = {"X-Forwarded-For": f"203.0.113.{n}"}
        form = {
            "money": "5",
            "name": "Bot",
            "email": f"bot{n}@example.org",
            "consent": "name",
            "form_key": str(new_id()),
        }
        answer = client.post("/campaigns/solar-roof/pledge", data=form, headers=told, base_url=HOME)
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            assert "Your pledge is kept" in answer.text
            assert 0 < int(answer.headers["Retry-After"]) <= 24 * 3600
            assert "/sign-in" in answer.text
    return provider.pages, statuses


def test_what_a_request_says_of_its_origin_counts_for_nothing(db: Database) -> None:
    pages, statuses = knock(db, 0, 13)
    assert pages == 10
    # The thirteenth form within the hour asks to confirm the address, before any payment page.
    assert statuses == [303] * 10 + [429] * 2 + [303]


def test_behind_a_proxy_of_our_own_its_word_counts(db: Database) -> None:
    """Also the control: whoever trusts the header without a proxy has no brake at all."""
    assert knock(db, 1, 13) == (13, [303] * 13)


def test_less_than_one_is_not_taken(db: Database) -> None:
    town = found_town(db)
    form = {
        "money": "0.99",
        "name": "Bot",
        "email": "bot@example.org",
        "consent": "name",
        "form_key": "k",
    }
    answer = town.client().post("/campaigns/solar-roof/pledge", data=form)
    assert answer.status_code == 422
    assert "Enter an amount of at least 1." in answer.text
