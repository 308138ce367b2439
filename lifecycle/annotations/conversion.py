"""Small exports at once, for the Label Studio door: in its own words, made by its own converter.

Larger ones, and the layouts it does not know, are written by a job (workers/engines/labels_export).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import orjson

from lifecycle.common.errors import DomainError
from lifecycle.contracts.label_exports import LAYOUTS, WITH_PICTURES, LabelLayout, disarm, split_layout

# layout -> (the converter's name for it, the ending of its file)
CONVERTED: dict[str, tuple[str, str]] = {
    "JSON": ("JSON", "json"),
    "JSON_MIN": ("JSON_MIN", "json"),
    "CSV": ("CSV", "csv"),
    "TSV": ("TSV", "tsv"),
    "CONLL2003": ("CONLL2003", "conll"),
    "COCO": ("COCO", "zip"),
    "YOLO": ("YOLO", "zip"),
    "VOC": ("VOC", "zip"),
}


def check_layout(layout: str, fitting: Iterable[LabelLayout]) -> str:
    """The layout's own name; DomainError for one that is unknown or does not fit the labels."""
    key, with_pictures = split_layout(layout)
    if key not in LAYOUTS or (with_pictures and not LAYOUTS[key].may_hold_pictures):
        raise DomainError(f"There is no export format “{layout[:40]}”.", fields={"export_type": "Unknown format."})
    if LAYOUTS[key] not in list(fitting):
        raise DomainError(f"{key} does not fit the labels of this project.", fields={"export_type": "Does not fit."})
    return key + WITH_PICTURES * with_pictures


def write_json(tasks: Iterable[Mapping[str, Any]], path: Path) -> int:
    """Tasks as one JSON list, one at a time; returns how many."""
    count = 0
    with open(path, "wb") as file:
        for part in stream_json(tasks):
            file.write(part)
            count += part != b"]" and part != b"["
    return count


def stream_json(tasks: Iterable[Mapping[str, Any]]) -> Iterable[bytes]:
    """The pieces of a JSON list, one a task."""
    is_first = True
    yield b"["
    for task in tasks:
        yield (b"" if is_first else b",\n") + orjson.dumps(task, default=_encode, option=orjson.OPT_UTC_Z)
        is_first = False
    yield b"]"


def convert(*, config: str, source: Path, layout: str, folder: Path) -> Path:
    """The tasks of a JSON file in another layout: one file, or an archive of several. Takes as long as it takes."""
    from label_studio_sdk.converter import Converter

    if layout == "JSON":
        return source
    out = folder / f"out-{layout.lower()}"
    out.mkdir(parents=True, exist_ok=True)
    safe = folder / "tasks.json"
    _write_plain(source, safe, is_table=layout in ("CSV", "TSV"))
    try:
        with redirect_stdout(StringIO()):
            converter = Converter(config=config, project_dir=str(folder), download_resources=False)
            converter.convert(str(safe), str(out), CONVERTED[layout][0], is_dir=False)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, OSError) as error:
        raise DomainError(f"These labels cannot be written as {layout}: {type(error).__name__}: {error}") from error
    files = sorted(path for path in out.rglob("*") if path.is_file())
    if not files:
        raise DomainError(f"There is nothing to write as {layout} yet.")
    if len(files) == 1 and CONVERTED[layout][1] != "zip":
        return files[0]
    archive = folder / f"{layout.lower()}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files:
            packed.write(path, path.relative_to(out))
    return archive


def _write_plain(source: Path, target: Path, *, is_table: bool) -> None:
    """The converter's input; in tables, text that a spreadsheet would run gets an apostrophe."""
    tasks = json.loads(source.read_bytes())
    if is_table:
        for task in tasks:
            task["data"] = {name: disarm(value) for name, value in task["data"].items()}
    target.write_text(json.dumps(tasks), encoding="utf-8")


def _encode(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
