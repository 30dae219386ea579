"""The first book of a community: opened with a fund, what people pool, and somebody who may act."""

from dataclasses import dataclass
from datetime import datetime

from ledger.core.usual import USUAL_SKILLS, USUAL_THINGS
from ledger.db import Session
from ledger.models.books import Book
from ledger.services.books.books import NewBook, create_book, create_fund, ensure_commodity
from ledger.services.people.people import create_person, grant_role

GENERAL_FUND = "GEN"


@dataclass(frozen=True, slots=True)
class FirstBook:
    """What whoever sets up an installation is asked. ``currency`` is an ISO 4217 code,
    ``time_zone`` a name as in Europe/Berlin; the day of every entry is a day there."""

    code: str
    name: str
    currency: str
    time_zone: str
    place: str
    profile: str
    admin_email: str
    admin_name: str


def open_first_book(session: Session, *, plan: FirstBook, now: datetime) -> Book:
    """Open a community's book as planned; what is there already with the same values stays.

    Raises Invalid at the field that is wrong, Conflict for a code or a name that differs.
    """
    book = create_book(
        session,
        new=NewBook(
            code=plan.code,
            name=plan.name,
            kind="community",
            currency=plan.currency,
            profile=plan.profile,
            time_zone=plan.time_zone,
            place=plan.place,
        ),
        now=now,
    )
    create_fund(
        session,
        book_id=book.id,
        code=GENERAL_FUND,
        name="General fund",
        fund_class="unrestricted",
        now=now,
    )
    for code, one, many in (*USUAL_SKILLS, *USUAL_THINGS):
        ensure_commodity(session, code, singular=one, plural=many)
    admin = create_person(session, email=plan.admin_email, name=plan.admin_name, now=now)
    grant_role(session, person_id=admin.id, book_id=book.id, role="admin", now=now)
    return book
