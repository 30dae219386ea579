"""A small reference model of the books: plain numbers, and what domain section 5 says of events.

It knows nothing of the program. A deed either moves sums or raises ``Refused``; the machine plays
the same deed through the services and compares both the sums and the refusals.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CASH = (1010, 1020, 1030, 1040, 1110, 1115, 1120, 1130, 1140)
OWED = (2110, 2120, 2130, 2140, 2350, 2410)
HOST, HELD, POOL = "A", "A.HELD", "P.JOINT"
# An account, or an account and the book it is held against.
Legs = Mapping[Any, int]


class Refused(Exception):
    """The deed is not allowed; nothing has moved."""


def need(condition: object) -> None:
    """Refuse unless a condition holds."""
    if not condition:
        raise Refused


@dataclass
class Promise:
    """What somebody promised; quantities in the commodity's smallest unit."""

    place: str
    unit: str
    quantity: int
    nature: str
    done: int = 0
    ended: str = ""
    matched: int = 0
    held: int = 0

    @property
    def open(self) -> int:
        """What is still promised."""
        return 0 if self.ended else max(0, self.quantity - self.done)


@dataclass
class Model:
    """Sums of all legs, and what the machine has made so far, by kind."""

    sums: Counter[tuple[str, str, int, str, str]] = field(default_factory=Counter)

    def move(self, place: str, legs: Legs, unit: str = "USD") -> None:
        """Post one balanced set of legs in a fund."""
        assert sum(legs.values()) == 0, legs
        book, fund = place.split(".")
        for account, quantity in legs.items():
            number, other = account if isinstance(account, tuple) else (account, "")
            self.sums[book, fund, number, unit, other] += quantity

    def on(self, place: str, *accounts: int, unit: str = "USD", other: str | None = None) -> int:
        """Return what some accounts of a fund hold."""
        book, fund = place.split(".")
        return sum(
            quantity
            for (b, f, account, u, o), quantity in self.sums.items()
            if (b, f, u) == (book, fund, unit)
            and account in accounts
            and (other is None or o == other)
        )

    def between(self, book: str, other: str, account: int = 1300) -> int:
        """Return what a book holds against another, over all its funds."""
        return sum(
            quantity
            for (b, _f, a, _u, o), quantity in self.sums.items()
            if (b, a, o) == (book, account, other)
        )

    def spendable(self, place: str) -> int:
        """Return what a fund can spend: money, less what is owed and set aside."""
        return self.on(place, *CASH, *OWED) - self.on(place, 9210, 9230)

    def available(self) -> int:
        """Return what the pool can allocate."""
        return self.spendable(POOL) + self.on(POOL, 1300)

    # Promises

    def promise(self, place: str, unit: str, quantity: int, nature: str) -> Promise:
        """PLG-01, PLG-02: a memo, whatever is promised."""
        need(quantity >= (100 if unit == "USD" else 1))
        memo = 9120 if nature == "conditional" else 9110
        self.move(place, {memo: quantity, 9190: -quantity}, unit)
        return Promise(place, unit, quantity, nature)

    def give_up(self, promise: Promise, state: str) -> None:
        """PLG-08, PLG-09: what is open is off the memo accounts."""
        need(promise.open and promise.nature != "unconditional")
        self.off_memo(promise, promise.open)
        promise.ended = state

    def off_memo(self, promise: Promise, quantity: int) -> None:
        """Take a part of a promise off the memo accounts."""
        memo = 9120 if promise.nature == "conditional" else 9110
        if quantity:
            self.move(promise.place, {9190: quantity, memo: -quantity}, promise.unit)

    def meet(self, promise: Promise) -> None:
        """PLG-07: money becomes owed; things and hours become intentions."""
        rest = promise.open
        if promise.nature != "conditional" or not rest:
            return
        self.off_memo(promise, rest)
        if promise.unit == "USD":
            promise.nature = "unconditional"
            self.move(promise.place, {1210: rest, 4030: -rest})
        else:
            promise.nature = "intention"
            self.move(promise.place, {9110: rest, 9190: -rest}, promise.unit)

    def receive(
        self, cash: int, place: str, amount: int, fee: int = 0, promise: Promise | None = None
    ) -> None:
        """PAY-01 to -04, PAY-13, OFF-1, PLG-15, POL-3: money for a promise, or for none."""
        owed = 0
        if promise is not None:
            done = min(amount, promise.open)
            if promise.nature == "unconditional":
                owed = done
            else:
                self.off_memo(promise, done)
            promise.done += amount
        income = 4010
        if promise is not None and promise.nature == "conditional":
            # Its campaign still runs to its goal (PAY-13).
            income = 2410
            promise.held += amount
        self.through(cash, place, amount - fee, {6510: fee, 1210: -owed, income: owed - amount})

    def bounce(self, place: str, amount: int, promise: Promise | None = None) -> None:
        """OFF-2: a cheque goes back; what it had made good of a promise is open again."""
        again = 0
        if promise is not None and promise.ended and promise.done >= promise.quantity:
            # It was given up, and came after all.
            promise.ended = ""
        if promise is not None and not promise.ended and promise.nature != "conditional":
            again = max(0, promise.quantity - promise.done + amount) - promise.open
            promise.done -= amount
        owed = again if promise is not None and promise.nature == "unconditional" else 0
        account = 4091
        if promise is not None and promise.held >= amount:
            account = 2410
            promise.held -= amount - owed
        self.move(place, {account: amount - owed, 1210: owed, 1010: -amount})
        if again and not owed:
            self.move(place, {9110: again, 9190: -again})

    def take_host_fee(self, base: int) -> None:
        """POL-4: what the host takes of a payment to the pool, 5 in 100."""
        fee = base * 5 // 100
        if fee:
            self.move(POOL, {(6530, HOST): fee, (1300, HOST): -fee})
            self.move(HELD, {(1300, "P"): fee, 1110: -fee})
            self.move("A.GEN", {1110: fee, (4510, "P"): -fee})

    def through(self, cash: int, place: str, net: int, legs: Legs) -> None:
        """Move money of a fund; a pool's is with its host (POL-3)."""
        if place == POOL:
            self.move(HELD, {cash: net, (1300, "P"): -net})
            self.move(POOL, {(1300, HOST): net, **legs})
        else:
            self.move(place, {cash: net, **legs})

    # Between books

    def both(self, giver: str, taker: str, here: int, there: int, amount: int) -> None:
        """Book what one gives and the other gets, open between them (ICT-1, POL-1)."""
        one, two = giver[0], taker[0]
        self.move(giver, {(here, two): amount, (1300, two): -amount})
        self.move(taker, {(1300, one): amount, (there, one): -amount})

    def transfer(self, payer: str, payee: str, amount: int) -> None:
        """Pay by bank what is open between two books."""
        one, two = payer[0], payee[0]
        self.move(payer, {(1300, two): amount, 1010: -amount})
        self.move(payee, {1010: amount, (1300, one): -amount})

    def through_pool(self, member: str, amount: int) -> None:
        """Move cash from the host to a member, or back where negative (ALC-2, ALC-7)."""
        book = member[0]
        self.move(HELD, {(1300, "P"): amount, 1010: -amount})
        self.move(member, {1010: amount, (1300, "P"): -amount})
        self.move(POOL, {(1300, book): amount, (1300, HOST): -amount})
