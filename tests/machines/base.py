"""What all parts of the machine share: stage, model, and how they pick from what there is."""

from collections.abc import Sequence
from typing import Any, TypeVar

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ledger.queries.invariants import check
from tests.machines.model import Model
from tests.machines.stage import Stage

Kind = TypeVar("Kind")

AMOUNTS = st.one_of(st.integers(1, 400), st.integers(-1, 60_000))
BIG = st.integers(1_000, 300_000)
ANY = st.integers(0, 60)
PLACES = st.sampled_from(("A.GEN", "A.SOLAR", "B.GEN", "B.ROOF", "C.GEN"))
BOOKS = {"A": "A.GEN", "B": "B.GEN", "C": "C.GEN"}


def pick(rows: Sequence[Kind], number: int) -> Kind | None:
    """Return one of what there is, or nothing."""
    return rows[number % len(rows)] if rows else None


class Played(RuleBasedStateMachine):
    """One sequence of deeds, played in the books and in the model."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.stage.open()
        self.closed: dict[str, Any] = {}

    def play(self, expected: Any, deed: Any) -> tuple[Any, Any]:
        """Play a deed on both sides."""
        return self.stage.play(expected, deed)

    @rule(days=st.integers(1, 45))
    def time_passes(self, days: int) -> None:
        """Let days pass."""
        self.stage.minutes += days * 24 * 60

    @invariant()
    def the_sums_are_the_models(self) -> None:
        """After each deed, every sum of the books is the model's."""
        self.stage.compare(self.model)

    def teardown(self) -> None:
        """At the end, every rule of the books holds."""
        try:
            self.stage.session.flush()
            broken = [row for row in check(self.stage.session) if not row.ok]
            assert broken == [], broken
            if self.stage.asks_around():
                self.stage.agreement.check(
                    self.stage.session, self.stage.now, self.stage.ended // self.stage.every
                )
        finally:
            self.stage.close()
