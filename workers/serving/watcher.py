"""Keeps a worker's endpoints as Postgres says: loads a new release beside the old one and swaps when it is warm."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

import psycopg

from lifecycle.common.blobs import BlobStore
from lifecycle.contracts.serving import Target
from workers.engines.artifact import BadArtifact
from workers.serving import store
from workers.serving.calls import Call
from workers.serving.endpoints import Endpoint, Lane, LiveRelease
from workers.serving.metrics import Metrics
from workers.serving.models import LoadedModel, load_model
from workers.serving.store import DeploymentRow, ReleaseRow

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
RETRY_SECONDS = 2.0
RETRY_LOAD_SECONDS = 30.0


class Watcher(threading.Thread):
    """A thread of its own with a connection of its own; `publish` hands the new table to the loop, `announce` says
    each time that everything there is has been loaded, or found impossible to load."""

    def __init__(
        self,
        *,
        database_url: str,
        blobs: BlobStore,
        cache: Path,
        workers: int,
        executor: Executor,
        metrics: Metrics,
        finish: Callable[[Sequence[Call]], None],
        publish: Callable[[dict[str, Endpoint]], None],
        announce: Callable[[], None],
    ):
        super().__init__(name="watcher", daemon=True)
        self.database_error = "not connected yet"
        self._database_url = database_url
        self._blobs = blobs
        self._cache = cache
        self._workers = workers
        self._executor = executor
        self._metrics = metrics
        self._finish = finish
        self._publish = publish
        self._announce = announce
        self._endpoints: dict[int, Endpoint] = {}
        self._failed_at: dict[int, float] = {}
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                with store.connect(self._database_url) as connection:
                    store.listen(connection)
                    while not self._stopping.is_set():
                        self.refresh(store.list_deployments(connection))
                        self.database_error = ""
                        self._announce()
                        for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
                            logger.debug("woken")
            except (psycopg.Error, OSError) as error:
                self.database_error = str(error).strip().splitlines()[0] if str(error) else type(error).__name__
                logger.warning("Postgres cannot be read: %s", self.database_error)
                self._stopping.wait(RETRY_SECONDS)

    def refresh(self, rows: Sequence[DeploymentRow]) -> None:
        """Bring the endpoints in line with `rows`, one release at a time, publishing each as soon as it is ready."""
        seen = {row.id for row in rows}
        for gone in self._endpoints.keys() - seen:
            del self._endpoints[gone]
        for row in rows:
            self._update(row)
        self._publish_table()
        for row in rows:
            if row.is_active and self._wants_loading(row):
                self._load(row)
                self._publish_table()

    def _publish_table(self) -> None:
        self._publish({endpoint.slug: endpoint for endpoint in self._endpoints.values()})

    def _update(self, row: DeploymentRow) -> None:
        waiting = max(1, row.max_queue // self._workers)
        endpoint = self._endpoints.get(row.id)
        if endpoint is None:
            endpoint = Endpoint(row.id, row.slug, row.project_id, row.is_active, waiting, row.logs_inputs)
            self._endpoints[row.id] = endpoint
        endpoint.slug, endpoint.project_id = row.slug, row.project_id
        endpoint.max_waiting, endpoint.logs_inputs = waiting, row.logs_inputs
        endpoint.is_active = row.is_active
        if not row.is_active:
            endpoint.release = None  # a stopped deployment holds no memory

    def _wants_loading(self, row: DeploymentRow) -> bool:
        answering = self._endpoints[row.id].release
        if row.release is None or (answering is not None and answering.id == row.release.id):
            return False
        failed_at = self._failed_at.get(row.release.id)
        return failed_at is None or time.monotonic() - failed_at > RETRY_LOAD_SECONDS

    def _load(self, row: DeploymentRow) -> None:
        """Swap to the current release. When it cannot be loaded, what answered before goes on answering, also in a
        process that has only just started."""
        endpoint = self._endpoints[row.id]
        assert row.release is not None
        reason = self._try_release(row.release, endpoint)
        if reason is None:
            endpoint.failed_release_id, endpoint.load_error = None, ""
            self._failed_at.pop(row.release.id, None)
            return
        self._failed_at[row.release.id] = time.monotonic()
        endpoint.failed_release_id, endpoint.load_error = row.release.id, reason
        if endpoint.release is None and row.release_before is not None:
            self._try_release(row.release_before, endpoint)

    def _try_release(self, release: ReleaseRow, endpoint: Endpoint) -> str | None:
        """Put a release behind the endpoint; else say why that cannot be done."""
        try:
            targets = [target for target in release.parse_targets() if target.role == "live"]
            if not targets:
                raise BadArtifact("The release names no model version.")
            lanes = [self._build_lane(target, endpoint) for target in targets]
        except Exception as error:  # whatever is wrong with it, the others must be served
            logger.exception("release %s of %s cannot be loaded", release.number, endpoint.slug)
            self._metrics.count_load(endpoint.slug, False)
            return str(error)[:1000] or type(error).__name__
        endpoint.release = LiveRelease.build(release.id, release.number, lanes)
        self._metrics.count_load(endpoint.slug, True)
        logger.info("release %s of %s answers", release.number, endpoint.slug)
        return None

    def _build_lane(self, target: Target, endpoint: Endpoint) -> Lane:
        model = self._find_loaded(target, endpoint) or load_model(target, blobs=self._blobs, cache=self._cache)
        return Lane(model, self._executor, self._finish, lambda rows: self._metrics.count_batch(endpoint.slug, rows))

    def _find_loaded(self, target: Target, endpoint: Endpoint) -> LoadedModel | None:
        """The same artifact when the release before has it open already."""
        lanes = endpoint.release.lanes if endpoint.release else ()
        same = (lane.model for lane in lanes if lane.model.target.artifact_hash == target.artifact_hash)
        found = next(same, None)
        return replace(found, target=target) if found else None
