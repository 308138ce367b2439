"""Scores against hand-made answers: few and many classes, absent ones, unknown ones, and never a NaN."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.evaluation import EvaluateSpec
from lifecycle.contracts.problems import get_problem_type
from tests.workers.engines.worlds import MemoryReport, make_rows, make_texts, write_dataset
from workers.engines import evaluate
from workers.engines.evaluate.details import describe_classification, describe_regression
from workers.engines.evaluate.run import ITEM_SCHEMA
from workers.engines.evaluate.scores import compute_scores


def run(artifact_dir, dataset, tmp_path, split="test", should_stop=lambda: False):
    report = MemoryReport()
    spec = EvaluateSpec(artifact_dir, dataset, split)
    return evaluate.run(spec, workdir=tmp_path, report=report, should_stop=should_stop), report


def test_a_classifier_is_scored_item_by_item(trained, worlds, tmp_path):
    artifact = trained("text_fast", "text_classification")[0].artifact_dir

    result, _ = run(artifact, worlds("text_classification"), tmp_path)

    table = pq.read_table(result.items_path)
    assert table.schema.equals(ITEM_SCHEMA)
    assert result.count == table.num_rows == 30
    rows = table.to_pylist()
    assert np.mean([row["is_correct"] for row in rows]) == pytest.approx(result.metrics["accuracy"])
    assert np.mean([row["loss"] for row in rows]) == pytest.approx(result.metrics["log_loss"], rel=1e-5)
    assert np.sum(result.details["confusion"]["matrix"]) == result.count
    assert set(result.metrics) == {m.key for m in get_problem_type("text_classification").metrics}
    assert 0 < result.latency_ms["p50"] <= result.latency_ms["p95"]
    assert result.model_bytes > 1000
    json.dumps(result.details, allow_nan=False)


def test_a_regressor_is_scored_item_by_item(trained, worlds, tmp_path):
    artifact = trained("tabular_lightgbm", "tabular_regression")[0].artifact_dir

    result, _ = run(artifact, worlds("tabular_regression"), tmp_path)

    rows = pq.read_table(result.items_path).to_pylist()
    assert np.mean([row["loss"] for row in rows]) == pytest.approx(result.metrics["mae"], rel=1e-5)
    assert all(row["confidence"] is None and row["is_correct"] is None for row in rows)
    for row in rows:
        assert abs(float(row["predicted"]) - float(row["truth"])) == pytest.approx(row["loss"], rel=1e-3)
    assert sum(bin["count"] for bin in result.details["error_by_quantile"]) == result.count
    assert sum(result.details["residuals"]["counts"]) == result.count


def test_classes_the_model_never_saw_are_wrong_and_shown(trained, tmp_path):
    items = [(text, label if i % 3 else "furious") for i, (text, label) in enumerate(make_texts(30))]
    dataset = write_dataset(tmp_path / "data", items, ("glad", "sad", "furious"), splits=["test"] * 30)

    result, _ = run(trained("text_fast", "text_classification")[0].artifact_dir, dataset, tmp_path)

    assert result.details["confusion"]["classes"] == ["glad", "sad", "furious"]
    assert result.details["per_class"][2]["recall"] == 0
    assert result.metrics["accuracy"] <= 2 / 3
    json.dumps([result.metrics, result.details], allow_nan=False)


def test_a_split_of_one_class_has_no_roc_curve(trained, tmp_path):
    items = [(text, "glad") for text, _ in make_texts(10)]
    dataset = write_dataset(tmp_path / "data", items, ("glad", "sad"), splits=["test"] * 10)

    result, _ = run(trained("text_fast", "text_classification")[0].artifact_dir, dataset, tmp_path)

    assert result.metrics["roc_auc"] is None
    assert result.details["roc"]["sad"] == {"fpr": [], "tpr": [], "auc": None}
    json.dumps([result.metrics, result.details], allow_nan=False)


def test_a_single_row_has_no_r2(trained, tmp_path):
    dataset = write_dataset(tmp_path / "data", [(make_rows(1)[0][0], "0")], splits=["test"])

    result, _ = run(trained("tabular_mlp", "tabular_regression")[0].artifact_dir, dataset, tmp_path)

    assert result.metrics["r2"] is None and result.metrics["mape"] is None
    assert result.metrics["mae"] > 0
    json.dumps([result.metrics, result.details], allow_nan=False)


@pytest.mark.parametrize("split", ["test", "validation"])
def test_an_empty_split_is_refused(trained, tmp_path, split):
    dataset = write_dataset(tmp_path / "data", make_texts(10), splits=["train"] * 10)

    with pytest.raises(evaluate.EvaluationRefused, match=f"{split} split"):
        run(trained("text_fast", "text_classification")[0].artifact_dir, dataset, tmp_path, split)


def test_items_the_model_cannot_read_are_left_out(trained, tmp_path):
    items = [({"size": 3, "color": "red"}, "5"), ({"unknown": 1}, "6"), ({"size": 4}, "7")]
    dataset = write_dataset(tmp_path / "data", items, splits=["test"] * 3)

    result, report = run(trained("tabular_mlp", "tabular_regression")[0].artifact_dir, dataset, tmp_path)

    assert result.count == 2
    assert any("Left out item 101" in message for _, message in report.lines)


def test_told_to_stop_it_cancels(trained, worlds, tmp_path):
    with pytest.raises(Canceled):
        run(
            trained("text_fast", "text_classification")[0].artifact_dir,
            worlds("text_classification"),
            tmp_path,
            should_stop=lambda: True,
        )


def test_a_thousand_classes_are_scored_and_thinned():
    random = np.random.default_rng(0)
    targets = np.concatenate([np.arange(990), random.integers(0, 990, 110)])  # ten classes are absent
    probabilities = random.dirichlet(np.ones(1000), 1100)
    probabilities[np.arange(1100), targets] += 1
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    classes = [f"c{i}" for i in range(1000)]

    scores = compute_scores(classes, targets, probabilities)
    details = describe_classification(classes, targets, probabilities)

    assert all(value is not None for value in scores.values())
    assert scores["roc_auc"] > 0.9
    assert max(len(curve["fpr"]) for curve in details["roc"].values()) <= 200
    assert len(json.dumps(details, allow_nan=False)) < 12_000_000


def test_perfect_and_constant_answers_have_finite_scores():
    perfect = compute_scores(("a", "b"), np.array([0, 1, 1]), np.array([[1.0, 0], [0, 1], [0, 1]]))
    constant = compute_scores((), np.array([2.0, 2.0]), np.array([2.0, 2.0]))

    assert perfect["accuracy"] == perfect["roc_auc"] == 1 and perfect["log_loss"] == pytest.approx(0)
    assert perfect["expected_calibration_error"] == 0
    assert constant["r2"] is None and constant["rmse"] == 0


def test_residuals_of_equal_values_are_described():
    details = describe_regression(np.zeros(5), np.zeros(5), np.arange(5))

    assert sum(details["residuals"]["counts"]) == 5
    assert [bin["count"] for bin in details["error_by_quantile"]] == [5]
    json.dumps(details, allow_nan=False)
