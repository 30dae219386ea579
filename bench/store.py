"""A store of any size for measuring pages: one loved community among many others.

Its pledges are rows and entries that belong together, so that every page has something to show:
one giver has an eighth of all pledges, up to 5,000; half of them are fulfilled, most by bank
transfer and some through Stripe; one in ten is of equipment and open. Everything is spread over
the year that ends now, and recorded up to three days after it happened. Rows go in directly, for
a million of them; entries go through ``services.books.journal``.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import insert, select

from bench import store_work
from bench.store_work import Paid, quantity_of, unit_of
from bench.work import FIRST, NOW
from ledger.core.bookkeeping.pledges import pledge_made
from ledger.core.entry import Entry
from ledger.core.vocabulary import LegalNature
from ledger.db import Database, Session
from ledger.ids import new_id
from ledger.models.base import Base
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.journal import Entry as EntryRow
from ledger.models.parties import Party
from ledger.models.pledges import Basket, Pledge
from ledger.queries.people.parties import labels_of
from ledger.queries.people.people import person_by_email
from ledger.services.books.books import NewBook, NewFund, create_book, create_fund, ensure_commodity
from ledger.services.books.journal import Draft, post_batch
from ledger.services.books.seals import seal_all
from ledger.services.campaigns.campaigns import Need, create_campaign
from ledger.services.people.people import create_person, grant_role
from migrations import upgrade

CHUNK = 2000
YEAR = timedelta(days=365)
# One open bank line for so many pledges, unless said otherwise; and one item with a value.
PER_LINE, PER_ITEM = 100, 20
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


def fill(db: Database, pledges: int, *, books: int = BOOKS, work: int | None = None) -> Store:
    """Migrate an empty database and fill it. ``pledges`` is also how many pairs of entries there
    are; ``books`` how many communities stand beside the loved one; ``work`` how many bank lines
    wait, a hundredth of the pledges if not told."""
    upgrade(db.engine)
    people, campaign_id = db.run(lambda session: _found(session, books), decides=False)
    # What is recorded together is recorded at one instant; there are a hundred of them or more.
    chunk = max(1, min(CHUNK, pledges // 100))
    for start in range(0, pledges, chunk):
        span = range(start, min(start + chunk, pledges))
        db.run(partial(_promise, span=span, pledges=pledges), decides=False)
    work = work or max(1, pledges // PER_LINE)
    db.run(lambda session: store_work.open_lines(session, work, pledges // PER_LINE), decides=False)
    db.run(lambda session: store_work.stripe_balance(session), decides=False)
    db.run(
        lambda session: store_work.equipment(session, work // 2, pledges // PER_ITEM), decides=False
    )
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
        session,
        new=NewBook(code="A", name="The loved one", kind="community", currency="USD"),
        now=NOW,
    )
    fund = create_fund(
        session, book_id=book.id, fund=NewFund(code="GEN", fund_class="unrestricted"), now=NOW
    )
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
            new=NewBook(
                code=f"B{number:03}", name=f"Community {number}", kind="community", currency="USD"
            ),
            now=NOW,
        )
        create_fund(
            session, book_id=other.id, fund=NewFund(code="GEN", fund_class="unrestricted"), now=NOW
        )
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
    step = YEAR // pledges
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
        made = NOW - step * (pledges - number)
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
                "confirmed_at": made if number % 3 == 0 else None,
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
                "commodity": unit_of(number),
                "quantity": quantity_of(number),
                "legal_nature": "intention",
                "state": "fulfilled" if number % 2 else "open",
                "note": "",
                "created_at": made,
            }
        )
    for table, values in rows.items():
        if values:
            session.execute(insert(table), values)
    paid = [
        Paid(number, *references[number], (NOW - step * (pledges - number)).date())
        for number in span
        if number % 2
    ]
    now = NOW - step * (pledges - span[-1] - 1)
    names = labels_of(session, pledges={reference for reference, _id in references.values()})
    drafts = [
        Draft(
            _promised(number, references[number][0]).with_labels(names),
            "pledge_made",
            "pledge",
            references[number][0],
            (NOW - step * (pledges - number)).date() - timedelta(number % 4),
        )
        for number in span
    ]
    post_batch(session, drafts, now=now)
    store_work.pay(session, book, fund, paid, names, now)


def _promised(number: int, reference: str) -> Entry:
    """Return what a pledge means."""
    return pledge_made(
        book="A",
        fund="GEN",
        commodity=unit_of(number),
        quantity=quantity_of(number),
        pledge=reference,
        legal_nature=LegalNature.INTENTION,
    )[0]


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
