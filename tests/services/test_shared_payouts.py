"""One Stripe account for several communities: what a mixed payout does to each book, to the cent.

The owner A takes 100.00 for a fee of 3.20, and its account costs 2.00; B takes 60.00 for 2.04 and
refunds 20.00; C takes 40.00 for 1.46 and loses it to a dispute with 15.00 on top.
"""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.db import Session
from ledger.errors import Conflict, NotFound
from ledger.gateway import Account, Payout
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry, Posting
from ledger.models.payments import BalanceTransaction
from ledger.models.statements import BankAccount, BankLine, BankStatement
from ledger.queries import invariants
from ledger.queries.accounting.periods import blockers
from ledger.queries.payments.payments import payout_funds
from ledger.queries.payments.payout_detail import (
    payout_detail,
    payout_lines,
    payouts_touching,
)
from ledger.services.accounting.corrections import apply_correction
from ledger.services.banking import matching
from ledger.services.books import journal
from ledger.services.books.books import NewFund, create_fund
from ledger.services.payments import disputes
from ledger.services.stripe_balance import accounts, fees, payouts
from ledger.services.stripe_balance.shared_account import HELD
from tests.conftest import NOW
from tests.factories import make_campaign, make_person, make_pledge, make_pool
from tests.services.undone import shared_db_fixture, undone_fixture  # noqa: F401
from tests.worlds.till import Till

Legs = set[tuple[str, int, str | None, int]]


@pytest.fixture
def tills(undone: Session) -> tuple[Till, Till, Till]:
    """The owner A, and two communities on its account."""
    accounts.bind(undone, account=Account("acct_1", False, True), now=NOW)
    found = Till(undone, "A"), Till(undone, "B"), Till(undone, "C")
    accounts.assign(undone, book=found[0].book)
    return found


def worked(tills: tuple[Till, Till, Till]) -> list[str]:
    """The movements of the worked example; return their names."""
    a, b, c = tills
    session = a.session
    own = make_pledge(
        session, make_campaign(session, a.book, a.general, slug="gen-a"), a.party, quantity=10_000
    )
    charged = a.charge(10_000, 320, own)
    fee = a.movement(-200, category="fee")
    fees.settle_fee(session, txn_id=fee.id, fund=accounts.own_fund(session), now=NOW)
    paid = b.charge(6000, 204)
    back = b.refund(paid, 2000)
    lost_gift = make_pledge(
        session, make_campaign(session, c.book, c.general, slug="gen-c"), c.party, quantity=4000
    )
    lost = c.charge(4000, 146, lost_gift)
    taken = c.movement(-4000, 1500, category="dispute", source="du_1")
    disputes.settle_dispute(session, txn_id=taken.id, charge_id=lost.source_id or "", now=NOW)
    return [
        charged.stripe_txn_id,
        fee.id,
        paid.stripe_txn_id,
        back.stripe_txn_id,
        lost.stripe_txn_id,
        taken.id,
    ]


def failed(till: Till, payout: Payout, amount: int | None = None) -> BalanceTransaction:
    """A payout that came back."""
    txn = till.movement(
        payout.amount if amount is None else amount,
        category="payout_reversal",
        kind="payout_failure",
        source=payout.id,
    )
    payouts.settle_returned_payout(
        till.session, txn_id=txn.id, payout=replace(payout, status="failed"), now=NOW
    )
    return till.row(txn.id)


def legs(till: Till, event_type: str) -> Legs:
    """What an event did in a book: fund, account, the other book, minor units."""
    rows = till.session.execute(
        select(Fund.code, Posting.account, Posting.counterparty_id, Posting.quantity)
        .join(Fund, Fund.id == Posting.fund_id)
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .where(Posting.book_id == till.book.id, Entry.event_type == event_type)
    )
    names: dict[object, str] = {book.id: book.code for book in till.session.scalars(select(Book))}
    return {(fund, account, names.get(other), quantity) for fund, account, other, quantity in rows}


def balances(tills: tuple[Till, Till, Till], account: int) -> list[int]:
    return [till.balance(account) for till in tills]


OUT: list[Legs] = [
    {
        ("GEN", 1120, None, 7834),
        ("GEN", 1300, "C", 1646),
        ("GEN", 1110, None, -9480),
        (HELD, 1120, None, 3796),
        (HELD, 1300, "B", -3796),
    },
    {("SOLAR", 1300, "A", 3796), ("SOLAR", 1110, None, -3796)},
    {("GEN", 1110, None, 1646), ("GEN", 1300, "A", -1646)},
]


def test_a_mixed_payout_moves_each_share_through_claims(tills: tuple[Till, Till, Till]) -> None:
    names = worked(tills)
    assert balances(tills, 1110) == [9480, 3796, -1646]
    payout = tills[0].payout(11_630, *names)
    assert [legs(till, "payout_created") for till in tills] == OUT
    assert balances(tills, 1110) == [0, 0, 0]
    assert payout_funds(tills[0].session, payout.id) == {"GEN": 7834, HELD: 3796}
    assert not [row for row in invariants.check(tills[0].session) if not row.ok]


def test_three_novembers_close_over_a_mixed_payout(tills: tuple[Till, Till, Till]) -> None:
    names = worked(tills)
    until = NOW.date() + timedelta(days=30)
    tills[0].payout(11_630, *names)
    session = tills[0].session
    assert [blockers(session, book_id=till.book.id, until=until) for till in tills] == [[], [], []]


def arrived(till: Till, amount: int) -> BankLine:
    """A bank line of the owner by which a payout arrives."""
    account = BankAccount(book_id=till.book.id, account=1010, commodity="USD", name="X1")
    till.session.add(account)
    till.session.flush()
    statement = BankStatement(
        book_id=till.book.id,
        account=1010,
        bank_account_id=account.id,
        statement_ref="S",
        file_format="test",
        file_sha256="0" * 64,
        bank_account="X1",
        commodity="USD",
        opening=0,
        closing=amount,
        opens_on=NOW.date(),
        closes_on=NOW.date(),
        imported_by=None,
        imported_at=NOW,
    )
    till.session.add(statement)
    till.session.flush()
    line = BankLine(
        book_id=till.book.id,
        statement_id=statement.id,
        account=1010,
        position=1,
        amount=amount,
        commodity="USD",
        booked_on=NOW.date(),
        value_on=NOW.date(),
        remittance="STRIPE",
        fingerprint="1",
        state="open",
    )
    till.session.add(line)
    till.session.flush()
    return line


def test_a_mixed_payout_arrives_in_the_owners_bank_by_fund(tills: tuple[Till, Till, Till]) -> None:
    owner, others = tills[0], tills[1:]
    payout = owner.payout(11_630, *worked(tills))
    line = arrived(owner, 11_630)
    matching.match_payout(owner.session, line_id=line.id, payout_id=payout.id, by=None, now=NOW)
    assert legs(owner, "payout_arrived") == {
        ("GEN", 1010, None, 7834),
        ("GEN", 1120, None, -7834),
        (HELD, 1010, None, 3796),
        (HELD, 1120, None, -3796),
    }
    assert [legs(till, "payout_arrived") for till in others] == [set(), set()]
    assert balances(tills, 1120) == [0, 0, 0]
    # What belongs to the others stays owed, and theirs, until it is paid to them.
    assert balances(tills, 1300) == [1646 - 3796, 3796, -1646]
    assert not [row for row in invariants.check(owner.session) if not row.ok]


def test_a_payout_that_waits_blocks_every_book(tills: tuple[Till, Till, Till]) -> None:
    """The control of the test above."""
    worked(tills)
    tills[0].movement(-11_630, category="payout", source="po_waits")
    until = NOW.date() + timedelta(days=30)
    session = tills[0].session
    found = [blockers(session, book_id=till.book.id, until=until) for till in tills]
    assert found == [[("unposted", 1)]] * 3


def test_a_failed_mixed_payout_is_negated_exactly(tills: tuple[Till, Till, Till]) -> None:
    names = worked(tills)
    back = failed(tills[0], tills[0].payout(11_630, *names))
    negated = [{(f, a, o, -q) for f, a, o, q in expected} for expected in OUT]
    assert [legs(till, "payout_failed") for till in tills] == negated
    assert balances(tills, 1110) == [9480, 3796, -1646]
    assert balances(tills, 1120) == balances(tills, 1300) == [0, 0, 0]
    # It goes out again as it went out first.
    tills[0].payout(11_630, back.stripe_txn_id)
    assert balances(tills, 1110) == [0, 0, 0]
    assert balances(tills, 1300) == [1646 - 3796, 3796, -1646]
    assert not [row for row in invariants.check(tills[0].session) if not row.ok]


def test_a_deficit_is_met_from_what_is_held_first(tills: tuple[Till, Till, Till]) -> None:
    a, b, _c = tills
    paid = b.charge(6000, 204)
    a.payout(5796, paid.stripe_txn_id)
    refund, own = b.refund(paid, 6000), a.charge(10_000, 320)
    a.payout(9680 - 6000, own.stripe_txn_id, refund.stripe_txn_id)
    # 57.96 were held for B; the owner's general fund lent the other 2.04.
    assert a.balance(1300, HELD) == 0
    assert (a.balance(1300, "GEN"), b.balance(1300)) == (204, -204)
    assert (a.balance(1120, HELD), a.balance(1120, "GEN")) == (0, -204)
    # A surplus repays the general fund before anything is held again.
    more = b.charge(1000, 59)
    a.payout(941, more.stripe_txn_id)
    assert (a.balance(1300, HELD), a.balance(1300, "GEN")) == (-737, 0)
    assert (a.balance(1120, HELD), a.balance(1120, "GEN")) == (737, 0)
    assert not [row for row in invariants.check(a.session) if not row.ok]


def test_a_loan_of_the_owner_is_not_repaid_by_a_payout(tills: tuple[Till, Till, Till]) -> None:
    """Only what earlier payouts lent is repaid from later ones."""
    a, b, _c = tills
    journal.post(
        a.session,
        bookkeeping.money_lent(
            lender="A",
            lender_fund="GEN",
            borrower="B",
            borrower_fund="GEN",
            currency="USD",
            amount=30_000,
        ),
        event_type="money_lent",
        source="test",
        external_ref="loan",
        accounting_on=NOW.date(),
        now=NOW,
    )
    paid = b.charge(6000, 204)
    a.payout(5796, paid.stripe_txn_id)
    assert (a.balance(1300, "GEN"), a.balance(1300, HELD)) == (30_000, -5796)


def test_a_payout_that_fetches_money_is_booked_the_same_way(
    tills: tuple[Till, Till, Till],
) -> None:
    a, b, _c = tills
    paid = b.charge(6000, 204)
    a.payout(5796, paid.stripe_txn_id)
    refund = b.refund(paid, 6000)
    a.payout(-6000, refund.stripe_txn_id)
    assert (a.balance(1120), a.balance(1300), b.balance(1300)) == (-204, 204, -204)
    assert b.balance(1110) == 0


def test_a_named_owner_gets_what_another_book_alone_earned(
    tills: tuple[Till, Till, Till],
) -> None:
    a, b, _c = tills
    paid = b.charge(6000, 204)
    a.payout(5796, paid.stripe_txn_id)
    assert (a.balance(1120), b.balance(1120), b.balance(1300)) == (5796, 0, 5796)


def test_without_a_named_owner_a_book_keeps_its_own_payout(undone: Session) -> None:
    a, b = Till(undone, "A"), Till(undone, "B")
    a.charge()
    b.payout(5796, b.charge(6000, 204).stripe_txn_id)
    assert (a.balance(1120), b.balance(1120), b.balance(1300)) == (0, 5796, 0)


def test_a_payout_made_by_hand_takes_the_oldest_money_of_all_books(
    tills: tuple[Till, Till, Till],
) -> None:
    a, b, _c = tills
    first, _second = a.charge(6000, 204), b.charge(6000, 204)
    first.available_on = date(2026, 1, 1)
    a.session.flush()
    txn = a.movement(-7000, category="payout", source="po_hand")
    payouts.settle_manual_payout(
        a.session, txn_id=txn.id, payout=replace(a.as_payout(txn), automatic=False), now=NOW
    )
    assert (a.balance(1110), b.balance(1110)) == (0, 2 * 5796 - 7000)
    assert (a.balance(1120), b.balance(1300)) == (7000, 7000 - 5796)
    # The next one passes over what is gone.
    txn = a.movement(-4592, category="payout", source="po_rest")
    payouts.settle_manual_payout(
        a.session, txn_id=txn.id, payout=replace(a.as_payout(txn), automatic=False), now=NOW
    )
    assert (a.balance(1110), b.balance(1110), b.balance(1300)) == (0, 0, 5796)


def test_a_correction_follows_the_money_into_the_claim(tills: tuple[Till, Till, Till]) -> None:
    a, b, _c = tills
    paid = b.charge(6000, 204)
    payout = a.payout(5796, paid.stripe_txn_id)
    (entry_id,) = b.entries("payment_settled")
    maker, approver = make_person(a.session, "Mia"), make_person(a.session, "Abe")
    apply_correction(
        a.session,
        book_id=b.book.id,
        entry_id=entry_id,
        fund_map={"SOLAR": "GEN"},
        on=NOW.date(),
        now=NOW,
        made_by=maker.id,
        approved_by=approver.id,
    )
    assert (b.balance(1110, "SOLAR"), b.balance(1110, "GEN")) == (0, 0)
    assert (b.balance(1300, "SOLAR"), b.balance(1300, "GEN")) == (0, 5796)
    failed(a, payout)
    assert (b.balance(1110, "SOLAR"), b.balance(1110, "GEN"), b.balance(1300)) == (0, 5796, 0)
    assert (a.balance(1120), a.balance(1300)) == (0, 0)


def test_the_owner_is_told_where_its_fund_for_others_is_not_free(
    tills: tuple[Till, Till, Till],
) -> None:
    a, b, _c = tills
    create_fund(a.session, book_id=a.book.id, fund=NewFund(HELD, "purpose"), now=NOW)
    paid = b.charge(6000, 204)
    with pytest.raises(Conflict, match="already has the code"):
        a.payout(5796, paid.stripe_txn_id)
    assert b.balance(1110) == 5796


def test_each_book_sees_its_share_gift_by_gift(tills: tuple[Till, Till, Till]) -> None:
    a, b, _c = tills
    payout = a.payout(11_630, *worked(tills))
    session = a.session
    whole = payout_detail(session, book=a.book, payout_id=payout.id)
    share = payout_detail(session, book=b.book, payout_id=payout.id)
    assert (whole.net, share.net) == (11_630, 3796)
    assert [(part.category, part.net) for part in share.parts] == [
        ("charge", 5796),
        ("refund", -2000),
    ]
    assert (share.opening, share.closing, whole.closing) == (0, 0, 0)
    assert share.claims == (("B", 1300, "SOLAR", "A", 3796),)
    lines, more = payout_lines(session, book=a.book, payout=whole.payout, donors=True)
    assert more == ""
    assert sum(line.txn.net for line in lines) == 11_630
    # Who gave to another community is not the owner's business.
    assert {line.donor for line in lines if line.book == "A"} == {"Ada Hill", ""}
    assert {(line.donor, line.reference) for line in lines if line.book != "A"} == {("", "")}
    mine, _ = payout_lines(session, book=b.book, payout=share.payout, donors=True)
    assert [line.donor for line in mine] == ["Ada Hill", "Ada Hill"]
    assert all(line.entry_id for line in mine)
    unseen, _ = payout_lines(session, book=b.book, payout=share.payout, donors=False)
    assert [line.donor for line in unseen] == ["", ""]


def test_the_lines_of_a_payout_come_page_by_page(tills: tuple[Till, Till, Till]) -> None:
    a = tills[0]
    payout = a.payout(11_630, *worked(tills))
    row = payout_detail(a.session, book=a.book, payout_id=payout.id).payout
    seen, after = [], ""
    for _ in range(3):
        lines, after = payout_lines(
            a.session, book=a.book, payout=row, donors=False, after=after, limit=2
        )
        seen += [line.txn.stripe_txn_id for line in lines]
    assert (len(set(seen)), after) == (6, "")


def test_a_book_without_a_share_has_no_such_payout(tills: tuple[Till, Till, Till]) -> None:
    a, b, c = tills
    payout = a.payout(5796, b.charge(6000, 204).stripe_txn_id)
    with pytest.raises(NotFound):
        payout_detail(a.session, book=c.book, payout_id=payout.id)
    with pytest.raises(NotFound):
        payout_detail(a.session, book=a.book, payout_id="po_unknown")
    assert [row.stripe_payout_id for row in payouts_touching(a.session, book=b.book)] == [payout.id]
    assert payouts_touching(a.session, book=c.book) == []


def test_a_pool_cannot_own_the_account(tills: tuple[Till, Till, Till]) -> None:
    a, b, _c = tills
    pool, _fund = make_pool(a.session, a.book, members=[("A", "GEN"), ("B", "GEN")])
    with pytest.raises(Conflict, match="hosts it"):
        accounts.assign(a.session, book=pool)
    accounts.assign(a.session, book=b.book)
    assert accounts.own_fund(a.session).book_id == b.book.id
