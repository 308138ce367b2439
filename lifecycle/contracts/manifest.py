"""The JSON manifest that travels with every ONNX file: all that is needed to serve it, and nothing to execute."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

FORMAT = 1


@dataclass(frozen=True)
class TensorSpec:
    """One graph input or output, in Open Inference Protocol terms; -1 is a free dimension."""

    name: str
    datatype: str  # FP32, INT64, BYTES …
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Manifest:
    """One trained artifact. `preprocess`/`postprocess` are lists of ``{"op": name, …parameters}`` that
    `workers.engines.artifact` knows how to run; `reference` holds what monitoring compares live traffic with."""

    problem_type: str
    recipe: str
    item_kind: str
    classes: tuple[str, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    preprocess: tuple[dict[str, Any], ...]
    postprocess: tuple[dict[str, Any], ...]
    files: tuple[str, ...] = ("model.onnx",)  # every file of the artifact besides manifest.json
    features: tuple[dict[str, Any], ...] = ()  # rows only: {"name", "kind": number|category|date, "categories"}
    parity: dict[str, float] = field(default_factory=dict)  # tolerance, max_abs_difference
    reference: dict[str, Any] = field(default_factory=dict)  # see contracts.reference
    libraries: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Raises ValueError for a manifest of another format."""
        raw = json.loads(text)
        found = raw.get("format") if isinstance(raw, dict) else None
        if found != FORMAT:
            raise ValueError(f"manifest format {found!r} is not {FORMAT}")
        for key in ("inputs", "outputs"):
            raw[key] = tuple(TensorSpec(t["name"], t["datatype"], tuple(t["shape"])) for t in raw[key])
        for key in ("classes", "preprocess", "postprocess", "files", "features"):
            raw[key] = tuple(raw[key])
        return cls(**raw)
