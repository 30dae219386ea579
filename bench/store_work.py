"""What makes work in a store for measuring pages: payments, bank lines, Stripe, equipment, cards.

Part of ``bench.store``; rows that belong together, as the program would have made them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

from bench.work import FIRST, NOW
from ledger.core.entry import Entry, Posting
from ledger.db import Session
from ledger.ids import new_id
from ledger.models.assets import Asset, Intake, Valuation
from ledger.models.base import Base
from ledger.models.books import Book, Fund
from ledger.models.mandates import Mandate
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Fulfilment, Pledge
from ledger.models.statements import BankAccount, BankLine, BankLinePart, BankStatement, Match
from ledger.models.stripe_accounts import StripeAccount, StripeBalance
from ledger.services.books.journal import Draft, post_batch

MEMO = (9110, 9190)
BANK, STRIPE, SUSPENSE = 1010, 1110, 2190
IBAN = "DE02120300000000202051"
# Of so many payments one comes through Stripe; of so many pledges one card was refused.
PER_CHARGE, PER_REFUSED = 5, 200
# Of so many open lines one is a batch of three payments.
PER_BATCH = 20
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Paid:
    """A pledge that has been paid, with its number, reference and day."""

    number: int
    reference: str
    pledge_id: UUID
    day: date

    @property
    def is_charge(self) -> bool:
        """Whether it was paid through Stripe."""
        return self.number // 2 % PER_CHARGE == 0

    @property
    def charge(self) -> str:
        """The id of its movement at Stripe."""
        return f"txn_{self.reference}"


def unit_of(number: int) -> str:
    """Return the commodity of a pledge."""
    return "EQP.CHAIR" if number % 10 == 4 else "USD"


def quantity_of(number: int) -> int:
    """Return how much it is of."""
    return 1 if number % 10 == 4 else 500 + number % 9999


def pay(
    session: Session,
    book: Book,
    fund: Fund,
    paid: Sequence[Paid],
    names: dict[str, dict[str, str]],
    now: datetime,
) -> None:
    """Pay pledges: their entries and fulfilments, and the bank lines or movements behind them."""
    if not paid:
        return
    drafts = [
        Draft(
            _payment(one).with_labels(names),
            "gift_settled" if one.is_charge else "transfer_received",
            "stripe" if one.is_charge else "bank",
            f"{one.reference}/paid",
            one.day - timedelta(one.number % 4),
        )
        for one in paid
    ]
    entries = post_batch(session, drafts, now=now).ids
    lines = sum(not one.is_charge for one in paid)
    statement = _statement(session, book, paid[0].reference, paid[-1].day, lines)
    rows: dict[type[Base], list[Row]] = {
        table: [] for table in (Fulfilment, BankLine, Match, BalanceTransaction, Mandate)
    }
    for one, entry_id in zip(paid, entries, strict=True):
        amount = quantity_of(one.number)
        rows[Fulfilment].append(
            {
                "id": new_id(),
                "book_id": book.id,
                "pledge_id": one.pledge_id,
                "entry_id": entry_id,
                "quantity": amount,
                "source": "payment" if one.is_charge else "bank_line",
                "source_ref": one.reference,
                "created_at": now,
            }
        )
        if one.is_charge:
            rows[BalanceTransaction].append(_movement(book, fund, one, amount, now))
            continue
        line = _line(book, statement, one.number, amount, one.day)
        rows[BankLine].append({**line, "state": "matched"})
        rows[Match].append(_match(book, line, entry_id, "M-05"))
    for table, values in rows.items():
        if values:
            session.execute(insert(table), values)
    _refused(session, book, paid)


def _payment(one: Paid) -> Entry:
    """Return the entry of a payment."""
    amount, account = quantity_of(one.number), STRIPE if one.is_charge else BANK
    payment = one.charge if one.is_charge else None
    return Entry(
        "A",
        (
            Posting(MEMO[1], "GEN", "USD", amount, pledge=one.reference),
            Posting(MEMO[0], "GEN", "USD", -amount, pledge=one.reference),
            Posting(account, "GEN", "USD", amount, payment=payment),
            Posting(4010, "GEN", "USD", -amount, pledge=one.reference, campaign="roof"),
        ),
    )


def _movement(book: Book, fund: Fund, one: Paid, amount: int, now: datetime) -> Row:
    return {
        "stripe_txn_id": one.charge,
        "livemode": False,
        "kind": "charge",
        "reporting_category": "charge",
        "amount": amount,
        "fee": 0,
        "net": amount,
        "commodity": "USD",
        "source_id": f"ch_{one.reference}",
        "created_at": now,
        "available_on": one.day,
        "body": {},
        "pledge_id": one.pledge_id,
        "book_id": book.id,
        "fund_id": fund.id,
        "posted_at": now,
        "outcome": "gift_settled",
    }


def _refused(session: Session, book: Book, paid: Sequence[Paid]) -> None:
    """Let the cards of a few open pledges be refused."""
    numbers = [one.reference for one in paid if one.number % PER_REFUSED == 1]
    others = [f"P-{int(reference[2:]) + 1:07}" for reference in numbers]
    pledges = session.scalars(
        select(Pledge.id).where(Pledge.book_id == book.id, Pledge.reference.in_(others))
    ).all()
    if pledges:
        common = {"book_id": book.id, "state": "needs_donor", "failure": "card_declined"}
        session.execute(
            insert(Mandate),
            [
                {**common, "id": new_id(), "pledge_id": one, "created_at": NOW, "updated_at": NOW}
                for one in pledges
            ],
        )


def open_lines(session: Session, work: int, settled: int) -> None:
    """Leave bank lines open, batches among them, and half as many that are booked as nobody's;
    ``settled`` ones were, and have found their givers."""
    book = session.scalars(select(Book).where(Book.code == "A")).one()
    many = work + max(1, work // 2) + settled
    statement = _statement(session, book, "last", NOW.date(), many)
    lines = [
        _line(book, statement, number, 1000 - number, FIRST + timedelta(-number % 365))
        for number in range(-1, -1 - many, -1)
    ]
    waiting, parked = lines[:work], lines[work:]
    nobodys, found = parked[: len(parked) - settled], parked[len(parked) - settled :]
    session.execute(
        insert(BankLine),
        [
            *({**line, "state": "open"} for line in waiting),
            *({**line, "state": "matched", "parked": True} for line in nobodys),
            *({**line, "state": "matched"} for line in found),
        ],
    )
    session.execute(
        insert(BankLinePart), [part for line in waiting[::PER_BATCH] for part in _parts(line)]
    )
    drafts = [
        *(_draft(line, "receipt_unidentified", "bank", BANK, SUSPENSE) for line in parked),
        *(_draft(line, "receipt_identified", "bank", SUSPENSE, 4010) for line in found),
        # What somebody booked by hand may be what an open line is about.
        *(_draft(line, "manual", "manual", BANK, 4010) for line in waiting[::2]),
    ]
    entries = iter(post_batch(session, drafts, now=NOW).ids)
    matches = [_match(book, line, next(entries), "unidentified") for line in parked]
    matches += [_match(book, line, next(entries), "identified") for line in found]
    session.execute(insert(Match), matches)


def _parts(line: Row) -> list[Row]:
    """Return the three payments of a batch."""
    total = line["amount"]
    return [
        {
            "id": new_id(),
            "book_id": line["book_id"],
            "bank_line_id": line["id"],
            "position": position,
            "amount": amount,
            "remittance": line["remittance"],
            "state": "open",
        }
        for position, amount in ((1, 1), (2, 2), (3, total - 3))
    ]


def _draft(line: Row, event_type: str, source: str, debit: int, credit: int) -> Draft:
    amount = line["amount"]
    legs = (Posting(debit, "GEN", "USD", amount), Posting(credit, "GEN", "USD", -amount))
    reference = f"{line['id']}/{event_type}"
    return Draft(Entry("A", legs), event_type, source, reference, line["booked_on"])


def _statement(session: Session, book: Book, reference: str, ends_on: date, lines: int) -> UUID:
    """Make a statement of the one bank account, and that too where it is not there yet."""
    account_id = session.scalar(select(BankAccount.id))
    if account_id is None:
        account = BankAccount(book_id=book.id, account=BANK, commodity="USD", name=IBAN)
        session.add(account)
        session.flush()
        account_id = account.id
    statement = BankStatement(
        book_id=book.id,
        account=BANK,
        bank_account_id=account_id,
        statement_ref=f"statement to {reference}",
        file_format="camt.053",
        file_sha256="0" * 64,
        bank_account=IBAN,
        commodity="USD",
        opening=0,
        closing=0,
        opens_on=FIRST,
        closes_on=ends_on,
        line_count=lines,
        imported_at=NOW,
    )
    session.add(statement)
    session.flush()
    return statement.id


def _line(book: Book, statement_id: UUID, number: int, amount: int, day: date) -> Row:
    return {
        "id": new_id(),
        "book_id": book.id,
        "statement_id": statement_id,
        "account": BANK,
        "position": abs(number),
        "amount": abs(amount),
        "commodity": "USD",
        "booked_on": day,
        "counterparty_name": f"Giver {number}",
        "remittance": f"For the roof, {number}",
        "fingerprint": f"line {number}",
        "parked": False,
    }


def _match(book: Book, line: Row, entry_id: UUID, rule: str) -> Row:
    return {
        "id": new_id(),
        "book_id": book.id,
        "bank_line_id": line["id"],
        "entry_id": entry_id,
        "rule": rule,
        "made_at": NOW,
    }


def stripe_balance(session: Session) -> None:
    """Let Stripe's balance be read, of an account that follows the loved book."""
    book = session.scalars(select(Book).where(Book.code == "A")).one()
    total = int(session.scalar(select(func.sum(BalanceTransaction.net))) or 0)
    session.add(
        StripeAccount(
            singleton=1,
            account_id="acct_bench",
            livemode=False,
            sandbox=True,
            book_id=book.id,
            bound_at=NOW,
        )
    )
    session.add(StripeBalance(commodity="USD", amount=total, movements_net=total, read_at=NOW))


def equipment(session: Session, unvalued: int, valued: int) -> None:
    """Put equipment on the register: some that waits for a value, and some that has one."""
    book = session.scalars(select(Book).where(Book.code == "A")).one()
    fund = session.scalars(select(Fund).where(Fund.book_id == book.id)).one()
    common = {"book_id": book.id, "fund_id": fund.id, "commodity": "EQP.CHAIR"}
    intakes = [new_id() for _number in range(unvalued + valued)]
    session.execute(
        insert(Intake),
        [
            {
                **common,
                "id": intake_id,
                "quantity": 1,
                "received_on": FIRST + timedelta(number % 365),
                "created_at": NOW,
                "valued": number >= unvalued,
            }
            for number, intake_id in enumerate(intakes)
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
                "intake_id": intake_id,
                "cost": 0,
                "depreciated": 0,
                "impaired": 0,
            }
            for number, intake_id in enumerate(intakes)
        ],
    )
    session.execute(
        insert(Valuation),
        [
            {
                "id": new_id(),
                "book_id": book.id,
                "label": f"V-{number:06}",
                "intake_id": intake_id,
                "commodity": "EQP.CHAIR",
                "quantity": 1,
                "currency": "USD",
                "total": 2000,
                "method": "observable",
                "evidence": "a price list",
                "capitalise": False,
                "valued_on": FIRST,
                "state": "approved",
            }
            for number, intake_id in enumerate(intakes)
            if number >= unvalued
        ],
    )
