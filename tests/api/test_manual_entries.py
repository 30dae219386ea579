"""Programs obey the rules people obey: what a token sends is proposed, checked and approved."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ledger.db import Session
from ledger.errors import Conflict, NotAllowed
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.journal import Entry
from ledger.models.periods import Period
from ledger.queries.books.books import book_by_code, funds_of
from ledger.queries.books.funds import spendable
from ledger.queries.invariants import check
from tests.api.conftest import Caller, agree
from tests.api.test_refusals import ENTRY, new_key, problem
from tests.conftest import NOW
from tests.factories import make_fund
from tests.worlds.town import TODAY, Town

PATH = "/books/A/entries"
KEPT = {"I-10", "I-14", "I-15", "I-16", "I-20", "I-21"}


def legs(*rows: tuple[int, int], fund: str = "GEN", **labels: Any) -> list[dict[str, Any]]:
    """Legs of account and quantity; costs serve the programme."""
    return [
        {
            "account": account,
            "fund": fund,
            "commodity": "USD",
            "quantity": quantity,
            **({"function": "programme"} if 5000 <= account < 7000 else {}),
            **labels,
        }
        for account, quantity in rows
    ]


def entry(*rows: tuple[int, int], **changes: Any) -> dict[str, Any]:
    return {**ENTRY, "external_ref": new_key(), "postings": legs(*rows), **changes}


TAKEN = ((5110, 100_000_000), (1010, -100_000_000))
SMALL = ((1030, 500), (4010, -500))
ATTACKS: dict[str, tuple[dict[str, Any], int, str]] = {
    "more than a fund has": (entry(*TAKEN), 409, "postings"),
    "more than a restricted fund has": (
        entry(postings=legs(*TAKEN, fund="SOLAR")),
        409,
        "postings",
    ),
    "1900": (entry(*SMALL, accounting_date="1900-01-01"), 422, "accounting_date"),
    "tomorrow": (
        entry(*SMALL, accounting_date=(TODAY + timedelta(days=1)).isoformat()),
        422,
        "accounting_date",
    ),
    **{
        f"the event type {name}": (entry(*SMALL, event_type=name), 422, "event_type")
        for name in ("reversal", "bank_charge", "refund_settled", "opening_balances", "anything")
    },
    **{
        f"account {number}, which names a community": (
            entry((number, 500), (4010, -500)),
            422,
            "postings[0].account",
        )
        for number in (1300, 1350, 2350, 4520, 5510, 5530, 5540, 5550, 6530)
    },
    "one side of a claim": (
        entry(postings=legs((1300, 500), (4010, -500), counterparty="B")),
        422,
        "postings[0].counterparty",
    ),
    **{
        f"account {number}, which a service keeps": (
            entry((number, 500), (1030, -500)),
            422,
            "postings[0].account",
        )
        for number in (1110, 1120, 1210, 1510, 1990, 2140, 2190, 2410, 3010, 4030, 5410, 5910)
    },
    "a cost without a function": (
        entry(postings=legs((1030, 500), (5110, -500), function=None)),
        422,
        "postings[1].function",
    ),
    "a cost of an invented function": (
        entry(postings=legs((5110, 500), (1030, -500), function="fun")),
        422,
        "postings[0].function",
    ),
}


@pytest.mark.parametrize(("body", "status", "place"), ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_with_a_treasurers_own_token_is_refused(
    town: Town, call: Caller, body: dict[str, Any], status: int, place: str
) -> None:
    before = town.rows()
    assert place in problem(call("POST", PATH, key=new_key(), json=body), status)
    assert town.rows() == before


def test_an_account_between_communities_names_who_writes_it(call: Caller) -> None:
    answer = call("POST", PATH, key=new_key(), json=entry((1300, 500), (4010, -500)))
    assert "in both books at once" in answer.get_json()["detail"]


def test_a_closed_period_takes_no_entry(town: Town, call: Caller) -> None:
    closed = call("POST", PATH, key=new_key(), json=entry(*SMALL))

    def close(session: Session) -> Period:
        row = Period(
            book_id=book_by_code(session, "A").id,
            until_on=TODAY,
            state="closed",
            snapshot="[]",
            snapshot_sha256="",
            log_size=0,
            log_root="",
            closed_by=town.people["treasurer"],
            approved_by=town.people["approver"],
            closed_at=NOW,
        )
        session.add(row)
        session.flush()
        return row

    town.tell(close)
    try:
        answer = call("POST", PATH, key=new_key(), json=entry(*SMALL))
        assert "accounting_date" in problem(answer, 409)
        # Neither does one that was asked for before it closed.
        with pytest.raises(Conflict, match="closed"):
            agree(town, closed)
    finally:
        town.tell(lambda session: session.delete(session.scalars(select(Period)).one()))


def test_nothing_is_posted_before_another_person_agrees(town: Town, call: Caller) -> None:
    before = town.rows()
    answer = call("POST", PATH, key=new_key(), json=entry(*SMALL))
    asked = answer.get_json()
    assert (answer.status_code, asked["state"], asked["entry"]) == (202, "open", None)
    after = town.rows()
    assert (after["entry"], after["posting"]) == (before["entry"], before["posting"])
    address = asked["address"].removeprefix("/api/v1")
    assert call("GET", address).get_json()["state"] == "open"

    approver = town.client("approver")
    page = approver.get("/queue").text
    shown = page[page.index(f'id="p-{asked["proposal"]}"') :].split("</li>")[0]
    assert "4010" in shown
    assert "5.00" in shown
    agree(town, answer)

    told = call("GET", address).get_json()
    assert told["state"] == "approved"
    with town.db.snapshot() as session:
        row = session.scalars(select(Entry).where(Entry.source == "api").order_by(Entry.id)).all()[
            -1
        ]
        assert (str(row.id), row.accounting_on) == (told["entry"], TODAY)
        assert row.made_by == town.people["treasurer"]
        assert row.approved_by == town.people["approver"]


def test_what_was_rejected_is_not_posted_and_may_be_asked_again(town: Town, call: Caller) -> None:
    body = entry(*SMALL)
    first = call("POST", PATH, key=new_key(), json=body)
    before = town.rows()["entry"]
    agree(town, first, approve=False)
    address = first.get_json()["address"].removeprefix("/api/v1")
    told = call("GET", address).get_json()
    assert (told["state"], told["entry"], town.rows()["entry"]) == ("rejected", None, before)
    again = call("POST", PATH, key=new_key(), json=body).get_json()
    assert again["proposal"] != told["proposal"]


def test_another_books_proposal_is_not_there(call: Caller) -> None:
    asked = call("POST", PATH, key=new_key(), json=entry(*SMALL)).get_json()
    path = f"/books/B/proposed-entries/{asked['proposal']}"
    problem(call("GET", path, "other treasurer"), 404)


@pytest.mark.parametrize("kind", ["of_tomorrow", "manual_entry"])
def test_a_proposal_that_this_version_cannot_read_is_refused_in_a_sentence(
    town: Town, call: Caller, kind: str
) -> None:
    with town.db.transaction() as session:
        row = ApprovalRequest(
            book_id=book_by_code(session, "A").id,
            kind=kind,
            title="Something new",
            reason="A later version asked",
            arguments={"quantity": "x"},
            state="approved",
            made_by=town.people["treasurer"],
            made_at=NOW,
        )
        session.add(row)
        session.flush()
        address = f"/books/A/proposed-entries/{row.id}"
    assert "proposal" in problem(call("GET", address), 409 if kind == "manual_entry" else 404)
    with town.db.transaction() as session:
        session.delete(session.get_one(ApprovalRequest, row.id))


def test_a_fund_is_looked_at_again_when_the_entry_is_approved(town: Town, call: Caller) -> None:
    """Two requests that each fit, and do not fit together: the second is refused."""
    agree(town, call("POST", PATH, key=new_key(), json=entry((1030, 10_000), (4010, -10_000))))
    with town.db.snapshot() as session:
        book = book_by_code(session, "A")
        general = next(fund for fund in funds_of(session, book.id) if fund.code == "GEN")
        left = spendable(session, general)
    spend = ((5110, left), (1030, -left))
    both = [call("POST", PATH, key=new_key(), json=entry(*spend)) for _ in range(2)]
    agree(town, both[0])
    with pytest.raises(Conflict, match="does not have enough"):
        agree(town, both[1])
    with town.db.snapshot() as session:
        found = {row.id: row.first_violation for row in check(session) if row.id in KEPT}
    assert found == dict.fromkeys(KEPT)


def test_whoever_owns_the_token_cannot_agree(town: Town, call: Caller) -> None:
    answer = call("POST", PATH, key=new_key(), json=entry(*SMALL))
    with pytest.raises(NotAllowed):
        agree(town, answer, by="treasurer")
    assert call("GET", answer.get_json()["address"][7:]).get_json()["state"] == "open"


def test_a_pools_book_takes_no_manual_entry(town: Town, call: Caller) -> None:
    before = town.rows()
    answer = call("POST", "/books/P/entries", key=new_key(), json=entry(*SMALL))
    assert "postings" in problem(answer, 422)
    assert town.rows() == before


@pytest.mark.parametrize("fund_class", ["endowment_permanent", "agency"])
def test_a_fund_that_is_kept_or_is_others_pays_for_nothing(
    town: Town, call: Caller, fund_class: str
) -> None:
    code = fund_class[:6].upper()

    def open_fund(session: Session) -> None:
        book = book_by_code(session, "A")
        make_fund(session, book, code, fund_class=fund_class)

    town.tell(open_fund)
    body = entry(postings=legs((5110, 500), (2110, -500), fund=code))
    answer = call("POST", PATH, key=new_key(), json=body)
    assert "postings[0].fund" in problem(answer, 422)
