"""The Scrapy side: addresses from the frontier in, outcomes out. Fetching, politeness and cookies are Scrapy's."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

from scrapy import Request, Spider, signals
from scrapy.core.scheduler import BaseScheduler
from scrapy.exceptions import DontCloseSpider
from scrapy.http import Response

from lifecycle.contracts.crawl import CrawlSpec, Target
from workers.engines.crawl.addresses import find_origin, is_trusted
from workers.engines.crawl.errors import BUSY_STATUSES, RobotsUnknown, classify_failure, find_wait
from workers.engines.crawl.reader import Read, Reader

OFF = dict.fromkeys(
    (
        "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware",
        "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware",
        "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware",
        "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware",
        "scrapy.downloadermiddlewares.retry.RetryMiddleware",
        "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware",
        "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware",
        "scrapy.downloadermiddlewares.stats.DownloaderStats",
    )
)
ACCEPT = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def build_settings(spec: CrawlSpec) -> dict[str, Any]:
    """Scrapy's settings for a crawl. The frontier is ours, so are retries, redirects and scope."""
    middlewares: dict[str, int | None] = {**OFF}
    if spec.obeys_robots:
        middlewares["workers.engines.crawl.manners.RobotsMiddleware"] = 100
    return {
        "SCHEDULER": "workers.engines.crawl.spider.HostScheduler",
        "DOWNLOADER_MIDDLEWARES": middlewares,
        "SPIDER_MIDDLEWARES": _list_spider_middlewares(),
        "EXTENSIONS": dict.fromkeys(_EXTENSIONS) | ({_THROTTLE: 0} if spec.is_adaptive else {}),
        "DOWNLOAD_HANDLERS": dict.fromkeys(("data", "file", "s3", "ftp")),
        "DNS_RESOLVER": "scrapy.resolver.CachingHostnameResolver",
        "USER_AGENT": spec.user_agent,
        "ROBOTSTXT_OBEY": spec.obeys_robots,
        "CONCURRENT_REQUESTS": spec.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": spec.concurrency_per_host,
        "DOWNLOAD_DELAY_JITTER": 0,  # a pause that was asked for is kept, not kept on average
        "DOWNLOAD_DELAY": 1 / spec.requests_per_second if spec.requests_per_second else 0,
        "AUTOTHROTTLE_ENABLED": spec.is_adaptive,
        "AUTOTHROTTLE_START_DELAY": 0.25,
        "AUTOTHROTTLE_MAX_DELAY": 60,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(spec.concurrency_per_host),
        "DOWNLOAD_TIMEOUT": spec.timeout_seconds,
        "DOWNLOAD_MAXSIZE": spec.max_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "REDIRECT_MAX_TIMES": 5,  # of robots.txt only: our own requests carry dont_redirect
        "GRISTMILL_RETRY_SECONDS": spec.retry_seconds,
        "LOG_LEVEL": "ERROR",
        "TELNETCONSOLE_ENABLED": False,
    }


_EXTENSIONS = (
    "scrapy.extensions.corestats.CoreStats",
    "scrapy.extensions.logcount.LogCount",
    "scrapy.extensions.memusage.MemoryUsage",
    "scrapy.extensions.logstats.LogStats",
    "scrapy.extensions.throttle.AutoThrottle",
)
_THROTTLE = "workers.engines.crawl.manners.Throttle"


def _list_spider_middlewares() -> dict[str, None]:
    folder = "scrapy.spidermiddlewares."
    names = ("httperror.HttpErrorMiddleware", "referer.RefererMiddleware", "urllength.UrlLengthMiddleware",
             "depth.DepthMiddleware")  # fmt: skip
    return {folder + name: None for name in names}


class HostScheduler(BaseScheduler):
    """Addresses that wait for their host's turn: hosts take turns, none takes more places than it may use."""

    def __init__(self, crawler: Any):
        self._crawler = crawler
        self._limit = crawler.settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN")
        self._waiting: OrderedDict[str, deque[Request]] = OrderedDict()
        self._open: dict[str, int] = {}

    @classmethod
    def from_crawler(cls, crawler: Any) -> HostScheduler:
        return cls(crawler)

    def has_pending_requests(self) -> bool:
        return bool(self._waiting)

    def enqueue_request(self, request: Request) -> bool:
        self._waiting.setdefault(request.meta["host"], deque()).append(request)
        return True

    def next_request(self) -> Request | None:
        for host in list(self._waiting):
            if self._open.get(host, 0) >= self._limit:
                continue
            queue = self._waiting[host]
            request = queue.popleft()
            if queue:
                self._waiting.move_to_end(host)
            else:
                del self._waiting[host]
            self._open[host] = self._open.get(host, 0) + 1
            return request
        return None

    def release(self, host: str) -> None:
        """A request of the host is through."""
        self._open[host] -= 1
        if not self._open[host]:
            del self._open[host]

    def withdraw(self, host: str) -> list[Request]:
        """Take back what waits for a host."""
        return list(self._waiting.pop(host, ()))


class FrontierSpider(Spider):
    """Fetches what it is fed and says what came of it."""

    name = "gristmill"

    def __init__(self, spec: CrawlSpec, tell: Callable[[Read], None], **options: Any):
        super().__init__(**options)
        self.spec = spec
        self.tell = tell
        self.reader = Reader(spec)
        self.is_over = False
        self._put_off_until: dict[str, float] = {}
        self.crawl_delays: dict[str, float] = {}  # host -> seconds, as its robots.txt has them

    @classmethod
    def from_crawler(cls, crawler: Any, *arguments: Any, **options: Any) -> FrontierSpider:
        spider = super().from_crawler(crawler, *arguments, **options)
        crawler.signals.connect(spider.stay_open, signals.spider_idle)
        return spider

    async def start(self):
        """Nothing by itself: `feed` brings the addresses."""
        nothing: tuple[Request, ...] = ()
        for request in nothing:
            yield request

    def stay_open(self) -> None:
        if not self.is_over:
            raise DontCloseSpider

    def feed(self, targets: list[dict[str, Any]]) -> None:
        """Fetch these; their outcomes come through `tell`, in any order."""
        for raw in targets:
            target = Target(**raw)
            wait = self._put_off_until.get(urlsplit(target.url).netloc.lower(), 0.0) - time.monotonic()
            if wait > 0:  # it was on its way here when the host asked for a pause
                self._return_untried(target, wait)
            else:
                self.crawler.engine.crawl(self._build_request(target))

    def _build_request(self, target: Target) -> Request:
        host = urlsplit(target.url).netloc.lower()
        headers = {b"Accept": ACCEPT}
        if target.etag:
            headers[b"If-None-Match"] = target.etag.encode("latin-1", "ignore")
        if target.last_modified:
            headers[b"If-Modified-Since"] = target.last_modified.encode("latin-1", "ignore")
        cookies: dict[Any, Any] = {}
        if is_trusted(target.url, self.reader.rules.start_origins):  # secrets go where they belong, and nowhere else
            headers |= {name.encode(): value.encode() for name, value in self.spec.headers}
            cookies = dict(self.spec.cookies)
        return Request(
            target.url,
            callback=self.parse,
            errback=self.fail,
            headers=headers,
            cookies=cookies,
            dont_filter=True,
            meta={
                "target": target,
                "host": host,
                "dont_redirect": True,
                "handle_httpstatus_all": True,
                "cookiejar": find_origin(target.url),  # what a site sets over HTTPS is not sent without
            },
        )

    def parse(self, response: Response) -> None:
        request = cast("Request", response.request)
        target = request.meta["target"]
        self._release(request)
        outcome, blobs = self.reader.read(response, target)
        self.tell((outcome, blobs))
        if response.status in BUSY_STATUSES:
            self._put_off(request.meta["host"], outcome["wait_seconds"])

    def fail(self, failure: Any) -> None:
        request = failure.request
        self._release(request)
        target = request.meta["target"]
        trouble = classify_failure(failure.value, self.spec)
        asked = failure.value.retry_after if isinstance(failure.value, RobotsUnknown) else ""
        wait = find_wait(self.spec, target.attempts, asked) if trouble.state == "again" else 0.0
        self.tell((_describe_trouble(target, trouble.state, trouble.kind, trouble.sentence, wait), []))
        if trouble.kind == "robots.txt unknown":
            self._put_off(request.meta["host"], wait)

    def _put_off(self, host: str, seconds: float) -> None:
        """The host gets a pause: what waits for it goes back to the frontier, untried."""
        self._put_off_until[host] = time.monotonic() + seconds
        for request in self.scheduler.withdraw(host):
            self._return_untried(request.meta["target"], seconds)

    def _return_untried(self, target: Target, seconds: float) -> None:
        outcome = _describe_trouble(target, "again", "host busy", "The host gets a pause.", seconds)
        self.tell((outcome | {"counts_as_attempt": False}, []))

    def _release(self, request: Request) -> None:
        self.scheduler.release(request.meta["host"])

    @property
    def scheduler(self) -> HostScheduler:
        return cast("HostScheduler", self.crawler.engine.scheduler)


def _describe_trouble(target: Target, state: str, kind: str, said: str, wait: float) -> dict[str, Any]:
    return {
        "id": target.id,
        "role": target.role,
        "state": state,
        "error_kind": kind,
        "error": said,
        "wait_seconds": wait,
    }
