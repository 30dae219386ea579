"""The relay's settings: read whole, or refused by name without repeating a password."""

from pathlib import Path

import pytest

from ledger.config import Settings, from_environment
from ledger.errors import Invalid

FROM = "Three Streams <books@example.org>"


def read(data: Path, url: str, sender: str = FROM) -> Settings:
    return from_environment(
        {"POOLBOOK_DATA": str(data), "POOLBOOK_MAIL_URL": url, "POOLBOOK_MAIL_FROM": sender}
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://relay.example.org", ("relay.example.org", 587, "starttls", "", "")),
        ("smtps://u:p%40ss%2F@relay.example.org", ("relay.example.org", 465, "tls", "u", "p@ss/")),
        ("smtp+plain://127.0.0.1:2525", ("127.0.0.1", 2525, "none", "", "")),
        ("smtp://[::1]:26/", ("::1", 26, "starttls", "", "")),
    ],
)
def test_a_relay_is_read(tmp_path: Path, url: str, expected: tuple[object, ...]) -> None:
    mail = read(tmp_path, url).mail
    assert mail is not None
    assert (mail.host, mail.port, mail.security, mail.user, mail.password) == expected
    assert str(mail.sender) == FROM
    assert "p@ss" not in repr(mail)


def test_without_a_relay_messages_wait(tmp_path: Path) -> None:
    settings = from_environment({"POOLBOOK_DATA": str(tmp_path)})
    assert settings.mail is None
    assert not settings.sends_mail


@pytest.mark.parametrize(
    ("url", "sender", "place"),
    [
        ("smtp://relay.example.org", "", "POOLBOOK_MAIL_FROM"),
        ("", FROM, "POOLBOOK_MAIL_URL"),
        ("relay.example.org", FROM, "POOLBOOK_MAIL_URL"),
        ("https://u:hunter2@relay.example.org", FROM, "POOLBOOK_MAIL_URL"),
        ("smtp://", FROM, "POOLBOOK_MAIL_URL"),
        ("smtp://u:hunter2@relay.example.org:port", FROM, "POOLBOOK_MAIL_URL"),
        ("smtp://u:hunter2@relay.example.org/path", FROM, "POOLBOOK_MAIL_URL"),
        ("smtp+plain://u:hunter2@127.0.0.1", FROM, "POOLBOOK_MAIL_URL"),
        ("smtp://relay.example.org", "books", "POOLBOOK_MAIL_FROM"),
        ("smtp://relay.example.org", "a@example.org, b@example.org", "POOLBOOK_MAIL_FROM"),
        ("smtp://relay.example.org", "books@example.org\nBcc: x@example.org", "POOLBOOK_MAIL_FROM"),
    ],
)
def test_a_relay_that_is_half_named_is_refused_by_name(
    tmp_path: Path, url: str, sender: str, place: str
) -> None:
    with pytest.raises(Invalid) as refused:
        read(tmp_path, url, sender)
    assert refused.value.place == place
    assert "hunter2" not in str(refused.value)
