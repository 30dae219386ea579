"""Entries are found by amount, words, reference, person and donor, and added up."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.db import Session
from ledger.models.journal import Annotation, Entry
from ledger.queries.accounting.journal_search import conditions, is_search, makers_of, totals
from ledger.queries.books.books import fund_by_code
from ledger.queries.books.journal import JournalFilter, entries
from ledger.services.banking import match_actions
from ledger.services.banking.cash import Counted, record_cash
from tests.conftest import NOW
from tests.factories import make_book, make_person
from tests.worlds.bank_hall import DAY, Hall


@pytest.fixture
def hall(session: Session) -> Hall:
    """A hall with a pledge of Ada Hill that a bank line pays, and cash of 12.34 and 56.78."""
    hall = Hall(session)
    line = hall.line(6000, "For the solar roof")
    line.counterparty_name = "Hill Ada Mrs"
    match_actions.apply(
        session, line_id=line.id, meaning="pledge", target=hall.pledge.reference, by=None, now=NOW
    )
    fund = fund_by_code(session, hall.book.id, "GEN")
    for amount, reference in ((1234, "tin-1"), (5678, "tin-2")):
        record_cash(
            session,
            book=hall.book,
            counted=Counted(fund, amount, reference, DAY),
            now=NOW,
            made_by=None,
        )
    return hall


def found(hall: Hall, *, sees_donors: bool = True, **wanted: object) -> list[str]:
    """What is found, by the kinds of events."""
    asked = JournalFilter(**wanted)  # type: ignore[arg-type]
    also = conditions(hall.session, book=hall.book, wanted=asked, sees_donors=sees_donors)
    rows = entries(hall.session, book_id=hall.book.id, wanted=asked, found_by=also)
    assert is_search(asked)
    return sorted(row.event_type for row in rows)


def test_an_amount_is_found_on_either_side(hall: Hall) -> None:
    assert found(hall, amount=1234) == ["cash_received"]
    assert found(hall, amount=1235) == []


def test_words_are_found_in_what_the_bank_wrote_and_in_notes(hall: Hall) -> None:
    (kind,) = found(hall, words="solar roof")
    assert found(hall, words="SOLAR") == [kind]
    assert found(hall, words="solar tent") == []
    # A name that the bank wrote is found by those who may know donors.
    assert found(hall, words="mrs") == [kind]
    assert found(hall, words="mrs", sees_donors=False) == []
    # What stands for any text elsewhere is a sign like others here.
    assert found(hall, words="%") == []
    cash = hall.session.scalars(select(Entry).where(Entry.external_ref == "tin-1")).one()
    hall.session.add(
        Annotation(
            book_id=hall.book.id, entry_id=cash.id, text="Harvest fair", made_by=None, made_at=NOW
        )
    )
    hall.session.flush()
    assert found(hall, words="harvest") == ["cash_received"]


def test_a_reference_is_found_in_part_and_a_pledge_by_its_code(hall: Hall) -> None:
    assert found(hall, reference="tin-") == ["cash_received", "cash_received"]
    assert len(found(hall, reference=hall.pledge.reference.lower())) >= 2


def test_a_donor_is_found_by_who_may_know_them_only(hall: Hall) -> None:
    by_name = found(hall, donor="ada hi")
    assert len(by_name) >= 2
    assert found(hall, donor=hall.party.email) == by_name
    assert found(hall, donor="Nobody") == []
    asked = JournalFilter(donor="ada")
    assert conditions(hall.session, book=hall.book, wanted=asked, sees_donors=False) == [], (
        "without the right it is no condition, and the page does not offer it"
    )


def test_what_somebody_made_is_found(hall: Hall) -> None:
    who = make_person(hall.session, "Tess Lee", hall.book, "treasurer")
    record_cash(
        hall.session,
        book=hall.book,
        counted=Counted(fund_by_code(hall.session, hall.book.id, "GEN"), 99, "hers", DAY),
        now=NOW,
        made_by=who.id,
    )
    assert found(hall, maker=who.id) == ["cash_received"]
    assert found(hall, maker=UUID(int=1)) == []
    assert makers_of(hall.session, book_id=hall.book.id) == [(str(who.id), "Tess Lee")]


def test_the_sum_is_of_all_that_is_found(hall: Hall) -> None:
    def sums(**wanted: object) -> list[tuple[str, int]]:
        asked = JournalFilter(limit=1, **wanted)  # type: ignore[arg-type]
        also = conditions(hall.session, book=hall.book, wanted=asked, sees_donors=True)
        return totals(hall.session, book_id=hall.book.id, wanted=asked, also=also)

    assert sums(reference="tin-") == [("USD", 1234 + 5678)]
    assert sums(reference="tin-", account=4010) == [("USD", -1234 - 5678)]
    assert sums(reference="tin-", fund="SOLAR") == []
    assert sums(reference="tin-", since=date(2026, 12, 1)) == []


def test_a_book_finds_nothing_of_another(hall: Hall, session: Session) -> None:
    other = make_book(session, "B")
    for wanted in (
        JournalFilter(amount=1234),
        JournalFilter(donor="ada"),
        JournalFilter(words="r"),
    ):
        also = conditions(session, book=other, wanted=wanted, sees_donors=True)
        assert entries(session, book_id=other.id, wanted=wanted, found_by=also) == []
        assert totals(session, book_id=other.id, wanted=wanted, also=also) == []
