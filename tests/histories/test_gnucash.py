"""A GnuCash book gives the same history as SQLite, as XML and as compressed XML."""

import sqlite3
from datetime import date
from pathlib import Path

import pytest

from ledger.errors import Invalid
from ledger.importers import History, gnucash_xml, read_history
from tests.histories.gnucash_files import HEAD, as_xml, packed, sqlite_book

THERE = Path(__file__).parents[3] / "shared"
BERLIN = ("20141231230000", "20150101", 2000)


def told(history: History) -> list[tuple[date, str, str, str]]:
    """Return every leg, in an order of its own."""
    return sorted(
        (one.on, leg.account, leg.figure.unit, f"{leg.figure.number.normalize():f}")
        for one in history.transactions
        for leg in one.legs
    )


def test_the_day_is_the_one_the_book_states(tmp_path: Path) -> None:
    """Local midnight of 1 January in Berlin is kept as 31 December, 23:00, in UTC."""
    book = sqlite_book(tmp_path / "x.gnucash", BERLIN, ("2014-05-04 10:59:00", None, 100))
    history = read_history(book)
    assert [one.on for one in history.transactions] == [date(2014, 5, 4), date(2015, 1, 1)]
    assert history.warnings == ()


def test_without_a_stated_day_the_nearest_midnight_counts_and_is_told(tmp_path: Path) -> None:
    gifts = [
        ("20141231230000", None, 1),  # Berlin
        ("2015-06-30 14:00:00", None, 2),  # Sydney
        ("20150701070000", None, 3),  # Los Angeles
        ("20150702105900", None, 4),  # since GnuCash 2.7, anywhere
        ("20150703", None, 5),
    ]
    history = read_history(sqlite_book(tmp_path / "x.gnucash", *gifts))
    assert [one.on.isoformat() for one in history.transactions] == [
        *("2015-01-01", "2015-07-01", "2015-07-01", "2015-07-02", "2015-07-03")
    ]
    assert [warning.split(":")[0] for warning in history.warnings] == [
        "transaction 1",
        "transaction 2",
    ]


@pytest.mark.skipif(not THERE.is_dir(), reason="the cases of ../shared are not here")
def test_the_case_of_a_gift_at_new_year(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.gnucash") as book:
        book.executescript((THERE / "cases" / "G01.sql").read_text())
    book.close()
    (gift,) = read_history(tmp_path / "x.gnucash").transactions
    assert gift.on == date(2015, 1, 1)


@pytest.mark.skipif(not THERE.is_dir(), reason="the ledgers of ../shared are not here")
@pytest.mark.parametrize("name", ["simple", "complex"])
def test_the_same_book_as_xml_gives_the_same_history(tmp_path: Path, name: str) -> None:
    book = THERE / "data" / "ledger" / f"piecash_{name}_sample.gnucash"
    text = as_xml(book)
    by_tables = read_history(book)
    for written in (text.encode(), packed(text), b"\xef\xbb\xbf" + text.encode()):
        (tmp_path / "x").write_bytes(written)
        history = read_history(tmp_path / "x")
        assert told(history) == told(by_tables)
        used = history.accounts()
        assert {key: history.kinds[key] for key in used} == {
            key: by_tables.kinds[key] for key in used
        }


def test_the_day_in_xml_is_the_stated_one(tmp_path: Path) -> None:
    (tmp_path / "x").write_text(as_xml(sqlite_book(tmp_path / "b", BERLIN)))
    (gift,) = read_history(tmp_path / "x").transactions
    assert gift.on == date(2015, 1, 1)
    # Without it, the date as it was written where the book is kept.
    text = (tmp_path / "x").read_text().replace("date-posted</slot", "other</slot")
    (tmp_path / "x").write_text(text.replace("10:59:00 +0000", "23:30:00 -0500"))
    (gift,) = read_history(tmp_path / "x").transactions
    assert gift.on == date(2014, 12, 31)


def test_a_share_called_like_a_currency_is_kept_apart(tmp_path: Path) -> None:
    text = as_xml(sqlite_book(tmp_path / "b", BERLIN)).replace(
        "<act:type>INCOME</act:type><act:commodity><cmdty:space>CURRENCY",
        "<act:type>INCOME</act:type><act:commodity><cmdty:space>NYSE",
    )
    (tmp_path / "x").write_text(text)
    (gift,) = read_history(tmp_path / "x").transactions
    assert {leg.figure.unit for leg in gift.legs} == {"EUR", "NYSE EUR"}


BOMB = HEAD.replace("<gnc-v2", '<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;&a;&a;">]><gnc-v2', 1)
END = "</gnc:book></gnc-v2>"
REFUSED = {
    "an empty book": (f"{HEAD}{END}", "file", "The GnuCash book contains no transactions"),
    "entities": (f"{BOMB}{END}", "file", "entities"),
    "XML of something else": ("<?xml version='1.0'?><gnc-v3/><!--<gnc-v2-->", "file", "gnc-v3"),
    "broken off": (f"{HEAD}<gnc:account>", "line 10", "This XML cannot be read:"),
    "nested without end": (HEAD + "<a>" * 5000, "file", "nested"),
    "an encoding nobody knows": (
        HEAD.replace("utf-8", "utf-99"),
        "file",
        "This XML cannot be read:",
    ),
    "compression of something else": (b"\x1f\x8b" + b"x" * 40, "file", "damaged"),
    "compression broken off": (packed(f"{HEAD}{END}")[:-9], "file", "damaged"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_no_book_is_refused(tmp_path: Path, case: tuple[str | bytes, str, str]) -> None:
    content, place, words = case
    file = tmp_path / "x.gnucash"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(Invalid) as refusal:
        read_history(file, "gnucash")
    assert (refusal.value.place or "").startswith(place)
    assert words in refusal.value.message


TRANSACTIONS = {
    "a day that is not": ("2014-12-31 10", "2014-02-31 10", "transaction 1", "not a date"),
    "a quantity that is none": (">2000/100<", ">20,00<", "transaction 1", "is not a quantity"),
    "a fraction of nothing": (">2000/100<", ">2000/0<", "transaction 1", "whole number"),
    "a third": (">2000/100<", ">2000/3<", "transaction 1", "exactly"),
    "one leg too much": ("<split:value>2000/", "<split:value>2001/", "transaction 1", "balance"),
    (
        "A posting names an account that does not exist"
    ): (">i</split", ">z</split", "transaction 1", (
        "A posting names an account that does not exist"
    )),
    "an account below itself": (
        "<act:parent>r", "<act:parent>a", "accounts", "An account is its own parent"),
    "an account without a name": ("<act:name>Assets", "<act:name>", "accounts", (
        "An account has an empty or unprintable name"
    )),
}  # fmt: skip


@pytest.mark.parametrize("case", TRANSACTIONS.values(), ids=TRANSACTIONS)
def test_what_is_wrong_in_a_book_is_refused_by_transaction(
    tmp_path: Path, case: tuple[str, str, str, str]
) -> None:
    before, after, place, words = case
    text = as_xml(sqlite_book(tmp_path / "b", ("2014-12-31 10:59:00", None, 2000)))
    file = tmp_path / "x"
    file.write_text(text)
    assert len(read_history(file).transactions) == 1
    assert before in text
    file.write_text(text.replace(before, after))
    with pytest.raises(Invalid) as refusal:
        read_history(file)
    assert (refusal.value.place or "").startswith(place)
    assert words in refusal.value.message


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = as_xml(sqlite_book(tmp_path / "b", BERLIN))
    file = tmp_path / "x"
    padding = (" " * 200_000 + "<padding/>") * 15
    file.write_bytes(packed(text.replace("<trn:splits>", f"{padding}<trn:splits>")))
    assert file.stat().st_size < 20_000
    assert len(read_history(file).transactions) == 1
    monkeypatch.setattr(gnucash_xml, "MAX_UNPACKED", 2_000_000)
    with pytest.raises(Invalid, match="unpacks"):
        read_history(file)
