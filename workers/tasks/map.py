"""Draw a map: encode what has no vector yet, lay everything out, find and name clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lifecycle.contracts.embeddings import MapMethod, MapSpec
from lifecycle.embeddings import selectors, services
from lifecycle.embeddings.codec import Points, encode_points
from workers.runtime import JobContext, job_task
from workers.tasks.embed import encode_missing

ENCODING_SHARE = 0.6


@job_task("map", queue="cpu")
def draw(context: JobContext) -> dict[str, Any]:
    from workers.engines import project as engine  # scikit-learn and numba: only where a map is drawn

    drawn = selectors.load_map(context.spec["map_id"])
    encode_missing(context, drawn.encoder, PartOfReport(context.report, 0.0, ENCODING_SHARE))
    drawn = selectors.load_map(drawn.pk)
    path = context.workdir / "vectors.npy"
    ids = selectors.export_vectors(drawn.encoder, path)
    labels, words = selectors.read_names(drawn.encoder, ids)
    spec = MapSpec(str(path), MapMethod(drawn.method), labels=labels, words=words, **drawn.parameters)
    report = PartOfReport(context.report, ENCODING_SHARE, 1 - ENCODING_SHARE)
    result = engine.run(spec, workdir=context.workdir, report=report, should_stop=context.should_stop)
    points = Points(ids, np.load(result.positions_path), np.load(result.clusters_path))
    digest = context.blobs.put(encode_points(points))
    with context.recording():
        services.record_map(
            drawn=drawn,
            points_blob=digest,
            clusters=result.clusters,
            point_count=len(ids),
            fitted_on=result.fitted_on,
            seconds=result.seconds,
        )
    return {"map": drawn.pk, "points": len(ids), "clusters": len(result.clusters)}


class PartOfReport:
    """The report of a job for one of its steps, which is a share of the whole."""

    def __init__(self, report: Any, start: float, share: float):
        self._report, self._start, self._share = report, start, share

    def progress(self, fraction: float, message: str = "") -> None:
        self._report.progress(self._start + self._share * fraction, message)

    def log(self, message: str, level: str = "info") -> None:
        self._report.log(message, level)

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        self._report.metrics(step, values)

    def checkpoint(self, path: str, step: int) -> None:
        self._report.checkpoint(path, step)
