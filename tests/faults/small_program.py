"""Two servers around one small program: ours, and gunicorn as it comes.

Imports little: each test starts processes that read this file.
"""

import os
import time
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from typing import Any

from gunicorn.app.base import BaseApplication

from ledger import serving

LARGE = b"x" * 4_500_000
# More than the two buffers of a connection hold on any machine (Linux: up to 4 and 32 MiB).
LARGER = b"x" * 64_000_000


def program(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answer what the tests ask: a little, a lot, late, or what was sent."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"] == "/late":
        time.sleep(1.5)
    found = {
        "/large": LARGE,
        "/larger": LARGER,
        "/size": str(len(body)).encode(),
    }.get(environ["PATH_INFO"], b"fine")
    start_response("200 OK", [("Content-Length", str(len(found)))])
    return [found]


def run_ours(pipe: Connection, changed: dict[str, int]) -> None:
    """Be our server, with other bounds where a test cannot wait for the real ones."""
    os.setpgid(0, 0)
    for name, value in changed.items():
        setattr(serving, name, value)
    serving.serve(
        program,
        host="127.0.0.1",
        port=0,
        workers=1,
        threads=2,
        ready=lambda _host, port: pipe.send(port),
        ended=lambda _process_id: None,
    )


def run_plain(pipe: Connection, port: int) -> None:
    """Be gunicorn as it comes: its threads read what visitors send."""
    os.setpgid(0, 0)

    class Plain(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            for name, value in {
                "bind": f"127.0.0.1:{port}",
                "worker_class": "gthread",
                "threads": 2,
                "graceful_timeout": 1,
                "control_socket_disable": True,
                "loglevel": "critical",
                "when_ready": lambda _server: pipe.send(port),
            }.items():
                self.cfg.set(name, value)

        def load(self) -> object:
            return program

    Plain().run()
