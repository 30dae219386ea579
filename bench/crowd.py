"""Processes that post together: started once, warmed up, and let go at the same moment.

Standard library only, for other ledgers are measured with it in environments of their own.
"""

import time
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypedDict

from bench.work import CLIENTS

SEALED_EVERY_SECONDS = 1.0


class Load(TypedDict):
    """How entries are posted: by how many, how many each, from which number on, and how."""

    clients: int
    each: int
    at: int
    hot: bool
    size: int


class Crowd:
    """Clients of some ledgers; each ledger is a module of the bench and a database."""

    def __init__(self, ledgers: dict[str, tuple[str, str]]) -> None:
        context = get_context("spawn")
        self._ends: list[Connection] = []
        for _client in range(CLIENTS + 1):
            here, there = context.Pipe()
            context.Process(target=_serve, args=(there, ledgers), daemon=True).start()
            self._ends.append(here)

    def rate(
        self, ledger: str, *, clients: int, each: int, at: int, hot: bool, size: int, seals: bool
    ) -> float:
        """Return entries a second of some clients together, ``size`` entries to a commit.

        ``seals``: another process seals the book every second meanwhile, as the worker does.
        """
        *ends, sealer = [*self._ends[:clients], self._ends[-1]]
        for number, end in enumerate(ends):
            end.send((ledger, each, at + number * (each + 1), hot, size))
        for end in ends:
            end.recv()
        if seals:
            sealer.send((ledger, 0, 0, False, 0))
        for end in ends:
            end.send("go")
        spans: list[tuple[float, float]] = [end.recv() for end in ends]
        if seals:
            sealer.send("stop")
            sealer.recv()
        return clients * each / (max(end for _, end in spans) - min(start for start, _ in spans))

    def close(self) -> None:
        """Send everybody home."""
        for end in self._ends:
            end.send(None)


def _serve(end: Connection, ledgers: dict[str, tuple[str, str]]) -> None:
    posters: dict[str, Any] = {}
    while (task := end.recv()) is not None:
        ledger, each, at, hot, size = task
        module, url = ledgers[ledger]
        if not size:
            seal = import_module(module).sealer(url)
            while not end.poll(SEALED_EVERY_SECONDS):
                seal()
            end.send(end.recv())
            continue
        if ledger not in posters:
            posters[ledger] = import_module(module).poster(url)
        post = posters[ledger]
        post([at + each], hot)
        end.send("ready")
        end.recv()
        began = time.monotonic()
        for low in range(at, at + each, size):
            post(range(low, low + size), hot)
        end.send((began, time.monotonic()))
