"""Lists are walked forwards and backwards, page by page, without a gap or a repetition."""

import pytest
import stripe

from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import paid

COUNT = 23


@pytest.fixture(scope="module")
def newest_first(sandbox: Sandbox) -> list[str]:
    from tests.sandbox.conftest import client_of

    client = client_of(sandbox)
    return [client.v1.customers.create({"name": f"N{n}"}).id for n in range(COUNT)][::-1]


def test_a_list_shows_ten_of_the_newest(
    client: stripe.StripeClient, newest_first: list[str]
) -> None:
    page = client.v1.customers.list()
    assert [found.id for found in page.data] == newest_first[:10]
    assert page.has_more is True


@pytest.mark.parametrize("limit", [1, 3, 7, 22, 23, 24, 100])
def test_every_item_comes_once_forwards(
    client: stripe.StripeClient, newest_first: list[str], limit: int
) -> None:
    page = client.v1.customers.list({"limit": limit})
    assert [found.id for found in page.auto_paging_iter()] == newest_first
    assert page.has_more is (limit < COUNT)


@pytest.mark.parametrize("limit", [1, 4, 11, 22, 100])
def test_every_item_comes_once_backwards(
    client: stripe.StripeClient, newest_first: list[str], limit: int
) -> None:
    page = client.v1.customers.list({"limit": limit, "ending_before": newest_first[-1]})
    assert [found.id for found in page.data] == newest_first[:-1][-limit:]
    assert page.has_more is (limit < COUNT - 1)
    walked = [found.id for found in page.auto_paging_iter()]
    assert walked == newest_first[:-1][::-1]


def test_a_cursor_in_the_middle_divides_the_list(
    client: stripe.StripeClient, newest_first: list[str]
) -> None:
    middle = newest_first[11]
    after = client.v1.customers.list({"limit": 100, "starting_after": middle})
    before = client.v1.customers.list({"limit": 100, "ending_before": middle})
    assert [found.id for found in after.data] == newest_first[12:]
    assert [found.id for found in before.data] == newest_first[:11]
    last = client.v1.customers.list({"starting_after": newest_first[-1]})
    assert (last.data, last.has_more) == ([], False)
    first = client.v1.customers.list({"ending_before": newest_first[0]})
    assert (first.data, first.has_more) == ([], False)


def test_filters_narrow_a_list_and_combine(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    one, two = paid(sandbox, client, 1000), paid(sandbox, client, 2000, "eur")
    sandbox.control("settle")
    of_one = client.v1.balance_transactions.list({"source": one.id}).data
    assert [txn.amount for txn in of_one] == [1000]
    euros = client.v1.balance_transactions.list({"currency": "eur", "type": "charge"}).data
    assert [txn.source for txn in euros] == [two.id]
    assert client.v1.balance_transactions.list({"currency": "eur", "type": "refund"}).data == []
    newest = of_one[0].created
    both = client.v1.balance_transactions.list({"created": {"gte": newest, "lt": newest + 3600}})
    assert both.data
    assert client.v1.balance_transactions.list({"created": {"gt": newest + 3600}}).data == []
    assert client.v1.balance_transactions.list({"created": {"lte": newest - 3600}}).data == []


def test_a_list_expands_what_its_items_name(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    charge = paid(sandbox, client, 1234)
    sandbox.control("settle")
    found = client.v1.balance_transactions.list(
        {"source": charge.id, "expand": ["data.source.payment_intent"]}
    ).data[0]
    assert isinstance(found.source, stripe.Charge)
    assert isinstance(found.source.payment_intent, stripe.PaymentIntent)
    assert found.source.payment_intent.latest_charge == charge.id
