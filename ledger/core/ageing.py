"""How long something has been due: the bands of an ageing. Must not know the database."""

from enum import StrEnum


class AgeBand(StrEnum):
    """How many days a receivable is overdue; ``UNDATED`` has no due date."""

    UNDATED = "undated"
    NOT_DUE = "not_due"
    TO_30 = "1_to_30"
    TO_60 = "31_to_60"
    TO_90 = "61_to_90"
    OVER_90 = "over_90"


# The most days overdue in each band but the last, in order; it is overdue from the day after.
BOUNDS = (
    (0, AgeBand.NOT_DUE),
    (30, AgeBand.TO_30),
    (60, AgeBand.TO_60),
    (90, AgeBand.TO_90),
)
