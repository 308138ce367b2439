"""Sites served on loopback for the tests of crawling: polite ones and hostile ones; every request is counted."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, dict[str, str], bytes]
Route = Callable[["Handler"], Answer | None]  # None: the route has written its answer itself


@dataclass
class Site:
    """A running site. `routes` maps paths to answers; `fallback` answers the others."""

    base: str = ""
    routes: dict[str, Answer | Route] = field(default_factory=dict)
    fallback: Callable[[str], Answer | None] = lambda path: None
    hits: Counter[str] = field(default_factory=Counter)
    headers: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    asked: list[tuple[float, str]] = field(default_factory=list)  # (when, path) of each request, by one clock
    at_once: int = 0  # requests that are being answered
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def page(self, path: str, body: str, **headers: str) -> None:
        """An HTML page."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.routes[path] = (200, {"Content-Type": "text/html; charset=utf-8"} | named, body.encode())

    def gaps(self) -> list[float]:
        """Seconds from one request to the next, robots.txt left out."""
        times = [when for when, path in self.asked if path != "/robots.txt"]
        return [later - earlier for earlier, later in zip(times, times[1:], strict=False)]

    @property
    def host(self) -> str:
        return self.base.removeprefix("http://")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        with self.site.lock:
            self.site.hits[self.path] += 1
            self.site.headers.setdefault(self.path, []).append(dict(self.headers))
            self.site.asked.append((time.monotonic(), self.path))
            self.site.at_once += 1
            self.site.most_at_once = max(self.site.most_at_once, self.site.at_once)
        try:
            answer = self._find_answer()
        finally:  # before the answer is out: who has it may ask again at once
            with self.site.lock:
                self.site.at_once -= 1
        if answer is None:
            self.close_connection = True
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _find_answer(self):
        """(status, headers, body); None where the route wrote one itself."""
        route = self.site.routes.get(self.path) or self.site.fallback(self.path)
        missing = (404, {"Content-Type": "text/html"}, b"nothing here")
        return route(self) if callable(route) else route or missing

    def log_message(self, *arguments) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address) -> None:
        """A crawler that goes away is no news."""


@contextmanager
def serve(host: str = "127.0.0.1", port: int = 0) -> Iterator[Site]:
    """A site until the block ends."""
    site = Site()
    server = _Server((host, port), type("SiteHandler", (Handler,), {"site": site}))
    site.base = f"http://{host}:{server.server_port}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def article(title: str, body: str, links: Iterator[str] | list[str] = ()) -> str:
    """A page with an article long enough to be found, and links beside it."""
    anchors = "".join(f'<li><a href="{link}">{link}</a></li>' for link in links)
    return (
        f"<html><head><title>{title}</title></head><body><nav><ul>{anchors}</ul></nav><main><article><h1>{title}</h1>"
        f"<p>{body}</p></article></main></body></html>"
    )
