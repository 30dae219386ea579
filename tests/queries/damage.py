"""Break the books as somebody with the database's keys could: guards off, rows changed.

Used only to show that what should notice does notice.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, text, update

from ledger.db import Database
from ledger.ids import new_id
from ledger.models.books import Book, Fund
from ledger.models.hours import HoursEntry
from ledger.models.journal import Entry, Posting
from ledger.models.payments import BalanceTransaction
from ledger.models.people import Person
from ledger.models.periods import Period
from ledger.models.pledges import Pledge
from ledger.models.pools import AllocationLine, Pool
from ledger.models.proposals import Proposal
from ledger.models.seals import Unsealed
from ledger.models.statements import BankStatement
from tests.conftest import NOW

entry: Table = Entry.__table__  # type: ignore[assignment]
posting: Table = Posting.__table__  # type: ignore[assignment]
Damage = Callable[[Connection], None]


@contextmanager
def guards_off(db: Database) -> Iterator[Connection]:
    """Open a transaction in which triggers and foreign keys do not fire; never committed."""
    with db.engine.connect() as connection:
        transaction = connection.begin()
        unguard(connection)
        yield connection
        transaction.rollback()


def unguard(connection: Connection) -> None:
    """Switch off every trigger, foreign key and check of this connection."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("set session_replication_role = replica"))
        for table, name in connection.execute(
            text("select conrelid::regclass::text, conname from pg_constraint where contype = 'c'")
        ).all():
            if "." not in table and table != "-":
                connection.execute(text(f'alter table {table} drop constraint "{name}"'))
        return
    connection.execute(text("pragma defer_foreign_keys = on"))
    connection.execute(text("pragma ignore_check_constraints = on"))
    triggers = connection.scalars(text("select name from sqlite_master where type = 'trigger'"))
    for name in list(triggers):
        connection.execute(text(f'drop trigger "{name}"'))


def break_agency_fund(db: Database) -> None:
    """Let an agency fund own something, for good."""
    with db.engine.begin() as connection:
        unguard(connection)
        fund = connection.execute(
            select(Fund.id, Fund.book_id).where(Fund.fund_class == "agency")
        ).one()
        number = new_id()
        shared = {
            "book_id": fund.book_id,
            "entry_id": number,
            "fund_id": fund.id,
            "commodity": "USD",
            "accounting_on": NOW.date(),
        }
        for line, (account, quantity) in enumerate(((1010, 5), (4010, -5))):
            connection.execute(
                insert(posting).values(**shared, line=line, account=account, quantity=quantity)
            )
        connection.execute(
            insert(entry).values(
                book_id=fund.book_id,
                id=number,
                accounting_on=NOW.date(),
                recorded_at=NOW,
                event_type="x",
                source="x",
                external_ref="x",
            )
        )


def _leg(connection: Connection, event: str, account: int) -> Any:
    """Return a condition that picks one leg of one entry of this kind."""
    found = connection.execute(
        select(posting.c.book_id, posting.c.entry_id, posting.c.line)
        .join(entry, (entry.c.book_id == posting.c.book_id) & (entry.c.id == posting.c.entry_id))
        .where(entry.c.event_type == event, posting.c.account == account)
        .order_by(posting.c.entry_id)
        .limit(1)
    ).one()
    return (
        (posting.c.book_id == found.book_id)
        & (posting.c.entry_id == found.entry_id)
        & (posting.c.line == found.line)
    )


def _set_leg(event: str, number: int, **values: Any) -> Damage:
    def damage(connection: Connection) -> None:
        connection.execute(update(posting).where(_leg(connection, event, number)).values(**values))

    return damage


def _one_more(event: str, *accounts: int) -> Damage:
    """Add one unit to the first account's leg and take it from the second's."""

    def damage(connection: Connection) -> None:
        for account, step in zip(accounts, (1, -1), strict=False):
            connection.execute(
                update(posting)
                .where(_leg(connection, event, account))
                .values(quantity=posting.c.quantity + step)
            )

    return damage


def _bigger_pledge(connection: Connection) -> None:
    row = connection.scalar(select(Pledge.id).order_by(Pledge.id).limit(1))
    connection.execute(update(Pledge).where(Pledge.id == row).values(quantity=Pledge.quantity + 1))


def _minutes_for_money(connection: Connection) -> None:
    for account in (6540, 1010):
        connection.execute(
            update(posting)
            .where(_leg(connection, "bank_charge", account))
            .values(commodity="MIN.GEN")
        )


def _no_legs(connection: Connection) -> None:
    number = connection.scalar(select(entry.c.id).where(entry.c.event_type == "bank_charge"))
    connection.execute(posting.delete().where(posting.c.entry_id == number))


def _false_reversal(connection: Connection) -> None:
    charges = connection.execute(
        select(entry.c.book_id, entry.c.id)
        .where(entry.c.event_type == "bank_charge")
        .order_by(entry.c.book_id, entry.c.id)
    ).all()
    connection.execute(
        update(entry)
        .where(entry.c.book_id == charges[1].book_id, entry.c.id == charges[1].id)
        .values(reverses=charges[0].id)
    )


def _kept_from_the_log(connection: Connection) -> None:
    first = connection.scalar(select(Unsealed.entry_id).limit(1))
    connection.execute(delete(Unsealed).where(Unsealed.entry_id == first))


def _own_approval(connection: Connection) -> None:
    connection.execute(update(Proposal).values(decided_by=Proposal.made_by))


def _agency(connection: Connection) -> None:
    connection.execute(update(Fund).where(Fund.code == "ROOF").values(fund_class="agency"))


def _half_a_group(connection: Connection) -> None:
    number = connection.scalar(select(entry.c.id).where(entry.c.event_type == "bank_charge"))
    connection.execute(update(entry).where(entry.c.id == number).values(transfer_group=new_id()))


def _held_money_gone(connection: Connection) -> None:
    held = connection.scalar(select(Pool.held_fund_id))
    leg = connection.execute(
        select(posting.c.entry_id, posting.c.line)
        .where(posting.c.fund_id == held, posting.c.account == 1010)
        .limit(1)
    ).one()
    connection.execute(
        update(posting)
        .where(posting.c.entry_id == leg.entry_id, posting.c.line == leg.line)
        .values(account=2190)
    )


def _stripe_moved_more(connection: Connection) -> None:
    connection.execute(
        insert(BalanceTransaction).values(
            stripe_txn_id="txn_planted",
            livemode=False,
            kind="charge",
            reporting_category="charge",
            amount=5,
            fee=0,
            net=5,
            commodity="USD",
            created_at=NOW,
            available_on=NOW.date(),
            body={},
            posted_at=NOW,
        )
    )


def _statement_off(connection: Connection) -> None:
    connection.execute(
        insert(BankStatement).values(
            id=new_id(),
            book_id=connection.scalar(select(Book.id).limit(1)),
            account=1010,
            statement_ref="planted",
            file_format="camt.053.001.08",
            file_sha256="0" * 64,
            bank_account="X",
            commodity="USD",
            opening=0,
            closing=1,
            opens_on=NOW.date(),
            closes_on=NOW.date(),
            imported_at=NOW,
        )
    )


def _more_than_decided(connection: Connection) -> None:
    connection.execute(update(AllocationLine).values(quantity=AllocationLine.quantity + 1))


def _signed_balances_changed(connection: Connection) -> None:
    person = connection.scalar(select(Person.id).limit(1))
    connection.execute(
        insert(Period).values(
            id=new_id(),
            book_id=connection.scalar(select(Book.id).limit(1)),
            until_on=NOW.date(),
            state="closed",
            snapshot="[]",
            snapshot_sha256="0" * 64,
            log_size=0,
            log_root="0" * 64,
            closed_by=person,
            approved_by=person,
            closed_at=NOW,
            reason="",
        )
    )


def _own_hours(connection: Connection) -> None:
    connection.execute(
        update(HoursEntry)
        .where(HoursEntry.state == "confirmed")
        .values(logged_by=HoursEntry.confirmed_by)
    )


# What breaks each rule, and which rules cannot hold beside it.
DAMAGES: dict[str, tuple[Damage, set[str]]] = {
    "I-01": (_one_more("bank_charge", 6540), set()),
    "I-02": (_minutes_for_money, set()),
    "I-03": (_no_legs, set()),
    "I-05": (_kept_from_the_log, set()),
    "I-07": (_false_reversal, set()),
    "I-09": (_own_approval, set()),
    "I-10": (_set_leg("grant_made", 1300, counterparty_id=None), {"I-20"}),
    "I-12": (_agency, set()),
    "I-20": (_one_more("grant_settled", 1300, 1010), set()),
    "I-21": (_set_leg("grant_made", 5510, account=6540), set()),
    "I-22": (_set_leg("item_lent", 8220, account=8210), set()),
    "I-23": (_half_a_group, set()),
    "I-25": (_held_money_gone, set()),
    "I-31": (_bigger_pledge, set()),
    "I-34": (_stripe_moved_more, set()),
    "I-38": (_statement_off, set()),
    "I-40": (_more_than_decided, set()),
    "I-61": (_signed_balances_changed, set()),
    "I-54": (_own_hours, set()),
}
