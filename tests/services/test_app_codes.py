"""App codes and recovery codes: what is kept, what is accepted, and how often one may try."""

import shutil
import zipfile
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import select

from ledger.db import Database, Session
from ledger.encryption import SecretBox
from ledger.errors import Conflict, NotFound, RateLimited
from ledger.models.factors import RecoveryCode, Totp
from ledger.models.people import OutboxMessage, Person
from ledger.queries.people.factors import factors_of
from ledger.services.people import challenges, factors, recovery_codes, totp
from ledger.services.people.factors import Answer
from ledger.services.workflow.backups import restore_backup, write_backup
from tests.conftest import NOW
from tests.factories import make_person

BOX = SecretBox("the installation's secret", factors.PURPOSE)
STEP = timedelta(seconds=30)


@pytest.fixture
def ada(session: Session) -> Person:
    return make_person(session, "Ada")


def with_app(session: Session, person: Person) -> pyotp.TOTP:
    """Set up an app for somebody, two steps before NOW."""
    totp.begin(session, person_id=person.id, box=BOX, now=NOW)
    secret, _address = totp.pending(session, person=person, box=BOX)
    app = pyotp.TOTP(secret)
    begun = NOW - 2 * STEP
    code = app.at(begun)
    assert totp.confirm(session, person_id=person.id, label="Phone", code=code, box=BOX, now=begun)
    return app


def answer(
    session: Session,
    person: Person,
    code: str,
    *,
    takes_recovery: bool = True,
    box: SecretBox = BOX,
    now: datetime = NOW,
) -> Answer:
    return factors.check_code(
        session, person_id=person.id, code=code, takes_recovery=takes_recovery, box=box, now=now
    )


def confirm(session: Session, person: Person, code: str) -> bool:
    return totp.confirm(session, person_id=person.id, label="", code=code, box=BOX, now=NOW)


def test_an_app_counts_once_one_of_its_codes_is_entered(session: Session, ada: Person) -> None:
    totp.begin(session, person_id=ada.id, box=BOX, now=NOW)
    secret, address = totp.pending(session, person=ada, box=BOX)
    assert address.startswith("otpauth://totp/Poolbook:")
    assert secret in address
    assert not confirm(session, ada, "000000")
    assert not factors_of(session, ada.id).any
    assert answer(session, ada, pyotp.TOTP(secret).at(NOW)) == Answer.WRONG
    assert confirm(session, ada, pyotp.TOTP(secret).at(NOW))
    assert factors_of(session, ada.id).any
    # The code that set it up is used up as well.
    assert answer(session, ada, pyotp.TOTP(secret).at(NOW)) == Answer.WRONG
    with pytest.raises(NotFound):
        totp.pending(session, person=ada, box=BOX)


def test_another_app_takes_the_place_of_the_first_once_it_has_shown_a_code(
    session: Session, ada: Person
) -> None:
    old = with_app(session, ada)
    totp.begin(session, person_id=ada.id, box=BOX, now=NOW)
    secret, _address = totp.pending(session, person=ada, box=BOX)
    assert answer(session, ada, pyotp.TOTP(secret).at(NOW)) == Answer.WRONG
    assert answer(session, ada, old.at(NOW)) == Answer.APP
    assert confirm(session, ada, pyotp.TOTP(secret).at(NOW))
    later = NOW + STEP
    assert answer(session, ada, old.at(later), now=later) == Answer.WRONG
    assert answer(session, ada, pyotp.TOTP(secret).at(later), now=later) == Answer.APP


def test_no_code_of_an_app_is_accepted_twice(session: Session, ada: Person) -> None:
    app = with_app(session, ada)
    code, next_one = app.at(NOW), app.at(NOW + STEP)
    assert answer(session, ada, f"{code[:3]} {code[3:]}") == Answer.APP
    assert answer(session, ada, code) == Answer.WRONG
    # A code of the step before the one that was used is no newer.
    assert answer(session, ada, app.at(NOW - STEP)) == Answer.WRONG
    assert answer(session, ada, next_one, now=NOW + STEP) == Answer.APP


def test_a_code_is_good_for_a_step_before_and_after_and_no_longer(
    session: Session, ada: Person
) -> None:
    app = with_app(session, ada)
    assert answer(session, ada, app.at(NOW + 2 * STEP)) == Answer.WRONG
    assert answer(session, ada, app.at(NOW - STEP)) == Answer.APP
    assert answer(session, ada, app.at(NOW + STEP)) == Answer.APP


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "१२३४५६", "1" * 5000])
def test_what_is_no_code_is_wrong(session: Session, ada: Person, code: str) -> None:
    with_app(session, ada)
    assert answer(session, ada, code) == Answer.WRONG


def test_five_wrong_codes_an_hour_are_the_most(session: Session, ada: Person) -> None:
    app, bob = with_app(session, ada), make_person(session, "Bob")
    right = app.at(NOW)
    for _try in range(factors.WRONG_CODES.most):
        assert answer(session, ada, "000000" if right != "000000" else "000001") == Answer.WRONG
    with pytest.raises(RateLimited):
        answer(session, ada, right)
    # Right ones count for nothing, and nobody uses up the tries of somebody else.
    assert answer(session, bob, "000000") == Answer.WRONG
    later = NOW + factors.WRONG_CODES.within
    assert answer(session, ada, app.at(later), now=later) == Answer.APP
    for hours in range(2 * factors.WRONG_CODES.most):
        step = later + (hours + 1) * STEP
        assert answer(session, ada, app.at(step), now=step) == Answer.APP


def test_a_recovery_code_works_once_and_only_where_one_is_taken(
    session: Session, ada: Person
) -> None:
    with_app(session, ada)
    added = partial(factors.note_added, session, person_id=ada.id, box=BOX, now=NOW)
    codes = added(kind=factors.APP)
    assert len(set(codes)) == recovery_codes.CODES
    assert added(kind=factors.PASSKEY) == []
    assert answer(session, ada, codes[0], takes_recovery=False) == Answer.WRONG
    typed = codes[0].upper().replace("-", " ").replace("0", "O").replace("1", "l")
    assert answer(session, ada, typed) == Answer.RECOVERY
    assert answer(session, ada, codes[0]) == Answer.WRONG
    assert answer(session, make_person(session, "Bob"), codes[1]) == Answer.WRONG
    assert recovery_codes.left(session, ada.id) == recovery_codes.CODES - 1
    renewed = factors.renew_codes(session, person_id=ada.id, box=BOX, now=NOW)
    assert answer(session, ada, codes[1]) == Answer.WRONG
    assert answer(session, ada, renewed[1]) == Answer.RECOVERY


def test_the_database_alone_gives_neither_a_code_nor_a_secret(
    session: Session, ada: Person
) -> None:
    app = with_app(session, ada)
    codes = recovery_codes.renew(session, person_id=ada.id, box=BOX, now=NOW)
    kept = session.get_one(Totp, ada.id).encrypted_secret
    assert kept is not None
    hashes = set(session.scalars(select(RecoveryCode.code_hash)))
    assert app.secret not in kept
    assert app.secret not in bytes.fromhex(kept).decode("latin-1")
    assert BOX.decrypt(kept, owner=str(ada.id)) == app.secret
    thief = SecretBox("a guess", factors.PURPOSE)
    with pytest.raises(
        Conflict, match="Restore the installation's secret key, or have the second factors reset"
    ):
        thief.decrypt(kept, owner=str(ada.id))
    for broken in ("", "no digits", "00"):
        with pytest.raises(Conflict):
            BOX.decrypt(broken, owner=str(ada.id))
    # Nor can a row be moved to somebody else, or a hash be looked up in a table of all codes.
    with pytest.raises(Conflict):
        BOX.decrypt(kept, owner=str(make_person(session, "Bob").id))
    assert thief.digest(codes[0].replace("-", ""), owner=str(ada.id)) not in hashes
    assert BOX.digest(codes[0].replace("-", ""), owner=str(ada.id)) in hashes


def test_whoever_removes_their_last_factor_has_no_codes_left(session: Session, ada: Person) -> None:
    with_app(session, ada)
    recovery_codes.renew(session, person_id=ada.id, box=BOX, now=NOW)
    factors.remove_app(session, person_id=ada.id, now=NOW)
    assert factors_of(session, ada.id).codes_left == 0
    with pytest.raises(NotFound):
        factors.remove_app(session, person_id=ada.id, now=NOW)
    with pytest.raises(Conflict, match="first"):
        factors.renew_codes(session, person_id=ada.id, box=BOX, now=NOW)
    told = session.scalars(select(OutboxMessage)).all()
    assert [row.to_email for row in told] == [ada.email]
    assert "an authenticator app was removed" in told[0].body


def test_a_backup_signs_nobody_in_and_needs_the_installations_secret(
    db: Database, sqlite_template: Path, tmp_path: Path
) -> None:
    with db.transaction() as session:
        ada = make_person(session, "Ada")
        app = with_app(session, ada)
        codes = recovery_codes.renew(session, person_id=ada.id, box=BOX, now=NOW)
        challenge = challenges.begin(
            session, purpose=challenges.SIGN_IN, browser="x", person_id=None, now=NOW
        )
    out = BytesIO()
    with db.snapshot() as reading:
        write_backup(reading, out, revision="0")
    with zipfile.ZipFile(out) as archive:
        whole = "\n".join(archive.read(name).decode() for name in archive.namelist())
    assert ada.email in whole
    for secret in (app.secret, challenge.challenge, *codes):
        assert secret not in whole
        assert secret.replace("-", "") not in whole
    shutil.copy(sqlite_template, tmp_path / "restored.db")
    restored = Database(f"sqlite:///{tmp_path / 'restored.db'}")
    with restored.transaction() as session:
        restore_backup(session, out, revision="0")
        elsewhere = SecretBox("another machine's", factors.PURPOSE)
        with pytest.raises(
            Conflict,
            match="Restore the installation's secret key, or have the second factors reset",
        ):
            answer(session, ada, app.at(NOW), box=elsewhere)
        # With the files of the data folder all is as before.
        assert answer(session, ada, app.at(NOW)) == Answer.APP
        assert answer(session, ada, codes[0]) == Answer.RECOVERY
        # Without them, a reset helps: the person enrols anew.
        factors.reset(session, person_id=ada.id, by=None, now=NOW)
        assert not factors_of(session, ada.id).any
    restored.dispose()
