"""The crawl itself: claims addresses, has them fetched, records what came of them. Killed anywhere, it goes on."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from lifecycle.contracts.crawl import CrawlResult, CrawlSpec, Frontier, Outcome, Target
from lifecycle.contracts.engine import Canceled, Report, ShouldStop
from lifecycle.contracts.ingest import PutBlobs
from workers.engines.crawl.process import Fetcher, FetcherLost

AHEAD = 8  # addresses in hand for each that is fetched at a time: while a batch is recorded, fetching goes on
MOST_IN_HAND = 512
RECORD_SECONDS = 0.5
RECORD_BYTES = 24_000_000
PATIENCE_SECONDS = 5.0  # for what is on the wire when a person says pause
TOLD_PAUSE_SECONDS = 60.0  # a host's pause that people are told of
MAX_LOSSES = 20  # fetching processes in a row that end without one outcome


def run(
    spec: CrawlSpec, *, frontier: Frontier, workdir: str | Path, report: Report, should_stop: ShouldStop,
    put_blobs: PutBlobs,
) -> CrawlResult:  # fmt: skip
    """Crawl until nothing is due any more, or somebody says pause or stop. Raises Canceled when told to."""
    crawl = _Crawl(spec, frontier, Path(workdir), report, put_blobs)
    try:
        return crawl.run(should_stop)
    finally:
        crawl.close()


class _Crawl:
    """State of one run: what is in the fetching process's hands, and what waits to be recorded."""

    def __init__(self, spec: CrawlSpec, frontier: Frontier, workdir: Path, report: Report, put_blobs: PutBlobs):
        self.spec, self.frontier, self.report, self.put_blobs = spec, frontier, report, put_blobs
        self.log_path = workdir / "crawler.log"
        self.window = min(max(AHEAD * spec.concurrency, 16), MOST_IN_HAND)
        self.fetcher: Fetcher | None = None
        self.in_hand: dict[int, Target] = {}
        self.heard: list[tuple[Outcome, list[bytes], str]] = []  # with the address, for the log
        self.heard_bytes = 0
        self.recorded_at = self.asked_at = time.monotonic()
        self.paused_hosts: dict[str, float] = {}
        self.losses = 0

    def run(self, should_stop: ShouldStop) -> CrawlResult:
        while True:
            if should_stop():
                raise Canceled
            wanted = self._record_now_and_then()
            if wanted != "run":
                return self._wind_down(wanted)
            claimed = self._claim()
            if not claimed and not self.in_hand:
                wanted = self._record()
                if wanted != "run":
                    return self._wind_down(wanted)
                wait = self._find_wait()
                if wait is None:
                    return CrawlResult("done")
                time.sleep(min(wait, 0.5))
            self._hear(0.2)

    def close(self) -> None:
        if self.fetcher:
            self.fetcher.close()
            self.fetcher = None

    def _claim(self) -> bool:
        """Fill the fetching process's hands; False when nothing was to be had."""
        free = self.window - len(self.in_hand) - len(self.heard)  # what is not recorded yet would be fetched again
        if free < max(self.window // 4, 1):
            return True
        now = time.monotonic()
        self.paused_hosts = {host: until for host, until in self.paused_hosts.items() if until > now}
        targets = self.frontier.claim(free, avoid_hosts=[*self.paused_hosts, *self._find_crowded_hosts()])
        self.in_hand |= {target.id: target for target in targets}
        if targets:
            try:
                self._get_fetcher().feed(targets)
            except FetcherLost as lost:
                self._recover(lost)
        return bool(targets)

    def _find_crowded_hosts(self) -> list[str]:
        """Hosts that hold so many places already that others would starve."""
        counts = Counter(urlsplit(target.url).netloc.lower() for target in self.in_hand.values())
        return [host for host, count in counts.items() if count >= max(self.window // 2, 1)]

    def _get_fetcher(self) -> Fetcher:
        if self.fetcher is None:
            silence = max(90.0, 1.5 * self.spec.timeout_seconds)
            self.fetcher = Fetcher(self.spec, self.log_path, silence_seconds=silence)
        return self.fetcher

    def _hear(self, timeout: float) -> None:
        if not self.fetcher:
            return
        try:
            heard = self.fetcher.hear(timeout if self.in_hand else 0.0)
        except FetcherLost as lost:
            self._recover(lost)
            return
        for outcome, blobs in heard:
            target = self.in_hand.pop(outcome.id, None)
            if target is None:
                continue
            self.losses = 0
            outcome = self._give_up_in_time(outcome, target)
            if outcome.contract:  # a new fetching process goes on by it
                self.spec = replace(self.spec, contract=outcome.contract)
            if outcome.state == "again" and outcome.wait_seconds and outcome.error_kind in _HOST_TROUBLES:
                host = urlsplit(target.url).netloc.lower()
                if host not in self.paused_hosts and outcome.wait_seconds >= TOLD_PAUSE_SECONDS:
                    minutes = round(outcome.wait_seconds / 60)
                    self.report.log(f"{host} asks for a pause: nothing is fetched there for {minutes} min.", "warning")
                self.paused_hosts[host] = time.monotonic() + outcome.wait_seconds
            self.heard.append((outcome, blobs, target.url))
            self.heard_bytes += sum(map(len, blobs)) + sum(len(item.text or "") for item in outcome.items)

    def _give_up_in_time(self, outcome: Outcome, target: Target) -> Outcome:
        """Another attempt becomes a failure once there were enough."""
        if outcome.state != "again" or not outcome.counts_as_attempt:
            return outcome
        if target.attempts + 1 < self.spec.max_attempts:
            return outcome
        said = f"{outcome.error} Tried {self.spec.max_attempts} times."
        return replace(outcome, state="failed", error=said, wait_seconds=0.0)

    def _recover(self, lost: FetcherLost) -> None:
        """The fetching process is gone: what it held is tried again by a new one, or given up as what killed it."""
        self.report.log(f"The fetching process was lost ({lost}); a new one takes over.", "warning")
        self.close()
        self.losses += 1
        if self.losses > MAX_LOSSES:
            raise RuntimeError(f"The fetching process cannot be kept running: {lost}")
        for target in self.in_hand.values():
            said = "The fetching process was lost while it had this address."
            again = Outcome(target.id, "again", target.role, error_kind="crawler lost", error=said, wait_seconds=1.0)
            self.heard.append((self._give_up_in_time(again, target), [], target.url))
        self.in_hand.clear()

    def _record_now_and_then(self) -> str:
        now = time.monotonic()
        is_due = len(self.heard) >= self.window // 2 or self.heard_bytes >= RECORD_BYTES
        if self.heard and (is_due or now - self.recorded_at > RECORD_SECONDS):
            return self._record()
        if now - self.asked_at > 1.0:
            self.asked_at = now
            return self.frontier.check()
        return "run"

    def _record(self) -> str:
        """Keep what was heard; answers what people want now."""
        self.recorded_at = self.asked_at = time.monotonic()
        if not self.heard:
            return self.frontier.check()
        contents = [blob for _, blobs, _ in self.heard for blob in blobs]
        if contents:
            self.put_blobs(contents)  # before the rows that name them
        self._log()
        wanted = self.frontier.record([outcome for outcome, _, _ in self.heard])
        self.heard, self.heard_bytes = [], 0
        return wanted

    def _log(self) -> None:
        for outcome, _, url in self.heard:
            if outcome.state in ("failed", "again") and outcome.counts_as_attempt and outcome.error:
                self.report.log(f"{outcome.error_kind}: {url[:300]} {outcome.error}", "warning")
            elif outcome.warning:
                self.report.log(f"{url[:300]} {outcome.warning}")

    def _find_wait(self) -> float | None:
        due = self.frontier.next_due()
        if due is None:
            return None
        paused = min(self.paused_hosts.values(), default=0.0) - time.monotonic()
        return max(due, paused, 0.02)

    def _wind_down(self, wanted: str) -> CrawlResult:
        """Give what is on the wire a moment, keep what comes, and let go."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.in_hand and self.fetcher and time.monotonic() < deadline:
            self._hear(0.2)
        self._record()
        return CrawlResult({"pause": "paused", "stop": "stopped"}.get(wanted, "done"))


_HOST_TROUBLES = frozenset(("HTTP 429", "HTTP 503", "host busy", "robots.txt unknown"))
