"""One suite over every recipe and every problem type it serves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from lifecycle.contracts.evaluation import EvaluateSpec
from lifecycle.contracts.manifest import Manifest
from lifecycle.contracts.problems import get_problem_type
from lifecycle.contracts.recipes import get_recipe, list_recipes
from tests.workers.engines.conftest import PAIRS
from tests.workers.engines.worlds import MemoryReport, build_spec
from workers.engines import evaluate, train
from workers.engines.artifact import Predictor
from workers.engines.train.recipes import list_engines

pytestmark = pytest.mark.timeout(300)
LEARNERS = [pair for pair in PAIRS if pair[0] != "baseline"]
HEAVY = {"text_minilm", "image_mobilenet"}
SLOWEST = {"text_minilm"}  # a transformer that is trained


def spare(recipes, pairs):
    """Every pair, those of these recipes with the long tests."""
    marked = [pytest.param(*pair, marks=pytest.mark.long if pair[0] in recipes else ()) for pair in pairs]
    return pytest.mark.parametrize(("recipe", "problem_type"), marked)


every_pair = spare(SLOWEST, PAIRS)
every_quick_pair = spare(HEAVY, PAIRS)
one_of_each_kind = pytest.mark.parametrize(
    ("recipe", "problem_type"),
    [
        ("image_cnn", "image_classification"),
        ("text_fast", "text_classification"),
        ("tabular_mlp", "tabular_regression"),
    ],
)
light_learners = pytest.mark.parametrize(
    ("recipe", "problem_type"), [pair for pair in LEARNERS if pair[0] not in HEAVY]
)
every_learner = spare(SLOWEST, LEARNERS)


def read_items(dataset, split: str) -> list:
    """Items of a split, as the predictor takes them."""
    items = []
    for row in pq.read_table(dataset.manifest_path).to_pylist():
        if row["split"] == split:
            blob = row["blob"]
            path = Path(dataset.blob_dir) / blob[:2] / blob if blob else None
            items.append(path.read_bytes() if path else row["text"] or json.loads(row["row"]))
    return items


def test_every_recipe_has_an_engine_and_every_engine_a_recipe():
    assert set(list_engines()) == {recipe.key for recipe in list_recipes()}


def test_every_problem_type_has_a_baseline_and_its_default_recipe():
    for problem in {problem for _, problem in PAIRS}:
        keys = {recipe.key for recipe in list_recipes(problem)}

        assert "baseline" in keys
        assert get_problem_type(problem).default_recipe in keys


@every_learner
def test_training_beats_the_baseline_and_its_loss_falls(trained, recipe, problem_type):
    result, report = trained(recipe, problem_type)
    baseline, _ = trained("baseline", problem_type)

    metric = "r2" if problem_type == "tabular_regression" else "accuracy"
    losses = [values["train/loss"] for _, values in report.points if "train/loss" in values]
    assert result.metrics[metric] > baseline.metrics[metric] + 0.1
    assert np.mean(losses[-3:]) < losses[0]


@every_pair
def test_a_result_names_all_metrics_and_what_it_ran_on(trained, recipe, problem_type):
    result, report = trained(recipe, problem_type)

    expected = {metric.key for metric in get_problem_type(problem_type).metrics}
    assert set(result.metrics) == expected
    assert result.steps >= 1 and result.epochs >= 1 and result.stopped in {"completed", "early_stopped"}
    assert result.environment["seed"] == 1
    assert result.environment["libraries"]["torch"] and result.environment["torch_threads"] >= 1
    assert set(result.environment["parameters"]) == {p.name for p in get_recipe(recipe).parameters}
    assert report.fractions == sorted(report.fractions) and report.fractions[-1] == 1.0
    assert any("validation/loss" in values for _, values in report.points)


@every_pair
def test_the_artifact_is_complete_and_agrees_with_training(trained, worlds, recipe, problem_type):
    result, _ = trained(recipe, problem_type)

    folder = Path(result.artifact_dir)
    manifest = Manifest.from_json((folder / "manifest.json").read_text())
    assert {p.name for p in folder.iterdir()} == {"manifest.json", *manifest.files}
    assert manifest.parity["max_abs_difference"] <= manifest.parity["tolerance"]
    assert manifest.classes == worlds(problem_type).classes
    assert manifest.reference["inputs"] and manifest.reference["outputs"]
    for histogram in [*manifest.reference["inputs"].values(), *manifest.reference["outputs"].values()]:
        assert sum(histogram["counts"]) + histogram["missing"] + histogram.get("other", 0) > 0


@every_pair
def test_a_permuted_batch_gives_permuted_answers(trained, worlds, recipe, problem_type):
    predictor = Predictor.load(trained(recipe, problem_type)[0].artifact_dir)
    items = read_items(worlds(problem_type), "test")[:12]
    order = np.random.default_rng(0).permutation(len(items))

    answers = predictor.predict(items)
    permuted = predictor.predict([items[i] for i in order])

    for position, i in enumerate(order):
        assert flatten(permuted[position]) == pytest.approx(flatten(answers[i]), rel=1e-4, abs=1e-5)
        assert flatten(predictor.predict([items[i]])[0]) == pytest.approx(flatten(answers[i]), rel=1e-4, abs=1e-5)


def flatten(answer: dict) -> list[float]:
    """The numbers of a prediction."""
    return [answer["value"]] if "value" in answer else list(answer["probabilities"].values())


@every_pair
def test_answers_are_plain_json_of_the_problem_type(trained, worlds, recipe, problem_type):
    predictor = Predictor.load(trained(recipe, problem_type)[0].artifact_dir)
    items = read_items(worlds(problem_type), "test")[:3]

    answers, described = predictor.predict_and_describe(items)

    assert json.loads(json.dumps(answers, allow_nan=False)) == answers
    assert described == [predictor.describe(item) for item in items]
    assert set(described[0]) == set(predictor.manifest.reference["inputs"])
    for answer in answers:
        if problem_type == "tabular_regression":
            assert set(answer) == {"value"}
        else:
            assert answer["confidence"] == max(answer["probabilities"].values())
            assert answer["probabilities"][answer["label"]] == answer["confidence"]
            assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)


@every_quick_pair
def test_evaluation_on_the_validation_split_repeats_the_training_scores(
    trained, worlds, tmp_path, recipe, problem_type
):
    result, _ = trained(recipe, problem_type)
    spec = EvaluateSpec(result.artifact_dir, worlds(problem_type), split="validation")

    evaluated = evaluate.run(spec, workdir=tmp_path, report=MemoryReport(), should_stop=lambda: False)

    assert evaluated.metrics == pytest.approx(result.metrics, rel=1e-3, abs=1e-4)


@light_learners  # the others are covered by the curves of test_resume
def test_the_same_seed_gives_the_same_numbers(trained, worlds, packages_dir, tmp_path, report, recipe, problem_type):
    first, first_report = trained(recipe, problem_type)
    spec = build_spec(recipe, problem_type, worlds(problem_type), weights_dir=str(packages_dir))

    again = train.run(spec, workdir=tmp_path, report=report, should_stop=lambda: False)

    assert again.metrics == first.metrics
    assert report.points == first_report.points


@one_of_each_kind
def test_another_seed_gives_other_numbers(trained, worlds, tmp_path, report, recipe, problem_type):
    _, first_report = trained(recipe, problem_type)

    train.run(
        build_spec(recipe, problem_type, worlds(problem_type), seed=2),
        workdir=tmp_path,
        report=report,
        should_stop=lambda: False,
    )

    assert report.points != first_report.points
