"""What an operator does for the only admin of a community who lost phone and codes."""

from sqlalchemy import select

from ledger.db import Database
from ledger.encryption import SecretBox
from ledger.models.people import OutboxMessage
from ledger.models.rights_log import RightsEvent
from ledger.queries.people.factors import factors_of, missing_factors
from ledger.queries.people.people import person_by_email
from ledger.services.people import factors, recovery_codes
from tests.cli.conftest import Run
from tests.conftest import NOW
from tests.factories import make_book, make_person
from tests.services.test_app_codes import with_app

EMAIL = "ada@example.org"


def test_the_operator_resets_factors_and_that_is_logged_and_told(
    run: Run, database_url: str
) -> None:
    db = Database(database_url)
    with db.transaction() as session:
        ada = make_person(session, "Ada", make_book(session), "admin")
        with_app(session, ada)
        box = SecretBox("the installation's secret", factors.PURPOSE)
        recovery_codes.renew(session, person_id=ada.id, box=box, now=NOW)
    assert run("reset-factors", "nobody@example.org").code == 1
    done = run("reset-factors", "Ada@example.org", "--json")
    assert (done.code, done.json) == (0, {"email": "Ada@example.org"})
    with db.snapshot() as session:
        person = person_by_email(session, EMAIL)
        assert person is not None
        held = factors_of(session, person.id)
        assert (held.any, held.codes_left) == (False, 0)
        (missing,) = missing_factors(session, person_id=person.id, now=NOW)
        logged = session.scalars(select(RightsEvent).order_by(RightsEvent.seq)).all()
        told = session.scalars(select(OutboxMessage.body)).all()
    assert missing.due_at is not None
    last = logged[-1]
    assert (last.kind, last.actor_id) == ("factors_reset", None)
    assert last.about == {"person": str(person.id)}
    assert "the operator of this installation removed" in told[-1]
    again = run("reset-factors", EMAIL)
    assert (again.code, "no second factor" in again.err) == (1, True)
    db.dispose()
