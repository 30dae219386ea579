"""Our readers and the programs themselves make the same balances on every day."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.importers import History, read_history
from tests import programs
from tests.histories.samples import HLEDGER, LEDGER, Files, write

CASES = Path(__file__).parents[3] / "shared" / "cases"


def before(history: History, day: date) -> programs.Balances:
    """Add up what happened before a day; time in hours, as the programs have it."""
    return programs.added(
        (leg.account, "h", leg.figure.number / 60)
        if leg.figure.unit == "min"
        else (leg.account, leg.figure.unit, leg.figure.number)
        for transaction in history.transactions
        for leg in transaction.legs
        if (leg.on or transaction.on) < day
    )


def days_of(history: History) -> list[date]:
    """Return every day on which something happens, and the day after."""
    found = {day for transaction in history.transactions for day in transaction.days()}
    return sorted(found | {day + timedelta(days=1) for day in found})


@pytest.mark.parametrize("files", HLEDGER.values(), ids=HLEDGER)
def test_on_every_day_we_agree_with_hledger(tmp_path: Path, files: Files) -> None:
    file = write(tmp_path, files)
    history = read_history(file)
    for day in days_of(history):
        theirs = programs.added(
            # hledger writes no unit for dotted time.
            (name, unit or "h", number)
            for (name, unit), number in programs.hledger_before(file, day).items()
        )
        assert before(history, day) == theirs, day


@pytest.mark.parametrize("files", LEDGER.values(), ids=LEDGER)
def test_on_every_day_we_agree_with_ledger(tmp_path: Path, files: Files) -> None:
    file = write(tmp_path, files)
    history = read_history(file)
    for day in days_of(history):
        assert before(history, day) == programs.ledger_before(file, day), day


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases of ../shared are not here")
@pytest.mark.parametrize("name", ["H06.journal", "H08.journal", "H17.ledger"])
def test_the_cases_agree_on_every_day(name: str) -> None:
    history = read_history(CASES / name)
    assert history.transactions
    by = programs.ledger_before if name.endswith(".ledger") else programs.hledger_before
    for day in days_of(history):
        assert before(history, day) == by(CASES / name, day), day


@pytest.mark.skipif(not CASES.is_dir(), reason="the ledgers of ../shared are not here")
@pytest.mark.parametrize(
    "name", ["ledgercli_demo.ledger", "ledgercli_drewr3.dat", "ledgercli_wow.dat"]
)
def test_real_ledgers_agree_on_days_of_theirs(name: str) -> None:
    file = CASES.parent / "data" / "ledger" / name
    history = read_history(file, leave_out=frozenset({"automated"}))
    days = days_of(history)
    for day in days[1 :: len(days) // 4]:
        theirs = programs.ledger_before(file, day)
        # What the file's automated transaction makes is left out on request.
        assert before(history, day) == {
            key: number for key, number in theirs.items() if key[0] != "Liabilities:Tithe"
        }, day


def test_a_day_less_is_a_difference(tmp_path: Path) -> None:
    """The control of the tests above."""
    files = HLEDGER["postings on days of their own"]
    file = write(tmp_path, files)
    text = files["x.journal"]
    changed = text.replace("date:2024-01-04", "date:2024-01-03")
    assert changed != text
    (tmp_path / "changed.journal").write_text(changed)
    day = date(2024, 1, 4)
    assert before(read_history(tmp_path / "changed.journal"), day) != programs.hledger_before(
        file, day
    )
    assert Decimal(-20) in before(read_history(tmp_path / "changed.journal"), day).values()
