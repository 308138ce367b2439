"""A model trained here as an encoder: what its last layer sees or, where there is none to see, its probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper

from workers.engines.artifact import BadArtifact, BadInput, Predictor
from workers.engines.embed.encoded import Encoded
from workers.engines.embed.errors import EncoderRefused
from workers.engines.embed.graphs import open_session
from workers.engines.embed.vectors import finish_vectors

THREADS = 2
SMALLEST_LAYER = 4  # numbers a layer must have to say more than the probabilities


def load_model_encoder(artifact_dir: str) -> ModelEncoder:
    """The encoder inside an artifact folder; raises EncoderRefused."""
    try:
        predictor = Predictor.load(artifact_dir, threads=THREADS)
    except BadArtifact as error:
        raise EncoderRefused(f"The model cannot be opened: {error}") from error
    return ModelEncoder(predictor, Path(artifact_dir))


class ModelEncoder:
    """Vectors and, beside them, the label and confidence the model gives each item."""

    def __init__(self, predictor: Predictor, folder: Path):
        self._predictor = predictor
        self._layer = find_last_layer(folder / "model.onnx", [spec.name for spec in predictor.manifest.outputs])
        self._session = _open_at(folder / "model.onnx", self._layer) if self._layer else None
        self.state: dict[str, Any] = {"layer": self._layer or "probabilities"}

    def encode(self, values: Sequence[Any]) -> Encoded:
        problems, kept, decoded = {}, [], []
        for place, value in enumerate(values):
            try:
                content = value.read_bytes() if isinstance(value, Path) else value
                decoded += self._predictor.decode([content])
                kept.append(place)
            except FileNotFoundError:
                problems[place] = "The image file is missing."
            except BadInput as error:
                problems[place] = str(error)
        answers = self._predictor.predict_decoded(decoded)
        found = self._see(decoded, answers) if kept else np.zeros((0, 1), dtype=np.float32)
        vectors = np.zeros((len(values), found.shape[1]), dtype=np.float32)
        vectors[kept] = found
        labels: list[str | None] = [None] * len(values)
        confidences = [float("nan")] * len(values)
        for place, answer in zip(kept, answers, strict=True):
            labels[place] = answer["label"] if "label" in answer else f"{answer['value']:.6g}"
            confidences[place] = answer.get("confidence", float("nan"))
        return Encoded(vectors, problems, labels, confidences)

    def _see(self, decoded: Sequence[Any], answers: Sequence[dict[str, Any]]) -> np.ndarray:
        if self._session is None:
            return finish_vectors(_read_answers(answers), is_direction=False)
        raw = self._session.run([self._layer], self._predictor.encode_decoded(decoded))[0]
        return finish_vectors(raw.reshape(len(decoded), -1), is_direction=True)


def _read_answers(answers: Sequence[dict[str, Any]]) -> np.ndarray:
    """Square roots of the probabilities, so that distances are Hellinger's; or the predicted numbers."""
    if "value" in answers[0]:
        return np.array([[answer["value"]] for answer in answers], dtype=np.float32)
    return np.sqrt(np.array([list(answer["probabilities"].values()) for answer in answers], dtype=np.float32))


def find_last_layer(path: Path, outputs: Sequence[str]) -> str | None:
    """The tensor that the last matrix product before the outputs reads; None for trees and other graphs without one."""
    graph = onnx.load(str(path)).graph
    makers = {name: node for node in graph.node for name in node.output}
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in graph.value_info}
    sizes = {init.name: list(init.dims) for init in graph.initializer}
    seen, waiting = set(), [name for name in outputs if name in makers]
    while waiting:
        node = makers.get(waiting.pop(0))
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if node.op_type in ("Gemm", "MatMul") and max(sizes.get(node.input[1], [0])) >= SMALLEST_LAYER:
            return node.input[0] if node.input[0] in makers and len(shapes.get(node.input[0], [0, 0])) == 2 else None
        waiting += [name for name in node.input if name in makers]
    return None


def _open_at(path: Path, tensor: str) -> Any:
    """A session on the graph cut off at this tensor."""
    model = onnx.load(str(path))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None))
    return open_session(model.SerializeToString(), THREADS)
