"""Whatever days, funds and units the legs of a transaction have, each day balances by itself."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from ledger.errors import Invalid
from ledger.importers import Booking, Figure, Leg, Mapping, Transaction
from ledger.importers.mapping import AccountTarget, BetweenDays, target_of

START = date(2024, 1, 1)
BETWEEN = BetweenDays(AccountTarget(1899), AccountTarget(2999))
ACCOUNTS = {
    "bank": AccountTarget(1010),
    "roof": AccountTarget(1040, fund="ROOF"),
    "gifts": AccountTarget(4010),
    "store": AccountTarget(1420, things=8250),
    "work": AccountTarget(8410),
    "time": AccountTarget(8120),
}
MAPPING = Mapping(
    "GEN",
    ACCOUNTS,
    {"EUR": target_of("EUR"), "USD": target_of("USD"), "sand": target_of("GRM.SAND"),
     "min": target_of("MIN.GEN")},
    BETWEEN,
)  # fmt: skip
MONEY = st.tuples(st.sampled_from(["bank", "roof", "gifts"]), st.sampled_from(["EUR", "USD"]))
OTHER = st.sampled_from([("store", "sand"), ("work", "min"), ("time", "min")])
LEGS = st.lists(
    st.tuples(
        st.one_of(MONEY, MONEY, OTHER),
        st.integers(-50, 50).filter(bool),
        st.one_of(st.none(), st.integers(-3, 3)),
    ),
    min_size=1,
    max_size=7,
)


def transaction(legs: list[tuple[tuple[str, str], int, int | None]]) -> Transaction:
    """Return a transaction with legs of account, unit, amount and day from its own."""
    return Transaction(
        1,
        START,
        tuple(
            Leg(
                number,
                account,
                Figure(Decimal(amount), unit),
                {},
                None if day is None else START + timedelta(days=day),
            )
            for number, ((account, unit), amount, day) in enumerate(legs, start=1)
        ),
    )


@settings(max_examples=200, deadline=None)
@given(LEGS)
def test_each_day_has_its_legs_and_nothing_stays_between(
    legs: list[tuple[tuple[str, str], int, int | None]],
) -> None:
    one = transaction(legs)
    booking = Booking("A", MAPPING, str)
    expected: defaultdict[tuple[date, int, str], int] = defaultdict(int)
    for leg in one.legs:
        target = ACCOUNTS[leg.account]
        times = target_of(MAPPING.commodities[leg.figure.unit].code).times
        key = (leg.on or START, target.things or target.number, leg.figure.unit)
        expected[key] += int(leg.figure.number * times)
    found: defaultdict[tuple[date, int, str], int] = defaultdict(int)
    between: defaultdict[tuple[int, str, str], int] = defaultdict(int)
    # What stands on no account of the file is where things and hours came from or went to.
    named = [ACCOUNTS[leg.account] for leg in one.legs]
    mapped = {target.things or target.number for target in named}
    units = {"GRM.SAND": "sand", "MIN.GEN": "min"}
    # An entry that does not balance cannot be made, so each of them does.
    if {leg.account for leg in one.legs} >= {"work", "time"}:
        try:
            entries = booking.entries(one)
        except Invalid as refusal:
            # Both sides are named, so nothing is left that could make up for what is missing.
            event(refusal.message)
            return
    entries = booking.entries(one)
    assert [day for day, _entry in entries] == sorted({day for day, _entry in entries})
    for day, entry in entries:
        for posting in entry.postings:
            if posting.account in mapped:
                unit = units.get(posting.commodity, posting.commodity)
                found[day, posting.account, unit] += posting.quantity
            if posting.account in (1899, 2999):
                between[posting.account, posting.fund, posting.commodity] += posting.quantity
        # Nothing is both receivable and payable, and neither is below nothing.
        assert all(
            (quantity >= 0) if account == 1899 else (quantity <= 0)
            for (account, _fund, _unit), quantity in between.items()
        )
        assert not any(
            between[1899, fund, unit] and between[2999, fund, unit]
            for fund in ("GEN", "ROOF")
            for unit in ("EUR", "USD")
        )
    assert not any(between.values())
    assert {key: value for key, value in found.items() if value} == {
        key: value for key, value in expected.items() if value
    }


def test_promises_on_two_days_are_refused() -> None:
    mapping = Mapping("GEN", {"a": AccountTarget(9110), "b": AccountTarget(9190)}, {}, BETWEEN)
    one = transaction([(("a", "EUR"), 1, None), (("b", "EUR"), -1, 2)])
    with pytest.raises(Invalid, match="balance on every day") as refusal:
        Booking("A", mapping, lambda number: f"line {number}").entries(one)
    assert refusal.value.place == "line 1"
