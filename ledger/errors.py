"""The four ways in which a command can be refused; the message is a sentence for the reader.

A sentence is a template and its parameters, so that it can be translated: ``make texts`` lists
them. Must not know HTTP, exit codes or any other entry point.
"""

from collections.abc import Callable


class PoolbookError(Exception):
    """A refusal. ``place`` names the field, line or element at fault, when there is one.

    ``text`` names its parameters in braces; without parameters it stands as it is.
    """

    translate: Callable[[str], str] = staticmethod(str)

    def __init__(self, text: str, *, place: str | None = None, **parameters: object) -> None:
        self.text = text
        self.parameters = parameters
        self.place = place
        super().__init__(self._filled(text))

    @property
    def message(self) -> str:
        """The sentence, in the language that the entry point has set by ``translate``."""
        return self._filled(PoolbookError.translate(self.text))

    def _filled(self, text: str) -> str:
        return text.format(**self.parameters) if self.parameters else text


class NotFound(PoolbookError):
    """What was asked for does not exist, or is not visible to the person asking."""


class NotAllowed(PoolbookError):
    """The person may not do this (domain section 11)."""


class Conflict(PoolbookError):
    """The command contradicts the present state: already paid or posted, changed meanwhile."""


class RateLimited(Conflict):
    """Too much was asked for in too short a time (``services.jobs.rate_limits``).

    ``retry_after_seconds`` says when the next try counts again; ``asks_to_confirm`` tells that
    somebody who confirms their address need not wait.
    """

    def __init__(
        self,
        text: str,
        *,
        retry_after_seconds: int,
        asks_to_confirm: bool = False,
        **parameters: object,
    ) -> None:
        super().__init__(text, place="limit", **parameters)
        self.retry_after_seconds = retry_after_seconds
        self.asks_to_confirm = asks_to_confirm


class Invalid(PoolbookError):
    """The input itself is wrong. ``messages`` maps field names to sentences."""

    def __init__(
        self,
        text: str,
        *,
        place: str | None = None,
        messages: dict[str, list[str]] | None = None,
        **parameters: object,
    ) -> None:
        super().__init__(text, place=place, **parameters)
        self.messages = messages or {}
