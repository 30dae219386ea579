"""A link is made where the program put a place for one, and nowhere that somebody wrote it."""

import pytest
from marshmallow import ValidationError

from ledger.ids import new_id
from ledger.links import PLEDGE, RECURRING, SIGN_IN, Links, place_for
from ledger.schemas.fields import Line, Text

LINKS = Links("https://x.example", "a key of the installation")


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
