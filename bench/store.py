"""A store of any size for measuring pages: one loved community among many others.

Its pledges are rows and entries that belong together, so that every page has something to show:
one party in ten has an eighth of all pledges, half of them are fulfilled by bank transfer. Rows
go in directly, for a million of them; entries go through ``services.journal``.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import insert, select

from bench.work import FIRST, NOW
from ledger.core.bookkeeping.pledges import pledge_made
from ledger.core.entry import Entry, Posting
from ledger.db import Database, Session
from ledger.ids import new_id
from ledger.models.assets import Asset, Intake
from ledger.models.base import Base
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.journal import Entry as EntryRow
from ledger.models.parties import Party
from ledger.models.pledges import Basket, Fulfilment, Pledge
from ledger.models.statements import BankLine, BankStatement, Match
from ledger.queries.parties import labels_of
from ledger.queries.people import person_by_email
from ledger.services.books import create_book, create_fund, ensure_commodity
from ledger.services.campaigns import Need, create_campaign
from ledger.services.journal import Draft, post_batch
from ledger.services.people import create_person, grant_role
from ledger.services.seals import seal_all
from migrations import upgrade

CHUNK = 2000
MEMO = (9110, 9190)
# One open bank line, one parked one and one piece of equipment for so many pledges.
PER_LINE, PER_PARKED, PER_ITEM = 100, 200, 100
# The donor whose own page is measured has at most so many pledges.
MOST_OF_ONE = 5000
BOOKS = 375


@dataclass(frozen=True, slots=True)
class Store:
    """What the pages of a store are about."""

    people: dict[str, UUID]
    slug: str
    entry_id: UUID
    basket_id: UUID


def fill(db: Database, pledges: int, *, books: int = BOOKS) -> Store:
    """Migrate an empty database and fill it. ``pledges`` is also how many pairs of entries there
    are; ``books`` how many communities stand beside the loved one."""
    upgrade(db.engine)
    people, campaign_id = db.run(lambda session: _found(session, books), decides=False)
    for start in range(0, pledges, CHUNK):
        span = range(start, min(start + CHUNK, pledges))
        db.run(lambda session, span=span: _promise(session, span, pledges), decides=False)
    db.run(lambda session: _bank(session, pledges), decides=False)
    db.run(lambda session: _equipment(session, pledges), decides=False)
    while db.run(seal_all):
        pass
    with db.snapshot() as session:
        slug = session.get_one(Campaign, campaign_id).slug
        entry_id = session.scalars(select(EntryRow.id).limit(1)).one()
        basket_id = session.scalars(select(Basket.id).order_by(Basket.created_at).limit(1)).one()
    return Store(people, slug, entry_id, basket_id)


def _found(session: Session, books: int) -> tuple[dict[str, UUID], UUID]:
    ensure_commodity(session, "EQP.CHAIR")
    ensure_commodity(session, "MIN.ELEC")
    book = create_book(
        session, code="A", name="The loved one", kind="community", currency="USD", now=NOW
    )
    fund = create_fund(session, book_id=book.id, code="GEN", fund_class="unrestricted", now=NOW)
    people = {"donor": create_person(session, email="donor@example.org", name="Donor", now=NOW).id}
    for role in ("member", "treasurer", "approver", "auditor", "admin"):
        person = create_person(session, email=f"{role}@example.org", name=role, now=NOW)
        grant_role(session, person_id=person.id, book_id=book.id, role=role, now=NOW)
        people[role] = person.id
    keeper = create_person(session, email="keeper@example.org", name="Keeper of all", now=NOW)
    people["member of all"] = keeper.id
    for number in range(books):
        other = create_book(
            session,
            code=f"B{number:03}",
            name=f"Community {number}",
            kind="community",
            currency="USD",
            now=NOW,
        )
        create_fund(session, book_id=other.id, code="GEN", fund_class="unrestricted", now=NOW)
        grant_role(session, person_id=keeper.id, book_id=other.id, role="member", now=NOW)
    campaign = create_campaign(
        session,
        book=book,
        fund=fund,
        slug="roof",
        title="A roof",
        summary="A roof for the hall",
        story="A roof that pays for itself.",
        mode="keep_what_you_raise",
        commodity="USD",
        opens_on=FIRST,
        deadline_on=date(2027, 12, 31),
        needs=(
            Need("USD", "Tiles", 5_000_000, 8_000_000),
            Need("MIN.ELEC", "Electricians", 60, 60),
        ),
        now=NOW,
    )
    return people, campaign.id


def _promise(session: Session, span: range, pledges: int) -> None:
    """Make pledges with baskets, parties and entries; every second one has been paid."""
    book = session.scalars(select(Book).where(Book.code == "A")).one()
    fund = session.scalars(select(Fund).where(Fund.book_id == book.id)).one()
    campaign = session.scalars(select(Campaign)).one()
    rows: dict[type[Base], list[dict[str, object]]] = {Party: [], Basket: [], Pledge: []}
    loved = session.scalar(select(Party.id).where(Party.email == "donor@example.org"))
    if loved is None:
        loved = new_id()
        rows[Party].append(_party(loved, "donor@example.org", 0))
        person = person_by_email(session, "donor@example.org")
        rows[Party][0]["person_id"] = person.id if person else None
    references: dict[int, tuple[str, UUID]] = {}
    for number in span:
        own = number % 8 == 0 and number // 8 < MOST_OF_ONE
        party = loved if own else new_id()
        if not own:
            rows[Party].append(_party(party, f"giver{number}@example.org", number))
        basket, pledge, reference = new_id(), new_id(), f"P-{number:07}"
        references[number] = reference, pledge
        made = NOW - timedelta(minutes=pledges - number)
        rows[Basket].append(
            {
                "id": basket,
                "book_id": book.id,
                "campaign_id": campaign.id,
                "party_id": party,
                "form_key": str(basket),
                "message": "",
                "consent": "initials",
                "created_at": made,
            }
        )
        rows[Pledge].append(
            {
                "id": pledge,
                "book_id": book.id,
                "fund_id": fund.id,
                "campaign_id": campaign.id,
                "basket_id": basket,
                "party_id": party,
                "reference": reference,
                "commodity": "USD",
                "quantity": _cents(number),
                "legal_nature": "intention",
                "state": "fulfilled" if number % 2 else "open",
                "note": "",
                "created_at": made,
            }
        )
    for table, values in rows.items():
        if values:
            session.execute(insert(table), values)
    names = labels_of(session, pledges={reference for reference, _id in references.values()})
    drafts = [
        draft
        for number, (reference, _id) in references.items()
        for draft in _entries(number, reference, names)
    ]
    ids = dict(
        zip(
            [draft.external_ref for draft in drafts],
            post_batch(session, drafts, now=NOW).ids,
            strict=True,
        )
    )
    done = [
        {
            "id": new_id(),
            "book_id": book.id,
            "pledge_id": pledge,
            "entry_id": ids[f"{reference}/paid"],
            "quantity": _cents(number),
            "source": "bank_line",
            "source_ref": reference,
            "created_at": NOW,
        }
        for number, (reference, pledge) in references.items()
        if number % 2
    ]
    if done:
        session.execute(insert(Fulfilment), done)


def _party(party: UUID, email: str, number: int) -> dict[str, object]:
    return {
        "id": party,
        "reference": party.hex,
        "kind": "individual",
        "name": f"Giver {number}",
        "email": email,
        "person_id": None,
        "consent": "initials",
        "salt": party.hex * 2,
        "created_at": NOW,
    }


def _entries(number: int, reference: str, names: dict[str, dict[str, str]]) -> list[Draft]:
    """Return what a pledge means, and what its payment does."""
    day = FIRST + timedelta(number % 365)
    cents = _cents(number)
    promised = pledge_made(
        book="A",
        fund="GEN",
        commodity="USD",
        quantity=cents,
        pledge=reference,
        legal_nature="intention",
    )
    drafts = [Draft(promised[0].with_labels(names), "pledge_made", "pledge", reference, day)]
    if number % 2:
        legs = (
            Posting(MEMO[1], "GEN", "USD", cents, pledge=reference),
            Posting(MEMO[0], "GEN", "USD", -cents, pledge=reference),
            Posting(1010, "GEN", "USD", cents),
            Posting(4010, "GEN", "USD", -cents, pledge=reference, campaign="roof"),
        )
        paid = Entry("A", legs).with_labels(names)
        drafts.append(Draft(paid, "transfer_received", "bank", f"{reference}/paid", day))
    return drafts


def _bank(session: Session, pledges: int) -> None:
    """Leave bank lines open, and some that are booked as nobody's yet."""
    book = session.scalars(select(Book).where(Book.code == "A")).one()
    statement = new_id()
    many = max(1, pledges // PER_LINE)
    parked = max(1, pledges // PER_PARKED)
    session.execute(
        insert(BankStatement),
        {
            "id": statement,
            "book_id": book.id,
            "account": 1010,
            "statement_ref": "bench",
            "file_format": "camt.053",
            "file_sha256": "0" * 64,
            "bank_account": "DE02120300000000202051",
            "commodity": "USD",
            "opening": 0,
            "closing": 0,
            "opens_on": FIRST,
            "closes_on": NOW.date(),
            "imported_at": NOW,
        },
    )
    lines = [
        {
            "id": new_id(),
            "book_id": book.id,
            "statement_id": statement,
            "account": 1010,
            "position": number,
            "amount": 1000 + number,
            "commodity": "USD",
            "booked_on": FIRST + timedelta(number % 365),
            "counterparty_name": f"Giver {number}",
            "remittance": f"For the roof, {number}",
            "fingerprint": f"line {number}",
            "state": "open" if number < many else "matched",
        }
        for number in range(many + parked)
    ]
    session.execute(insert(BankLine), lines)
    drafts = [
        Draft(
            Entry(
                "A",
                (
                    Posting(1010, "GEN", "USD", int(str(line["amount"]))),
                    Posting(2190, "GEN", "USD", -int(str(line["amount"]))),
                ),
            ),
            "unidentified_receipt",
            "bank",
            str(line["id"]),
            FIRST,
        )
        for line in lines[many:]
    ]
    posted = post_batch(session, drafts, now=NOW)
    session.execute(
        insert(Match),
        [
            {
                "id": new_id(),
                "book_id": book.id,
                "bank_line_id": line["id"],
                "entry_id": entry_id,
                "rule": "unidentified",
                "made_at": NOW,
            }
            for line, entry_id in zip(lines[many:], posted.ids, strict=True)
        ],
    )


def _equipment(session: Session, pledges: int) -> None:
    """Put equipment on the register, every second item still without a value."""
    book = session.scalars(select(Book).where(Book.code == "A")).one()
    fund = session.scalars(select(Fund).where(Fund.book_id == book.id)).one()
    numbers = range(max(1, pledges // PER_ITEM))
    intakes = {number: new_id() for number in numbers}
    common = {"book_id": book.id, "fund_id": fund.id, "commodity": "EQP.CHAIR"}
    session.execute(
        insert(Intake),
        [
            {
                **common,
                "id": intakes[number],
                "quantity": 1,
                "received_on": FIRST,
                "created_at": NOW,
            }
            for number in numbers
        ],
    )
    session.execute(
        insert(Asset),
        [
            {
                **common,
                "id": new_id(),
                "tag": f"CHAIR-{number:06}",
                "description": "A chair",
                "condition": "B",
                "state": "in_custody",
                "intake_id": intakes[number],
                "cost": 0,
                "depreciated": 0,
                "impaired": 0,
            }
            for number in numbers
        ],
    )


def _cents(number: int) -> int:
    return 500 + number % 9999
