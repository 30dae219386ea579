"""What pages book is undone on pages: each entry's page says how, leads there, and it works.

Every form is sent with good answers and every request approved; then all that stands is undone,
the latest first, as its treasurer would.
"""

import re
from uuid import UUID

from sqlalchemy import select

from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.models.journal import Entry
from ledger.queries.invariants import check
from ledger.services.undoing.events import not_reversed
from tests.web.forms import DAY, FORMS
from tests.worlds.town import OF_POOLS, Town

Key = tuple[str, UUID, str]
MISTAKE = re.compile(r'<section id="mistake">(.*?)</section>', re.DOTALL)
LINK = re.compile(r'href="([^"]+)"')
# What waits at Stripe's own page, and what was spent or set aside meanwhile: the worked events
# undo these (tests/oracle/test_undoing.py).
STAND = {
    *("movement_suspended", "spending_bill", "transfer_received"),
    *("foreign_gift", "foreign_sold"),
}
# What is not about the books, or ends the session of whoever sends it.
NOT_BOOKED = ("sign_in.", "factors.", "passkeys.", "my_data.", "tokens.", "people.")


def treasurer_of(book: str) -> str:
    return "other treasurer" if book in ("B", "Q") else "treasurer"


def approve(town: Town, *kinds: str) -> None:
    """Approve what waits, of some kinds or of all, as approvers of its book."""
    wanted = ApprovalRequest.kind.in_(kinds) if kinds else ApprovalRequest.kind != "undo"
    with town.db.snapshot() as session:
        waiting = [
            (row.id, session.get_one(Book, row.book_id).code)
            for row in session.scalars(
                select(ApprovalRequest).where(ApprovalRequest.state == "open", wanted)
            )
        ]
    for request_id, book in waiting:
        who = "other approver" if book in ("B", "Q") else "approver"
        path = town.address("queue.decide", request_id=str(request_id))
        answer = town.client(who).post(path, data={"answer": "approve", "note": ""})
        assert answer.status_code < 500, request_id


def standing(town: Town) -> list[Key]:
    """The entries that stand, the latest first: book, id and event type."""
    with town.db.snapshot() as session:
        codes = {book.id: book.code for book in session.scalars(select(Book))}
        rows = session.scalars(select(Entry).where(not_reversed()).order_by(Entry.id.desc()))
        return [(codes[row.book_id], row.id, row.event_type) for row in rows]


# What is booked by hand, besides the one kind of which ``FORMS`` has an answer.
FOREIGN = {"fund": "GEN", "foreign": "eur", "amount": "100", "done_on": DAY}
BY_HAND = (
    ("foreign-gift", {**FOREIGN, "rate": "1.085", "reference": "1"}),
    ("revaluation", {"fund": "GEN", "rates": "EUR 1.10", "done_on": DAY}),
    ("foreign-sale", {**FOREIGN, "received": "109.50", "reference": "2"}),
    (
        "material",
        {
            "commodity": "river sand",
            "unit": "GRM",
            "quantity": "50000",
            "value": "9.01",
            "fund": "GEN",
            "reason": "A price at the yard",
        },
    ),
    (
        "material-used",
        {
            "stock": "GEN/GRM.RIVER_SAND",
            "quantity": "25000",
            "reference": "slip 1",
            "done_on": DAY,
        },
    ),
    (
        "small-gift",
        {
            "thing": "EQP.PROJECTOR",
            "items": "1",
            "description": "A drill",
            "value": "5",
            "condition": "B",
            "fund": "GEN",
            "received_on": DAY,
            "reason": "A price list",
        },
    ),
)
MADE_BY_HAND = {
    *("foreign_gift", "revaluation", "foreign_sold"),
    *("material_received", "material_used", "small_gift_received"),
}


def book_everything(town: Town) -> None:
    for form in FORMS:
        if form.endpoint.startswith(NOT_BOOKED):
            continue
        code = {"code": "P"} if form.endpoint in OF_POOLS else {}
        answer = town.client(form.who).post(town.address(form.endpoint, **code), data=form.good)
        assert answer.status_code < 500, form.endpoint
    approve(town)
    for task, answers in BY_HAND:
        path = town.address("manual_entries.do", task=task)
        answer = town.client("treasurer").post(path, data={**answers, "step": "do"})
        assert answer.status_code == 303, (task, answer.text)
        approve(town)


def broken(town: Town) -> list[str]:
    with town.db.snapshot() as session:
        return [row.id for row in check(session) if not row.ok]


def said_about(town: Town, key: Key) -> tuple[str, str]:
    """What the page of an entry says about undoing it, and where it leads."""
    book, entry_id, kind = key
    page = town.client(treasurer_of(book)).get(f"/books/{book}/journal/{entry_id}")
    assert page.status_code == 200, kind
    found = MISTAKE.search(page.text)
    assert found is not None, kind
    link = LINK.search(found[1])
    return found[1], link[1] if link else ""


def test_every_kind_that_pages_make_is_undone_on_pages(quick_town: Town) -> None:
    town = quick_town
    before = broken(town)
    book_everything(town)
    assert broken(town) == before
    kinds = {kind for _book, _entry_id, kind in standing(town)}
    assert kinds >= MADE_BY_HAND
    undone: set[str] = set()
    for key in standing(town):
        book, _entry_id, kind = key
        said, link = said_about(town, key)
        if "This entry was undone" in said:
            undone.add(kind)
            continue
        client = town.client(treasurer_of(book))
        if "its treasurer can undo it" in said and not link:
            continue
        assert link, (kind, said)
        there = client.get(link)
        assert there.status_code == 200, (kind, link)
        if not link.endswith("/undo"):
            continue
        answer = client.post(link, data={"why": "It never happened"})
        assert answer.status_code in (303, 409), (kind, answer.text)
        if kind == "transfer_received":
            print(link, answer.status_code, re.findall(r'class="problem".*', answer.text))
        approve(town, "undo")
        if "This entry was undone" in said_about(town, key)[0]:
            undone.add(kind)
    assert broken(town) == before
    assert kinds - undone <= STAND, kinds - undone
