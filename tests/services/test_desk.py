"""The desk counts what waits, once, and no longer once it is done."""

from collections.abc import Callable

import pytest

from ledger.core.allocation import Rule
from ledger.db import Session
from ledger.models.pools import AllocationRun
from ledger.queries.workflow.desk import standing, waiting
from ledger.services.pools import allocations
from tests.conftest import NOW
from tests.worlds.hamlet import TODAY, Hamlet, decide, open_request, paid_into


def shares_waiting(session: Session, hamlet: Hamlet, book: str = "A") -> int:
    book_id = hamlet.books[book].id
    stands = standing(session, book_id=book_id)
    found = waiting(session, book_id=book_id, currency="USD", standing=stands)
    return next(row.count for row in found if row.kind == "shares")


def proposed(session: Session, hamlet: Hamlet, rule: Rule) -> AllocationRun:
    return allocations.propose_allocation(
        session,
        pool_id=hamlet.pool_id,
        wanted=allocations.Allocation(quantity=30_000, rule=rule, purpose="Seeds"),
        proposed_by=hamlet.maker,
        now=NOW,
    )


@pytest.fixture
def settle(hamlet_session: Session, hamlet: Hamlet) -> Callable[[AllocationRun, str], None]:
    def deed(run: AllocationRun, book: str) -> None:
        allocations.settle_allocation_line(
            hamlet_session,
            run_id=run.id,
            book_id=hamlet.books[book].id,
            on=TODAY,
            now=NOW,
            made_by=hamlet.maker,
        )

    return deed


def test_a_share_waits_from_the_approval_until_it_is_settled_at_its_host_only(
    hamlet_session: Session, hamlet: Hamlet, settle: Callable[[AllocationRun, str], None]
) -> None:
    paid_into(hamlet_session, hamlet, 60_000)
    run = proposed(hamlet_session, hamlet, Rule("equal"))
    assert shares_waiting(hamlet_session, hamlet) == 0
    decide(hamlet_session, open_request(hamlet_session, "allocation").id, hamlet.checker)
    counts = [shares_waiting(hamlet_session, hamlet)]
    for book in "BCA":
        settle(run, book)
        counts.append(shares_waiting(hamlet_session, hamlet))
    assert counts == [3, 2, 1, 0]
    assert shares_waiting(hamlet_session, hamlet, "B") == 0


def test_a_share_of_nothing_waits_for_nobody(hamlet_session: Session, hamlet: Hamlet) -> None:
    paid_into(hamlet_session, hamlet, 60_000)
    proposed(hamlet_session, hamlet, Rule("fixed", {"A": 10_000, "B": 20_000}))
    decide(hamlet_session, open_request(hamlet_session, "allocation").id, hamlet.checker)
    assert shares_waiting(hamlet_session, hamlet) == 2
