"""The web application as it is, saying in Server-Timing how long each answer took it: on cores that both share, its
client waits longer than that."""

from __future__ import annotations

import time
from collections.abc import Iterable

from webapp.wsgi import application as served


def application(environ, start_response) -> Iterable[bytes]:
    start = time.perf_counter()

    def begin(status, headers, exc_info=None):
        spent = 1000 * (time.perf_counter() - start)
        return start_response(status, [*headers, ("Server-Timing", f"total;dur={spent:.2f}")], exc_info)

    return served(environ, begin)
