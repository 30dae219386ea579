"""Our reading of beancount agrees with the program: on every day, and on what is refused."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import Invalid
from ledger.importers import read_history
from tests import programs
from tests.histories.samples import write

CASES = Path(__file__).parents[3] / "shared" / "cases"
NAMES = ("Assets:A", "Assets:A:Below", "Assets:B", "Assets:Lots", "Equity:E", "Income:I")
OPEN = "".join(f"2023-01-01 open {name}\n" for name in NAMES)
GIFT = '2024-03-04 * "Gift"\n  Assets:A  20.00 EUR\n  Income:I\n'
PAD = "2024-01-02 pad Assets:A Equity:E\n"
BUY = """\
2024-01-02 * "first"
  Assets:Lots   10 X {2.00 EUR}
  Assets:B
2024-01-03 * "second"
  Assets:Lots   5 X {3.00 EUR, "good"}
  Assets:B
"""


def sale(written: str, proceeds: str = "Assets:B") -> str:
    """Return a sale of lots."""
    return f'2024-02-01 * "sale"\n  Assets:Lots   {written}\n  {proceeds}\n'


def off(amount: str, other: str = "100.00 EUR", *options: str) -> str:
    """Return a transaction that may be off by a little."""
    told = "".join(f'option "{name}" "{value}"\n' for name, value in map(str.split, options))
    return f'{told}{OPEN}2024-01-02 * "x"\n  Assets:A  {other}\n  Assets:B  {amount}\n'


TEXTS = {
    "a pad": f"{OPEN}{PAD}2024-03-01 balance Assets:A 100.00 EUR\n{GIFT}",
    "a pad of two currencies": (
        f"{OPEN}{PAD}{GIFT}2024-03-05 balance Assets:A 100.00 EUR\n"
        "2024-03-06 balance Assets:A 7 USD\n"
    ),
    "a pad over what stands below": (
        f'{OPEN}{PAD}2024-01-05 * "x"\n  Assets:A:Below  5 EUR\n  Income:I\n'
        "2024-03-01 balance Assets:A 100 EUR\n"
    ),
    "two pads of one account": (
        f"{OPEN}{PAD}2024-03-01 balance Assets:A 100.00 EUR\n2024-03-02 pad Assets:A Income:I\n"
        f"{GIFT}2024-05-01 balance Assets:A 70.00 EUR\n"
    ),
    "a pad does not help twice": (
        f"{OPEN}{PAD}2024-03-01 balance Assets:A 100 EUR\n{GIFT}2024-05-01 balance Assets:A 9 EUR\n"
    ),
    "a pad within its tolerance": (
        f"{OPEN}{GIFT}2024-03-10 pad Assets:A Equity:E\n2024-03-11 balance Assets:A 20.01 EUR\n"
    ),
    "a pad from a padded account": (
        f"{OPEN}{PAD}2024-01-03 pad Equity:E Income:I\n2024-03-01 balance Assets:A 5 EUR\n"
        "2024-03-01 balance Equity:E 1 EUR\n"
    ),
    "a pad of what is held at cost": (
        f"{OPEN}{BUY}2024-01-04 pad Assets:Lots Equity:E\n2024-03-01 balance Assets:Lots 20 X\n"
    ),
    "a pad after the balance": f"{OPEN}2024-01-01 balance Assets:A 1 EUR\n{PAD}",
    "a balance on the day of a gift": f"{OPEN}{GIFT}2024-03-04 balance Assets:A 0 EUR\n",
    "a balance that is off by two cents": f"{OPEN}{GIFT}2024-03-05 balance Assets:A 20.02 EUR\n",
    "a balance that is off by one": f"{OPEN}{GIFT}2024-03-05 balance Assets:A 20.01 EUR\n",
    "a balance with its own tolerance": (
        f"{OPEN}{GIFT}2024-03-05 balance Assets:A 20.05 ~ 0.05 EUR\n"
    ),
    "a whole balance that is off": f"{OPEN}{GIFT}2024-03-05 balance Assets:A 21 EUR\n",
    "accounts that are opened by themselves": (
        f'plugin "beancount.plugins.auto_accounts"\n{GIFT}2024-03-05 balance Assets:New 0 EUR\n'
    ),
    "accounts that are opened by themselves, by another name": (
        f'plugin "beancount.plugins.auto"\n{GIFT}'
    ),
    "accounts that are not": GIFT,
    "a gift on the day an account closes": f"{OPEN}{GIFT}2024-03-04 close Assets:A\n",
    "a gift after an account closed": f"{OPEN}{GIFT}2024-03-03 close Assets:A\n",
    "half a cent": off("-100.005 EUR"),
    "more than half a cent": off("-100.006 EUR"),
    "half of the coarsest": off("-100.5 EUR", "100 EUR"),
    "more than half of the coarsest": off("-100.06 EUR", "100.1 EUR"),
    "whole amounts": off("-101 EUR", "100 EUR"),
    "whole amounts with a tolerance": off(
        "-101 EUR", "100 EUR", "inferred_tolerance_default EUR:1"
    ),
    "whole amounts with a tolerance for all": off(
        "-101 EUR", "100 EUR", "inferred_tolerance_default *:0.5"
    ),
    "a tolerance of another": off("-101 EUR", "100 EUR", "inferred_tolerance_default USD:2"),
    "a multiplier": off("-100.009 EUR", "100.00 EUR", "tolerance_multiplier 1.1"),
    "a multiplier by its old name": off(
        "-100.009 EUR", "100.00 EUR", "inferred_tolerance_multiplier 0.8"
    ),
    "a multiplier and a balance": (
        f'option "tolerance_multiplier" "2"\n{OPEN}{GIFT}2024-03-05 balance Assets:A 20.04 EUR\n'
    ),
    "by cost": off("-100.04 EUR", "10.22 X {9.786 EUR}", "infer_tolerance_from_cost TRUE"),
    "not by cost": off("-100.04 EUR", "10.22 X {9.786 EUR}"),
    "by price": off("-100.03 EUR", "10.22 X @ 9.786 EUR", "infer_tolerance_from_cost TRUE"),
    "by a price in all": off("-100.04 EUR", "10.22 X @@ 100.01 EUR", "infer_tolerance_from_cost 1"),
    "an amount that is filled in": off("", "3 X {33.3333 EUR}\n  Assets:B  0.01 EUR\n  Income:I"),
    "filled in, precisely": off(
        "", "3.1 X {33.3333 EUR}\n  Assets:B  0.01 EUR\n  Assets:B  0.001 EUR\n  Income:I",
        "use_precise_interpolation TRUE",
    ),
    "filled in by a tolerance": off(
        "", "3 X {33.3333 EUR}\n  Income:I", "inferred_tolerance_default EUR:0.05"
    ),
    "filled in by a long tolerance": off(
        "", "3 X {33.3333 EUR}\n  Income:I", "inferred_tolerance_default EUR:0.012345"
    ),
    "one lot, by its cost": f"{OPEN}{BUY}{sale('-4 X {2.00 EUR}')}",
    "one lot, by its label": f"{OPEN}{BUY}{sale('-4 X {' + chr(34) + 'good' + chr(34) + '}')}",
    "one lot, by its day": f"{OPEN}{BUY}{sale('-4 X {2024-01-03}')}",
    "one lot, by a currency that fits two": f"{OPEN}{BUY}{sale('-4 X {EUR}')}",
    "no such lot": f"{OPEN}{BUY}{sale('-4 X {2.50 EUR}')}",
    "all lots at once": f"{OPEN}{BUY}{sale('-15 X {}')}",
    "an ambiguous sale": f"{OPEN}{BUY}{sale('-4 X {}')}",
    "more than one lot holds": f"{OPEN}{BUY}{sale('-11 X {2.00 EUR}')}",
    "a lot by its total cost": f"{OPEN}{BUY}{sale('-4 X {{8.00 EUR}}')}",
    "a sale that names a price": (
        f"{OPEN}{BUY}{sale('-10 X {2.00 EUR} @ 2.50 EUR', 'Assets:B  25.00 EUR')}"
    ),
    "a sale with a gain": (
        OPEN + BUY + sale("-10 X {2.00 EUR} @ 2.50 EUR", "Assets:B  25.00 EUR\n  Income:I")
    ),
    "a sale of what nobody has": f"{OPEN}{sale('-4 X {}')}",
    "a cost that is left out": (
        f'{OPEN}2024-01-02 * "x"\n  Assets:Lots  4 X {{}}\n  Assets:B  -10.00 EUR\n'
        f"{sale('-2 X {}')}"
    ),
    "a cost of one and in all": (
        f'{OPEN}2024-01-02 * "x"\n  Assets:Lots  4 X {{2.00 # 1.00 EUR}}\n  Assets:B\n'
        f"{sale('-2 X {}')}"
    ),
    "two lots of one cost and day": f"{OPEN}{BUY}{BUY}{sale('-12 X {2.00 EUR}')}",
    "the size of a lot": (
        'option "booking_method" "STRICT_WITH_SIZE"\n' f"{OPEN}{BUY}{sale('-5 X {}')}"
    ),
    "the oldest first": f'option "booking_method" "FIFO"\n{OPEN}{BUY}{sale("-12 X {}")}',
    "the youngest first": f'option "booking_method" "LIFO"\n{OPEN}{BUY}{sale("-12 X {}")}',
    "the dearest first": f'option "booking_method" "HIFO"\n{OPEN}{BUY}{sale("-6 X {}")}',
    "the oldest first, too few": f'option "booking_method" "FIFO"\n{OPEN}{BUY}{sale("-16 X {}")}',
    "lots that are not matched": (
        f'option "booking_method" "NONE"\n{OPEN}{BUY}{sale("-12 X {1.00 EUR}")}'
    ),
    "a method of one account": (
        OPEN.replace("Assets:Lots", 'Assets:Lots X "FIFO"') + BUY + sale("-12 X {}")
    ),
    "roots by other names": (
        'option "name_assets" "Vermoegen"\n2024-01-01 open Vermoegen:A\n2024-01-01 open Income:I\n'
        '2024-03-04 * "Gift"\n  Vermoegen:A  20.00 EUR\n  Income:I\n'
    ),
}  # fmt: skip


def agree(file: Path) -> bool:
    """Read a file with both; both refuse it, or both have the same balances on every day."""
    _entries, errors, _options = loader.load_file(str(file))
    if errors:
        with pytest.raises(Invalid) as refusal:
            read_history(file, "beancount")
        assert (refusal.value.place or "").startswith("line ")
        return False
    history = read_history(file, "beancount")
    days = {transaction.on for transaction in history.transactions}
    for day in sorted(days | {day + timedelta(days=1) for day in days}):
        ours = programs.added(
            (leg.account, leg.figure.unit, leg.figure.number)
            for transaction in history.transactions
            for leg in transaction.legs
            if transaction.on < day
        )
        assert ours == programs.beancount(file, day), day
    return True


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_both_refuse_it_or_both_have_the_same_balances(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.beancount"
    file.write_text(text)
    agree(file)


def test_the_table_has_files_of_both_kinds(tmp_path: Path) -> None:
    """The control of the table: what is read and what is refused are both a good part of it."""
    file = tmp_path / "x.beancount"
    found = []
    for text in TEXTS.values():
        file.write_text(text)
        found.append(agree(file))
    assert found.count(True) >= 30
    assert found.count(False) >= 15


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases of ../shared are not here")
@pytest.mark.parametrize("name", ["H18.beancount", "H19.beancount"])
def test_the_cases_agree(name: str) -> None:
    assert agree(CASES / name)


def test_files_are_included_and_their_options_do_not_count(tmp_path: Path) -> None:
    files = {
        "x.beancount": f'include "a/*.beancount"\n{OPEN}{GIFT}',
        "a/one.beancount": (
            'option "inferred_tolerance_default" "EUR:9"\nplugin "nobody.has.this"\n'
            'include "two.bean"\n2024-03-05 balance Assets:A 22.00 EUR\n'
        ),
        "a/two.bean": '2024-02-01 * "x"\n  Assets:A  2 EUR\n  Income:I\n',
    }
    file = write(tmp_path, files)
    assert agree(file)
    (tmp_path / "a" / "two.bean").write_text(files["a/two.bean"].replace("2 EUR", "3 EUR"))
    with pytest.raises(Invalid, match="asserted to hold 22") as refusal:
        read_history(file)
    assert refusal.value.place == "line 4 of a/one.beancount"


MOVES = st.lists(
    st.tuples(
        st.integers(2, 9),
        st.sampled_from([4, 1, 2, 2.5, -1, -2, -2.5, -4, -7]),
        st.sampled_from(["{}", "{1.50 EUR}", "{2 EUR}", '{2 EUR, "a"}', "{2024-01-03}", ""]),
    ),
    min_size=3,
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
@given(MOVES, st.sampled_from(["STRICT", "STRICT_WITH_SIZE", "FIFO", "LIFO", "HIFO", "NONE"]))
def test_lots_are_chosen_as_the_program_chooses_them(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[int, float, str]], method: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "lots.beancount"
    text = [f'option "booking_method" "{method}"\n{OPEN}{BUY}']
    for day, units, cost in sorted(moves, key=lambda move: move[0]):
        text.append(
            f'2024-01-0{day} * "x"\n  Assets:Lots  {Decimal(str(units))} X {cost}\n'
            + ("  Assets:B\n" if cost else "  Equity:E\n")
        )
    file.write_text("".join(text))
    agree(file)
