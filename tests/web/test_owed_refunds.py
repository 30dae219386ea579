"""A contribution made by mistake on the pages: owed back, then paid back by bank or by Stripe."""

import re
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.db import Database, Session
from ledger.gateway import BalanceTransaction
from ledger.models.payments import BalanceTransaction as Row
from ledger.models.payments import Refund
from ledger.models.pledges import Fulfilment, Pledge
from ledger.models.statements import BankLine, BankStatement
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.invariants import check
from ledger.services.payments import payments, refund_settlement
from ledger.services.payments.gifts import Kind, settle_gift
from ledger.services.stripe_balance.balance_transactions import store_transaction
from tests.conftest import NOW
from tests.worlds.town import TODAY, Town, _line, found_town

DAY = TODAY.isoformat()
# Its contribution to the pool was decided by nobody.
OF_THE_TOWN = {"I-09"}


@pytest.fixture
def town(db: Database) -> Town:
    return found_town(db)


def moved(session: Session, name: str, amount: int, category: str, source: str) -> str:
    """A movement as Stripe tells it."""
    txn = BalanceTransaction(
        id=name,
        livemode=False,
        kind=category,
        reporting_category=category,
        amount=amount,
        fee=0,
        net=amount,
        currency="USD",
        source_id=source,
        created_at=NOW,
        available_on=TODAY,
        body={},
    )
    store_transaction(session, txn=txn)
    return txn.id


def paid(town: Town, amount: int = 6_000, name: str = "1") -> str:
    """A card payment of the donor's pledge; return its movement."""

    def tell(session: Session) -> None:
        moved(session, f"txn_{name}", amount, "charge", f"ch_{name}")
        payments.settle_charge(
            session, txn_id=f"txn_{name}", pledge_id=UUID(town.ids["pledge_id"]), now=NOW
        )

    town.tell(tell)
    return f"txn_{name}"


def refunded(town: Town, amount: int, name: str = "1") -> None:
    def tell(session: Session) -> None:
        moved(session, f"txn_re_{name}", -amount, "refund", f"re_{name}")
        refund_settlement.settle_refund(
            session, txn_id=f"txn_re_{name}", charge_id=f"ch_{name}", now=NOW
        )

    town.tell(tell)


def sent(town: Town, task: str, step: str = "do", **answers: str) -> TestResponse:
    path = town.address("manual_entries.do", task=task)
    data = {"amount": "", "done_on": DAY, **answers, "step": step}
    return town.client("treasurer").post(path, data=data)


def balances(town: Town) -> dict[int, int]:
    with town.db.snapshot() as session:
        rows = trial_balance(session, book_id=book_by_code(session, "A").id)
    found: dict[int, int] = {}
    for row in rows:
        if row.commodity == "USD":
            found[row.account] = found.get(row.account, 0) + row.quantity
    return found


def change(town: Town, before: dict[int, int]) -> dict[int, int]:
    after = balances(town)
    gaps = {key: after.get(key, 0) - before.get(key, 0) for key in {*before, *after}}
    return {key: gap for key, gap in gaps.items() if gap}


def outgoing(town: Town, amount: int) -> str:
    """A line of the bank that says money left."""
    made: list[str] = []

    def tell(session: Session) -> None:
        statement = session.get_one(BankStatement, UUID(town.ids["statement_id"]))
        statement.closing -= amount
        made.append(str(_line(session, statement, 9 + amount, -amount, "Donor", "paid back").id))

    town.tell(tell)
    return made[0]


def matched(town: Town, line: str, txn: str) -> TestResponse:
    path = f"/books/A/lines/{line}"
    return town.client("treasurer").post(path, data={"meaning": "repaid", "target": txn})


def holds(town: Town) -> None:
    """Nothing but what the town brings breaks an invariant."""
    with town.db.snapshot() as session:
        found = {row.id: row.first_violation for row in check(session) if not row.ok}
    assert found.keys() <= OF_THE_TOWN, found


def test_a_gift_made_twice_is_owed_back_and_paid_back_by_bank(town: Town) -> None:
    txn = paid(town)
    stripe = town.client("treasurer").get(town.address("payouts.show")).text
    path = re.search(r'href="([^"]*given-by-mistake[^"]*)"', stripe)
    assert path is not None
    form = town.client("treasurer").get(path[1].replace("&amp;", "&")).text
    assert f'<option value="{txn}" selected>' in form
    before = balances(town)
    rows = town.rows()
    preview = sent(town, "given-by-mistake", "try", contribution=txn).text
    assert "Preview" in preview
    assert town.rows() == rows
    assert sent(town, "given-by-mistake", contribution=txn).status_code == 303
    assert change(town, before) == {4010: 6_000, 2140: -6_000}
    stripe = town.client("treasurer").get(town.address("payouts.show")).text
    assert "Owed back to donors" in stripe
    assert "Made by mistake" in stripe
    line = outgoing(town, 6_000)
    bank = town.client("treasurer").get(town.address("statements.show")).text
    assert "Owed back to Donor" in bank
    before = balances(town)
    assert matched(town, line, txn).status_code == 303
    assert change(town, before) == {2140: 6_000, 1010: -6_000}
    assert received(town) == 0
    assert (
        "Owed back to donors" not in town.client("treasurer").get(town.address("payouts.show")).text
    )
    holds(town)


def received(town: Town) -> int:
    with town.db.snapshot() as session:
        of_pledge = Fulfilment.pledge_id == UUID(town.ids["pledge_id"])
        return sum(session.scalars(select(Fulfilment.quantity).where(of_pledge)))


def test_undoing_the_bank_line_owes_it_again(town: Town) -> None:
    txn = paid(town)
    sent(town, "given-by-mistake", contribution=txn)
    line = outgoing(town, 6_000)
    before = balances(town)
    matched(town, line, txn)
    undo = town.client("treasurer").post(
        f"/books/A/lines/{line}/undo", data={"why": "Another donor"}
    )
    assert undo.status_code == 303, undo.text
    assert change(town, before) == {}
    assert received(town) == 6_000
    with town.db.snapshot() as session:
        assert session.get_one(Row, txn).owed_back == 6_000
        state = session.get_one(Pledge, UUID(town.ids["pledge_id"])).state
    assert matched(town, line, txn).status_code == 303
    with town.db.snapshot() as session:
        assert session.get_one(Pledge, UUID(town.ids["pledge_id"])).state == state
    holds(town)


def test_a_part_is_paid_back_by_hand_and_the_line_is_matched_to_the_entry(town: Town) -> None:
    txn = paid(town)
    sent(town, "given-by-mistake", contribution=txn, amount="40")
    before = balances(town)
    assert sent(town, "donor-repaid", owed=txn, amount="15").status_code == 303
    assert change(town, before) == {2140: 1_500, 1010: -1_500}
    line = outgoing(town, 1_500)
    bank = town.client("treasurer").get(town.address("statements.show")).text
    assert "Existing entry: " in bank[bank.index(f"line-{line}") :]
    assert sent(town, "donor-repaid", owed=txn).status_code == 303
    assert balances(town).get(2140, 0) == 0
    holds(town)


def test_what_stripe_refunds_settles_what_is_owed_first(town: Town) -> None:
    txn = paid(town)
    sent(town, "given-by-mistake", contribution=txn, amount="40")
    before = balances(town)
    refunded(town, 5_000)
    assert change(town, before) == {1110: -5_000, 2140: 4_000, 4090: 1_000}
    holds(town)


@pytest.mark.parametrize(
    ("task", "answers", "status", "sentence"),
    [
        (
            "given-by-mistake",
            {"contribution": "txn_1", "amount": "60.01"},
            422,
            "more than what is left",
        ),
        ("given-by-mistake", {"contribution": "txn_none"}, 422, "no such contribution"),
        ("donor-repaid", {"owed": "txn_1"}, 409, "more than what is owed back"),
        ("donor-repaid", {"owed": "txn_none"}, 422, "Nothing is owed back"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(
    town: Town, task: str, answers: dict[str, str], status: int, sentence: str
) -> None:
    paid(town)
    rows = town.rows()
    answer = sent(town, task, **answers)
    assert answer.status_code == status
    assert sentence in answer.text
    assert town.rows() == rows


def test_no_more_is_owed_back_than_was_given_and_has_not_gone_back(town: Town) -> None:
    txn = paid(town)
    refunded(town, 2_000)
    assert sent(town, "given-by-mistake", contribution=txn, amount="40.01").status_code == 422
    assert sent(town, "given-by-mistake", contribution=txn).status_code == 303
    assert sent(town, "given-by-mistake", contribution=txn).status_code == 409
    assert balances(town)[2140] == -4_000
    # Once paid back it is not owed a second time.
    assert sent(town, "donor-repaid", owed=txn).status_code == 303
    assert sent(town, "given-by-mistake", contribution=txn).status_code == 409


def test_only_what_is_a_contribution_goes_back_from_where_it_was_booked(town: Town) -> None:
    def give(session: Session) -> None:
        fund = fund_by_code(session, book_by_code(session, "A").id, "GEN")
        for name, kind in (("ticket", Kind(benefit=2_000)), ("monthly", Kind(recurring=True))):
            txn = moved(session, f"txn_{name}", 6_000, "charge", f"ch_{name}")
            settle_gift(session, txn_id=txn, fund=fund, kind=kind, now=NOW)

    town.tell(give)
    before = balances(town)
    assert sent(town, "given-by-mistake", contribution="txn_ticket", amount="50").status_code == 422
    assert sent(town, "given-by-mistake", contribution="txn_ticket").status_code == 303
    assert sent(town, "given-by-mistake", contribution="txn_monthly").status_code == 303
    assert change(town, before) == {4010: 4_000, 4020: 6_000, 2140: -10_000}
    holds(town)


def test_a_returned_refund_is_paid_back_by_bank(town: Town) -> None:
    txn = paid(town)

    def bounce(session: Session) -> None:
        session.get_one(Refund, UUID(town.ids["refund_id"])).stripe_refund_id = "re_1"
        moved(session, "txn_back", 500, "refund_failure", "re_1")
        refund_settlement.settle_bounce(session, txn_id="txn_back", refund_id="re_1", now=NOW)

    refunded(town, 500)
    town.tell(bounce)
    assert received(town) == 5_500
    stripe = town.client("treasurer").get(town.address("payouts.show")).text
    assert "Refund returned" in stripe
    line = outgoing(town, 500)
    assert matched(town, line, "txn_back").status_code == 303
    with town.db.snapshot() as session:
        assert session.get_one(Refund, UUID(town.ids["refund_id"])).state == "posted"
    assert balances(town).get(2140, 0) == 0
    assert received(town) == 5_500
    assert matched(town, outgoing(town, 10), txn).status_code == 409
    holds(town)


def test_another_book_and_incoming_money_are_refused(town: Town) -> None:
    txn = paid(town)
    sent(town, "given-by-mistake", contribution=txn)
    assert matched(town, town.ids["line_id"], txn).status_code == 422
    with town.db.snapshot() as session:
        assert session.get_one(BankLine, UUID(town.ids["line_id"])).state == "open"
    assert matched(town, outgoing(town, 6_001), txn).status_code == 409
    assert (
        town.client("member")
        .post(town.address("manual_entries.do", task="donor-repaid"), data={"owed": txn})
        .status_code
        == 403
    )
