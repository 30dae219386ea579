"""Serve a WSGI program so that slow visitors cost nobody else an answer.

gunicorn starts, replaces and stops the worker processes. Inside each, waitress's loop reads whole
requests and writes whole answers, so that a thread only ever works on a request that has arrived.
What neither has is added here: a request or an answer that trickles is ended after a time, and when
all places are taken, the connections that have waited longest give way to new ones.

Knows nothing of the program it serves.
"""

import errno
import gc
import logging
import os
import resource
import select
import socket
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from ledger.errors import Conflict

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Line and headers of a request; nginx takes 8 KiB a header and 32 KiB together.
MAX_HEADER = 32 * 1024
# The program refuses at 16 MiB with a page; this is the bound for what it never hears of.
MAX_BODY = 17 * 1024 * 1024
# A request has so long to arrive, an answer so long to be taken, and a second more for each
# SLOWEST bytes of body that did move: a phone at the edge of its network manages that.
PATIENCE_SECONDS = 20
SLOWEST = 4 * 1024
# An answer of which nothing at all moves for so long is taken by nobody, as with nginx's
# send_timeout: what the network had swallowed before counts for nothing.
STILL_SECONDS = 60
# How long a connection that asks for nothing stays open for the next request.
IDLE_SECONDS = 15
BACKLOG = 1024
PORT_SECONDS = 5
# Open connections of one worker. A waiting one costs a file number and a few kilobytes.
CONNECTIONS = 1000
# What is larger waits in a file, not in memory; nothing we send stops a thread.
IN_MEMORY = 256 * 1024
UNBOUNDED = 1 << 40
# A stopping worker finishes what it has begun; gunicorn ends it after GRACE_SECONDS.
GRACE_SECONDS = 30
FINISH_SECONDS = 25
# An open connection may carry a request that is still on its way when the worker is told to stop.
LINGER_SECONDS = 2
# The loop turns at least so often: it tells gunicorn that it lives, and looks for the overdue.
TURN_SECONDS = 1


def connections() -> dict[str, Any]:
    """Return what waitress is told about connections."""
    return {
        "ident": None,
        # Reached only when answers are under way on all of them.
        "connection_limit": CONNECTIONS + CONNECTIONS // 10,
        "channel_timeout": IDLE_SECONDS,
        "cleanup_interval": TURN_SECONDS,
        "asyncore_use_poll": True,
        "max_request_header_size": MAX_HEADER,
        "max_request_body_size": MAX_BODY,
        "inbuf_overflow": IN_MEMORY,
        "outbuf_overflow": IN_MEMORY,
        "outbuf_high_watermark": UNBOUNDED,
        # Whether forwarded headers are believed is decided by ``create_app`` alone: left to itself,
        # waitress would remove them before that, and every visitor would be the proxy.
        "clear_untrusted_proxy_headers": False,
    }


class TimedChannel(HTTPChannel):
    """One connection, and since when it has been sending or taking what is under way."""

    receiving_since: float | None = None
    sending_since: float | None = None
    moved_at = 0.0
    sent_bytes = 0

    def received(self, data: bytes) -> bool:
        """Take what arrived; the time of a request begins with its first byte."""
        before = self.request
        taken: bool = super().received(data)
        if self.request is None:
            self.receiving_since = None
        elif self.request is not before:
            self.receiving_since = time.monotonic()
        return taken

    def service(self) -> None:
        """Answer a request; the last answer of a server that stops says so, and closes."""
        if self.server.is_stopping and self.requests:
            self.requests[0].headers["CONNECTION"] = "close"
        super().service()

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send what the network takes, and count it."""
        sent: int = super().send(data, do_close)
        self.sent_bytes += sent
        if sent:
            self.moved_at = time.monotonic()
        return sent

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way in either direction."""
        return not (self.requests or self.request or self.total_outbufs_len)

    def is_overdue(self, now: float) -> bool:
        """Whether the other side is slower than anybody need be; ``now`` of the monotonic clock."""
        if self.total_outbufs_len:
            if self.sending_since is None:
                self.sending_since, self.sent_bytes = now, 0
            is_still = now > max(self.moved_at, self.sending_since) + STILL_SECONDS
            allowed = PATIENCE_SECONDS + self.sent_bytes / SLOWEST
            return is_still or now > self.sending_since + allowed
        self.sending_since = None
        if self.request is None or self.receiving_since is None:
            return False
        arrived: int = self.request.body_bytes_received
        return now > self.receiving_since + PATIENCE_SECONDS + arrived / SLOWEST


class TimedServer(TcpWSGIServer):
    """waitress's server with an end to waiting."""

    channel_class = TimedChannel
    is_stopping = False

    def readable(self) -> bool:
        """Make room for new connections before there is none."""
        if len(self.active_channels) >= CONNECTIONS:
            self.make_room()
        accepting: bool = super().readable()
        return accepting

    def maintenance(self, now: float) -> None:
        """Close connections that are idle or overdue."""
        super().maintenance(now)
        moment = time.monotonic()
        for channel in [*self.active_channels.values()]:
            if channel.is_overdue(moment):
                # ``will_close`` would wait until the other side takes something, and send all then.
                channel.handle_close()

    def make_room(self) -> None:
        """Let a tenth of the connections go, of those that have waited longest.

        Those with an answer under way stay. Without this, whoever opens enough connections keeps
        everybody else out until each of them is overdue.
        """
        channels = self.active_channels.values()
        waiting = [one for one in channels if not one.requests and not one.total_outbufs_len]
        waiting.sort(key=lambda one: (one.request is not None, one.creation_time))
        for channel in waiting[: CONNECTIONS // 10]:
            channel.will_close = True

    def stop_listening(self) -> None:
        """Take the connections that are already made, and no further ones; the open ones go on.

        The kernel makes connections before they are accepted, and resets those that are not when
        the socket closes. Their requests may have arrived.
        """
        self.is_stopping = True
        waiting = select.poll()
        waiting.register(self.socket, select.POLLIN)
        for _connection in range(BACKLOG):
            if not waiting.poll(0):
                break
            self.handle_accept()
        self.accepting = False
        wasyncore.dispatcher.del_channel(self)
        self.socket.close()


class BufferingWorker(Worker):
    """A worker process of gunicorn whose loop is waitress's."""

    server: TimedServer | None = None

    def run(self) -> None:
        """Serve until told to stop or until gunicorn is gone, then finish what was begun."""
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(self.cfg.threads)
        listener: socket.socket = self.sockets[0].sock
        about = (listener.family, listener.type, listener.proto, listener.getsockname())
        adjustments = Adjustments(sockets=[listener], **connections())
        server = self.server = TimedServer(
            self.wsgi,
            {},
            True,
            listener,
            dispatcher=dispatcher,
            adj=adjustments,
            bind_socket=False,
            sockinfo=about,
        )
        while self.alive and self.ppid == os.getppid():
            self._turn(server)
        self._finish(server)

    def _turn(self, server: TimedServer) -> None:
        self.notify()
        wasyncore.loop(timeout=TURN_SECONDS, use_poll=True, map=server._map, count=1)

    def _finish(self, server: TimedServer) -> None:
        stopped = time.monotonic()
        server.stop_listening()
        while server.active_channels and time.monotonic() < stopped + FINISH_SECONDS:
            has_lingered = time.monotonic() > stopped + LINGER_SECONDS
            for channel in list(server.active_channels.values()):
                if has_lingered and channel.is_idle:
                    channel.will_close = True
            server.maintenance(time.time())
            self._turn(server)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at the next turn, which is now."""
        super().handle_exit(sig, frame)
        if self.server is not None:
            self.server.pull_trigger()


class PassedOn(Logger):
    """gunicorn's own reports, written where all others are."""

    def setup(self, _cfg: Any) -> None:
        """Add no handlers."""
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)


class Host(BaseApplication):
    """gunicorn with settings of our own and nothing read from files or the environment."""

    def __init__(self, program: "WSGIApplication", settings: dict[str, Any]) -> None:
        self._program = program
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Take the settings over."""
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> "WSGIApplication":
        """Return the program, which is made before the workers are."""
        return self._program


def serve(
    program: "WSGIApplication",
    *,
    host: str,
    port: int,
    workers: int,
    threads: int,
    ready: Callable[[str, int], None],
    ended: Callable[[int], None],
) -> None:
    """Serve a program until SIGTERM or SIGINT; ``ready`` hears where, once listening.

    ``ended`` hears the process id of each worker that is gone.

    The program must not hold open connections: each worker is a fork. Port 0 takes a free one.
    SIGTERM lets requests under way finish. Raises Conflict when the address cannot be had.
    """
    _allow_many_files()
    listener = _listen(host, port)
    at, on = listener.getsockname()[:2]
    # Workers share what is there now; the collector would copy it to each by looking at it.
    gc.freeze()
    Host(
        program,
        {
            # gunicorn takes the socket over, and closes this end of it.
            "bind": f"fd://{listener.detach()}",
            "workers": workers,
            "threads": threads,
            "worker_class": BufferingWorker,
            "graceful_timeout": GRACE_SECONDS,
            "logger_class": PassedOn,
            "control_socket_disable": True,
            "when_ready": lambda _server: ready(at, on),
            "child_exit": lambda _server, worker: ended(worker.pid),
        },
    ).run()


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; the workers of a server that was killed leave within a turn."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    until = time.monotonic() + PORT_SECONDS
    while True:
        try:
            return socket.create_server((host, port), family=family, backlog=BACKLOG)
        except (OSError, OverflowError) as error:
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            if not taken or time.monotonic() > until:
                raise Conflict(
                    "Cannot listen on {host}, port {port}: {error}",
                    place="--port",
                    host=host,
                    port=port,
                    error=error,
                ) from error
            time.sleep(0.1)


def _allow_many_files() -> None:
    """Let a worker have all its connections open, where the machine allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS * 2 + 200
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
