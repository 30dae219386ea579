"""What we send to Stripe, and what the sandbox takes, is what the pinned SDK's types name."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import stripe

import ledger.gateway
from ledger.config import Settings
from ledger.core.payment_methods import IN_ANY, IN_ONE
from ledger.gateway import HostedPage, PaymentGateway, StripeGateway
from ledger.sandbox import api, lists
from ledger.sandbox.errors import ApiError
from ledger.sandbox.parameters import FILE, call_of, check, known
from ledger.sandbox.supported import SUPPORTED
from tests.faults.conftest import Sandbox
from tests.sandbox import parameters
from tests.sandbox.conftest import KEY, monthly, page_params, present, subscription_page

Sent = tuple[str, str, list[tuple[str, str]]]
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Recorder(stripe.RequestsClient):
    """The SDK's own HTTP client, which writes down every request."""

    def __init__(self) -> None:
        super().__init__(timeout=60)
        self.sent: list[Sent] = []

    def request(  # type: ignore[override]  # as the SDK's own differs from what it inherits
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        pairs += parse_qsl(post_data or "", keep_blank_values=True)
        self.sent.append((method.upper(), parts.path.removeprefix("/v1/"), pairs))
        return super().request(method, url, headers, post_data)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def gateway(sandbox: Sandbox, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> StripeGateway:
    """The product's own gateway on the sandbox, with every request written down."""
    monkeypatch.setattr(stripe, "RequestsClient", lambda **_options: recorder)
    settings = Settings(
        database_url="sqlite://",
        data=Path(),
        secret_key="x",
        base_url="http://127.0.0.1:1",
        stripe_key=KEY,
        stripe_webhook_secret="whsec_x",
        stripe_base=sandbox.url,
    )
    return StripeGateway(settings)


def unnamed(sent: Sent) -> list[str]:
    """What a request says that the SDK's types do not name for its call: keys and values."""
    method, path, pairs = sent
    call = call_of(method, path)
    assert call is not None, f"{method} {path} is no call of Stripe's"
    stated = parameters.choices(parameters.methods()[call])
    return [
        f"{name}={value}"
        for name, value in pairs
        if not any(
            fits(name, path) and (not named or value in named) for path, named in stated.items()
        )
    ]


def fits(name: str, path: str) -> bool:
    """Whether a parameter as it is sent is the one that a path names."""
    pattern = re.escape(path).replace(r"\[\*\]", r"\[[^\]]+\]").replace(r"\[\]", r"\[\d*\]")
    return re.fullmatch(pattern, name) is not None


LABELS = {"pledge": "7"}
PLEDGE: dict[str, Any] = {
    "amount": 6000,
    "currency": "USD",
    "name": "Solar roof",
    "email": "kim@example.org",
}
PAGE = HostedPage(
    "PLG-7",
    LABELS,
    success_url="http://127.0.0.1:1/thanks",
    cancel_url="http://127.0.0.1:1/back",
    methods=("card", "us_bank_account"),
)
BY_CARD = replace(PAGE, methods=("card",))


def every_call(sandbox: Sandbox, gateway: StripeGateway) -> set[str]:
    """Call every method of the gateway once, and return their names."""
    client = gateway.client
    page = gateway.create_checkout_session(key="a", page=PAGE, **PLEDGE)
    sandbox.pay(page.url or "")
    intent = gateway.retrieve_checkout_session(page.id).payment_intent_id or ""
    charge = gateway.retrieve_payment_intent(intent).charge_id or ""
    gateway.retrieve_charge(charge)
    gateway.charge_failed_at(charge)
    refund = gateway.create_refund(key="b", charge_id=charge, amount=100, metadata=LABELS)
    gateway.retrieve_refund(refund.id)
    gateway.find_refund(charge_id=charge, metadata=LABELS)
    customer = gateway.create_customer(key="c", email="kim@example.org", metadata=LABELS)
    kept: dict[str, Any] = {"customer_id": customer, "metadata": LABELS}
    setup = gateway.create_setup_page(key="d", customer_id=customer, page=BY_CARD)
    sandbox.pay(setup.url or "")
    saved = gateway.retrieve_saved_card(setup.setup_intent_id or "").payment_method_id or ""
    gateway.charge_saved_card(key="e", amount=500, currency="USD", payment_method_id=saved, **kept)
    gateway.find_payment_intent(**kept)
    begun = gateway.create_subscription_page(key="f", every="month", page=BY_CARD, **PLEDGE)
    sandbox.pay(begun.url or "")
    subscription = gateway.retrieve_checkout_session(begun.id).subscription_id or ""
    found = gateway.retrieve_subscription(subscription)
    gateway.pause_subscription(subscription, resumes_at=NOW)
    gateway.resume_subscription(subscription)
    gateway.change_subscription(subscription, amount=700)
    other = client.v1.payment_methods.attach("pm_card_visa", {"customer": found.customer_id or ""})
    gateway.set_subscription_card(subscription, payment_method_id=other.id)
    invoice: Any = client.v1.subscriptions.retrieve(subscription).latest_invoice
    gateway.subscription_of_invoice(invoice)
    payment: Any = client.v1.invoice_payments.list({"invoice": invoice}).data[0].payment
    assert gateway.subscription_of_payment(payment.payment_intent) is not None
    gateway.stop_subscription(subscription)
    gateway.detach_card(saved)
    sandbox.control("open_dispute", charge=charge)
    (dispute,) = gateway.list_disputes(since=NOW)
    gateway.retrieve_dispute(dispute.id)
    sandbox.control("settle")
    sandbox.control("payout")
    (payout,) = client.v1.payouts.list({"limit": 1}).data
    gateway.retrieve_payout(payout.id)
    gateway.list_balance_transactions(since=NOW, payout_id=payout.id)
    gateway.read_balance()
    gateway.retrieve_account()
    return set(every_call.__code__.co_names)


def test_every_request_of_the_gateway_says_what_the_sdk_names(
    sandbox: Sandbox, gateway: StripeGateway, recorder: Recorder
) -> None:
    called = every_call(sandbox, gateway)
    asked = {name for name in vars(PaymentGateway) if not name.startswith("_")}
    for base in PaymentGateway.__mro__:
        asked |= {name for name in vars(base) if not name.startswith("_")}
    # A message is checked here, not asked for at Stripe.
    assert asked - called == {"verify"}
    assert len(recorder.sent) >= 30
    wrong = {sent[:2]: unnamed(sent) for sent in recorder.sent if unnamed(sent)}
    assert wrong == {}
    pages = [dict(pairs) for _, path, pairs in recorder.sent if path == "checkout/sessions"]
    assert [page["mode"] for page in pages] == ["payment", "setup", "subscription"]
    assert [
        [value for name, value in page.items() if name.startswith("allowed_payment_method_types")]
        for page in pages
    ] == [["card", "us_bank_account"], ["card"], ["card"]]


def test_a_key_that_the_sdk_does_not_name_is_noticed(
    sandbox: Sandbox, gateway: StripeGateway, recorder: Recorder
) -> None:
    """The control: the request of the first version, which the real Stripe refuses."""
    old: Any = {**page_params(), "payment_method_types": ["card"]}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        gateway.client.v1.checkout.sessions.create(old)
    assert unnamed(recorder.sent[-1]) == ["payment_method_types[0]=card"]
    assert (caught.value.http_status, caught.value.code) == (400, "parameter_unknown")
    assert caught.value.param == "payment_method_types"
    barter: Any = {**page_params(), "mode": "barter", "submit_type": "lend"}
    with pytest.raises(stripe.InvalidRequestError):
        gateway.client.v1.checkout.sessions.create(barter)
    assert unnamed(recorder.sent[-1]) == ["mode=barter", "submit_type=lend"]


def test_every_method_that_a_page_may_offer_is_one_of_stripes() -> None:
    ours = {*IN_ANY.values(), *(name for names in IN_ONE.values() for name in names.values())}
    for call in ("POST checkout/sessions", "POST payment_intents", "POST setup_intents"):
        stated = parameters.choices(parameters.methods()[call])
        assert ours <= stated["allowed_payment_method_types[]"], call


def test_the_gateway_hides_nothing_from_the_type_checker() -> None:
    """Requests are built as the SDK's own TypedDicts, so that mypy sees a wrong key."""
    folder = Path(ledger.gateway.__file__).parent
    found = [
        f"{path.name}:{node.lineno}"
        for path in sorted(folder.glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.AnnAssign | ast.arg)
        and node.annotation is not None
        and re.search(r"\bAny\b", ast.unparse(node.annotation).replace("dict[str, Any]", ""))
    ]
    assert found == []
    # Stripe's answer as it is kept, which has no type of its own.
    assert "body: dict[str, Any]" in (folder / "objects.py").read_text()


def test_the_file_of_parameters_is_what_the_installed_sdk_names() -> None:
    """Red after an upgrade of the SDK: make the file anew and read what came and went."""
    assert FILE.read_text() == parameters.text()


def test_the_sandbox_knows_nothing_that_stripe_does_not() -> None:
    assert set(SUPPORTED) == set(known())
    invented = [
        f"{call}: {path}"
        for call, paths in SUPPORTED.items()
        for path in paths
        if path not in known()[call]
    ]
    assert invented == []


def test_every_address_of_the_sandbox_has_its_parameters() -> None:
    served = set(api.ROUTES)
    served |= {f"GET {path}{end}" for path in lists.LISTS for end in ("", "/*")}
    served |= {f"GET {path}/*" for path in lists.SINGLE}
    assert served <= set(SUPPORTED)
    inner = {f"GET {path}/*/{name}" for path, name in lists.INNER}
    inner |= {"GET customers/*/payment_methods", f"GET {lists.ITEMS}", f"GET {lists.ITEMS}/*"}
    assert set(SUPPORTED) - served == inner


@pytest.mark.parametrize("call", sorted(SUPPORTED))
def test_each_call_refuses_what_the_sdk_does_not_name(call: str) -> None:
    method, path = call.replace("*", "x_1").split(" ")
    for name in strange_names(call):
        with pytest.raises(ApiError) as caught:
            check(method, path, [(name, "1")])
        error = caught.value.body["error"]
        assert error["type"] == "invalid_request_error"
        assert (error["code"], error["param"]) == ("parameter_unknown", name)
        assert error["message"] == f"Received unknown parameter: {name}"


def strange_names(call: str) -> Iterator[str]:
    """A strange key beside every key and inside every group of a call."""
    yield "colour"
    for path in known()[call]:
        sent = path.replace("[]", "[0]").replace("[*]", "[some_key]")
        group = sent.rpartition("[")[0]
        if group and not path.endswith(("[]", "[*]")):
            yield f"{group}[colour]"


@pytest.mark.parametrize("call", sorted(SUPPORTED))
def test_each_call_takes_what_it_supports_and_says_what_it_does_not(call: str) -> None:
    method, path = call.replace("*", "x_1").split(" ")
    for name in known()[call]:
        sent = name.replace("[]", "[0]").replace("[*]", "[some_key]")
        if name in SUPPORTED[call]:
            check(method, path, [(sent, "1")])
            continue
        with pytest.raises(ApiError) as caught:
            check(method, path, [(sent, "1")])
        assert "does not act on" in str(caught.value)
        assert "code" not in caught.value.body["error"]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"line_items[0][colour]": "red"}, "line_items[0][colour]"),
        (
            {"line_items[3][price_data][recurring][day]": "1"},
            "line_items[3][price_data][recurring][day]",
        ),
        ({"colour[deep][deeper]": "1"}, "colour"),
        (
            {"payment_intent_data[payment_method_types][0]": "card"},
            "payment_intent_data[payment_method_types]",
        ),
    ],
)
def test_an_inner_parameter_is_refused_by_its_place(
    sandbox: Sandbox, params: dict[str, str], param: str
) -> None:
    answer = requests.post(
        f"{sandbox.url}/v1/checkout/sessions", params, auth=(KEY, ""), timeout=60
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "parameter_unknown", param)


@pytest.mark.parametrize("path", ["payment_intents", "payment_intents/pi_1", "setup_intents"])
def test_what_was_withdrawn_from_intents_has_its_own_code(sandbox: Sandbox, path: str) -> None:
    answer = requests.post(
        f"{sandbox.url}/v1/{path}", {"payment_method_types[0]": "card"}, auth=(KEY, ""), timeout=60
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "payment_method_types_no_longer_supported"


def test_metadata_has_keys_of_ones_own(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"metadata": {"0": "a", "colour": "red"}})
    assert present(made.metadata).to_dict() == {"0": "a", "colour": "red"}


def test_intents_that_may_lead_away_need_a_way_back(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    """Stripe refuses this whatever the method is; the first version asked so for saved cards."""
    common = {"confirm": True, "payment_method": "pm_card_visa"}
    money = {**common, "amount": 900, "currency": "usd"}
    for asked in (client.v1.payment_intents, client.v1.setup_intents):
        params: Any = money if asked is client.v1.payment_intents else common
        with pytest.raises(stripe.InvalidRequestError, match="return_url"):
            asked.create(params)
        stays = {"enabled": True, "allow_redirects": "never"}
        staying: Any = {**params, "automatic_payment_methods": stays}
        assert asked.create(staying).status == "succeeded"
        returning: Any = {**params, "return_url": "http://127.0.0.1:1/"}
        assert asked.create(returning).status == "succeeded"


def test_methods_are_filtered_and_never_both_ways(client: stripe.StripeClient) -> None:
    money = {"amount": 900, "currency": "eur"}
    kinds = {"allowed_payment_method_types": ["card", "sepa_debit", "boleto"]}
    only: Any = {**money, **kinds}
    made = client.v1.payment_intents.create(only)
    assert made.payment_method_types == ["card", "sepa_debit"]
    less = {"excluded_payment_method_types": ["sepa_debit"]}
    without: Any = {**money, **less}
    made = client.v1.payment_intents.create(without)
    assert made.payment_method_types == ["card"]
    both: Any = {**money, **kinds, **less}
    with pytest.raises(stripe.InvalidRequestError, match="only specify one"):
        client.v1.payment_intents.create(both)


def test_what_belongs_to_another_mode_is_refused(client: stripe.StripeClient) -> None:
    price = monthly(client).id
    with pytest.raises(stripe.InvalidRequestError) as caught:
        subscription_page(client, price, payment_intent_data={"description": "x"})
    assert caught.value.param == "payment_intent_data"
    bare: Any = {"mode": "setup", "success_url": "http://127.0.0.1:1/"}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(bare)
    assert caught.value.param == "currency"
