"""Open books and funds, and make commodities known.

Making what is already there with the same values changes nothing; other values are refused.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import insert, select

from ledger.core.accounts import CHART
from ledger.core.amount import decimals, is_currency, is_holding
from ledger.core.bounds import LONGEST_LINE, LONGEST_TEXT, check_text
from ledger.core.policies import Profile
from ledger.core.vocabulary import AccountKind, BookKind, CommodityKind, FundClass
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import (
    Account,
    Book,
    Commodity,
    Fund,
)
from ledger.models.rights_log import RightsKind
from ledger.queries.books.seals import log_size
from ledger.services.people.rights_log import record

CODE_LENGTH = 32
KIND_BY_THOUSANDS = {
    1: AccountKind.ASSET,
    2: AccountKind.LIABILITY,
    3: AccountKind.EQUITY,
    4: AccountKind.INCOME,
    5: AccountKind.EXPENSE,
    6: AccountKind.EXPENSE,
}
COMMODITY_KINDS = {
    "MIN": CommodityKind.TIME,
    "EQP": CommodityKind.ITEM,
    "GRM": CommodityKind.BULK,
    "MLT": CommodityKind.BULK,
}


@dataclass(frozen=True, slots=True)
class NewBook:
    """A book that is to be opened; its entries are dated in its time zone."""

    code: str
    name: str
    kind: str
    currency: str
    profile: str = "US_GAAP"
    time_zone: str = "UTC"
    place: str = ""
    story: str = ""


def create_book(session: Session, *, new: NewBook, now: datetime) -> Book:
    """Open a book with the chart of accounts. Raises Invalid for a bad value, Conflict when
    the code is taken by a book that differs."""
    check_code(new.code, "code")
    _check_choice(new.kind, tuple(BookKind), "kind")
    _check_choice(new.profile, tuple(Profile), "profile")
    check_time_zone(new.time_zone)
    if not new.name.strip():
        raise Invalid("Enter a name for the book.", place="name")
    check_text(new.name, longest=LONGEST_LINE, place="name")
    ensure_commodity(session, new.currency)
    if not is_currency(new.currency):
        raise Invalid("Choose a currency for the book.", place="currency")
    existing = session.scalar(select(Book).where(Book.code == new.code))
    if existing is not None:
        if (existing.name, existing.kind, existing.commodity, existing.profile) != (
            new.name,
            new.kind,
            new.currency,
            new.profile,
        ) or new.time_zone not in ("UTC", existing.time_zone):
            raise Conflict("Another book already has the code {code}.", place="code", code=new.code)
        return existing
    book = Book(
        code=new.code,
        name=new.name,
        kind=BookKind(new.kind),
        commodity=new.currency,
        profile=Profile(new.profile),
        time_zone=new.time_zone,
        place=new.place,
        story=new.story,
        created_at=now,
    )
    session.add(book)
    session.flush()
    session.execute(
        insert(Account),
        [
            {
                "book_id": book.id,
                "number": account.number,
                "name": account.name,
                "kind": account.kind,
                "inter_book": account.inter_book,
                "is_loss": account.is_loss,
            }
            for account in CHART
        ],
    )
    return book


def describe(
    session: Session,
    *,
    book: Book,
    name: str,
    place: str,
    story: str,
    time_zone: str,
    now: datetime,
    made_by: UUID | None,
) -> None:
    """Change what the public reads about a book, and its time zone while nothing is sealed.

    Raises Invalid at the field that is wrong, Conflict for another time zone once the book's log
    has begun.
    """
    if not name.strip():
        raise Invalid("Enter a name for the book.", place="name")
    check_text(name, longest=LONGEST_LINE, place="name")
    check_text(place, longest=LONGEST_LINE, place="place")
    check_text(story, longest=LONGEST_TEXT, place="story")
    if time_zone != book.time_zone:
        correct_time_zone(session, book=book, time_zone=time_zone, now=now, made_by=made_by)
    for setting, text in (("name", name), ("place", place), ("story", story)):
        if getattr(book, setting) != text:
            setattr(book, setting, text)
            record(
                session,
                kind=RightsKind.SETTING_CHANGED,
                actor=made_by,
                book=book.id,
                about={"setting": setting},
                now=now,
            )
    session.flush()


def add_kind(session: Session, *, prefix: str, singular: str, plural: str) -> Commodity:
    """Make a skill (MIN) or a kind of equipment (EQP) known by what it is called.

    Raises Invalid for a name that gives no code, Conflict when there is one of that name.
    """
    plain = unicodedata.normalize("NFKD", singular).encode("ascii", "ignore").decode()
    tail = "_".join(re.findall(r"[A-Z0-9]+", plain.upper()))[: CODE_LENGTH - len(prefix) - 1]
    if not tail.strip("_"):
        raise Invalid(
            "Enter a name with letters from A to Z, for example ladder.", place="singular"
        )
    code = f"{prefix}.{tail.strip('_')}"
    if session.get(Commodity, code) is not None:
        raise Conflict("This name is already in use.", place="singular")
    return ensure_commodity(session, code, singular=singular, plural=plural)


def correct_time_zone(
    session: Session,
    *,
    book: Book,
    time_zone: str,
    now: datetime,
    made_by: UUID | None = None,
) -> None:
    """Say where a book is kept: the day of an entry is a day there.

    The first leaf of a book's log names its time zone, so that it stays once anything is sealed.
    Raises Invalid for no time zone, Conflict once the log has begun.
    """
    check_time_zone(time_zone)
    if log_size(session, book.id):
        raise Conflict(
            "This book's log is sealed with the time zone {time_zone}, so it cannot be changed.",
            place="time_zone",
            time_zone=book.time_zone,
        )
    book.time_zone = time_zone
    session.flush()
    record(
        session,
        kind=RightsKind.SETTING_CHANGED,
        actor=made_by,
        book=book.id,
        about={"setting": "time_zone", "to": time_zone},
        now=now,
    )


def check_time_zone(time_zone: str) -> None:
    """Refuse what names no time zone. Raises Invalid."""
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(
            "There is no time zone {time_zone!r}. Enter one like Europe/Berlin.",
            place="time_zone",
            time_zone=time_zone[:40],
        ) from error


@dataclass(frozen=True, slots=True)
class NewFund:
    """A fund that is to be opened: its restriction, and until when where that ends by time; called
    like its code where no name is given. One of ``negative_allowed`` may be overdrawn."""

    code: str
    fund_class: str
    name: str = ""
    purpose: str = ""
    restriction_until_on: date | None = None
    negative_allowed: bool = False


def create_fund(session: Session, *, book_id: UUID, fund: NewFund, now: datetime) -> Fund:
    """Open a fund in a book. Raises Invalid, or Conflict when the code names another fund."""
    check_code(fund.code, "code")
    _check_choice(fund.fund_class, tuple(FundClass), "class")
    check_text(fund.name, longest=LONGEST_LINE, place="name")
    existing = session.scalar(select(Fund).where(Fund.book_id == book_id, Fund.code == fund.code))
    if existing is not None:
        if existing.fund_class != fund.fund_class or (fund.name and existing.name != fund.name):
            raise Conflict(
                "Another fund already has the code {code}.", place="code", code=fund.code
            )
        return existing
    row = Fund(
        book_id=book_id,
        code=fund.code,
        name=fund.name or fund.code,
        fund_class=FundClass(fund.fund_class),
        purpose=fund.purpose,
        restriction_until_on=fund.restriction_until_on,
        negative_allowed=fund.negative_allowed,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def open_account(session: Session, *, book: Book, number: int, name: str) -> Account:
    """Add an account to a book's chart; it stays for good, with its name.

    Raises Invalid for a number that is not of value (1000 to 6999), Conflict when the number is
    another account's.
    """
    kind = KIND_BY_THOUSANDS.get(number // 1000)
    if kind is None:
        raise Invalid("You can add accounts from 1000 to 6999.", place="number")
    if not name.strip() or not name.isprintable():
        raise Invalid("Enter a name for the account, using visible characters only.", place="name")
    existing = session.get(Account, (book.id, number))
    if existing is not None:
        if existing.name != name:
            raise Conflict(
                "Account {number} is already named {name}, not {name2}.",
                place="number",
                number=number,
                name=existing.name,
                name2=name,
            )
        return existing
    account = Account(
        book_id=book.id, number=number, name=name, kind=kind, inter_book=False, is_loss=False
    )
    session.add(account)
    session.flush()
    return account


def ensure_commodity(
    session: Session, code: str, *, singular: str = "", plural: str = ""
) -> Commodity:
    """Make a commodity known. Raises Invalid for a code of no known kind (domain section 3.1)."""
    existing = session.get(Commodity, code)
    if existing is not None:
        return existing
    if is_currency(code):
        commodity = Commodity(
            code=code,
            kind=CommodityKind.CURRENCY,
            exponent=decimals(code),
            singular=code,
            plural=code,
        )
    elif is_holding(code):
        noun = singular or code.split(".", 1)[1].replace("_", " ").lower()
        commodity = Commodity(
            code=code,
            kind=CommodityKind.HOLDING,
            exponent=decimals(code),
            singular=noun,
            plural=plural or noun,
        )
    else:
        prefix, _, tail = code.partition(".")
        if prefix not in COMMODITY_KINDS or not tail or not _plain(tail):
            raise Invalid("{code} is not a valid commodity code.", place="commodity", code=code)
        noun = singular or tail.replace("_", " ").lower()
        commodity = Commodity(
            code=code,
            kind=COMMODITY_KINDS[prefix],
            exponent=0,
            singular=noun,
            plural=plural or noun,
        )
    session.add(commodity)
    session.flush()
    return commodity


def check_own_fund(book: Book, fund: Fund, *, place: str = "fund") -> None:
    """Refuse a fund that cannot own what comes in: of another book, closed, or an agency fund.

    An agency fund holds the money of others and never has net assets (invariant I-12). Raises
    Invalid at ``place``.
    """
    if fund.book_id != book.id:
        raise Invalid("This fund belongs to another book.", place=place)
    if fund.closed_on is not None:
        raise Invalid(
            "The fund {code} is closed. An admin can open it again in the settings.",
            place=place,
            code=fund.code,
        )
    if fund.fund_class == FundClass.AGENCY:
        raise Invalid(
            "This is an agency fund. It holds money for others and cannot own anything.",
            place=place,
        )


def _plain(text: str) -> bool:
    return text.isascii() and text.replace("_", "").replace("-", "").isalnum() and text.isupper()


def check_code(code: str, place: str) -> None:
    """Refuse a code that addresses and files could not hold. Raises Invalid at ``place``."""
    if not code or len(code) > CODE_LENGTH or not _plain(code.upper()):
        raise Invalid(
            "{code!r} is not a valid code. Use up to {code_length} letters, digits, hyphens "
            "and underscores.",
            place=place,
            code_length=CODE_LENGTH,
            code=code[:40],
        )


def _check_choice(value: str, choices: tuple[str, ...], place: str) -> None:
    if value not in choices:
        raise Invalid(
            "{value!r} is not valid. Choose one of {choices}.",
            place=place,
            value=value,
            choices=", ".join(choices),
        )
