"""Stripe's balance and the books are compared as of one moment, whatever came in since."""

import pytest

from ledger.db import Session
from ledger.gateway import Account
from ledger.models.stripe_accounts import StripeBalance
from ledger.queries.payments.stripe_balance import agreement_as_read, movements_net
from ledger.services.stripe_balance import accounts
from tests.conftest import NOW
from tests.services.undone import shared_db_fixture, undone_fixture  # noqa: F401
from tests.worlds.till import Till, later


@pytest.fixture
def till(undone: Session) -> Till:
    made = Till(undone)
    accounts.bind(undone, account=Account("acct_1", False, True), now=NOW)
    accounts.assign(undone, book=made.book)
    return made


def read(till: Till, balance: int) -> None:
    """A pass reads the balance, together with what is known by then."""
    accounts.record_balance(
        till.session, sums={"USD": balance}, nets=movements_net(till.session), now=NOW
    )


def shown(till: Till) -> tuple[int, int, int]:
    (row,) = agreement_as_read(till.session, book_id=till.book.id)
    return row.stripe_balance, row.ledger_balance, len(row.unexplained)


def test_a_payout_that_is_booked_before_the_balance_is_read_again_is_no_difference(
    till: Till,
) -> None:
    card = till.charge(6000, 204)
    read(till, 5796)
    assert shown(till) == (5796, 5796, 0)
    till.payout(5796, card.stripe_txn_id)
    assert shown(till) == (0, 0, 0)
    read(till, 0)
    assert shown(till) == (0, 0, 0)


def test_a_movement_that_is_told_and_not_booked_is_named(till: Till) -> None:
    till.charge(6000, 204)
    read(till, 5796)
    till.movement(1000, 59)
    assert shown(till) == (6737, 5796, 1)


def test_a_balance_that_the_movements_do_not_come_to_is_a_difference_ever_after(till: Till) -> None:
    card = till.charge(6000, 204)
    read(till, 5797)
    assert shown(till) == (5797, 5796, 1)
    till.payout(5796, card.stripe_txn_id)
    assert shown(till) == (1, 0, 1)


def test_a_balance_of_before_is_compared_as_it_was_until_it_is_read_again(till: Till) -> None:
    till.charge(6000, 204)
    till.session.add(StripeBalance(commodity="USD", amount=5796, read_at=later(-1)))
    till.session.flush()
    assert shown(till) == (5796, 5796, 0)
