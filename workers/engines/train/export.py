"""From a trained model to an artifact folder: ONNX file, parity check, reference distributions, manifest."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from lifecycle.contracts.manifest import Manifest
from workers.engines.artifact import BadInput, Predictor
from workers.engines.artifact.histograms import UNIT_EDGES, build_histogram, build_label_histogram
from workers.engines.artifact.operations import compile_decoder, compile_encoder
from workers.engines.train.context import Arrays, Fitted, TrainContext
from workers.engines.train.environment import list_libraries
from workers.engines.train.errors import ExportFailed

OPSET = 18
PARITY_ITEMS = 64
REFERENCE_ITEMS = 2000


def export_graph(
    graph: nn.Module,
    arrays: Arrays,
    output_names: Sequence[str],
    dynamic: Mapping[str, Mapping[int, str]],
    path: Path,
) -> None:
    """Write `graph` as one ONNX file; the first dimension of every input, and those in `dynamic`, stay free."""
    names = list(arrays)
    axes = {name: {0: "batch", **dynamic.get(name, {})} for name in names} | {
        name: {0: "batch"} for name in output_names
    }
    example = tuple(torch.from_numpy(np.repeat(a, 2, axis=0)[:8] if len(a) < 2 else a[:8]) for a in arrays.values())
    # The older exporter: a tenth of the time, most of which the newer one takes to be imported in every new process.
    # It follows one example through the graph; that nothing of the example stayed in it, `check_parity` proves.
    export: Callable[..., Any] = torch.onnx.export
    with warnings.catch_warnings(), _quiet_exporter(), torch.inference_mode(False), torch.no_grad():
        warnings.simplefilter("ignore")
        export(
            graph,
            example,
            str(path),
            dynamo=False,
            input_names=names,
            output_names=list(output_names),
            dynamic_axes=axes,
            opset_version=OPSET,
        )


class _quiet_exporter:
    """Hold back the exporter's advice about optional packages for the length of an export."""

    def __enter__(self) -> None:
        self._before = logging.root.manager.disable
        logging.disable(logging.WARNING)

    def __exit__(self, *error: object) -> None:
        logging.disable(self._before)


@torch.inference_mode()
def run_graph(graph: nn.Module, arrays: Arrays, output_names: Sequence[str]) -> Arrays:
    """What torch itself answers to the artifact's inputs."""
    outputs = graph(*(torch.from_numpy(a) for a in arrays.values()))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    return {name: value.float().numpy() for name, value in zip(output_names, outputs, strict=True)}


def build_artifact(fitted: Fitted, context: TrainContext) -> Path:
    """Write the artifact folder and prove that it answers as the trained model does; raises ExportFailed."""
    folder = context.artifact_dir
    folder.mkdir(parents=True, exist_ok=True)
    manifest = _build_manifest(fitted, context)
    arrays = compile_encoder(manifest, folder)(_decode_some(manifest, fitted.examples.validation.items, PARITY_ITEMS))
    fitted.write_graph(folder / "model.onnx", arrays)
    _write_manifest(folder, manifest, {})
    parity = check_parity(fitted, Predictor.load(folder), arrays)
    reference = build_reference(fitted, manifest, context.spec.seed)
    _write_manifest(folder, manifest, {"parity": parity, "reference": reference})
    context.log(f"Exported; ONNX and training agree within {parity['max_abs_difference']:.1e}.")
    return folder


def _build_manifest(fitted: Fitted, context: TrainContext) -> Manifest:
    interface = fitted.interface
    return Manifest(
        problem_type=context.problem.key,
        recipe=context.spec.recipe,
        item_kind=str(fitted.examples.item_kind),
        classes=fitted.examples.classes,
        inputs=interface.inputs,
        outputs=interface.outputs,
        preprocess=interface.preprocess,
        postprocess=interface.postprocess,
        files=("model.onnx", *interface.files),
        features=interface.features,
        libraries=list_libraries(),
    )


def _write_manifest(folder: Path, manifest: Manifest, more: Mapping[str, Any]) -> None:
    complete = Manifest(**{**{name: getattr(manifest, name) for name in manifest.__dataclass_fields__}, **more})
    (folder / "manifest.json").write_text(complete.to_json(), encoding="utf-8")


def check_parity(fitted: Fitted, predictor: Predictor, arrays: Arrays) -> dict[str, float]:
    """Largest difference between ONNX and framework outputs on real items; raises ExportFailed beyond tolerance.

    Probabilities are compared as they are, values in units of the training target's standard deviation. The batch and
    its first item alone are both compared, so that a frozen batch dimension cannot pass.
    """
    scale = 1.0 if fitted.examples.classes else max(float(fitted.examples.train.targets.std()), 1e-12)
    worst = 0.0
    for part in (arrays, {name: array[:1] for name, array in arrays.items()}):
        expected, given = fitted.run_original(part), predictor.infer(part)
        for name, values in expected.items():
            if values.shape != given[name].shape:
                raise ExportFailed(f"The exported {name} has the shape {given[name].shape}, not {values.shape}.")
            worst = max(worst, float(np.abs(values - given[name]).max()) / scale)
    if not worst <= fitted.tolerance:  # NaN fails too
        raise ExportFailed(f"The ONNX file differs from the trained model by {worst:.1e} (at most {fitted.tolerance}).")
    return {"tolerance": fitted.tolerance, "max_abs_difference": worst}


def _decode_some(manifest: Manifest, items: Sequence[Any], limit: int) -> list[Any]:
    decode, _ = compile_decoder(manifest)
    decoded = []
    for item in items[:limit]:
        try:
            decoded.append(decode(item.read_bytes() if isinstance(item, Path) else item))
        except BadInput:
            continue  # rows without any known column: predicted as nothing, compared with nothing
    if not decoded:
        raise ExportFailed("No validation item can be read by the exported model.")
    return decoded


def build_reference(fitted: Fitted, manifest: Manifest, seed: int) -> dict[str, Any]:
    """Distributions of inputs over (at most 2,000) training items and of outputs over validation items."""
    items = fitted.examples.train.items
    if len(items) > REFERENCE_ITEMS:
        chosen = np.random.default_rng(seed).choice(len(items), REFERENCE_ITEMS, replace=False)
        items = [items[i] for i in sorted(chosen)]
    _, describe = compile_decoder(manifest)
    described = [describe(item) for item in _decode_some(manifest, items, REFERENCE_ITEMS)]
    names = described[0].keys()
    inputs = {name: build_histogram([d[name] for d in described]) for name in names}
    return {"inputs": inputs, "outputs": _describe_outputs(fitted)}


def _describe_outputs(fitted: Fitted) -> dict[str, Any]:
    outputs, classes = fitted.validation_outputs, fitted.examples.classes
    if not classes:
        return {"value": build_histogram([float(v) for v in outputs])}
    labels = [classes[i] for i in outputs.argmax(axis=1)]
    confidence = [float(v) for v in outputs.max(axis=1)]
    return {
        "label": build_label_histogram(labels, classes),
        "confidence": build_histogram(confidence, edges=UNIT_EDGES),
    }
