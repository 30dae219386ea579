"""What each worked event adds to the figures: ``figures_of_events.txt`` is the specification.

It was read line by line against domain section 5. A pledge stands in for the giver.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.core.accounts import CHART, Layer
from ledger.core.amount import decimals, is_currency
from ledger.core.figures import FLOWS, About, Figure, Leg, Line, lines_of, role_of
from tests.worked import WORKED

TABLE = Path(__file__).parent / "figures_of_events.txt"
AGENCY = {(row["book"], row["code"]) for row in WORKED["funds"] if row["class"] == "agency"}
ENTRIES = [(event, entry) for event in WORKED["events"] for entry in event["entries"]]


def _lines(entry: dict[str, Any], **more: Any) -> list[Line]:
    legs = [
        Leg(
            leg["account"],
            leg["fund"],
            leg["commodity"],
            leg["quantity"],
            giver=leg.get("pledge") or "",
        )
        for leg in entry["postings"]
    ]
    agency = {fund for book, fund in AGENCY if book == entry["book"]}
    return lines_of(legs, agency=agency, **more)


def _written() -> Iterator[str]:
    for event in WORKED["events"]:
        yield f"{event['code']}  {event['title']}"
        for entry in event["entries"]:
            sums: Counter[tuple[str, str, str, str]] = Counter()
            for line in _lines(entry):
                sums[line.fund, line.figure, line.commodity, line.giver] += line.quantity
            shown = [
                f"    {entry['book']}/{fund} {figure} {_number(total, unit)} {unit}"
                + (f" ({giver})" if giver else "")
                for (fund, figure, unit, giver), total in sorted(sums.items())
                if total
            ]
            yield from shown or [f"    {entry['book']} nothing"]


def _number(total: int, unit: str) -> str:
    return f"{Decimal(total).scaleb(-decimals(unit)):+,}" if is_currency(unit) else f"{total:+,}"


def test_every_worked_event_adds_what_the_table_says() -> None:
    assert list(_written()) == TABLE.read_text().splitlines()


@pytest.mark.parametrize(
    ("event", "entry"), ENTRIES, ids=[f"{row['code']}-{n}" for n, (row, _e) in enumerate(ENTRIES)]
)
def test_what_came_and_went_is_what_the_money_changed_by(
    event: dict[str, Any], entry: dict[str, Any]
) -> None:
    """Of each fund and currency, so that no leg of value is in no figure, or in two."""
    money: Counter[tuple[str, str]] = Counter()
    flows: Counter[tuple[str, str]] = Counter()
    for line in _lines(entry):
        if not is_currency(line.commodity):
            continue
        if line.figure is Figure.MONEY:
            money[line.fund, line.commodity] += line.quantity
        elif line.figure in FLOWS:
            flows[line.fund, line.commodity] += FLOWS[line.figure] * line.quantity
    off = {place: money[place] - flows[place] for place in {*money, *flows}}
    assert [place for place, difference in off.items() if difference] == [], event["code"]


@pytest.mark.parametrize(
    ("event", "entry"), ENTRIES, ids=[f"{row['code']}-{n}" for n, (row, _e) in enumerate(ENTRIES)]
)
def test_a_reversal_takes_back_what_its_entry_added(
    event: dict[str, Any], entry: dict[str, Any]
) -> None:
    turned = {
        **entry,
        "postings": [{**leg, "quantity": -leg["quantity"]} for leg in entry["postings"]],
    }
    assert [line._replace(quantity=-line.quantity) for line in _lines(turned)] == _lines(entry), (
        event["code"]
    )


def test_every_account_of_value_has_a_part() -> None:
    """Of every number that a book may use, added ones too."""
    named = {account.number for account in CHART if account.layer is Layer.FIN}
    without = [
        number
        for number in {*named, *range(1000, 7000)}
        if not role_of(number).money and role_of(number).flow is None
    ]
    assert without == []


def test_a_leg_without_a_label_takes_the_only_one_of_its_entry() -> None:
    legs = [
        Leg(1110, "GEN", "USD", 120),
        Leg(1210, "GEN", "USD", -100, "roof", "ada"),
        Leg(4010, "GEN", "USD", -20),
    ]
    received = [line for line in lines_of(legs) if line.figure is Figure.RECEIVED]
    assert [(line.quantity, line.campaign, line.giver) for line in received] == [
        (100, "roof", "ada"),
        (20, "roof", "ada"),
    ]


def test_a_leg_without_a_label_takes_none_of_several() -> None:
    """The control of the test above: nobody knows whose the rest was."""
    legs = [
        Leg(1010, "GEN", "USD", 60),
        Leg(4010, "GEN", "USD", -10, "roof", "ada"),
        Leg(4010, "GEN", "USD", -20, "door", "ben"),
        Leg(4010, "GEN", "USD", -30),
    ]
    received = [line for line in lines_of(legs, about=About("hall", "cy")) if line.campaign == ""]
    assert [line.quantity for line in received if line.figure is Figure.RECEIVED] == [30]


def test_what_is_told_about_an_entry_holds_where_it_names_nobody() -> None:
    legs = [Leg(4092, "GEN", "USD", 50), Leg(1110, "GEN", "USD", -50)]
    assert Line(Figure.RECEIVED, "GEN", "USD", -50, "roof", "ada") in lines_of(
        legs, about=About("roof", "ada")
    )
