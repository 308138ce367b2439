"""What Hugging Face's `datasets` writes beside its tables: a README.md with YAML at its top, or small JSON files. Both
may name the classes behind numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from workers.engines.ingest.formats.regions import Damage, clean_name

MAX_FRONT_BYTES = 1_000_000
MAX_CLASSES = 10_000
MARK = "---"


def is_card(text: str) -> bool:
    """Whether there is a front of YAML at all."""
    return text.lstrip("\ufeff").startswith(MARK + "\n") or text.startswith(MARK + "\r\n")


def read_class_names(text: str) -> dict[str, list[str]]:
    """{column: class names by number} of all configurations; empty where the front says nothing of the kind."""
    front = text.lstrip("\ufeff")[len(MARK) :].partition(f"\n{MARK}")[0][:MAX_FRONT_BYTES]
    try:
        content = yaml.safe_load(front)
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    found: dict[str, list[str]] = {}
    for feature in _iterate_features(content):
        names = _read_names(feature)
        if names:
            found.setdefault(str(feature["name"]), names)
    return found


def is_info(name: str, content: object) -> bool:
    """Whether a JSON file, by its name in small letters and what is in it, speaks of a dataset instead of being one."""
    if not isinstance(content, Mapping):
        return False
    marks = {"dataset_info.json": "features", "dataset_dict.json": "splits", "state.json": "_data_files"}
    if name == "dataset_infos.json":
        return any(isinstance(info, Mapping) and "features" in info for info in content.values())
    return name in marks and marks[name] in content


def read_info_names(content: Mapping[str, Any]) -> dict[str, list[str]]:
    """As `read_class_names`, of a dataset_info.json or dataset_infos.json."""
    found: dict[str, list[str]] = {}
    for info in (content, *content.values()):
        features = info.get("features") if isinstance(info, Mapping) else None
        for column, feature in features.items() if isinstance(features, Mapping) else ():
            is_class = isinstance(feature, Mapping) and feature.get("_type") == "ClassLabel"
            if is_class and (names := _clean_names(feature.get("names"))):
                found.setdefault(str(column), names)
    return found


def name_class(names: Sequence[str], cell: object) -> object:
    """The class behind a number; -1 says that nobody labeled it; anything else stays as it is."""
    try:
        number = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return cell
    if not math.isfinite(number) or number != int(number):
        return cell
    return names[int(number)] if 0 <= number < len(names) else None if number == -1 else cell


def _iterate_features(content: Any) -> Iterator[Mapping[str, Any]]:
    infos = content.get("dataset_info") if isinstance(content, Mapping) else None
    for info in infos if isinstance(infos, list) else [infos]:
        features = info.get("features") if isinstance(info, Mapping) else None
        for feature in features if isinstance(features, list) else ():
            if isinstance(feature, Mapping) and feature.get("name") and isinstance(feature.get("dtype"), Mapping):
                yield feature


def _read_names(feature: Mapping[str, Any]) -> list[str]:
    label = feature["dtype"].get("class_label")
    return _clean_names(label.get("names") if isinstance(label, Mapping) else None)


def _clean_names(names: Any) -> list[str]:
    try:
        if isinstance(names, Mapping):
            names = [names[key] for key in sorted(names, key=int)]
        return [clean_name(name) for name in names[:MAX_CLASSES]] if isinstance(names, list) else []
    except (Damage, TypeError, ValueError):
        return []
