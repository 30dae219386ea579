"""What is not read is refused by line, in words; nothing is passed over that moves a balance."""

from pathlib import Path

import pytest

from ledger.errors import Invalid
from ledger.importers import folder, read_history

REAL = "2024-01-01 x\n  Cash  1 EUR\n  Income\n"
OPENED = "".join(
    f"2024-01-01 open {name}\n" for name in ("Assets:A", "Assets:B", "Equity:C", "Income:D")
)

# name: (format, text, line, words of the refusal)
REFUSED = {
    "an included file that is not": (
        "hledger", f"{REAL}include other.journal\n", 4, "no file 'other.journal'"),
    "an included file, with a mark": ("ledger", f"{REAL}!include other\n", 4, "no file 'other'"),
    "an included file elsewhere": ("hledger", f"{REAL}include ../x\n", 4, "outside the folder"),
    (
        "an included file by its full name"
    ): ("ledger", f"{REAL}include /etc/passwd\n", 4, "' cannot be read"),
    "an included file at home": ("hledger", f"{REAL}include ~/x\n", 4, "' cannot be read"),
    "an included file without a name": ("hledger", f"{REAL}include\n", 4, "' cannot be read"),
    "a file that includes itself": ("hledger", f"{REAL}include file\n", 4, "includes itself"),
    "a folder that is included": ("hledger", f"{REAL}include .\n", 4, "no file '.'"),
    "an automated transaction": ("hledger", f"{REAL}= Income\n  (T)  0.1\n", 4, "automated"),
    "a periodic transaction": ("ledger", f"{REAL}~ Monthly\n  A  1 EUR\n  B\n", 4, "periodic"),
    "a virtual posting": ("hledger", f"{REAL}  (T)  1 EUR\n", 4, "virtual"),
    "a balanced virtual posting": ("ledger", f"{REAL}  [T]  1 EUR\n  [U]\n", 4, "virtual"),
    "a deferred posting": ("ledger", "2024-01-01 x\n  <A>  1 EUR\n  B\n", 2, "Deferred"),
    "an alias with a pattern": ("hledger", f"{REAL}alias /a/=b\n", 4, "pattern"),
    "an alias of nothing": ("hledger", f"{REAL}alias a\n", 4, "OLD = NEW"),
    "an alias for nothing": ("hledger", f"{REAL}alias a=\n", 4, "' is not a valid account name"),
    "an alias with a comment": ("hledger", f"{REAL}alias a=b ; c\n", 4, (
        "Write an alias as OLD = NEW, with nothing after it"
    )),
    "no aliases to end": ("ledger", f"{REAL}end aliases\n", 4, "There is nothing to end here"),
    "an account that catches payees": ("ledger", "account A\n  payee b\n", 2, "Captured"),
    "another name of a unit": ("ledger", "commodity A\n  alias B\n", 2, (
        "Aliases of commodities are not supported"
    )),
    "a posting's day that is not": (
        "hledger", "2024-01-01 x\n  A  1 EUR ; date:2024-02-30\n  B\n", 2, "not a date"),
    "a posting's day that is no day": (
        "hledger", "2024-01-01 x\n  A  1 EUR ; date:soon\n  B\n", 2, "not a date"),
    "a posting's day in brackets that is not": (
        "ledger", "2024/01/01 x\n  A  1 EUR\n  ; [2024/13/01]\n  B\n", 3, "not a date"),
    "a posting's day with half a year": (
        "hledger", "2024-01-01 x\n  A  1 EUR ; [2024-01]\n  B\n", 2, "not a date"),
    "a posting's day without its year": (
        "ledger", "2024/01/01 x\n  A  1 EUR ; [1/3]\n  B\n", 2, "no year"),
    "a balance that is set on another day": (
        "hledger", "2024-01-01 x\n  A  = 1 EUR ; date:2024-01-02\n  B\n", 2, "cannot set"),
    "a default account": ("ledger", f"{REAL}bucket Cash\n", 4, "default account"),
    "a time clock": ("ledger", f"{REAL}i 2024-01-01 09:00 Hall\n", 4, "timeclock file"),
    "python in the file": ("ledger", f"{REAL}python\n  import os\n", 4, "not run"),
    "a false assertion": ("hledger", f"{REAL}2024-01-02 y\n  Cash  1 EUR = 3 EUR\n  Income\n", 5,
                          "asserted to hold 3 EUR, but holds 2 EUR"),
    "a false assertion of nothing else": (
        "hledger", f"{REAL}2024-01-02 y\n  Cash  1 USD == 1 USD\n  Income\n", 5, "EUR as well"),
    "a false assertion of a whole branch": (
        "hledger", f"{REAL}2024-01-02 y\n  Cash:Till  1 EUR\n  Cash  0 EUR =* 1 EUR\n  Income\n", 6,
        "holds 2 EUR"),
    "a transaction that does not balance": (
        "hledger", "\n2024-01-01 x\n  A  1.00 EUR\n  B  -0.99 EUR\n", 2, "off by 0.01 EUR"),
    "three units without prices": (
        "ledger", "2024-01-01 x\n  A  1 EUR\n  B  -2 USD\n  C  3 GBP\n", 1, "does not balance"),
    "two units of one sign": ("hledger", "2024-01-01 x\n  A  1 EUR\n  B  2 USD\n", 1, "off by"),
    "two amounts left out": ("hledger", "2024-01-01 x\n  A  1 EUR\n  B\n  C\n", 4, (
        "The transaction leaves out more than one amount"
    )),
    "a number that reads two ways": ("hledger", (
        "2024-01-01 x\n  A  1,234 EUR\n  B\n"
    ), 2, "1,234 is ambiguous"),
    "a number with an exponent": ("hledger", "2024-01-01 x\n  A  1E3 EUR\n  B\n", 2, "not valid"),
    "marks in disorder": ("hledger", "2024-01-01 x\n  A  1,00.00 EUR\n  B\n", 2, "not a number"),
    "no number": ("hledger", "2024-01-01 x\n  A  EUR\n  B\n", 2, "not an amount"),
    "too many digits": ("hledger", f"2024-01-01 x\n  A  {'9' * 70} EUR\n  B\n", 2, "digits"),
    "a day that is not": ("hledger", "2024-02-30 x\n  A  1 EUR\n  B\n", 1, "not a date"),
    "a day without its year": ("hledger", "02-03 x\n  A  1 EUR\n  B\n", 1, "no year"),
    "mixed marks in a date": ("hledger", "2024-02/03 x\n  A  1 EUR\n  B\n", 1, "not a date"),
    "an account without a name": ("hledger", (
        "2024-01-01 x\n  A::B  1 EUR\n  B\n"
    ), 2, "' is not a valid account name"),
    "an account with a hidden sign": (
        "hledger", "2024-01-01 x\n  A\u202eB  1 EUR\n  B\n", 2, "' is not a valid account name"),
    "a word nobody knows": ("hledger", f"{REAL}frobnicate\n", 4, "is not valid here"),
    "a posting of nothing": ("hledger", "  A  1 EUR\n", 1, (
        "This line does not belong to any transaction above it"
    )),
    "a conversion in hledger": ("hledger", "C 1 kg = 1000 g\n", 1, "ledger files only"),
    "a conversion in a circle": ("ledger", "C 1 a = 2 b\nC 1 b = 3 a\n", 2, "cannot be converted"),
    "a conversion that cannot be exact": ("ledger", "C 3 a = 1 b\n", 1, "exactly"),
    "arithmetic that cannot be exact": (
        "ledger", "2024-01-01 x\n  A  (1 EUR / 3)\n  B\n", 2, "exactly"),
    "division by nothing": ("ledger", "2024-01-01 x\n  A  (1 EUR / 0)\n  B\n", 2, "exactly"),
    "arithmetic of two units": (
        "ledger", "2024-01-01 x\n  A  (1 EUR + 1 USD)\n  B\n", 2, (
            "Only amounts in the same unit can be added"
        )),
    "brackets without end": ("ledger", f"2024-01-01 x\n  A  {'(' * 9000}\n  B\n", 2, (
        "This expression is not supported"
    )),
    "minuses without end": ("ledger", f"2024-01-01 x\n  A  ({'-' * 9000}1)\n", 2, "amount"),
    "an empty file": ("hledger", "; nothing\n", None, "no transaction"),
    "a plugin": ("beancount", 'plugin "x"\n', 1, "The plugin x is not run"),
    "an included bean that is not": ("beancount", 'include "x"\n', 1, "no file 'x'"),
    "an included bean elsewhere": ("beancount", 'include "../x"\n', 1, "outside"),
    "padding that nothing needs": (
        "beancount", f"{OPENED}2024-01-02 pad Assets:A Equity:C\n", 5, (
            "This pad is not needed by any balance"
        )),
    "a tolerance that is none": (
        "beancount", 'option "inferred_tolerance_default" "EUR"\n', 1, "like EUR:0.005"),
    "a multiplier that is none": ("beancount", 'option "tolerance_multiplier" "x"\n', 1, "number"),
    "a booking method that is not read": (
        "beancount", 'option "booking_method" "AVERAGE"\n', 1, (
            "The booking method 'AVERAGE' is not supported"
        )),
    "a booking method of an account": (
        "beancount", '2024-01-01 open Assets:A X "AVERAGE"\n', 1, (
            "The booking method 'AVERAGE' is not supported"
        )),
    "lots that are merged": (
        "beancount", f'{OPENED}2024-01-02 * "x"\n  Assets:A  -1 X {{*}}\n  Assets:B\n', 6,
        "Merged lots are not supported"),
    "a lot without its cost": (
        "beancount", f'{OPENED}2024-01-02 * "x"\n  Assets:A  -1 X {{}}\n  Assets:B\n', 6, "lot"),
    "more than the lots hold": (
        "beancount",
        f'{OPENED}2024-01-02 * "x"\n  Assets:A  1 X {{2 EUR}}\n  Assets:B\n'
        '2024-01-03 * "x"\n  Assets:A  -2 X {}\n  Assets:B\n', 9, "The lots hold less than 2 X"),
    "one of several lots": (
        "beancount",
        f'{OPENED}2024-01-02 * "x"\n  Assets:A  1 X {{2 EUR}}\n  Assets:A  1 X {{3 EUR}}\n'
        '  Assets:B\n2024-01-03 * "x"\n  Assets:A  -1 X {}\n  Assets:B\n', 10, "Several lots"),
    "an amount without a currency": (
        "beancount", f'{OPENED}2024-01-02 * "x"\n  Assets:A  1\n  Assets:B\n', 6, "currency"),
    "an account that is not open": (
        "beancount", f'{OPENED}2024-01-02 * "x"\n  Assets:Z  1 EUR\n  Assets:B\n', 6, "not open"),
    "an account before it opens": (
        "beancount", f'{OPENED}2023-01-02 * "x"\n  Assets:A  1 EUR\n  Assets:B\n', 6, "not open"),
    "an account that was closed": (
        "beancount",
        f'{OPENED}2024-01-02 close Assets:A\n2024-01-03 * "x"\n  Assets:A  1 EUR\n  Assets:B\n',
        7, "not open"),
    "an account opened twice": ("beancount", f"{OPENED}2024-01-02 open Assets:A\n", 5, "twice"),
    "a false balance": (
        "beancount",
        f'{OPENED}2024-01-02 * "x"\n  Assets:A  1 EUR\n  Assets:B\n'
        "2024-01-03 balance Assets:A 2 EUR\n",
        8, "asserted to hold 2 EUR"),
    "two currencies without a price": (
        "beancount",
        f'{OPENED}2024-01-02 * "x"\n  Assets:A  1 EUR\n  Assets:B  -2 USD\n', 5, "off by"),
    "a text without end": ("beancount", f'{OPENED}2024-01-02 * "x\n', 5, "is not closed"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_it_is_refused_by_line(tmp_path: Path, case: tuple[str, str, int | None, str]) -> None:
    file_format, text, line, words = case
    file = tmp_path / "file"
    file.write_text(text)
    with pytest.raises(Invalid) as refusal:
        read_history(file, file_format)
    assert refusal.value.place == (f"line {line}" if line else refusal.value.place)
    assert refusal.value.place
    assert words in f"{refusal.value.place}: {refusal.value.message}"


def test_what_the_table_builds_on_is_read(tmp_path: Path) -> None:
    """The control of the table."""
    for file_format, text in (
        ("hledger", REAL),
        ("ledger", REAL),
        ("beancount", f'{OPENED}2024-01-02 * "x"\n  Assets:A  1 EUR\n  Assets:B\n'),
    ):
        file = tmp_path / "file"
        file.write_text(text)
        assert len(read_history(file, file_format).transactions) == 1


def test_what_is_included_is_refused_by_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    file, below = tmp_path / "x.journal", tmp_path / "below" / "a.journal"
    file.write_text(f"{REAL}include below/a.journal\n")
    below.write_text("; all is well\n2024-01-01 x\n  A  1 EUR\n  B  2 EUR\n")
    with pytest.raises(Invalid, match="off by 3 EUR") as refusal:
        read_history(file)
    assert refusal.value.place == "line 2 of below/a.journal"
    below.write_text("2024-01-01 x\n  A  1 EUR\n  B  -1 EUR\n")
    history = read_history(file)
    assert [history.place(one.line) for one in history.transactions] == [
        "line 1",
        "line 1 of below/a.journal",
    ]
    below.write_bytes(b"; one\n\xff\n")
    with pytest.raises(Invalid, match="UTF-8") as refusal:
        read_history(file)
    assert refusal.value.place == "line 2 of below/a.journal"


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    secret, link = tmp_path / "secret", tmp_path / "home" / "a.journal"
    secret.write_text(REAL)
    link.symlink_to(secret)
    file = tmp_path / "home" / "x.journal"
    for pattern in ("a.journal", "*.journal"):
        file.write_text(f"{REAL}include {pattern}\n")
        with pytest.raises(Invalid, match="outside the folder"):
            read_history(file)
    link.unlink()
    link.write_text(REAL)
    assert len(read_history(file).transactions) == 2


def test_includes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x.journal"
    for number in range(30):
        (tmp_path / f"{number}.j").write_text(f"include {number + 1}.j\n")
    file.write_text("include 0.j\n")
    with pytest.raises(Invalid, match="too deep"):
        read_history(file)
    file.write_text(f"{REAL}include **/*.j\n")
    monkeypatch.setattr(folder, "MAX_LOOKED_AT", 20)
    with pytest.raises(Invalid, match="too many files"):
        read_history(file)
    monkeypatch.undo()
    for number in range(30):
        (tmp_path / f"{number}.j").write_text(REAL)
    assert len(read_history(file).transactions) == 31
    monkeypatch.setattr(folder, "MAX_FILES", 29)
    with pytest.raises(Invalid, match="More than 29"):
        read_history(file)
    monkeypatch.undo()
    monkeypatch.setattr(folder, "MAX_BYTES", 900)
    with pytest.raises(Invalid, match="larger than"):
        read_history(file)


@pytest.mark.parametrize(
    ("data", "line"),
    [(b"\xff\xfea\x00", 1), (b"a\n\xff\n", 2), (b"a\n\n\x00", 3), (b"x" * 20_000, 1), (b"", None)],
    ids=["UTF-16", "not UTF-8", "a NUL", "an endless line", "nothing"],
)
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes, line: int | None) -> None:
    file = tmp_path / "file"
    file.write_bytes(data)
    with pytest.raises(Invalid) as refusal:
        read_history(file)
    assert refusal.value.place == (f"line {line}" if line else "file")
