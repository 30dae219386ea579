"""What a line, or a part of one, can be said to be, and the service behind each meaning.

``services.banking`` knows what a line means by itself; here are also the meanings that need an
agreement, an approver or another community. Amounts in minor units.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from types import MappingProxyType
from uuid import UUID

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.entry import Entry
from ledger.core.fitting_accounts import Use, check_fits
from ledger.core.functions import function_of
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Account, Book
from ledger.models.statements import MatchRule
from ledger.queries.books.books import fund_by_code
from ledger.queries.books.funds import on_account
from ledger.services.banking import match_actions
from ledger.services.banking.items import Item, open_item, tie
from ledger.services.banking.matching import post_line
from ledger.services.books.books import check_own_fund
from ledger.services.reconciliation import agreed, costs

IN, OUT, EITHER = 1, -1, 0


@dataclass(frozen=True, slots=True)
class Part:
    """What somebody says a part of a line is; ``amount`` in minor units, above zero, or None for
    what the other parts leave of the line.

    ``target`` is a pledge's, agreement's or payout's reference, an entry or a deposited cheque,
    ``fund`` a code, ``account`` where a cost belongs. ``note`` is for people and never booked.
    """

    meaning: str
    amount: int | None
    target: str = ""
    fund: str = ""
    account: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Doing:
    """A part that is to be booked: the line or payment that stands for it, by whom and when."""

    item_id: UUID
    part: Part
    by: UUID | None
    now: datetime


Command = Callable[[Session, Doing], object]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A meaning: whether money comes in or goes out with it, what it asks for, and what it does."""

    direction: int
    asks: frozenset[str]
    command: Command

    def sign(self, line_amount: int) -> int:
        """Return 1 where a part of this meaning came in, -1 where it went out."""
        return self.direction or (IN if line_amount > 0 else OUT)


def book(session: Session, doing: Doing) -> None:
    """Book one part. Raises Invalid naming the field that is missing, and as its service does."""
    meaning = meaning_of(doing.part)
    for name in sorted(meaning.asks):
        if not getattr(doing.part, name):
            raise Invalid(_MISSING[name], place=name)
    meaning.command(session, doing)


def meaning_of(part: Part) -> Meaning:
    """Return the meaning that a part names. Raises Invalid for none."""
    found = MEANINGS.get(part.meaning)
    if found is None:
        raise Invalid("Choose what this part is.", place="meaning")
    return found


def _known(name: str) -> Command:
    """Return a meaning that a line has by itself."""

    def command(session: Session, doing: Doing) -> None:
        _service, argument = match_actions.MEANINGS[name]
        match_actions.apply(
            session,
            line_id=doing.item_id,
            meaning=name,
            target=doing.part.fund if argument == "fund" else doing.part.target,
            by=doing.by,
            now=doing.now,
        )

    return command


def _posted(
    session: Session,
    doing: Doing,
    event: Callable[..., list[Entry]],
    rule: MatchRule,
    event_type: str = "",
) -> Item:
    """Post an event of a fund and an amount, and tie the item to it."""
    item = open_item(session, doing.item_id)
    owner = session.get_one(Book, item.book_id)
    check_own_fund(owner, fund_by_code(session, owner.id, doing.part.fund))
    entries = event(
        book=owner.code, fund=doing.part.fund, currency=item.commodity, amount=abs(item.amount)
    )
    name = event_type or event.__name__
    entry_id = post_line(session, item, entries, name, doing.by, doing.now)
    tie(session, item, entry_id, rule, doing.by, doing.now)
    return item


def _interest(session: Session, doing: Doing) -> None:
    _posted(session, doing, bookkeeping.interest_received, MatchRule.INTEREST)


def _own_transfer(session: Session, doing: Doing) -> None:
    out = open_item(session, doing.item_id).amount < 0
    event = bookkeeping.own_transfer_sent if out else bookkeeping.own_transfer_arrived
    _posted(session, doing, event, MatchRule.OWN_TRANSFER)


def _not_ours(session: Session, doing: Doing) -> None:
    """Hold what is somebody else's, or give back what was held. Raises Conflict for more than the
    fund holds for others."""
    item = open_item(session, doing.item_id)
    if item.amount > 0:
        _posted(session, doing, bookkeeping.held_for_others, MatchRule.HELD_FOR_OTHERS)
        return
    fund = fund_by_code(session, item.book_id, doing.part.fund)
    held = -on_account(session, fund, Acct.HELD_FOR_THIRD_PARTIES, currency=item.commodity)
    if -item.amount > held:
        raise Conflict("This fund holds less money for others than that.", place="amount")
    _posted(session, doing, bookkeeping.given_to_others, MatchRule.HELD_FOR_OTHERS)


def _cost_refund(session: Session, doing: Doing) -> None:
    item = open_item(session, doing.item_id)
    account = doing.part.account or 0
    check_fits(
        Use.SPENDING, account, session.get(Account, (item.book_id, account)), place="account"
    )
    event = partial(bookkeeping.cost_refunded, account=account, function=function_of(account))
    _posted(session, doing, event, MatchRule.COST_REFUND, "cost_refunded")


def _cost(session: Session, doing: Doing) -> None:
    if doing.by is None:
        raise Invalid("A request must name the person who makes it.", place="made_by")
    costs.request(
        session,
        item=open_item(session, doing.item_id),
        account=doing.part.account or 0,
        fund=doing.part.fund,
        reason=doing.part.note,
        by=doing.by,
        now=doing.now,
    )


def _agreed(service: Callable[..., None]) -> Command:
    def command(session: Session, doing: Doing) -> None:
        if doing.by is None:
            raise Invalid("A person must say what this line pays.", place="by")
        service(
            session,
            item=open_item(session, doing.item_id),
            reference=doing.part.target,
            by=doing.by,
            now=doing.now,
        )

    return command


def _means(direction: int, asks: str, command: Command) -> Meaning:
    return Meaning(direction, frozenset(asks.split()), command)


MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        "pledge": _means(IN, "target", _known("pledge")),
        "gift": _means(IN, "fund", _known("gift")),
        "gift_with_reclaim": _means(IN, "fund", _known("gift_with_reclaim")),
        "reclaim": _means(IN, "fund", _known("reclaim")),
        "unidentified": _means(IN, "fund", _known("unidentified")),
        "interest": _means(IN, "fund", _interest),
        "tranche": _means(IN, "target", _agreed(agreed.receive_tranche)),
        "cost_refund": _means(IN, "fund account", _cost_refund),
        "charge": _means(OUT, "fund", _known("charge")),
        "bill": _means(OUT, "target", _agreed(agreed.pay)),
        "cost": _means(OUT, "fund account note", _cost),
        "repaid": _means(OUT, "target", _known("repaid")),
        "returned": _means(OUT, "target", _known("returned")),
        "own_transfer": _means(EITHER, "fund", _own_transfer),
        "not_ours": _means(EITHER, "fund", _not_ours),
        "payout": _means(EITHER, "target", _known("payout")),
        "entry": _means(EITHER, "target", _known("entry")),
    }
)
# What like lines were said to be → the meaning that says it of the next one.
HISTORY: Mapping[str, str] = {
    MatchRule.GIFT: "gift",
    MatchRule.BANK_CHARGE: "charge",
    MatchRule.INTEREST: "interest",
    MatchRule.OWN_TRANSFER: "own_transfer",
    MatchRule.HELD_FOR_OTHERS: "not_ours",
    MatchRule.COST: "cost",
    MatchRule.COST_REFUND: "cost_refund",
}
_MISSING = {
    "target": "Enter which one: its reference.",
    "fund": "Choose a fund.",
    "account": "Choose an account for this cost.",
    "note": "Say what this was for: an approver reads it.",
}
