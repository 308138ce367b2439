"""Pictures with one label each: Hugging Face's imagefolder, and folders by class; and tables for Hugging Face."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import orjson

from lifecycle.contracts.event_times import COLUMN as EVENT_TIME
from workers.engines.export.archive import Archive
from workers.engines.export.items import SPLITS, Source, name_file, name_folder, write_event_time
from workers.engines.export.tables import TableWriter

NO_LABEL = "items without a label were left out"


def write_folders(source: Source, target: Path) -> None:
    """``<split>/<class>/<file>``; items without a label are left out."""
    with Archive(target) as archive:
        for item in source.read_items():
            if item["label"] is None or not item["blob"]:
                source.leave_out(NO_LABEL)
                continue
            place = f"{item['split']}/{name_folder(item['label'])}/{name_file(item)}"
            archive.add(place, source.read_blob(item["blob"]))
            source.written += 1
        archive.add("README.md", source.spec.card)


def write_huggingface(source: Source, target: Path) -> None:
    """What `datasets.load_dataset(folder)` reads, with the data card as README.md."""
    if source.spec.item_kind == "image":
        _write_imagefolder(source, target)
    else:
        _write_tables(source, target)


def _write_imagefolder(source: Source, target: Path) -> None:
    with Archive(target) as archive, ExitStack() as stack:
        lists: dict[str, tuple[Path, TextIO]] = {}
        for item in source.read_items():
            split = item["split"]
            if split not in lists:
                path = target.with_name(f"{split}.jsonl")
                lists[split] = (path, stack.enter_context(open(path, "w", encoding="utf-8")))
            if item["blob"]:
                archive.add(f"{split}/{name_file(item)}", source.read_blob(item["blob"]))
            line = {"file_name": name_file(item), "label": item["label"], "item_id": item["item_id"]}
            if source.has_event_times:
                line[EVENT_TIME] = write_event_time(item)
            if source.has_regions:
                line["regions"] = orjson.dumps(item["result"] or []).decode()  # as text: load_dataset wants one type
            lists[split][1].write(orjson.dumps(line).decode() + "\n")
            source.written += 1
        for split, (path, out) in lists.items():
            out.flush()
            archive.add_file(f"{split}/metadata.jsonl", path, is_packed=True)
        archive.add("README.md", source.spec.card)


def _write_tables(source: Source, target: Path) -> None:
    paths = {split: target.with_name(f"{split}.parquet") for split in SPLITS}
    with ExitStack() as stack:
        writers: dict[str, TableWriter] = {}
        for item in source.read_items():
            split = item["split"]
            if split not in writers:
                writers[split] = stack.enter_context(TableWriter(source, paths[split]))
            writers[split].add(item)
            source.written += 1
    with Archive(target) as archive:
        for split in writers:
            archive.add_file(f"data/{split}-00000-of-00001.parquet", paths[split])
        archive.add("README.md", source.spec.card)
