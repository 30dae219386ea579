"""Steps of the worked events: what a community spends, and what it gives back to members."""

from tests.oracle.world import Step

STEPS: dict[str, Step] = {}
