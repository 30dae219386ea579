"""What a transaction of another ledger is in our books: entries that balance per fund.

One entry, or one for each day when its legs fall on different days.

What is exchanged for something else goes through accounts made for that: money and holdings
through 1990, things through the account of their cost and the accounts where things come from
and go to, funds through the transfers between own funds. All quantities in smallest units.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Set
from collections.abc import Mapping as Table
from dataclasses import dataclass, replace
from datetime import date

from ledger.core.accounts import Acct, Layer
from ledger.core.amount import has_value, kind_of
from ledger.core.entry import Entry, Posting
from ledger.core.fitting_accounts import check_own_funds
from ledger.errors import Invalid
from ledger.importers.history import Leg, Transaction, exactly
from ledger.importers.mapping import (
    AN_HOUR,
    HOURS,
    MINUTES,
    AccountTarget,
    CommodityTarget,
    Mapping,
    is_ours,
    target_of,
)
from ledger.importers.ours import own_account, own_fund

# Where things and hours come from and go to when the file names no other side.
SOURCES = {"things": Acct.ITEMS_ACQUIRED, "hours": Acct.TIME_GIVEN}
MAX_LABEL = 64
USES = {"things": Acct.DISPOSED, "hours": Acct.TIME_APPLIED}


@dataclass(slots=True)
class Booking:
    """A book, and the mapping by which transactions become its entries."""

    book: str
    mapping: Mapping
    # Says where in the file a number of a leg or transaction is.
    place: Callable[[int], str]

    def entries(self, transaction: Transaction) -> list[tuple[date, Entry]]:
        """Return a transaction's entry for each day on which legs of it fall, the earliest first.

        Almost always one. Raises Invalid by line.
        """
        place = self.place(transaction.line)
        by_day: defaultdict[date, list[Posting]] = defaultdict(list)
        with exactly(place):
            for leg in transaction.legs:
                by_day[leg.on or transaction.on].append(self._posting(leg, transaction.tags))
        legs = [leg for day in by_day.values() for leg in day]
        by_day[transaction.on].extend(self._bridges(legs, place))
        if len(by_day) > 1:
            self._carry_over(by_day, _used(legs), place)
        try:
            check_own_funds([leg for legs in by_day.values() for leg in legs])
            return [
                (day, Entry(self.book, tuple(postings)))
                for day, postings in sorted(by_day.items())
                if postings
            ]
        except Invalid as error:
            raise Invalid(error.message, place=place) from error

    def _carry_over(self, by_day: Table[date, list[Posting]], used: Set[int], place: str) -> None:
        """Balance each day of a transaction by what is still to come on a later one.

        Until then money that left no account yet is owed, and money that reached none is
        receivable; nothing of either is left after the last day.
        """
        carried: defaultdict[tuple[Layer, str, str], int] = defaultdict(int)
        for _day, postings in sorted(by_day.items()):
            moved: defaultdict[tuple[Layer, str, str], int] = defaultdict(int)
            for leg in postings:
                moved[leg.layer, leg.fund, leg.commodity] += leg.quantity
            for key, quantity in moved.items():
                before, after = carried[key], carried[key] + quantity
                carried[key] = after
                _layer, fund, commodity = key
                bridges: defaultdict[int, int] = defaultdict(int)
                bridges[self._between(key, before, used, place)] -= before
                bridges[self._between(key, after, used, place)] += after
                postings.extend(
                    Posting(number, fund, commodity, -carries)
                    for number, carries in bridges.items()
                    if carries
                )

    def _between(
        self, key: tuple[Layer, str, str], carried: int, used: Set[int], place: str
    ) -> int:
        """Return the account of what is carried from one day of a transaction to the next."""
        layer, _fund, commodity = key
        if layer is Layer.QTY:
            return _other_side(kind_of(commodity), used, place, comes=True)
        if layer is Layer.MEMO:
            raise Invalid("Accounts from 9000 must balance on every day.", place=place)
        between = self.mapping.between_days
        if between is None:
            raise Invalid(
                "This transaction has postings on several days. Name in the mapping's "
                "[between_days] the receivable and payable accounts that hold the money in "
                "between.",
                place=place,
            )
        return between.payable.number if carried > 0 else between.receivable.number

    def _posting(self, leg: Leg, tags: Table[str, str]) -> Posting:
        place = self.place(leg.line)
        target, fund = self._account(leg, tags)
        commodity = self._commodity(leg)
        quantity, finer = divmod(leg.figure.number * commodity.times, commodity.per)
        if finer:
            raise Invalid(
                "{number:f} {unit} has more decimals than {code} allows.",
                place=place,
                number=leg.figure.number,
                unit=leg.figure.unit,
                code=commodity.code,
            )
        function = leg.tags.get("function") or target.function
        if function is not None and len(function) > MAX_LABEL:
            raise Invalid("A function can have up to 64 characters.", place=place)
        number, code = target.number, commodity.code
        if target.things is not None and not has_value(code):
            number = target.things
        if target.skill is not None and code.startswith(HOURS):
            code = f"{HOURS}{target.skill}"
        return Posting(
            account=number,
            fund=fund,
            commodity=code,
            quantity=int(quantity),
            counterparty=leg.tags.get("counterparty") or target.counterparty,
            function=function,
        )

    def _account(self, leg: Leg, tags: Table[str, str]) -> tuple[AccountTarget, str]:
        target = self.mapping.accounts.get(leg.account)
        if target is not None:
            told = leg.tags.get("fund") or tags.get("fund")
            return target, target.fund or told or self.mapping.fund
        own = own_account(leg.account)
        if own is None:
            raise Invalid(
                "The mapping does not include account {account}.",
                place=self.place(leg.line),
                account=leg.account,
            )
        return AccountTarget(own[0]), own_fund(own[1], leg.tags)

    def _commodity(self, leg: Leg) -> CommodityTarget:
        unit = leg.figure.unit
        if own_account(leg.account) is not None:
            unit = leg.tags.get("commodity", unit)
        target = self.mapping.commodities.get(unit)
        if target is not None:
            return target
        hour = self.mapping.commodities.get(AN_HOUR)
        if unit == MINUTES and hour is not None and hour.code.startswith(HOURS):
            return replace(hour, per=hour.per * 60)
        if not is_ours(unit):
            raise Invalid(
                "The mapping does not include commodity {unit!r}.",
                place=self.place(leg.line),
                unit=unit,
            )
        return target_of(unit)

    def _bridges(self, legs: list[Posting], place: str) -> list[Posting]:
        """Return the legs that balance each fund and commodity by itself."""
        left: defaultdict[tuple[Layer, str, str], int] = defaultdict(int)
        for leg in legs:
            left[leg.layer, leg.fund, leg.commodity] += leg.quantity
        left = defaultdict(int, {key: over for key, over in left.items() if over})
        totals: defaultdict[tuple[Layer, str], int] = defaultdict(int)
        for (layer, _fund, commodity), over in left.items():
            totals[layer, commodity] += over
        cost = self._cost_account(totals, place)
        bridges: list[Posting] = []
        for (layer, fund, commodity), over in left.items():
            if layer is Layer.MEMO:
                raise Invalid(
                    "Postings to accounts from 9000 must balance among themselves.", place=place
                )
            if totals[layer, commodity] == 0:
                number = _between_funds(layer, over)
            elif layer is Layer.QTY:
                kind = kind_of(commodity)
                number = _other_side(kind, _used(legs), place, comes=over > 0)
            else:
                number = cost
            bridges.append(Posting(number, fund, commodity, -over))
        return bridges

    def _cost_account(self, totals: Table[tuple[Layer, str], int], place: str) -> int:
        """Return where value stands that was exchanged: for things, or for other value."""
        things = {unit for (layer, unit), over in totals.items() if over and layer is Layer.QTY}
        worth = {
            target.worth for target in self.mapping.commodities.values() if target.code in things
        }
        if len(worth) > 1:
            raise Invalid(
                "One transaction buys equipment with its cost on different accounts. Write "
                "it as several transactions.",
                place=place,
            )
        return worth.pop() if worth else Acct.CURRENCY_CONVERSION


def _used(legs: Iterable[Posting]) -> set[int]:
    return {leg.account for leg in legs}


def _other_side(kind: str, used: Set[int], place: str, *, comes: bool) -> int:
    """Return where things or hours come from or go to, when the file names no other side.

    Less of what stands on one of these accounts goes back to the other: against itself it would
    come to nothing. Raises Invalid when the transaction has both.
    """
    sides = (SOURCES[kind], USES[kind]) if comes else (USES[kind], SOURCES[kind])
    for side in sides:
        if side not in used:
            return side
    raise Invalid(
        "The {kind} of this transaction do not balance on every day.", place=place, kind=kind
    )


def _between_funds(layer: Layer, over: int) -> int:
    if layer is Layer.QTY:
        return Acct.RECLASSIFIED
    return Acct.FUND_TRANSFERS_IN if over > 0 else Acct.FUND_TRANSFERS_OUT
