"""Missing, empty and odd training data: a sentence where nothing can be learned, a warning where it is thin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.problems import get_problem_type
from tests.workers.engines.worlds import MemoryReport, build_spec, make_images, make_texts, write_dataset
from workers.engines import train
from workers.engines.train.data import load_examples
from workers.engines.train.export import check_parity
from workers.engines.train.features import fit_features

GOOD = make_texts(20)


def run(dataset, tmp_path, recipe="text_fast", problem="text_classification", **more):
    report = MemoryReport()
    spec = build_spec(recipe, problem, dataset, **more)
    return train.run(spec, workdir=tmp_path / "work", report=report, should_stop=lambda: False), report


@pytest.mark.parametrize(
    ("items", "splits", "sentence"),
    [
        ([(text, None) for text, _ in GOOD], None, "No labelled items"),
        (GOOD, ["test"] * 20, "No labelled items"),
        ([(text, "glad") for text, _ in GOOD], None, "at least two classes"),
        ([("   ", label) for _, label in GOOD], None, "No labelled items"),
        ([(text, "unheard") for text, _ in GOOD], None, "No usable labelled items"),
        (GOOD[:1], ["train"], "At least two different"),
    ],
)
def test_texts_that_teach_nothing_are_refused(tmp_path, items, splits, sentence):
    dataset = write_dataset(tmp_path, items, ("glad", "sad"), splits=splits)

    with pytest.raises(train.TrainingRefused, match=sentence):
        run(dataset, tmp_path)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([({"a": i}, "5") for i in range(20)], "same number"),
        ([({"a": None, "b": 1}, str(i)) for i in range(20)], "No column"),
        ([({"a": i}, "many") for i in range(20)], "No usable labelled items"),
        ([({"a": i}, "nan") for i in range(20)], "No usable labelled items"),
    ],
)
@pytest.mark.parametrize("recipe", ["tabular_lightgbm", "tabular_mlp"])
def test_rows_that_teach_nothing_are_refused(tmp_path, rows, sentence, recipe):
    with pytest.raises(train.TrainingRefused, match=sentence):
        run(write_dataset(tmp_path, rows), tmp_path, recipe, "tabular_regression")


def test_a_recipe_for_another_problem_is_refused(worlds, tmp_path):
    with pytest.raises(train.TrainingRefused, match="does not fit"):
        run(worlds("text_classification"), tmp_path, "image_cnn", "text_classification")


def test_wrong_parameters_are_refused(worlds, tmp_path):
    with pytest.raises(train.TrainingRefused, match="at least 1"):
        run(worlds("text_classification"), tmp_path, parameters={"epochs": 0})


@pytest.mark.parametrize(
    ("recipe", "problem"), [("image_mobilenet", "image_classification"), ("text_minilm", "text_classification")]
)
def test_missing_weights_are_named_with_what_to_do(worlds, tmp_path, recipe, problem):
    with pytest.raises(train.TrainingRefused, match="packages weights"):
        run(worlds(problem), tmp_path, recipe, problem, weights_dir=str(tmp_path))


def test_an_encoder_folder_without_a_model_is_refused(worlds, tmp_path):
    (tmp_path / "empty").mkdir()

    with pytest.raises(train.TrainingRefused, match="cannot be loaded"):
        run(
            worlds("text_classification"),
            tmp_path,
            "text_minilm",
            parameters={"weights": str(tmp_path / "empty")},
        )


def test_validation_is_carved_by_group_and_the_same_each_time(tmp_path):
    items = make_texts(60)
    groups = [f"g{i // 3}" for i in range(60)]
    dataset = write_dataset(tmp_path, items, ("glad", "sad"), splits=["train"] * 60, groups=groups)
    problem, lines = get_problem_type("text_classification"), []

    first = load_examples(dataset, problem, 3, lambda message, level: lines.append(message))
    again = load_examples(dataset, problem, 3, lambda message, level: None)

    by_text = {text: group for (text, _), group in zip(items, groups, strict=True)}
    assert first.validation.items == again.validation.items
    assert 5 <= len(first.validation) <= 15
    assert not {by_text[t] for t in first.train.items} & {by_text[t] for t in first.validation.items}
    assert any("set aside for validation" in line for line in lines)


def test_a_class_with_one_item_stays_in_training(tmp_path):
    items = [*make_texts(40), ("a single odd one", "odd")]
    dataset = write_dataset(tmp_path, items, ("glad", "sad", "odd", "unused"), splits=["train"] * 41)

    result, report = run(dataset, tmp_path, parameters={"epochs": 1})

    warnings = [message for level, message in report.lines if level == "warning"]
    assert any("Only one training item for odd" in message for message in warnings)
    assert any("No training items for unused" in message for message in warnings)
    assert result.metrics["accuracy"] > 0


def test_unreadable_images_are_left_out_with_a_warning(tmp_path):
    items = make_images(60)
    items[0] = (b"no image at all", "across")
    items[8] = (items[8][0][:60], items[8][1])
    dataset = write_dataset(tmp_path, items, ("across", "down"))

    _, report = run(dataset, tmp_path, "image_cnn", "image_classification", parameters={"epochs": 1})

    assert sum("Left out the image" in message for _, message in report.lines) == 2


def test_missing_blobs_are_left_out(tmp_path):
    dataset = write_dataset(tmp_path, make_images(60), ("across", "down"))
    next(p for p in Path(dataset.blob_dir).rglob("*") if p.is_file()).unlink()

    _, report = run(dataset, tmp_path, "baseline", "image_classification")

    assert any("1 empty or unreadable items" in message for _, message in report.lines)


def test_files_that_changed_since_they_were_stored_are_left_out(tmp_path):
    dataset = write_dataset(tmp_path, make_images(60), ("across", "down"))
    first, second, *_ = (path for path in sorted(Path(dataset.blob_dir).rglob("*")) if path.is_file())
    first.write_bytes(second.read_bytes())  # a picture that can be read, but not the one that was labeled

    _, report = run(dataset, tmp_path, "image_cnn", "image_classification", parameters={"epochs": 1})

    lines = [message for level, message in report.lines if level == "warning" and "changed since" in message]
    assert len(lines) == 1 and first.name[:12] in lines[0]


def test_stopping_while_data_are_read_cancels(worlds, tmp_path):
    spec = build_spec("image_cnn", "image_classification", worlds("image_classification"))

    with pytest.raises(Canceled):
        train.run(spec, workdir=tmp_path, report=MemoryReport(), should_stop=lambda: True)


def test_columns_are_understood(tmp_path):
    rows = [
        {
            "price": f"{i}.5" if i % 9 else "n/a",
            "age": i,
            "kind": "ab"[i % 2],
            "day": f"{i % 28 + 1:02d}.03.2024",
            "id": f"x{i}",
            "flag": bool(i % 2),
            "same": 1,
        }
        for i in range(100)
    ]
    dataset = write_dataset(tmp_path, [(row, str(i)) for i, row in enumerate(rows)])
    lines: list[str] = []
    examples = load_examples(dataset, get_problem_type("tabular_regression"), 0, lambda m, level: None)

    features = {f["name"]: f for f in fit_features(examples, "indexed", lambda m, level: lines.append(m))}

    assert set(features) == {"price", "age", "kind", "day", "flag"}
    assert features["price"]["kind"] == "number" and features["price"]["fill"] is None
    assert features["age"]["fill"] == pytest.approx(np.median([i for i in range(100) if i % 5 < 3]))
    assert features["day"]["kind"] == "date" and features["day"]["format"] == "%d.%m.%Y"
    assert features["flag"]["categories"] == ["false", "true"] or features["flag"]["categories"] == ["true", "false"]
    assert "id" in lines[0] and "same" in lines[0]


def test_ordered_categories_rise_with_the_target(tmp_path):
    means = {"low": 1, "mid": 5, "top": 9}
    rows = [({"c": name, "x": i}, str(means[name] + i % 2)) for i in range(90) for name in means]
    examples = load_examples(
        write_dataset(tmp_path, rows), get_problem_type("tabular_regression"), 0, lambda m, level: None
    )

    feature = next(f for f in fit_features(examples, "ordered", lambda m, level: None) if f["name"] == "c")

    assert feature["categories"] == ["low", "mid", "top"]
    assert 0 < feature["other_code"] < 2


def test_an_export_that_differs_fails(trained, worlds):
    class Liar:
        interface = None
        examples = load_examples(
            worlds("text_classification"), get_problem_type("text_classification"), 1, lambda m, level: None
        )
        tolerance = 1e-4

        @staticmethod
        def run_original(arrays):
            return {"probabilities": np.full((len(arrays["input_ids"]), 2), 0.25, dtype=np.float32)}

    from workers.engines.artifact import Predictor

    predictor = Predictor.load(trained("text_fast", "text_classification")[0].artifact_dir)

    with pytest.raises(train.ExportFailed, match="differs"):
        check_parity(Liar, predictor, predictor.prepare(["a", "b"]))
