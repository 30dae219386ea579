"""What breaks each rule of the books, one small change each; used on the demo's books."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, update

from ledger.ids import new_id
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import Asset, Intake, Valuation
from ledger.models.balances import BalanceMonth
from ledger.models.books import Book, Fund
from ledger.models.figures import FigureTotal
from ledger.models.hours import HoursEntry
from ledger.models.payments import BalanceTransaction, Payout
from ledger.models.people import Membership, Person
from ledger.models.periods import Period
from ledger.models.pledges import Pledge
from ledger.models.pools import AllocationLine, AllocationRun, Pool
from ledger.models.seals import Unsealed
from ledger.models.statements import BankStatement
from tests.conftest import NOW
from tests.queries.damage import entry, plant, posting

Damage = Callable[[Connection], None]
NEVER = datetime(2999, 1, 1, tzinfo=UTC)


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
    row = connection.scalar(select(Pledge.id).where(Pledge.state == "open").limit(1))
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
    connection.execute(update(ApprovalRequest).values(decided_by=ApprovalRequest.made_by))


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
            until_on=date(2000, 1, 1),
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


def _guard_off(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("alter table posting disable trigger posting_only_grows"))
    else:
        del connection.info["triggers"]["posting_no_update"]


def _planted(*legs: tuple[int, int], **more: Any) -> Damage:
    def damage(connection: Connection) -> None:
        plant(connection, *legs, **more)

    return damage


def _told_twice(connection: Connection) -> None:
    for number in ("1", "2"):
        plant(connection, (1110, 5), (4010, -5), external_ref=number, payment="txn_twice")


def _period(connection: Connection, **values: Any) -> None:
    person = connection.scalar(select(Person.id).limit(1))
    connection.execute(
        insert(Period).values(
            id=new_id(),
            book_id=connection.scalar(select(Fund.book_id).where(Fund.code == "ROOF")),
            snapshot="[]",
            snapshot_sha256="0" * 64,
            log_size=0,
            log_root="0" * 64,
            closed_by=person,
            approved_by=person,
            reason="",
            **values,
        )
    )


def _closed_by_then(connection: Connection) -> None:
    _period(
        connection,
        state="reopened",
        until_on=NEVER.date(),
        closed_at=datetime(2000, 1, 1, tzinfo=UTC),
        reopened_at=NEVER,
    )


def _closed_too_soon(connection: Connection) -> None:
    waiting = connection.scalar(select(HoursEntry.book_id).where(HoursEntry.state == "logged"))
    _period(connection, state="closed", until_on=NOW.date(), closed_at=NEVER)
    connection.execute(update(Period).values(book_id=waiting))


def _false_sum(connection: Connection) -> None:
    fund = connection.execute(select(Fund.id, Fund.book_id).where(Fund.code == "ROOF")).one()
    connection.execute(
        insert(BalanceMonth).values(
            book_id=fund.book_id,
            account=1010,
            fund_id=fund.id,
            commodity="USD",
            counterparty_id=fund.book_id,
            starts_on=NOW.date().replace(day=1),
            quantity=5,
        )
    )


def _false_figure(connection: Connection) -> None:
    fund = connection.execute(select(Fund.id, Fund.book_id).where(Fund.code == "ROOF")).one()
    connection.execute(
        insert(FigureTotal).values(
            book_id=fund.book_id,
            campaign="",
            figure="received",
            commodity="USD",
            fund_id=fund.id,
            quantity=5,
        )
    )


def _said_to_be_unconfirmed(connection: Connection) -> None:
    row = connection.scalar(select(Pledge.id).where(Pledge.state == "open").limit(1))
    connection.execute(update(Pledge).where(Pledge.id == row).values(unconfirmed=True))


def _endowed(connection: Connection) -> None:
    connection.execute(
        update(Fund).where(Fund.code == "ROOF").values(fund_class="endowment_permanent")
    )
    plant(connection, (5110, 5), (2110, -5), fund="ROOF", function="programme")


def _said_to_be_done(connection: Connection) -> None:
    connection.execute(update(Pledge).where(Pledge.state == "open").values(state="fulfilled"))


def _said_to_be_owed(connection: Connection) -> None:
    connection.execute(
        update(Pledge).where(Pledge.state == "open").values(legal_nature="unconditional")
    )


def _payout(connection: Connection) -> None:
    connection.execute(
        insert(Payout).values(
            stripe_payout_id="po_planted",
            book_id=connection.scalar(select(Book.id).limit(1)),
            amount=5,
            commodity="USD",
            state="paid",
            arrival_on=NOW.date(),
            descriptor="",
            trace="",
            created_at=NOW,
        )
    )


def _movement(posted: datetime | None, owed_back: int = 0) -> Damage:
    def damage(connection: Connection) -> None:
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
                owed_back=owed_back,
                posted_at=posted,
            )
        )

    return damage


def _agreed(kind: str, state: str) -> Damage:
    """Add a commitment of which the journal knows nothing."""

    def damage(connection: Connection) -> None:
        fund = connection.execute(select(Fund.id, Fund.book_id).where(Fund.code == "ROOF")).one()
        connection.execute(
            insert(Agreement).values(
                id=new_id(),
                book_id=fund.book_id,
                kind=kind,
                reference="C-PLANTED",
                fund_id=fund.id,
                commodity="USD",
                quantity=5,
                state=state,
                title="planted",
                terms={"brought": 0},
                created_at=NOW,
            )
        )

    return damage


def _known_later(connection: Connection) -> None:
    """Let the pool hear of what it got only after it was handed out."""
    pool = connection.scalar(select(Pool.book_id))
    connection.execute(
        update(entry)
        .where(entry.c.book_id == pool, entry.c.event_type == "contribution_made")
        .values(recorded_at=NEVER)
    )


def _one_sided(connection: Connection) -> None:
    decider = select(AllocationRun.decided_by)
    connection.execute(delete(Membership).where(Membership.person_id.in_(decider)))


def _elsewhere(connection: Connection) -> None:
    tag = connection.scalar(select(Asset.tag).where(Asset.state == "in_custody").limit(1))
    connection.execute(update(Asset).where(Asset.tag == tag).values(state="damaged"))


def _said_to_be_valued(connection: Connection) -> None:
    connection.execute(update(Intake).values(valued=~Intake.valued))


def _worth_more(connection: Connection) -> None:
    connection.execute(update(Valuation).values(total=Valuation.total + 1000))


def _longer(connection: Connection) -> None:
    connection.execute(
        update(HoursEntry)
        .where(HoursEntry.state == "confirmed")
        .values(worked_minutes=HoursEntry.worked_minutes + 1)
    )


# What breaks each rule, and which rules cannot hold beside it.
DAMAGES: dict[str, tuple[Damage, set[str]]] = {
    "I-01": (_one_more("bank_charge", 6540), {"I-11"}),
    "I-02": (_minutes_for_money, set()),
    "I-03": (_no_legs, set()),
    "I-04": (_guard_off, set()),
    "I-05": (_kept_from_the_log, {"I-67"}),
    "I-06": (_told_twice, {"I-34"}),
    "I-07": (_false_reversal, set()),
    "I-08": (_closed_by_then, set()),
    "I-09": (_own_approval, set()),
    "I-10": (_set_leg("grant_made", 1300, counterparty_id=None), {"I-20"}),
    "I-11": (_false_sum, set()),
    "I-12": (_agency, set()),
    "I-13": (_planted((4910, -5), (1010, 5)), set()),
    "I-14": (_planted((5110, 10**9), (1010, -(10**9)), function="programme"), set()),
    "I-15": (
        _planted((5110, 5), (2110, -5), fund="ROOF", function="programme", campaign="another-roof"),
        set(),
    ),
    "I-16": (_endowed, set()),
    "I-20": (_one_more("grant_settled", 1300, 1010), {"I-24"}),
    "I-21": (_set_leg("grant_made", 5510, account=6540), {"I-24"}),
    "I-22": (_set_leg("item_lent", 8220, account=8210), {"I-50"}),
    "I-23": (_half_a_group, set()),
    "I-24": (_one_more("grant_settled", 1300, 1010), {"I-20"}),
    "I-25": (_held_money_gone, set()),
    "I-30": (_said_to_be_done, set()),
    "I-31": (_bigger_pledge, set()),
    "I-32": (_said_to_be_owed, set()),
    "I-33": (_closed_too_soon, {"I-61"}),
    "I-34": (_movement(NOW), set()),
    "I-35": (_payout, set()),
    "I-36": (_movement(None, owed_back=9), set()),
    "I-37": (_agreed("grant", "active"), set()),
    "I-38": (_statement_off, set()),
    "I-39": (_planted((1218, -5), (6610, 5)), set()),
    "I-40": (_more_than_decided, set()),
    "I-41": (_known_later, {"I-14"}),
    "I-44": (_one_sided, set()),
    "I-50": (_elsewhere, set()),
    "I-51": (_set_leg("items_received", 8110, account=8120), set()),
    "I-52": (_worth_more, set()),
    "I-53": (_longer, set()),
    "I-54": (_own_hours, set()),
    "I-55": (_agreed("depreciation", "worn_out"), set()),
    "I-60": (
        _planted(
            (1990, 5),
            (4920, -5),
            event_type="revaluation",
            source="exchange",
            external_ref="2026-11-02/GEN/EUR=1000000",
        ),
        set(),
    ),
    "I-61": (_signed_balances_changed, set()),
    "I-67": (_false_figure, set()),
    "I-68": (_said_to_be_unconfirmed, set()),
    "I-69": (_said_to_be_valued, set()),
}
