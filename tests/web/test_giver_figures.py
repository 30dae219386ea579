"""My giving and the page after a pledge show what the books say.

They show it as ``queries.pledges.figures`` counts it: the totals of the giver, and of each pledge
what arrived, in the money that it arrived in.
"""

from collections.abc import Iterator

import pytest

from ledger.db import Database, Session
from ledger.links import PLEDGE, Links
from ledger.models.pledges import Pledge
from ledger.services.books.seals import seal_all
from ledger.services.payments import payments, refund_settlement
from ledger.services.people.people import create_person
from tests.agreement import NewAgreement, Shown
from tests.conftest import NOW
from tests.queries.test_one_figure import Losses


class Giver:
    """A giver who signed in, with a till in which their money is counted."""

    def __init__(self, agreement: NewAgreement, session: Session, *, seals: bool) -> None:
        self.agreement = agreement
        self.seals = seals
        self.session = agreement.session = agreement.db.session = session
        agreement.now = NOW
        self.till = Losses(session)
        self.person = create_person(session, email="giver@example.org", name="Ada", now=NOW)
        self.till.party.person_id = self.person.id

    def giving(self) -> tuple[list[Shown], list[Shown]]:
        """The totals of My giving, and what it says of each pledge, newest first."""
        if self.seals:
            seal_all(self.session)
        return self.agreement.giving(self.person.id)

    def thanks(self, pledge: Pledge) -> list[Shown]:
        """What the page after a pledge says."""
        return self.agreement.page(f"/baskets/{pledge.basket_id}/thanks")


@pytest.fixture(params=["waiting", "sealed"])
def giver(db: Database, request: pytest.FixtureRequest) -> Iterator[Giver]:
    agreement = NewAgreement(db)
    with db.transaction() as session:
        yield Giver(agreement, session, seals=request.param == "sealed")
        session.rollback()


def test_what_was_paid_in_another_currency_is_shown_as_it_is_in_the_books(giver: Giver) -> None:
    pledge = giver.till.foreign(paid=5_000, settled=5_412)
    totals, rows = giver.giving()
    assert totals == [("received", "USD", 5_412)]
    assert rows == [("received", "USD", 5_412), ("open", "EUR", 0)]
    assert giver.thanks(pledge) == rows


def test_what_a_bank_takes_back_is_no_longer_received(giver: Giver) -> None:
    """The dispute of a payment left the pledge as it was paid."""
    charge = giver.till.charge(6_000)
    giver.till.dispute(charge)
    totals, rows = giver.giving()
    assert totals == []
    assert rows == [("received", "USD", 0), ("open", "USD", 0)]


def test_what_is_owed_back_is_no_longer_received(giver: Giver) -> None:
    """Decided twice, not yet paid: each time it leaves what was received."""
    charge = giver.till.charge(6_000)
    for amount in (1_000, 500):
        refund_settlement.owe_back(
            giver.session, charge_id=charge.source_id or "", amount=amount, on=NOW.date(), now=NOW
        )
    totals, rows = giver.giving()
    assert totals == [("received", "USD", 4_500)]
    assert rows[0] == ("received", "USD", 4_500)


def test_a_promise_whose_payment_was_left_is_not_promised(giver: Giver) -> None:
    left, kept = giver.till.pledge(20_000), giver.till.pledge(6_000)
    payments.prepare_attempt(giver.session, pledge_id=left.id, params_sha256="x", now=NOW)
    totals, _rows = giver.giving()
    assert totals == [("received", "USD", 0), ("promised", "USD", 6_000)]
    # To its giver it is open, beside the way to pay it: in the list, after the pledge, by its link.
    assert giver.thanks(left) == [("received", "USD", 0), ("open", "USD", 20_000)]
    assert giver.thanks(kept) == [("received", "USD", 0), ("open", "USD", 6_000)]
    links = Links("", giver.agreement.client.application.config["SECRET_KEY"])
    assert giver.agreement.page(f"/promises/{links.token(PLEDGE, left.id)}") == [
        ("open", "USD", 20_000)
    ]


def test_monthly_gifts_are_in_the_totals(giver: Giver) -> None:
    giver.till.refund(giver.till.monthly(2_000), 500)
    assert giver.giving() == ([("received", "USD", 1_500)], [])
