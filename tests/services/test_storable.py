"""No row is written that either engine could not hold, whoever forgot to look before."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Table, event, text
from sqlalchemy.exc import DBAPIError

from ledger.core import bounds
from ledger.db import Database, Session
from ledger.errors import Invalid
from ledger.models import Base, storable
from ledger.models.books import Fund
from ledger.models.jobs import Job
from ledger.models.payments import StripeEvent
from ledger.models.people import Person
from tests.conftest import NOW
from tests.factories import make_book, make_fund

Change = Callable[[Session], Any]


def person(**given: Any) -> Change:
    values = {"email": "ada@example.org", "name": "Ada", "created_at": NOW, **given}
    return lambda session: session.add(Person(**values))


def job(**given: Any) -> Change:
    values = {"kind": "x", "key": "k", "arguments": {}, "attempts": 0, "run_at": NOW} | given
    return lambda session: session.add(Job(created_at=NOW, **values))


def fund(**given: Any) -> Change:
    def change(session: Session) -> None:
        row = make_fund(session, make_book(session))
        assert isinstance(row, Fund)
        for name, value in given.items():
            setattr(row, name, value)

    return change


# What neither or only one of the engines holds, and the column that the refusal names.
UNFIT: dict[str, tuple[Change, str]] = {
    "a NUL": (person(name="A\0da"), "person.name"),
    "half a character": (person(name="\ud83d"), "person.name"),
    "a text that fits into no index": (person(email="é" * 5_000), "person.email"),
    "a code that is too long": (job(kind="x" * 65), "job.kind"),
    "a small number that is too large": (job(attempts=2**15), "job.attempts"),
    "a NUL deep in a document": (job(arguments={"a": [{"b": "\0"}]}), "job.arguments"),
    "half a character in a key": (job(arguments={"\udfff": 1}), "job.arguments"),
    "an instant after the last day": (
        job(run_at=datetime(2200, 1, 1, tzinfo=UTC)),
        "job.run_at",
    ),
    "a day after the last": (
        fund(restriction_until_on=date(9999, 12, 31)),
        "fund.restriction_until_on",
    ),
    "a changed name with a NUL": (fund(name="\0"), "fund.name"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_an_engine_could_not_hold_is_refused_by_column(db: Database, name: str) -> None:
    change, place = UNFIT[name]
    with pytest.raises(Invalid) as refused, db.transaction() as session:
        change(session)
    assert refused.value.place == place


def test_what_both_engines_hold_is_taken(db: Database) -> None:
    with db.transaction() as session:
        person(name="\u202b\u05d0" + "Z\u0351\u0310" * 1_000 + "\U0001f600")(session)
        job(kind="x" * 64, attempts=2**15 - 1, arguments={"a": ["\x01", -(2**53)]})(session)
        fund(restriction_until_on=bounds.LAST_DAY)(session)


def test_a_row_of_before_can_still_be_changed_elsewhere(db: Database) -> None:
    with db.transaction() as session:
        fund()(session)
    with db.engine.begin() as connection:
        connection.execute(text("update fund set restriction_until_on = '9999-12-31'"))
    with db.transaction() as session:
        row = session.query(Fund).one()
        row.name = "Another"
    with pytest.raises(Invalid), db.transaction() as session:
        session.query(Fund).one().restriction_until_on = date.max


def test_without_the_guard_one_engine_takes_what_the_other_refuses(db: Database) -> None:
    """The control: a backup of the one could not go into the other."""
    event.remove(Session, "before_flush", storable.check_rows)
    try:
        for name in ("a code that is too long", "a small number that is too large"):
            if db.is_sqlite:
                with db.transaction() as session:
                    UNFIT[name][0](session)
            else:
                with pytest.raises(DBAPIError), db.transaction() as session:
                    UNFIT[name][0](session)
    finally:
        event.listen(Session, "before_flush", storable.check_rows)


def test_the_ids_of_a_real_checkout_are_stored(db: Database) -> None:
    """Stripe's example of a session has 66 characters; PostgreSQL refused it, so nobody paid."""
    session_id = "cs_test_a11YYufWQzNY63zpQ6QSNRQhkUpVph4WRmzW0zWJO2znZKdVujZ0N0S22u"
    with db.transaction() as session:
        session.add(
            StripeEvent(
                stripe_event_id="evt_1NG8Du2eZvKYlo2CUI79vXWy",
                event_type="checkout.session.completed",
                object_id=session_id,
                body="{}",
                received_at=NOW,
            )
        )
    with db.snapshot() as read:
        assert read.query(StripeEvent).one().object_id == session_id


@pytest.mark.parametrize("table", Base.metadata.sorted_tables, ids=lambda table: table.name)
def test_columns_of_stripe_hold_any_id_of_stripe(table: Table) -> None:
    for column in table.columns:
        if column.name.startswith("stripe_") or column.name in ("object_id", "source_id"):
            assert getattr(column.type, "length", None) == 255, column
