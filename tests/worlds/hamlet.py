"""Three communities, a pool and people: what the tests of the services start from.

Built through the services only. ``text`` prints what a deed posted, like an accountant's page.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any
from uuid import UUID

from sqlalchemy import select

from ledger.core.entry import Posting, entry
from ledger.db import Database, ReadSession, Session
from ledger.errors import Conflict
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Fund
from ledger.models.journal import Entry
from ledger.models.pools import Pool
from ledger.queries.books.balances import balance_of
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.invariants import check
from ledger.queries.people.people import person_by_email
from ledger.services.approvals import decisions
from ledger.services.books import journal
from ledger.services.people.people import grant_role
from ledger.services.pools import pools
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person, make_pool
from tests.journal_text import format_entries

TODAY = NOW.date()


class Hamlet:
    """Books A, B and C, the pool P hosted by A, a maker, a checker and a member."""

    def __init__(self, session: ReadSession) -> None:
        self.books = {code: book_by_code(session, code) for code in "ABCP"}
        self.pool_id = self.books["P"].id
        self.maker = known(session, "mia.maker")
        self.checker = known(session, "cora.checker")
        self.member = known(session, "max.member")


def build(session: Session, *, cash: int = 500_000) -> Hamlet:
    """Make the hamlet, with cash in the bank of each community."""
    books = {}
    for code, restricted in (("A", "ROOF"), ("B", "BARN"), ("C", "FIELD")):
        books[code] = make_book(session, code)
        make_fund(session, books[code])
        make_fund(session, books[code], restricted, "purpose")
        open_with(session, code, cash)
    make_pool(
        session,
        books["A"],
        fee_basis_points=500,
        members=[("A", "ROOF"), ("B", "BARN"), ("C", "FIELD")],
    )
    for name, role in (
        ("Mia Maker", "treasurer"),
        ("Cora Checker", "approver"),
        ("Max Member", "member"),
    ):
        person = make_person(session, name)
        for code in "ABCP":
            book = book_by_code(session, code)
            grant_role(session, person_id=person.id, book_id=book.id, role=role, now=NOW)
    return Hamlet(session)


def known(session: ReadSession, name: str) -> UUID:
    """Return the id of a person by the name in the address."""
    person = person_by_email(session, f"{name}@example.org")
    assert person is not None
    return person.id


def open_with(session: Session, code: str, cash: int) -> None:
    """Put money into a book's bank account."""
    journal.post(
        session,
        [entry(code, Posting(1010, "GEN", "USD", cash), Posting(3010, "GEN", "USD", -cash))],
        event_type="opening_balances",
        source="test",
        external_ref="opening",
        accounting_on=TODAY,
        now=NOW,
    )


def fund(session: ReadSession, book: str, code: str) -> Fund:
    """Return a fund by the codes of its book and itself."""
    return fund_by_code(session, book_by_code(session, book).id, code)


def text(session: ReadSession, event_type: str) -> str:
    """Return what was posted of one kind of event, in all books, as text."""
    rows = session.execute(
        select(Entry.book_id, Entry.id).where(Entry.event_type == event_type).order_by(Entry.id)
    ).all()
    return format_entries(journal.load_entry(session, book, number) for book, number in rows)


def account(
    session: ReadSession, book: str, number: int, commodity: str = "USD", in_fund: str | None = None
) -> int:
    """Return a balance by codes."""
    found = book_by_code(session, book)
    fund_id = fund(session, book, in_fund).id if in_fund else None
    return balance_of(session, book_id=found.id, accounts=[number], fund_id=fund_id)[commodity]


def sound(session: ReadSession) -> None:
    """Check that every rule of the books holds."""
    broken = [row for row in check(session) if not row.ok]
    assert not broken, broken


def decide(
    session: Session,
    request_id: UUID,
    by: UUID,
    *,
    approve: bool = True,
    note: str = "",
    now: datetime = NOW,
    confirmed: bool = False,
) -> ApprovalRequest:
    """Decide a proposal."""
    return decisions.decide(
        session,
        request_id=request_id,
        approve=approve,
        decided_by=by,
        note=note,
        now=now,
        confirmed=confirmed,
    )


def open_request(session: ReadSession, kind: str) -> ApprovalRequest:
    """Return the one open proposal of a kind."""
    return session.scalars(
        select(ApprovalRequest).where(ApprovalRequest.kind == kind, ApprovalRequest.state == "open")
    ).one()


def paid_into(session: Session, hamlet: Hamlet, amount: int, member: str = "B") -> None:
    """Have a member contribute to the pool and pay it in."""
    common: dict[str, Any] = {
        "paid": pools.Contribution(
            pool_id=hamlet.pool_id,
            member_id=hamlet.books[member].id,
            member_fund=fund(session, member, "GEN"),
            amount=amount,
            reference=f"{member}/{amount}",
        ),
        "on": TODAY,
        "now": NOW,
        "made_by": hamlet.maker,
    }
    pools.contribute(session, **common, approved_by=hamlet.checker)
    if session.get_one(Pool, hamlet.pool_id).host_id != hamlet.books[member].id:
        pools.settle_contribution(session, **common)


def at_the_same_moment(
    db: Database, *deeds: Callable[[Session], object]
) -> tuple[list[object], list[Conflict]]:
    """Run deeds in threads that start together; return what came back and what was refused.

    Anything but a Conflict is raised: a lost connection or a raw database error is a fault.
    """
    together = Barrier(len(deeds))

    def run(deed: Callable[[Session], object]) -> object:
        together.wait(timeout=30)
        try:
            return db.run(deed)
        except Conflict as refusal:
            return refusal

    with ThreadPoolExecutor(len(deeds)) as threads:
        answers = list(threads.map(run, deeds))
    refused = [answer for answer in answers if isinstance(answer, Conflict)]
    return [answer for answer in answers if not isinstance(answer, Conflict)], refused
