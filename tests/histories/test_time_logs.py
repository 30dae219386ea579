"""Clocked and dotted hours come in to the minute, as hledger counts them."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.errors import Invalid
from ledger.importers import read_history
from tests import programs

CASES = Path(__file__).parents[3] / "shared" / "cases"
CLOCKED = """\
; who was on the roof
i 2024/03/04 09:00:00 volunteers:roof:ada
o 2024/03/04 12:30:00
i 2024-03-05 22:45 volunteers:hall  carrying chairs ; until late
o 2024-03-07 01:00 volunteers:hall
# and once more on the first day
i 2024.03.04 13:00:00+0100 volunteers:roof:ada
o 2024.03.04 13:15:00+0100
"""
DOTTED = """\
# A comment before any day
* A heading before any day
* 2024-03-04 roof day
volunteers:ada   .... ..
volunteers:bo    1.5h  ; a comment
** volunteers:ada   90m
# a comment
; another
volunteers:rest
* 2024/3/5
  volunteers:ada    .
volunteers:cy  2
volunteers:dee   1d
"""


def read(tmp_path: Path, text: str, kind: str) -> dict[tuple[date, str], Decimal]:
    """Return the minutes of each day and account."""
    file = tmp_path / f"x.{kind}"
    file.write_text(text)
    found: dict[tuple[date, str], Decimal] = {}
    for one in read_history(file).transactions:
        (leg,) = one.legs
        assert leg.figure.unit == "min"
        found[one.on, leg.account] = found.get((one.on, leg.account), Decimal(0)) + (
            leg.figure.number
        )
    return found


@pytest.mark.parametrize(("text", "kind"), [(CLOCKED, "timeclock"), (DOTTED, "timedot")])
def test_every_day_has_the_hours_that_hledger_counts(tmp_path: Path, text: str, kind: str) -> None:
    ours = read(tmp_path, text, kind)
    assert len(ours) > 3
    for day in {day for day, _account in ours}:
        theirs = programs.hledger_before(tmp_path / f"x.{kind}", date(2024, 3, day.day + 1))
        own = programs.added(
            (account, "", minutes) for (on, account), minutes in ours.items() if on <= day
        )
        # hledger ends a day one second before midnight, and rounds for show.
        assert {name: round(hours, 1) for (name, _unit), hours in theirs.items()} == {
            name: round(minutes / 60, 1) for (name, _unit), minutes in own.items()
        }


def test_a_clock_over_midnight_counts_on_both_days(tmp_path: Path) -> None:
    found = read(tmp_path, CLOCKED, "timeclock")
    hall = {on.day: minutes for (on, account), minutes in found.items() if "hall" in account}
    assert hall == {5: 75, 6: 24 * 60, 7: 60}
    assert found[date(2024, 3, 4), "volunteers:roof:ada"] == 225


def test_dots_are_quarters_of_an_hour(tmp_path: Path) -> None:
    found = read(tmp_path, DOTTED, "timedot")
    assert {(on.day, account[11:]): minutes for (on, account), minutes in found.items()} == {
        (4, "ada"): 180,
        (4, "bo"): 90,
        (5, "ada"): 15,
        (5, "cy"): 120,
        (5, "dee"): 1440,
    }


def test_seconds_are_dropped_so_that_sessions_in_a_row_add_up(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text(
        "\n".join(
            f"i 2024/03/04 09:{minute:02}:{minute:02} a\no 2024/03/04 09:{minute + 1:02}:"
            f"{minute + 1:02}"
            for minute in range(59)
        )
    )
    history = read_history(file)
    assert history.format == "timeclock"
    assert sum(one.legs[0].figure.number for one in history.transactions) == 59
    assert history.warnings == (
        "line 2: time is counted in whole minutes; the seconds of 117 lines were dropped.",
    )


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases of ../shared are not here")
def test_the_cases_have_their_hours() -> None:
    for name, hours in (("H10.timeclock", "3.5"), ("H11.timedot", "3")):
        history = read_history(CASES / name)
        assert sum(one.legs[0].figure.number for one in history.transactions) == (
            Decimal(hours) * 60
        )


REFUSED = {
    "no clock-out": ("timeclock", "i 2024/03/04 09:00 a\n", 1, "This clock-in has no clock-out"),
    "two clock-ins": ("timeclock", "i 2024/03/04 09:00 a\ni 2024/03/04 10:00 b\n", 2, "line 1"),
    "' is not a clock-in": (
        "timeclock",
        "o 2024/03/04 09:00\n",
        1,
        "There is no clock-in before this clock-out",
    ),
    "backwards": ("timeclock", "i 2024/03/04 09:00 a\no 2024/03/04 08:00\n", 2, "before"),
    "no day": ("timeclock", "i 2024/02/30 09:00 a\n", 1, "not a date"),
    "' is not a duration": ("timeclock", "i 2024/03/04 25:00 a\n", 1, "This is not a time of day"),
    "nothing it was spent on": ("timeclock", "i 2024/03/04 09:00\n", 1, "spent on"),
    "a budget": ("timeclock", "b 2024/03/04 09:00 a\n", 1, "' is not a clock-in"),
    "something else": ("timeclock", "hello\n", 1, "' is not a clock-in"),
    "a line before any day": (
        "timedot",
        "a  1h\n2024-03-04\n",
        1,
        "This line is before the first date",
    ),
    "a time that is none": ("timedot", "2024-03-04\na  soon\n", 2, "' is not a duration"),
    "months": ("timedot", "2024-03-04\na  2mo\n", 2, "' is not a duration"),
    "a single blank": (
        "timedot",
        "2024-03-04\nada 1.5h\n",
        2,
        "Write two spaces between the activity and its time",
    ),
    "single blanks and dots": (
        "timedot",
        "2024-03-04\nada ....\n",
        2,
        "Write two spaces between the activity and its time",
    ),
    "a third of a minute": ("timedot", "2024-03-04\na  20s\n", None, "exactly"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_no_time_is_refused_by_line(
    tmp_path: Path, case: tuple[str, str, int | None, str]
) -> None:
    kind, text, line, words = case
    file = tmp_path / f"x.{kind}"
    file.write_text(text)
    with pytest.raises(Invalid) as refusal:
        read_history(file)
    assert words in refusal.value.message
    assert refusal.value.place == (f"line {line}" if line else "file")
