"""Every reference in code, tests and documents leads somewhere: codes, rules, sections, paths.

What is cited by number is looked up in ``docs/`` (domain, reliability, decisions) or, for cases of
payments, in the list beside their tests. A file or module that is named must exist.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import wsgi  # noqa: F401 (hangs every command on the command line)
from ledger.cli import cli
from tests.test_tidy import ROOT, TEXTS, name_of

DOCS = ROOT / "docs"
LEDGER = ROOT / "ledger"
DOMAIN = (DOCS / "domain.md").read_text(encoding="utf-8")
RELIABILITY = (DOCS / "reliability.md").read_text(encoding="utf-8")
PAYMENTS = (ROOT / "tests" / "payments" / "README.md").read_text(encoding="utf-8")

SECTIONS = set(re.findall(r"^#{2,4} (\d+(?:\.\d+)?)\.? ", DOMAIN, flags=re.MULTILINE))
EVENTS = set(re.findall(r"^#### ([A-Z]+-\d+) ·", DOMAIN, flags=re.MULTILINE))
RULES = set(re.findall(r"^\| ([IMT]-\d\d) \|", DOMAIN, flags=re.MULTILINE)) | set(
    re.findall(r"M-\d\d", DOMAIN.partition("are reserved")[0].rpartition("\n\n")[2])
)
DECISIONS = set(re.findall(r"^\| (D\d+) \|", DOMAIN, flags=re.MULTILINE))
CASES = set(re.findall(r"^\| (\d+) \|", DOMAIN.partition("## 12. ")[2], flags=re.MULTILINE))
ROWS = set(re.findall(r"^\| (\d+) \|", RELIABILITY, flags=re.MULTILINE))
PAYMENT_CASES = set(re.findall(r"^\| (\d+)[a-z]? \|", PAYMENTS, flags=re.MULTILINE))
KINDS = {code.partition("-")[0] for code in EVENTS}

# Whose sections may be cited beside our own: the number follows at once.
OTHERS = re.compile(r"(RFC \d+|WebAuthn level \d|ASC [\d-]+|SORP)[,:]?( level \d+,)?\s+\Z")
NUMBER = r"(\d+(?:\.\d+)*)"
SECTION = re.compile(
    rf"\b[Ss]ections?\s+{NUMBER}(?:(?:,| to| and)\s+{NUMBER})?(?:\s+(?:to|and)\s+{NUMBER})?"
)
CODE = re.compile(rf"\b({'|'.join(sorted(KINDS))})-(\d+)((?:,? (?:and )?-\d+)*)\b")
PLACES = ("ledger", "reports", "tests", "docs", "migrations", "bench", ".ci")
ROOMS = {path.name for base in (LEDGER, ROOT / "tests") for path in base.iterdir() if path.is_dir()}
MODULE = re.compile(r"``((?:ledger\.)?[a-z_]+(?:\.[A-Za-z_]\w*)+)``")
PATH = re.compile(r"``?([.\w*-]+(?:/[.\w*-]+)+/?)(?:::(\w+))?``?")
MAKE = re.compile(r"\bmake ([a-z][a-z-]+)")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
COMMAND = re.compile(r"\bpoolbook ([a-z][a-z-]+)(?: ([a-z][a-z-]+))?")
# Sample values that look like codes.
SAMPLES = {"tests/sandbox/test_parameters.py", "tests/test_references.py", "tests/test_domain.py"}


def wrong(text: str, where: str) -> Iterator[str]:
    """Yield the references of a text that lead nowhere."""
    plain = re.sub(r"\s*\n[#\s]*", " ", text)
    yield from _codes(plain)
    yield from _numbers(plain, where)
    yield from _sections(plain, where)
    yield from _names(text, where)


def _codes(text: str) -> Iterator[str]:
    for kind, number, more in CODE.findall(text):
        for one in (number, *re.findall(r"\d+", more)):
            if f"{kind}-{one}" not in EVENTS:
                yield f"event {kind}-{one}"
    for rule in re.findall(r"(?<![\w-])[IMT]-\d\d\b", text):
        if rule not in RULES:
            yield f"rule {rule}"


def _numbers(text: str, where: str) -> Iterator[str]:
    for name in re.findall(r"\b(?:domain|decision) (D\d+)\b", text):
        if name not in DECISIONS:
            yield f"domain {name}"
    for row in re.findall(r"\b[Rr]eliability,? row (\d+)", text):
        if row not in ROWS:
            yield f"reliability row {row}"
    listed = "tests/payments/" in where
    for before, first, more in re.findall(r"(\w*[ (])cases? (\d+)((?:(?:,| and| to) \d+)*)", text):
        known = PAYMENT_CASES if listed or before == "payment " else CASES
        if not (listed or before in ("payment ", "domain ")):
            yield f"case {first} of no document"
        for one in (first, *re.findall(r"\d+", more)):
            if one not in known:
                yield f"case {one}"
    for number in re.findall(r"\bADR (\d{4})\b", text):
        if not list(DOCS.glob(f"adr/{number}-*.md")):
            yield f"ADR {number}"


def _sections(text: str, where: str) -> Iterator[str]:
    for found in SECTION.finditer(text):
        before = text[: found.start()]
        if OTHERS.search(before):
            continue
        if not (re.search(r"\bdomain(\.md)? \Z", before) or where == "docs/domain.md"):
            yield f"section {found[1]} of no document"
        yield from (
            f"domain section {number}"
            for number in found.groups()
            if number is not None and number not in SECTIONS
        )


def _names(text: str, where: str) -> Iterator[str]:
    for name, function in PATH.findall(text):
        first = name.partition("/")[0]
        if first in PLACES or first in ROOMS:
            files = _found(name, (ROOT / where).parent)
            if not files:
                yield f"path {name}"
            elif function and not any(_defines(path, function) for path in files):
                yield f"function {name}::{function}"
    if where.endswith(".md"):
        yield from _commands(text)
    if where.endswith(".py"):
        yield from (f"module {name}" for name in MODULE.findall(text) if not _is_module(name))


def _commands(text: str) -> Iterator[str]:
    """Yield commands in code that the command line does not have."""
    for code in re.findall(r"`([^`\n]+)`|^    (\S.*)$", text, flags=re.MULTILINE):
        for target in MAKE.findall("".join(code)):
            if target not in TARGETS:
                yield f"command make {target}"
        for name, sub in COMMAND.findall("".join(code)):
            command = cli.commands.get(name)
            if command is None:
                yield f"command poolbook {name}"
            elif sub and isinstance(command, click.Group) and sub not in command.commands:
                yield f"command poolbook {name} {sub}"


def _found(name: str, here: Path) -> list[Path]:
    bases = (ROOT, LEDGER, ROOT / "tests", here)
    return [path for base in bases for path in base.glob(name.rstrip("/"))]


def _defines(path: Path, function: str) -> bool:
    return re.search(rf"\bdef (test_)?{function}\b", path.read_text()) is not None


def _is_module(name: str) -> bool:
    parts = name.removeprefix("ledger.").split(".")
    if parts[0] not in ROOMS or not (LEDGER / parts[0]).is_dir():
        return True
    place = LEDGER
    for depth, part in enumerate(parts):
        if (place / part).is_dir():
            place /= part
        elif (place / f"{part}.py").is_file():
            source = (place / f"{part}.py").read_text()
            return all(re.search(rf"\b{word}\b", source) for word in parts[depth + 1 :])
        else:
            package = place / "__init__.py"
            return package.is_file() and re.search(rf"\b{part}\b", package.read_text()) is not None
    return True


@pytest.mark.parametrize("place", ["ledger", "reports", "tests", "migrations", "bench", "docs", ""])
def test_every_reference_leads_somewhere(place: str) -> None:
    found = []
    for path in TEXTS:
        where = name_of(path)
        room = where.partition("/")[0] if "/" in where else ""
        if room == place and where not in SAMPLES and path.suffix in {".py", ".md", ".html"}:
            found += [f"{where}: {fault}" for fault in wrong(path.read_text(), where)]
    assert found == []


def test_there_is_something_to_lead_to() -> None:
    assert len(EVENTS) == 108
    assert len(RULES) > 75
    assert {"0", "5.18", "8.4", "14"} <= SECTIONS
    assert {"18", "33"} <= CASES
    assert {"1", "15"} <= ROWS
    assert len(DECISIONS) == 16
    assert {"1", "21"} <= PAYMENT_CASES


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        ("booked at once (PLG-%s)", "event PLG-%s"),
        ("written off (PLG-03, -04, -%s)", "event PLG-%s"),
        ("kept by I-%s", "rule I-%s"),
        ("tied by T-%s", "rule T-%s"),
        ("matched by M-%s", "rule M-%s"),
        ("as decided (domain D%s)", "domain D%s"),
        ("domain section %s says so", "domain section %s"),
        ("domain sections 4\n    and %s say so", "domain section %s"),
        ("it is so (section %s)", "section %s of no document"),
        ("reliability row %s", "reliability row %s"),
        ("(domain case %s)", "case %s"),
        ("(payment case %s)", "case %s"),
        ("in case %s", "case %s of no document"),
        ("``services/nowhere_%s.py``", "path services/nowhere_%s.py"),
        ("`docs/nowhere_%s.md`", "path docs/nowhere_%s.md"),
        ("`core/entry.py::nowhere_%s`", "function core/entry.py::nowhere_%s"),
        ("``services.nowhere_%s``", "module services.nowhere_%s"),
        ("``core.entry.nowhere_%s``", "module core.entry.nowhere_%s"),
    ],
)
def test_a_wrong_reference_is_seen(planted: str, fault: str) -> None:
    assert fault % 97 in list(wrong(planted % 97, "ledger/core/entry.py"))


def test_a_command_that_is_not_there_is_seen() -> None:
    text = "`poolbook book open`, then `make tea`\n\n    poolbook unlock\n    poolbook book close\n"
    assert list(wrong(text, "docs/deploy.md")) == [
        "command poolbook book open",
        "command make tea",
        "command poolbook unlock",
        "command poolbook book close",
    ]


@pytest.mark.parametrize(
    "right",
    [
        "made (PLG-03, -04, -10) and kept by I-31 (domain section 8.4)",
        "RFC 9162, section 2.1.1; domain sections 2.2 to 2.5 (domain D13, domain case 33)",
        "``core.entry.Posting`` in `core/entry.py`, tested in `tests/core`",
    ],
)
def test_a_right_reference_is_not_called_wrong(right: str) -> None:
    assert list(wrong(right, "ledger/core/entry.py")) == []


def test_every_setting_of_the_environment_is_documented() -> None:
    documented = set(re.findall(r"`([A-Z][A-Z_]+)`", (DOCS / "deploy.md").read_text()))
    source = (LEDGER / "config.py").read_text()
    read = set(re.findall(r"\"((?:POOLBOOK|STRIPE)_[A-Z_]+)\"", source))
    assert {"POOLBOOK_DATABASE_URL", "STRIPE_SECRET_KEY"} <= read
    assert read - documented == set()


def test_every_document_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text()
    names = {path.name for path in DOCS.glob("*.md")} - {"README.md"}
    assert [name for name in sorted(names) if f"({name})" not in index] == []


def test_no_document_outside_the_project_is_an_authority() -> None:
    outside = re.compile(r"shared/[\w-]+\.md")
    found = [name_of(path) for path in TEXTS if outside.search(path.read_text())]
    assert found == []
