"""Failures that repeat: told at the first time and whenever their count has doubled.

What loops try again and again must not fill the log. Must not know what is tried.
"""

import logging
from dataclasses import dataclass

from ledger import logs

PAUSE_SECONDS = 0.5
# What comes back is noticed after this at the latest.
LONGEST_PAUSE_SECONDS = 15.0

log = logging.getLogger("poolbook.worker")


@dataclass
class Failures:
    """What fails again and again, told at the first time and whenever the count has doubled."""

    what: str
    count: int = 0
    log: logging.Logger = log

    def add(self, error: str, cause: Exception | None = None) -> None:
        """Count one more. ``error`` holds no personal data; of ``cause`` its frames are told."""
        self.count += 1
        if self.count & (self.count - 1) == 0:
            message = f"{self.what}: {error} ({self.count} in a row)"
            trace = logs.trace(cause) if cause else None
            logs.note(self.log, message, level=logging.WARNING, trace=trace)

    def end(self) -> None:
        """Begin to count anew, and tell that it works again if that is news."""
        if self.count > 1:
            self.log.warning("%s: works again after %d failures", self.what, self.count)
        self.count = 0

    def pause(self) -> float:
        """Return how long to wait now, in seconds: each time twice as long, within bounds."""
        return float(min(PAUSE_SECONDS * 2 ** min(self.count, 10), LONGEST_PAUSE_SECONDS))


# One for each process that answers requests: a line for each request would fill the log.
DATABASE_AWAY = Failures("the database gave no answer", log=logging.getLogger("poolbook.web"))
