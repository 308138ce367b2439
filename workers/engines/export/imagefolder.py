"""Hugging Face's imagefolder: pictures in folders by split, with a typed list of what is said of them beside."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from lifecycle.contracts.event_times import COLUMN as EVENT_TIME
from workers.engines.export.archive import Archive
from workers.engines.export.items import Source, list_regions, name_file

BATCH_ROWS = 5_000
BOX = "rectanglelabels"
PLAIN = [("file_name", pa.string()), ("label", pa.string()), ("item_id", pa.int64())]
OBJECTS = pa.struct([("bbox", pa.list_(pa.list_(pa.float64()))), ("categories", pa.list_(pa.string()))])
DRAWN = [("objects", OBJECTS), ("regions", pa.string())]


def write_imagefolder(source: Source, target: Path) -> None:
    """``<split>/<file>`` and ``<split>/metadata.parquet``: JSON lines would have no type where a split has no label,
    and load_dataset wants the same types in every split."""
    dated = [(EVENT_TIME, pa.timestamp("us", "UTC"))] if source.has_event_times else []
    schema = pa.schema(PLAIN + dated + (DRAWN if source.has_regions else []))
    with Archive(target) as archive:
        with ExitStack() as stack:
            lists: dict[str, _List] = {}
            for item in source.read_items():
                split = item["split"]
                if split not in lists:
                    lists[split] = stack.enter_context(_List(target.with_name(f"{split}.parquet"), schema))
                if item["blob"]:
                    archive.add(f"{split}/{name_file(item)}", source.read_blob(item["blob"]))
                lists[split].add(_describe(item, source))
                source.written += 1
        for split, listed in lists.items():
            archive.add_file(f"{split}/metadata.parquet", listed.path)
        archive.add("README.md", source.spec.card)


def _describe(item: dict[str, Any], source: Source) -> dict[str, Any]:
    row = {"file_name": name_file(item), "label": item["label"], "item_id": item["item_id"]}
    if source.has_event_times:
        row[EVENT_TIME] = item.get(EVENT_TIME)
    if source.has_regions:
        row |= {"objects": _list_objects(item), "regions": orjson.dumps(item["result"] or []).decode()}
    return row


def _list_objects(item: dict[str, Any]) -> dict[str, Any] | None:
    """Boxes in pixels, x, y, width, height, as object detection has them there. None where boxes do not say it all, or
    nothing is known."""
    boxes = [(name, value) for _, name, value in list_regions(item, (BOX,)) if not value.get("rotation")]
    is_sized = item.get("width") and item.get("height")
    if item["result"] is None or len(boxes) < len(item["result"]) or not is_sized:
        return None
    across, down = item["width"] / 100, item["height"] / 100
    return {
        "bbox": [[v["x"] * across, v["y"] * down, v["width"] * across, v["height"] * down] for _, v in boxes],
        "categories": [name for name, _ in boxes],
    }


class _List:
    """One split's rows on their way to disk, so that memory stays flat."""

    def __init__(self, path: Path, schema: pa.Schema):
        self.path, self._schema, self._rows = path, schema, list[dict[str, Any]]()
        self._writer = pq.ParquetWriter(path, schema)

    def __enter__(self) -> _List:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._writer.close()

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) >= BATCH_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, self._schema))
            self._rows.clear()
