"""Crawls a site: the engine fetches, every batch of outcomes is one fenced transaction with its items and links."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq

from lifecycle.annotations import services as annotation_services
from lifecycle.contracts.crawl import Outcome, Target
from lifecycle.contracts.ingest import IngestResult
from lifecycle.crawls import services
from lifecycle.crawls.models import Crawl
from lifecycle.datasets import services as datasets
from lifecycle.datasets.models import Collection
from lifecycle.jobs import services as jobs
from workers.engines import crawl as engine
from workers.loading import load_batch_event_times, load_batch_labels, load_one, refresh_statistics
from workers.materialize import BatchWriter
from workers.runtime import JobContext, job_task


@job_task("crawl", queue="io")
def crawl(context: JobContext) -> dict:
    with context.recording():
        found = services.open_crawl(collection_id=context.spec["collection_id"])
        spec = services.load_spec(found)
        held = services.release(crawl=found)
    services.seed(crawl=found, links=engine.list_seeds(spec), transact=context.recording)
    if held:
        context.report.log(
            f"Going on where the crawl stopped: {held} addresses that were on their way are asked again."
        )
    frontier = JobFrontier(context, found)
    with closing(BatchWriter(context.blobs)) as put_blobs:
        result = engine.run(
            spec, frontier=frontier, workdir=context.workdir, report=context.report,
            should_stop=context.should_stop, put_blobs=put_blobs,
        )  # fmt: skip
    with context.recording():
        services.release(crawl=found)
        ended = services.finish_crawl(crawl=found, ended=result.ended)
    refresh_statistics()
    counts = ("fetched", "unchanged", "failed", "items", "superseded", "gone", "set_aside")
    return {"ended": result.ended, **{name: getattr(ended, name) for name in counts}}


class JobFrontier:
    """contracts.crawl.Frontier on the database: whatever it writes counts only while the job is held."""

    def __init__(self, context: JobContext, crawl: Crawl):
        self.context, self.crawl = context, crawl
        self.recorded_at = time.monotonic()
        self.is_first_batch = True

    def claim(self, count: int, *, avoid_hosts: Sequence[str] = ()) -> list[Target]:
        with self.context.recording():
            return services.claim(crawl=self.crawl, fence=self.context.fence, count=count, avoid_hosts=avoid_hosts)

    def record(self, outcomes: Sequence[Outcome]) -> str:
        now = time.monotonic()
        seconds, self.recorded_at = now - self.recorded_at, now
        with self.context.recording():
            wanted = services.record(
                crawl=self.crawl, outcomes=outcomes, seconds=seconds, folder=self.context.workdir,
                load_items=partial(load_items, self.crawl.collection_id),
            )  # fmt: skip
            if self.is_first_batch:  # it got somewhere: being killed now and then does not use the attempts up
                jobs.renew_attempts(self.context.job.pk, fence=self.context.fence)
        self.is_first_batch = False
        self._report()
        return wanted

    def check(self) -> str:
        return services.check(crawl=self.crawl)

    def next_due(self) -> float | None:
        return services.find_next_due(crawl=self.crawl)

    def _report(self) -> None:
        crawl = Crawl.objects.only(*_COUNTS).get(pk=self.crawl.pk)
        self.context.report.progress(
            crawl.closed / max(crawl.found, 1),
            f"{crawl.fetched:,} fetched, {crawl.waiting:,} to go, {crawl.items:,} items, {crawl.failed:,} failed",
        )


_COUNTS = ("found", "fetched", "unchanged", "redirected", "failed", "skipped", "items")


def load_items(collection_id: int, path: Path) -> None:
    """A batch's items and labels, with classes that no schema has named yet, within the batch's transaction."""
    collection = Collection.objects.select_related("dataset__project", "created_by").get(pk=collection_id)
    project = collection.dataset.project
    labels = pq.read_table(path, columns=["label"])["label"]
    if labels.null_count < len(labels):
        part = IngestResult(parts=(str(path),), accepted=len(labels), rejected=0, rejects_path="")
        classes = datasets.list_classes(part, dataset=collection.dataset)
        annotation_services.extend_classes(project=project, names=classes, created_by=collection.created_by)
    differing = load_one(collection, collection.loaded_parts, path)
    load_batch_labels(collection, path, differing, spill_folder=path.parent)
    load_batch_event_times(collection, path, spill_folder=path.parent)
