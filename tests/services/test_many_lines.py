"""Many lines are booked at once: each whole, all or none, and only what is certain by itself."""

import pytest

from ledger.db import Session
from ledger.errors import Invalid
from ledger.services.reconciliation import bulk
from ledger.services.reconciliation.bulk import Same
from tests.conftest import NOW
from tests.services.test_scoring import IBAN, Street


@pytest.fixture
def street(session: Session) -> Street:
    return Street(session)


def certain(street: Street) -> list[tuple[int, str]]:
    items = bulk.selected(street.session, book_id=street.book.id)
    found = bulk.certain(street.session, items)
    return [(item.amount, part.target) for item, part in found]


def test_only_what_is_certain_is_accepted_together(street: Street) -> None:
    named = street.line(5_000, street.small.reference)
    street.line(10_000, "Spende", name="Maria Okafor", iban=IBAN)
    street.line(6_000, street.small.reference)
    street.line(15_000, street.small.reference, name="Maria Okafor", iban=IBAN)
    assert certain(street) == [(5_000, street.small.reference)]
    items = bulk.selected(street.session, book_id=street.book.id)
    rows = bulk.certain(street.session, items)
    assert bulk.book_many(street.session, rows, by=street.treasurer.id, now=NOW) == 1
    assert named.state == "matched"
    street.assert_sound()


def test_two_lines_that_claim_one_pledge_are_left_to_a_person(street: Street) -> None:
    street.line(5_000, street.small.reference)
    street.line(5_000, street.small.reference)
    assert certain(street) == []


def test_a_pledge_named_from_the_account_of_somebody_else_is_not_certain(street: Street) -> None:
    michaels = street.promise(street.michael, 7_700)
    street.line(7_700, michaels.reference, iban=IBAN)
    assert certain(street) == []


def test_selected_lines_become_one_thing_all_or_none(street: Street) -> None:
    fees = [street.line(-500, "Fee one"), street.line(-700, "Fee two")]
    gift = street.line(900, "No fee")
    session, book = street.session, street.book.id
    fee = Same("charge", "GEN")
    everything = [line.id for line in (*fees, gift)]
    rows = bulk.alike(bulk.selected(session, book_id=book, line_ids=everything), fee)
    attempt = session.begin_nested()
    with pytest.raises(Invalid) as refusal:
        bulk.book_many(session, rows, by=street.treasurer.id, now=NOW)
    attempt.rollback()
    assert refusal.value.place == f"line-{gift.id}"
    assert [line.state for line in fees] == ["open", "open"]
    rows = bulk.alike(bulk.selected(session, book_id=book, line_ids=everything[:2]), fee)
    assert bulk.book_many(session, rows, by=street.treasurer.id, now=NOW) == 2
    assert street.balance(6540) == 1_200
    with pytest.raises(bulk.NothingToBook, match="None of these"):
        bulk.book_many(session, [], by=street.treasurer.id, now=NOW)
    street.assert_sound()
