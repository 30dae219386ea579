"""The first book of a community: opened with a fund, what people pool, and somebody who may act."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core.usual import USUAL_SKILLS, USUAL_THINGS
from ledger.core.vocabulary import BookKind, FundClass, Role
from ledger.db import Session
from ledger.errors import Conflict
from ledger.models.books import Book
from ledger.models.rights_log import RightsKind
from ledger.services.books.books import NewBook, NewFund, create_book, create_fund, ensure_commodity
from ledger.services.people import installation_admins
from ledger.services.people.people import create_person, grant_role
from ledger.services.people.rights_log import record

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


def open_further_book(session: Session, *, plan: FirstBook, made_by: UUID, now: datetime) -> Book:
    """Open one more community's book as planned, for somebody who has no rights in any.

    Raises as ``open_first_book``, and Conflict for a code that is taken, also with the same
    values: whoever may open a book may not give themselves a role in one that is there.
    """
    if session.scalar(select(Book.id).where(Book.code == plan.code)) is not None:
        raise Conflict("Another book already has the code {code}.", place="code", code=plan.code)
    book = open_first_book(session, plan=plan, now=now)
    record(
        session,
        kind=RightsKind.SETTING_CHANGED,
        actor=made_by,
        book=book.id,
        about={"setting": "book", "to": plan.code},
        now=now,
    )
    return book


def open_first_book(session: Session, *, plan: FirstBook, now: datetime) -> Book:
    """Open a community's book as planned; what is there already with the same values stays.

    Raises Invalid at the field that is wrong, Conflict for a code or a name that differs.
    """
    book = create_book(
        session,
        new=NewBook(
            code=plan.code,
            name=plan.name,
            kind=BookKind.COMMUNITY,
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
        fund=NewFund(code=GENERAL_FUND, name="General fund", fund_class=FundClass.UNRESTRICTED),
        now=now,
    )
    for code, one, many in (*USUAL_SKILLS, *USUAL_THINGS):
        ensure_commodity(session, code, singular=one, plural=many)
    admin = create_person(session, email=plan.admin_email, name=plan.admin_name, now=now)
    grant_role(session, person_id=admin.id, book_id=book.id, role=Role.ADMIN, now=now)
    installation_admins.give_to_first(session, person_id=admin.id, now=now)
    return book
