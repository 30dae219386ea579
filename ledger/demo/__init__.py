"""A believable demo: three communities, one pool, a year of history; the same for a date and
seed. Made through the services only, so that it cannot hold what a user could not enter."""

from ledger.demo.seed import DemoSummary, fill

__all__ = ["DemoSummary", "fill"]
