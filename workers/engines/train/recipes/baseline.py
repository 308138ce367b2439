"""The answer that needs no model: class frequencies, or the mean, as a constant ONNX graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from lifecycle.contracts.manifest import TensorSpec
from lifecycle.contracts.problems import ItemKind
from workers.engines.train.context import Fitted, Interface, TrainContext, describe_outputs
from workers.engines.train.data import Examples
from workers.engines.train.errors import TrainingRefused
from workers.engines.train.export import OPSET
from workers.engines.train.features import fit_features

KEY = "baseline"
INPUT = "item"


def fit(context: TrainContext) -> Fitted:
    """Count the training labels; nothing else is learned."""
    examples = context.examples
    answer = compute_answer(examples)
    outputs, postprocess = describe_outputs(examples)
    name = outputs[0].name
    repeated = np.repeat(answer, len(examples.validation), axis=0)
    context.report.metrics(1, {"validation/loss": _compute_loss(examples, repeated)})
    return Fitted(
        interface=Interface(
            inputs=(TensorSpec(INPUT, "FP32", (-1, 1)),),
            outputs=outputs,
            preprocess=({"op": "ignore_item", "name": INPUT},),
            postprocess=postprocess,
            features=describe_columns(context),
        ),
        examples=examples,
        write_graph=lambda path, arrays: write_constant_graph(answer, name, path),
        run_original=lambda arrays: {name: np.repeat(answer, len(arrays[INPUT]), axis=0)},
        validation_outputs=repeated if examples.classes else repeated[:, 0],
        steps=1,
        epochs=1,
        stopped="completed",
    )


def describe_columns(context: TrainContext) -> tuple[dict[str, Any], ...]:
    """The columns of rows, so that live traffic can be compared even behind a baseline."""
    if context.examples.item_kind is not ItemKind.ROW:
        return ()
    try:
        return fit_features(context.examples, "ordered", context.log)
    except TrainingRefused:
        return ()  # no usable column: the baseline does not need one


def compute_answer(examples: Examples) -> np.ndarray:
    """The one answer, float32 [1, classes] (shares of the training labels) or [1, 1] (their mean)."""
    if not examples.classes:
        return np.array([[examples.train.targets.mean()]], dtype=np.float32)
    counts = np.bincount(examples.train.targets, minlength=len(examples.classes))
    return (counts / counts.sum()).astype(np.float32)[None]


def _compute_loss(examples: Examples, outputs: np.ndarray) -> float:
    targets = examples.validation.targets
    if not examples.classes:
        return float(np.mean((outputs[:, 0] - targets) ** 2))
    return float(-np.log(np.clip(outputs[np.arange(len(targets)), targets], 1e-7, 1.0)).mean())


def write_constant_graph(answer: np.ndarray, name: str, path: Path) -> None:
    """An ONNX file that repeats `answer` for each row of its input."""
    graph = helper.make_graph(
        [
            helper.make_node("Shape", [INPUT], ["rows"], start=0, end=1),
            helper.make_node("Concat", ["rows", "one"], ["shape"], axis=0),
            helper.make_node("Expand", ["answer", "shape"], [name]),
        ],
        "baseline",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", 1])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", answer.shape[1]])],
        [numpy_helper.from_array(answer, "answer"), numpy_helper.from_array(np.array([1], dtype=np.int64), "one")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
