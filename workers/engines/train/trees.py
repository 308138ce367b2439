"""LightGBM models as ONNX graphs that answer float32 inputs exactly as LightGBM does."""

from __future__ import annotations

import re
from pathlib import Path

import lightgbm as lgb
import numpy as np
import onnx
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

OPSET = 15


def fit_thresholds_to_float32(booster: lgb.Booster, rounds: int) -> lgb.Booster:
    """The first `rounds` rounds, thresholds rounded down to float32.

    ONNX compares in float32. For a float32 x and a double t, x ≤ t exactly when x ≤ the largest float32 not above t:
    the rounded model answers every float32 input as before, and its thresholds survive the conversion unchanged.
    """
    text = booster.model_to_string(num_iteration=rounds)
    text = re.sub(r"(?m)^tree_sizes=.*\n", "", text)  # byte offsets, which rounding shifts; LightGBM reads on without
    return lgb.Booster(model_str=re.sub(r"(?m)^threshold=(.*)$", _round_line, text))


def _round_line(match: re.Match[str]) -> str:
    doubles = np.array([float(value) for value in match.group(1).split()], dtype=np.float64)
    with np.errstate(over="ignore"):
        floats = doubles.astype(np.float32)
    floats = np.where(floats.astype(np.float64) > doubles, np.nextafter(floats, np.float32(-np.inf)), floats)
    floats = np.clip(floats, np.finfo(np.float32).min, np.finfo(np.float32).max)
    return "threshold=" + " ".join(repr(float(value)) for value in floats)


def build_tree_graph(booster: lgb.Booster, columns: int, input_name: str, output_name: str, path: Path) -> None:
    """Write the ONNX file: float32 [n, columns] → probabilities [n, classes] or values [n, 1], under `output_name`."""
    model = convert_lightgbm(
        booster,
        initial_types=[(input_name, FloatTensorType([None, columns]))],
        zipmap=False,
        target_opset=OPSET,
    )
    kept = next(o for o in model.graph.output if o.name in ("probabilities", "variable"))
    _rename(model.graph, kept.name, output_name)
    del model.graph.output[:]
    model.graph.output.append(kept)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _rename(graph: onnx.GraphProto, before: str, after: str) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == before:
                    names[i] = after
    for value in (*graph.output, *graph.value_info):
        if value.name == before:
            value.name = after
