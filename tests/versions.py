"""Dataset versions that can really be trained on, made straight from rows; the datasets room has its own tests."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

from lifecycle.common.blobs import open_blobs
from lifecycle.datasets import chunks
from lifecycle.datasets.models import Dataset, DatasetVersion, Item
from tests.factories import CollectionFactory, DatasetVersionFactory

SCHEMA = pa.schema(list(chunks.SCHEMA)[:8])  # what manifests of format 1 had


def split_of(position: int) -> str:
    """Eight of ten pairs of items train, one validates, one tests: alternating labels stay balanced."""
    return {8: "validation", 9: "test"}.get(position // 2 % 10, "train")


def commit_rows(dataset: Dataset, rows: list[tuple[object, str]], folder: Path) -> DatasetVersion:
    """A version of (content, label) pairs: a dict is a row, a str a text, bytes an image file."""
    blobs = open_blobs(settings.STORAGE_URL)
    collection = CollectionFactory(dataset=dataset)
    items = [_build_item(dataset, collection, blobs, content, label, n) for n, (content, label) in enumerate(rows)]
    Item.objects.bulk_create(items)
    splits = [split_of(n) for n in range(len(items))]
    columns = {
        "item_id": [item.pk for item in items],
        "content_hash": [item.content_hash for item in items],
        "split": splits,
        "label": [item.label for item in items],
        "blob": [item.blob or None for item in items],
        "text": [item.text or None for item in items],
        "row": [json.dumps(item.row) if item.row is not None else None for item in items],
        "group": [None] * len(items),
    }
    path = folder / "manifest.parquet"
    pq.write_table(pa.table(columns, schema=SCHEMA), path)
    balance: dict[str, Counter] = {}
    for split, item in zip(splits, items, strict=True):
        balance.setdefault(split, Counter())[item.label] += 1
    labels = sorted({item.label for item in items})
    is_number = dataset.project.problem_type == "tabular_regression"
    return DatasetVersionFactory(
        dataset=dataset,
        manifest_blob=blobs.put_file(path),
        classes=[] if is_number else labels,
        item_count=len(items),
        labeled_count=len(items),
        summary={
            "splits": dict(Counter(splits)),
            "labeled": dict(Counter(splits)),
            "balance": {s: dict(c) for s, c in balance.items()},
        },
    )


def _build_item(dataset, collection, blobs, content, label: str, position: int) -> Item:
    raw = content if isinstance(content, bytes) else json.dumps(content, sort_keys=True).encode()
    digest = hashlib.sha256(raw + str(position).encode()).hexdigest()
    item = Item(dataset=dataset, collection=collection, content_hash=digest, label=label, byte_size=len(raw))
    if isinstance(content, bytes):
        item.blob, item.mime = blobs.put(content), "image/png"
    elif isinstance(content, str):
        item.text = content
    else:
        item.row = content
    return item
