"""The whole machine: every group of deeds in one random order."""

from tests.machines.things import Things


class Machine(Things):
    """All deeds."""
