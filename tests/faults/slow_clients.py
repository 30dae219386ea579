"""Visitors who open many connections and let requests or answers trickle."""

import contextlib
import socket
import threading
from collections.abc import Iterator

BUFFER_BYTES = 2048
DRIP_SECONDS = 0.2
HEADERS = b"GET /healthz HTTP/1.1\r\nHost: slow.example\r\n"
BODY = (
    b"POST /sign-in HTTP/1.1\r\nHost: slow.example\r\nContent-Length: 100000\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nemail="
)


class Crowd:
    """Open connections that never come to an end by themselves."""

    def __init__(self, port: int, number: int, kind: str, path: str = "/") -> None:
        start = {
            "headers": HEADERS,
            "bodies": BODY,
            "readers": b"GET %s HTTP/1.1\r\nHost: slow.example\r\n\r\n" % path.encode(),
        }[kind]
        self.drop = {"headers": b"X-A: b\r\n", "bodies": b"a", "readers": b""}[kind]
        self.ended = 0
        self.sockets: list[socket.socket] = []
        for _ in range(number):
            one = socket.socket()
            if kind == "readers":
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            one.settimeout(20)
            one.connect(("127.0.0.1", port))
            one.sendall(start)
            one.setblocking(False)
            self.sockets.append(one)

    def drip(self) -> None:
        """Send one more drop on each connection, or take a few bytes; count those that ended."""
        self.ended = sum(not self._alive(one) for one in self.sockets)

    def _alive(self, one: socket.socket) -> bool:
        try:
            if self.drop:
                one.send(self.drop)
                return one.recv(1, socket.MSG_PEEK) != b""
            return one.recv(16) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def close(self) -> None:
        for one in self.sockets:
            one.close()


@contextlib.contextmanager
def dripping(port: int, number: int, kind: str, path: str = "/") -> Iterator[Crowd]:
    """Keep a crowd dripping while the block runs."""
    crowd, over = Crowd(port, number, kind, path), threading.Event()

    def go_on() -> None:
        while not over.wait(DRIP_SECONDS):
            crowd.drip()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield crowd
    finally:
        over.set()
        thread.join()
        crowd.close()


def answer(port: int, request: bytes, *, seconds: float = 20) -> bytes:
    """Send bytes and return all that comes until the other side closes or ``seconds`` are over."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as one:
        with contextlib.suppress(OSError):
            one.sendall(request)
        found = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while piece := one.recv(65536):
                found += piece
        return found


def get(port: int, path: str, *headers: str, seconds: float = 20) -> bytes:
    """Ask for a page on a connection of its own."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers, "", ""]
    return answer(port, "\r\n".join(lines).encode(), seconds=seconds)
