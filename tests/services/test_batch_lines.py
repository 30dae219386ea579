"""A line that the bank booked as one sum: each of its payments is matched on its own."""

import pytest
from sqlalchemy import func, select, update

from ledger.bank_files import read_statement
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.journal import Posting
from ledger.models.pledges import Fulfilment
from ledger.models.statements import BankLine, BankLinePart, Match
from ledger.queries.banking.statements import agreement, open_and_parked_lines_of, open_lines
from ledger.queries.invariants.money import statements as invariant
from ledger.queries.pledges.pledges import open_quantity
from ledger.services.banking import match_actions, matching
from ledger.services.banking.items import items_of
from ledger.services.statements.statements import import_statement
from tests.conftest import NOW
from tests.factories import make_pledge
from tests.keywords import By
from tests.statements.bank_files import balance, camt, entry, payment
from tests.worlds.bank_hall import Hall

BY_HAND: By = {"by": None, "now": NOW}


@pytest.fixture
def hall(session: Session) -> Hall:
    return Hall(session)


def holds(hall: Hall) -> str | None:
    """What the invariant of bank lines finds, the hall's bare statement left aside."""
    line = select(func.sum(BankLine.amount)).where(BankLine.statement_id == hall.statement.id)
    hall.statement.closing = hall.session.scalar(line) or 0
    hall.session.flush()
    return invariant(hall.session)[1]


def test_a_batch_credit_that_names_two_pledges_fulfils_both(hall: Hall) -> None:
    first = make_pledge(hall.session, hall.campaign, hall.party, quantity=32_956)
    second = make_pledge(hall.session, hall.campaign, hall.party, quantity=10_000)
    both = payment("GIFT-A1", "329.56", "Ada Lane", f"Gift {first.reference}")
    both += payment("GIFT-B2", "100.00", "Bo Finch", f"Gift {second.reference}")
    text = camt(balance("OPBD", "0.00"), balance("CLBD", "429.56"),
                entry("429.56", reference="REF1", details=both))  # fmt: skip
    import_statement(
        hall.session, book=hall.book, account=1010, imported_by=None, now=NOW,
        file=read_statement(text.replace("EUR", "USD").encode()),
    )  # fmt: skip
    assert open_lines(hall.session, book_id=hall.book.id) == 2
    assert hall.auto() == 2
    assert (open_quantity(hall.session, first), open_quantity(hall.session, second)) == (0, 0)
    assert (first.state, second.state) == ("fulfilled", "fulfilled")
    made = hall.session.execute(
        select(Fulfilment.quantity, Fulfilment.pledge_id).order_by(Fulfilment.quantity.desc())
    ).all()
    assert [tuple(one) for one in made] == [(32_956, first.id), (10_000, second.id)]
    line = hall.session.scalars(select(BankLine)).one()
    assert line.state == "matched"
    assert (hall.balance(1010), hall.balance(4010)) == (42_956, -42_956)
    assert hall.auto() == 0
    assert open_lines(hall.session, book_id=hall.book.id) == 0
    assert holds(hall) is None


def test_each_payment_is_suggested_and_booked_by_itself(hall: Hall) -> None:
    line, (gift, charge, unknown) = hall.batch(
        (6000, f"for {hall.pledge.reference}"), (-150, "Fee of the batch"), (700, "Somebody")
    )
    ideas = matching.suggestions_for(hall.session, items_of(hall.session, [line]))
    assert [row.rule for row in ideas[gift.id]] == ["M-05"]
    assert [row.rule for row in ideas[charge.id]] == ["M-09"]
    assert (ideas[unknown.id], ideas[line.id]) == ([], [])
    match_actions.apply(hall.session, line_id=gift.id, meaning="pledge",
                   target=hall.pledge.reference, **BY_HAND)  # fmt: skip
    assert (line.state, gift.state) == ("open", "matched")
    found = agreement(hall.session, book_id=hall.book.id)
    assert found is not None
    assert (found.books, found.open_lines) == (6000, 550)
    assert open_lines(hall.session, book_id=hall.book.id) == 2
    match_actions.apply(hall.session, line_id=charge.id, meaning="charge", target="GEN", **BY_HAND)
    match_actions.apply(hall.session, line_id=unknown.id, meaning="unidentified", target="GEN",
                   **BY_HAND)  # fmt: skip
    assert line.state == "matched"
    moved = hall.session.scalars(
        select(func.sum(Posting.quantity)).where(Posting.account == 1010).group_by(Posting.entry_id)
    ).all()
    assert sorted(moved) == [-150, 700, 6000]
    assert holds(hall) is None
    # What is parked of a batch is found again and identified by itself.
    (row,) = open_and_parked_lines_of(hall.session, book_id=hall.book.id)[1].rows
    assert [one.parked for one in row.parts] == [False, False, True]
    late = make_pledge(hall.session, hall.campaign, hall.party, quantity=700)
    match_actions.apply(hall.session, line_id=unknown.id, meaning="identify", target=late.reference,
                   **BY_HAND)  # fmt: skip
    assert open_quantity(hall.session, late) == 0
    assert open_and_parked_lines_of(hall.session, book_id=hall.book.id)[1].rows == ()
    with pytest.raises(Conflict, match="This line is not waiting to be identified"):
        matching.identify(hall.session, line_id=unknown.id, reference=late.reference, **BY_HAND)
    assert holds(hall) is None


def test_a_batch_may_be_one_gift_as_long_as_nothing_of_it_is_matched(hall: Hall) -> None:
    line, parts = hall.batch((300, "A"), (200, "B"))
    matching.match_gift(hall.session, line_id=line.id, fund="GEN", **BY_HAND)
    assert {part.state for part in parts} == {"matched"}
    assert hall.balance(1010) == 500
    with pytest.raises(Conflict, match="already been matched"):
        matching.match_gift(hall.session, line_id=parts[0].id, fund="GEN", **BY_HAND)
    begun, (first, _second) = hall.batch((300, "A"), (200, "B"))
    matching.match_gift(hall.session, line_id=first.id, fund="GEN", **BY_HAND)
    with pytest.raises(Conflict, match="one by one"):
        matching.match_gift(hall.session, line_id=begun.id, fund="GEN", **BY_HAND)
    with pytest.raises(Conflict, match="already been matched"):
        matching.match_gift(hall.session, line_id=first.id, fund="GEN", **BY_HAND)
    assert hall.balance(1010) == 800
    assert holds(hall) is None


def test_a_payment_is_no_payout_and_never_more_than_itself(hall: Hall) -> None:
    hall.payout()
    _line, (first, second) = hall.batch((48_000, "STRIPE HALL"), (-5, "fee"))
    with pytest.raises(Conflict, match="whole line"):
        matching.match_payout(hall.session, line_id=first.id, payout_id="po_1", **BY_HAND)
    with pytest.raises(Invalid):
        matching.match_gift(hall.session, line_id=second.id, fund="GEN", **BY_HAND)


def test_two_payments_that_name_one_pledge_are_a_question(hall: Hall) -> None:
    spoken = hall.pledge.reference
    hall.batch((6000, spoken), (6000, spoken))
    assert hall.auto() == 0


def test_interim_lines_wait_for_their_statement_before_anything_is_booked_by_itself(
    hall: Hall,
) -> None:
    line = hall.line(6000, hall.pledge.reference)
    line.interim = True
    hall.session.flush()
    assert hall.auto() == 0
    line.interim = False
    assert hall.auto() == 1


def test_lines_that_wait_come_in_pages_and_are_found_by_words(hall: Hall) -> None:
    for number in range(60):
        hall.line(100 + number, f"gift {number:03}")
    line, _parts = hall.batch((300, "for Ada's 100% roof"), (200, "B"))
    first = open_and_parked_lines_of(hall.session, book_id=hall.book.id)[0]
    second = open_and_parked_lines_of(hall.session, book_id=hall.book.id, open_after=first.after)[0]
    assert (len(first.rows), len(second.rows), second.after) == (50, 11, None)
    assert not {row.line.id for row in first.rows} & {row.line.id for row in second.rows}
    (found,) = open_and_parked_lines_of(hall.session, book_id=hall.book.id, words="ROOF 100%")[
        0
    ].rows
    assert found.line.id == line.id
    assert (
        open_and_parked_lines_of(hall.session, book_id=hall.book.id, words="gift 00%")[0].rows == ()
    )


DAMAGES = {
    "a sum that is not the line's": update(BankLinePart).values(amount=1),
    "a payment matched to nothing": update(BankLinePart).values(state="matched"),
    "a line done before its payments": update(BankLine).values(state="matched"),
    "an entry of the whole for a part": update(Match).values(part_id=None),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_the_check_of_bank_lines_notices(hall: Hall, name: str) -> None:
    _line, (first, _second) = hall.batch((300, "A"), (200, "B"))
    matching.match_gift(hall.session, line_id=first.id, fund="GEN", **BY_HAND)
    assert holds(hall) is None
    hall.session.execute(DAMAGES[name])
    hall.session.expire_all()
    assert holds(hall) is not None
