"""Money kept in another currency: received, sold, and revalued at a closing rate (events FX).

Rates are whole millionths of the book's major unit for one of the other, so that 1.0850 is
1085000 and no fraction is ever stored. What a rate makes of an amount is rounded half to even.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.currencies import exponent
from ledger.core.entry import Entry
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Book, Fund
from ledger.queries.books.balances import balance_of
from ledger.queries.books.funds import on_account
from ledger.services.books import journal
from ledger.services.books.books import check_own_fund, ensure_commodity

MILLION = 1_000_000
SOURCE = "exchange"


def converted(amount: int, foreign: str, own: str, rate_millionths: int) -> int:
    """Return what an amount of another currency is worth, in minor units of the book's own."""
    above: int = amount * rate_millionths * 10 ** exponent(own)
    below: int = MILLION * 10 ** exponent(foreign)
    whole, rest = divmod(above, below)
    return whole + (2 * rest > below or (2 * rest == below and whole % 2 == 1))


@dataclass(frozen=True, slots=True)
class ForeignGift:
    """What came in another currency, in its minor units, and what one unit of it is worth."""

    foreign: str
    amount: int
    rate_millionths: int
    reference: str


@dataclass(frozen=True, slots=True)
class ForeignSale:
    """What was sold of another currency and what came for it, each in its own minor units."""

    foreign: str
    amount: int
    received: int
    reference: str


def receive_foreign_gift(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    gift: ForeignGift,
    by: UUID,
    on: date,
    now: datetime,
) -> tuple[UUID, int]:
    """Book a gift into the foreign bank account at the day's rate (FX-1); return the entry and
    its value."""
    check_own_fund(book, fund)
    _check(book, gift.foreign, gift.amount, gift.rate_millionths)
    ensure_commodity(session, gift.foreign)
    value = converted(gift.amount, gift.foreign, book.commodity, gift.rate_millionths)
    if not value:
        raise Invalid("This amount is worth nothing in the book's currency.", place="amount")
    entries = bookkeeping.foreign_gift_received(
        book=book.code,
        fund=fund.code,
        currency=book.commodity,
        amount=value,
        foreign=gift.foreign,
        foreign_amount=gift.amount,
    )
    told = f"{gift.rate_millionths}/{gift.reference}"
    return _post(session, entries, "foreign_gift", told, by, on, now), value


def sell_foreign(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    sale: ForeignSale,
    by: UUID,
    on: date,
    now: datetime,
) -> UUID:
    """Book an exchange into the book's own currency (FX-3); return the entry.

    Raises Conflict for more than is on the foreign account."""
    check_own_fund(book, fund)
    _check(book, sale.foreign, sale.amount, 1)
    if sale.received <= 0:
        raise Invalid("Enter the amount received. It must be above zero.", place="received")
    if sale.amount > on_account(session, fund, Acct.FOREIGN_BANK, currency=sale.foreign):
        raise Conflict("The foreign currency account holds less than this amount.", place="amount")
    entries = bookkeeping.foreign_money_sold(
        book=book.code,
        fund=fund.code,
        currency=book.commodity,
        amount=sale.received,
        foreign=sale.foreign,
        foreign_amount=sale.amount,
    )
    return _post(session, entries, "foreign_sold", sale.reference, by, on, now)


def revalue(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    rates_millionths: Mapping[str, int],
    by: UUID,
    on: date,
    now: datetime,
) -> tuple[UUID | None, int]:
    """Bring a fund's position to closing rates (FX-2, FX-3); return the entry, none where nothing
    changed, and the gain, a loss negative.

    Afterwards account 1990 is worth zero at these rates (invariant I-60). Raises Invalid when a
    currency that the fund holds has no rate.
    """
    gain = -position_value(session, fund=fund, rates_millionths=rates_millionths)
    if not gain:
        return None, 0
    entries = bookkeeping.position_revalued(
        book=book.code, fund=fund.code, currency=book.commodity, gain=gain
    )
    told = ",".join(f"{unit}={rate}" for unit, rate in sorted(rates_millionths.items()))
    return _post(session, entries, "revaluation", f"{on}/{fund.code}/{told}", by, on, now), gain


def position_value(session: ReadSession, *, fund: Fund, rates_millionths: Mapping[str, int]) -> int:
    """Return what account 1990 of a fund is worth at some rates, in the book's minor units."""
    own = session.get_one(Book, fund.book_id).commodity
    held = balance_of(
        session, book_id=fund.book_id, accounts=[Acct.CURRENCY_CONVERSION], fund_id=fund.id
    )
    value = 0
    for amount in held:
        if amount.commodity == own:
            value += amount.quantity
        elif amount.commodity in rates_millionths:
            rate = rates_millionths[amount.commodity]
            value += converted(amount.quantity, amount.commodity, own, rate)
        else:
            raise Invalid(
                "Enter an exchange rate for {commodity}.", place="rates", commodity=amount.commodity
            )
    return value


def _check(book: Book, foreign: str, amount: int, rate_millionths: int) -> None:
    if foreign == book.commodity:
        raise Invalid(
            "This is already the book's own currency. Choose another one.", place="foreign"
        )
    if amount <= 0:
        raise Invalid("Enter an amount above zero.", place="amount")
    if rate_millionths <= 0:
        raise Invalid("An exchange rate must be above zero.", place="rate")


def _post(
    session: Session,
    entries: list[Entry],
    event_type: str,
    reference: str,
    by: UUID,
    on: date,
    now: datetime,
) -> UUID:
    return journal.post(
        session,
        entries,
        event_type=event_type,
        source=SOURCE,
        external_ref=reference,
        accounting_on=on,
        now=now,
        made_by=by,
    ).ids[0]
