"""What a book cannot open with is refused when it is asked, not when somebody approves it."""

import pytest

from ledger.db import Database
from ledger.errors import Invalid
from ledger.services.accounting.opening_balances import Balance, propose_opening
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person


@pytest.mark.parametrize(
    ("balance", "place"),
    [
        (Balance(4010, "GEN", "USD", 5), "balances[0].account"),
        (Balance(1234, "GEN", "USD", 5), "balances[0].account"),
        (Balance(1010, "GEN", "EQP.<b>", 5), "balances[0].commodity"),
        (Balance(1010, "GEN", "usd", 5), "balances[0].commodity"),
        (Balance(1010, "GEN", "EQP.DRILL", 5), "balances"),
        (Balance(8210, "GEN", "USD", 5), "balances"),
        (Balance(1010, "GEN", "USD", 0), "balances[0].quantity"),
    ],
)
def test_what_cannot_be_booked_is_not_asked(db: Database, balance: Balance, place: str) -> None:
    with db.transaction() as session:
        book = make_book(session)
        make_fund(session, book)
        by = make_person(session, "Tess").id
        with pytest.raises(Invalid) as refusal:
            propose_opening(
                session, book=book, balances=[balance], reason="Old books", made_by=by, now=NOW
            )
    assert refusal.value.place == place
