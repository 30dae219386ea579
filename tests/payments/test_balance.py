"""Payouts (case 16) and everything else that moves the balance: by fund, exact, never dropped.

All cases happen in one book, one after another; each leaves Stripe and the books agreeing.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.entry import Entry, Posting
from ledger.db import Session
from ledger.gateway import BalanceTransaction as Movement
from ledger.gateway import Payout
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry as JournalEntry
from ledger.models.journal import Posting as Leg
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Pledge
from ledger.models.statements import BankLine, BankStatement
from ledger.queries.payments import stripe_balance
from ledger.services.banking import matching
from ledger.services.books import journal
from ledger.services.stripe_balance import payouts, unrecognised
from ledger.stripe.sync import reconcile
from tests.payments.sabotage import Broken, Case, named, turns_red
from tests.payout_rows import PayoutRow, payouts_of
from tests.sandbox.conftest import page_params
from tests.worked import WORKED
from tests.worlds.shop import Shop

# Its payments can be paid out at once.
AT_ONCE = "4000000000000077"


def paid(shop: Shop, *amounts: int, card: str = "4242424242424242") -> list[Pledge]:
    """Payments of the one book that are in the books; each to a fund of its own."""
    made = [shop.pledge(amount, book="A") for amount in amounts]
    for pledge in made:
        assert shop.sandbox.pay(shop.page(pledge), card).status_code == 303
    shop.sync_stripe()
    return made


def emptied(shop: Shop) -> Pledge:
    """Start from an empty balance, with one payment that says which book is meant."""
    (pledge,) = paid(shop, 5000)
    shop.sandbox.control("payout")
    shop.sync_stripe()
    assert shop.balance(pledge, 1110) == 0
    return pledge


def last_payout(shop: Shop, pledge: Pledge) -> PayoutRow:
    """What the books have of the payout that Stripe made last."""
    told = shop.client.v1.payouts.list({"limit": 1}).data[0]
    with shop.db.snapshot() as session:
        rows = payouts_of(session, book_id=pledge.book_id)
    (found,) = (row for row in rows if row.id == told.id)
    return found


def funds_of_last_payout(shop: Shop, pledge: Pledge) -> tuple[int, dict[str, int]]:
    found = last_payout(shop, pledge)
    return found.amount, dict(found.funds)


def bank_line(session: Session, book_id: UUID, amount: int, on: date) -> UUID:
    """A line of a bank statement."""
    statement = BankStatement(
        book_id=book_id,
        account=1010,
        statement_ref=f"S{amount}",
        file_format="test",
        file_sha256=f"{amount:064d}",
        bank_account="X1",
        commodity="USD",
        opening=0,
        closing=amount,
        opens_on=on,
        closes_on=on,
        imported_by=None,
        imported_at=datetime.now(UTC),
    )
    session.add(statement)
    session.flush()
    line = BankLine(
        book_id=book_id,
        statement_id=statement.id,
        account=1010,
        position=1,
        amount=amount,
        commodity="USD",
        booked_on=on,
        value_on=on,
        bank_reference=None,
        end_to_end_id=None,
        counterparty_name=None,
        remittance="STRIPE",
        code=None,
        fingerprint=f"line{amount}",
        state="open",
    )
    session.add(line)
    session.flush()
    return line.id


def agree(shop: Shop) -> None:
    """Stripe and the books agree, in every currency and movement by movement."""
    assert shop.waiting() == []
    for row in reconcile(shop.db, shop.gateway):
        assert (row.difference, row.unexplained) == (0, ())
        assert sum(part.net for part in row.parts) == row.stripe_balance


def a_payout_is_what_it_contains(shop: Shop) -> None:
    pledge = emptied(shop)
    before = shop.balance(pledge, 1120)
    (one,) = paid(shop, 6000)
    first = f"F{shop.count}"
    (two,) = paid(shop, 10_000)
    second = f"F{shop.count}"
    shop.sandbox.control("refund", charge=shop.charges(one)[0].id, amount="1000")
    shop.sandbox.control("payout")
    shop.sync_stripe()
    amount, funds = funds_of_last_payout(shop, two)
    assert funds == {first: 4796, second: 9680}
    assert (amount, shop.balance(pledge, 1110)) == (14_476, 0)
    assert shop.balance(pledge, 1120) == before + amount


def a_payout_that_misses_a_movement_waits(shop: Shop) -> None:
    pledge = emptied(shop)
    paid(shop, 6000, 7000)
    shop.sandbox.control("payout")
    whole = shop.gateway.list_balance_transactions

    def without_one(
        *, since: datetime | None = None, payout_id: str | None = None
    ) -> list[Movement]:
        found = whole(since=since, payout_id=payout_id)
        return found[1:] if payout_id else found

    shop.gateway.list_balance_transactions = without_one  # type: ignore[method-assign]  # on this gateway alone
    try:
        shop.sync_stripe()
        assert shop.waiting() == ["payout"]
        (row,) = (row for row in reconcile(shop.db, shop.gateway) if row.commodity == "USD")
        assert [one.what for one in row.unexplained] == ["payout"]
        assert row.unexplained[0].gap == row.difference < 0
    finally:
        del shop.gateway.list_balance_transactions
    shop.sync_stripe()
    assert shop.balance(pledge, 1110) == 0


def what_nobody_knows_is_suspended_and_named_later(shop: Shop) -> None:
    pledge = emptied(shop)
    before = suspended_ids(shop)
    shop.sandbox.control("move", kind="mystery", category="mystery", amount="700")
    shop.sync_stripe()
    assert (shop.balance(pledge, 2190), shop.balance(pledge, 1110)) == (-700, 700)
    assert new_in_suspense(shop, before).reporting_category == "mystery"
    shop.sandbox.control("payout")
    shop.sync_stripe()
    assert funds_of_last_payout(shop, pledge) == (700, {"GEN": 700})


def a_payment_without_a_name_becomes_a_gift(shop: Shop) -> None:
    pledge = emptied(shop)
    before = shop.balance(pledge, 2190)
    stray = stray_payment(shop, 2000)
    fee = stray.fee
    with shop.db.transaction() as session:
        unrecognised.name_gift(
            session,
            txn_id=stray.stripe_txn_id,
            book_id=pledge.book_id,
            fund=f"F{shop.count}",
            by=shop.person(session, pledge, "treasurer"),
            now=shop.now(),
        )
    assert shop.balance(pledge, 2190) == before
    shop.sandbox.control("payout")
    shop.sync_stripe()
    assert funds_of_last_payout(shop, pledge)[1] == {f"F{shop.count}": 2000 - fee}


def stray_payment(shop: Shop, amount: int) -> BalanceTransaction:
    before = suspended_ids(shop)
    made = shop.client.v1.checkout.sessions.create(page_params(amount))
    shop.sandbox.pay(made.url or "")
    shop.sync_stripe()
    return new_in_suspense(shop, before)


def suspended_ids(shop: Shop) -> set[str]:
    return {row.stripe_txn_id for row in shop.suspended()}


def new_in_suspense(shop: Shop, before: set[str]) -> BalanceTransaction:
    """The one movement that was not in suspense before; those of one second have no order."""
    (found,) = (row for row in shop.suspended() if row.stripe_txn_id not in before)
    return found


def fees_reserves_and_top_ups_have_their_places(shop: Shop) -> None:
    pledge = emptied(shop)
    fees, transit = shop.balance(pledge, 6510), shop.balance(pledge, 1120)
    paid(shop, 10_000)
    fees += 320
    shop.sandbox.control("fee", amount="200")
    shop.sandbox.control("move", kind="reserve_hold", amount="3000")
    shop.sync_stripe()
    assert (shop.balance(pledge, 6510), shop.balance(pledge, 1115)) == (fees + 200, 3000)
    shop.sandbox.control("move", kind="reserve_release", amount="3000")
    shop.sandbox.control("fee", amount="-50")
    shop.sandbox.control("top_up", amount="1500")
    shop.sync_stripe()
    assert (shop.balance(pledge, 6510), shop.balance(pledge, 1115)) == (fees + 150, 0)
    assert shop.balance(pledge, 1120) == transit - 1500
    assert shop.balance(pledge, 1110) == 9680 - 150 + 1500


def a_negative_balance_is_fetched_from_the_bank(shop: Shop) -> None:
    (pledge,) = paid(shop, 9000)
    name = f"F{shop.count}"
    shop.sandbox.control("payout")
    shop.sync_stripe()
    shop.sandbox.control("refund", charge=shop.charges(pledge)[0].id, amount="9000")
    shop.sync_stripe()
    assert shop.balance(pledge, 1110) == -9000
    before = shop.balance(pledge, 1120)
    shop.sandbox.control("payout", negative="1")
    shop.sync_stripe()
    assert funds_of_last_payout(shop, pledge) == (-9000, {name: -9000})
    assert (shop.balance(pledge, 1110), shop.balance(pledge, 1120)) == (0, before - 9000)
    with shop.db.transaction() as session:
        row = last_payout(shop, pledge)
        matching.match_payout(
            session,
            line_id=bank_line(session, pledge.book_id, -9000, row.arrival_on),
            payout_id=row.id,
            by=shop.person(session, pledge, "treasurer"),
            now=shop.now(),
        )
    assert shop.balance(pledge, 1120) == before


def a_payout_that_was_paid_comes_back(shop: Shop) -> None:
    pledge = emptied(shop)
    (again,) = paid(shop, 8000)
    shop.sandbox.control("payout")
    shop.sync_stripe()
    amount, _funds = funds_of_last_payout(shop, again)
    shop.sandbox.control("now", only="arrive")
    shop.sandbox.control("fail_payout", payout=last_payout(shop, pledge).id)
    before = shop.balance(pledge, 1120)
    shop.sync_stripe()
    assert (shop.balance(pledge, 1110), shop.balance(pledge, 1120)) == (amount, before - amount)


def a_payout_by_hand_takes_what_was_there_first(shop: Shop) -> None:
    pledge = emptied(shop)
    paid(shop, 6000, card=AT_ONCE)
    first = f"F{shop.count}"
    # Stripe tells times in seconds: of what came in one second, neither was first.
    shop.sandbox.control("advance", seconds="1")
    paid(shop, 10_000, card=AT_ONCE)
    second = f"F{shop.count}"
    for amount, funds in (
        (7000, {first: 5796, second: 1204}),
        (476, {second: 476}),
        (8000, {second: 8000}),
    ):
        shop.client.v1.payouts.create({"amount": amount, "currency": "usd"})
        shop.sync_stripe()
        assert funds_of_last_payout(shop, pledge) == (amount, funds)
    assert shop.balance(pledge, 1110) == 0
    # The next automatic payout takes along what was paid out by hand, and what that was of.
    paid(shop, 5000)
    shop.sandbox.control("payout")
    shop.sync_stripe()
    assert funds_of_last_payout(shop, pledge) == (4825, {f"F{shop.count}": 4825})


def the_worked_payouts(shop: Shop) -> None:
    """PO-1 to PO-4 with their own figures, from the balance to the bank and back."""
    pledge = emptied(shop)
    shop.sandbox.control("set", fee_card="0%+0")
    try:
        paid(shop, 30_000)
        solar = f"F{shop.count}"
        paid(shop, 18_000)
        names = {solar: "SOLAR", f"F{shop.count}": "GEN", "GEN": "GEN"}
        seen = entries(shop, pledge)
        shop.sandbox.control("payout")
        shop.sync_stripe()
        assert fresh(shop, pledge, seen, names) == worked("PO-1")
        with shop.db.transaction() as session:
            told = last_payout(shop, pledge)
            matching.match_payout(
                session,
                line_id=bank_line(session, pledge.book_id, 48_000, told.arrival_on),
                payout_id=told.id,
                by=shop.person(session, pledge, "treasurer"),
                now=shop.now(),
            )
        assert fresh(shop, pledge, seen, names) == worked("PO-2")
        paid(shop, 5000)
        names[f"F{shop.count}"] = "SOLAR"
        seen |= entries(shop, pledge)
        shop.sandbox.control("payout")
        shop.sandbox.control("fail_payout", payout=newest_payout(shop))
        shop.sync_stripe()
        assert fresh(shop, pledge, seen, names) == worked("PO-3")
        shop.sandbox.control("fee", amount="200")
        shop.sync_stripe()
        assert fresh(shop, pledge, seen, names) == worked("PO-4")
    finally:
        shop.sandbox.control("set", fee_card="")


def newest_payout(shop: Shop) -> str:
    return shop.client.v1.payouts.list({"limit": 1}).data[0].id


def entries(shop: Shop, pledge: Pledge) -> set[UUID]:
    with shop.db.snapshot() as session:
        found = select(JournalEntry.id).where(JournalEntry.book_id == pledge.book_id)
        return set(session.scalars(found))


def fresh(
    shop: Shop, pledge: Pledge, seen: set[UUID], names: dict[str, str]
) -> list[list[tuple[int, str, int]]]:
    """What was posted since the last look, with funds named as in the worked events."""
    found: dict[UUID, list[tuple[int, str, int]]] = {}
    with shop.db.snapshot() as session:
        for leg, fund in session.execute(
            select(Leg, Fund.code)
            .join(Fund, Fund.id == Leg.fund_id)
            .where(Leg.book_id == pledge.book_id)
        ):
            if leg.entry_id not in seen:
                row = (leg.account, names[fund], leg.quantity)
                found.setdefault(leg.entry_id, []).append(row)
    seen |= set(found)
    return sorted(sorted(legs) for legs in found.values())


def worked(code: str) -> list[list[tuple[int, str, int]]]:
    (event,) = (event for event in WORKED["events"] if event["code"] == code)
    return sorted(
        sorted((leg["account"], leg["fund"], leg["quantity"]) for leg in entry["postings"])
        for entry in event["entries"]
    )


CASES: list[Case] = [
    the_worked_payouts,
    a_payout_is_what_it_contains,
    a_payout_that_misses_a_movement_waits,
    what_nobody_knows_is_suspended_and_named_later,
    a_payment_without_a_name_becomes_a_gift,
    fees_reserves_and_top_ups_have_their_places,
    a_negative_balance_is_fetched_from_the_bank,
    a_payout_that_was_paid_comes_back,
    a_payout_by_hand_takes_what_was_there_first,
]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_balance_moves_and_the_books_follow_by_fund(shop: Shop, case: Case) -> None:
    case(shop)
    agree(shop)


def test_a_difference_of_one_unit_is_found_and_named(shop: Shop) -> None:
    (pledge,) = paid(shop, 6000)
    agree(shop)
    with shop.db.transaction() as session:
        book = session.get_one(Book, pledge.book_id)
        made = journal.post(
            session,
            [Entry(book.code, (Posting(1110, "GEN", "USD", 1), Posting(4940, "GEN", "USD", -1)))],
            event_type="slip",
            source="test",
            external_ref="slip",
            accounting_on=shop.now().date(),
            now=shop.now(),
        )
    (row,) = (row for row in reconcile(shop.db, shop.gateway) if row.commodity == "USD")
    (found,) = row.unexplained
    assert (row.difference, found.gap, found.id, found.what) == (-1, -1, str(made.ids[0]), "slip")
    with shop.db.transaction() as session:
        journal.reverse(
            session,
            book_id=pledge.book_id,
            entry_id=made.ids[0],
            accounting_on=shop.now().date(),
            now=shop.now(),
        )
        last = session.scalars(
            select(BalanceTransaction).order_by(BalanceTransaction.created_at.desc()).limit(1)
        ).one()
        last.net += 1
        last.amount += 1
        changed = last.stripe_txn_id
    # What is kept here was changed: Stripe and the books still agree, and the page names it.
    (row,) = (row for row in reconcile(shop.db, shop.gateway) if row.commodity == "USD")
    assert (row.difference, row.unexplained) == (0, ())
    with shop.db.transaction() as session:
        (shown,) = stripe_balance.reconcile(session, balances={"USD": row.stripe_balance})
        assert (changed, 1) in [(one.id, one.gap) for one in shown.unexplained]
        assert sum(one.gap for one in shown.unexplained) == shown.difference == 0
        again = session.get_one(BalanceTransaction, changed)
        again.net -= 1
        again.amount -= 1


def _all_to_one_fund(session: Session, contained: Sequence[str]) -> dict[str, dict[str, int]]:
    slices = COMPOSITION(session, contained)
    return {book: {"GEN": sum(funds.values())} for book, funds in slices.items()}


def _all_of_the_general_fund(session: Session, payout: Payout) -> dict[str, dict[str, int]]:
    slices = FIRST_IN(session, payout)
    return {book: {"GEN": sum(funds.values())} for book, funds in slices.items()}


def _left_where_it_was(**named: Any) -> list[Entry]:
    return bookkeeping.suspense_named(**{**named, "to_fund": named["fund"]})


class _Elsewhere:
    """Bookkeeping that books a named payment where it was parked."""

    suspense_named = staticmethod(_left_where_it_was)


COMPOSITION = payouts._composition
FIRST_IN = payouts._first_in

BROKEN: list[tuple[Case, list[Broken]]] = [
    (
        the_worked_payouts,
        [("ledger.services.stripe_balance.payouts._composition", _all_to_one_fund)],
    ),
    (
        a_payout_is_what_it_contains,
        [("ledger.services.stripe_balance.payouts._composition", _all_to_one_fund)],
    ),
    (
        a_payout_that_misses_a_movement_waits,
        [("ledger.stripe.sync.balance_transactions.payouts.settle_payout", lambda *_, **__: None)],
    ),
    (
        what_nobody_knows_is_suspended_and_named_later,
        [
            (
                "ledger.stripe.sync.balance_transactions.balance_transactions.suspend",
                lambda *_, **__: None,
            )
        ],
    ),
    (
        a_payment_without_a_name_becomes_a_gift,
        [("ledger.services.stripe_balance.unrecognised.bookkeeping", _Elsewhere)],
    ),
    (
        fees_reserves_and_top_ups_have_their_places,
        [("ledger.stripe.sync.balance_transactions.SETTLEMENTS", {})],
    ),
    (
        a_negative_balance_is_fetched_from_the_bank,
        [("ledger.services.banking.matching.payout_funds", lambda *_, **__: {})],
    ),
    (
        a_payout_that_was_paid_comes_back,
        [
            (
                "ledger.stripe.sync.balance_transactions.payouts.settle_returned_payout",
                lambda *_, **__: None,
            )
        ],
    ),
    (
        a_payout_by_hand_takes_what_was_there_first,
        [("ledger.services.stripe_balance.payouts._first_in", _all_of_the_general_fund)],
    ),
]


@pytest.mark.parametrize(("case", "broken"), BROKEN, ids=named)
def test_broken_code_turns_each_case_red(
    sqlite_shop: Shop, case: Case, broken: list[Broken]
) -> None:
    turns_red(case, sqlite_shop, *broken)


def test_every_case_has_its_control() -> None:
    assert [case for case, _broken in BROKEN] == CASES
