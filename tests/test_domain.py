"""``docs/domain.md`` says what the program does: accounts, events, invariants and rights."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from docs import draw
from docs.generate import PART, PARTS, documents, entries_of, up_to_date
from ledger.core import bookkeeping
from ledger.models.statements import MatchRule
from ledger.queries.invariants import CHECKS
from ledger.services.banking import suggestions
from reports.tie_out import RULES

ROOT = Path(__file__).resolve().parents[1]
DOMAIN = (ROOT / "docs" / "domain.md").read_text(encoding="utf-8")
WORKED: dict[str, Any] = json.loads((ROOT / "tests" / "core" / "worked_events.json").read_text())
EVENTS: list[dict[str, Any]] = WORKED["events"]
CONTRA = "Contra – commitments received"
PURE = Path(bookkeeping.__file__).parent


def event_sections(text: str) -> dict[str, str]:
    """Return the section of each event by its code."""
    parts = re.split(r"^#### ([A-Z]+-\d+) · ", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def differing(text: str) -> list[str]:
    """Return the events that a text states otherwise than the worked events do."""
    sections = event_sections(text)
    return [
        event["code"]
        for event in EVENTS
        if event["code"] not in sections
        or _block(sections[event["code"]]) != entries_of(event)
        or event["title"].rstrip(".") != sections[event["code"]].partition("\n")[0]
    ]


def _block(section: str) -> str:
    found = re.search(r"```text\n(.*?)\n```", section, flags=re.DOTALL)
    return found[1] if found else ""


def _numbered(letter: str) -> set[str]:
    return set(re.findall(rf"^\| ({letter}-\d\d) \|", DOMAIN, flags=re.MULTILINE))


def test_generated_parts_of_the_documents_are_up_to_date() -> None:
    found = set()
    for path in documents():
        text = path.read_text(encoding="utf-8")
        assert up_to_date(text) == text, f"{path.name}: run make docs"
        found |= {name for _begin, name, _end in PART.findall(text)}
    assert found == set(PARTS)


def test_the_picture_shows_the_import_contracts() -> None:
    assert draw.PICTURE.read_text(encoding="utf-8") == draw.picture(), "run make docs"


def test_the_picture_follows_a_contract_that_changes() -> None:
    layers: dict[str, object] = {"type": "layers", "name": "rooms", "containers": ["ledger"]}
    before = draw.drawing(draw.panels([layers | {"layers": ["(web) | (api)", "services"]}]))
    after = draw.drawing(draw.panels([layers | {"layers": ["(web) | (api)", "queries"]}]))
    assert ">services<" in before
    assert ">queries<" in after
    assert ">services<" not in after


def test_a_part_that_is_out_of_date_is_seen() -> None:
    renamed = DOMAIN.replace("| 1010 | Bank – operating |", "| 1010 | The bank |")
    assert renamed != DOMAIN == up_to_date(renamed)


def test_every_worked_event_stands_with_exactly_its_postings() -> None:
    assert differing(DOMAIN) == []
    assert set(event_sections(DOMAIN)) == {event["code"] for event in EVENTS}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("A SOLAR  Dr 9110     60.00 USD", "A SOLAR  Dr 9110     60.01 USD"),
        (f"A SOLAR  Cr 9190     60.00 USD        {CONTRA}\n", ""),
        ("#### PLG-01 ·", "#### PLG-91 ·"),
    ],
)
def test_the_comparison_sees_a_cent_a_posting_and_an_event(right: str, wrong: str) -> None:
    assert right in DOMAIN
    assert "PLG-01" in differing(DOMAIN.replace(right, wrong))


def test_each_event_names_functions_that_build_it() -> None:
    sources = "\n".join(path.read_text() for path in sorted(PURE.glob("*.py")))
    known = set(re.findall(r"^def (\w+)", sources, flags=re.MULTILINE))
    for code, section in event_sections(DOMAIN).items():
        sentence = re.search(r"Built\s+by\s+(`[^.]*)\.", section)
        named = set(re.findall(r"`(\w+)`", sentence[1])) if sentence else set()
        assert named <= known, f"{code} names {named - known}"
        assert bool(named) == bool(_block(section)), code


def test_no_event_is_without_a_page() -> None:
    """What nothing reaches is found by ``test_dead_code``; here nothing says so of itself."""
    assert not re.search(r"No\s+page\s+yet", DOMAIN)


def test_every_invariant_and_tie_out_rule_is_explained() -> None:
    assert {name for name, _title, _run in CHECKS} <= _numbered("I")
    assert {name.partition(" ")[0] for name, _rule in RULES} <= _numbered("T")


def test_the_rules_that_match_bank_lines_are_those_of_the_code() -> None:
    built = _numbered("M")
    suggested = set(re.findall(r'"(M-\d\d)"', Path(suggestions.__file__).read_text()))
    used = suggested | {rule for rule in MatchRule if rule.startswith("M-")}
    assert used == built
    sentence = re.search(r"\n\n((?:M-\d\d,? (?:and )?)+)\s*are\s+reserved", DOMAIN)
    assert sentence is not None
    reserved = set(re.findall(r"M-\d\d", sentence[1]))
    assert not reserved & built
    assert {f"M-{number:02}" for number in range(1, 16)} == reserved | built
