"""Logs: one line for each request and each job, as text or as JSON, on standard error.

A log is read by more people than the books are, and kept for longer than a person's data may be.
So nothing in it comes from what people typed: an address is named by its route, a person by their
id, and an error by its type and the lines of the program it passed through, without the values of
its variables and without its message, which often repeats a value. Of what libraries report, only
the fixed part of a message and its numbers are kept. Must not know Flask or the database.
"""

import json
import logging
import logging.config
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Literal
from uuid import UUID

LogFormat = Literal["text", "json"]
LogLevel = Literal["info", "warning"]
Value = str | int | UUID | None

ROOT = Path(__file__).parents[1]
OURS = "poolbook"
FIELDS = "poolbook_fields"
# The frames of one error that are kept, the last ones: where it was raised tells most.
MOST_FRAMES = 25
# A child that fails may have filled its standard error.
MOST_OUTPUT = 4_000

NOTHING: Mapping[str, Value] = MappingProxyType({})
_work: ContextVar[Mapping[str, Value]] = ContextVar("poolbook_work", default=NOTHING)


def configure(form: LogFormat, level: LogLevel) -> None:
    """Have everything that this process reports written as lines on standard error."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"()": Json if form == "json" else Text}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": "WARNING"},
            "loggers": {
                OURS: {"level": level.upper()},
                # A line for each request that waits for a thread would fill the log when it is
                # needed most.
                "waitress.queue": {"level": "ERROR"},
            },
        }
    )


def note(
    log: logging.Logger, message: str, /, *, level: int = logging.INFO, **fields: Value
) -> None:
    """Write one line: a fixed message, and fields beside it. No field holds personal data."""
    log.log(level, message, extra={FIELDS: fields})


def started(log: logging.Logger, process: str, revision: str, engine: str) -> None:
    """Write which version of the program begins to work on which revision of the database."""
    running = version(OURS)
    note(log, "started", process=process, version=running, revision=revision, engine=engine)


def report_defect(
    log: logging.Logger, number: UUID, route: str | None, error: BaseException
) -> None:
    """Write an error that nobody expected, under the number that its page shows."""
    note(log, "defect", level=logging.ERROR, number=number, route=route, trace=trace(error))


@contextmanager
def during(**fields: Value) -> Iterator[None]:
    """Add fields, such as the id of a job, to every line that is written meanwhile."""
    token = _work.set({**_work.get(), **fields})
    try:
        yield
    finally:
        _work.reset(token)


def begin_request(request_id: UUID) -> None:
    """Add the id of a request to every line that is written until it ends."""
    _work.set({"request": request_id})


def end_request() -> None:
    """Stop adding the id of a request: the thread goes on to other work."""
    _work.set(NOTHING)


def milliseconds_since(start: float) -> int:
    """Return whole milliseconds since a reading of ``time.perf_counter``."""
    return round((time.perf_counter() - start) * 1000)


def trace(error: BaseException) -> str:
    """Tell an error by types, files, lines and functions: no message, no variable's value.

    The error that was raised comes first, what caused it behind ``from``.
    """
    told: list[str] = []
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen:
        seen.add(id(now))
        told.append(" < ".join([type(now).__name__, *_frames(now.__traceback__)]))
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
    return " from ".join(told)


def tell_crash(
    kind: type[BaseException], error: BaseException, _where: TracebackType | None
) -> None:
    """Report what ends a process, as ``sys.excepthook`` does, without the error's message."""
    sys.stderr.write(f"{kind.__name__}: {trace(error)}\n")


def last_output(output: bytes | None) -> str:
    """Return the end of what a child of ours wrote to its standard error."""
    return (output or b"").decode(errors="replace")[-MOST_OUTPUT:].strip()


def _frames(traceback: TracebackType | None) -> list[str]:
    """Name the lines of the program that an error passed through, the one that raised it first."""
    frames: list[str] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{_short(code.co_filename)}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return frames[::-1][:MOST_FRAMES]


def _short(path: str) -> str:
    """Name a file of ours from the project's folder on, a library's from its package on."""
    if "site-packages/" in path:
        return path.rsplit("site-packages/", 1)[1]
    return path.removeprefix(f"{ROOT}/")


class Line(logging.Formatter):
    """What all lines hold: when, how grave, where from, a message, and fields by name."""

    def parts(self, record: logging.LogRecord) -> dict[str, Value]:
        """Return a record's fields in the order in which they are written."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        own: Mapping[str, Value] = getattr(record, FIELDS, {})
        parts: dict[str, Value] = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.message(record),
            **_work.get(),
            **own,
        }
        if record.exc_info and record.exc_info[1] is not None:
            parts["trace"] = trace(record.exc_info[1])
        return {name: value for name, value in parts.items() if value is not None}

    def message(self, record: logging.LogRecord) -> str:
        """Return our own message whole, of a library's the fixed part and the numbers."""
        if record.name == OURS or record.name.startswith(f"{OURS}."):
            return record.getMessage()
        given = record.args if isinstance(record.args, tuple) else ()
        try:
            return str(record.msg) % tuple(
                arg if isinstance(arg, int | float) else "…" for arg in given
            )
        except (TypeError, ValueError):
            return str(record.msg)


class Json(Line):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as JSON."""
        return json.dumps(self.parts(record), default=str)


class Text(Line):
    """One line for people: fields as ``name=value``, quoted where they hold more than a word."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as text; nothing in it can begin a line of its own."""
        parts = self.parts(record)
        at, level, logger, message = (
            str(parts.pop(name)) for name in ("at", "level", "logger", "message")
        )
        fields = [f"{name}={_quoted(str(value))}" for name, value in parts.items()]
        return " ".join([at, level.upper(), logger, _one_line(message), *fields])


def _quoted(value: str) -> str:
    plain = value and value.isascii() and value.isprintable() and not set(value) & set(" \"'=\\")
    return value if plain else json.dumps(value)


def _one_line(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)[1:-1]
