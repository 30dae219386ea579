"""Slow visitors keep nobody from an answer, whatever trickles, and what was begun is finished."""

import contextlib
import fcntl
import json
import multiprocessing
import os
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

from ledger import serving
from ledger.errors import Conflict
from tests.faults.conftest import ROOT
from tests.faults.slow_clients import answer, dripping, get
from tests.faults.small_program import LARGER, run_ours, run_plain
from tests.ports import free_port

CROWD = 150
# What the issue asks of the health page while the crowd is there.
SOON_SECONDS = 2
# Each reader has an answer of several megabytes waiting; forty are twenty for each thread.
KINDS = {"headers": CROWD, "bodies": CROWD, "readers": 40}


# Not forked from pytest: a server must not have its threads, signals and open files.
FRESH = multiprocessing.get_context("spawn")


@contextlib.contextmanager
def running(target: Callable[..., None], *arguments: Any) -> Iterator[tuple[int, Any]]:
    """Run a server in a process group of its own; give its port and its process."""
    mine, its = FRESH.Pipe()
    process = FRESH.Process(target=target, args=(its, *arguments))
    process.start()
    try:
        assert mine.poll(60), "the server does not start"
        yield mine.recv(), process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid or 0, signal.SIGKILL)
        process.join()


def seconds_of(port: int) -> float:
    """How long the slowest of five health pages takes; at most a little more than is allowed."""
    took = []
    for _ in range(5):
        start = time.monotonic()
        found = get(port, "/healthz", seconds=2 * SOON_SECONDS)
        took.append(time.monotonic() - start if found.startswith(b"HTTP/1.1 ") else 99)
        if took[-1] > SOON_SECONDS:
            break
    return max(took)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of our server with its own bounds."""
    with running(run_ours, {}) as (found, _process):
        yield found


@pytest.fixture(scope="module")
def impatient_port() -> Iterator[int]:
    """The port of one that waits a second only, and has 40 places."""
    with running(run_ours, {"PATIENCE_SECONDS": 1, "STILL_SECONDS": 1, "CONNECTIONS": 40}) as (
        found,
        _process,
    ):
        yield found


@pytest.mark.parametrize("kind", KINDS)
def test_pages_answer_while_150_connections_trickle(port: int, kind: str) -> None:
    with dripping(port, KINDS[kind], kind, "/large") as crowd:
        # Making large answers is work like any other; that nobody takes them costs nothing.
        assert get(port, "/healthz", seconds=60).endswith(b"fine")
        assert seconds_of(port) < SOON_SECONDS
        # All of them were there, and none was thrown out to make it so.
        assert crowd.ended == 0


def test_a_server_whose_threads_read_from_visitors_is_stopped_by_them() -> None:
    """The control: the same crowd at gunicorn's own thread worker."""
    with (
        running(run_plain, free_port()) as (port, _process),
        dripping(port, CROWD, "bodies", "/size"),
    ):
        assert seconds_of(port) > SOON_SECONDS


@pytest.mark.parametrize("kind", ["headers", "bodies"])
def test_a_request_that_trickles_is_ended_after_a_time(impatient_port: int, kind: str) -> None:
    with dripping(impatient_port, 10, kind) as crowd:
        until = time.monotonic() + 20
        while crowd.ended < 10 and time.monotonic() < until:
            time.sleep(0.1)
        assert crowd.ended == 10


def test_an_upload_over_a_slow_line_arrives(impatient_port: int) -> None:
    """The control of the one above: as long, but as fast as a telephone."""
    pieces, piece = 8, b"x" * 8 * serving.SLOWEST
    with socket.create_connection(("127.0.0.1", impatient_port), timeout=20) as one:
        one.sendall(b"POST /size HTTP/1.1\r\nHost: a\r\nConnection: close\r\n")
        one.sendall(b"Content-Length: %d\r\n\r\n" % (pieces * len(piece)))
        for _ in range(pieces):
            one.sendall(piece)
            time.sleep(0.25)
        assert one.recv(65536).endswith(str(pieces * len(piece)).encode())


def wait_until_still(one: socket.socket, seconds: float) -> None:
    """Take nothing until nothing more has arrived for a while: the network is full."""
    waiting, since = 0, time.monotonic()
    while waiting == 0 or time.monotonic() < since + seconds:
        held = struct.unpack("i", fcntl.ioctl(one, termios.FIONREAD, bytes(4)))[0]
        if held != waiting:
            waiting, since = held, time.monotonic()
        time.sleep(0.05)


def taken_of_larger(port: int, pause: float) -> int:
    """How much of an answer larger than the network holds comes after a pause in taking it."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
        one.sendall(b"GET /larger HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        wait_until_still(one, pause)
        taken = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := one.recv(1 << 20):
                taken += len(piece)
        return taken


def test_an_answer_nobody_takes_is_ended_after_a_time(impatient_port: int) -> None:
    # What the network had taken before still comes.
    assert taken_of_larger(impatient_port, pause=4) < len(LARGER)


def test_an_answer_taken_after_a_pause_comes_whole(port: int) -> None:
    """The control of the one above."""
    assert taken_of_larger(port, pause=1) > len(LARGER)


def test_when_all_places_are_taken_the_longest_wait_gives_way(impatient_port: int) -> None:
    with dripping(impatient_port, CROWD, "headers"):
        assert get(impatient_port, "/healthz").endswith(b"fine")


def test_large_headers_and_bodies_are_refused_before_the_program_hears_of_them(port: int) -> None:
    long = get(port, "/healthz", "X-Long: " + "a" * serving.MAX_HEADER)
    assert long.split(b" ", 2)[1] == b"431"
    head = b"POST /size HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    assert answer(port, head % (serving.MAX_BODY + 1)).split(b" ", 2)[1] == b"413"
    # Control: the largest that is allowed arrives whole, though no thread waited for it.
    most = serving.MAX_BODY - 1
    assert answer(port, head % most + b"x" * most).endswith(str(most).encode())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"400", id="two lengths"),
        pytest.param(b"Content-Length: +5\r\n", b"400", id="a sign before the length"),
        pytest.param(b"Content-Length: 5 5\r\n", b"400", id="a length of two"),
        pytest.param(b"Transfer-Encoding: xchunked\r\n", b"501", id="an unknown coding"),
        pytest.param(b"Transfer-Encoding: chunked, gzip\r\n", b"501", id="chunks inside"),
        pytest.param(b"Content-Length : 5\r\n", b"400", id="a space before the colon"),
        pytest.param(b"X: a\r\n b: c\r\nContent-Length: x\r\n", b"400", id="no number"),
    ],
)
def test_where_a_message_ends_is_never_guessed(port: int, headers: bytes, status: bytes) -> None:
    """A proxy that guesses otherwise would take the rest for the request of another visitor."""
    start = b"POST /size HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    assert answer(port, start + headers + b"\r\nhello").split(b" ", 2)[1] == status


def test_chunks_say_where_a_message_ends_though_a_length_stands_beside(port: int) -> None:
    head = b"POST /size HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 50\r\n"
    body = b"3\r\nabc\r\n0\r\n\r\n"
    found = answer(port, head + b"Transfer-Encoding: chunked\r\n\r\n" + body, seconds=5)
    assert found.startswith(b"HTTP/1.1 200 ")
    assert found.endswith(b"\r\n\r\n3")


def test_sigterm_finishes_what_was_begun_and_takes_nothing_new() -> None:
    with running(run_ours, {}) as (port, process):
        with (
            socket.create_connection(("127.0.0.1", port), timeout=20) as late,
            socket.create_connection(("127.0.0.1", port), timeout=20) as idle,
        ):
            late.sendall(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.5)
            process.terminate()
            # A connection that asks for nothing is closed soon; the answer under way comes.
            assert idle.recv(10) == b""
            with late.makefile("rb") as whole:
                assert whole.read().endswith(b"fine")
        process.join(20)
        assert process.exitcode == 0
        with pytest.raises(ConnectionRefusedError):
            get(port, "/healthz")


def test_a_request_on_an_open_connection_is_answered_after_sigterm() -> None:
    with running(run_ours, {"LINGER_SECONDS": 15}) as (port, process):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as kept:
            process.terminate()
            wait_until_refused(port)
            kept.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            with kept.makefile("rb") as whole:
                found = whole.read()
        assert found.endswith(b"fine")
        assert b"\r\nConnection: close\r\n" in found
        process.join(20)
        assert process.exitcode == 0


def wait_until_refused(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=20).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.05)
    raise AssertionError("the server still listens")


def test_connections_already_made_are_taken_before_the_socket_closes() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=20)
    about = (listener.family, listener.type, listener.proto, listener.getsockname())
    server = serving.TimedServer(
        None,
        {},
        True,
        listener,
        dispatcher=ThreadedTaskDispatcher(),
        adj=Adjustments(sockets=[listener], **serving.connections()),
        bind_socket=False,
        sockinfo=about,
    )
    with contextlib.ExitStack() as stack:
        for _visitor in range(9):
            stack.enter_context(socket.create_connection(listener.getsockname()))
        server.stop_listening()
        assert len(server.active_channels) == 9
        for channel in list(server.active_channels.values()):
            channel.handle_close()
    server.trigger.close()


def test_workers_of_a_server_that_was_killed_leave_its_port() -> None:
    with running(run_ours, {}) as (port, process):
        process.kill()
        process.join()
        # What a supervisor does: the same port again at once.
        serving._listen("127.0.0.1", port).close()


def test_a_port_that_is_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "PORT_SECONDS", 0)
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(Conflict, match=r"Cannot listen on 127\.0\.0\.1, port") as refusal,
    ):
        serving._listen("127.0.0.1", taken.getsockname()[1])
    assert refusal.value.place == "--port"


def test_poolbook_serve_says_where_it_is_and_answers_a_crowd(
    database_url: str, tmp_path: Path
) -> None:
    environ = {
        **os.environ,
        "POOLBOOK_DATABASE_URL": database_url,
        "POOLBOOK_DATA": str(tmp_path),
        "POOLBOOK_LOG_FORMAT": "json",
    }
    command = [sys.executable, "-c", "from wsgi import main; main()", "serve", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True, process_group=0
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline().strip()
        assert line.startswith("Serving on http://127.0.0.1:"), line
        port = int(line.rsplit(":", 1)[1])
        for kind in ("headers", "bodies"):
            with dripping(port, CROWD, kind):
                assert seconds_of(port) < SOON_SECONDS, kind
        process.terminate()
        assert process.wait(30) == 0
        started, *others = [json.loads(written) for written in process.stderr]
        assert (started["message"], started["process"]) == ("started", "serve")
        assert {"request"} <= {written["message"] for written in others}
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
