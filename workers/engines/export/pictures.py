"""Pictures with one label each in folders by class; and what Hugging Face reads, of pictures and of tables."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from workers.engines.export.archive import Archive
from workers.engines.export.imagefolder import write_imagefolder
from workers.engines.export.items import SPLITS, Source, name_file, name_folder
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
        write_imagefolder(source, target)
    else:
        _write_tables(source, target)


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
