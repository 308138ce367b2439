"""What went wrong with an address, as a kind to count, a sentence to read, and whether to try again."""

from __future__ import annotations

import gzip
import time
import zlib
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)

from lifecycle.contracts.crawl import FORBIDDEN, CrawlSpec
from workers.engines.crawl.guard import find_refusal

RETRY_STATUSES = frozenset((408, 429, 500, 502, 503, 504, 520, 522, 524))
BUSY_STATUSES = frozenset((429, 503))  # the host as a whole wants a pause
STAY_AWAY = "Nothing of the host is fetched without it."
LONGEST_WAIT_SECONDS = 3_600.0


class Trouble(NamedTuple):
    state: str  # failed | skipped | again
    kind: str
    sentence: str


class RobotsUnknown(IgnoreRequest):
    """robots.txt cannot be had, so nobody knows what it forbids: RFC 9309 asks to stay away for now."""

    def __init__(self, sentence: str, *, cause: BaseException | None = None, retry_after: str = ""):
        super().__init__(sentence)
        self.cause, self.retry_after = cause, retry_after


def classify_failure(error: BaseException, spec: CrawlSpec) -> Trouble:
    """For what the downloader raised."""
    if refusal := find_refusal(error):
        return Trouble("failed", "private address", f"It leads to {refusal.address}, a private address: not allowed.")
    if isinstance(error, IgnoreRequest):
        return _classify_ignored(error, spec)
    if isinstance(error, DownloadCancelledError):
        return find_too_large(spec)
    if isinstance(error, EOFError | zlib.error | gzip.BadGzipFile) or type(error).__module__ in _PACKERS:
        return Trouble("again", "damaged", "The answer says that it is compressed, and cannot be unpacked.")
    for kind, name, sentence in (
        (DownloadTimeoutError, "timeout", f"It took longer than {spec.timeout_seconds:g} s."),
        (CannotResolveHostError, "no such host", "The host's name has no address."),
        (DownloadConnectionRefusedError, "refused", "The host refused the connection."),
        (ResponseDataLossError, "cut off", "The answer broke off before its end."),
        (DownloadFailedError, "connection", ""),
    ):
        if isinstance(error, kind):
            return _describe_connection(error) if name == "connection" else Trouble("again", name, sentence)
    if isinstance(error, UnsupportedURLSchemeError):
        return Trouble("failed", "not http", "Only http and https are fetched.")
    return Trouble("failed", "crawler", f"{type(error).__name__}: {_shorten(error)}")


def _describe_connection(error: BaseException) -> Trouble:
    """What the network said, not the objects that it said it with."""
    reasons = getattr(error, "reasons", None) or getattr(error.__cause__, "reasons", None) or ()
    values = [getattr(reason, "value", reason) for reason in reasons]
    if any(type(value).__name__ in _NO_HTTP for value in values):
        return Trouble("again", "damaged", "What came is no answer in HTTP.")
    said = _shorten(values[0] if values else error).rstrip(".")
    return Trouble("again", "connection", f"The connection failed: {said}.")


def _classify_ignored(error: IgnoreRequest, spec: CrawlSpec) -> Trouble:
    if isinstance(error, RobotsUnknown):
        return _classify_robots(error, spec)
    text = str(error)
    if "robots" in text:
        return Trouble("skipped", FORBIDDEN, "robots.txt forbids it.")
    if "DOWNLOAD_MAXSIZE" in text:
        return find_too_large(spec)
    return Trouble("skipped", "ignored", text[:300])


def _classify_robots(error: RobotsUnknown, spec: CrawlSpec) -> Trouble:
    if error.cause is None:
        return Trouble("again", "robots.txt unknown", f"{error} {STAY_AWAY}")
    if refusal := find_refusal(error.cause):
        said = f"Its robots.txt leads to {refusal.address}, a private address: not allowed. {STAY_AWAY}"
        return Trouble("failed", "private address", said)
    trouble = classify_failure(error.cause, spec)
    if trouble.kind in ("no such host", "refused"):  # the page is asked of the same host
        return trouble
    return Trouble("again", "robots.txt unknown", f"{error} {trouble.sentence} {STAY_AWAY}")


def find_too_large(spec: CrawlSpec) -> Trouble:
    """For an answer that is larger than any may be, as it came or unpacked."""
    size = spec.max_bytes / 1e6
    return Trouble("failed", "too large", f"The answer is larger than {size:g} MB; it was cut off there.")


def classify_status(status: int) -> Trouble:
    """For an answer that is no page."""
    state = "again" if status in RETRY_STATUSES else "failed"
    words = {401: "asks for a login", 403: "forbids it", 404: "does not have it", 410: "has removed it",
             429: "says that it is asked too often"}  # fmt: skip
    said = words.get(status, "failed" if status >= 500 else "refused")
    return Trouble(state, f"HTTP {status}", f"The site {said} (HTTP {status}).")


def find_wait(spec: CrawlSpec, attempts: int, retry_after: str = "") -> float:
    """Seconds until the next attempt: what the host asks for, else doubling with each attempt."""
    asked = parse_retry_after(retry_after)
    if asked is not None:
        return min(asked, LONGEST_WAIT_SECONDS)
    return min(float(spec.retry_seconds) * 2**attempts, LONGEST_WAIT_SECONDS / 12)


def parse_retry_after(text: str) -> float | None:
    """Seconds or an HTTP date; None for anything else."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 8:
        return float(text)
    try:
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


_PACKERS = frozenset(("brotli", "_brotli", "brotlicffi", "zstandard", "zstandard.backend_c"))
_NO_HTTP = frozenset(("ParseError", "_MalformedChunkedDataError"))


def _shorten(error: BaseException) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200]
