"""Train one run: dataset version in, curve, checkpoints and artifact out; a killed one goes on where it stood."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from lifecycle.common.errors import DomainError
from lifecycle.contracts.training import TrainSpec
from lifecycle.evaluations import services as evaluations
from lifecycle.experiments import selectors, services
from lifecycle.experiments.models import Run
from lifecycle.jobs.services import LeaseLost
from workers.materialize import materialize_run
from workers.runtime import JobContext, job_task
from workers.tasks.files import fetch_files

FLUSH_SECONDS = 2.0
FLUSH_POINTS = 500


@job_task("train", queue="cpu")
def train(context: JobContext) -> dict[str, Any]:
    from workers.engines.train import run as run_engine  # 2 s and 300 MB: only where something is trained

    run = selectors.load_run(context.spec["run_id"])
    spec = build_spec(context, run)
    with Recorder(context, run) as recorder:
        report = context.report_with(metrics=recorder.add, checkpoint=recorder.checkpoint)
        try:
            result = run_engine(spec, workdir=context.workdir, report=report, should_stop=recorder.should_stop)
        except FloatingPointError as error:  # it would diverge again
            raise DomainError(str(error)) from error
    artifact = services.store_artifact(result.artifact_dir, blobs=context.blobs)
    environment = {**result.environment, **read_code_version(), "epochs": result.epochs}
    with context.recording():
        row = services.record_result(run=run, result=result, artifact=artifact, environment=environment)
        evaluation = evaluations.evaluate_run(run=run, artifact=row)
    return {"run": run.number, "metrics": result.metrics, "evaluation": evaluation.pk if evaluation else None}


def build_spec(context: JobContext, run: Run) -> TrainSpec:
    """What the engine is given: local files, typed parameters, and the last checkpoint of an earlier attempt."""
    return TrainSpec(
        problem_type=run.project.problem_type,
        recipe=run.recipe,
        parameters=run.parameters,
        seed=run.seed,
        dataset=materialize_run(run, context),
        target_metric=selectors.get_key_metric(run.project).key,
        weights_dir=str(settings.PACKAGES_DIR),
        resume_from=fetch_last_checkpoint(context, run),
    )


def fetch_last_checkpoint(context: JobContext, run: Run) -> str:
    """A local folder of the run's newest checkpoint; empty when it has none."""
    checkpoint = selectors.find_last_checkpoint(run)
    if checkpoint is None:
        return ""
    folder = context.workdir / "resume"
    return str(fetch_files(checkpoint.files, folder, blobs=context.blobs, cache=context.blob_dir))


class Recorder:
    """Buffers scores and writes them, and checkpoints, under the job's fence; used as a context manager."""

    def __init__(self, context: JobContext, run: Run):
        self.context, self.run = context, run
        self.points: list[services.Point] = []
        self.flushed_at = time.monotonic()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind, error, trace) -> None:
        if not isinstance(error, LeaseLost):
            self.flush()

    def add(self, step: int, values: Mapping[str, float]) -> None:
        self.points += [(key, step, value) for key, value in values.items()]
        if len(self.points) >= FLUSH_POINTS:
            self.flush()

    def should_stop(self) -> bool:
        """Engines ask this every step, so here is where a slow trickle of scores reaches the database in time."""
        if self.points and time.monotonic() - self.flushed_at > FLUSH_SECONDS:
            self.flush()
        return self.context.should_stop()

    def flush(self) -> None:
        """Write what is buffered; a database that is away for a moment costs nothing: it is tried again later."""
        self.flushed_at = time.monotonic()
        try:
            with self.context.recording():
                services.record_metrics(run=self.run, points=self.points)
        except (OperationalError, InterfaceError) as error:
            self._warn("Scores are kept back until the database answers", error)
        else:
            self.points = []

    def checkpoint(self, path: str, step: int) -> None:
        """Make a checkpoint durable together with the curve up to it."""
        files, byte_size = services.store_checkpoint(path, blobs=self.context.blobs)
        try:
            with self.context.recording():
                services.record_metrics(run=self.run, points=self.points)
                services.record_checkpoint(run=self.run, step=step, files=files, byte_size=byte_size)
        except (OperationalError, InterfaceError) as error:
            self._warn(f"The checkpoint at step {step} was not kept", error)
        else:
            self.points, self.flushed_at = [], time.monotonic()

    def _warn(self, what: str, error: Exception) -> None:
        if connection.in_atomic_block:
            raise error
        connection.close()
        self.context.report.log(f"{what}: {error}", "warning")


@cache
def read_code_version() -> dict[str, Any]:
    """The git commit this worker runs, and whether files differ from it; empty outside a checkout."""
    commit = _ask_git("rev-parse", "HEAD")
    return {"git_commit": commit, "git_dirty": bool(_ask_git("status", "--porcelain", "-uno"))} if commit else {}


def _ask_git(*arguments: str) -> str:
    command = ["git", "-C", str(settings.BASE_DIR), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
