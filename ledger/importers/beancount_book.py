"""Complete what a beancount file says by date: lots, amounts left out, pads, and balances.

Transactions are booked first; a pad is what a later balance lacks; then every balance is checked.
A balance counts what happened before its day. Must not know how a file writes any of it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ledger.errors import Invalid
from ledger.importers.balancing import Draft, Running, Written, complete_one
from ledger.importers.beancount_lots import Lot, Lots, Spec, divided
from ledger.importers.beancount_options import Options, Seen, Tolerances
from ledger.importers.history import SPAN, Figure, Leg, Transaction


@dataclass(slots=True)
class Posting:
    """A posting as it is written; ``price`` is of one, ``spec`` what stands in braces."""

    line: int
    account: str
    units: Figure | None
    spec: Spec | None = None
    price: Figure | None = None
    # What the price says in all, when that is what is written.
    price_in_all: Figure | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Event:
    """A transaction as it is written."""

    line: int
    on: date
    postings: list[Posting] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account is said to hold before a day; ``tolerance`` where the file states one."""

    line: int
    on: date
    account: str
    figure: Figure
    tolerance: Decimal | None


@dataclass(frozen=True, slots=True)
class Pad:
    """Fill an account from another, so that its next balances come true."""

    line: int
    on: date
    account: str
    source: str


@dataclass(slots=True)
class Book:
    """What a file says; accounts with the days between which they are open."""

    options: Options = field(default_factory=Options)
    opened: dict[str, date] = field(default_factory=dict)
    closed: dict[str, date] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
    dated: list[Event | Balance | Pad] = field(default_factory=list)


def completed(book: Book) -> tuple[Transaction, ...]:
    """Return the transactions of a file by date. Raises Invalid by line."""
    # Balances come before what happens on their day; else the line decides, as in beancount.
    items = sorted(
        book.dated, key=lambda one: (one.on, not isinstance(one, Balance), one.line % SPAN)
    )
    for item in items:
        accounts = (
            [posting.account for posting in item.postings]
            if isinstance(item, Event)
            else [item.account, *([item.source] if isinstance(item, Pad) else [])]
        )
        lines = [one.line for one in item.postings] if isinstance(item, Event) else [item.line] * 2
        for account, line in zip(accounts, lines, strict=False):
            _check_open(book, account, item.on, f"line {line}")
    booking = _Booking(book)
    done: list[tuple[Event | Balance | Pad, Transaction | None]] = [
        (item, booking.booked(item) if isinstance(item, Event) else None) for item in items
    ]
    padded = _pads(book, done, booking.at_cost)
    return tuple(_checked(book, done, padded))


def _check_open(book: Book, account: str, day: date, place: str) -> None:
    opened, closed = book.opened.get(account), book.closed.get(account)
    if opened is None and book.options.opens_accounts:
        return
    if opened is None or day < opened or (closed is not None and day > closed):
        raise Invalid(
            "{account} is not open on {day}.", place=place, account=account, day=day.isoformat()
        )


@dataclass(frozen=True, slots=True)
class _Weighed:
    """What a posting counts, the cost and price of one in it, and whether it makes a lot."""

    weight: Figure | None = None
    rates: tuple[Figure, ...] = ()
    buys: bool = False


class _Booking:
    """Book transactions one after the other against the lots that accounts hold."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._lots = Lots()
        # Lines of postings whose amounts are held at cost.
        self.at_cost: set[int] = set()

    def booked(self, event: Event) -> Transaction | None:
        """Complete a transaction; None when nothing moves in it. Raises Invalid."""
        self.at_cost |= {one.line for one in event.postings if one.spec is not None}
        weighed = [self._weighed(posting) for posting in event.postings]
        self._find_cost(event, weighed)
        drafts = [
            Draft(one.line, one.account, one.units, known.weight, tags=one.tags)
            for one, known in zip(event.postings, weighed, strict=True)
        ]
        seen = [
            Seen(one.units, known.rates)
            for one, known in zip(event.postings, weighed, strict=True)
            if one.units is not None
        ]
        units = {figure.unit for one in seen for figure in (one.units, *one.rates)}
        written = Written(event.line, event.on, drafts, event.tags)
        done = complete_one(written, Tolerances(self._book.options, seen, units), Running())
        for posting, known in zip(event.postings, weighed, strict=True):
            if known.buys:
                self._buy(event, posting, known)
        for leg in done.legs if done else ():
            if leg.line not in self.at_cost:
                self._lots.add_plain(leg.account, leg.figure)
        return done

    def _weighed(self, posting: Posting) -> _Weighed:
        units, spec = posting.units, posting.spec
        price = (posting.price,) if posting.price else ()
        if units is None:
            return _Weighed()
        if spec is None:
            weight = posting.price_in_all
            if weight is None and posting.price is not None:
                weight = Figure(posting.price.number * units.number, posting.price.unit)
            return _Weighed(weight, price)
        method = self._book.methods.get(posting.account, self._book.options.method)
        if method != "NONE" and self._lots.reduces(posting.account, units):
            place = f"line {posting.line}"
            taken = self._lots.reduced(posting.account, units, spec, method, place)
            costs = tuple(lot.cost for lot in taken)
            if len({cost.unit for cost in costs}) > 1:
                raise Invalid("These lots were bought in different currencies.", place=place)
            for lot in taken:
                self._lots.add(posting.account, lot)
            total = sum((lot.units.number * lot.cost.number for lot in taken), Decimal(0))
            return _Weighed(Figure(total, costs[0].unit), (*costs, *price))
        cost = spec.cost_of_one(units.number)
        if cost is None or spec.unit is None:
            return _Weighed(buys=True)
        total = (spec.per or Decimal(0)) * units.number
        total += (spec.total or Decimal(0)).copy_sign(units.number)
        return _Weighed(Figure(total, spec.unit), (Figure(cost, spec.unit), *price), buys=True)

    def _find_cost(self, event: Event, weighed: list[_Weighed]) -> None:
        """Fill in the one cost that is left out, from what else the transaction moves."""
        unknown = [at for at, known in enumerate(weighed) if known.buys and known.weight is None]
        if not unknown:
            return
        at = unknown[0]
        posting = event.postings[at]
        left: defaultdict[str, Decimal] = defaultdict(Decimal)
        for other, known in zip(event.postings, weighed, strict=True):
            if other is not posting:
                figure = known.weight or other.units
                if figure is None:
                    unknown.append(at)
                else:
                    left[figure.unit] -= figure.number
        found = {unit: number for unit, number in left.items() if number}
        units = posting.units
        wanted = posting.spec.unit if posting.spec else None
        if len(unknown) > 1 or len(found) != 1 or units is None or wanted not in (None, *found):
            raise Invalid(
                "This lot does not state its cost, and the cost does not follow from the "
                "other amounts. Write {cost}, the cost of each unit.",
                place=f"line {posting.line}",
            )
        ((unit, number),) = found.items()
        if not units.number or (number < 0) != (units.number < 0):
            raise Invalid("The cost of a lot cannot be negative.", place=f"line {posting.line}")
        rate = Figure(divided(number, units.number), unit)
        weighed[at] = _Weighed(Figure(number, unit), (rate,), buys=True)

    def _buy(self, event: Event, posting: Posting, known: _Weighed) -> None:
        """Keep what was bought as a lot."""
        assert posting.units is not None
        assert posting.spec is not None
        on, label = posting.spec.on or event.on, posting.spec.label
        self._lots.add(posting.account, Lot(posting.units, known.rates[0], on, label))


Done = Sequence[tuple[Event | Balance | Pad, Transaction | None]]


def _pads(book: Book, done: Done, at_cost: set[int]) -> dict[int, list[Transaction]]:
    """Return what each pad comes to, by its line. Raises Invalid for one that nothing needs."""
    found: dict[int, list[Transaction]] = {
        item.line: [] for item, _ in done if isinstance(item, Pad)
    }
    for account in sorted({item.account for item, _ in done if isinstance(item, Pad)}):
        _pad(book, done, account, at_cost, found)
    for line, made in found.items():
        if not made:
            raise Invalid("This pad is not needed by any balance.", place=f"line {line}")
    return found


def _pad(
    book: Book, done: Done, account: str, at_cost: set[int], found: dict[int, list[Transaction]]
) -> None:
    """Fill one account, which holds what stands below it as well, for each of its balances."""
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    held_at_cost: defaultdict[str, Decimal] = defaultdict(Decimal)
    active: Pad | None = None
    filled: set[str] = set()
    for item, transaction in done:
        for leg in transaction.legs if transaction else ():
            if leg.account == account or leg.account.startswith(f"{account}:"):
                kept = held_at_cost if leg.line in at_cost else held
                kept[leg.figure.unit] += leg.figure.number
        if isinstance(item, Pad) and item.account == account:
            active, filled = item, set()
        if not isinstance(item, Balance):
            continue
        if item.account != account and not item.account.startswith(f"{account}:"):
            continue
        unit = item.figure.unit
        missing = item.figure.number - held[unit] - held_at_cost[unit]
        if active and abs(missing) > _tolerance(book, item) and unit not in filled:
            if held_at_cost[unit]:
                raise Invalid(
                    "A pad cannot add {unit}, which {account} holds at cost.",
                    place=f"line {active.line}",
                    unit=unit,
                    account=account,
                )
            found[active.line].append(_made(active, missing, unit))
            held[unit] += missing
        filled.add(unit)


def _made(pad: Pad, number: Decimal, unit: str) -> Transaction:
    legs = (
        Leg(pad.line, pad.account, Figure(number, unit)),
        Leg(pad.line, pad.source, Figure(-number, unit)),
    )
    return Transaction(pad.line, pad.on, legs)


def _checked(
    book: Book, done: Done, padded: Mapping[int, Sequence[Transaction]]
) -> list[Transaction]:
    """Return all transactions in their order. Raises Invalid for a balance that is not true."""
    running = Running()
    ordered: list[Transaction] = []
    for item, transaction in done:
        made = padded[item.line] if isinstance(item, Pad) else [transaction] if transaction else []
        for one in made:
            ordered.append(one)
            for leg in one.legs:
                running.add(leg.account, leg.figure)
        if isinstance(item, Balance):
            held = running.held(item.account, item.figure.unit, inclusive=True)
            if abs(held - item.figure.number) > _tolerance(book, item):
                raise Invalid(
                    "{account} is asserted to hold {number:f} {unit}, but holds {held:f} {unit}.",
                    place=f"line {item.line}",
                    account=item.account,
                    number=item.figure.number,
                    unit=item.figure.unit,
                    held=held,
                )
    return ordered


def _tolerance(book: Book, balance: Balance) -> Decimal:
    if balance.tolerance is not None:
        return balance.tolerance
    return book.options.of_balance(balance.figure.number)
