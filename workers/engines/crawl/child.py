"""The fetching process: `python -m workers.engines.crawl.child`. Reads frames from its input, answers on its output.

It ends with its parent: when the input closes, it is gone at once, whatever the reactor is doing.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import threading
from typing import Any, BinaryIO

from lifecycle.contracts.addresses import AddressRule
from lifecycle.contracts.crawl import CrawlSpec
from workers.engines.crawl.frames import read_frame, write_frame

FLUSH_SECONDS = 0.05
FLUSH_COUNT = 32
FLUSH_BYTES = 4_000_000
BEAT_SECONDS = 2.0
MEMORY_BYTES = 6 << 30  # of address space: a page that makes a parser run wild ends this process, not the machine


class Wire:
    """Sends outcomes in small batches, and a sign of life while there are none."""

    def __init__(self, stream: BinaryIO, reactor: Any):
        self._stream = stream
        self._reactor = reactor
        self._waiting: list[dict[str, Any]] = []
        self._blobs: list[bytes] = []
        self._flush_call: Any = None

    def tell(self, read: tuple[dict[str, Any], list[bytes]]) -> None:
        outcome, blobs = read
        self._waiting.append(outcome | {"blob_count": len(blobs)})
        self._blobs += blobs
        if len(self._waiting) >= FLUSH_COUNT or sum(map(len, self._blobs)) >= FLUSH_BYTES:
            self.flush()
        elif self._flush_call is None:
            self._flush_call = self._reactor.callLater(FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        if self._flush_call is not None and self._flush_call.active():
            self._flush_call.cancel()
        self._flush_call = None
        if self._waiting:
            write_frame(self._stream, {"outcomes": self._waiting}, self._blobs)
            self._waiting, self._blobs = [], []

    def beat(self) -> None:
        write_frame(self._stream, {"beat": 1})
        self._reactor.callLater(BEAT_SECONDS, self.beat)


def main() -> None:
    """Read the spec, then fetch what comes until the input ends."""
    wire_in, wire_out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not reach the wire
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    if sys.platform == "linux":  # elsewhere the limit is not there, or not kept
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.RLIM_INFINITY))
    first = read_frame(wire_in)
    if first is not None:
        _crawl(CrawlSpec.from_json(first[0]["spec"]), wire_in, wire_out)


def _crawl(spec: CrawlSpec, wire_in: BinaryIO, wire_out: BinaryIO) -> None:
    from scrapy import signals
    from scrapy.crawler import CrawlerProcess

    from workers.engines.crawl.guard import guard_reactor
    from workers.engines.crawl.spider import FrontierSpider, build_settings

    process = CrawlerProcess(build_settings(spec), install_root_handler=False)
    crawler = process.create_crawler(FrontierSpider)
    holder: dict[str, Wire] = {}
    process.crawl(crawler, spec=spec, tell=lambda read: holder["wire"].tell(read))
    from twisted.internet import reactor

    guard_reactor(reactor, AddressRule.parse(spec.private_addresses))
    holder["wire"] = Wire(wire_out, reactor)
    reactor.callWhenRunning(holder["wire"].beat)
    listener = threading.Thread(target=_listen, args=(wire_in, reactor, crawler), daemon=True)
    crawler.signals.connect(listener.start, signals.spider_opened, weak=False)
    process.start(install_signal_handlers=False)


def _listen(wire_in: BinaryIO, reactor: Any, crawler: Any) -> None:
    while (frame := read_frame(wire_in)) is not None:
        reactor.callFromThread(crawler.spider.feed, frame[0]["targets"])
    os._exit(0)  # the parent is gone, or has what it wanted


if __name__ == "__main__":
    main()
