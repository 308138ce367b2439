"""The metadata.csv or metadata.jsonl beside pictures, as Hugging Face's imagefolder has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from lifecycle.contracts import event_times
from lifecycle.contracts.ingest import IngestLimits, Reject
from workers.engines.ingest.csv_rows import BadLine
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.event_times import EventTimes
from workers.engines.ingest.folders import read_folders
from workers.engines.ingest.formats.regions import Damage, Shape, clean_name
from workers.engines.ingest.kinds import is_missing
from workers.engines.ingest.label_book import LabelBook, Said
from workers.engines.ingest.mapping import LABEL_NAMES
from workers.engines.ingest.rows import read_class_label, read_group, read_split
from workers.engines.ingest.sources import SourceFile
from workers.engines.ingest.tables import Table, open_table

FILE_COLUMNS = ("file_name", "filename", "image", "file")


def read_metadata(file: SourceFile, book: LabelBook, workdir: Path, limits: IngestLimits) -> Iterator[Reject]:
    """Puts every row into the book; yields what is wrong with some."""
    with file.on_disk(workdir) as path:
        table = open_table(path, file.name, limits)
        by_name = {name.lower(): place for place, name in enumerate(table.columns)}
        place = next((by_name[name] for name in FILE_COLUMNS if name in by_name), None)
        if place is None:
            raise Refused("there is no column “file_name” that says which picture a row speaks of")
        times = _open_times(table, by_name)
        for row in table.read():
            if isinstance(row, BadLine):
                yield Reject(file.uri, row.line, row.reason)
                continue
            line, cells = row
            try:
                if is_missing(cells[place]):
                    raise Refused("the row names no picture")
                book.add(str(cells[place]), file.name, _read_row(cells, by_name, file.uri, times))
            except Refused as refused:
                yield Reject(file.uri, line, str(refused))
        if times and (said := times[1].describe_unread()):
            yield Reject(file.uri, None, said)


def _open_times(table: Table, by_name: dict[str, int]) -> tuple[int, EventTimes] | None:
    """The place of the column that says when pictures were taken, and how it is read."""
    name = next((name for name in event_times.NAMES if name in by_name), "")
    if not name or (table.kinds[table.columns[by_name[name]]] != "date" and name not in event_times.FILE_NAMES):
        return None
    place = by_name[name]
    return place, EventTimes.of_sample(table.columns[place], (cells[place] for _, cells in table.sample))


def _read_row(cells: Sequence[object], by_name: dict[str, int], uri: str, times: tuple[int, EventTimes] | None) -> Said:
    label = next((by_name[name] for name in LABEL_NAMES if name in by_name), None)
    boxes = cells[by_name["objects"]] if "objects" in by_name else None
    split = cells[by_name["split"]] if "split" in by_name else None
    event_time = times[1].read(cells[times[0]]) if times else None
    return Said(
        uri,
        label=read_class_label(cells[label]) if label is not None else None,
        split=read_split(split) if not is_missing(split) else read_folders(uri).split,
        group=read_group(cells[by_name["group"]]) if "group" in by_name else None,
        shapes=_read_boxes(boxes) if boxes else None,
        event_time=event_time,
        event_time_origin=times[1].origin if times and event_time else None,
    )


def _read_boxes(cell: object) -> tuple[Shape, ...]:
    """{"bbox": [[x, y, width, height], …], "categories": […]} in pixels."""
    try:
        found = orjson.loads(str(cell))
        names = found["categories"] if "categories" in found else found["category"]
        pairs = zip(found["bbox"], names, strict=True)
        return tuple(
            Shape("box", clean_name(name), ((float(x), float(y)), (float(x) + float(w), float(y) + float(h))))
            for (x, y, w, h), name in pairs
        )
    except (Damage, KeyError, TypeError, ValueError, AttributeError):
        raise Refused("the boxes under “objects” cannot be read") from None
