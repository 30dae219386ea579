"""Codes say what a commodity is and how many decimals it has."""

import pytest

from ledger.core.amount import decimals, has_value, is_currency, kind_of, plain_text
from ledger.core.entry import Entry, Posting
from ledger.core.written import format_figure, format_quantity
from ledger.errors import Invalid
from ledger.web.site.formatting import plain_decimal


@pytest.mark.parametrize(
    ("code", "kind", "places"),
    [
        ("USD", "money", 2),
        ("JPY", "money", 0),
        ("UNT6.AAPL", "holdings", 6),
        ("UNT0.OLD_COINS", "holdings", 0),
        ("MIN.ELEC", "hours", 0),
        ("EQP.LAPTOP", "things", 0),
    ],
)
def test_a_code_names_kind_and_decimals(code: str, kind: str, places: int) -> None:
    assert (kind_of(code), decimals(code)) == (kind, places)
    assert has_value(code) == (kind in {"money", "holdings"})


@pytest.mark.parametrize(
    "code", ["USDC", "XYZ", "usdc", "", "MIN", "EQP", "UNT7.X", "FOO.BAR", "."]
)
def test_a_code_that_nobody_knows_is_written_as_it_was_told(code: str) -> None:
    """A KeyError of such a code made each page that showed it an error."""
    assert kind_of(code) == "unknown"
    assert plain_text(-1234, code) == f"-1,234 {code}"
    assert format_quantity(1234, code) == f"1,234 {code}"
    assert (format_figure(1234, code), plain_decimal(1234, code)) == ("1,234", "1234")


@pytest.mark.parametrize("code", ["UNT7.X", "UNT.X", "UNT2.", "UNT2.x", "UNT-1.X", "UNT2"])
def test_more_than_six_decimals_or_no_name_is_no_holding(code: str) -> None:
    assert not has_value(code)


def test_a_holding_stands_where_money_stands_and_nowhere_else() -> None:
    legs = (Posting(1020, "GEN", "UNT2.GOLD", 5), Posting(1990, "GEN", "UNT2.GOLD", -5))
    assert Entry("A", legs).postings == legs
    assert not is_currency("UNT2.GOLD")
    with pytest.raises(Invalid, match="counts things or time"):
        Entry("A", (Posting(8210, "GEN", "UNT2.GOLD", 5), Posting(8130, "GEN", "UNT2.GOLD", -5)))
