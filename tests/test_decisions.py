"""``docs/adr``: decisions are numbered without a gap, dated, listed, and superseded by name."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "adr"
FILES = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("0*.md"))}
INDEX = (FOLDER / "README.md").read_text(encoding="utf-8")
HEAD = re.compile(
    r"# (?P<number>\d+)\. (?P<title>.+)\n\n\* Date: (?P<date>\d{4}-\d\d-\d\d)\n"
    r"\* Status: (?P<status>(?:Accepted|Superseded by).*)\n\n## Decision\n"
)


def faults(files: dict[str, str], index: str) -> Iterator[str]:
    """Yield what is wrong with the decisions or with their list."""
    for expected, (name, text) in enumerate(sorted(files.items()), 1):
        head = HEAD.match(text)
        if head is None:
            yield f"{name}: number, title, date, status and decision come first"
            continue
        if int(head["number"]) != expected or not name.startswith(f"{expected:04}-"):
            yield f"{name}: is not number {expected}"
        newer = re.match(r"Superseded by \[ADR (\d{4})\]\((.+?)\)", head["status"])
        word = "superseded" if newer else "accepted"
        row = f"| [{expected:04}]({name}) | {head['title']} | {head['date']} | {word} |"
        if row not in index:
            yield f"{name}: is not listed"
        if newer and f"supersedes ADR {expected:04}" not in files.get(newer[2], ""):
            yield f"{name}: is not named by what supersedes it"
    if index.count("\n| [") != len(files):
        yield "the list names what there is not"


def test_decisions_are_numbered_dated_and_listed() -> None:
    assert list(faults(FILES, INDEX)) == []
    assert len(FILES) >= 71


@pytest.mark.parametrize(
    ("name", "right", "wrong", "fault"),
    [
        ("0001", "* Date: 2026-11-24", "* Date: last week", "date"),
        ("0002", "# 2.", "# 20.", "is not number 2"),
        ("0003", "Stripe account belongs", "Stripe account fits", "is not listed"),
        ("0043", "; supersedes ADR 0002", "", "is not named by what supersedes it"),
    ],
)
def test_a_fault_in_a_decision_is_seen(name: str, right: str, wrong: str, fault: str) -> None:
    file = next(each for each in FILES if each.startswith(name))
    assert right in FILES[file]
    changed = FILES | {file: FILES[file].replace(right, wrong, 1)}
    assert any(fault in found for found in faults(changed, INDEX))


def test_a_decision_that_is_taken_away_is_missed() -> None:
    fewer = {name: text for name, text in FILES.items() if not name.startswith("0010")}
    assert any("is not number 10" in found for found in faults(fewer, INDEX))
