"""The world of the worked events: five books, their funds, and the people who act in them.

Everything here goes through the services; no step posts an entry of its own making. What one
step makes and a later one needs is kept in ``made`` under the code of the event that made it.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from ledger.bank_files.statement import Line, Statement, StatementFile
from ledger.db import Session
from ledger.gateway import BalanceTransaction
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.models.periods import Period
from ledger.models.pledges import Pledge
from ledger.models.statements import BankLine
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.services.approvals import decisions
from ledger.services.books.books import NewBook, NewFund, create_book, create_fund, ensure_commodity
from ledger.services.campaigns.campaigns import Need, create_campaign
from ledger.services.people.people import create_person, grant_role
from ledger.services.pledges.offers import Line as BasketLine
from ledger.services.pledges.parties import find_or_create_party
from ledger.services.pledges.pledges import PledgeRequest, make_pledges
from ledger.services.pools import pools
from ledger.services.statements.statements import import_statement
from ledger.services.stripe_balance.balance_transactions import store_transaction
from tests.factories import confirm
from tests.worked import WORKED

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = START.date()
DEADLINE = date(2026, 3, 31)
AFTER = datetime(2027, 3, 4, 9, 0, tzinfo=UTC)
CLOSING = DEADLINE + timedelta(days=1)
RESTRICTED_UNTIL = date(2026, 12, 31)
PEOPLE = {
    "maker": "treasurer",
    "checker": "approver",
    "second": "approver",
    "member": "member",
    "confirmer": "member",
    "auditor": "auditor",
}


class World:
    """Who and what there is; ``now`` moves on a minute whenever it is asked."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}
        self.people: dict[str, UUID] = {}
        self.minutes = 0
        self.bank: dict[str, int] = {}

    @property
    def now(self) -> datetime:
        """The next instant."""
        self.minutes += 1
        return START + timedelta(minutes=self.minutes)

    def build(self, session: Session) -> None:
        """Open the books and funds of the worked events, the pool P hosted by A, and people."""
        for code in WORKED["commodities"]:
            ensure_commodity(session, code)
        for code, book in WORKED["books"].items():
            if book["kind"] == "community":
                create_book(
                    session,
                    new=NewBook(
                        code=code, name=book["name"], kind="community", currency=book["currency"]
                    ),
                    now=self.now,
                )
        for fund in WORKED["funds"]:
            if fund["book"] != "P":
                create_fund(
                    session,
                    book_id=self.book(session, fund["book"]).id,
                    fund=NewFund(
                        code=fund["code"],
                        fund_class=fund["class"],
                        restriction_until_on=RESTRICTED_UNTIL if fund["class"] == "time" else None,
                    ),
                    now=self.now,
                )
        pools.create_pool(
            session,
            new=pools.NewPool(
                code="P",
                name="River Pool",
                currency="USD",
                fund="JOINT",
                fee_basis_points=500,
                members=[("A", "SOLAR"), ("B", "ROOF"), ("C", "GARDEN")],
            ),
            host=self.book(session, "A"),
            held_fund=self.fund(session, "A", "HELD"),
            now=self.now,
        )
        for name, role in PEOPLE.items():
            person = create_person(
                session, email=f"{name}@example.org", name=name.title(), now=self.now
            )
            self.people[name] = person.id
            for code in WORKED["books"]:
                grant_role(
                    session,
                    person_id=person.id,
                    book_id=self.book(session, code).id,
                    role=role,
                    now=self.now,
                )

    def book(self, session: Session, code: str) -> Book:
        """Return a book by its code."""
        return book_by_code(session, code)

    def fund(self, session: Session, book: str, code: str) -> Fund:
        """Return a fund by the codes of book and fund."""
        return fund_by_code(session, self.book(session, book).id, code)

    def approve(
        self,
        session: Session,
        asked: ApprovalRequest | Agreement,
        *,
        now: datetime | None = None,
        by: str = "checker",
    ) -> ApprovalRequest:
        """Have the checker, or another approver, say yes to what somebody asked for."""
        if isinstance(asked, Agreement):
            open_ones = session.scalars(
                select(ApprovalRequest).where(
                    ApprovalRequest.state == "open", ApprovalRequest.kind == asked.kind
                )
            )
            approval_request = next(
                row for row in open_ones if row.arguments["commitment"] == str(asked.id)
            )
        else:
            approval_request = asked
        return decisions.decide(
            session,
            request_id=approval_request.id,
            approve=True,
            decided_by=self.people[by],
            note="",
            now=now or self.now,
        )

    def decide(self, session: Session, kind: str, name: str, key: UUID) -> ApprovalRequest:
        """Have the checker say yes to the open proposal of a kind that names a row."""
        rows = session.scalars(
            select(ApprovalRequest).where(
                ApprovalRequest.state == "open", ApprovalRequest.kind == kind
            )
        )
        return self.approve(session, next(r for r in rows if r.arguments[name] == str(key)))

    def party(self, session: Session, name: str = "Dora Donor") -> Party:
        """Return a giver, known by an address of their own."""
        address = f"{name.lower().replace(' ', '.')}@example.org"
        known = session.scalar(select(Party).where(Party.email == address))
        return known or find_or_create_party(
            session, email=address, name=name, consent="anonymous", now=self.now
        )

    def campaign(
        self, session: Session, book: str, fund: str, mode: str, *needs: tuple[str, int]
    ) -> Campaign:
        """Open a campaign of its own for one pledge, until the end of the month."""
        self.minutes += 1
        return create_campaign(
            session,
            book=self.book(session, book),
            fund=self.fund(session, book, fund),
            slug=f"c-{self.minutes}",
            title="A campaign",
            summary="",
            story="",
            commodity=WORKED["books"][book]["currency"],
            mode=mode,
            opens_on=DAY,
            deadline_on=DEADLINE,
            needs=[Need(unit, unit, goal, goal) for unit, goal in needs],
            now=self.now,
        )

    def pledge(
        self,
        session: Session,
        book: str,
        fund: str,
        commodity: str,
        quantity: int,
        *,
        mode: str = "keep_what_you_raise",
        goal: int = 0,
    ) -> UUID:
        """Have a donor pledge to a campaign through the basket; return the pledge."""
        campaign = self.campaign(session, book, fund, mode, (commodity, goal or quantity))
        basket = make_pledges(
            session,
            campaign=campaign,
            party=confirm(session, self.party(session)),
            request=PledgeRequest(
                lines=[BasketLine(commodity, quantity)],
                form_key=f"form-{self.minutes}",
                message="",
                consent="anonymous",
            ),
            now=self.now,
        )
        return session.scalars(select(Pledge.id).where(Pledge.basket_id == basket.id)).one()

    def last_period(self, session: Session, book_id: UUID) -> UUID:
        """Return the period that was closed last."""
        return session.scalars(
            select(Period.id)
            .where(Period.book_id == book_id)
            .order_by(Period.closed_at.desc())
            .limit(1)
        ).one()

    def line(
        self,
        session: Session,
        book: str,
        amount: int,
        *,
        remittance: str = "",
        account: int = 1010,
        currency: str = "USD",
    ) -> UUID:
        """Import a bank statement of one line; return the line, still open."""
        opening = self.bank.get(f"{book}{account}", 0)
        self.bank[f"{book}{account}"] = opening + amount
        self.minutes += 1
        number = self.minutes
        line = Line(
            position=0,
            amount=amount,
            booked_on=DAY,
            value_on=DAY,
            bank_reference=f"BANK{number}",
            end_to_end_id=None,
            counterparty_name=None,
            counterparty_account=None,
            remittance=remittance,
            code=None,
        )
        statement = Statement(
            statement_id=f"S{number:05d}",
            account=f"{book}{account}",
            currency=currency,
            opening=opening,
            closing=opening + amount,
            opens_on=DAY,
            closes_on=DAY,
            lines=(line,),
        )
        import_statement(
            session,
            book=self.book(session, book),
            account=account,
            file=StatementFile(format="test", sha256=f"{number:064d}", statements=(statement,)),
            imported_by=self.people["maker"],
            now=self.now,
        )
        return session.scalars(
            select(BankLine.id).where(BankLine.bank_reference == f"BANK{number}")
        ).one()

    def movement(
        self,
        session: Session,
        amount: int,
        fee: int = 0,
        *,
        category: str = "charge",
        kind: str | None = None,
        source: str = "",
        currency: str = "USD",
        body: dict[str, Any] | None = None,
    ) -> BalanceTransaction:
        """Keep a movement of the Stripe balance as the gateway hands it over; not yet posted."""
        self.minutes += 1
        name = f"{self.minutes:06d}"
        txn = BalanceTransaction(
            id=f"txn_{name}",
            kind=kind or category,
            reporting_category=category,
            amount=amount,
            fee=fee,
            net=amount - fee,
            currency=currency,
            source_id=source or f"ch_{name}",
            created_at=START + timedelta(minutes=self.minutes),
            available_on=DAY,
            livemode=False,
            body=body or {},
        )
        store_transaction(session, txn=txn)
        return txn


Step = Callable[[World, Session], None]


def in_order(codes: Sequence[str]) -> list[str]:
    """Return event codes in the order in which the worked year has them."""
    order = [event["code"] for event in WORKED["events"]]
    return sorted(codes, key=order.index)


__all__ = ["AFTER", "CLOSING", "DAY", "DEADLINE", "START", "Step", "World", "in_order"]
