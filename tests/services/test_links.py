"""A link is made where the program put a place for one, and nowhere that somebody wrote it."""

from datetime import timedelta

import pytest
from itsdangerous import URLSafeSerializer
from marshmallow import ValidationError

from ledger.errors import NotFound
from ledger.ids import new_id
from ledger.links import PLEDGE, RECURRING, SIGN_IN, Links, place_for
from ledger.schemas.fields import Line, Text
from tests.conftest import NOW

KEY = "a key of the installation"
LINKS = Links("https://x.example", KEY)


@pytest.mark.parametrize("kind", [PLEDGE, RECURRING, SIGN_IN])
def test_a_place_gets_its_link_when_the_message_is_sent(kind: str) -> None:
    row_id = new_id()
    told = LINKS.fill(f"Follow this:\n\n{place_for(kind, row_id)}\n")
    assert told == f"Follow this:\n\n{LINKS.to(kind, row_id)}\n"
    assert LINKS.read(kind, told.split("/")[-1].strip()) == row_id


@pytest.mark.parametrize("kind", [PLEDGE, RECURRING, SIGN_IN])
def test_nobody_gets_a_link_by_writing_its_place(kind: str) -> None:
    """As a name or a message it was sent with a link to the gift of somebody else."""
    place = place_for(kind, new_id())
    for field in (Line(), Text()):
        with pytest.raises(ValidationError):
            field.deserialize(f"Ada {place}")
    typed = f"Ada [link:{kind}:{new_id().hex}]"
    assert LINKS.fill(typed) == typed


@pytest.mark.parametrize("kind", [PLEDGE, RECURRING])
def test_a_link_to_a_gift_lasts_ninety_days(kind: str) -> None:
    row_id = new_id()
    token = Links("https://x.example", KEY, lambda: NOW).token(kind, row_id)
    last = Links("https://x.example", KEY, lambda: NOW + timedelta(days=90))
    after = Links("https://x.example", KEY, lambda: NOW + timedelta(days=91))
    assert last.read(kind, token) == row_id
    with pytest.raises(NotFound, match=r"expired\. Sign in"):
        after.read(kind, token)


@pytest.mark.parametrize("kind", [PLEDGE, RECURRING])
def test_a_link_of_before_links_ended_has_ended(kind: str) -> None:
    old = str(URLSafeSerializer(KEY, salt=f"poolbook.{kind}").dumps(new_id().hex))
    with pytest.raises(NotFound, match=r"expired\. Sign in"):
        LINKS.read(kind, old)
