"""Vectors in a file to positions, clusters and their names in files."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from lifecycle.contracts.embeddings import MapResult, MapSpec
from lifecycle.contracts.engine import Canceled, Report, ShouldStop
from workers.engines.project.clusters import describe_clusters, find_clusters
from workers.engines.project.layout import lay_out


def run(spec: MapSpec, *, workdir: str | Path, report: Report, should_stop: ShouldStop) -> MapResult:
    """Lay the vectors out and find clusters; raises Canceled."""
    started_at = time.perf_counter()
    folder = Path(workdir)
    folder.mkdir(parents=True, exist_ok=True)
    report.progress(0.0, "Reading the vectors")
    vectors = np.load(spec.vectors_path, mmap_mode="r")
    positions, fitted_on = lay_out(vectors, spec, report, should_stop)
    report.progress(0.9, "Looking for clusters")
    numbers = find_clusters(positions, spec.seed)
    if should_stop():
        raise Canceled
    clusters = describe_clusters(positions, numbers, spec.labels, spec.words)
    positions_path, clusters_path = folder / "positions.npy", folder / "clusters.npy"
    np.save(positions_path, positions)
    np.save(clusters_path, numbers)
    report.progress(1.0, f"{len(positions):,} items on the map, {len(clusters)} clusters")
    return MapResult(str(positions_path), str(clusters_path), clusters, fitted_on, time.perf_counter() - started_at)
