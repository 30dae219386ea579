"""Pools on the pages: opened and joined once an approver of each side has agreed."""

import pytest
from sqlalchemy import select

from ledger.db import Session
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.models.people import Membership
from ledger.models.pools import Pool, PoolMember
from ledger.queries.books.books import book_by_code
from ledger.queries.invariants import check
from ledger.queries.pools.pools import members_of, pool_by_code
from tests.worlds.town import Town

NEW = {
    "name": "Three Streams",
    "fund": "POOL",
    "held_fund": "HELD",
    "own_fund": "GEN",
    "fee_basis_points": "2.5",
    "story": "Water for all",
    "reason": "The members met",
}
JOIN = {"fund": "GEN", "reason": "The members met"}


def ask_to_open(town: Town, code: str, **other: str) -> None:
    form = {**NEW, "code": code, **other}
    answer = town.client("treasurer").post("/books/A/pools/new", data=form)
    assert answer.status_code == 303, answer.text


def waiting(town: Town, kind: str) -> ApprovalRequest:
    with town.db.snapshot() as session:
        return session.scalars(
            select(ApprovalRequest).where(
                ApprovalRequest.kind == kind, ApprovalRequest.state == "open"
            )
        ).one()


def decide(town: Town, who: str, kind: str, answer: str = "approve") -> int:
    path = f"/queue/{waiting(town, kind).id}"
    return town.client(who).post(path, data={"answer": answer, "note": ""}).status_code


def is_member(town: Town, pool: str, book: str) -> bool:
    with town.db.snapshot() as session:
        key = (book_by_code(session, pool).id, book_by_code(session, book).id)
        return session.get(PoolMember, key) is not None


def exists(town: Town, code: str) -> bool:
    with town.db.snapshot() as session:
        return session.scalar(select(Book.id).where(Book.code == code)) is not None


def broken(town: Town) -> list[str]:
    """The rules that do not hold; the town keeps its cash on paper only."""
    with town.db.snapshot() as session:
        return [result.id for result in check(session) if not result.ok]


def open_pool(town: Town, code: str, **other: str) -> None:
    ask_to_open(town, code, **other)
    assert decide(town, "approver", "pool_opening") == 303


def test_a_pool_is_opened_once_the_hosts_approver_agrees(town: Town) -> None:
    before = broken(town)
    ask_to_open(town, "streams")
    assert not exists(town, "STREAMS")
    queue = town.client("approver").get("/queue").text
    for said in ("Open the pool Three Streams", "STREAMS", "2.5%", "HELD", "Water for all"):
        assert said in queue
    assert decide(town, "approver", "pool_opening") == 303
    with town.db.snapshot() as session:
        pool, book = pool_by_code(session, "STREAMS")
        assert (pool.fee_basis_points, book.commodity) == (250, "USD")
        assert session.get_one(Book, pool.host_id).code == "A"
        assert session.get_one(Fund, pool.held_fund_id).code == "HELD"
        assert [row.code for row in members_of(session, pool_id=book.id)] == ["A"]
        roles = session.scalars(select(Membership).where(Membership.book_id == book.id)).all()
        given = [(row.person_id, row.role, row.granted_by) for row in roles]
    assert broken(town) == before
    assert given == [(town.people["admin"], "admin", town.people["approver"])]
    assert town.client("admin").get("/books/STREAMS/people").status_code == 200
    assert "charges 2.5%" in town.client().get("/pools/STREAMS").text
    assert "Three Streams" in town.client("treasurer").get("/books/A/pools").text


def test_without_a_fund_that_keeps_the_money_a_new_one_is_opened(town: Town) -> None:
    open_pool(town, "WELLS", held_fund="", own_fund="", fee_basis_points="")
    with town.db.snapshot() as session:
        pool, book = pool_by_code(session, "WELLS")
        held = session.get_one(Fund, pool.held_fund_id)
        assert (held.code, held.fund_class, held.name) == (
            "WELLS",
            "agency",
            "Held for Three Streams",
        )
        assert members_of(session, pool_id=book.id) == []
        assert pool.fee_basis_points == 0
    assert "No community has joined yet." in town.client().get("/pools/WELLS").text


def test_an_approval_that_books_nothing_says_so(town: Town) -> None:
    ask_to_open(town, "BROOKS")
    said = (
        ("approver", "pool_opening", "Approved. This does not book anything."),
        (
            "other approver",
            "pool_joining",
            "If another community hosts the pool, its approver is asked next",
        ),
        ("approver", "pool_admission", "Approved. This does not book anything."),
    )
    for who, kind, sentence in said:
        path = f"/queue/{waiting(town, kind).id}"
        form = {"answer": "approve", "note": ""}
        assert sentence in town.client(who).post(path, data=form, follow_redirects=True).text, kind
        if kind == "pool_opening":
            joining = {**JOIN, "pool": "BROOKS"}
            asked = town.client("other treasurer").post("/books/B/pools/join", data=joining)
            assert asked.status_code == 303


def test_a_no_opens_nothing_and_lets_nobody_in(town: Town) -> None:
    ask_to_open(town, "NEVER")
    assert decide(town, "approver", "pool_opening", "reject") == 303
    assert not exists(town, "NEVER")
    asked = {**JOIN, "pool": "Q"}
    assert town.client("treasurer").post("/books/A/pools/join", data=asked).status_code == 303
    assert decide(town, "approver", "pool_joining", "reject") == 303
    assert town.client("treasurer").post("/books/A/pools/join", data=asked).status_code == 303
    assert decide(town, "approver", "pool_joining") == 303
    assert decide(town, "other approver", "pool_admission", "reject") == 303
    assert not is_member(town, "Q", "A")


def test_a_community_joins_only_when_both_sides_have_agreed(town: Town) -> None:
    open_pool(town, "DAMS")
    asked = {**JOIN, "pool": "DAMS"}
    client = town.client("other treasurer")
    assert "Three Streams" in client.get("/books/B/pools/join?pool=DAMS").text
    assert client.post("/books/B/pools/join", data=asked).status_code == 303
    # Not the host's approver alone, nor the member's.
    assert decide(town, "approver", "pool_joining") == 404
    assert decide(town, "other approver", "pool_joining") == 303
    assert not is_member(town, "DAMS", "B")
    assert "Let Book B into Three Streams" in client.get("/books/B/pools").text
    assert decide(town, "other approver", "pool_admission") == 404
    queue = town.client("approver").get("/queue").text
    for said in ("Let Book B into Three Streams", "2.5%", "Book A"):
        assert said in queue
    assert decide(town, "approver", "pool_admission") == 303
    assert is_member(town, "DAMS", "B")
    assert client.post("/books/B/pools/join", data=asked).status_code == 409


def test_a_host_that_joins_its_own_pool_is_asked_once(town: Town) -> None:
    open_pool(town, "LAKES", own_fund="")
    asked = {**JOIN, "pool": "LAKES"}
    assert town.client("treasurer").post("/books/A/pools/join", data=asked).status_code == 303
    assert decide(town, "approver", "pool_joining") == 303
    assert is_member(town, "LAKES", "A")


def test_whoever_asked_does_not_agree_for_the_host(town: Town) -> None:
    open_pool(town, "SPRINGS")
    town.client("other treasurer").post("/books/B/pools/join", data={**JOIN, "pool": "SPRINGS"})
    assert decide(town, "other approver", "pool_joining") == 303

    def swap(session: Session) -> None:
        row = session.get_one(ApprovalRequest, waiting(town, "pool_admission").id)
        row.made_by = town.people["approver"]

    town.tell(swap)
    assert decide(town, "approver", "pool_admission") == 403
    assert not is_member(town, "SPRINGS", "B")
    assert decide(town, "pool approver", "pool_admission") == 404
    swapped = waiting(town, "pool_admission").id
    town.tell(
        lambda session: setattr(session.get_one(ApprovalRequest, swapped), "state", "rejected")
    )


@pytest.mark.parametrize(
    ("wrong", "place", "sentence"),
    [
        ({"code": "A"}, "code", "Another book already has the code A"),
        ({"code": "TWO WORDS"}, "code", "is not a valid code"),
        ({"code": "SOLAR", "held_fund": ""}, "code", "has a fund SOLAR"),
        ({"fund": "a b"}, "fund", "is not a valid code"),
        ({"held_fund": "GEN"}, "held_fund", "agency fund"),
        ({"held_fund": "NOWHERE"}, "held_fund", "has no fund NOWHERE"),
        ({"own_fund": "HELD"}, "own_fund", "cannot own anything"),
        ({"own_fund": "NOWHERE"}, "own_fund", "has no fund NOWHERE"),
        ({"fee_basis_points": "101"}, "fee_basis_points", "percentage"),
    ],
)
def test_terms_that_cannot_be_are_named_beside_their_field(
    town: Town, wrong: dict[str, str], place: str, sentence: str
) -> None:
    before = town.rows()
    form = {**NEW, "code": "FRESH", **wrong}
    answer = town.client("treasurer").post("/books/A/pools/new", data=form)
    assert answer.status_code in (409, 422)
    assert sentence in answer.text
    assert f'id="{place}-error"' in answer.text or f'href="#{place}"' in answer.text
    assert 'value="Three Streams"' in answer.text
    assert town.rows() == before


@pytest.mark.parametrize(
    ("wrong", "place", "status"),
    [
        ({"pool": "P"}, "pool", 409),
        ({"pool": "B"}, "pool", 422),
        ({"pool": "NOWHERE"}, "pool", 422),
        ({"fund": "HELD"}, "fund", 422),
        ({"fund": "NOWHERE"}, "fund", 422),
    ],
)
def test_a_joining_that_cannot_be_is_named_beside_its_field(
    town: Town, wrong: dict[str, str], place: str, status: int
) -> None:
    before = town.rows()
    form = {**JOIN, "pool": "Q", **wrong}
    answer = town.client("treasurer").post("/books/A/pools/join", data=form)
    assert answer.status_code == status, answer.text
    assert f'href="#{place}"' in answer.text
    assert town.rows() == before


def test_a_code_that_was_taken_while_an_approver_thought_opens_nothing(town: Town) -> None:
    ask_to_open(town, "TWICE")
    first = waiting(town, "pool_opening").id
    ask_to_open(town, "TWICE", name="Another")
    answer = {"answer": "approve", "note": ""}
    client = town.client("approver")
    assert client.post(f"/queue/{first}", data=answer).status_code == 303
    assert decide(town, "approver", "pool_opening") == 409
    assert decide(town, "approver", "pool_opening", "reject") == 303
    with town.db.snapshot() as session:
        count = session.scalars(select(Pool).join(Book, Book.id == Pool.book_id)).all()
        names = [session.get_one(Book, row.book_id).name for row in count]
    assert names.count("Another") == 0


def test_a_pool_opens_no_pool_and_is_offered_where_one_looks(town: Town) -> None:
    treasurer = town.client("treasurer")
    assert treasurer.get("/books/P/pools").status_code == 404
    assert treasurer.post("/books/P/pools/new", data={**NEW, "code": "DEEP"}).status_code == 404
    assert "/books/A/pools" in treasurer.get("/c/A").text
    assert "/books/A/pools" in treasurer.get("/books/A/desk").text
    assert "/books/A/pools/join?pool=Q" in treasurer.get("/pools/Q").text
    assert "/pools/join" not in treasurer.get("/pools/P").text
    assert "/books/A/pools" not in town.client().get("/c/A").text
