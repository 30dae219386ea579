"""What a bank line could mean: certain only where nothing else fits, else left to people."""

from datetime import date, timedelta

import pytest

from ledger.db import Session
from ledger.errors import Invalid
from ledger.queries.pledges.pledges import open_quantity
from ledger.services.banking import matching
from ledger.services.banking.suggestions import banking_days
from ledger.services.pledges.pledges import cancel_pledge
from tests.conftest import NOW
from tests.factories import make_pledge
from tests.worlds.bank_hall import DAY, Hall


@pytest.fixture
def hall(session: Session) -> Hall:
    return Hall(session)


@pytest.mark.parametrize(
    ("descriptor", "remittance", "rule"),
    [
        ("STRIPE HALL", "stripe hall payout", "M-01"),
        ("STRIPE HALL", "something else", "M-02"),
        ("", "something else", "M-02"),
        ("A", "A payment", "M-02"),
    ],
)
def test_only_a_payout_that_the_text_names_is_certain(
    hall: Hall, descriptor: str, remittance: str, rule: str
) -> None:
    hall.payout(descriptor=descriptor)
    line = hall.line(48_000, remittance)
    assert hall.rules(line) == [(rule, "po_1", rule == "M-01")]
    assert hall.auto() == (1 if rule == "M-01" else 0)


@pytest.mark.parametrize(
    ("amount", "on", "state"),
    [
        (47_999, DAY, "paid"),
        (-48_000, DAY, "paid"),
        (48_000, DAY + timedelta(days=8), "paid"),
        (48_000, DAY - timedelta(days=8), "paid"),
        (48_000, DAY, "failed"),
    ],
)
def test_another_amount_day_or_a_failed_payout_is_no_payout(
    hall: Hall, amount: int, on: date, state: str
) -> None:
    hall.payout(state=state)
    line = hall.line(amount, "STRIPE HALL", on)
    assert not [row for row in hall.rules(line) if row[0] in ("M-01", "M-02")]
    assert hall.auto() == 0


def test_the_window_counts_banking_days() -> None:
    friday = date(2026, 3, 6)
    assert banking_days(friday, friday) == 0
    assert banking_days(friday, date(2026, 3, 9)) == 1
    assert banking_days(date(2026, 3, 12), friday) == 4
    assert banking_days(friday, date(2026, 3, 13)) == 5
    assert banking_days(date(2020, 1, 1), friday) > 30


def test_two_payouts_or_two_lines_that_look_alike_wait_for_somebody(hall: Hall) -> None:
    hall.payout("po_1")
    hall.payout("po_2")
    line = hall.line(48_000, "STRIPE HALL")
    assert [row[2] for row in hall.rules(line)] == [False, False]
    assert hall.auto() == 0


def test_two_lines_for_one_payout_wait_for_somebody(hall: Hall) -> None:
    hall.payout()
    hall.line(48_000, "STRIPE HALL")
    hall.line(48_000, "STRIPE HALL")
    assert hall.auto() == 0
    assert hall.balance(1120) == 48_000


def test_a_trace_tells_two_equal_payouts_apart(hall: Hall) -> None:
    hall.payout("po_1", trace="TR-11")
    second = hall.payout("po_2", trace="TR-22")
    line = hall.line(48_000, "STRIPE HALL TR-22")
    assert hall.rules(line) == [("M-01", "po_2", True)]
    assert hall.auto() == 1
    assert second.bank_line_id == line.id


def test_another_amount_than_promised_is_suggested_and_left_to_people(hall: Hall) -> None:
    line = hall.line(2500, hall.pledge.reference)
    assert hall.rules(line) == [("M-06", hall.pledge.reference, False)]
    assert hall.auto() == 0
    matching.match_pledge(
        hall.session, line_id=line.id, reference=hall.pledge.reference, by=None, now=NOW
    )
    assert open_quantity(hall.session, hall.pledge) == 3500
    assert hall.balance(9110) == 3500
    assert hall.pledge.state == "part_fulfilled"


def test_a_text_that_names_two_pledges_is_left_to_people(hall: Hall) -> None:
    other = make_pledge(hall.session, hall.campaign, hall.party, quantity=100)
    line = hall.line(6000, f"{hall.pledge.reference} and {other.reference}")
    assert [row[2] for row in hall.rules(line)] == [False, False]
    assert hall.auto() == 0


def test_two_lines_for_one_pledge_are_left_to_people(hall: Hall) -> None:
    hall.line(6000, hall.pledge.reference)
    hall.line(6000, hall.pledge.reference)
    assert hall.auto() == 0


def test_a_cancelled_pledge_is_never_matched_by_itself(hall: Hall) -> None:
    cancel_pledge(hall.session, pledge_id=hall.pledge.id, on=DAY, now=NOW)
    line = hall.line(6000, hall.pledge.reference)
    assert hall.rules(line) == [("M-06", hall.pledge.reference, False)]
    assert hall.auto() == 0


def test_a_reference_with_a_wrong_sign_is_no_pledge(hall: Hall) -> None:
    reference = hall.pledge.reference
    wrong = reference[:-1] + ("A" if reference[-1] != "A" else "B")
    assert hall.rules(hall.line(6000, wrong)) == []
    line = hall.line(6000, reference)
    with pytest.raises(Invalid, match="no pledge"):
        matching.match_pledge(hall.session, line_id=line.id, reference=wrong, by=None, now=NOW)


@pytest.mark.parametrize(
    ("amount", "text", "code", "found"),
    [
        (-600, "Monthly fee", None, True),
        (-600, "Kontofuehrung", "ACMT-MDOP-CHRG", True),
        (-600, "", "NCHG", True),
        (-600, "Rent", "NTRF", False),
        (600, "Monthly fee", None, False),
        (-10_001, "Monthly fee", None, False),
    ],
)
def test_a_small_debit_that_calls_itself_a_charge_is_suggested(
    hall: Hall, amount: int, text: str, code: str | None, found: bool
) -> None:
    line = hall.line(amount, text, code=code)
    assert hall.rules(line) == ([("M-09", "", False)] if found else [])
    assert hall.auto() == 0
