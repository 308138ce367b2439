"""A wire between a browser and a server that can be cut: connections that are open end, and new ones are refused."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PIECE = 1 << 16


class Wire:
    """Bytes go to and fro between `url` and the server's port while it is whole."""

    def __init__(self, port: int):
        self._server = ("127.0.0.1", port)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        return f"http://localhost:{self._port}"  # the host that the live server's cookies are for

    def mend(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._port))
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def cut(self) -> None:
        for end in [self._listener, *self._open]:
            with contextlib.suppress(OSError):  # ended already
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # cut
            while True:
                near = listener.accept()[0]
                far = socket.create_connection(self._server)
                self._open |= {near, far}
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=[source, target], daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):  # cut, or one end hung up
            while piece := source.recv(PIECE):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


@contextmanager
def lay_wire(port: int) -> Iterator[Wire]:
    wire = Wire(port)
    wire.mend()
    yield wire
    wire.cut()
