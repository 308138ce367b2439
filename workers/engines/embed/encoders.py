"""The encoders: each turns a batch of items into vectors, and says which items it could not read and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from lifecycle.contracts.embeddings import EncoderKind, EncoderSpec
from workers.engines.artifact.errors import BadInput
from workers.engines.artifact.images import decode_image, to_array
from workers.engines.artifact.operations import load_tokenizer
from workers.engines.artifact.texts import check_text, encode_texts
from workers.engines.embed.columns import encode_columns, fit_columns
from workers.engines.embed.encoded import Encoded, Encoder
from workers.engines.embed.errors import EncoderRefused
from workers.engines.embed.graphs import IMAGE_SIDE, find_graph, open_session
from workers.engines.embed.model import load_model_encoder
from workers.engines.embed.vectors import finish_vectors

THREADS = 2
MAX_TOKENS = 128  # what a sentence encoder is trained on; a longer text is told by its beginning
TEXTS_AT_ONCE = 32


def load_encoder(spec: EncoderSpec, sample: Callable[[], Sequence[Any]] = tuple) -> Encoder:
    """The encoder, ready. `sample` gives items of the dataset to one that has to look at some first.

    Raises EncoderRefused.
    """
    if spec.kind is EncoderKind.MODEL:
        return load_model_encoder(spec.artifact_dir)
    if spec.kind is EncoderKind.COLUMNS:
        return ColumnEncoder(spec.state or fit_columns(sample()))
    folder = find_graph(spec.kind, spec.weights_dir, spec.cache_dir)
    return ImageEncoder(folder) if spec.kind is EncoderKind.MOBILENET else TextEncoder(folder)


class ImageEncoder:
    """MobileNetV2's 1,280 features before its classifier, as directions."""

    def __init__(self, folder: Path):
        self.state: dict[str, Any] = {"graph": folder.name, "side": IMAGE_SIDE}
        self._session = open_session(str(folder / "model.onnx"), THREADS)
        self._pool = ThreadPoolExecutor(THREADS)

    def encode(self, values: Sequence[Any]) -> Encoded:
        problems: dict[int, str] = {}
        pixels = np.zeros((len(values), 3, IMAGE_SIDE, IMAGE_SIDE), dtype=np.float32)
        for place, answer in enumerate(self._pool.map(_read_pixels, values)):
            if isinstance(answer, str):
                problems[place] = answer
            else:
                pixels[place] = answer
        raw = self._session.run(["vector"], {"image": pixels / np.float32(255)})[0]
        return Encoded(finish_vectors(raw, is_direction=True), problems)


def _read_pixels(value: Path | bytes | None) -> np.ndarray | str:
    """uint8 [3, side, side], or the sentence that says why not."""
    try:
        content = value.read_bytes() if isinstance(value, Path) else value
        image = decode_image(content, target=(IMAGE_SIDE, IMAGE_SIDE))
        return to_array(image.pixels, {"size": (IMAGE_SIDE, IMAGE_SIDE), "channels": 3, "fit": "pad"})
    except FileNotFoundError:
        return "The image file is missing."
    except BadInput as error:
        return str(error)


class TextEncoder:
    """MiniLM's sentence embeddings; texts of about one length share a batch, so that little is padding."""

    def __init__(self, folder: Path):
        self.state: dict[str, Any] = {"graph": folder.name, "tokens": MAX_TOKENS}
        self._session = open_session(str(folder / "model.onnx"), THREADS)
        self._tokenizer = load_tokenizer(folder / "tokenizer.json")
        self._width = self._session.get_outputs()[0].shape[-1]

    def encode(self, values: Sequence[Any]) -> Encoded:
        texts, problems = [], {}
        for place, value in enumerate(values):
            try:
                texts.append(check_text(value))
            except BadInput as error:
                texts.append("")
                problems[place] = str(error)
            if not texts[-1].strip():
                problems.setdefault(place, "The text is empty.")
        raw: np.ndarray | None = None
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        for start in range(0, len(order), TEXTS_AT_ONCE):
            places = order[start : start + TEXTS_AT_ONCE]
            found = self._run([texts[place] for place in places])
            raw = np.zeros((len(texts), found.shape[1]), dtype=np.float32) if raw is None else raw
            raw[places] = found
        return Encoded(finish_vectors(raw, is_direction=True) if raw is not None else np.zeros((0, 1)), problems)

    def _run(self, texts: Sequence[str]) -> np.ndarray:
        operation = {"ids": "input_ids", "mask": "attention_mask", "max_length": MAX_TOKENS, "min_length": 2}
        return self._session.run(["vector"], encode_texts(self._tokenizer, texts, {**operation, "pad_id": 0}))[0]


class ColumnEncoder:
    """A row's columns, each brought to the same scale."""

    def __init__(self, state: dict[str, Any]):
        if not state["columns"]:
            raise EncoderRefused("No column of this table can be compared: all are empty, constant or identifiers.")
        self.state = state

    def encode(self, values: Sequence[Any]) -> Encoded:
        problems = {place: "The row is empty." for place, value in enumerate(values) if not isinstance(value, Mapping)}
        rows = [value if isinstance(value, Mapping) else {} for value in values]
        return Encoded(finish_vectors(encode_columns(rows, self.state), is_direction=False), problems)
