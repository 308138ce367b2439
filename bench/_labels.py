"""Processes beside a benchmark of labelling: an import or an export whose memory is measured, or an import that goes
on and on. They use the servers that the benchmark started."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import django

from bench import _product


def run_import(project_id: int, path: str) -> None:
    """One file through the real task, in a worker that has had a small one before: its libraries are loaded."""
    from bench.labelling import write_table
    from lifecycle.projects.models import Project

    project = Project.objects.get(pk=project_id)
    other, owner = _product.make_project("text_classification", f"bench-{time.time_ns()}")
    small = Path(path).with_name("small.csv")
    write_table(small, 1_000)
    _product.import_file(other, owner, small, mapping={"text": "text", "label": "label"})
    base, start = _product.peak_megabytes(), time.perf_counter()
    _product.import_file(project, project.created_by, Path(path), mapping={"text": "text", "label": "label"})
    _say(start, base)


def run_export(project_id: int, layout: str) -> None:
    """One export through the real task."""
    import workers.tasks.label_export  # noqa: F401  registers the body
    from lifecycle.annotations.services import external_exports
    from lifecycle.projects.models import Project

    project = Project.objects.get(pk=project_id)
    base, start = _product.peak_megabytes(), time.perf_counter()
    export = external_exports.start_export(project=project, user=project.created_by, layout=layout)
    _product.run_jobs()
    export.refresh_from_db()
    _say(start, base, rows=export.task_count, megabytes=round(export.byte_size / 1e6, 1))


def import_on(home: str, rows: int) -> None:
    """Until it is killed."""
    from bench.labelling import write_table

    project, owner = _product.make_project("text_classification", f"bench-{time.time_ns()}")
    print("ready", flush=True)
    for number in range(1_000):
        path = Path(home) / f"beside-{time.time_ns()}.csv"
        write_table(path, rows, mark=f"{number}-{time.time_ns()} ")
        _product.import_file(project, owner, path, mapping={"text": "text", "label": "label"})
        path.unlink()


def _say(start: float, base: float, **more) -> None:
    spent, most = time.perf_counter() - start, _product.peak_megabytes()
    print(json.dumps({"seconds": round(spent, 2), "peak_mb": round(most), "mb_before": round(base), **more}))


if __name__ == "__main__":
    django.setup()
    from workers.celery import be_a_worker

    be_a_worker()
    verb, *arguments = sys.argv[1:]
    if verb == "import":
        run_import(int(arguments[0]), arguments[1])
    elif verb == "export":
        run_export(int(arguments[0]), arguments[1])
    else:
        import_on(arguments[0], int(arguments[1]))
