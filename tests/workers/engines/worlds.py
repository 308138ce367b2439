"""Small dataset versions on disk, one for each kind of problem, as the materialized files of a real one look."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from lifecycle.contracts.training import DatasetFiles, TrainSpec

COLUMNS = ("content_hash", "split", "label", "blob", "text", "row", "group")
SCHEMA = pa.schema([("item_id", pa.int64()), *((name, pa.string()) for name in COLUMNS)])
KINDS = {bytes: "blob", str: "text", dict: "row"}


class MemoryReport:
    """Keeps what an engine reports."""

    def __init__(self) -> None:
        self.fractions: list[float] = []
        self.lines: list[tuple[str, str]] = []
        self.points: list[tuple[int, dict[str, float]]] = []
        self.checkpoints: list[tuple[str, int]] = []

    def progress(self, fraction: float, message: str = "") -> None:
        self.fractions.append(fraction)

    def log(self, message: str, level: str = "info") -> None:
        self.lines.append((level, message))

    def metrics(self, step: int, values: dict[str, float]) -> None:
        self.points.append((step, dict(values)))

    def checkpoint(self, path: str, step: int) -> None:
        self.checkpoints.append((path, step))

    def read_curve(self) -> dict[tuple[int, str], float]:
        """Every reported number by step and key; a later report of the same point replaces the earlier."""
        return {(step, key): value for step, values in self.points for key, value in values.items()}


def write_dataset(
    folder: Path,
    items: Sequence[tuple[Any, str | None]],
    classes: Sequence[str] = (),
    *,
    splits: Sequence[str] | None = None,
    groups: Sequence[str | None] | None = None,
) -> DatasetFiles:
    """Items (image bytes, texts or row dicts, each with its label) as a manifest and blobs."""
    rows: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    for i, (content, label) in enumerate(items):
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        digest = hashlib.sha256(raw).hexdigest()
        kind = KINDS[type(content)]
        stored = {"blob": digest, "text": content, "row": json.dumps(content) if kind == "row" else None}[kind]
        if kind == "blob":
            path = folder / "blobs" / digest[:2] / digest
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
        row = {"item_id": 100 + i, "content_hash": digest, "label": label, kind: stored}
        row["split"] = splits[i] if splits else ("train", "train", "train", "validation", "test")[i % 5]
        row["group"] = groups[i] if groups else None
        for name in SCHEMA.names:
            rows[name].append(row.get(name))
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(rows, schema=SCHEMA), folder / "manifest.parquet")
    return DatasetFiles(str(folder / "manifest.parquet"), str(folder / "blobs"), tuple(classes))


def to_png(pixels: np.ndarray, **options: Any) -> bytes:
    """Pixels as the bytes of a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", **options)
    return stream.getvalue()


def make_images(count: int = 100, side: int = 16) -> list[tuple[bytes, str]]:
    """Grey pictures with a bright bar: across, or down."""
    random, items = np.random.default_rng(0), []
    for i in range(count):
        pixels = random.integers(0, 60, (side, side), dtype=np.uint8)
        at = int(random.integers(2, side - 4))
        label = ("across", "down")[(i // 5) % 2]
        if label == "across":
            pixels[at : at + 3, :] = 220
        else:
            pixels[:, at : at + 3] = 220
        items.append((to_png(pixels), label))
    return items


def make_texts(count: int = 150) -> list[tuple[str, str]]:
    """Short sentences whose mood is told by one of a few words."""
    random, items = np.random.default_rng(0), []
    moods = {"glad": ["sunny", "happy", "bright", "lovely"], "sad": ["gloomy", "rainy", "bitter", "awful"]}
    filler = ["the", "day", "was", "and", "we", "walked", "home", "by", "river", "talking", "of", "bread"]
    for i in range(count):
        label = ("glad", "sad")[(i // 5) % 2]
        words = [str(random.choice(filler)) for _ in range(int(random.integers(3, 9)))]
        words.insert(int(random.integers(0, len(words))), str(random.choice(moods[label])))
        items.append((f"{' '.join(words)} {i}.", label))
    return items


def make_rows(count: int = 300) -> list[tuple[dict[str, Any], float]]:
    """Rows with numbers, a category, a date and gaps, and a number that follows from them."""
    random, items = np.random.default_rng(0), []
    for i in range(count):
        color, size = str(random.choice(["red", "green", "blue"])), float(random.normal(10, 3))
        month = int(random.integers(1, 13))
        target = 3 * size + {"red": 20, "green": 0, "blue": -20}[color] + month + float(random.normal(0, 1))
        row: dict[str, Any] = {
            "size": None if random.random() < 0.1 else round(size, 3),
            "color": color if random.random() > 0.05 else None,
            "sold_at": f"2024-{month:02d}-{int(random.integers(1, 28)):02d}",
            "noise": int(random.integers(0, 1000)),
            "constant": 7,
            "empty": None,
            "code": f"item-{i}",
        }
        items.append((row, target))
    return items


def build_world(folder: Path, problem_type: str) -> DatasetFiles:
    """A learnable small dataset version of this problem type."""
    if problem_type == "image_classification":
        return write_dataset(folder, make_images(), ("across", "down"))
    if problem_type == "text_classification":
        return write_dataset(folder, make_texts(), ("glad", "sad"))
    rows = make_rows()
    if problem_type == "tabular_regression":
        return write_dataset(folder, [(row, repr(value)) for row, value in rows])
    named = [(row, "low" if value < 25 else "middle" if value < 45 else "high") for row, value in rows]
    return write_dataset(folder, named, ("low", "middle", "high"))


QUICK: dict[str, dict[str, Any]] = {
    "image_cnn": {"epochs": 3, "width": 4, "batch_size": 16, "learning_rate": 0.02},
    "image_mobilenet": {"epochs": 2, "image_size": 32, "batch_size": 16},
    "text_fast": {"epochs": 4, "vocabulary_size": 200, "word_pairs": 100, "batch_size": 16, "learning_rate": 0.05},
    "text_minilm": {"epochs": 3, "hidden_size": 16, "max_length": 16, "batch_size": 16},
    "tabular_lightgbm": {"rounds": 120, "leaves": 8, "patience": 0},
    "tabular_mlp": {"epochs": 6, "hidden_size": 32, "batch_size": 16},
    "baseline": {},
}


def build_spec(recipe: str, problem_type: str, dataset: DatasetFiles, **more: Any) -> TrainSpec:
    """A quick training of this recipe; `more` replaces fields, `parameters` are merged."""
    parameters = {**QUICK[recipe], **more.pop("parameters", {})}
    metric = "r2" if problem_type == "tabular_regression" else "accuracy"
    fields = {"seed": 1, "target_metric": metric, "device": "cpu", **more}
    return TrainSpec(problem_type=problem_type, recipe=recipe, parameters=parameters, dataset=dataset, **fields)
