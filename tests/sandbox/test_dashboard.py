"""A person uses the controls of the sandbox dashboard, and comes back to it with the result."""

import re
from html.parser import HTMLParser

import pytest
import requests
import stripe

from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import debited, paid
from tests.worlds import sandbox as world

VOID = {"meta", "link", "input"}


class Balanced(HTMLParser):
    """Every element that is opened is closed, in its order; no id is there twice."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                assert value not in self.ids
                self.ids.add(str(value))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def check(self, text: str) -> None:
        self.feed(text)
        self.close()
        assert self.open == []


@pytest.fixture(scope="module")
def empty(sandbox: Sandbox) -> str:
    """The page before anything has happened."""
    return page(sandbox)


@pytest.fixture(scope="module")
def busy(sandbox: Sandbox, empty: str) -> Sandbox:
    """A sandbox in which everything has happened once."""
    assert "Nobody has paid yet" in empty
    world.build(sandbox)
    return sandbox


def page(sandbox: Sandbox) -> str:
    return requests.get(f"{sandbox.url}/_test/", timeout=60).text


def pull(sandbox: Sandbox, lever: str, **form: str) -> str:
    """What the page says after a lever was pulled."""
    sent = {"_page": "1", **form}
    answer = requests.post(f"{sandbox.url}/_test/{lever}", sent, timeout=60)
    assert answer.url.startswith(f"{sandbox.url}/_test/?")
    return str(re.findall(r'role="status">([^<]*)<', answer.text)[0])


def test_the_page_is_sound_without_scripts_in_an_empty_and_a_busy_sandbox(
    busy: Sandbox, empty: str
) -> None:
    Balanced().check(empty)
    text = page(busy)
    Balanced().check(text)
    assert "<script" not in text
    assert "no real payments" in text
    names = re.findall(r'action="/_test/([a-z_]+)"', text)
    assert set(names) >= {
        "advance",
        "close_dispute",
        "end_debit",
        "end_refund",
        "fee",
        "move",
        "now",
        "open_dispute",
        "payout",
        "redeliver",
        "refund",
        "set",
        "settle",
    }


@pytest.mark.parametrize("damage", ["</p>", '<i id="charges"></i>', "<b>"])
def test_a_page_that_is_not_sound_is_noticed(busy: Sandbox, damage: str) -> None:
    """The control of the check above."""
    with pytest.raises(AssertionError):
        Balanced().check(page(busy).replace("</main>", f"{damage}</main>"))


def test_a_refund_is_typed_as_people_write_money(
    busy: Sandbox, client: stripe.StripeClient
) -> None:
    charge = paid(busy, client, 12_345)
    assert 'value="123.45"' in page(busy)
    assert pull(busy, "refund", charge=charge.id, sum="100.40", how="ok") == "Done."
    assert client.v1.refunds.list({"charge": charge.id}).data[0].amount == 10_040
    assert "greater than unrefunded amount" in pull(busy, "refund", charge=charge.id, sum="23.06")
    assert "Give an amount" in pull(busy, "refund", charge=charge.id, sum="1.234")
    yen = paid(busy, client, 5000, "jpy")
    assert pull(busy, "refund", charge=yen.id, sum="1,200") == "Done."
    assert client.v1.refunds.list({"charge": yen.id}).data[0].amount == 1200


def test_a_debit_is_decided_and_a_dispute_opened_and_won_on_the_page(
    busy: Sandbox, client: stripe.StripeClient
) -> None:
    debit = debited(busy, client, "AT861904300235473202")
    assert pull(busy, "end_debit", charge=debit.id, reason="") == "Done."
    assert client.v1.charges.retrieve(debit.id).status == "succeeded"
    charge = paid(busy, client, 4242)
    assert pull(busy, "open_dispute", charge=charge.id) == "Done."
    (dispute,) = client.v1.disputes.list({"charge": charge.id}).data
    assert pull(busy, "close_dispute", dispute=dispute.id, outcome="won") == "Done."
    assert client.v1.disputes.retrieve(dispute.id).status == "won"
    assert "ended" in pull(busy, "close_dispute", dispute=dispute.id, outcome="won")


def test_a_day_passes_at_the_pull_of_a_lever(busy: Sandbox, client: stripe.StripeClient) -> None:
    before = client.v1.customers.create({}).created
    assert pull(busy, "advance", seconds="86400") == "Done."
    assert client.v1.customers.create({}).created >= before + 86_400


def test_what_somebody_typed_is_shown_as_text(busy: Sandbox) -> None:
    said = pull(busy, "refund", charge="<b>bold</b>")
    assert "<b>" not in said
    assert "&lt;b&gt;bold" in said
