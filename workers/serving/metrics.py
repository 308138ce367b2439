"""What Prometheus reads: counted per process without locks, summed over the processes through small files."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Histogram:
    """Counts per bucket and a sum; the last bucket is everything above."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]):
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def add(self, counts: Iterable[int], total: float) -> None:
        self.counts = [mine + more for mine, more in zip(self.counts, counts, strict=True)]
        self.total += total


class Metrics:
    """One process's numbers. They go on from what the process before it in the same place had counted."""

    def __init__(self) -> None:
        self.requests: dict[str, dict[int, int]] = {}  # {deployment: {status: n}}
        self.latency: dict[str, Histogram] = {}
        self.batches: dict[str, Histogram] = {}
        self.loads: dict[str, list[int]] = {}  # {deployment: [succeeded, failed]}
        self.waiting: dict[str, int] = {}
        self.dropped = 0

    def count_request(self, deployment: str, status: int, seconds: float) -> None:
        statuses = self.requests.get(deployment)
        if statuses is None:
            statuses = self.requests[deployment] = {}
            self.latency[deployment] = Histogram(SECONDS)
        statuses[status] = statuses.get(status, 0) + 1
        self.latency[deployment].observe(seconds)

    def count_batch(self, deployment: str, size: int) -> None:
        histogram = self.batches.get(deployment)
        if histogram is None:
            histogram = self.batches[deployment] = Histogram(BATCHES)
        histogram.observe(size)

    def count_load(self, deployment: str, is_good: bool) -> None:
        self.loads.setdefault(deployment, [0, 0])[0 if is_good else 1] += 1

    def to_json(self) -> dict[str, Any]:
        def render(histograms: dict[str, Histogram]) -> dict[str, Any]:
            return {name: [h.counts, h.total] for name, h in list(histograms.items())}

        requests = {name: {str(s): n for s, n in list(rows.items())} for name, rows in list(self.requests.items())}
        return {
            "requests": requests,
            "latency": render(self.latency),
            "batches": render(self.batches),
            "loads": dict(self.loads),
            "waiting": dict(self.waiting),
            "dropped": self.dropped,
        }

    def add(self, raw: dict[str, Any], *, with_gauges: bool = True) -> None:
        """Add another process's `to_json`."""
        for name, statuses in raw["requests"].items():
            mine = self.requests.setdefault(name, {})
            for status, count in statuses.items():
                mine[int(status)] = mine.get(int(status), 0) + count
        for held, given, bounds in (
            (self.latency, raw["latency"], SECONDS),
            (self.batches, raw["batches"], tuple(map(float, BATCHES))),
        ):
            for name, (counts, total) in given.items():
                held.setdefault(name, Histogram(bounds)).add(counts, total)
        for name, (good, bad) in raw["loads"].items():
            loads = self.loads.setdefault(name, [0, 0])
            self.loads[name] = [loads[0] + good, loads[1] + bad]
        self.dropped += raw["dropped"]
        for name, count in raw["waiting"].items() if with_gauges else ():
            self.waiting[name] = self.waiting.get(name, 0) + count


class _Collector(Collector):
    def __init__(self, metrics: Metrics, spooled_bytes: int):
        self.metrics = metrics
        self.spooled_bytes = spooled_bytes

    def collect(self) -> Iterator[Any]:
        found, prefix = self.metrics, "gristmill_serving"
        requests = CounterMetricFamily(f"{prefix}_requests", "Answered requests", labels=["deployment", "status"])
        for name, statuses in found.requests.items():
            for status, count in statuses.items():
                requests.add_metric([name, str(status)], count)
        yield requests
        yield _render(f"{prefix}_request_seconds", "From a complete request to its answer", found.latency)
        yield _render(f"{prefix}_batch_items", "Items in one run of the model", found.batches)
        loads = CounterMetricFamily(f"{prefix}_model_loads", "Releases loaded", labels=["deployment", "outcome"])
        for name, (good, bad) in found.loads.items():
            loads.add_metric([name, "loaded"], good)
            loads.add_metric([name, "failed"], bad)
        yield loads
        waiting = GaugeMetricFamily(f"{prefix}_queue_depth", "Requests waiting", labels=["deployment"])
        for name, count in found.waiting.items():
            waiting.add_metric([name], count)
        yield waiting
        yield CounterMetricFamily(f"{prefix}_log_dropped", "Answers that could not be logged", value=found.dropped)
        yield GaugeMetricFamily(f"{prefix}_spool_bytes", "Log on its way to Postgres", value=self.spooled_bytes)


def _render(name: str, text: str, histograms: dict[str, Histogram]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, text, labels=["deployment"])
    for deployment, histogram in histograms.items():
        total, buckets = 0, []
        for bound, count in zip((*histogram.bounds, float("inf")), histogram.counts, strict=True):
            total += count
            buckets.append(("+Inf" if bound == float("inf") else str(float(bound)), total))
        family.add_metric([deployment], buckets, sum_value=histogram.total)
    return family


def render(metrics: Metrics, spooled_bytes: int) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Collector(metrics, spooled_bytes))
    return generate_latest(registry)


def write_json(path: Path, value: Any) -> None:
    """Replace a small file in one step, so that no reader sees half of it."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS))
    os.replace(temporary, path)


def read_json(path: Path) -> dict[str, Any] | None:
    """None when there is no such file, or it is no JSON."""
    try:
        return orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
