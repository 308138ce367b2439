"""Work out the order of a labelling queue and write it into priorities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lifecycle.annotations import queue_selectors
from lifecycle.annotations.ordering_rules import Waiting, mix_arms
from lifecycle.annotations.services import ordering
from lifecycle.common.errors import DomainError
from lifecycle.embeddings import selectors as embeddings
from lifecycle.projects.models import Project
from workers.runtime import JobContext, job_task


@job_task("rank", queue="cpu")
def rank(context: JobContext) -> dict[str, Any]:
    project = Project.objects.get(pk=context.spec["project_id"])
    if context.spec.get("redraws"):
        with context.recording():
            ordering.redraw_arms(project=project)
    with context.recording():
        ordering.start_ranking(project=project)
    order = queue_selectors.find_order(project)
    tasks = queue_selectors.list_waiting(project)
    context.report.progress(0.1, f"{len(tasks):,} tasks wait")
    if order == "time":
        wanted = [(task.id, 0.0) for task in tasks]
    else:
        wanted = mix_arms(tasks, _order(context, project, order, tasks))
    written = 0
    for start in range(0, len(wanted), ordering.BATCH):
        with context.recording():
            batch = wanted[start : start + ordering.BATCH]
            written += ordering.record_priorities(project=project, priorities=batch)
        context.report.progress(0.5 + 0.5 * start / len(wanted), "Writing priorities")
    with context.recording():
        ordering.finish_ranking(project=project)
    return {"order": order, "tasks": len(tasks), "moved": written}


def _order(context: JobContext, project: Project, order: str, tasks: Sequence[Waiting]) -> list[int]:
    """Task ids, the first to be asked first."""
    if order == "random":
        return [task.id for task in sorted(tasks, key=lambda task: (task.draw, task.id))]
    if order == "uncertainty":
        return queue_selectors.list_by_uncertainty(project)
    return _order_by_vectors(context, project, order, tasks)


def _order_by_vectors(context: JobContext, project: Project, order: str, tasks: Sequence[Waiting]) -> list[int]:
    from workers.engines import order as engine

    encoder = embeddings.find_encoder(project)
    if encoder is None or not encoder.dimension:
        raise DomainError("Items have no vectors yet, so nothing is known of which are alike. Draw a map first.")
    path = context.workdir / "vectors.npy"
    items = embeddings.export_vectors(encoder, path)
    vectors = np.load(path, mmap_mode="r")
    by_item = {task.item_id: task.id for task in tasks if not task.is_random}
    waits = np.array([item in by_item for item in items.tolist()], bool)
    rows, known = np.flatnonzero(waits), np.flatnonzero(np.isin(items, queue_selectors.list_labeled_items(project)))
    context.report.progress(0.2, "Comparing vectors")
    if order == "cluster":
        places = engine.order_by_cluster(vectors[rows], should_stop=context.should_stop)
    else:
        places = engine.order_by_diversity(vectors[rows], vectors[known], should_stop=context.should_stop)
    return [by_item[int(item)] for item in items[rows[places]]]
