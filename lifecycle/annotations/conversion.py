"""A project's labels as files in the layouts that Label Studio exports, made by its own converter."""

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
from lifecycle.contracts.sources import FORMULA_STARTS

# layout -> (the converter's name for it, the label kinds it fits, the ending of its file)
LAYOUTS: dict[str, tuple[str, frozenset[str], str]] = {
    "JSON": ("JSON", frozenset({"class", "number", "regions", "spans"}), "json"),
    "JSON_MIN": ("JSON_MIN", frozenset({"class", "number", "regions", "spans"}), "json"),
    "CSV": ("CSV", frozenset({"class", "number", "regions", "spans"}), "csv"),
    "TSV": ("TSV", frozenset({"class", "number", "regions", "spans"}), "tsv"),
    "CONLL2003": ("CONLL2003", frozenset({"spans"}), "conll"),
    "COCO": ("COCO", frozenset({"regions"}), "zip"),
    "YOLO": ("YOLO", frozenset({"regions"}), "zip"),
    "VOC": ("VOC", frozenset({"regions"}), "zip"),
}


def list_layouts(label_kind: str) -> list[str]:
    """Those that fit a project's labels."""
    return [name for name, (_, kinds, _) in LAYOUTS.items() if label_kind in kinds]


def check_layout(layout: str, label_kind: str) -> str:
    """The layout's own name; DomainError for one that is unknown or does not fit the labels."""
    name = layout.upper()
    if name not in LAYOUTS:
        raise DomainError(f"There is no export format “{layout[:40]}”.", fields={"export_type": "Unknown format."})
    if label_kind not in LAYOUTS[name][1]:
        raise DomainError(f"{name} does not fit the labels of this project.", fields={"export_type": "Does not fit."})
    return name


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
            converter.convert(str(safe), str(out), LAYOUTS[layout][0], is_dir=False)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, OSError) as error:
        raise DomainError(f"These labels cannot be written as {layout}: {type(error).__name__}: {error}") from error
    files = sorted(path for path in out.rglob("*") if path.is_file())
    if not files:
        raise DomainError(f"There is nothing to write as {layout} yet.")
    if len(files) == 1 and LAYOUTS[layout][2] != "zip":
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
            task["data"] = {name: _disarm(value) for name, value in task["data"].items()}
    target.write_text(json.dumps(tasks), encoding="utf-8")


def _disarm(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _encode(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
