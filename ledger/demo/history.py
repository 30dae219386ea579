"""A year of the demo's life: gifts, cash, bank charges, grants, hours, things, an allocation."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.allocation import Rule
from ledger.core.vocabulary import RequestState
from ledger.db import Session
from ledger.demo import people as cast
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import Asset, Condition, ValuationMethod
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.models.people import Person
from ledger.models.pledges import Pledge
from ledger.queries.books.books import fund_by_code
from ledger.services.approvals import decisions
from ledger.services.banking import cash
from ledger.services.books import journal
from ledger.services.equipment import assets
from ledger.services.people import people
from ledger.services.pledges import parties, pledges
from ledger.services.pledges.offers import Line
from ledger.services.pools import allocations, pools, transfers
from ledger.services.volunteering import hours

CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class Done:
    """Minutes of a skill that somebody worked, and at what."""

    skill: str
    minutes: int
    what: str


@dataclass(frozen=True, slots=True)
class Given:
    """Things that somebody gave, and what they are worth together in minor units."""

    commodity: str
    quantity: int
    what: str
    total: int


class Year:
    """Tells the year from its first day to today, with one source of chance."""

    def __init__(
        self,
        session: Session,
        books: dict[str, Book],
        people: dict[str, Person],
        *,
        today: date,
        seed: int,
    ) -> None:
        self.session = session
        self.books = books
        self.people = people
        self.today = today
        self.chance = Random(seed)  # noqa: S311 (a story, not a secret)
        self.number = 0

    def at(self, days_ago: int) -> datetime:
        """Return noon, so many days before today."""
        return datetime.combine(self.today - timedelta(days=days_ago), time(12), UTC)

    def donors(self) -> list[Party]:
        """Make every donor known."""
        _role, name, email = cast.STAFF[0]
        givers = [parties.Giver(*row) for row in (*cast.DONORS, (name, email, "initials"))]
        return [
            parties.party_of_person(
                self.session,
                person=people.create_person(
                    self.session, email=giver.email, name=giver.name, now=self.at(110)
                ),
                giver=giver,
                now=self.at(110),
            )
            for giver in givers
        ]

    def pledge(
        self, campaign: Campaign, party: Party, days_ago: int, lines: list[Line]
    ) -> list[Pledge]:
        """Make one basket."""
        self.number += 1
        basket = pledges.make_pledges(
            self.session,
            campaign=campaign,
            party=party,
            request=pledges.PledgeRequest(
                lines=lines,
                form_key=f"demo-{self.number}",
                message=self.chance.choice(cast.MESSAGES),
                consent=party.consent,
            ),
            now=self.at(days_ago),
        )
        return list(
            self.session.scalars(
                select(Pledge).where(Pledge.basket_id == basket.id).order_by(Pledge.commodity)
            )
        )

    def give_by_hand(self, pledge: Pledge, days_ago: int) -> None:
        """Fulfil a money pledge in cash, and bank it the next day."""
        book = self.session.get_one(Book, pledge.book_id)
        fund = self.session.get_one(Fund, pledge.fund_id)
        self.number += 1
        cash.record_cash(
            self.session,
            book=book,
            counted=cash.Counted(
                fund=fund,
                amount=pledge.quantity,
                reference=f"demo/{self.number}",
                on=self.at(days_ago).date(),
            ),
            now=self.at(days_ago),
            made_by=self.people["treasurer"].id,
            pledge=pledge,
        )
        cash.bank_cash(
            self.session,
            book=book,
            counted=cash.Counted(
                fund=fund,
                amount=pledge.quantity,
                reference=f"demo/{self.number}",
                on=self.at(days_ago - 1).date(),
            ),
            now=self.at(days_ago - 1),
            made_by=self.people["treasurer"].id,
        )

    def collect(self, place: str, fund: str, amount: int, days_ago: int) -> None:
        """Count a collection box and bank it."""
        book = self.books[place]
        own = fund_by_code(self.session, book.id, fund)
        self.number += 1
        for command, days in ((cash.record_cash, days_ago), (cash.bank_cash, days_ago - 1)):
            command(
                self.session,
                book=book,
                counted=cash.Counted(own, amount, f"demo/{self.number}", on=self.at(days).date()),
                now=self.at(days),
                made_by=self.people["treasurer"].id,
            )

    def charge(self, place: str, amount: int, days_ago: int) -> None:
        """Let the bank take its fee."""
        self.number += 1
        journal.post(
            self.session,
            bookkeeping.bank_charge(book=place, fund="GEN", currency=CURRENCY, amount=amount),
            event_type="bank_charge",
            source="demo",
            external_ref=f"charge/{self.number}",
            accounting_on=self.at(days_ago).date(),
            now=self.at(days_ago),
        )

    def work(
        self,
        place: str,
        fund: str,
        party: Party,
        done: Done,
        days_ago: int,
        *,
        pledge: Pledge | None = None,
        confirm: bool = True,
    ) -> None:
        """Log time that a donor gave, and have the member confirm it."""
        book = self.books[place]
        row = hours.log_hours(
            self.session,
            book=book,
            fund=fund_by_code(self.session, book.id, fund),
            party=party,
            work=hours.Work(
                commodity=done.skill,
                minutes=done.minutes,
                worked_on=self.at(days_ago).date(),
                description=done.what,
                pledge=pledge,
                campaign_id=pledge.campaign_id if pledge else None,
            ),
            now=self.at(days_ago),
            logged_by=self.people["treasurer"].id,
        )
        if confirm:
            hours.confirm_hours(
                self.session,
                hours_id=row.id,
                confirmed_by=self.people["member"].id,
                on=self.at(days_ago - 1).date(),
                now=self.at(days_ago - 1),
            )

    def receive(
        self,
        place: str,
        fund: str,
        given: Given,
        days_ago: int,
        *,
        pledge: Pledge | None = None,
        approve: bool = True,
    ) -> list[Asset]:
        """Receive things, propose what they are worth and have it approved."""
        book = self.books[place]
        intake = assets.receive_things(
            self.session,
            book=book,
            fund=fund_by_code(self.session, book.id, fund),
            receipt=assets.Receipt(
                commodity=given.commodity,
                quantity=given.quantity,
                description=given.what,
                condition=Condition.B,
                received_on=self.at(days_ago).date(),
                pledge=pledge,
                campaign_id=pledge.campaign_id if pledge else None,
            ),
            received_by=self.people["member"].id,
            now=self.at(days_ago),
        )
        valuation = assets.propose_valuation(
            self.session,
            intake_id=intake.id,
            appraisal=assets.Appraisal(
                currency=CURRENCY,
                total=given.total,
                method=ValuationMethod.COMPARABLE_SALES,
                evidence="Three offers for the same model, two weeks old.",
                valued_on=self.at(days_ago).date(),
            ),
            valued_by=self.people["member"].id,
            now=self.at(days_ago),
        )
        if approve:
            self.approve("valuation", str(valuation.id), days_ago - 2)
        return list(self.session.scalars(select(Asset).where(Asset.intake_id == intake.id)))

    def approve(self, kind: str, subject: str, days_ago: int) -> None:
        """Have the approver say yes to the open proposal about something."""
        for approval_request in self.session.scalars(
            select(ApprovalRequest).where(
                ApprovalRequest.kind == kind, ApprovalRequest.state == RequestState.OPEN
            )
        ):
            if subject in map(str, approval_request.arguments.values()):
                decisions.decide(
                    self.session,
                    request_id=approval_request.id,
                    approve=True,
                    decided_by=self.people["approver"].id,
                    note="",
                    now=self.at(days_ago),
                )

    def contribute(self, place: str, amount: int, days_ago: int) -> None:
        """Have a member contribute to the pool, and pay it in when it is not the host."""
        pool, member = self.books["STREAMS"], self.books[place]
        fund = fund_by_code(self.session, member.id, "GEN")
        approval_request = pools.propose_contribution(
            self.session,
            member=member,
            fund=fund,
            pool=pool,
            amount=amount,
            reason="Our yearly contribution.",
            made_by=self.people["treasurer"].id,
            now=self.at(days_ago),
        )
        decisions.decide(
            self.session,
            request_id=approval_request.id,
            approve=True,
            decided_by=self.people["approver"].id,
            note="As agreed at the meeting.",
            now=self.at(days_ago - 1),
        )
        if place != cast.COMMUNITIES[0].code:
            pools.settle_contribution(
                self.session,
                paid=pools.Contribution(
                    pool_id=pool.id,
                    member_id=member.id,
                    member_fund=fund,
                    amount=amount,
                    reference=str(approval_request.id),
                ),
                on=self.at(days_ago - 3).date(),
                now=self.at(days_ago - 3),
            )

    def grant(self, giver: str, receiver: str, fund: str, amount: int, days_ago: int) -> None:
        """Have one community grant another money, and pay it."""
        source = fund_by_code(self.session, self.books[giver].id, "GEN")
        target = fund_by_code(self.session, self.books[receiver].id, fund)
        self.number += 1
        for command, days in ((transfers.grant, days_ago), (transfers.settle_grant, days_ago - 3)):
            command(
                self.session,
                transfer=transfers.Transfer(source, target, amount, f"demo/{self.number}"),
                on=self.at(days).date(),
                now=self.at(days),
            )

    def allocate(self, amount: int, purpose: str, days_ago: int) -> None:
        """Have the pool hand out money in equal shares, and pay all but the last share."""
        pool = self.books["STREAMS"]
        run = allocations.propose_allocation(
            self.session,
            pool_id=pool.id,
            wanted=allocations.Allocation(quantity=amount, rule=Rule("equal"), purpose=purpose),
            proposed_by=self.people["treasurer"].id,
            now=self.at(days_ago),
        )
        self.approve("allocation", str(run.id), days_ago - 1)
        for place in ("FERRY", "ELDER"):
            allocations.settle_allocation_line(
                self.session,
                run_id=run.id,
                book_id=self.books[place].id,
                on=self.at(days_ago - 4).date(),
                now=self.at(days_ago - 4),
                made_by=self.people["treasurer"].id,
            )
