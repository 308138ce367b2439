"""Small artifacts made straight with onnx, no training: enough to serve, check and measure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from lifecycle.contracts.manifest import Manifest, TensorSpec

CLASSES = ("cat", "dog", "owl")


def build_row_artifact(folder: Path, *, columns: int = 4, winner: int = 0, layers: tuple[int, ...] = (8,)) -> Manifest:
    """A softmax classifier of rows x0…xn that leans to the class `winner`."""
    widths = (columns, *layers, len(CLASSES))
    nodes, weights = _build_layers(widths, winner)
    features = tuple({"name": f"x{i}", "kind": "number", "fill": 0.0} for i in range(columns))
    manifest = Manifest(
        problem_type="tabular_classification",
        recipe="tabular_mlp",
        item_kind="row",
        classes=CLASSES,
        inputs=(TensorSpec("features", "FP32", (-1, columns)),),
        outputs=(TensorSpec("probabilities", "FP32", (-1, len(CLASSES))),),
        preprocess=({"op": "encode_row", "name": "features"},),
        postprocess=({"op": "classify", "output": "probabilities"},),
        features=features,
        reference={"inputs": {}, "outputs": {}},
    )
    _write(folder, nodes, weights, manifest)
    return manifest


def build_image_artifact(folder: Path, *, side: int = 8, winner: int = 0) -> Manifest:
    """A softmax classifier of grey images."""
    nodes, weights = _build_layers((side * side, len(CLASSES)), winner)
    flatten = helper.make_node("Flatten", ["image"], ["features"], axis=1)
    manifest = Manifest(
        problem_type="image_classification",
        recipe="image_cnn",
        item_kind="image",
        classes=CLASSES,
        inputs=(TensorSpec("image", "FP32", (-1, 1, side, side)),),
        outputs=(TensorSpec("probabilities", "FP32", (-1, len(CLASSES))),),
        preprocess=({"op": "image_to_tensor", "name": "image", "size": [side, side], "channels": 1},),
        postprocess=({"op": "classify", "output": "probabilities"},),
    )
    _write(folder, [flatten, *nodes], weights, manifest)
    return manifest


def _build_layers(widths: tuple[int, ...], winner: int) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    random = np.random.default_rng(7)
    nodes, weights, source = [], [], "features"
    for n, (wide, narrow) in enumerate(zip(widths, widths[1:], strict=False)):
        is_last = n == len(widths) - 2
        bias = np.zeros(narrow, np.float32)
        if is_last:
            bias[winner] = 3.0
        weights.append(numpy_helper.from_array(random.normal(0, 0.1, (wide, narrow)).astype(np.float32), f"w{n}"))
        weights.append(numpy_helper.from_array(bias, f"b{n}"))
        nodes.append(helper.make_node("Gemm", [source, f"w{n}", f"b{n}"], [f"z{n}"]))
        source = f"a{n}"
        target = "probabilities" if is_last else source
        nodes.append(helper.make_node("Softmax" if is_last else "Relu", [f"z{n}"], [target]))
    return nodes, weights


def _write(folder: Path, nodes: list[Any], weights: list[Any], manifest: Manifest) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    spec, out = manifest.inputs[0], manifest.outputs[0]
    graph = helper.make_graph(
        nodes,
        "model",
        [helper.make_tensor_value_info(spec.name, TensorProto.FLOAT, ["n", *spec.shape[1:]])],
        [helper.make_tensor_value_info(out.name, TensorProto.FLOAT, ["n", *out.shape[1:]])],
        initializer=weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, folder / "model.onnx")
    (folder / "manifest.json").write_text(manifest.to_json())


def store_artifact(folder: Path, blobs: Any) -> tuple[dict[str, str], str, int]:
    """({file: blob}, content hash, bytes) of an artifact folder, put into a blob store."""
    files = {path.name: blobs.put_file(path) for path in sorted(folder.iterdir())}
    size = sum(path.stat().st_size for path in folder.iterdir())
    return files, hash_files(files), size


def hash_files(files: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()
