"""Charging a saved card while its holder is away (cases 9 to 12, 19 and 20): whatever is lost,
declined, forgotten or asked differently, a card is charged once for what is due."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
import requests

from ledger.gateway import GatewayDown, KeyReused, StripeGateway
from ledger.models.mandates import Mandate
from ledger.models.payments import PaymentAttempt
from ledger.models.pledges import Pledge
from ledger.queries.pledges.saved_cards import mandate_of
from ledger.stripe.checkout import saved_cards
from tests.payments.sabotage import Broken, Case, named, nothing, turns_red
from tests.worlds.shop import Shop

DECLINES, ASKS = "4000000000000341", "4000002760003184"
PAID = [("payment_settled", 1110, 5796), ("payment_settled", 4010, -6000)]
PAID += [("payment_settled", 6510, 204)]
CHARGES = "payment_intents"


def save(shop: Shop, pledge: Pledge, card: str = "4242424242424242") -> None:
    """Have a donor save a card for a pledge."""
    url = saved_cards.start_setup(
        shop.db,
        shop.gateway,
        pledge_id=pledge.id,
        success_url="http://127.0.0.1:1/thanks",
        cancel_url="http://127.0.0.1:1/back",
        now=shop.now(),
    )
    if shop.sandbox.pay(url, card).status_code != 303:
        said = requests.post(
            f"{url}/challenge", {"answer": "yes"}, allow_redirects=False, timeout=60
        )
        assert said.status_code == 303
    shop.hear("checkout.session.completed", shop.attempts(pledge)[-1].stripe_session_id or "")


def say_yes(url: str) -> None:
    """Answer the bank that asks."""
    answer = {"answer": "yes"}
    said = requests.post(f"{url}/challenge", answer, allow_redirects=False, timeout=60)
    assert said.status_code == 303


def saved(shop: Shop, card: str = "4242424242424242") -> Pledge:
    """A pledge of 60.00 for which a card was saved."""
    pledge = shop.pledge()
    save(shop, pledge, card)
    return pledge


def due(shop: Shop) -> datetime:
    """When what was just saved may be charged."""
    return shop.now(seconds=2)


def charge(shop: Shop, now: datetime) -> None:
    saved_cards.charge_due(shop.db, shop.gateway, now=now)


def mandate(shop: Shop, pledge: Pledge) -> Mandate:
    with shop.db.snapshot() as session:
        found = mandate_of(session, pledge_id=pledge.id)
    assert found is not None
    return found


def charges(shop: Shop, pledge: Pledge) -> list[PaymentAttempt]:
    """The attempts at charging a card, the first first."""
    return [row for row in shop.attempts(pledge) if row.kind == "off_session"]


def lost(shop: Shop, pledge: Pledge, now: datetime) -> None:
    """Charge a card and lose the answer."""
    shop.sandbox.control("set", fail="after")
    with pytest.raises(GatewayDown):
        charge(shop, now)
    assert [row.state for row in charges(shop, pledge)] == ["created"]


def is_paid_once(shop: Shop, pledge: Pledge) -> None:
    shop.sync_stripe()
    assert [found.status for found in shop.charges(pledge)].count("succeeded") == 1
    assert shop.legs(pledge) == PAID


def a_lost_answer_is_asked_for_by_the_same_key(shop: Shop) -> None:
    pledge, now = saved(shop), due(shop)
    lost(shop, pledge, now)
    # In the same pass nothing is looked up: the key alone keeps the card from a second charge.
    charge(shop, now)
    assert [(row.n, row.state) for row in charges(shop, pledge)] == [(2, "succeeded")]
    is_paid_once(shop, pledge)


def a_retry_after_a_decline_has_a_key_of_its_own(shop: Shop) -> None:
    pledge = saved(shop, DECLINES)
    charge(shop, due(shop))
    charge(shop, due(shop))
    assert [row.failure for row in charges(shop, pledge)] == ["generic_decline"]
    charge(shop, shop.now(days=3, seconds=4))
    keys = [row.idempotency_key for row in charges(shop, pledge)]
    assert len(set(keys)) == len(shop.charges(pledge)) == 2
    save(shop, pledge)
    charge(shop, due(shop))
    is_paid_once(shop, pledge)


def another_amount_under_a_used_key_is_an_alarm(shop: Shop) -> None:
    pledge, now = saved(shop), due(shop)
    lost(shop, pledge, now)
    amount_of(shop, pledge, 7000)
    other = saved(shop)
    (row,) = charges(shop, pledge)
    with pytest.raises(KeyReused):
        shop.gateway.charge_saved_card(
            key=row.idempotency_key,
            amount=7000,
            currency="USD",
            customer_id=mandate(shop, pledge).stripe_customer_id or "",
            payment_method_id=mandate(shop, pledge).stripe_payment_method_id or "",
            metadata={"pledge": str(pledge.id), "attempt": str(row.id)},
        )
    # Nothing is sent, nothing is called failed, and the others are charged all the same.
    charge(shop, now)
    assert [row.state for row in charges(shop, pledge)] == ["created"]
    charge(shop, shop.now(seconds=4))
    is_paid_once(shop, other)
    assert [found.amount for found in shop.charges(pledge)] == [6000]
    # Looked up by what it carries, it is found as it was made.
    assert [row.state for row in charges(shop, pledge)] == ["posted"]
    assert shop.legs(pledge) == PAID


def amount_of(shop: Shop, pledge: Pledge, amount: int) -> None:
    """Change what an attempt asks for, as a defect would."""
    with shop.db.transaction() as session:
        session.get_one(PaymentAttempt, charges(shop, pledge)[0].id).amount = amount


def what_is_unknown_for_a_day_is_looked_up(shop: Shop) -> None:
    pledge = saved(shop)
    lost(shop, pledge, due(shop))
    shop.forget_keys()
    charge(shop, shop.now(hours=30))
    assert [row.state for row in charges(shop, pledge)] == ["succeeded"]
    is_paid_once(shop, pledge)


def whatever_fails_at_the_provider_is_asked_again(shop: Shop) -> None:
    pledges = []
    for kind in ("before", "busy", "limit", "unavailable", "cut", "slow"):
        pledge, now = saved(shop), due(shop)
        shop.sandbox.control("fault", kind=kind, path=CHARGES, method="POST", seconds="1")
        gateway = hasty(shop)
        with pytest.raises(GatewayDown):
            saved_cards.charge_due(shop.db, gateway, now=now)
        charge(shop, now)
        assert [row.state for row in charges(shop, pledge)] == ["succeeded"], kind
        pledges.append(pledge)
    for pledge in pledges:
        is_paid_once(shop, pledge)


def hasty(shop: Shop) -> StripeGateway:
    """The gateway of somebody who waits for half a second and asks once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.gateway.connection.TIMEOUT_SECONDS", 0.5)
        patch.setattr("ledger.gateway.connection.RETRIES", 0)
        return StripeGateway(shop.settings)


def a_bank_that_asks_brings_the_donor_back(shop: Shop) -> None:
    pledge = saved(shop, ASKS)
    charge(shop, due(shop))
    charge(shop, shop.now(days=30))
    assert [row.failure for row in charges(shop, pledge)] == ["authentication_required"]
    row = mandate(shop, pledge)
    assert (row.state, row.next_charge_at) == ("needs_donor", None)
    url = shop.page(pledge)
    assert shop.sandbox.pay(url, ASKS).status_code == 200
    say_yes(url)
    is_paid_once(shop, pledge)


def a_card_that_is_refused_outright_keeps_no_other_waiting(shop: Shop) -> None:
    gone, other = saved(shop), saved(shop)
    shop.gateway.detach_card(mandate(shop, gone).stripe_payment_method_id or "")
    charge(shop, due(shop))
    assert [(row.state, row.failure) for row in charges(shop, gone)] == [("failed", "refused")]
    is_paid_once(shop, other)
    for days in (4, 10, 18):
        charge(shop, shop.now(days=days))
    assert mandate(shop, gone).state == "needs_donor"
    assert shop.charges(gone) == []


CASES: list[Case] = [
    a_lost_answer_is_asked_for_by_the_same_key,
    a_retry_after_a_decline_has_a_key_of_its_own,
    another_amount_under_a_used_key_is_an_alarm,
    what_is_unknown_for_a_day_is_looked_up,
    whatever_fails_at_the_provider_is_asked_again,
    a_bank_that_asks_brings_the_donor_back,
    a_card_that_is_refused_outright_keeps_no_other_waiting,
]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_saved_card_is_charged_once_for_what_is_due(shop: Shop, case: Case) -> None:
    case(shop)
    assert shop.waiting() == []


REAL = StripeGateway.charge_saved_card


def _a_key_for_each_call(gateway: StripeGateway, **asked: Any) -> Any:
    return REAL(gateway, **{**asked, "key": uuid4().hex})


def _a_key_for_each_pledge(gateway: StripeGateway, **asked: Any) -> Any:
    metadata = {**asked["metadata"], "attempt": ""}
    return REAL(gateway, **{**asked, "key": metadata["pledge"], "metadata": metadata})


def _raise(*_arguments: object, **_named: object) -> None:
    raise KeyReused("")


CHARGE = "ledger.gateway.StripeGateway.charge_saved_card"
FIND = "ledger.gateway.StripeGateway.find_payment_intent"
BROKEN: list[tuple[Case, list[Broken]]] = [
    (a_lost_answer_is_asked_for_by_the_same_key, [(CHARGE, _a_key_for_each_call)]),
    (
        a_retry_after_a_decline_has_a_key_of_its_own,
        [(CHARGE, _a_key_for_each_pledge), (FIND, nothing)],
    ),
    (another_amount_under_a_used_key_is_an_alarm, [(CHARGE, _a_key_for_each_call)]),
    (what_is_unknown_for_a_day_is_looked_up, [(FIND, nothing)]),
    (whatever_fails_at_the_provider_is_asked_again, [(CHARGE, _a_key_for_each_call)]),
    (
        a_bank_that_asks_brings_the_donor_back,
        [("ledger.services.pledges.saved_cards.FOR_ITS_OWNER", ())],
    ),
    (
        a_card_that_is_refused_outright_keeps_no_other_waiting,
        [("ledger.stripe.checkout.saved_cards._ask_for", _raise)],
    ),
]


@pytest.mark.parametrize(("case", "broken"), BROKEN, ids=named)
def test_broken_code_turns_each_case_red(
    sqlite_shop: Shop, case: Case, broken: list[Broken]
) -> None:
    turns_red(case, sqlite_shop, *broken)


def test_every_case_has_its_control() -> None:
    assert [case for case, _broken in BROKEN] == CASES
