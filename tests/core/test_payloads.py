"""Payloads are stored and read exactly, or refused with the name of the field."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ledger.core.payloads import from_document, to_document
from ledger.errors import Invalid

KEY = UUID("0192f0a0-0000-7000-8000-000000000001")


@dataclass(frozen=True, slots=True)
class Leg:
    account: int
    function: str | None


@dataclass(frozen=True, slots=True)
class Everything:
    key: UUID
    day: date
    amount: int
    legs: tuple[Leg, ...]
    weights: Mapping[str, int]
    kept: bool
    until: date | None = None
    note: str = ""


STORED = {
    "key": str(KEY),
    "day": "2026-02-28",
    "amount": -5,
    "legs": [{"account": 5110, "function": "programme"}, {"account": 1010, "function": None}],
    "weights": {"A": 3, "B": 0},
    "kept": True,
    "note": "",
}
READ = Everything(
    KEY,
    date(2026, 2, 28),
    -5,
    (Leg(5110, "programme"), Leg(1010, None)),
    {"A": 3, "B": 0},
    kept=True,
)


def test_what_is_written_is_read_again_exactly() -> None:
    assert to_document(READ) == STORED
    assert from_document(Everything, json.loads(json.dumps(STORED))) == READ


def test_a_field_that_defaults_to_none_is_left_out_while_it_is() -> None:
    ends = Everything(KEY, READ.day, 1, (), {}, kept=False, until=date(2026, 3, 1), note="x")
    assert to_document(ends)["until"] == "2026-03-01"
    assert from_document(Everything, to_document(ends)) == ends
    assert from_document(Everything, {**STORED, "until": None}) == READ


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"key": "not an id"}, "key"),
        ({"key": 5}, "key"),
        ({"day": "2026-02-30"}, "day"),
        ({"amount": 1.0}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": "5"}, "amount"),
        ({"kept": 1}, "kept"),
        ({"legs": {}}, "legs"),
        ({"legs": [{"account": 5110, "function": None}, {"account": 1010}]}, "legs[1].function"),
        ({"legs": [{"account": "5110", "function": None}]}, "legs[0].account"),
        ({"legs": [7]}, "legs[0]"),
        ({"weights": {"A": "3"}}, "weights.A"),
        ({"weights": [["A", 3]]}, "weights"),
        ({"other": 1}, "other"),
    ],
)
def test_a_document_of_another_shape_is_refused_at_its_place(
    change: dict[str, Any], place: str
) -> None:
    with pytest.raises(Invalid) as refused:
        from_document(Everything, {**STORED, **change})
    assert refused.value.place == place
    assert place in refused.value.message


def test_a_missing_field_is_refused_and_so_is_what_is_no_document() -> None:
    without = {name: value for name, value in STORED.items() if name != "amount"}
    with pytest.raises(Invalid, match="amount is missing"):
        from_document(Everything, without)
    with pytest.raises(Invalid, match="is no document"):
        from_document(Everything, [STORED])


def test_a_value_that_no_document_holds_is_a_fault_of_the_program() -> None:
    with pytest.raises(TypeError, match="float"):
        to_document(Leg(1.5, None))  # type: ignore[arg-type]  # a float, which must not pass
