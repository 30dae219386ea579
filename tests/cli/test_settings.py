"""What is set is checked at start: a refusal names the variable and the cure, never the secret."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.config import Settings, from_environment
from ledger.environment import FILE, SECRET_SIGNS, VARIABLES, Variable
from ledger.errors import Invalid
from tests.cli.conftest import Run, run

__all__ = ["run"]

Read = Callable[..., Settings]
ROOT = Path(__file__).parents[2]
LONG = "k" * SECRET_SIGNS


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Settings of an environment with a data folder."""

    def from_these(**environ: str) -> Settings:
        return from_environment({"POOLBOOK_DATA": str(tmp_path / "data"), **environ})

    return from_these


SECRET = {row.name for row in VARIABLES if row.secret}
# Variable, what cannot be right, and what to set instead.
WRONG = [
    ("POOLBOOK_SECRET_KEY", "x", "at least 32 characters. Make one with `openssl rand -hex 32`"),
    ("POOLBOOK_METRICS_TOKEN", "k" * 31, "at least 32 characters"),
    ("POOLBOOK_SIGNING_SEED", "5e" * 31, "64 hexadecimal digits. Make them with"),
    ("POOLBOOK_SIGNING_SEED", "xy" * 32, "64 hexadecimal digits"),
    ("POOLBOOK_BASE_URL", "books.example.org", "something like https://books.example.org"),
    ("POOLBOOK_BASE_URL", "ftp://books.example.org", "must be an http or https address"),
    ("POOLBOOK_BASE_URL", "https://", "must be an http or https address"),
    ("POOLBOOK_BASE_URL", "https://books.example.org/pool", "nothing behind it"),
    ("POOLBOOK_BASE_URL", "https://books.example.org:99999", "a port from 1 to 65535"),
    ("POOLBOOK_BASE_URL", "https://books.example.org:0", "a port from 1 to 65535"),
    ("POOLBOOK_BASE_URL", "https://books.example.org:port", "a port from 1 to 65535"),
    ("POOLBOOK_DATABASE_URL", "mysql://poolbook@localhost/x", "must look like postgresql://"),
    ("POOLBOOK_DATABASE_URL", "postgres://localhost/x", "must look like postgresql://"),
    ("POOLBOOK_DATABASE_URL", "ledger.db", "an address with a scheme"),
    ("POOLBOOK_DATABASE_URL", "postgresql://localhost:70000/x", "a port from 1 to 65535"),
    ("POOLBOOK_TRUSTED_PROXIES", "-1", "a whole number up to 9"),
    ("POOLBOOK_TRUSTED_PROXIES", "yes", "a whole number up to 9"),
    ("POOLBOOK_FEE_FIXED", "100001", "a whole number up to 100000"),
    ("POOLBOOK_LOG_FORMAT", "xml", "text or json"),
    ("POOLBOOK_DEMO", "true", "1 or 0"),
    ("STRIPE_API_BASE", "localhost:8001", "something like https://api.stripe.com"),
    ("POOLBOOK_MAIL_URL", "mail.example.org", "is not set"),
    ("POOLBOOK_DATA", "/dev/null/data", "cannot write"),
]


@pytest.mark.parametrize(("name", "text", "cure"), WRONG)
def test_a_setting_that_cannot_be_right_is_refused_with_its_cure(
    read: Read,
    name: str,
    text: str,
    cure: str,
) -> None:
    with pytest.raises(Invalid) as refusal:
        read(**{name: text})
    place = refusal.value.place or ""
    assert name.startswith(place.removesuffix("_FROM").removesuffix("_URL"))
    assert cure in refusal.value.message
    # One letter is in every sentence.
    assert name not in SECRET or len(text) == 1 or text not in refusal.value.message


def test_what_is_right_is_taken(read: Read) -> None:
    found = read(
        POOLBOOK_DATABASE_URL="postgresql://poolbook:p%40ss@db:5432/poolbook?sslmode=verify-full",
        POOLBOOK_BASE_URL="https://books.example.org/",
        POOLBOOK_SECRET_KEY=LONG,
        POOLBOOK_SIGNING_SEED="5E" * 32,
        POOLBOOK_TRUSTED_PROXIES="0",
        POOLBOOK_METRICS_TOKEN=LONG,
    )
    assert found.base_url == "https://books.example.org"
    assert (found.trusted_proxies, found.is_proxy_count_stated) == (0, True)
    assert found.metrics_token == LONG
    assert "metrics_token" not in repr(found)
    assert not read().is_proxy_count_stated


@pytest.mark.parametrize("variable", [row for row in VARIABLES if row.secret], ids=lambda v: v.name)
def test_a_secret_can_stand_in_a_file(variable: Variable, read: Read, tmp_path: Path) -> None:
    values = {
        "POOLBOOK_DATABASE_URL": "sqlite:///books.db",
        "POOLBOOK_SIGNING_SEED": "5e" * 32,
        "POOLBOOK_MAIL_URL": "smtp://ada:pass@mail.example.org",
        "STRIPE_SECRET_KEY": "sk_test_1",
        "STRIPE_WEBHOOK_SECRET": "whsec_1",
    }
    beside = {
        "POOLBOOK_MAIL_URL": {"POOLBOOK_MAIL_FROM": "books@example.org"},
        "STRIPE_SECRET_KEY": {"STRIPE_WEBHOOK_SECRET": "whsec_1"},
        "STRIPE_WEBHOOK_SECRET": {"STRIPE_SECRET_KEY": "sk_test_1"},
    }.get(variable.name, {})
    text, file = values.get(variable.name, LONG), tmp_path / "secret"
    file.write_text(text + "\n")
    in_file = read(**beside, **{variable.name + FILE: str(file)})
    assert in_file == read(**beside, **{variable.name: text})
    with pytest.raises(Invalid, match=f"{variable.name} and {variable.name}_FILE are both set"):
        read(**beside, **{variable.name: text, variable.name + FILE: str(file)})
    file.write_text("\n")
    with pytest.raises(Invalid, match=f"{variable.name}_FILE names is empty"):
        read(**beside, **{variable.name + FILE: str(file)})
    with pytest.raises(Invalid, match=f"{variable.name}_FILE names cannot be read"):
        read(**beside, **{variable.name + FILE: str(tmp_path / "none")})


def test_what_is_no_secret_is_not_read_from_files(read: Read, tmp_path: Path) -> None:
    with pytest.raises(
        Invalid, match=r"only secrets are read from files\. Set POOLBOOK_LOG_FORMAT"
    ):
        read(POOLBOOK_LOG_FORMAT_FILE=str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("content", "cure"), [(b"\0" * 40, "Write only the secret"), (b"short", "at least 32")]
)
def test_what_is_wrong_in_a_file_is_said_of_the_file(
    read: Read, tmp_path: Path, content: bytes, cure: str
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(Invalid, match=cure) as refusal:
        read(POOLBOOK_SECRET_KEY_FILE=str(file))
    assert refusal.value.place == "POOLBOOK_SECRET_KEY_FILE"
    assert refusal.value.message.count("POOLBOOK_SECRET_KEY_FILE")


def test_a_folder_that_only_seems_to_take_files_is_refused_by_name(tmp_path: Path) -> None:
    # As root, nothing seems impossible.
    with pytest.raises(Invalid, match="POOLBOOK_DATA names a folder in which") as refusal:
        from_environment({"POOLBOOK_DATA": "/proc/poolbook"})
    assert refusal.value.place == "POOLBOOK_DATA"
    assert "name another" in refusal.value.message
    assert from_environment({"POOLBOOK_DATA": str(tmp_path / "new" / "data")}).secret_key


@pytest.mark.parametrize(
    "given",
    [
        {"STRIPE_SECRET_KEY": "sk_live_1"},
        {"STRIPE_WEBHOOK_SECRET": "whsec_1"},
        {"STRIPE_SECRET_KEY": "pk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"},
        {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": "secret"},
        {
            "STRIPE_SECRET_KEY": "sk_live_1",
            "STRIPE_WEBHOOK_SECRET": "whsec_1",
            "STRIPE_API_BASE": "https://elsewhere.example.org",
        },
        {"POOLBOOK_MAIL_URL": "smtp://mail.example.org"},
        {"POOLBOOK_FEE_FIXED": "-3"},
    ],
    ids=str,
)
def test_each_refusal_names_a_cure(read: Read, given: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refusal:
        read(**given)
    assert re.search(r"\b(Copy|Unset|Set it|Correct it)\b", refusal.value.message)


@pytest.mark.parametrize("name", ["POOLBOOK_DATA", "POOLBOOK_DATABASE_URL"])
def test_the_doctor_makes_no_folder(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    there, folder = tmp_path / "there", tmp_path / "none"
    there.mkdir()
    monkeypatch.setenv("POOLBOOK_DATA", str(folder if name == "POOLBOOK_DATA" else there))
    done = run("--database", f"sqlite:///{folder}/x.db", "doctor", "--json")
    (part,) = done.json["parts"]
    assert (done.code, part["part"]) == (1, "files")
    assert f"correct {name}" in part["cure"]
    assert not folder.exists()


def test_each_setting_is_described_and_no_other_is_read() -> None:
    names = [row.name for row in VARIABLES]
    assert len(set(names)) == len(names)
    assert all(row.kind and row.meaning.endswith(".") for row in VARIABLES)
    read = set()
    for path in [ROOT / "wsgi.py", *(ROOT / "ledger").rglob("*.py")]:
        read |= set(re.findall(r'given\["([A-Z_]+)"\]', path.read_text()))
    assert read | {"POOLBOOK_TRUSTED_PROXIES"} == set(names)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_doctor_names_a_setting_that_cannot_be_right(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POOLBOOK_SECRET_KEY", "x")
    done = run("doctor", "--json")
    assert done.code == 1
    (part,) = done.json["parts"]
    assert (part["part"], part["ok"], part["told"]) == ("settings", False, "POOLBOOK_SECRET_KEY")
    assert "openssl rand -hex 32" in part["cure"]
