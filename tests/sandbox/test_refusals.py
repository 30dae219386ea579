"""The sandbox refuses what Stripe refuses, with Stripe's status, type, code and parameter."""

from typing import Any

import pytest
import requests
import stripe

from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import KEY, client_of, page_params, paid, present


def asked(sandbox: Sandbox, method: str, path: str, params: dict[str, Any]) -> requests.Response:
    return requests.request(
        method,
        f"{sandbox.url}/v1/{path}",
        params=params if method == "GET" else None,
        data=params if method == "POST" else None,
        auth=(KEY, ""),
        timeout=60,
    )


PAGE = {
    "mode": "payment",
    "success_url": "http://127.0.0.1:1/",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "usd",
    "line_items[0][price_data][unit_amount]": "6000",
    "line_items[0][price_data][product_data][name]": "Roof",
}
AMOUNT = "line_items[0][price_data][unit_amount]"
CURRENCY = "line_items[0][price_data][currency]"


def page(**changes: str | None) -> dict[str, str]:
    """The parameters of a good page with some changed or, by None, left out."""
    names = {"amount": AMOUNT, "currency": CURRENCY, "quantity": "line_items[0][quantity]"}
    changed = {**PAGE, **{names.get(name, name): value for name, value in changes.items()}}
    return {name: value for name, value in changed.items() if value is not None}


PAGES = "checkout/sessions"
INVALID = "parameter_invalid_integer"
GRAIN = "invalid_charge_amount_no_decimal_compatible"
CASES: list[tuple[str, str, str, dict[str, Any], int, str | None, str | None]] = [
    ("an unknown charge", "GET", "charges/ch_1", {}, 404, "resource_missing", "id"),
    ("an unknown page", "GET", f"{PAGES}/cs_1", {}, 404, "resource_missing", "id"),
    ("an id of another kind", "GET", "payouts/ch_1", {}, 404, "resource_missing", "id"),
    ("an unknown address to read", "GET", "nothing/at/all", {}, 404, None, None),
    ("an unknown address to write", "POST", "transfers", {}, 404, None, None),
    ("no mode", "POST", PAGES, page(mode=None), 400, "parameter_missing", "mode"),
    (
        "no success url",
        "POST",
        PAGES,
        page(success_url=None),
        400,
        "parameter_missing",
        "success_url",
    ),
    ("no amount", "POST", PAGES, page(amount=None), 400, "parameter_missing", AMOUNT),
    ("no currency", "POST", PAGES, page(currency=None), 400, "parameter_missing", CURRENCY),
    (
        "no line items",
        "POST",
        PAGES,
        {"mode": "payment", "success_url": "x"},
        400,
        "parameter_missing",
        "line_items",
    ),
    (
        "line items that are no list",
        "POST",
        PAGES,
        {"mode": "payment", "success_url": "x", "line_items": "many"},
        400,
        None,
        "line_items",
    ),
    ("an amount in words", "POST", PAGES, page(amount="ten"), 400, INVALID, AMOUNT),
    ("an amount with a fraction", "POST", PAGES, page(amount="60.5"), 400, INVALID, AMOUNT),
    ("an amount in other digits", "POST", PAGES, page(amount="٦٠٠٠"), 400, INVALID, AMOUNT),
    ("a negative amount", "POST", PAGES, page(amount="-5"), 400, INVALID, AMOUNT),
    (
        "no quantity at all",
        "POST",
        PAGES,
        page(quantity="0"),
        400,
        INVALID,
        "line_items[0][quantity]",
    ),
    ("an unknown currency", "POST", PAGES, page(currency="zzz"), 400, None, CURRENCY),
    (
        "an unknown parameter",
        "POST",
        PAGES,
        page(colour="red"),
        400,
        "parameter_unknown",
        "colour",
    ),
    (
        "an unknown inner parameter",
        "POST",
        PAGES,
        page(**{"line_items[0][price_data][colour]": "red"}),
        400,
        "parameter_unknown",
        "line_items[0][price_data][colour]",
    ),
    (
        "a value that is a group as well",
        "POST",
        PAGES,
        page(**{"mode[a]": "b"}),
        400,
        None,
        "mode",
    ),
    (
        "an unknown customer",
        "POST",
        PAGES,
        page(customer="cus_1"),
        400,
        "resource_missing",
        "customer",
    ),
    (
        "This amount is too small for that many instalments",
        "POST",
        PAGES,
        page(amount="49"),
        400,
        "amount_too_small",
        "line_items",
    ),
    (
        "too few pounds",
        "POST",
        PAGES,
        page(amount="29", currency="gbp"),
        400,
        "amount_too_small",
        "line_items",
    ),
    (
        "too few yen",
        "POST",
        PAGES,
        page(amount="49", currency="jpy"),
        400,
        "amount_too_small",
        "line_items",
    ),
    (
        "too much",
        "POST",
        PAGES,
        page(amount="100000000"),
        400,
        "amount_too_large",
        "line_items",
    ),
    (
        "too much by quantity",
        "POST",
        PAGES,
        page(amount="60000000", quantity="2"),
        400,
        "amount_too_large",
        "line_items",
    ),
    (
        "a thousandth of a dinar",
        "POST",
        PAGES,
        page(amount="5124", currency="kwd"),
        400,
        None,
        "line_items",
    ),
    (
        "a hundredth of a krona",
        "POST",
        PAGES,
        page(amount="50050", currency="isk"),
        400,
        GRAIN,
        "line_items",
    ),
    ("a refund of nothing named", "POST", "refunds", {}, 400, "parameter_missing", "charge"),
    (
        "a refund of an unknown charge",
        "POST",
        "refunds",
        {"charge": "ch_1"},
        404,
        "resource_missing",
        "charge",
    ),
    (
        "a refund of an unknown intent",
        "POST",
        "refunds",
        {"payment_intent": "pi_1"},
        404,
        "resource_missing",
        "payment_intent",
    ),
    (
        "a refund for a reason of one's own",
        "POST",
        "refunds",
        {"charge": "ch_1", "reason": "mood"},
        400,
        None,
        "reason",
    ),
    (
        "closing an unknown page",
        "POST",
        f"{PAGES}/cs_1/expire",
        {},
        404,
        "resource_missing",
        "session",
    ),
    ("a page of no length", "GET", "charges", {"limit": "0"}, 400, INVALID, "limit"),
    ("a page too long", "GET", "charges", {"limit": "101"}, 400, INVALID, "limit"),
    ("a page of some length", "GET", "charges", {"limit": "some"}, 400, INVALID, "limit"),
    (
        "a cursor that is not there",
        "GET",
        "charges",
        {"starting_after": "ch_1"},
        400,
        "resource_missing",
        "starting_after",
    ),
    (
        "two cursors",
        "GET",
        "charges",
        {"starting_after": "a", "ending_before": "b"},
        400,
        None,
        "ending_before",
    ),
    (
        "an unknown filter",
        "GET",
        "charges",
        {"colour": "red"},
        400,
        "parameter_unknown",
        "colour",
    ),
    (
        "an unknown bound of time",
        "GET",
        "charges",
        {"created[about]": "5"},
        400,
        "parameter_unknown",
        "created[about]",
    ),
    (
        "a bound of time in words",
        "GET",
        "charges",
        {"created[gte]": "noon"},
        400,
        INVALID,
        "created[gte]",
    ),
    ("what cannot be expanded", "GET", "charges", {"expand[]": "data.x"}, 200, None, None),
    (
        "an expansion that forgets the list",
        "GET",
        "charges",
        {"expand[]": "source"},
        400,
        None,
        "expand",
    ),
    (
        "metadata of too many keys",
        "POST",
        "customers",
        {f"metadata[k{n}]": "v" for n in range(51)},
        400,
        None,
        "metadata",
    ),
    (
        "metadata too long",
        "POST",
        "customers",
        {"metadata[k]": "v" * 501},
        400,
        None,
        "metadata",
    ),
]


@pytest.mark.parametrize(
    ("method", "path", "params", "status", "code", "param"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_a_wrong_request_is_refused_as_stripe_refuses_it(
    sandbox: Sandbox,
    method: str,
    path: str,
    params: dict[str, Any],
    status: int,
    code: str | None,
    param: str | None,
) -> None:
    answer = asked(sandbox, method, path, params)
    assert answer.status_code == status, answer.text
    if status == 200:
        return
    error = answer.json()["error"]
    assert (error["type"], error.get("code"), error.get("param")) == (
        "invalid_request_error",
        code,
        param,
    )
    assert error["message"].endswith((".", "'")) or code in (INVALID, "parameter_unknown")


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("50", "usd"),
        ("30", "gbp"),
        ("50", "jpy"),
        ("99999999", "usd"),
        ("5120", "kwd"),
        ("50000", "isk"),
    ],
)
def test_the_same_requests_within_the_bounds_are_taken(
    sandbox: Sandbox, amount: str, currency: str
) -> None:
    """The control of the bounds: one step inside, nothing is refused."""
    answer = asked(sandbox, "POST", PAGES, page(amount=amount, currency=currency))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "did not provide"),
        ("sk_live_real", "Invalid API Key"),
        ("pk_test_public", "Invalid API Key"),
        ("nonsense", "Invalid API Key"),
    ],
    ids=["no key", "a live key", "a public key", "nonsense"],
)
def test_a_wrong_key_is_refused_and_never_repeated(sandbox: Sandbox, key: str, words: str) -> None:
    answer = requests.get(f"{sandbox.url}/v1/balance", auth=(key, ""), timeout=60)
    assert answer.status_code == 401
    assert words in answer.json()["error"]["message"]
    if key:
        assert key not in answer.text
        with pytest.raises(stripe.AuthenticationError):
            client_of(sandbox, key).v1.balance.retrieve()
    restricted = client_of(sandbox, "rk_test_restricted")
    assert restricted.v1.balance.retrieve().livemode is False


def test_the_sdk_raises_the_class_that_fits(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.charges.retrieve("ch_none")
    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
    for fail, kind in (("before", stripe.APIError), ("limit", stripe.RateLimitError)):
        sandbox.control("set", fail=fail)
        with pytest.raises(kind):
            client.v1.customers.create({})
    sandbox.control("set", fail="busy")
    with pytest.raises(stripe.APIError) as busy:
        client.v1.customers.create({})
    assert (busy.value.http_status, present(busy.value.error).code) == (409, "lock_timeout")


def test_a_property_that_cannot_be_expanded_is_refused(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    charge = paid(sandbox, client)
    for wrong in ("colour", "amount", "payment_intent.amount"):
        with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
            client.v1.charges.retrieve(charge.id, {"expand": [wrong]})
    good = client.v1.charges.retrieve(charge.id, {"expand": ["payment_intent.latest_charge"]})
    intent = good.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)


def test_a_page_of_another_kind_of_payment_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.checkout.sessions.create({**page_params(), "mode": "barter"})
    assert refused.value.param == "mode"
