"""Scores written in batches beside a bare COPY of the same points, and the list of 100,000 runs beside bare SQL."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable

from bench import _product

POINTS = int(os.environ.get("BENCH_POINTS", 500_000))
RUNS = int(os.environ.get("BENCH_RUNS", 100_000))
BATCHES = (500, 10_000)  # the train task's own, and what a script sends at a time
REPEATS = 15


def main() -> None:
    _product.start()
    project, owner = _product.make_project("tabular_regression")
    _fill(project, owner)
    limit = _measure_copy()
    for batch in BATCHES:
        print(json.dumps(_measure_writes(project, batch, limit)))
    print(json.dumps(_measure_curves(project)))
    for row in _measure_lists(project, owner):
        print(json.dumps(row))


def _fill(project, owner) -> None:
    """Finished runs with scores, every tenth failed, over twenty dataset versions."""
    from django.db import connection

    from lifecycle.datasets.models import DatasetVersion
    from lifecycle.experiments.models import Experiment

    dataset = project.datasets.get()
    experiment = Experiment.objects.create(project=project, name="General")
    for number in range(1, 21):
        DatasetVersion.objects.create(
            dataset=dataset, number=number, content_hash=str(number), item_count=1, labeled_count=1, created_by=owner
        )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH job AS (
                INSERT INTO jobs_job (created_at, updated_at, project_id, kind, queue, title, spec, state, subject_type,
                    fence, attempt, max_attempts, worker, progress, message, result, error, traceback)
                SELECT now(), now(), %(project)s, 'train', 'cpu', 'Train', '{}',
                    CASE WHEN n %% 10 = 0 THEN 'failed' ELSE 'succeeded' END,
                    'run', 1, 1, 3, '', 1, '', '{}', '', '' FROM generate_series(1, %(runs)s) n RETURNING id
            ), numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM job)
            INSERT INTO experiments_run (created_at, updated_at, project_id, experiment_id, number, name, recipe,
                parameters, seed, dataset_version_id, is_baseline, job_id, metrics, environment, stopped, steps,
                seconds, notes, subset_blob, created_by_id)
            SELECT now(), now(), %(project)s, %(experiment)s, n, '',
                CASE WHEN n %% 3 = 0 THEN 'tabular_mlp' ELSE 'tabular_lightgbm' END, '{"rounds": 500}', n,
                (SELECT min(id) FROM datasets_datasetversion WHERE dataset_id = %(dataset)s) + n %% 20, false, id,
                jsonb_build_object('r2', random(), 'rmse', random(), 'mae', random()), '{"device": "cpu"}', 'completed',
                500, random() * 100, '', '', %(user)s
            FROM numbered
            """,
            {
                "project": project.pk,
                "runs": RUNS,
                "experiment": experiment.pk,
                "dataset": dataset.pk,
                "user": owner.pk,
            },
        )
        cursor.execute("VACUUM ANALYZE")


def _measure_copy() -> float:
    """Points a second of a bare COPY into a table with the same columns and key."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_metric (LIKE experiments_metric INCLUDING INDEXES)")
        started_at = time.perf_counter()
        with transaction.atomic(), cursor.copy("COPY bench_metric (run_id, key, step, value, at) FROM STDIN") as copy:
            rows = (f"1\ttrain/loss\t{step}\t{1 / (step + 1)}\t2026-01-01\n" for step in range(POINTS))
            for row in rows:
                copy.write(row)
        seconds = time.perf_counter() - started_at
        cursor.execute("DROP TABLE bench_metric")
    return POINTS / seconds


def _measure_writes(project, batch: int, limit: float) -> dict:
    """Points a second through the service, each batch one durable transaction."""
    from lifecycle.experiments.services import record_metrics

    run = project.runs.get(number=batch)
    keys = ("train/loss", "validation/loss", "validation/r2", "validation/rmse", "lr")
    points = [(keys[n % 5], n // 5, 1 / (n + 1)) for n in range(POINTS)]
    started_at = time.perf_counter()
    for start in range(0, POINTS, batch):
        record_metrics(run=run, points=points[start : start + batch])
    rate = POINTS / (time.perf_counter() - started_at)
    return {
        "what": "metrics written",
        "batch": batch,
        "per_second": round(rate),
        "limit_copy_per_second": round(limit),
        "ratio": round(rate / limit, 3),
    }


def _measure_curves(project) -> dict:
    """Reading one run's curves, 100,000 points each, thinned to 1,000."""
    from lifecycle.experiments.curves import read_curves

    run = project.runs.get(number=BATCHES[-1])
    seconds = _time(lambda: read_curves([run.pk]))
    return {"what": "curves read, thinned", "points": POINTS, "milliseconds": round(seconds * 1000, 1)}


def _measure_lists(project, owner):
    from django.db import connection
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    client.force_login(owner)
    page = f"/projects/{project.slug}/runs"

    def bare() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT * FROM experiments_run WHERE project_id = %s ORDER BY number DESC LIMIT 50", [project.pk]
            )
            cursor.fetchall()

    limit = _time(bare)
    cases = {"newest": {}, "sort by score": {"sort": "-score"}, "sort by duration": {"sort": "seconds"}}
    cases |= {"failed only": {"state": "failed"}, "recipe and version": {"recipe": "tabular_mlp", "version": 3}}
    cases |= {"search": {"search": "boost"}}
    for name, query in cases.items():
        seconds = _time(lambda query=query: _get(client, page, query))
        yield {
            "what": f"page of runs: {name}",
            "runs": RUNS,
            "milliseconds": round(seconds * 1000, 1),
            "limit_sql_milliseconds": round(limit * 1000, 1),
        }


def _get(client, page: str, query: dict) -> None:
    answer = client.get(page, query)
    if answer.status_code != 200:
        raise RuntimeError(f"{page} answered {answer.status_code}")


def _time(call: Callable[[], object]) -> float:
    """Median seconds of a call, once warm."""
    call()
    times = []
    for _ in range(REPEATS):
        started_at = time.perf_counter()
        call()
        times.append(time.perf_counter() - started_at)
    return statistics.median(times)


if __name__ == "__main__":
    main()
