"""Datasets on disk as the exploration engines are handed them: a manifest, facts, blobs."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from lifecycle.contracts.profile import FindingsResult, FindingsSpec, ProfileSpec
from lifecycle.contracts.training import DatasetFiles
from lifecycle.exploration.services.profiles import FACTS, ITEMS
from workers.engines import findings, profile

SPLITS = ("train", "train", "train", "train", "validation")


class Quiet:
    """A report that nobody reads."""

    def progress(self, fraction: float, message: str = "") -> None:
        assert 0 <= fraction <= 1

    def log(self, message: str, level: str = "info") -> None: ...


@dataclass(frozen=True)
class Set:
    """Item ids are 1, 2, 3 … in the order given."""

    folder: Path
    item_kind: str
    label_kind: str
    columns: tuple[tuple[str, str], ...] = ()

    @property
    def files(self) -> DatasetFiles:
        return DatasetFiles(str(self.folder / "items.parquet"), str(self.folder / "blobs"))

    def profile(self, **options: Any) -> dict[str, Any]:
        spec = ProfileSpec(
            self.item_kind, self.label_kind, self.files, str(self.folder / "facts.parquet"), self.columns, **options
        )
        result = profile.run(spec, workdir=self.folder, report=Quiet(), should_stop=lambda: False)
        return json.loads(json.dumps(result.profile, allow_nan=False))

    def scan(self, **options: Any) -> FindingsResult:
        spec = FindingsSpec(
            self.item_kind, self.label_kind, self.files, str(self.folder / "facts.parquet"), self.columns, **options
        )
        return findings.run(spec, workdir=self.folder, report=Quiet(), should_stop=lambda: False)


def write_set(
    folder: Path,
    item_kind: str,
    contents: list[Any],
    labels: list[str | None] | None = None,
    *,
    label_kind: str = "class",
    columns: tuple[tuple[str, str], ...] = (),
    splits: list[str] | None = None,
    groups: list[str | None] | None = None,
    results: list[str | None] | None = None,
) -> Set:
    """Texts, rows as dicts, or picture files as bytes."""
    count = len(contents)
    ids = list(range(1, count + 1))
    blank = [None] * count
    items = {name: blank for name in ITEMS} | {
        "item_id": ids,
        "content_hash": [hashlib.sha256(str(n).encode()).hexdigest() for n in ids],
        "split": splits or [SPLITS[n % len(SPLITS)] for n in range(count)],
        "label": labels or blank,
        "group": groups or blank,
        "result": results or blank,
    }
    start = datetime(2026, 1, 1)
    facts = {name: blank for name in FACTS} | {
        "item_id": ids,
        "collection_id": [1 + n * 3 // count for n in range(count)],
        "created_at": [start + timedelta(hours=n * 100 / count) for n in range(count)],
        "byte_size": [10] * count,
    }
    if item_kind == "image":
        items["blob"] = [_store(folder / "blobs", content) for content in contents]
        facts["width"], facts["height"] = zip(*(_measure(content) for content in contents), strict=True)
    elif item_kind == "row":
        items["row"] = [json.dumps(row) for row in contents]
    else:
        items["text"] = contents
    pq.write_table(pa.table(items, schema=pa.schema(list(ITEMS.items()))), folder / "items.parquet")
    facts = {name: list(values) for name, values in facts.items()}
    pq.write_table(pa.table(facts, schema=pa.schema(list(FACTS.items()))), folder / "facts.parquet")
    return Set(folder, item_kind, label_kind, columns)


def _store(folder: Path, content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()
    path = folder / digest[:2] / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return digest


def _measure(content: bytes) -> tuple[int | None, int | None]:
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.size
    except OSError:
        return None, None


def encode(pixels: Any, kind: str = "PNG", **options: Any) -> bytes:
    """A picture file of an array or a PIL image."""
    out = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.asarray(pixels, dtype=np.uint8))
    image.save(out, kind, **options)
    return out.getvalue()


def draw_scene(seed: int, width: int = 240, height: int = 180) -> Image.Image:
    """Something like a photograph: a sky, hills, blobs, texture; no two alike."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    scene = np.stack([rng.uniform(60, 200) + rng.uniform(-120, 120) * y for _ in range(3)], axis=-1)
    for _ in range(rng.integers(6, 14)):
        cx, cy, size = rng.uniform(0, 1), rng.uniform(0, height / width), rng.uniform(0.03, 0.22)
        inside = ((x - cx) ** 2 + ((y - cy) * rng.uniform(0.5, 2)) ** 2) < size**2
        scene[inside] = scene[inside] * 0.3 + rng.uniform(0, 255, 3) * 0.7
    for _ in range(rng.integers(2, 6)):
        angle, place = rng.uniform(0, np.pi), rng.uniform(0, 1)
        scene[np.abs(np.cos(angle) * x + np.sin(angle) * y - place) < 0.012] = rng.uniform(0, 255, 3)
    scene += rng.normal(0, 6, (height, width, 1))
    return Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
