"""The first rung of a training: check, load, hand to the recipe, export, score."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lifecycle.contracts.engine import Report, ShouldStop
from lifecycle.contracts.problems import MetricDefinition, ProblemType, get_problem_type
from lifecycle.contracts.recipes import ParameterErrors, Recipe, get_recipe, parse_parameters
from lifecycle.contracts.training import TrainResult, TrainSpec
from workers.engines.evaluate.scores import compute_scores
from workers.engines.train.context import Fitted, TrainContext
from workers.engines.train.data import Examples, load_examples
from workers.engines.train.environment import describe_environment
from workers.engines.train.errors import TrainingRefused
from workers.engines.train.export import build_artifact
from workers.engines.train.recipes import get_engine

CHECKPOINT_SECONDS = 10.0


def run(
    spec: TrainSpec,
    *,
    workdir: str | Path,
    report: Report,
    should_stop: ShouldStop,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> TrainResult:
    """Train, export and score one model.

    Raises TrainingRefused when it cannot start, ExportFailed when the ONNX file differs, Canceled when told to stop.
    """
    started_at = time.monotonic()
    folder = Path(workdir)
    folder.mkdir(parents=True, exist_ok=True)
    with deterministic(spec.seed):
        context = build_context(spec, folder, report, should_stop, checkpoint_seconds)
        fitted = get_engine(spec.recipe).fit(context)
        report.progress(0.95, "Exporting the model")
        artifact_dir = build_artifact(fitted, context)
    metrics = compute_scores(fitted.examples.classes, fitted.examples.validation.targets, fitted.validation_outputs)
    report.progress(1.0, "Done")
    return build_result(context, fitted, artifact_dir, metrics, time.monotonic() - started_at)


def build_context(
    spec: TrainSpec, workdir: Path, report: Report, should_stop: ShouldStop, checkpoint_seconds: float
) -> TrainContext:
    """Everything checked before work begins; raises TrainingRefused."""
    recipe, problem = find_recipe(spec)
    try:
        parameters = parse_parameters(recipe, spec.parameters)
    except ParameterErrors as error:
        raise TrainingRefused(f"The parameters are not valid. {error}") from error
    report.progress(0.0, "Reading the dataset version")
    examples = load_examples(spec.dataset, problem, spec.seed, report.log)
    report.log(f"{len(examples.train):,} training and {len(examples.validation):,} validation items.", "info")
    shutil.rmtree(workdir / "artifact", ignore_errors=True)
    (workdir / "artifact").mkdir()
    return TrainContext(
        spec=spec,
        parameters=parameters,
        problem=problem,
        metric=find_metric(problem, spec.target_metric),
        examples=examples,
        workdir=workdir,
        report=report,
        should_stop=should_stop,
        checkpoint_seconds=checkpoint_seconds,
        fingerprint=compute_fingerprint(spec, parameters, examples),
    )


def compute_fingerprint(spec: TrainSpec, parameters: dict[str, Any], examples: Examples) -> str:
    """A hash of what a checkpoint belongs to: recipe, parameters, seed and labels."""
    told = [spec.recipe, parameters, spec.seed, spec.target_metric, list(examples.classes)]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    digest.update(examples.train.targets.tobytes())
    digest.update(examples.validation.targets.tobytes())
    return digest.hexdigest()


def find_recipe(spec: TrainSpec) -> tuple[Recipe, ProblemType]:
    """Recipe and problem type of a spec, when they go together; raises TrainingRefused."""
    try:
        recipe, problem = get_recipe(spec.recipe), get_problem_type(spec.problem_type)
    except KeyError as error:
        raise TrainingRefused(f"There is no recipe or problem type {error}.") from error
    if spec.problem_type not in recipe.problem_types:
        raise TrainingRefused(f"The recipe {recipe.title} does not fit {problem.title.lower()}.")
    return recipe, problem


def find_metric(problem: ProblemType, key: str) -> MetricDefinition:
    """The metric that early stopping watches: the target metric, else the problem type's first."""
    for metric in problem.metrics:
        if metric.key == key:
            return metric
    return problem.metrics[0]


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """Seeded generators and deterministic algorithms; everything is put back afterwards."""
    before = torch.are_deterministic_algorithms_enabled()
    warn_before = torch.is_deterministic_algorithms_warn_only_enabled()
    numpy_state = np.random.get_state()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)
        # A few CUDA kernels have no deterministic form: warn there, and refuse anything else on the CPU.
        torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before, warn_only=warn_before)
            np.random.set_state(numpy_state)


def build_result(
    context: TrainContext, fitted: Fitted, artifact_dir: Path, metrics: dict[str, float | None], seconds: float
) -> TrainResult:
    """The result as the contract says; scores that do not exist on this split are left out."""
    environment = describe_environment(fitted.device, context.parameters, context.spec.seed)
    return TrainResult(
        artifact_dir=str(artifact_dir),
        metrics={key: value for key, value in metrics.items() if value is not None},
        stopped=fitted.stopped,
        steps=fitted.steps,
        epochs=fitted.epochs,
        environment={**environment, **fitted.notes},
        seconds=seconds,
    )
