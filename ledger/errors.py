"""The four ways in which a deed can be refused; the message is a sentence for the person reading.

Must not know HTTP, exit codes or any other door: doors translate.
"""


class PoolbookError(Exception):
    """A refusal. ``place`` names the field, line or element at fault, when there is one."""

    def __init__(self, message: str, *, place: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


class NotFound(PoolbookError):
    """What was asked for does not exist, or is not visible to the person asking."""


class NotAllowed(PoolbookError):
    """The person may not do this (domain section 11)."""


class Conflict(PoolbookError):
    """The deed contradicts the present state: already paid, already posted, changed meanwhile."""


class RateLimited(Conflict):
    """Too much was asked for in too short a time (``services.jobs.rate_limits``).

    ``retry_after_seconds`` says when the next try counts again; ``asks_to_confirm`` tells that
    somebody who confirms their address need not wait.
    """

    def __init__(
        self, message: str, *, retry_after_seconds: int, asks_to_confirm: bool = False
    ) -> None:
        super().__init__(message, place="limit")
        self.retry_after_seconds = retry_after_seconds
        self.asks_to_confirm = asks_to_confirm


class Invalid(PoolbookError):
    """The input itself is wrong. ``messages`` maps field names to sentences."""

    def __init__(
        self,
        message: str,
        *,
        place: str | None = None,
        messages: dict[str, list[str]] | None = None,
    ) -> None:
        super().__init__(message, place=place)
        self.messages = messages or {}
