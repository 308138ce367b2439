"""A stopped training continues from its last checkpoint and ends as if it had never stopped."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lifecycle.contracts.engine import Canceled
from tests.workers.engines.conftest import PAIRS
from tests.workers.engines.worlds import MemoryReport, build_spec
from workers.engines import train

pytestmark = pytest.mark.timeout(300)
HEAVY = {"image_mobilenet", "text_minilm"}  # the same loop, half a minute each: with the long tests
LEARNERS = [
    pytest.param(*pair, marks=pytest.mark.long if pair[0] in HEAVY else ()) for pair in PAIRS if pair[0] != "baseline"
]


class StopAfter:
    """`should_stop` that says yes from the n-th question that is asked after training began."""

    def __init__(self, report: MemoryReport, questions: int):
        self.report, self.left = report, questions

    def __call__(self) -> bool:
        if self.report.points:
            self.left -= 1
        return self.left < 0


def keep_checkpoint(report: MemoryReport, folder: Path) -> str:
    """The last checkpoint, copied as a store would, and the work folder gone."""
    path = folder / "stored"
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(report.checkpoints[-1][0], path)
    shutil.rmtree(folder / "work")
    return str(path)


@pytest.mark.parametrize(("recipe", "problem_type"), LEARNERS)
def test_a_training_stopped_twice_ends_with_the_same_curve(
    trained, worlds, packages_dir, tmp_path, recipe, problem_type
):
    whole, whole_report = trained(recipe, problem_type)
    spec = {"weights_dir": str(packages_dir), "parameters": {}}
    curve, resume_from, dice = {}, "", random.Random(recipe + problem_type)
    for _ in range(2):
        report = MemoryReport()
        run = build_spec(recipe, problem_type, worlds(problem_type), resume_from=resume_from, **dict(spec))
        stop = StopAfter(report, dice.randint(1, 7) if recipe != "tabular_lightgbm" else 60)
        with pytest.raises(Canceled):
            train.run(run, workdir=tmp_path / "work", report=report, should_stop=stop)
        curve |= report.read_curve()
        if report.checkpoints:
            resume_from = keep_checkpoint(report, tmp_path)

    report = MemoryReport()
    run = build_spec(recipe, problem_type, worlds(problem_type), resume_from=resume_from, **dict(spec))
    resumed = train.run(run, workdir=tmp_path / "work", report=report, should_stop=lambda: False)

    assert resume_from
    assert resumed.metrics == whole.metrics
    assert (resumed.steps, resumed.epochs, resumed.stopped) == (whole.steps, whole.epochs, whole.stopped)
    assert curve | report.read_curve() == whole_report.read_curve()
    for name in json.loads((Path(whole.artifact_dir) / "manifest.json").read_text())["files"]:
        if name.endswith(".json"):
            assert (Path(resumed.artifact_dir) / name).read_bytes() == (Path(whole.artifact_dir) / name).read_bytes()


def test_checkpoints_hold_no_pickles_and_old_ones_go(worlds, tmp_path, report):
    spec = build_spec("text_fast", "text_classification", worlds("text_classification"))

    train.run(spec, workdir=tmp_path, report=report, should_stop=lambda: False, checkpoint_seconds=0)

    folders = list((tmp_path / "checkpoints").iterdir())
    assert len(report.checkpoints) > 2
    assert len(folders) == 2
    for folder in folders:
        assert {p.suffix for p in folder.iterdir()} == {".json", ".safetensors"}


def test_a_checkpoint_of_another_run_is_refused(worlds, tmp_path, report):
    spec = build_spec("text_fast", "text_classification", worlds("text_classification"))
    train.run(spec, workdir=tmp_path / "a", report=report, should_stop=lambda: False)
    other = build_spec(
        "text_fast", "text_classification", worlds("text_classification"), seed=9, resume_from=report.checkpoints[-1][0]
    )

    with pytest.raises(train.TrainingRefused, match="other parameters or data"):
        train.run(other, workdir=tmp_path / "b", report=report, should_stop=lambda: False)


def test_a_run_killed_after_its_last_epoch_only_exports(trained, worlds, tmp_path, report):
    whole, _ = trained("tabular_mlp", "tabular_regression")
    spec = build_spec("tabular_mlp", "tabular_regression", worlds("tabular_regression"))
    train.run(spec, workdir=tmp_path, report=report, should_stop=lambda: False, checkpoint_seconds=0)
    last = MemoryReport()

    finished = train.run(
        replace(spec, resume_from=report.checkpoints[-1][0]),
        workdir=tmp_path / "again",
        report=last,
        should_stop=lambda: False,
    )

    assert finished.metrics == whole.metrics
    assert finished.steps == whole.steps
