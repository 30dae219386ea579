"""After somebody is erased, no string of theirs is anywhere, and the books are as they were."""

import io
import sqlite3
import zipfile
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.engine import make_url

from ledger.core.leaf import commit_to
from ledger.db import Database, Session
from ledger.errors import Conflict, NotFound
from ledger.ids import new_id
from ledger.links import Links
from ledger.models import Base
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.models.factors import Passkey
from ledger.models.journal import Annotation, Posting
from ledger.models.parties import Party
from ledger.models.people import ApiToken, SignInLink
from ledger.models.pledges import Pledge
from ledger.models.statements import BankLine, BankLinePart, BankStatement, Match, MatchRule
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.books import book_by_code
from ledger.queries.books.seals import first_difference
from ledger.queries.people.parties import kept_about
from ledger.services.banking.cash import Counted, record_cash
from ledger.services.books.seals import make_checkpoint
from ledger.services.jobs import rate_limits
from ledger.services.people.people import send
from ledger.services.people.sign_in_links import Asked, request_link
from ledger.services.people.tokens import create_token
from ledger.services.pledges.offers import Line
from ledger.services.pledges.pledges import PledgeRequest, make_pledges
from ledger.services.workflow.backups import write_backup
from ledger.services.workflow.erasures import GONE, Erased, erase
from reports import verify
from reports.bundle import make_bundle
from reports.exports import FORMATS, export_journal
from tests.conftest import NOW
from tests.factories import make_book, make_campaign, make_fund, make_party, make_person
from tests.reports.test_proof import SIGNER

HERS = (
    "Zsuzsanna Qvist",
    "zsuzsanna.qvist@example.org",
    "QVIST ZSUZSANNA",
    "For my late brother Balthazar",
    "Her walking stick is purple",
    "Mended the purple gate",
    "From my savings at Zeppelin",
    "Zeppelin Laptop",
    "Zsuzsanna Qvist asked twice",
    "The purple telephone",
)


@pytest.fixture
def town(db: Database) -> Database:
    """A book in which she gave, worked, wrote and was written about."""
    with db.transaction() as session:
        fill(session)
    return db


def fill(session: Session) -> None:
    book = make_book(session)
    fund = make_fund(session, book)
    tess = make_person(session, "Tess Books", book, "treasurer")
    name, address = HERS[0], HERS[1]
    person = make_person(session, name)
    assert person.email == address
    campaign = make_campaign(session, book, fund)
    make_party(session)
    party = make_party(session, address, name)
    party.person_id = person.id
    basket = make_pledges(
        session,
        campaign=campaign,
        party=party,
        request=PledgeRequest(
            lines=[Line("USD", 5000)], form_key="hers", message=HERS[3], consent="name"
        ),
        now=NOW,
    )
    pledge = session.scalars(select(Pledge).where(Pledge.basket_id == basket.id)).one()
    pledge.note = HERS[4]
    record_cash(
        session,
        book=book,
        counted=Counted(fund=fund, amount=2000, on=NOW.date(), reference="c-1"),
        pledge=pledge,
        made_by=tess.id,
        now=NOW,
    )
    asked = Asked(rate_limits.visitor("192.0.2.1"), Links("https://x.example", "a key"))
    request_link(session, email=address, asked=asked, now=NOW)
    send(
        session,
        to_email="tess.books@example.org",
        subject="Contribution",
        body=f"{name} gave",
        now=NOW,
    )
    create_token(session, person_id=person.id, name=HERS[7], scopes=["read-books:A"], now=NOW)
    passkey = Passkey(person_id=person.id, credential_id="01", public_key="02", label=HERS[9])
    passkey.sign_count, passkey.transports, passkey.backed_up = 0, [], False
    passkey.created_at = NOW
    session.add(passkey)
    session.add(
        ApprovalRequest(
            book_id=book.id,
            kind="refund",
            title="A refund",
            reason=HERS[8],
            arguments={"refund": str(new_id()), "to": address.upper()},
            state="open",
            made_by=tess.id,
            made_at=NOW,
        )
    )
    entry_id = session.scalars(
        select(Posting.entry_id).where(Posting.pledge.is_not(None)).limit(1)
    ).one()
    session.add(Annotation(book_id=book.id, entry_id=entry_id, text=HERS[5], made_at=NOW))
    bank_line(session, book, entry_id)


def bank_line(session: Session, book: Book, entry_id: UUID) -> None:
    """Her transfer as the bank told it, tied to the entry."""
    statement = BankStatement(
        book_id=book.id,
        account=1010,
        statement_ref="1",
        file_format="camt",
        file_sha256="0",
        bank_account="X",
        commodity="USD",
        opening=0,
        closing=2000,
        imported_at=NOW,
    )
    session.add(statement)
    session.flush()
    line = BankLine(
        book_id=book.id,
        statement_id=statement.id,
        account=1010,
        position=0,
        amount=2000,
        commodity="USD",
        booked_on=NOW.date(),
        counterparty_name=HERS[2],
        counterparty_account=HERS[6],
        remittance=HERS[6],
        through=HERS[6],
        fingerprint="1",
        state="matched",
    )
    session.add(line)
    session.flush()
    parts = [
        BankLinePart(
            book_id=book.id,
            bank_line_id=line.id,
            position=number,
            amount=1000,
            counterparty_name=name,
            counterparty_account=name,
            remittance=name,
            state="matched",
        )
        for number, name in enumerate((HERS[6], "Somebody else's words"), start=1)
    ]
    session.add_all(parts)
    session.flush()
    session.add(
        Match(
            book_id=book.id,
            bank_line_id=line.id,
            part_id=parts[0].id,
            entry_id=entry_id,
            rule=MatchRule.GIFT,
            made_at=NOW,
        )
    )


def everything(db: Database) -> str:
    """Return all that is kept or given out, as one text in which any string would be found."""
    parts: list[bytes] = []
    path = make_url(db.url).database
    if db.is_sqlite and path:
        parts += [file.read_bytes() for file in (Path(path), Path(f"{path}-wal")) if file.exists()]
    with db.snapshot() as session:
        for table in Base.metadata.sorted_tables:
            rows = session.connection().execute(select(table)).all()
            parts.append(repr(rows).encode())
        out = io.BytesIO()
        write_backup(session, out, revision="0")
        with zipfile.ZipFile(out) as archive:
            parts += [archive.read(name) for name in archive.namelist()]
        book = book_by_code(session, "A")
        for file_format in FORMATS:
            written = io.StringIO()
            export_journal(session, book=book, file_format=file_format, out=written)
            parts.append(written.getvalue().encode())
    parts.append(bundle(db)[0])
    return b"\n".join(parts).decode("utf-8", "replace").lower()


def bundle(db: Database) -> tuple[bytes, str]:
    with db.transaction() as session:
        book = book_by_code(session, "A")
        row = make_checkpoint(session, book=book, signer=SIGNER, now=NOW)
        return make_bundle(session, book=book, checkpoint=row, signer=SIGNER), row.note


def hers_in(found: str) -> set[str]:
    return {word for word in HERS if word.lower() in found}


def erased(db: Database) -> Erased:
    with db.transaction() as session:
        done = erase(session, email=HERS[1], now=NOW)
    assert db.flush_log()
    return done


def test_nothing_of_hers_is_left_and_the_books_stay(town: Database) -> None:
    assert hers_in(everything(town)) == set(HERS), "the control: the search finds them all"
    with town.snapshot() as session:
        party = session.scalars(select(Party).where(Party.email == HERS[1])).one()
        salt, reference = party.salt, party.reference
        book_id = book_by_code(session, "A").id
        before = [
            row for row in trial_balance(session, book_id=book_id) if row.layer.value == "FIN"
        ]
        named = set(session.scalars(select(Posting.party).where(Posting.party.is_not(None))))
    assert named == {commit_to(str(salt), reference)}
    old, note = bundle(town)
    done = erased(town)
    assert (done.parties, done.pledges) == (1, 1)
    found = everything(town)
    assert hers_in(found) == set()
    assert str(salt) not in found
    assert GONE in found, "what others wrote of her is still there, without her"
    assert "somebody else's words" in found.lower()
    with town.snapshot() as session:
        after = [row for row in trial_balance(session, book_id=book_id) if row.layer.value == "FIN"]
        assert after == before
        assert first_difference(session, book_id)[1] is None
        assert session.scalars(select(Pledge.state)).one() == "cancelled"
        assert session.scalars(select(Party.email).where(Party.name != "")).all() == [
            "ada@example.org"
        ]
        for table in (ApiToken, SignInLink, Annotation):
            assert session.scalars(select(table)).all() == []
    new, _note = bundle(town)
    assert verify.answer(new, since=note.encode())["ok"]
    assert verify.answer(new, since=old)["ok"]
    assert verify.answer(old)["ok"]
    with pytest.raises(NotFound), town.transaction() as session:
        erase(session, email=HERS[1], now=NOW)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_secure_delete_her_name_would_still_be_in_the_file(town: Database) -> None:
    """The control: the file is searched, not only what the tables show."""

    @event.listens_for(town.engine, "connect")
    def careless(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("pragma secure_delete = off")

    town.engine.dispose()
    erased(town)
    assert hers_in(everything(town)) != set()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_emptying_the_log_her_name_would_still_be_in_it(town: Database) -> None:
    with town.transaction() as session:
        erase(session, email=HERS[1], now=NOW)
    assert hers_in(everything(town)) != set()
    assert town.flush_log()
    assert hers_in(everything(town)) == set()


def test_a_namesake_keeps_their_name(town: Database) -> None:
    with town.transaction() as session:
        make_party(session, "another@example.org", HERS[0])
    erased(town)
    with town.snapshot() as session:
        names = session.scalars(select(Party.name).order_by(Party.name)).all()
    assert names == ["", "Ada Hill", HERS[0]]


def test_who_holds_a_role_or_owes_a_promise_is_not_erased(town: Database) -> None:
    with town.transaction() as session:
        with pytest.raises(Conflict, match="role"):
            erase(session, email="tess.books@example.org", now=NOW)
        session.execute(text("update pledge set legal_nature = 'unconditional'"))
        with pytest.raises(Conflict, match="still owed"):
            erase(session, email=HERS[1], now=NOW)


def test_what_is_kept_about_her_can_be_taken_along(town: Database) -> None:
    with town.snapshot() as session:
        party = session.scalars(select(Party).where(Party.email == HERS[1])).one()
        assert party.person_id is not None
        kept = kept_about(session, person_id=party.person_id)
    assert (kept["name"], kept["email"]) == HERS[:2]
    assert kept["pledges"][0]["message"] == HERS[3]
    assert kept["pledges"][0]["note"] == HERS[4]
    assert kept["tokens"] == [HERS[7]]
    assert date.fromisoformat(kept["known_since"][:10]) == NOW.date()
