"""Every setting once: its name, kind, default and meaning, and how what is set is checked.

The table in ``docs/deploy.md`` is made from this, and the settings are read by it. A secret can
also stand in a file that ``NAME_FILE`` names, as containers and systemd hand secrets over. Each
refusal names the variable, what is wrong with it, and what to set instead; none repeats a secret.
"""

import os
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from ledger.errors import Invalid

FILE = "_FILE"
SECRET_SIGNS = 32
SEED_SIGNS = 64
DATABASES = ("sqlite", "postgresql", "postgresql+psycopg")


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting. ``default`` is what is read when nothing is set; ``shown`` tells it in words.

    ``check`` raises Invalid for a value that cannot be used.
    """

    name: str
    kind: str
    default: str
    meaning: str
    check: Callable[[str, str], None] = lambda _name, _text: None
    secret: bool = False
    shown: str = ""


def read(environ: Mapping[str, str]) -> dict[str, str]:
    """Return every setting by name, checked; empty where neither set nor given a default.

    Raises Invalid, naming the variable and the cure.
    """
    return {variable.name: _read(variable, environ) for variable in VARIABLES}


def _read(variable: Variable, environ: Mapping[str, str]) -> str:
    name, text = variable.name, environ.get(variable.name, "")
    file = environ.get(name + FILE, "")
    if file and not variable.secret:
        raise Invalid(
            "{file} is set, but only secrets are read from files. Set {name} itself.",
            place=name + FILE,
            name=name,
            file=name + FILE,
        )
    if file and text:
        raise Invalid(
            "{name} and {file} are both set. Unset one of them.",
            place=name,
            name=name,
            file=name + FILE,
        )
    if file:
        text = _content(name + FILE, Path(file))
    if text:
        # Whoever mends it has to know where it was written.
        variable.check(name + FILE if file else name, text)
    return text or variable.default


def _content(name: str, path: Path) -> str:
    """Read a secret from a file, without the end of its line. Raises Invalid."""
    try:
        text = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(
            "The file that {name} names cannot be read ({error}). Correct the path, or let the "
            "program's user read the file.",
            place=name,
            name=name,
            error=type(error).__name__,
        ) from error
    if not text.isprintable():
        raise Invalid(
            "The file that {name} names holds more than one line of text. Write only the secret "
            "into it.",
            place=name,
            name=name,
        )
    if not text:
        raise Invalid(
            "The file that {name} names is empty. Write the secret into it, or unset {name}.",
            place=name,
            name=name,
        )
    return text


# Checks


def _split(name: str, text: str, example: str) -> SplitResult:
    """Take an address apart. Raises Invalid when it has no scheme or its port is none."""
    try:
        parts = urlsplit(text)
        is_address = bool(parts.scheme) and "://" in text and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or not text.isprintable() or " " in text:
        raise Invalid(
            "{name} is not an address with a scheme and, at most, a port from 1 to 65535. Set "
            "it to something like {example}.",
            place=name,
            name=name,
            example=example,
        )
    return parts


def _database(name: str, text: str) -> None:
    example = "postgresql://poolbook@localhost/poolbook or sqlite:///books.db"
    if _split(name, text, example).scheme not in DATABASES:
        raise Invalid(
            "{name} names a database that Poolbook cannot use. The database URL must look like "
            "{example}.",
            place=name,
            name=name,
            example=example,
        )


def _web_address(example: str) -> Callable[[str, str], None]:
    def check(name: str, text: str) -> None:
        parts = _split(name, text, example)
        is_plain = parts.hostname and not (parts.query or parts.fragment or parts.username)
        if parts.scheme not in ("http", "https") or not is_plain or parts.path.strip("/"):
            raise Invalid(
                "{name} must be an http or https address with a host and nothing behind it. Set it "
                "to something like {example}.",
                place=name,
                name=name,
                example=example,
            )

    return check


def _secret(name: str, text: str) -> None:
    if len(text) < SECRET_SIGNS:
        raise Invalid(
            "{name} is too short to be a secret: it needs at least {count} characters. Make one "
            "with `openssl rand -hex 32`.",
            place=name,
            name=name,
            count=SECRET_SIGNS,
        )


def _seed(name: str, text: str) -> None:
    if len(text) != SEED_SIGNS or not set(text) <= set("0123456789abcdefABCDEF"):
        raise Invalid(
            "{name} must be {count} hexadecimal digits. Make them with `openssl rand -hex 32`, or "
            "unset it: Poolbook then makes a seed in the data folder.",
            place=name,
            name=name,
            count=SEED_SIGNS,
        )


def _folder(name: str, text: str) -> None:
    """Refuse a folder in which, or in whose nearest parent, nothing can be written."""
    path = Path(text)
    while not path.exists() and path != path.parent:
        path = path.parent
    if not path.is_dir() or not os.access(path, os.W_OK | os.X_OK):
        raise Invalid(
            "{name} names a folder in which the program cannot write: {path}. Give that folder to "
            "the program's user, or name another.",
            place=name,
            name=name,
            path=path,
        )


def _at_most(most: int) -> Callable[[str, str], None]:
    def check(name: str, text: str) -> None:
        if not text.isascii() or not text.isdigit() or int(text) > most:
            raise Invalid(
                "{name} must be a whole number up to {most}. Correct it, or unset it.",
                place=name,
                name=name,
                most=most,
            )

    return check


def _one_of(*words: str) -> Callable[[str, str], None]:
    def check(name: str, text: str) -> None:
        if text not in words:
            raise Invalid(
                "{name} must be {words}.", place=name, name=name, words=" or ".join(words)
            )

    return check


def _command(name: str, text: str) -> None:
    """Refuse a command that is not there, before somebody's file waits for it."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    if not words or shutil.which(words[0]) is None:
        raise Invalid(
            "{name} names a program that cannot be found. Install it, or correct the command.",
            place=name,
            name=name,
        )


_MADE = "made in the data folder"

VARIABLES = (
    Variable(
        "POOLBOOK_DATA",
        "folder",
        "var",
        "Where the keys, SQLite's file and counts of requests are kept. Only the program's user "
        "may read it.",
        _folder,
    ),
    Variable(
        "POOLBOOK_DATABASE_URL",
        "address",
        "",
        "The database: `postgresql://…`, or `sqlite:///…` for a file.",
        _database,
        secret=True,
        shown="`poolbook.db` in the data folder",
    ),
    Variable(
        "POOLBOOK_BASE_URL",
        "address",
        "http://127.0.0.1:8000",
        "The public address, for links in messages and for the way back from Stripe.",
        _web_address("https://books.example.org"),
    ),
    Variable(
        "POOLBOOK_TRUSTED_PROXIES",
        "number up to 9",
        "",
        "How many proxies of yours stand before the program. Needed at a public https address; 0 "
        "if none.",
        _at_most(9),
        shown="0",
    ),
    Variable(
        "POOLBOOK_SECRET_KEY",
        f"{SECRET_SIGNS} characters or more",
        "",
        "Signs sessions and links.",
        _secret,
        secret=True,
        shown=_MADE,
    ),
    Variable(
        "POOLBOOK_SIGNING_SEED",
        f"{SEED_SIGNS} hexadecimal digits",
        "",
        "Signs checkpoints. Publish the key line of the reports page once, elsewhere.",
        _seed,
        secret=True,
        shown=_MADE,
    ),
    Variable(
        "POOLBOOK_MAIL_URL",
        "address",
        "",
        "The mail relay, as in `smtp://user:password@mail.example.org` (STARTTLS; `smtps://` for "
        "TLS, `smtp+plain://` for neither, without a password). Try it: `poolbook mail test "
        "you@example.org`.",
        secret=True,
        shown="no mail is sent",
    ),
    Variable(
        "POOLBOOK_MAIL_FROM",
        "name and address",
        "",
        "The sender, as in `Three Streams <books@example.org>`. Set together with the relay.",
    ),
    Variable(
        "STRIPE_SECRET_KEY",
        "`sk_…` or `rk_…`",
        "",
        "Stripe's secret or restricted key.",
        secret=True,
        shown="no card payments",
    ),
    Variable(
        "STRIPE_WEBHOOK_SECRET",
        "`whsec_…`",
        "",
        "The signing secret of the webhook endpoint. Set together with the key.",
        secret=True,
    ),
    Variable(
        "STRIPE_API_BASE",
        "address",
        "https://api.stripe.com",
        "Another address than Stripe's, for a sandbox. A live key is refused there.",
        _web_address("https://api.stripe.com"),
    ),
    Variable(
        "POOLBOOK_FEE_BASIS_POINTS",
        "number up to 2,000",
        "290",
        "What donors are offered to add for the fee: a share in hundredths of a percent. Only an "
        "estimate for the form; what is booked is what Stripe took.",
        _at_most(2_000),
    ),
    Variable(
        "POOLBOOK_FEE_FIXED",
        "number up to 100,000",
        "30",
        "The fixed part of that estimate, in minor units.",
        _at_most(100_000),
    ),
    Variable(
        "POOLBOOK_SCANNER",
        "command",
        "",
        "A virus scanner for attached files, as in `clamdscan --fdpass -`. It reads a file on "
        "standard input and exits with 0 for a clean one and 1 for an infected one, which is "
        "refused. Any other exit code refuses every upload until it is mended.",
        _command,
        shown="files are marked as not scanned",
    ),
    Variable(
        "POOLBOOK_METRICS_TOKEN",
        f"{SECRET_SIGNS} characters or more",
        "",
        "Who sends it as a bearer token may read `/metrics` from elsewhere.",
        _secret,
        secret=True,
        shown="this machine only",
    ),
    Variable(
        "POOLBOOK_LOG_FORMAT",
        "`text` or `json`",
        "text",
        "How lines of the log are written, on standard error.",
        _one_of("text", "json"),
    ),
    Variable(
        "POOLBOOK_LOG_LEVEL",
        "`info` or `warning`",
        "info",
        "`info` writes a line for every request and job, `warning` only what went wrong.",
        _one_of("info", "warning"),
    ),
    Variable(
        "POOLBOOK_DEMO",
        "1 or 0",
        "0",
        "1 in `poolbook demo` only: shows the outbox and the demo's pages. A live key is refused "
        "with it.",
        _one_of("1", "0"),
    ),
)
