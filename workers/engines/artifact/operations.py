"""The operations a manifest may name: what turns items into graph inputs, and graph outputs into predictions.

Each kind of item is decoded once into what both its tensors and its description are made from. A new operation is a
new entry in the tables below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from lifecycle.contracts.manifest import Manifest
from workers.engines.artifact.errors import BadArtifact
from workers.engines.artifact.images import decode_image, describe_image, to_array
from workers.engines.artifact.rows import check_row, describe_row, encode_rows
from workers.engines.artifact.texts import check_text, describe_text, encode_texts

Arrays = dict[str, np.ndarray]
Decode = Callable[[object], Any]
Describe = Callable[[Any], dict[str, Any]]
Encode = Callable[[Sequence[Any]], Arrays]
Answer = dict[str, Any]


def compile_decoder(manifest: Manifest) -> tuple[Decode, Describe]:
    """Two functions: one item as sent → decoded (raises BadInput), and decoded → the numbers monitoring compares."""
    if manifest.item_kind == "image":
        sizes = [op["size"] for op in manifest.preprocess if op["op"] == "image_to_tensor"]
        target = (int(sizes[0][0]), int(sizes[0][1])) if sizes else None
        return (lambda item: decode_image(item, target=target)), describe_image
    if manifest.item_kind == "text":
        return check_text, describe_text
    if manifest.item_kind == "row":
        features = manifest.features
        return (lambda item: check_row(item, features)), (lambda row: describe_row(row, features))
    raise BadArtifact(f"This version cannot serve items of the kind {manifest.item_kind!r}.")


def compile_encoder(manifest: Manifest, folder: Path) -> Encode:
    """The manifest's `preprocess` as one function of decoded items; raises BadArtifact for an unknown operation."""
    builders = [_find(ENCODERS, op)(op, manifest, folder) for op in manifest.preprocess]

    def encode(decoded: Sequence[Any]) -> Arrays:
        arrays: Arrays = {}
        for build in builders:
            arrays.update(build(decoded))
        return arrays

    return encode


def compile_answers(manifest: Manifest) -> Callable[[Mapping[str, np.ndarray]], list[Answer]]:
    """The manifest's `postprocess` as one function of the graph's outputs."""
    if len(manifest.postprocess) != 1:
        raise BadArtifact("The manifest must name exactly one postprocess operation.")
    operation = manifest.postprocess[0]
    return _find(ANSWERS, operation)(operation, manifest)


def _find(table: Mapping[str, Any], operation: Mapping[str, Any]) -> Any:
    if operation.get("op") not in table:
        raise BadArtifact(f"This version does not know the operation {operation.get('op')!r} of the artifact.")
    return table[operation["op"]]


def _build_image_to_tensor(operation: Mapping[str, Any], manifest: Manifest, folder: Path) -> Encode:
    def encode(decoded: Sequence[Any]) -> Arrays:
        pixels = np.stack([to_array(image.pixels, operation) for image in decoded])  # uint8 [n, c, h, w]
        return {operation["name"]: pixels.astype(np.float32) / np.float32(255)}

    return encode


def _build_tokenize(operation: Mapping[str, Any], manifest: Manifest, folder: Path) -> Encode:
    tokenizer = load_tokenizer(folder / operation["file"])
    return lambda texts: encode_texts(tokenizer, texts, operation)


def load_tokenizer(path: Path) -> Tokenizer:
    """A Hugging Face tokenizer from its JSON file, its own padding and truncation switched off."""
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the Rust side raises bare Exception
        raise BadArtifact(f"The tokenizer file {path.name} cannot be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _build_encode_row(operation: Mapping[str, Any], manifest: Manifest, folder: Path) -> Encode:
    return lambda rows: {operation["name"]: encode_rows(rows, manifest.features)}


def _build_ignore_item(operation: Mapping[str, Any], manifest: Manifest, folder: Path) -> Encode:
    return lambda decoded: {operation["name"]: np.zeros((len(decoded), 1), dtype=np.float32)}


def _build_classify(operation: Mapping[str, Any], manifest: Manifest) -> Callable[..., list[Answer]]:
    classes = manifest.classes

    def answer(outputs: Mapping[str, np.ndarray]) -> list[Answer]:
        table = outputs[operation["output"]]
        best = table.argmax(axis=1)
        return [
            {"label": classes[k], "confidence": row[k], "probabilities": dict(zip(classes, row, strict=True))}
            for k, row in zip(best.tolist(), table.tolist(), strict=True)
        ]

    return answer


def _build_number(operation: Mapping[str, Any], manifest: Manifest) -> Callable[..., list[Answer]]:
    return lambda outputs: [{"value": value} for value in outputs[operation["output"]].reshape(-1).tolist()]


ENCODERS = {
    "image_to_tensor": _build_image_to_tensor,
    "tokenize": _build_tokenize,
    "encode_row": _build_encode_row,
    "ignore_item": _build_ignore_item,
}
ANSWERS = {"classify": _build_classify, "number": _build_number}
