"""A list of gifts comes in with its givers, whole or not at all, and once."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from ledger.bank_files import GiftList, read_gifts
from ledger.core.vocabulary import CampaignMode, CampaignState
from ledger.db import Session
from ledger.errors import Invalid, NotFound
from ledger.models.books import Book
from ledger.models.journal import Entry
from ledger.models.parties import Party
from ledger.models.pledges import Pledge
from ledger.queries.invariants import check
from ledger.queries.pledges.figures import figures, scope_of_campaign, scope_of_giver
from ledger.services.accounting.periods import close_period
from ledger.services.approvals.decisions import decide
from ledger.services.books import journal
from ledger.services.books.seals import seal_all
from ledger.services.importing.gift_lists import (
    GiftsImported,
    Purpose,
    import_gifts,
    preview_gifts,
    purpose_of,
)
from ledger.services.pledges.parties import find_or_create_party
from ledger.services.undoing import undo
from ledger.services.undoing.events import not_reversed
from tests.conftest import NOW
from tests.factories import make_book, make_campaign, make_fund, make_person
from tests.journal_text import format_entry

CASES = Path(__file__).parents[3] / "shared" / "cases"
LIST = (
    "Name;E-Mail;Betrag;Datum;Zweck\nAda Lane;ada@example.org;1.020,50 $;04.03.2026;Dach\n"
    "Bo Finch;bo@example.org;20;5.3.26;Dach\nBo Finch;BO@example.org;20;5.3.26;Dach\n"
)


class House:
    """A community with a fund and a campaign that take lists of gifts."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.book = make_book(session)
        make_fund(session, self.book)
        roof = make_fund(session, self.book, "SOLAR", "purpose")
        self.campaign = make_campaign(session, self.book, roof)

    def purpose(self, fund: str = "GEN", campaign: str = "", account: int = 1010) -> Purpose:
        return purpose_of(
            self.session, book=self.book, fund=fund, campaign=campaign, account=account
        )

    def take(
        self, text: str = LIST, *, without_email: bool = False, **purpose: Any
    ) -> GiftsImported:
        return import_gifts(
            self.session,
            purpose=self.purpose(**purpose),
            gifts=gifts_of(text),
            without_email=without_email,
            by=None,
            now=NOW,
        )

    def look(
        self, text: str = LIST, *, without_email: bool = False, **purpose: Any
    ) -> GiftsImported:
        return preview_gifts(
            self.session,
            purpose=self.purpose(**purpose),
            gifts=gifts_of(text),
            without_email=without_email,
            now=NOW,
        )

    def count(self, table: type) -> int:
        return self.session.scalar(select(func.count()).select_from(table)) or 0


def gifts_of(text: str) -> GiftList:
    return read_gifts(text.encode(), None, "USD")


@pytest.fixture
def house(session: Session) -> House:
    return House(session)


def test_a_list_becomes_gifts_of_their_givers_once(house: House) -> None:
    foreseen = house.look()
    assert (foreseen.new, foreseen.known, foreseen.new_givers) == (3, 0, 2)
    done = house.take()
    assert done == foreseen
    assert done.total == 106_050
    ada = house.session.scalar(select(Party).where(Party.email == "ada@example.org"))
    assert ada is not None
    assert (ada.name, ada.consent) == ("Ada Lane", "anonymous")
    pledge = house.session.scalars(select(Pledge).where(Pledge.party_id == ada.id)).one()
    assert (pledge.state, pledge.quantity, pledge.note) == ("fulfilled", 102_050, "Dach")
    entry_id = house.session.scalars(
        select(Entry.id).where(Entry.accounting_on == date(2026, 3, 4))
    ).one()
    text = format_entry(journal.load_entry(house.session, house.book.id, entry_id))
    assert "1010" in text
    assert "4010" in text
    entries, parties = house.count(Entry), house.count(Party)
    again = house.take()
    assert (again.new, again.known, again.new_givers, again.total) == (0, 3, 0, 0)
    more = house.take(LIST + "Bo Finch;bo@example.org;20;5.3.26;Dach\n")
    assert (more.new, more.known) == (1, 3)
    assert (house.count(Entry), house.count(Party)) == (entries + 1, parties)


def test_figures_and_invariants_know_them(house: House) -> None:
    house.take(fund="", campaign=house.campaign.slug, account=1030)
    house.take("Giver,Amount,Date\nSomebody,5,2026-03-06\n", without_email=True, fund="",
               campaign=house.campaign.slug)  # fmt: skip
    seal_all(house.session)
    campaign = figures(house.session, scope_of_campaign(house.campaign))
    assert [row.received for row in campaign.rows if row.commodity == "USD"] == [106_550]
    bo = house.session.scalar(select(Party).where(Party.email == "bo@example.org"))
    assert bo is not None
    giver = figures(house.session, scope_of_giver([bo.id]))
    assert [row.received for row in giver.rows if row.commodity == "USD"] == [4_000]
    found = check(house.session)
    assert [row for row in found if not row.ok] == []


def test_a_giver_who_is_known_stays_as_shown(house: House) -> None:
    party = find_or_create_party(
        house.session, name="Ada L.", email="ada@example.org", consent="name", now=NOW
    )
    assert house.take().new_givers == 1
    house.session.refresh(party)
    assert (party.name, party.consent) == ("Ada L.", "name")


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "a day ahead": (LIST.replace("04.03.2026", "04.03.2027"), {}, "line 2"),
    "no address": (LIST.replace("bo@example.org", ""), {}, "line 3"),
    "an address that is none": (LIST.replace("BO@example.org", "bo"), {}, "line 4"),
    "no name": (LIST.replace("Ada Lane", ""), {}, "line 2"),
    "no such fund": (LIST, {"fund": "NONE"}, "fund"),
    "fund and campaign": (LIST, {"campaign": "solar-roof"}, "fund"),
    "no such campaign": (LIST, {"fund": "", "campaign": "none"}, "campaign"),
    "an account of no money": (LIST, {"account": 1210}, "account"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_and_nothing_is_booked(house: House, name: str) -> None:
    text, purpose, place = WRONG[name]
    for deed in (house.look, house.take):
        with pytest.raises((Invalid, NotFound)) as refusal:
            deed(text, **purpose)
        assert refusal.value.place == place
    assert (house.count(Entry), house.count(Party)) == (0, 0)


def test_a_campaign_that_may_fail_takes_no_list(house: House) -> None:
    house.campaign.mode = CampaignMode.ALL_OR_NOTHING
    with pytest.raises(Invalid, match="This campaign keeps contributions only if it succeeds"):
        house.take(fund="", campaign=house.campaign.slug)
    house.campaign.state = CampaignState.SUCCEEDED
    assert house.take(fund="", campaign=house.campaign.slug).new == 3


def test_a_gift_of_a_closed_period_is_refused_and_not_moved(house: House) -> None:
    house.take()
    keeper, approver = (
        make_person(house.session, name, house.book, role)
        for name, role in (("Tess", "treasurer"), ("Arno", "approver"))
    )
    close_period(
        house.session,
        book_id=house.book.id,
        until=date(2026, 3, 31),
        closed_by=keeper.id,
        approved_by=approver.id,
        now=NOW,
    )
    assert house.take().known == 3
    with pytest.raises(Invalid, match="a closed period") as refusal:
        house.take(LIST + "Cy Ray;cy@example.org;5;6.3.26;Dach\n")
    assert refusal.value.place == "line 5"


def test_a_pool_takes_no_list(house: House) -> None:
    pool = Book(code="P", kind="pool")
    with pytest.raises(Invalid, match="through its communities"):
        purpose_of(house.session, book=pool, fund="GEN", campaign="", account=1010)


READ_WRONG = {
    "an amount of nothing": (LIST.replace("1.020,50 $", "0"), "line 2, Betrag"),
    "a refund": (LIST.replace("1.020,50 $", "-5,00"), "line 2, Betrag"),
    "another currency": (LIST.replace("1.020,50 $", "1.020,50 €"), "line 2, Betrag"),
    "no day": (LIST.replace("04.03.2026", ""), "line 2, Datum"),
    "a cell too many": (LIST.replace(";Dach\nBo", ";Dach;x\nBo"), "line 2"),
    "days in two ways": ("Name,Email,Amount,Date\nA,a@example.org,5,03/04/2026\n", "line 1"),
}


@pytest.mark.parametrize("name", READ_WRONG)
def test_a_list_that_cannot_be_read_is_refused_by_cell(name: str) -> None:
    text, place = READ_WRONG[name]
    with pytest.raises(Invalid) as refusal:
        gifts_of(text)
    assert refusal.value.place == place


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases of ../shared are not here")
def test_the_lists_of_others_come_in() -> None:
    read = read_gifts((CASES / "C20.csv").read_bytes(), None, "EUR")
    assert [(gift.email, gift.amount) for gift in read.gifts] == [
        ("ada@example.org", 102_050),
        ("bo@example.org", 2_000),
    ]
    (gift,) = read_gifts((CASES / "X01.xlsx").read_bytes(), None, "EUR").gifts
    assert (gift.name, gift.amount, gift.given_on) == ("Ada Lane", 2_000, date(2024, 3, 3))


def test_a_list_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.bank_files.gifts.MAX_GIFTS", 2)
    with pytest.raises(Invalid, match="The list has 3 contributions"):
        gifts_of(LIST)


def test_a_gift_that_was_undone_comes_again_with_its_list_and_once(house: House) -> None:
    session = house.session
    maker, checker = (
        make_person(session, name, house.book, role)
        for name, role in (("Mia Maker", "treasurer"), ("Cora Checker", "approver"))
    )
    whole = house.take().new
    for _time in range(2):
        asked = undo.ask(
            session,
            book_id=house.book.id,
            entry_id=standing(session)[-1].id,
            reason="The wrong list",
            by=maker.id,
            now=NOW,
        )
        assert asked is not None
        decide(session, request_id=asked.id, approve=True, decided_by=checker.id, note="", now=NOW)
        assert [row for row in check(session) if not row.ok] == []
        assert len(standing(session)) == whole - 1
        assert house.take().new == 1
        assert house.take().new == 0
    assert [row for row in check(session) if not row.ok] == []


def standing(session: Session) -> list[Entry]:
    """The entries of lists that were not undone."""
    found = select(Entry).where(Entry.source == "gift_list", not_reversed()).order_by(Entry.id)
    return list(session.scalars(found))
