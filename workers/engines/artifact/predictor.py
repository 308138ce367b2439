"""A trained artifact, ready to answer: items in, plain JSON out, or raw tensors for the Open Inference Protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from lifecycle.contracts.manifest import Manifest, TensorSpec
from workers.engines.artifact.errors import BadArtifact, BadInput
from workers.engines.artifact.operations import compile_answers, compile_decoder, compile_encoder

Item = Mapping[str, Any] | bytes | str
Prediction = dict[str, Any]  # {"label", "confidence", "probabilities"} or {"value"}

BATCH = 64  # items a graph run of `predict`, so that memory stays flat however many are asked
DTYPES = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "INT8": np.int8,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
}


class Predictor:
    """One artifact folder: its manifest, its processing and its ONNX session. Threads may share it."""

    def __init__(self, manifest: Manifest, folder: Path, session: ort.InferenceSession):
        self.manifest = manifest
        self._session = session
        self._output_names = [spec.name for spec in manifest.outputs]
        self._inputs = {spec.name: spec for spec in manifest.inputs}
        self._decode, self._describe = compile_decoder(manifest)
        self._encode = compile_encoder(manifest, folder)
        self._answer = compile_answers(manifest)

    @classmethod
    def load(cls, artifact_dir: str | Path, *, threads: int = 1) -> Predictor:
        """Open the artifact in `artifact_dir`; raises BadArtifact when it is incomplete or damaged."""
        folder = Path(artifact_dir)
        manifest = load_manifest(folder)
        try:
            session = ort.InferenceSession(
                str(folder / "model.onnx"), _build_options(threads), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises its own classes, and RuntimeError
            raise BadArtifact(f"The ONNX file cannot be loaded: {error}") from error
        _check_graph(manifest, session)
        return cls(manifest, folder, session)

    def prepare(self, items: Sequence[Item]) -> dict[str, np.ndarray]:
        """The graph's inputs for these items; raises BadInput, naming the item when there are several."""
        return self._encode(self.decode(items))

    def predict(self, items: Sequence[Item]) -> list[Prediction]:
        """One answer an item, in order; raises BadInput."""
        return self.predict_decoded(self.decode(items))

    def predict_and_describe(self, items: Sequence[Item]) -> tuple[list[Prediction], list[dict[str, Any]]]:
        """`predict` and `describe` with each item decoded once."""
        decoded = self.decode(items)
        return self.predict_decoded(decoded), [self._describe(item) for item in decoded]

    def describe(self, item: Item) -> dict[str, Any]:
        """The numbers and categories monitoring compares with `manifest.reference["inputs"]`; raises BadInput."""
        return self._describe(self._decode(item))

    def describe_decoded(self, decoded: Any) -> dict[str, Any]:
        """`describe` of one value that `decode` returned."""
        return self._describe(decoded)

    def decode(self, items: Sequence[Item]) -> list[Any]:
        """Items as checked, decoded values for `predict_decoded`; raises BadInput."""
        decoded = []
        for position, item in enumerate(items):
            try:
                decoded.append(self._decode(item))
            except BadInput as error:
                raise error if len(items) == 1 else BadInput(f"Item {position + 1}: {error}") from error
        return decoded

    def encode_decoded(self, decoded: Sequence[Any]) -> dict[str, np.ndarray]:
        """The graph's inputs for what `decode` returned."""
        return self._encode(decoded)

    def predict_decoded(self, decoded: Sequence[Any]) -> list[Prediction]:
        """Answers for what `decode` returned."""
        answers: list[Prediction] = []
        for start in range(0, len(decoded), BATCH):
            answers += self._answer(self.infer(self._encode(decoded[start : start + BATCH])))
        return answers

    def infer(self, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run the graph on tensors of the manifest's names, datatypes and shapes; raises BadInput."""
        self._check_tensors(tensors)
        try:
            outputs = self._session.run(self._output_names, dict(tensors))
        except Exception as error:  # e.g. an index outside an embedding; onnxruntime has no common base class
            raise BadInput(f"The model cannot run on these tensors: {str(error).splitlines()[0][:300]}") from error
        return dict(zip(self._output_names, outputs, strict=True))

    def _check_tensors(self, tensors: Mapping[str, np.ndarray]) -> None:
        if tensors.keys() != self._inputs.keys():
            wanted, given = ", ".join(sorted(self._inputs)), ", ".join(sorted(tensors)) or "none"
            raise BadInput(f"The model takes the tensors {wanted}; given were {given}.")
        batches = set()
        for name, array in tensors.items():
            _check_tensor(self._inputs[name], array)
            batches.add(array.shape[0])
        if len(batches) != 1 or 0 in batches:
            raise BadInput("All tensors must have the same first dimension, at least 1.")


def load_manifest(folder: Path) -> Manifest:
    """The manifest of an artifact folder; raises BadArtifact when it or a file it names is missing or wrong."""
    try:
        manifest = Manifest.from_json((folder / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadArtifact("The artifact has no manifest.json.") from None
    except (ValueError, TypeError, KeyError) as error:
        raise BadArtifact(f"The artifact's manifest cannot be read: {error}") from error
    for name in manifest.files:
        if name != Path(name).name or name in {"", ".", ".."}:
            raise BadArtifact(f"The manifest names a file outside the artifact: {name!r}.")
        if not (folder / name).is_file():
            raise BadArtifact(f"The artifact lacks the file {name}.")
    for operation in manifest.preprocess:
        if operation.get("file") is not None and operation["file"] not in manifest.files:
            raise BadArtifact(f"The operation {operation.get('op')} reads a file that the manifest does not list.")
    return manifest


def _build_options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _check_graph(manifest: Manifest, session: ort.InferenceSession) -> None:
    inputs = {i.name for i in session.get_inputs()}
    outputs = {o.name for o in session.get_outputs()}
    if inputs != {s.name for s in manifest.inputs} or not {s.name for s in manifest.outputs} <= outputs:
        raise BadArtifact("The manifest's inputs or outputs are not those of the ONNX file.")


def _check_tensor(spec: TensorSpec, array: np.ndarray) -> None:
    if array.dtype != DTYPES[spec.datatype]:
        raise BadInput(f"The tensor {spec.name} must have the datatype {spec.datatype}, not {array.dtype}.")
    fits = len(array.shape) == len(spec.shape) and all(
        want in (-1, have) for want, have in zip(spec.shape, array.shape, strict=True)
    )
    if not fits:
        raise BadInput(f"The tensor {spec.name} must have the shape {list(spec.shape)}, not {list(array.shape)}.")
