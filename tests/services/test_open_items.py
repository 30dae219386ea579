"""What is open and since when: instalments, bands, filters, paging, and the account it equals."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from ledger.core.accounts import Acct
from ledger.core.ageing import AgeBand
from ledger.core.vocabulary import LegalNature
from ledger.db import Session
from ledger.models.agreements import Agreement
from ledger.models.journal import Posting
from ledger.models.pledges import Pledge, PledgeLine
from ledger.queries.pledges.open_items import Aged, ItemFilter, OpenItem, ageing, open_items
from ledger.services.banking import cash
from ledger.services.pledges import receivables
from ledger.services.pledges.pledges import Promised, make_promise
from tests.conftest import NOW
from tests.factories import make_party
from tests.worlds.hamlet import TODAY, Hamlet, account, decide, fund, open_request, sound

LETTER = [(TODAY - timedelta(days=95), 10_000), (TODAY + timedelta(days=200), 20_000)]


def letter(
    session: Session, hamlet: Hamlet, schedule: Sequence[tuple[date, int]] = LETTER
) -> Pledge:
    """A written pledge that is in the books."""
    row = receivables.propose_promise(
        session,
        party=make_party(session),
        book=hamlet.books["A"],
        fund=fund(session, "A", "ROOF"),
        letter=receivables.Letter(schedule, "A signed letter", basis_points=0),
        made_by=hamlet.maker,
        now=NOW,
    )
    decide(session, open_request(session, "promise").id, hamlet.checker)
    pledge = session.scalars(select(Pledge).order_by(Pledge.id.desc())).first()
    assert pledge is not None
    assert row.terms["pledge"] == str(pledge.id)
    return pledge


def spoken(session: Session, hamlet: Hamlet, due_on: date | None, amount: int = 500) -> Pledge:
    return make_promise(
        session,
        promised=Promised(
            party=make_party(session, "bob@example.org", "Bob Moor"),
            book=hamlet.books["A"],
            fund=fund(session, "A", "GEN"),
            quantity=amount,
            legal_nature=LegalNature.INTENTION,
            due_on=due_on,
        ),
        on=TODAY,
        now=NOW,
    )


def pay(session: Session, hamlet: Hamlet, pledge: Pledge, amount: int) -> None:
    cash.record_cash(
        session,
        book=hamlet.books["A"],
        counted=cash.Counted(fund(session, "A", "ROOF"), amount, f"Cash {amount}", TODAY),
        now=NOW,
        made_by=hamlet.maker,
        pledge=pledge,
    )


def listed(session: Session, hamlet: Hamlet, **wanted: Any) -> list[OpenItem]:
    return open_items(
        session, book_id=hamlet.books["A"].id, today=TODAY, wanted=ItemFilter(**wanted)
    )[0]


def aged(session: Session, hamlet: Hamlet) -> dict[str, Aged]:
    rows = ageing(session, book_id=hamlet.books["A"].id, today=TODAY)
    return {row.legal_nature: row for row in rows}


def test_a_day_overdue_begins_the_day_after_it_was_due(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    for n, overdue in enumerate((-1, 0, 1, 30, 31, 60, 61, 90, 91)):
        spoken(hamlet_session, hamlet, TODAY - timedelta(days=overdue), 10**n)
    spoken(hamlet_session, hamlet, None, 10**9)
    assert {
        str(band): amount
        for band, amount in aged(hamlet_session, hamlet)[LegalNature.INTENTION].by_band.items()
    } == {
        "not_due": 11,
        "1_to_30": 1_100,
        "31_to_60": 110_000,
        "61_to_90": 11_000_000,
        "over_90": 100_000_000,
        "undated": 1_000_000_000,
    }


def test_each_instalment_of_a_letter_is_due_on_its_day(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    pledge = letter(hamlet_session, hamlet)
    rows = listed(hamlet_session, hamlet)
    assert [(row.number, row.due_on, row.open) for row in rows] == [
        (1, LETTER[0][0], 10_000),
        (2, LETTER[1][0], 20_000),
    ]
    assert [row.overdue_days(TODAY) for row in rows] == [95, 0]
    assert rows[0].agreement.startswith("C-")
    pay(hamlet_session, hamlet, pledge, 12_000)
    (row,) = listed(hamlet_session, hamlet)
    assert (row.number, row.quantity, row.received, row.open) == (2, 20_000, 2_000, 18_000)


def test_the_ageing_of_receivables_is_the_balance_of_their_account(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    pledge = letter(hamlet_session, hamlet)
    letter(hamlet_session, hamlet, [(TODAY - timedelta(days=40), 700)])
    spoken(hamlet_session, hamlet, TODAY - timedelta(days=10))
    spoken(hamlet_session, hamlet, None, 300)
    pay(hamlet_session, hamlet, pledge, 4_000)
    found = aged(hamlet_session, hamlet)
    owed = found[LegalNature.UNCONDITIONAL]
    assert {band: amount for band, amount in owed.by_band.items() if amount} == {
        AgeBand.OVER_90: 6_000,
        AgeBand.TO_60: 700,
        AgeBand.NOT_DUE: 20_000,
    }
    assert owed.total == account(hamlet_session, "A", Acct.PLEDGES_RECEIVABLE)
    intended = found[LegalNature.INTENTION]
    assert (intended.by_band[AgeBand.TO_30], intended.by_band[AgeBand.UNDATED]) == (500, 300)
    assert intended.total == account(hamlet_session, "A", Acct.INTENTIONS)
    # The control: the same by the rows of the list and by the bare postings.
    by_row = sum(
        row.open
        for row in listed(hamlet_session, hamlet)
        if row.legal_nature == LegalNature.UNCONDITIONAL
    )
    posted = hamlet_session.scalar(
        select(func.sum(Posting.quantity)).where(
            Posting.account == Acct.PLEDGES_RECEIVABLE, Posting.pledge.is_not(None)
        )
    )
    assert by_row == owed.total == posted
    sound(hamlet_session)


def test_an_increase_is_due_with_the_last_instalment(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    """It was in no instalment before, so it had no age and no allowance."""
    pledge = letter(hamlet_session, hamlet, [(LETTER[0][0], 10_000), (TODAY, 20_000)])
    promise = receivables.propose_increase(
        hamlet_session,
        promise_id=open_agreement(hamlet_session),
        amount=5_000,
        evidence="A second letter",
        made_by=hamlet.maker,
        now=NOW,
    )
    decide(hamlet_session, promise.id, hamlet.checker)
    lines = hamlet_session.scalars(
        select(PledgeLine.quantity).where(PledgeLine.pledge_id == pledge.id).order_by(PledgeLine.n)
    ).all()
    assert lines == [10_000, 25_000]
    assert sum(row.open for row in listed(hamlet_session, hamlet)) == 35_000
    sound(hamlet_session)


def open_agreement(session: Session) -> UUID:
    return session.scalars(select(Agreement.id).where(Agreement.kind == "promise")).one()


def test_filters_leave_out_what_they_say(hamlet_session: Session, hamlet: Hamlet) -> None:
    letter(hamlet_session, hamlet)
    soon = spoken(hamlet_session, hamlet, TODAY + timedelta(days=30))
    never = spoken(hamlet_session, hamlet, None)

    def references(**wanted: Any) -> list[str]:
        return [row.reference for row in listed(hamlet_session, hamlet, **wanted)]

    assert references(when="soon") == [soon.reference]
    assert references(when="undated") == [never.reference]
    assert [row.number for row in listed(hamlet_session, hamlet, when="overdue")] == [1]
    assert [row.number for row in listed(hamlet_session, hamlet, when="later")] == [2]
    assert len(references(nature="intention")) == 2
    assert references(state="part_fulfilled") == []
    assert len(references(words="bob")) == 2
    assert references(words="bob", sees_donors=False) == []
    assert references(words=soon.reference[1:].lower(), sees_donors=False) == [soon.reference]
    assert references(words="%") == []


def test_pages_follow_one_another_without_gap_or_repetition(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    letter(hamlet_session, hamlet)
    for days in (3, 3, 3, None):
        spoken(hamlet_session, hamlet, TODAY + timedelta(days=days) if days else None)
    whole = [row.place for row in listed(hamlet_session, hamlet)]
    seen, after, goes_on = [], None, True
    while goes_on:
        rows, goes_on = open_items(
            hamlet_session,
            book_id=hamlet.books["A"].id,
            today=TODAY,
            wanted=ItemFilter(),
            after=after,
            limit=2,
        )
        seen += [row.place for row in rows]
        after = rows[-1].place
    assert seen == whole
    assert len(set(seen)) == 6
