"""Our readers and the programs themselves make the same balances of a file."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.importers import History, read_history
from tests import programs

DATA = Path(__file__).parent / "data"
READ_BY: dict[tuple[str, str], Callable[[Path], programs.Balances]] = {
    ("hall.journal", "hledger"): lambda path: programs.hledger(path, strict=False),
    ("hall.journal", "ledger"): lambda path: programs.ledger(path, strict=False),
    ("gold.ledger", "ledger"): lambda path: programs.ledger(path, strict=False),
    ("hall.beancount", "beancount"): programs.beancount,
}


def balances(history: History) -> programs.Balances:
    """Add up a history as the programs are added up."""
    return programs.added(
        (leg.account, leg.figure.unit, leg.figure.number)
        for transaction in history.transactions
        for leg in transaction.legs
    )


def read(tmp_path: Path, text: str, file_format: str = "hledger", *leave_out: str) -> History:
    """Read a text."""
    file = tmp_path / "file"
    file.write_text(text)
    return read_history(file, file_format, frozenset(leave_out))


@pytest.mark.parametrize("case", READ_BY, ids="-".join)
def test_the_reader_agrees_with_the_program(case: tuple[str, str]) -> None:
    name, program = case
    history = read_history(DATA / name, program)
    assert history.format == program
    assert balances(history) == READ_BY[case](DATA / name)


def test_one_cent_more_is_a_difference(tmp_path: Path) -> None:
    """The control of the test above."""
    text = (DATA / "hall.journal").read_text()
    changed = text.replace("$75.00", "$75.01").replace("-37.50 $", "-37.51 $")
    assert changed != text
    assert balances(read(tmp_path, changed)) != READ_BY["hall.journal", "hledger"](
        DATA / "hall.journal"
    )


def test_the_format_is_told_by_name_or_content(tmp_path: Path) -> None:
    for name, found in (("hall.journal", "hledger"), ("gold.ledger", "ledger")):
        assert read_history(DATA / name).format == found
    unnamed = tmp_path / "history.txt"
    unnamed.write_bytes((DATA / "hall.beancount").read_bytes())
    assert read_history(unnamed).format == "beancount"
    unnamed.write_bytes(b"\xef\xbb\xbf2024-01-01 x\r\n  a  1 EUR\r\n  b\r\n")
    assert read_history(unnamed).format == "hledger"


ONE = "2024-01-01 x\n  a  {}\n  b\n"


@pytest.mark.parametrize(
    ("written", "number", "unit"),
    [
        ("$-1,234.50", "-1234.50", "$"),
        ("-$1.234,50", "-1234.50", "$"),
        ("1 234,5 EUR", "1234.5", "EUR"),
        ("12,34,567.89 INR", "1234567.89", "INR"),
        ('0.000001 "x y; z"', "0.000001", "x y; z"),
        ("1.000 kg", "1.000", "kg"),
        ("1,5 kg", "1.5", "kg"),
        ("ძვირფასი 7", "7", "ძვირფასი"),
        ("EUR 1.", "1", "EUR"),
        ("+7 EUR", "7", "EUR"),
        ("7", "7", ""),
    ],
)
def test_amounts_are_read_in_every_way_they_are_written(
    tmp_path: Path, written: str, number: str, unit: str
) -> None:
    found = balances(read(tmp_path, ONE.format(written)))
    assert found == {("a", unit): Decimal(number), ("b", unit): -Decimal(number)}


def test_a_comma_before_three_digits_is_read_where_the_file_says_how(tmp_path: Path) -> None:
    text = ONE.format("1,234 EUR")
    as_ledger = balances(read(tmp_path, text, "ledger"))
    assert as_ledger["a", "EUR"] == 1234
    declared = balances(read(tmp_path, f"decimal-mark ,\n{text}"))
    assert declared["a", "EUR"] == Decimal("1.234")
    by_format = balances(read(tmp_path, f"commodity 1,000.00 EUR\n{text}"))
    assert by_format["a", "EUR"] == 1234


def test_what_is_left_out_on_request_is_told_by_line(tmp_path: Path) -> None:
    text = (
        "= ^Income\n  (Tithe)  0.12\n~ monthly\n  Rent  5 EUR\n  Cash\n"
        "2024-01-01 x\n  Cash  5 EUR\n  Income\n  (Envelope)  5 EUR\n  [Plan]  5 EUR\n"
        "  [Other]  -5 EUR\n"
    )
    history = read(tmp_path, text, "hledger", "automated", "periodic", "virtual")
    assert balances(history) == {("Cash", "EUR"): 5, ("Income", "EUR"): -5}
    lines = [warning.split(":")[0] for warning in history.warnings]
    assert lines == ["line 1", "line 3", "line 9", "line 10", "line 11"]


def test_tags_of_transactions_and_postings_are_kept_apart(tmp_path: Path) -> None:
    text = (
        "2024-01-01 x  ; fund: ROOF\n  a  1 EUR  ; fund: CHOIR, counterparty: B\n"
        "  b\n  ; counterparty: C\n"
    )
    (transaction,) = read(tmp_path, text).transactions
    assert transaction.tags == {"fund": "ROOF"}
    assert [leg.tags for leg in transaction.legs] == [
        {"fund": "CHOIR", "counterparty": "B"},
        {"counterparty": "C"},
    ]


def test_a_comment_below_a_posting_that_is_left_out_is_left_out_as_well(tmp_path: Path) -> None:
    text = (
        "2024-01-01 x\n  a  1 EUR\n  b\n  (c)  1 EUR\n  ; fund: ROOF, date:2024-01-05\n"
        "  a  2 EUR\n  ; fund: CHOIR\n  b  -2 EUR\n"
    )
    (transaction,) = read(tmp_path, text, "hledger", "virtual").transactions
    assert [dict(leg.tags) for leg in transaction.legs] == [{}, {}, {"fund": "CHOIR"}, {}]
    assert transaction.days() == [transaction.on]


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    """Other signs that look like line ends are text, and cannot smuggle a transaction in."""
    text = "2024-01-01 x\u20282024-01-02 y\x0b\x85  ; a\u2029b\n  a  1 EUR\n  b\n"
    assert len(read(tmp_path, text).transactions) == 1


def test_beancount_rounds_what_it_fills_in_to_the_amounts_beside_it(tmp_path: Path) -> None:
    text = (
        "2024-01-01 open Assets:A\n2024-01-01 open Assets:B\n2024-01-01 open Assets:C\n"
        '2024-01-01 * "x"\n  Assets:A  3 X {33.3333 EUR}\n  Assets:B  0.01 EUR\n  Assets:C\n'
    )
    file = tmp_path / "x.beancount"
    file.write_text(text)
    assert balances(read_history(file)) == programs.beancount(file)
