"""What cannot be shared is refused when it is asked, not when somebody approves it."""

import pytest

from ledger.db import Database
from ledger.errors import Invalid
from ledger.services.pools.cost_sharing import Sharing, propose_sharing
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person


@pytest.mark.parametrize(
    ("amount", "measures", "place"),
    [
        (100, {"A": 5}, "measures"),
        (100, {"B": 5}, "measures"),
        (100, {"A": 5, "B": -1}, "measures"),
        (100, {"A": 0, "B": 0}, "measures"),
        (100, {"A": 5, "B": 0}, "measures"),
        (1, {"A": 1, "B": 1}, "measures"),
        (0, {"A": 1, "B": 1}, "amount"),
    ],
)
def test_a_cost_in_which_nobody_else_has_a_share_is_not_asked(
    db: Database, amount: int, measures: dict[str, int], place: str
) -> None:
    with db.transaction() as session:
        book, other = (make_book(session, code) for code in "AB")
        fund = make_fund(session, book)
        make_fund(session, other)
        person = make_person(session, "Tess")
        with pytest.raises(Invalid) as refusal:
            propose_sharing(
                session,
                book=book,
                fund=fund,
                cost=Sharing(amount=amount, measures=measures, funds={"B": "GEN"}, title="Hall"),
                reason="By hours",
                made_by=person.id,
                now=NOW,
            )
    assert refusal.value.place == place
