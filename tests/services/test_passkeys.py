"""Passkeys: one that is right gets in, and each thing that can be wrong about one keeps it out."""

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from ledger.db import Session
from ledger.errors import Conflict
from ledger.models.factors import Challenge, Passkey
from ledger.models.people import Person
from ledger.services.people import challenges, passkeys
from ledger.services.people.passkeys import RelyingParty, Verified, relying_party
from tests.authenticator import Authenticator
from tests.conftest import NOW
from tests.factories import make_person

PARTY = RelyingParty("poolbook.example", "https://poolbook.example")
BROWSER = "the key in a browser's cookie"


@pytest.fixture
def ada(session: Session) -> Person:
    return make_person(session, "Ada")


@pytest.fixture
def phone(session: Session, ada: Person) -> Authenticator:
    """A phone on which Ada has made a passkey."""
    found = Authenticator(PARTY.origin, PARTY.id)
    assert enrol(session, ada, found) is not None
    return found


def begin(session: Session, purpose: str, person_id: UUID | None) -> Challenge:
    return challenges.begin(session, purpose=purpose, browser=BROWSER, person_id=person_id, now=NOW)


def enrol(session: Session, ada: Person, phone: Authenticator) -> Passkey | None:
    challenge = begin(session, challenges.ENROL, ada.id)
    options = passkeys.registration_options(session, person=ada, party=PARTY, challenge=challenge)
    return passkeys.enrol(
        session,
        person=ada,
        party=PARTY,
        challenge_id=challenge.id,
        browser=BROWSER,
        response=phone.make(options),
        label=" Ada's phone ",
        now=NOW,
    )


def use(
    session: Session,
    phone: Authenticator,
    *,
    begun: str = challenges.SIGN_IN,
    ended: str = challenges.SIGN_IN,
    person_id: UUID | None = None,
    browser: str = BROWSER,
    later: timedelta = timedelta(0),
    times: int = 1,
) -> Verified:
    """Use a passkey; each argument but the default ones makes something wrong."""
    challenge = begin(session, begun, person_id)
    options = passkeys.authentication_options(session, party=PARTY, challenge=challenge)
    response = phone.use(options)
    for _time in range(times):
        found = passkeys.verify(
            session,
            party=PARTY,
            purpose=ended,
            challenge_id=challenge.id,
            browser=browser,
            person_id=person_id,
            response=response,
            now=NOW + later,
        )
    return found


def test_a_passkey_alone_says_who_somebody_is(
    session: Session, ada: Person, phone: Authenticator
) -> None:
    row = passkeys.passkeys_of(session, ada.id)[0]
    assert (row.label, row.transports, row.backed_up) == (
        "Ada's phone",
        ["hybrid", "internal"],
        True,
    )
    assert use(session, phone) == Verified(ada.id)
    assert (row.sign_count, row.last_used_at) == (1, NOW)


def test_a_passkey_always_verifies_its_user(
    session: Session, ada: Person, phone: Authenticator
) -> None:
    challenge = begin(session, challenges.SIGN_IN, None)
    options = passkeys.authentication_options(session, party=PARTY, challenge=challenge)
    assert options["userVerification"] == "required"
    phone.verifies = False
    assert use(session, phone) == Verified(None)
    other = Authenticator(PARTY.origin, PARTY.id, b"another", verifies=False)
    assert enrol(session, ada, other) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://poolbook.example.evil.test"},
        {"origin": "http://poolbook.example"},
        {"rp_id": "evil.test"},
        {"credential_id": b"never seen"},
        {"user_handle": b"somebody else's"},
        {"key": Authenticator("", "").key},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_was_signed_for_another_place_or_by_another_key_is_refused(
    session: Session, ada: Person, phone: Authenticator, wrong: dict[str, Any]
) -> None:
    assert use(session, replace(phone, **wrong)) == Verified(None)
    assert use(session, phone) == Verified(ada.id)


@pytest.mark.parametrize(
    "wrong",
    [
        {"begun": challenges.CONFIRM},
        {"ended": challenges.CONFIRM},
        {"browser": "another browser"},
        {"later": timedelta(minutes=5)},
        {"times": 2},
    ],
    ids=str,
)
def test_a_challenge_is_good_for_one_purpose_in_one_browser_for_five_minutes_once(
    session: Session, ada: Person, phone: Authenticator, wrong: dict[str, Any]
) -> None:
    assert use(session, phone, **wrong) == Verified(None)
    assert use(session, phone, later=timedelta(minutes=4)) == Verified(ada.id)


def test_a_passkey_of_somebody_else_confirms_nothing(
    session: Session, ada: Person, phone: Authenticator
) -> None:
    bob = make_person(session, "Bob")
    step = partial(use, session, phone, begun=challenges.CONFIRM, ended=challenges.CONFIRM)
    assert step(person_id=bob.id) == Verified(None)
    assert step(person_id=ada.id) == Verified(ada.id)


def test_a_counter_that_falls_is_a_copy_and_one_that_stays_at_zero_is_not(
    session: Session, ada: Person, phone: Authenticator
) -> None:
    phone.counter = 7
    assert use(session, phone) == Verified(ada.id)
    copy = replace(phone, counter=3)
    assert use(session, copy) == Verified(None, copied_from=ada.id)
    assert use(session, replace(phone, counts=False)) == Verified(None, copied_from=ada.id)
    assert use(session, phone) == Verified(ada.id)
    synced = Authenticator(PARTY.origin, PARTY.id, b"synced", counts=False)
    assert enrol(session, ada, synced) is not None
    assert [use(session, synced) for _ in range(2)] == [Verified(ada.id)] * 2


def test_a_passkey_is_known_once(session: Session, ada: Person, phone: Authenticator) -> None:
    with pytest.raises(Conflict, match="This passkey is already registered"):
        enrol(session, make_person(session, "Bob"), phone)


@pytest.mark.parametrize("broken", ["", "{}", "[]", "null", "7", '"x"', "{" * 500, "x" * 30_000])
def test_broken_answers_are_refused(
    session: Session, ada: Person, phone: Authenticator, broken: str
) -> None:
    challenge = begin(session, challenges.ENROL, ada.id)
    assert (
        passkeys.enrol(
            session,
            person=ada,
            challenge_id=challenge.id,
            response=broken,
            label="",
            party=PARTY,
            browser=BROWSER,
            now=NOW,
        )
        is None
    )
    challenge = begin(session, challenges.SIGN_IN, None)
    assert passkeys.verify(
        session,
        purpose=challenges.SIGN_IN,
        challenge_id=challenge.id,
        person_id=None,
        response=broken,
        party=PARTY,
        browser=BROWSER,
        now=NOW,
    ) == Verified(None)


WRONG_PARTS: tuple[object, ...] = ("", "AAAA", "!", None, 5, {})


def test_answers_with_any_part_broken_are_refused(
    session: Session, ada: Person, phone: Authenticator
) -> None:
    for name in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        for wrong in WRONG_PARTS:
            challenge = begin(session, challenges.SIGN_IN, None)
            options = passkeys.authentication_options(session, party=PARTY, challenge=challenge)
            answer = json.loads(phone.use(options))
            answer["response"][name] = wrong
            found = passkeys.verify(
                session,
                party=PARTY,
                purpose=challenges.SIGN_IN,
                challenge_id=challenge.id,
                browser=BROWSER,
                person_id=None,
                response=json.dumps(answer),
                now=NOW,
            )
            assert found == Verified(None), (name, wrong)


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://poolbook.example", PARTY),
        ("https://Books.Example:8443", RelyingParty("books.example", "https://books.example:8443")),
        ("http://127.0.0.1:8000", RelyingParty("localhost", "http://localhost:8000")),
        ("http://[::1]:8000", RelyingParty("localhost", "http://localhost:8000")),
        ("http://192.0.2.7:8000", None),
    ],
)
def test_passkeys_belong_to_the_name_of_the_installation(
    base_url: str, expected: RelyingParty | None
) -> None:
    assert relying_party(base_url) == expected


def test_a_way_to_a_passkey_that_this_version_does_not_know_is_left_out(
    session: Session, ada: Person, phone: Authenticator
) -> None:
    passkeys.passkeys_of(session, ada.id)[0].transports = ["internal", "by thought"]
    challenge = begin(session, challenges.CONFIRM, ada.id)
    options = passkeys.authentication_options(session, party=PARTY, challenge=challenge)
    allowed = options["allowCredentials"]
    assert isinstance(allowed, list)
    assert allowed[0]["transports"] == ["internal"]
