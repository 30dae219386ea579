"""A small town for the tests of the doors: two communities, a pool, and people in every role.

Everything a page can be asked about exists once, so that an address can be made for every rule
of the URL map and every form has something to act on.
"""

import atexit
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from flask import Flask, url_for
from flask.testing import FlaskClient
from sqlalchemy import func, literal, select, union_all
from sqlalchemy.engine import make_url
from werkzeug.test import TestResponse

from bench.pages import signed_in
from ledger.config import STRIPE_API, Settings
from ledger.core.allocation import Rule
from ledger.core.vocabulary import CampaignState
from ledger.db import Database, Session
from ledger.evidence_files import Inspected
from ledger.gateway import BalanceTransaction
from ledger.ids import new_id
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import Asset, AssetLoan
from ledger.models.bank_rules import BankRule
from ledger.models.base import Base
from ledger.models.books import Book
from ledger.models.jobs import Job
from ledger.models.payments import Refund
from ledger.models.pledges import Basket
from ledger.models.sessions import SignInSession
from ledger.models.statements import BankAccount, BankLine, BankStatement
from ledger.queries.books.books import fund_by_code
from ledger.queries.evidence.subjects import subject_of
from ledger.queries.people.people import people_of, tokens_of
from ledger.services.approvals import decisions
from ledger.services.banking import cash, matching
from ledger.services.books.books import ensure_commodity
from ledger.services.campaigns.campaigns import Need
from ledger.services.equipment import assets
from ledger.services.evidence import attaching
from ledger.services.importing import tables
from ledger.services.people import installation_admins
from ledger.services.people.people import grant_role, sha256
from ledger.services.people.sessions import start_session
from ledger.services.people.tokens import create_token
from ledger.services.pools import allocations, pools
from ledger.services.spending import spending
from ledger.services.stripe_balance import balance_transactions
from ledger.services.volunteering import hours
from ledger.stored_files import StoredFiles
from ledger.web.site import session_cookie
from tests.conftest import NOW, _administer, _with_database, copy_database
from tests.factories import (
    make_book,
    make_campaign,
    make_fund,
    make_party,
    make_person,
    make_pledge,
    make_pool,
)
from wsgi import create_app

TODAY = NOW.date()
HOME = "https://poolbook.example"
# Role in books A and P → who holds it; "donor" has no role, the others' people hold book B only.
ROLES = ("member", "treasurer", "approver", "auditor", "admin")
OTHERS = tuple(f"other {role}" for role in ROLES)
TABLES = Base.metadata.sorted_tables
PLACES = {
    "code": "A",
    "slug": "solar-roof",
    "number": "1010",
    "secret": "unknown",
    "token": "unknown",
    "shown": "unknown",
    "action": "stop",
    "task": "promise",
    "policy": "capitalise_from",
    "file_format": "hledger",
    "sheet": "csv",
    "filename": "mark.svg",
    "_rest": "nothing",
    "kind": "spending",
    "move": "bill",
    "fund": "SOLAR",
    "subject": "entry",
    "payout_id": "po_unknown",
}
COUNTS = union_all(
    *(select(literal(table.name), func.count()).select_from(table) for table in TABLES)
)
# Pages about a pool, not a community.
OF_POOLS = (
    "pools.show",
    "allocations.allocate",
    "allocations.propose",
    "pools.settle",
    "pools.settle_all",
)
INSTALLER = "installation admin"
EVERYBODY = ("nobody", "donor", *ROLES, *OTHERS, INSTALLER)


class Browser(FlaskClient):
    """A client that comes by TLS, as people do."""

    def open(self, *args: Any, **options: Any) -> TestResponse:
        options.setdefault("base_url", HOME)
        return super().open(*args, **options)


@dataclass
class Town:
    """The running program, who lives there, and the ids of what the pages are about."""

    app: Flask
    db: Database
    people: dict[str, UUID] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    # How many sessions the tests began.
    begun: int = 0

    def client(self, who: str = "nobody") -> FlaskClient:
        """A browser in which somebody is signed in; "nobody" for a stranger."""
        client = self.app.test_client()
        if who not in ("nobody", "unconfirmed giver"):
            cookie, token = signed_in(self.app, self.people[who])
            client.set_cookie(cookie, token, domain=urlsplit(HOME).netloc)
            self.begun += 1
        return client

    def address(self, endpoint: str, **other: str) -> str:
        """The address of a page, with what it is about taken from the town."""
        rule = next(self.app.url_map.iter_rules(endpoint))
        values = {**PLACES, **self.ids, "book_id": self.ids["other_book"]}
        values |= {"code": "P" if endpoint in OF_POOLS else "A"}
        if endpoint.startswith(("gift_lists.", "ledgers.")):
            kind = "gifts" if endpoint.startswith("gift") else "ledger"
            values["draft_id"] = self.ids[f"{kind}_draft_id"]
        values |= other
        with self.app.test_request_context():
            given: dict[str, Any] = {name: values[name] for name in rule.arguments}
            return url_for(endpoint, **given)

    def endpoints(self, method: str) -> list[str]:
        """The endpoints that take a method, by name."""
        rules = self.app.url_map.iter_rules()
        return sorted({rule.endpoint for rule in rules if method in (rule.methods or ())})

    def rows(self) -> dict[str, int]:
        """How many rows each table has, but for the sessions that the tests began, each of which
        is logged."""
        with self.db.snapshot() as session:
            counts = dict(iter(session.execute(COUNTS)))
        return {
            table: count - self.begun if table in ("session", "rights_log") else count
            for table, count in counts.items()
        }

    def tell(self, deed: Callable[[Session], object]) -> None:
        """Change something in the town."""
        with self.db.transaction() as session:
            deed(session)


# Where a demo's sandbox would be; nothing listens there.
LEVERS = "http://127.0.0.1:1"


FILES = Path(tempfile.mkdtemp(prefix="poolbook-files-"))
atexit.register(shutil.rmtree, FILES, ignore_errors=True)


def settings_of(url: str, base_url: str = HOME, *, demo: bool = False) -> Settings:
    """Settings of a program without a payment provider."""
    return Settings(
        database_url=url,
        data=FILES,
        secret_key="a key for tests",
        base_url=base_url,
        stripe_key="",
        stripe_webhook_secret="",
        stripe_base=LEVERS if demo else STRIPE_API,
        demo=demo,
        signing_seed="5e" * 32,
    )


def found_town(
    db: Database,
    *,
    csrf: bool = False,
    demo: bool = False,
    base_url: str = HOME,
    clock: Callable[[], datetime] = lambda: NOW,
) -> Town:
    """Settle a town in an empty database and start the program on it."""
    app = create_app(settings_of(db.url, base_url, demo=demo), db=db, clock=clock)
    app.config.update(WTF_CSRF_ENABLED=csrf)
    app.test_client_class = Browser
    town = Town(app, db)
    settled = SETTLED.get(db.engine.dialect.name)
    empty = town.rows()
    if settled is not None and settled.empty == empty:
        settled.copy_to(db)
        town.people, town.ids = dict(settled.people), dict(settled.ids)
        return town
    with db.transaction() as session:
        _settle(session, town)
    if settled is None:
        SETTLED[db.engine.dialect.name] = Settled.of(town, empty)
    return town


@dataclass(frozen=True)
class Settled:
    """A town as it was settled first, to be copied: to settle one takes longer than most tests."""

    # How many rows each table had before: a database with other rows is settled in its own right.
    empty: dict[str, int]
    people: dict[str, UUID]
    ids: dict[str, str]
    # A file, or a database of the server.
    copy: str

    @classmethod
    def of(cls, town: Town, empty: dict[str, int]) -> "Settled":
        """Keep a copy of a town before anybody changes it."""
        town.db.dispose()
        if town.db.is_sqlite:
            folder = tempfile.mkdtemp(prefix="poolbook-town-")
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            copy = f"{folder}/town.db"
            with (
                closing(sqlite3.connect(_name(town.db))) as settled,
                closing(sqlite3.connect(copy)) as kept,
            ):
                settled.backup(kept)
        else:
            copy = f"poolbook_town_{uuid4().hex[:12]}"
            copy_database(_server(town.db), _name(town.db), copy)
        return cls(empty, dict(town.people), dict(town.ids), copy)

    def copy_to(self, db: Database) -> None:
        """Put the town in the place of an empty database."""
        db.dispose()
        if db.is_sqlite:
            for leftover in ("-wal", "-shm"):
                Path(_name(db) + leftover).unlink(missing_ok=True)
            shutil.copy(self.copy, _name(db))
            return
        _administer(_server(db), f'drop database "{_name(db)}" with (force)')
        copy_database(_server(db), self.copy, _name(db))


SETTLED: dict[str, Settled] = {}


def _name(db: Database) -> str:
    """The name of a database, which is a path on SQLite."""
    return make_url(db.url).database or ""


def _server(db: Database) -> str:
    return _with_database(db.url, "postgres")


def token_of(client: FlaskClient, base_url: str = HOME) -> str | None:
    """The token of the session that a browser is signed in with."""
    cookie = client.get_cookie(session_cookie.names(base_url)[0], domain=urlsplit(base_url).netloc)
    return cookie.value if cookie else None


def person_in(town: Town, client: FlaskClient) -> UUID | None:
    """Who is signed in in a browser."""
    with town.db.snapshot() as session:
        return session.scalar(
            select(SignInSession.person_id).where(
                SignInSession.token_sha256 == sha256(token_of(client) or ""),
                SignInSession.ended_at.is_(None),
            )
        )


def token_in(answer: TestResponse) -> str:
    """The CSRF token of the first form on a page."""
    start = answer.text.index('name="csrf_token" value="') + len('name="csrf_token" value="')
    return answer.text[start : answer.text.index('"', start)]


def _settle(session: Session, town: Town) -> None:
    for code in ("EQP.PROJECTOR", "MIN.ELEC"):
        ensure_commodity(session, code)
    book, other = make_book(session), make_book(session, "B")
    general = make_fund(session, book)
    solar = make_fund(session, book, "SOLAR", "purpose")
    make_fund(session, other)
    shared, _joint = make_pool(session, book, members=[("A", "SOLAR"), ("B", "GEN")])
    # A pool of the other community, which book A could join.
    make_pool(session, other, "Q", fee_basis_points=250, members=[("B", "GEN")])
    _let_in(session, town, book, shared, other)
    hours.set_rate(
        session,
        book=book,
        commodity="MIN.ELEC",
        currency="USD",
        rate_per_hour=4800,
        specialised=True,
        source="A wage table",
        valid_from_on=date(2026, 1, 1),
    )
    campaign = make_campaign(session, book, solar)
    make_campaign(
        session,
        other,
        fund_by_code(session, other.id, "GEN"),
        slug="garden",
        needs=(Need("USD", "Seeds", 10_000, 20_000),),
    )
    draft = make_campaign(session, book, solar, slug="a-draft")
    spare_draft = make_campaign(session, book, solar, slug="a-spare-draft")
    draft.state = spare_draft.state = CampaignState.DRAFT
    donor = make_party(session, "donor@example.org", "Donor")
    promised = make_pledge(session, campaign, donor)
    wanted = make_pledge(session, campaign, donor, "EQP.PROJECTOR", 1)
    spare = make_pledge(session, campaign, donor, "MIN.ELEC", 120)
    town.ids |= {
        "pledge_id": str(promised.id),
        "basket_id": str(promised.basket_id),
        "reference": promised.reference,
        "thing_reference": wanted.reference,
        "hours_reference": spare.reference,
        "other_book": str(other.id),
        "campaign_id": str(draft.id),
        "spare_draft_id": str(spare_draft.id),
    }
    _work(session, town, book)
    _things(session, town, book, other)
    town.ids["entry_id"] = str(
        cash.record_cash(
            session,
            book=book,
            counted=cash.Counted(fund=general, amount=50_000, reference="A/first", on=TODAY),
            now=NOW,
            made_by=town.people["treasurer"],
        )
    )
    _bank(session, town, book)
    town.ids["draft_id"] = sent_file(session, town, book, "statement", BANK_TABLE)
    town.ids["gifts_draft_id"] = sent_file(session, town, book, "gifts", GIFTS)
    town.ids["ledger_draft_id"] = sent_file(
        session, town, book, "ledger", LEDGER, file_name="club.journal"
    )
    _share(session, town, book, shared.id)
    _agree(session, town, book)
    _attach(session, town, book)
    owner = town.people["second treasurer"]
    create_token(session, person_id=owner, name="A script", scopes=["read-books:A"], now=NOW)
    town.ids["txn_id"] = "txn_stray"
    balance_transactions.store_transaction(session, txn=stray_payment())
    balance_transactions.suspend(session, txn_id="txn_stray", fund=general, now=NOW)
    for name, moved in WAITING.items():
        town.ids[name] = moved.id
        balance_transactions.store_transaction(session, txn=moved)
    town.ids["refund_id"] = _unanswered_refund(session, town, book)
    town.ids["token_id"] = str(tokens_of(session, person_id=owner)[0].id)
    elsewhere, _token = start_session(
        session, person_id=owner, methods=("link",), device="Firefox", now=NOW, fresh=True
    )
    town.ids["session_id"] = str(elsewhere.id)
    town.ids |= {"person_id": str(owner), "passkey_id": str(new_id())}
    town.ids["period_id"] = str(new_id())
    town.ids["soft_close_id"] = str(new_id())
    town.ids["older_id"] = town.ids["newer_id"] = town.ids["edition_id"] = str(new_id())


def _unanswered_refund(session: Session, town: Town, book: Book) -> str:
    """A refund that two people agreed to and Stripe never answered."""
    refund = Refund(
        book_id=book.id,
        pledge_id=UUID(town.ids["pledge_id"]),
        stripe_charge_id="ch_silent",
        amount=500,
        reason="Paid twice",
        state="unanswered",
        requested_by=town.people["treasurer"],
        approved_by=town.people["approver"],
        created_at=NOW,
    )
    session.add(refund)
    session.flush()
    return str(refund.id)


BANK_TABLE = b"Wann;Wer;Wieviel\n03.04.2026;Ada;20,00\n04.04.2026;Bo;-5,00\n"
LEDGER = b"2026-04-03 x\n    Assets:Bank:Club  20.00 USD\n    Income:Gifts of the club\n"
GIFTS = b"Name;E-Mail;Betrag;Datum\nAda;ada@example.org;20,00;03.04.2026\n"


def sent_file(
    session: Session, town: Town, book: Book, purpose: str, data: bytes, file_name: str = "club.csv"
) -> str:
    """Keep a file that somebody has still to say how to read."""
    return str(
        tables.keep_draft(
            session,
            book=book,
            account=1010,
            purpose=purpose,
            file_name=file_name,
            data=data,
            by=town.people["treasurer"],
            now=NOW,
        )
    )


def stray_payment() -> BalanceTransaction:
    """A payment that names no pledge."""
    return BalanceTransaction(
        id="txn_stray",
        livemode=False,
        kind="charge",
        reporting_category="charge",
        amount=2000,
        fee=88,
        net=1912,
        currency="USD",
        source_id="ch_stray",
        created_at=NOW,
        available_on=TODAY,
        body={},
    )


# What nobody but a treasurer can say the funds of: an old refund, and a payout made by hand.
WAITING = {
    name: replace(
        stray_payment(),
        id=f"txn_{category}",
        kind=category,
        reporting_category=category,
        amount=-500,
        fee=0,
        net=-500,
        source_id=source,
    )
    for name, category, source in (
        ("refund_txn", "refund", "re_before"),
        ("payout_txn", "payout", "po_by_hand"),
    )
}


def _let_in(session: Session, town: Town, book: Book, pool: Book, other: Book) -> None:
    town.people["donor"] = make_person(session, "Donor").id
    town.people[INSTALLER] = make_person(session, "Installation admin").id
    installation_admins.give(session, person_id=town.people[INSTALLER], now=NOW)
    failed = Job(
        kind="stripe_event",
        key="town",
        arguments={},
        run_at=NOW,
        attempts=12,
        error="GatewayDown",
        created_at=NOW,
        done_at=NOW,
    )
    session.add(failed)
    session.flush()
    town.ids["job_id"] = str(failed.id)
    for role in ROLES:
        person = make_person(session, role.capitalize(), book, role)
        grant_role(session, person_id=person.id, book_id=pool.id, role=role, now=NOW)
        town.people[role] = person.id
        town.people[f"other {role}"] = make_person(session, f"Other {role}", other, role).id
    for name, role in (("Second treasurer", "treasurer"), ("Second member", "member")):
        person = make_person(session, name, book, role)
        grant_role(session, person_id=person.id, book_id=pool.id, role=role, now=NOW)
        town.people[name.lower()] = person.id
    make_person(session, "Leaving member", book, "member")
    held = people_of(session, book_id=book.id, now=NOW)
    town.ids["membership_id"] = next(str(row.id) for row in held if row.name == "Leaving member")
    # What benefits A is approved by somebody who is not of A alone (invariant I-44).
    town.people["pool approver"] = make_person(session, "Pool approver", pool, "approver").id


def _work(session: Session, town: Town, book: Book) -> None:
    helper = make_party(session, "second.member@example.org", "Second member")
    for name in ("hours_id", "more_hours_id", "doubtful_hours_id"):
        row = hours.log_hours(
            session,
            book=book,
            fund=fund_by_code(session, book.id, "SOLAR"),
            party=helper,
            work=hours.Work(commodity="MIN.ELEC", minutes=60, worked_on=TODAY, description="Rails"),
            logged_by=town.people["second member"],
            now=NOW,
        )
        town.ids[name] = str(row.id)


def _things(session: Session, town: Town, book: Book, other: Book) -> None:
    def receive(quantity: int) -> UUID:
        return assets.receive_things(
            session,
            book=book,
            fund=fund_by_code(session, book.id, "GEN"),
            receipt=assets.Receipt(
                commodity="EQP.PROJECTOR",
                quantity=quantity,
                description="A projector",
                condition="B",
                received_on=TODAY,
            ),
            received_by=town.people["second member"],
            now=NOW,
        ).id

    town.ids["intake_id"] = str(receive(2))
    valued = receive(1)
    assets.propose_valuation(
        session,
        intake_id=valued,
        appraisal=assets.Appraisal(
            currency="USD",
            total=40_000,
            method="price_list",
            evidence="A shop's list",
            valued_on=TODAY,
        ),
        valued_by=town.people["second member"],
        now=NOW,
    )
    approval_request = session.scalars(
        select(ApprovalRequest).where(ApprovalRequest.kind == "valuation")
    ).one()
    town.ids["request_id"] = str(approval_request.id)
    here, lent = session.scalars(select(Asset).order_by(Asset.tag).limit(2)).all()
    loan: AssetLoan = assets.lend(
        session,
        asset_id=lent.id,
        borrower_id=other.id,
        purpose="A film night",
        lent_on=TODAY,
        due_on=TODAY,
        by=None,
        now=NOW,
    )
    town.ids |= {"asset_id": str(here.id), "loan_id": str(loan.id)}


def _bank(session: Session, town: Town, book: Book) -> None:
    accounts = [
        BankAccount(book_id=book.id, account=account, commodity="USD", name=name)
        for account, name in ((1010, "X1"), (1020, "X2"), (1020, "X3"))
    ]
    session.add_all(accounts)
    session.flush()
    statement = BankStatement(
        book_id=book.id,
        account=1010,
        bank_account_id=accounts[0].id,
        statement_ref="S",
        file_format="test",
        file_sha256="0" * 64,
        bank_account="X1",
        commodity="USD",
        opening=0,
        closing=7_300,
        opens_on=TODAY,
        closes_on=TODAY,
        imported_by=None,
        imported_at=NOW,
    )
    session.add(statement)
    session.flush()
    line = _line(session, statement, 1, 7_000, "Somebody", "With best wishes")
    matched = _line(session, statement, 2, 300, "Somebody else", "For the garden")
    matching.match_gift(session, line_id=matched.id, fund="GEN", by=None, now=NOW)
    town.ids["matched_id"] = str(matched.id)
    town.ids |= {"statement_id": str(statement.id), "line_id": str(line.id)}
    rule = BankRule(
        book_id=book.id,
        incoming=True,
        counterparty_account="",
        words="With lantern",
        meaning="gift",
        fund="GEN",
        note="For the lantern walk",
        made_by=town.people["treasurer"],
        made_at=NOW,
    )
    session.add(rule)
    session.flush()
    town.ids["rule_id"] = str(rule.id)
    town.ids |= {"account_id": str(accounts[1].id), "into_id": str(accounts[2].id)}


def _line(
    session: Session, statement: BankStatement, position: int, amount: int, name: str, text: str
) -> BankLine:
    line = BankLine(
        book_id=statement.book_id,
        statement_id=statement.id,
        account=1010,
        position=position,
        amount=amount,
        commodity="USD",
        booked_on=TODAY,
        value_on=TODAY,
        bank_reference=None,
        end_to_end_id=None,
        counterparty_name=name,
        remittance=text,
        code=None,
        fingerprint=f"f{position}",
        state="open",
    )
    session.add(line)
    session.flush()
    return line


def _share(session: Session, town: Town, book: Book, pool_id: UUID) -> None:
    general = fund_by_code(session, book.id, "GEN")
    pools.contribute(
        session,
        paid=pools.Contribution(
            pool_id=pool_id, member_id=book.id, member_fund=general, amount=9_000, reference="first"
        ),
        on=TODAY,
        now=NOW,
    )
    run = allocations.propose_allocation(
        session,
        pool_id=pool_id,
        wanted=allocations.Allocation(quantity=4_000, rule=Rule("equal"), purpose="Seeds"),
        proposed_by=town.people["second treasurer"],
        now=NOW,
    )
    asked = session.scalars(
        select(ApprovalRequest).where(ApprovalRequest.kind == "allocation")
    ).one()
    decisions.decide(
        session,
        request_id=asked.id,
        approve=True,
        decided_by=town.people["pool approver"],
        note="",
        now=NOW,
    )
    town.ids["run_id"] = str(run.id)


def _attach(session: Session, town: Town, book: Book) -> None:
    """Attach a picture to the first entry."""
    subject = subject_of(
        session, book_id=book.id, kind="entry", subject_id=UUID(town.ids["entry_id"])
    )
    picture = Inspected("image/jpeg", b"a picture", 1, b"a small picture", False)
    row = attaching.attach(
        session,
        book_id=book.id,
        subject=subject,
        file=attaching.keep(StoredFiles.of(FILES), picture),
        note="The count",
        added_by=town.people["second treasurer"],
        now=NOW,
    )
    town.ids |= {"subject_id": str(subject.id), "evidence_id": str(row.id)}


def _agree(session: Session, town: Town, book: Book) -> None:
    """Have a spending of ten dollars agreed, so that its bill can be booked."""
    row = spending.request_spending(
        session,
        book=book,
        fund=fund_by_code(session, book.id, "GEN"),
        request=spending.SpendingRequest(amount=1_000, title="Cable", reason="For the roof"),
        made_by=town.people["second treasurer"],
        now=NOW,
    )
    asked = session.scalars(select(ApprovalRequest).where(ApprovalRequest.kind == "spending")).one()
    decisions.decide(
        session,
        request_id=asked.id,
        approve=True,
        decided_by=town.people["approver"],
        note="",
        now=NOW,
    )
    town.ids["agreement"] = row.reference


def basket_of(client: FlaskClient, form_key: str) -> UUID:
    """The basket that a form made; the answer leads on, often to the payment page."""
    db: Database = client.application.extensions["poolbook"].db
    with db.snapshot() as session:
        return session.scalars(select(Basket.id).where(Basket.form_key == form_key)).one()
