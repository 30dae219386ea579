"""Thank-you, my giving and the page behind a link tell the same sentence about a pledge."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest
from markupsafe import escape
from sqlalchemy import delete

from ledger.core.pledge_sentences import Status
from ledger.core.written import format_quantity
from ledger.db import Database, Session
from ledger.links import PLEDGE, Links
from ledger.models.books import Book
from ledger.models.parties import Party
from ledger.models.payments import Refund
from ledger.models.pledges import Pledge
from ledger.queries.books.books import fund_by_code
from ledger.queries.pledges.pledge_status import standings_of
from ledger.services.banking import cash as offline
from ledger.services.payments import payments
from ledger.services.pledges import pledges
from tests.conftest import NOW
from tests.worlds.town import TODAY, Town, found_town


@pytest.fixture
def own_town(db: Database) -> Town:
    """A town whose pledge nobody else changes; it belongs to the signed-in donor."""
    town = found_town(db)

    def link(session: Session) -> None:
        pledge = session.get_one(Pledge, UUID(town.ids["pledge_id"]))
        session.get_one(Party, pledge.party_id).person_id = town.people["donor"]
        # A refund of it waits for Stripe in the town, which is not the case here.
        session.execute(delete(Refund))

    town.tell(link)
    return town


def told(town: Town) -> tuple[Status, str]:
    with town.db.snapshot() as session:
        pledge_id = UUID(town.ids["pledge_id"])
        found = standings_of(session, pledge_ids=[pledge_id], now=NOW)[pledge_id]
    return found.status, found.words(format_quantity, lambda day: f"{day:%b} {day.day}, {day.year}")


def pages(town: Town) -> dict[str, str]:
    links = Links("", "a key for tests")
    pledge = UUID(town.ids["pledge_id"])
    return {
        "thanks": town.client().get(town.address("pledges.thanks")).text,
        "giving": town.client("donor").get("/giving").text,
        "promise": town.client().get(f"/promises/{links.token(PLEDGE, pledge)}").text,
    }


def cash(amount: int) -> Callable[[Session, Pledge], object]:
    return lambda session, pledge: offline.record_cash(
        session,
        book=session.get_one(Book, pledge.book_id),
        counted=offline.Counted(
            fund=fund_by_code(session, pledge.book_id, "SOLAR"),
            amount=amount,
            reference=f"c{amount}",
            on=TODAY,
        ),
        now=NOW,
        made_by=None,
        pledge=pledge,
    )


def cancel(session: Session, pledge: Pledge) -> object:
    return pledges.cancel_pledge(session, pledge_id=pledge.id, on=TODAY, now=NOW)


def attempt(session: Session, pledge: Pledge) -> object:
    return payments.prepare_attempt(session, pledge_id=pledge.id, params_sha256="x", now=NOW)


Step = Callable[[Session, Pledge], object]
CASES: dict[str, tuple[list[Step], Status, str]] = {
    "nothing happened": ([], Status.OPEN, "recorded your pledge"),
    "not paid": ([attempt], Status.NOT_PAID, "Not paid yet"),
    "a part came": ([cash(4000)], Status.PART_ARRIVED, "recorded your pledge"),
    "all came": ([cash(6000)], Status.FULFILLED, "Your contribution has arrived"),
    "the rest is cancelled": ([cash(4000), cancel], Status.CANCELLED_PART, "has ended"),
    "all is cancelled": ([cancel], Status.CANCELLED, "has ended"),
}


def take(session: Session, *, step: Step, pledge_id: UUID) -> None:
    step(session, session.get_one(Pledge, pledge_id))


@pytest.mark.parametrize("name", CASES)
def test_every_page_tells_the_same_true_sentence(own_town: Town, name: str) -> None:
    steps, status, heading = CASES[name]
    for step in steps:
        own_town.tell(partial(take, step=step, pledge_id=UUID(own_town.ids["pledge_id"])))
    found, sentence = told(own_town)
    assert found is status
    shown = pages(own_town)
    for page, text in shown.items():
        assert str(escape(sentence)) in text, page
    assert heading in shown["thanks"].replace("&#39;", "'")
    for untrue in ("is in the books", "is booked", "All of it has arrived"):
        assert untrue not in "".join(shown.values())


def test_whoever_comes_back_while_the_provider_is_silent_is_told_that_we_ask(
    own_town: Town,
) -> None:
    own_town.tell(
        lambda session: attempt(session, session.get_one(Pledge, UUID(own_town.ids["pledge_id"])))
    )
    path = own_town.address("pledges.thanks")
    shown = own_town.client().get(f"{path}?paid=1&unsure=1").text
    assert "We are asking the payment provider" in shown
    assert 'hx-trigger="every 2s"' in shown
    assert "hx-trigger" not in own_town.client().get(path).text
