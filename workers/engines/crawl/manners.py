"""Politeness beyond Scrapy's own: what RFC 9309 adds to robots.txt, and pauses that hold whatever the speed."""

from __future__ import annotations

import time
from typing import Any, cast
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response

from workers.engines.crawl.errors import RETRY_STATUSES, RobotsUnknown, parse_retry_after

LONGEST_DELAY_SECONDS = 60.0


class Throttle(AutoThrottle):
    """Scrapy's, which goes as fast as a host answers, but never faster than its robots.txt asks."""

    def _adjust_delay(self, slot: Any, latency: float, response: Response) -> None:
        super()._adjust_delay(slot, latency, response)
        delays = cast("Any", self.crawler.spider).crawl_delays
        asked = delays.get(urlsplit(response.url).hostname or "", 0.0)
        slot.delay = max(slot.delay, asked)


class RobotsMiddleware(RobotsTxtMiddleware):
    """Scrapy's, with what RFC 9309 adds: without an answer, or with an error of the server, stay away for now; and
    Crawl-delay is kept."""

    def __init__(self, crawler: Any):
        super().__init__(crawler)
        # host -> why its robots.txt is not known, and until when that counts
        self.unknown: dict[str, tuple[RobotsUnknown, float]] = {}
        self.retry_seconds = crawler.settings.getfloat("GRISTMILL_RETRY_SECONDS")

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        status = response.status
        if status >= 500 or status in RETRY_STATUSES or 300 <= status < 400:
            after = (response.headers.get("Retry-After") or b"").decode("latin-1")
            said = f"robots.txt of {netloc} answered with HTTP {status}."
            self._note(netloc, RobotsUnknown(said, retry_after=after))
        if status >= 300:
            response = response.replace(body=b"")
        await super()._parse_robots(response, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        self._note(netloc, RobotsUnknown(f"robots.txt of {netloc} cannot be had.", cause=exc))
        super()._robots_error(exc, netloc)

    def _note(self, netloc: str, unknown: RobotsUnknown) -> None:
        pause = max(parse_retry_after(unknown.retry_after) or 0.0, self.retry_seconds)
        self.unknown[netloc] = (unknown, time.monotonic() + 0.9 * pause)

    async def process_request(self, request: Request, spider: Spider | None = None) -> None:
        if request.meta.get("dont_obey_robotstxt"):
            return
        parts = urlsplit(request.url)
        if parts.netloc in self.unknown and time.monotonic() > self.unknown[parts.netloc][1]:
            del self.unknown[parts.netloc], self._parsers[parts.netloc]  # asked again
        parser = await self.robot_parser(request)
        if parts.netloc in self.unknown:
            raise self.unknown[parts.netloc][0]
        self.process_request_2(parser, request)
        delay = min(_find_crawl_delay(parser, self._default_useragent), LONGEST_DELAY_SECONDS)
        slot = self.crawler.engine.downloader.slots.get(parts.hostname or "")
        if delay:
            cast("Any", self.crawler.spider).crawl_delays[parts.hostname or ""] = delay
        if delay and slot and slot.delay < delay:
            slot.delay = delay


def _find_crawl_delay(parser: Any, agent: str) -> float:
    found = getattr(parser, "rp", None)
    return float((found.crawl_delay(agent) if found and hasattr(found, "crawl_delay") else 0) or 0)
