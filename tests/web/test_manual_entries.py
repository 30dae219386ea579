"""Deeds by hand on the pages: looked at first, then booked or asked for, and led to the entry."""

import re
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.db import Session
from ledger.ids import new_id
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.models.pledges import Pledge
from ledger.models.statements import BankLine, BankStatement
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.books import book_by_code
from ledger.queries.pledges.pledges import open_quantity
from ledger.schemas.forms import wanted_of
from ledger.services.books.policies import choose_policy
from ledger.services.people.people import grant_role
from ledger.web.manual_entries.pages import ENTRY_KINDS
from tests.conftest import NOW
from tests.factories import make_book, make_fund
from tests.worlds.town import TODAY, Town

DAY = TODAY.isoformat()
DONOR = {"name": "Ann Field", "email": "ann@example.org", "consent": "initials"}
LETTER = {
    **DONOR,
    "fund": "GEN",
    "schedule": "2027-11-30 1000\n2028-11-30 1000\n2029-11-30 1000",
    "basis_points": "5",
    "reason": "A letter of November",
}


def send(town: Town, task: str, step: str = "do", **answers: str) -> TestResponse:
    path = town.address("manual_entries.do", task=task)
    return town.client("treasurer").post(path, data={**answers, "step": step})


def money(town: Town) -> dict[tuple[int, str], int]:
    with town.db.snapshot() as session:
        rows = trial_balance(session, book_id=book_by_code(session, "A").id)
    return {(row.account, row.commodity): row.quantity for row in rows if row.fund == "GEN"}


def moved(town: Town, before: dict[tuple[int, str], int]) -> dict[tuple[int, str], int]:
    after = money(town)
    keys = {*before, *after}
    changes = {key: after.get(key, 0) - before.get(key, 0) for key in keys}
    return {key: change for key, change in changes.items() if change}


def approve(town: Town, kind: str) -> None:
    with town.db.snapshot() as session:
        asked = session.scalars(
            select(ApprovalRequest)
            .where(ApprovalRequest.kind == kind, ApprovalRequest.state == "open")
            .order_by(ApprovalRequest.id.desc())
        ).first()
    assert asked is not None
    path = town.address("queue.decide", request_id=str(asked.id))
    answer = town.client("approver").post(path, data={"answer": "approve", "note": ""})
    assert answer.status_code == 303, answer.text


def looked_at(town: Town, task: str, **answers: str) -> str:
    """What a deed would come to; looking at it changes nothing."""
    before = town.rows()
    answer = send(town, task, "try", **answers)
    assert answer.status_code == 200, answer.text
    assert town.rows() == before
    return answer.text.split("<h2>Preview")[1]


def entry_of(town: Town, answer: TestResponse) -> str:
    """The page of the entry to which an answer leads."""
    assert answer.status_code == 303, answer.text
    assert "/journal/" in answer.headers["Location"]
    return town.client("treasurer").get(answer.headers["Location"]).text


def test_a_promise_on_paper_is_asked_agreed_raised_paid_and_written_off(town: Town) -> None:
    before = money(town)
    shown = looked_at(town, "promise", **LETTER)
    # 1000 due in one, two and three whole years at five percent.
    assert "$2,723.25" in shown
    answer = send(town, "promise", **LETTER)
    assert answer.status_code == 303
    path = answer.headers["Location"]
    queue = town.client("approver").get("/queue").text
    assert "Ann Field" in queue
    assert "Nov 30, 2029" in queue
    approve(town, "promise")
    assert moved(town, before)[1210, "USD"] == 300_000
    treasurer = town.client("treasurer")
    for step, answers in (
        ("increase", {"amount": "100", "evidence": "A second letter"}),
        ("write_off", {"reason": "Ann has left the country"}),
    ):
        assert treasurer.post(f"{path}/{step}", data=answers).status_code == 303
        if step == "increase":
            approve(town, "promise_increase")
            assert moved(town, before)[1210, "USD"] == 310_000
            with town.db.snapshot() as session:
                reference = session.scalars(
                    select(Pledge.reference).where(Pledge.legal_nature == "unconditional")
                ).one()
            cash = {"amount": "60", "fund": "GEN", "received_on": DAY, "pledge": reference}
            paid = treasurer.post("/books/A/cash", data={**cash, "key": "p", "action": "count"})
            assert paid.status_code == 303
            assert "$3,040.00" in treasurer.get(path).text
    approve(town, "write_off")
    assert (1210, "USD") not in moved(town, before)
    page = treasurer.get(path).text
    assert "written off" in page
    assert page.count("/journal/") == 3


def test_who_promised_is_told_to_treasurers_and_approvers_only(town: Town) -> None:
    asked = send(town, "promise", **{**LETTER, "name": "Zelda Unique", "email": "z@example.org"})
    for who, knows in (("treasurer", True), ("approver", True), ("member", False)):
        page = town.client(who).get(asked.headers["Location"])
        assert page.status_code == 200
        assert ("Zelda Unique" in page.text) is knows, who
        listed = town.client(who).get("/books/A/agreements").text
        assert ("Zelda Unique" in listed) is knows, who


def test_a_pledge_by_phone_is_noted_and_taken_back(town: Town) -> None:
    before = money(town)
    answers = {**DONOR, "amount": "75", "fund": "GEN", "due_on": "2027-01-31"}
    page = entry_of(town, send(town, "spoken-pledge", **answers))
    assert "Treasurer" in page
    reference = re.search(r"P-[0-9A-Z]{3}-[0-9A-Z]{4}", page)
    assert reference is not None
    noted = moved(town, before)
    assert {account // 1000 for account, _unit in noted} == {9}
    back = {"pledge": reference[0].lower(), "done_on": DAY}
    entry_of(town, send(town, "pledge-taken-back", **back))
    assert moved(town, before) == {}
    assert send(town, "pledge-taken-back", **back).status_code == 409


def test_foreign_money_is_looked_at_received_revalued_and_sold(town: Town) -> None:
    before = money(town)
    gift = {"fund": "GEN", "foreign": "eur", "amount": "100", "rate": "1.085", "done_on": DAY}
    assert "108.50" in looked_at(town, "foreign-gift", reference="1", **gift)
    assert "foreign gift" in entry_of(town, send(town, "foreign-gift", reference="1", **gift))
    rates = {"fund": "GEN", "rates": "EUR 1.10", "done_on": DAY}
    assert "1.50" in looked_at(town, "revaluation", **rates)
    entry_of(town, send(town, "revaluation", **rates))
    assert send(town, "revaluation", **rates).status_code == 409
    sale = {**gift, "received": "109.50", "reference": "2"}
    del sale["rate"]
    assert "109.50" in looked_at(town, "foreign-sale", **sale)
    entry_of(town, send(town, "foreign-sale", **sale))
    last = {"fund": "GEN", "rates": "EUR 1.2", "done_on": DAY}
    entry_of(town, send(town, "revaluation", **last))
    # What was given is income at the day's rate; the rest of what came is gain less loss.
    assert moved(town, before) == {
        (1010, "USD"): 10_950,
        (4010, "USD"): -10_850,
        (4920, "USD"): -100,
    }


def test_more_foreign_money_than_there_is_cannot_be_sold_nor_yens_have_cents(town: Town) -> None:
    sale = {"fund": "GEN", "foreign": "GBP", "amount": "5", "received": "6", "reference": "9"}
    assert send(town, "foreign-sale", done_on=DAY, **sale).status_code == 409
    yen = {"fund": "GEN", "foreign": "JPY", "amount": "5.50", "rate": "0.007", "reference": "9"}
    answer = send(town, "foreign-gift", done_on=DAY, **yen)
    assert answer.status_code == 422
    assert "0 decimal places" in answer.text
    ahead = send(town, "foreign-gift", done_on="2027-01-01", **{**yen, "amount": "5"})
    assert "is in the future" in ahead.text


def test_an_allowance_is_what_the_rules_say_and_leads_to_its_entry(town: Town) -> None:
    nothing = send(town, "allowance", fund="GEN", amount="", reason="Old promises")
    assert nothing.status_code == 422
    old = {**LETTER, "schedule": "2026-01-31 200", "reason": "An old letter"}
    send(town, "promise", **old)
    approve(town, "promise")
    before = money(town)
    # Overdue by more than ninety days: sixty percent.
    asked = {"fund": "GEN", "amount": "", "reason": "Old promises"}
    assert "$120.00" in looked_at(town, "allowance", **asked)
    assert send(town, "allowance", **asked).status_code == 303
    approve(town, "allowance")
    assert moved(town, before)[1218, "USD"] == -12_000
    index = town.client("treasurer").get("/books/A/by-hand").text
    link = re.search(r'href="(/books/A/journal/[^"]+)"', index)
    assert link is not None
    assert "allowance" in town.client("treasurer").get(link[1]).text


def test_what_falls_due_in_a_year_no_books_have_is_refused(town: Town) -> None:
    answer = send(town, "promise", **{**LETTER, "schedule": "9999-12-31 200"})
    assert answer.status_code == 422
    assert "The year 9999 is outside the range these books can hold." in answer.text


def test_a_deed_that_nobody_knows_is_not_found(town: Town) -> None:
    assert send(town, "nothing").status_code == 404
    assert town.client("treasurer").get("/books/A/by-hand/nothing").status_code == 404


def count_cash(town: Town, amount: str, key: str, **other: str) -> str:
    """Count cash into the general fund and return the path of its entry."""
    form = {"amount": amount, "fund": "GEN", "received_on": DAY, "key": key, "action": "count"}
    assert town.client("treasurer").post("/books/A/cash", data={**form, **other}).status_code == 303
    journal = town.client("treasurer").get("/books/A/journal").text
    found = re.search(r'href="(/books/A/journal/[0-9a-f-]{36})"', journal)
    assert found is not None
    return found[1]


def test_an_entry_that_should_not_be_there_is_taken_back_by_two_people(town: Town) -> None:
    before = money(town)
    path = count_cash(town, "33", "twice")
    assert moved(town, before)[1030, "USD"] == 3_300
    treasurer = town.client("treasurer")
    assert f"{path}/undo" in treasurer.get(path).text
    assert "Request approval" in treasurer.get(f"{path}/undo").text
    assert treasurer.post(f"{path}/undo", data={"why": "Counted twice"}).status_code == 303
    assert moved(town, before)[1030, "USD"] == 3_300
    approve(town, "undo")
    assert moved(town, before) == {}
    assert "Reversed by" in treasurer.get(path).text
    again = treasurer.post(f"{path}/undo", data={"why": "Counted twice"})
    assert again.status_code == 409


def test_cash_for_a_pledge_is_undone_with_what_it_made_good(town: Town) -> None:
    treasurer = town.client("treasurer")
    reference = town.ids["reference"]

    def open_of_it() -> int:
        with town.db.snapshot() as session:
            pledge = session.scalars(select(Pledge).where(Pledge.reference == reference)).one()
            return open_quantity(session, pledge)

    before = open_of_it()
    paid = count_cash(town, "3", "for a pledge", pledge=reference, fund="SOLAR")
    assert open_of_it() == before - 300
    assert treasurer.post(f"{paid}/undo", data={"why": "It was not"}).status_code == 303
    approve(town, "undo")
    assert open_of_it() == before


def test_cash_that_went_to_the_bank_since_is_not_taken_back(town: Town) -> None:
    held = money(town)[1030, "USD"]
    path = count_cash(town, "44", "banked soon")
    treasurer = town.client("treasurer")
    assert treasurer.post(f"{path}/undo", data={"why": "Counted twice"}).status_code == 303
    all_of_it = f"{(held + 4_400) // 100}.{(held + 4_400) % 100:02}"
    bank = {"amount": all_of_it, "fund": "GEN", "received_on": DAY, "key": "b", "action": "bank"}
    assert treasurer.post("/books/A/cash", data=bank).status_code == 303
    before = town.rows()
    with town.db.snapshot() as session:
        asked = session.scalars(
            select(ApprovalRequest).where(
                ApprovalRequest.kind == "undo", ApprovalRequest.state == "open"
            )
        ).one()
    path = town.address("queue.decide", request_id=str(asked.id))
    answer = town.client("approver").post(path, data={"answer": "approve", "note": ""})
    assert answer.status_code == 409
    assert "More has been booked on this entry" in answer.text
    assert town.rows() == before


def test_material_is_given_with_its_value_and_used_with_its_share(town: Town) -> None:
    before = money(town)
    given = {"commodity": "river sand", "unit": "GRM", "quantity": "50000", "value": "9.01"}
    asked = send(town, "material", fund="GEN", reason="A price at the yard", **given)
    assert asked.status_code == 303
    assert "50,000 g river sand" in town.client("approver").get("/queue").text
    approve(town, "material")
    assert moved(town, before)[1420, "USD"] == 901
    used = {"stock": "GEN/GRM.RIVER_SAND", "reference": "slip 1", "done_on": DAY}
    assert (
        "50,000 g river sand" in town.client("treasurer").get("/books/A/by-hand/material-used").text
    )
    assert "4.50" in looked_at(town, "material-used", quantity="25000", **used)
    entry_of(town, send(town, "material-used", quantity="25000", **used))
    assert moved(town, before)[1420, "USD"] == 451
    more = send(town, "material-used", quantity="25001", **{**used, "reference": "slip 2"})
    assert more.status_code == 409
    entry_of(town, send(town, "material-used", quantity="25000", **{**used, "reference": "3"}))
    assert (1420, "USD") not in moved(town, before)


def test_things_of_little_value_are_given_and_used_up(town: Town) -> None:
    before = money(town)
    given = {"thing": "EQP.PROJECTOR", "items": "2", "description": "Old ones", "condition": "D"}
    told = {**given, "fund": "GEN", "received_on": DAY, "reason": "A shop's list"}
    dear = send(town, "small-gift", value="600", **told)
    assert dear.status_code == 422
    assert "recorded as equipment" in dear.text
    assert send(town, "small-gift", value="60", **told).status_code == 303
    approve(town, "small_gift")
    assert 6_000 in moved(town, before).values()


def test_free_use_is_asked_by_whoever_borrowed(town: Town) -> None:
    used = {"loan": town.ids["loan_id"], "days": "3", "value": "30", "reason": "Hire costs ten"}
    assert send(town, "free-use", **used).status_code == 422
    borrower = town.client("other treasurer")
    answer = borrower.post("/books/B/by-hand/free-use", data={**used, "step": "do"})
    assert answer.status_code == 303
    approver = town.client("other approver")
    with town.db.snapshot() as session:
        asked = session.scalars(
            select(ApprovalRequest).where(ApprovalRequest.kind == "free_use")
        ).one()
    path = town.address("queue.decide", request_id=str(asked.id))
    assert approver.post(path, data={"answer": "approve", "note": ""}).status_code == 303
    assert "/books/B/journal/" in borrower.get("/books/B/by-hand").text


def test_a_cheque_that_bounced_is_booked_once_with_what_the_bank_charged(town: Town) -> None:
    count_cash(town, "250", "a cheque")
    banked = count_cash(town, "250", "to the bank", action="bank")
    before = money(town)
    told = {"entry": banked.rpartition("/")[2], "general_fund": "GEN", "done_on": DAY}
    assert "12.00" in looked_at(town, "bounced-cheque", charge="12", **told)
    for _again in range(2):
        entry_of(town, send(town, "bounced-cheque", charge="12", **told))
    changes = {(4091, "USD"): 25_000, (6540, "USD"): 1_200, (1010, "USD"): -26_200}
    assert moved(town, before) == changes
    assert send(town, "bounced-cheque", charge="13", **told).status_code == 409
    wrong = {**told, "entry": town.ids["entry_id"]}
    assert send(town, "bounced-cheque", charge="", **wrong).status_code == 409


def test_hours_that_were_not_worked_are_taken_back(town: Town) -> None:
    confirm = town.address("hours.confirm")
    assert town.client("treasurer").post(confirm).status_code == 303
    told = {"hours": town.ids["hours_id"], "reason": "They left early"}
    assert send(town, "hours-not-worked", minutes="2", **told).status_code == 409
    assert send(town, "hours-not-worked", minutes="0:30", **told).status_code == 303
    assert "30 min" in town.client("approver").get("/queue").text
    approve(town, "hours_correction")
    assert "/journal/" in town.client("treasurer").get("/books/A/by-hand").text


@pytest.mark.parametrize("task", sorted(ENTRY_KINDS))
def test_every_deed_has_a_form_and_refuses_an_empty_one_by_name(town: Town, task: str) -> None:
    code = "P" if ENTRY_KINDS[task].of == "pool" else "A"
    path = town.address("manual_entries.form", task=task, code=code)
    other = town.address("manual_entries.form", task=task, code="A" if code == "P" else "P")
    treasurer = town.client("treasurer")
    assert treasurer.get(other).status_code == 404
    page = treasurer.get(path).text
    before = town.rows()
    answer = treasurer.post(path, data={"step": "do"})
    assert answer.status_code == 422
    wanted = wanted_of(ENTRY_KINDS[task].makes)
    for name in ENTRY_KINDS[task].wants:
        assert f'name="{name}"' in page
        assert (f'href="#{name}"' in answer.text) is wanted[name], name
    assert town.rows() == before


def _british_line(session: Session, town: Town, amount: int) -> str:
    """A line on the bank statement of a community that counts in pounds."""
    book = session.scalar(select(Book).where(Book.code == "D"))
    if book is None:
        book = make_book(session, "D", currency="GBP")
        make_fund(session, book)
        grant_role(
            session,
            person_id=town.people["treasurer"],
            book_id=book.id,
            role="treasurer",
            now=NOW,
        )
    old = session.get_one(BankLine, UUID(town.ids["line_id"]))
    statement = session.get_one(BankStatement, old.statement_id)
    copies = []
    for row, other in (
        (statement, {"statement_ref": f"S{amount}", "file_sha256": f"{amount:064}"}),
        (old, {"amount": amount, "fingerprint": f"f{amount}"}),
    ):
        values = {column.key: getattr(row, column.key) for column in row.__table__.columns}
        copies.append({**values, **other, "id": new_id(), "book_id": book.id, "commodity": "GBP"})
    session.add(BankStatement(**copies[0]))
    session.flush()
    session.add(BankLine(**{**copies[1], "statement_id": copies[0]["id"]}))
    session.flush()
    return str(copies[1]["id"])


def test_a_gift_with_gift_aid_is_reclaimed_and_the_reclaim_comes(town: Town) -> None:
    treasurer = town.client("treasurer")
    assert "Gift Aid" not in treasurer.get("/books/A/statements").text
    for amount, meaning, status in (
        (2_600, "reclaim", 409),
        (10_000, "gift_with_reclaim", 303),
        (2_500, "reclaim", 303),
    ):
        made = town.db.run(partial(_british_line, town=town, amount=amount))
        assert "Contribution with Gift Aid" in treasurer.get("/books/D/statements").text
        answer = treasurer.post(
            f"/books/D/lines/{made}", data={"meaning": meaning, "target": "GEN"}
        )
        assert answer.status_code == status, answer.text
    with town.db.snapshot() as session:
        rows = trial_balance(session, book_id=book_by_code(session, "D").id)
    assert {row.account: row.quantity for row in rows} == {
        1010: 12_500,
        4010: -10_000,
        4040: -2_500,
    }


def test_a_share_is_put_into_a_pool_and_taken_out_again(town: Town) -> None:
    before = money(town)
    share = {"pool": "P", "amount": "40", "fund": "GEN", "reason": "A year's reserve"}
    asked = send(town, "share-in-pool", **share)
    assert asked.status_code == 303
    path = asked.headers["Location"]
    approve(town, "refundable")
    assert moved(town, before)[1010, "USD"] == -4_000
    treasurer = town.client("treasurer")
    assert "Share in a pool" in treasurer.get(path).text
    # Pool and member owe each other since the town was founded.
    why = {"reason": "We leave"}
    answer = treasurer.post(f"{path}/exit", data=why)
    assert answer.status_code == 409
    assert "still owe each other" in answer.text
    # Once its share is paid out the host owes nothing but what it keeps for the pool.
    with town.db.snapshot() as session:
        host = str(book_by_code(session, "A").id)
    settle = town.address("pools.settle", book_id=host)
    assert treasurer.post(settle).status_code == 303
    before = money(town)
    assert treasurer.post(f"{path}/exit", data=why).status_code == 303
    assert moved(town, before) == {}
    approve(town, "pool_exit")
    assert moved(town, before) == {(1010, "USD"): 4_000, (1350, "USD"): -4_000}


def test_money_is_allocated_on_a_condition_that_is_reached_and_some_comes_back(town: Town) -> None:
    treasurer = town.client("treasurer")
    told = {"member": "A", "amount": "10", "milestone": "The roof is tight", "reason": "Agreed"}
    asked = treasurer.post("/books/P/by-hand/on-condition", data={**told, "step": "do"})
    assert asked.status_code == 303, asked.text
    path = asked.headers["Location"]
    with town.db.snapshot() as session:
        row = session.scalars(
            select(ApprovalRequest).where(ApprovalRequest.kind == "conditional_allocation")
        ).one()
    decide = town.address("queue.decide", request_id=str(row.id))
    yes = {"answer": "approve", "note": ""}
    assert town.client("pool approver").post(decide, data=yes).status_code == 303
    before = money(town)
    assert treasurer.post(f"{path}/reach", data={"done_on": DAY}).status_code == 303
    back = {"pool": "P", "amount": "3", "fund": "SOLAR", "reference": "1", "done_on": DAY}
    assert "3.00" in looked_at(town, "given-back", **back)
    assert "allocation returned" in entry_of(town, send(town, "given-back", **back))
    much = {**back, "amount": "999", "reference": "2"}
    assert send(town, "given-back", **much).status_code == 409
    assert before == money(town)


def test_a_book_opens_with_what_an_approver_has_compared(town: Town) -> None:
    wrong = send(town, "opening", balances="4010 GEN 5", reason="Old books")
    assert wrong.status_code == 422
    assert "cannot have an opening balance" in wrong.text
    assert send(town, "opening", balances="1010 GEN", reason="Old books").status_code == 422
    before = money(town)
    lines = "1010 GEN 1250.00\n2110 GEN -80.00\n8210 GEN 3 EQP.PROJECTOR"
    assert send(town, "opening", balances=lines, reason="Old books").status_code == 303
    queue = town.client("approver").get("/queue").text
    assert "-$80.00" in queue
    approve(town, "opening")
    changes = moved(town, before)
    assert changes[1010, "USD"] == 125_000
    assert changes[3010, "USD"] == -117_000
    assert changes[8210, "EQP.PROJECTOR"] == 3


def test_the_summary_names_the_fields_that_need_another_look(town: Town) -> None:
    text = send(town, "foreign-sale").text
    for field, label in (("foreign", "Currency"), ("received", "Amount received")):
        assert f'<a href="#{field}">{label}: ' in text
    # A field that the form does not have has no label.
    odd = town.client("treasurer").post(
        town.address("manual_entries.do", task="foreign-sale"), data={"<b>odd</b>": "x"}
    )
    assert odd.status_code == 422
    assert '<a href="#&lt;b&gt;odd&lt;/b&gt;">' in odd.text


def test_a_day_that_has_not_begun_where_the_book_is_kept_is_still_ahead(town: Town) -> None:
    def keep_in(zone: str) -> None:
        def action(session: Session) -> None:
            book_by_code(session, "A").time_zone = zone

        town.tell(action)

    told = {"foreign": "EUR", "amount": "10", "rate": "1.1", "fund": "GEN", "done_on": DAY}
    keep_in("Pacific/Pago_Pago")
    form = (
        town.client("treasurer").get(town.address("manual_entries.form", task="foreign-gift")).text
    )
    refused = send(town, "foreign-gift", reference="Early", **told)
    keep_in("UTC")
    assert (TODAY - timedelta(days=1)).isoformat() in form
    assert refused.status_code == 422
    assert "This date is in the future." in refused.text
    assert send(town, "foreign-gift", reference="Early", **told).status_code == 303


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2200-01-01", "2026-02-30"])
def test_a_day_that_books_cannot_have_is_refused_at_its_field(town: Town, day: str) -> None:
    told = {"foreign": "EUR", "amount": "10", "rate": "1.1", "fund": "GEN", "reference": "Odd"}
    before = town.rows()
    answer = send(town, "foreign-gift", done_on=day, **told)
    assert answer.status_code == 422
    assert '<a href="#done_on">Day: ' in answer.text
    assert town.rows() == before


def test_what_an_hour_is_worth_is_set_from_a_day_on(town: Town) -> None:
    rate = {"skill": "MIN.ELEC", "value": "51.50", "specialised": "specialised", "done_on": DAY}
    before = town.rows()
    assert send(town, "hour-rate", reason="A wage table", **rate).status_code == 303
    changed = {name for name, count in town.rows().items() if count != before[name]}
    assert changed == {"skill_rate"}


def test_where_nothing_is_owed_before_it_is_paid_a_promise_has_no_worth_today(town: Town) -> None:
    def choose(value: str) -> None:
        town.tell(
            lambda session: choose_policy(
                session,
                book=book_by_code(session, "A"),
                key="promises",
                value=value,
                valid_from_on=TODAY,
                now=NOW,
            )
        )

    assert "Present value" in looked_at(town, "promise", **LETTER)
    choose("none")
    shown = looked_at(town, "promise", **LETTER)
    assert "Recorded without being owed, under your policies, until it is paid" in shown
    assert "Present value" not in shown
    choose("all")
