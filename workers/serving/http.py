"""HTTP/1.1 over asyncio: httptools parses, this file bounds, orders and answers; it knows no routes.

Why not an ASGI server: docs/decisions/010-http-of-the-inference-server.md.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus

import httptools

from workers.serving.problems import Problem

MAX_BODY_BYTES = 32 * 2**20
MAX_BUFFERED_BYTES = 256 * 2**20  # of all bodies that a process holds at a time
MAX_HEADER_BYTES = 32 * 2**10
MAX_PIPELINED = 32
MAX_CONNECTIONS = 4096
IDLE_SECONDS = 75.0
STALLED_SECONDS = 20.0
LINGER_SECONDS = 1.0

JSON = b"application/json"
PROBLEM = b"application/problem+json"
_STATUS_LINES = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\ncontent-type: ".encode() for s in HTTPStatus}


class Request:
    """One request, complete; answered once through `respond`."""

    __slots__ = ("method", "path", "query", "headers", "body", "started", "keep_alive", "connection")

    def __init__(self, connection: Connection, method: bytes, url: bytes, headers: dict[bytes, bytes], body: bytes):
        self.connection = connection
        self.method = method
        self.path, _, self.query = url.partition(b"?")
        self.headers = headers
        self.body = body
        self.started = time.perf_counter()
        self.keep_alive = True

    def respond(self, status: int, body: bytes, kind: bytes = JSON, extra: bytes = b"") -> None:
        """`extra` is complete header lines, each with its line end."""
        self.connection.send(self, status, body, kind, extra)

    def refuse(self, problem: Problem, request_id: str = "") -> None:
        extra = b"".join(f"{name}: {value}\r\n".encode("latin-1", "replace") for name, value in problem.headers)
        self.respond(problem.status, problem.render(request_id), PROBLEM, extra)


class Server:
    """What the connections of one process share. `handle` is called with each complete request."""

    def __init__(self, handle: Callable[[Request], None]):
        self.handle = handle
        self.connections: set[Connection] = set()
        self.buffered_bytes = 0
        self.is_draining = False

    def build_connection(self) -> Connection:
        return Connection(self)

    def sweep(self) -> None:
        """Close connections that say nothing; called every second or so."""
        now = time.monotonic()
        for connection in list(self.connections):
            connection.close_if_silent(now)

    def drain(self) -> None:
        """From now on every answer is the last of its connection, and silent ones are closed."""
        self.is_draining = True
        for connection in list(self.connections):
            connection.close_if_idle()


class Connection(asyncio.Protocol):
    """One client. Requests are answered in their order, one at a time, also when they came pipelined."""

    def __init__(self, server: Server):
        self.server = server
        self.transport: asyncio.Transport
        self.parser = httptools.HttpRequestParser(self)
        self.waiting: deque[Request] = deque()
        self.current: Request | None = None
        self.last_heard = time.monotonic()
        self.is_reading_request = False
        self.is_discarding = False
        self._begin()

    def _begin(self) -> None:
        self.url = b""
        self.headers: dict[bytes, bytes] = {}
        self.header_bytes = 0
        self.body: bytes | bytearray = b""

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.server.connections.add(self)
        if len(self.server.connections) > MAX_CONNECTIONS or self.server.is_draining:
            self._refuse(Problem(503, "The server has too many connections.", (("retry-after", "1"),)))

    def connection_lost(self, error: Exception | None) -> None:
        self.server.connections.discard(self)
        self.server.buffered_bytes -= len(self.body) + sum(len(r.body) for r in self.waiting)
        if self.current is not None:
            self.server.buffered_bytes -= len(self.current.body)
        self.body = b""
        self.waiting.clear()
        self.current = None
        self.is_discarding = True

    def data_received(self, chunk: bytes) -> None:
        if self.is_discarding:
            return
        self.last_heard = time.monotonic()
        try:
            self.parser.feed_data(chunk)
        except httptools.HttpParserUpgrade:
            self._refuse(Problem(400, "This server speaks plain HTTP/1.1: no upgrade."))
        except httptools.HttpParserError:
            if not self.is_discarding:
                self._refuse(Problem(400, "This is not a valid HTTP/1.1 request."))

    def pause_writing(self) -> None:
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        if len(self.waiting) < MAX_PIPELINED and not self.transport.is_closing():
            self.transport.resume_reading()

    # httptools calls these

    def on_message_begin(self) -> None:
        self.is_reading_request = True
        self._begin()

    def on_url(self, url: bytes) -> None:
        self.url += url
        self._count_header(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value
        self._count_header(len(name) + len(value))

    def _count_header(self, length: int) -> None:
        self.header_bytes += length
        if self.header_bytes > MAX_HEADER_BYTES:
            self._refuse(Problem(431, f"The headers are larger than {MAX_HEADER_BYTES // 1024} KB."))

    def on_headers_complete(self) -> None:
        announced = self.headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
            self._refuse(Problem(413, f"A request may be {MAX_BODY_BYTES // 2**20} MB at most."))
        elif self.headers.get(b"expect", b"").lower() == b"100-continue" and not self.is_discarding:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, chunk: bytes) -> None:
        if self.is_discarding:
            return
        if not self.body:
            self.body = chunk
        else:
            if isinstance(self.body, bytes):
                self.body = bytearray(self.body)
            self.body += chunk
        self.server.buffered_bytes += len(chunk)
        if len(self.body) > MAX_BODY_BYTES:
            self._refuse(Problem(413, f"A request may be {MAX_BODY_BYTES // 2**20} MB at most."))
        elif self.server.buffered_bytes > MAX_BUFFERED_BYTES:
            self._refuse(Problem(503, "Too many large requests at once.", (("retry-after", "1"),)))

    def on_message_complete(self) -> None:
        self.is_reading_request = False
        if self.is_discarding:
            return
        body = self.body if isinstance(self.body, bytes) else bytes(self.body)
        request = Request(self, self.parser.get_method(), self.url, self.headers, body)
        request.keep_alive = self.parser.should_keep_alive()
        self.body = b""
        if self.current is None:
            self.current = request
            self.server.handle(request)
        else:
            self.waiting.append(request)
            if len(self.waiting) >= MAX_PIPELINED:
                self.transport.pause_reading()

    # answers

    def send(self, request: Request, status: int, body: bytes, kind: bytes, extra: bytes) -> None:
        """Answer the current request; one whose client has gone is forgotten."""
        if request is not self.current:
            return
        keep = request.keep_alive and not self.server.is_draining
        head = b"%b%b\r\n%bcontent-length: %d\r\n%b\r\n" % (
            _STATUS_LINES[status],
            kind,
            extra,
            len(body),
            b"" if keep else b"connection: close\r\n",
        )
        self.transport.write(head if request.method == b"HEAD" else head + body)
        self.server.buffered_bytes -= len(request.body)
        self.current = None
        if not keep:
            self.is_discarding = True
            self.transport.close()
        elif self.waiting:
            self._start_next()

    def _start_next(self) -> None:
        self.current = self.waiting.popleft()
        if len(self.waiting) == MAX_PIPELINED - 1:
            self.transport.resume_reading()
        asyncio.get_running_loop().call_soon(self._handle_current)

    def _handle_current(self) -> None:
        if self.current is not None:
            self.current.started = time.perf_counter()
            self.server.handle(self.current)

    def _refuse(self, problem: Problem) -> None:
        """Answer without a complete request, then listen no more."""
        if self.is_discarding:
            return
        body = problem.render()
        extra = b"".join(f"{name}: {value}\r\n".encode() for name, value in problem.headers)
        line = _STATUS_LINES[problem.status]
        head = b"%b%b\r\n%bcontent-length: %d\r\nconnection: close\r\n\r\n" % (line, PROBLEM, extra, len(body))
        if self.current is None:  # else the answer before it is still owed: closing says enough
            self.transport.write(head + body)
        self._linger()

    def _linger(self) -> None:
        """Read on for a moment without looking: closing on unread bytes would reset the answer away."""
        self.is_discarding = True
        if self.current is None and self.transport.can_write_eof():
            self.transport.write_eof()
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self.transport.close)

    def close_if_idle(self) -> None:
        if self.current is None and not self.waiting and not self.is_reading_request:
            self.transport.close()

    def close_if_silent(self, now: float) -> None:
        """End idle connections, and requests that have stopped arriving."""
        silent = now - self.last_heard
        if self.is_reading_request and not self.is_discarding and silent > STALLED_SECONDS:
            self._refuse(Problem(408, f"Nothing more of the request arrived for {STALLED_SECONDS:.0f} seconds."))
        elif silent > IDLE_SECONDS:
            self.close_if_idle()
