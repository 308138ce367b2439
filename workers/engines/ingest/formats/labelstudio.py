"""Label Studio's own exports: JSON (tasks with annotations) and JSON_MIN (one flat object a task)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import orjson

from workers.engines.ingest.formats.regions import Damage, Shape, Span, clean_name

SHAPES = {"rectanglelabels": "box", "polygonlabels": "polygon", "keypointlabels": "keypoint"}
NOTES = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time")  # of JSON_MIN, no content
REGIONS = "regions"  # the column of our tables that holds results
PERCENT = (100.0, 100.0)


class StudioTask(NamedTuple):
    """`values` are what the task shows, by name. `label` is a class or number; shapes and spans are None where the
    task was not annotated."""

    values: Mapping[str, Any]
    label: str | None = None
    shapes: list[Shape] | None = None
    spans: list[Span] | None = None
    problems: Sequence[str] = ()


def is_studio(content: Any) -> bool:
    """Parsed JSON that is a list of tasks in either form."""
    if not isinstance(content, list) or not content or not isinstance(content[0], dict):
        return False
    return is_task(content[0]) or {"annotation_id", "annotator"} <= content[0].keys()


def is_task(entry: Mapping[str, Any]) -> bool:
    return isinstance(entry.get("data"), dict) and ("annotations" in entry or "completions" in entry)


def read_task(entry: Mapping[str, Any]) -> StudioTask:
    """One task of either form. The newest annotation that was not canceled counts."""
    if is_task(entry):
        given = entry.get("annotations") or entry.get("completions") or ()
        done = [a for a in given if isinstance(a, dict) and not a.get("was_cancelled")]
        return _read_results(entry["data"], done[-1].get("result") if done else None)
    values = {key: value for key, value in entry.items() if key not in NOTES}
    lists = {key: value for key, value in values.items() if isinstance(value, list)}
    flat = [_unflatten(region) for regions in lists.values() for region in regions if isinstance(region, dict)]
    rest = {key: value for key, value in values.items() if key not in lists}
    if lists:
        return _read_results(rest, flat)
    label = rest.pop("label", None) or rest.pop("sentiment", None) or rest.pop("choice", None)
    return StudioTask(rest, None if label is None else str(label))


def read_results(cell: object) -> StudioTask:
    """What a cell with results as JSON says, as our own tables have it in “regions”; nothing where it is empty. Raises
    Damage."""
    if cell is None or cell == "":
        return StudioTask({})
    try:
        results = orjson.loads(cell) if isinstance(cell, str | bytes) else None
    except orjson.JSONDecodeError as error:
        raise Damage(f"the regions are not valid JSON: {error}") from None
    if not isinstance(results, list):
        raise Damage("the regions are no list of results in JSON")
    return _read_results({}, results)


def find_picture(values: Mapping[str, Any]) -> str:
    """The path of the picture that a task shows, without server, query and upload prefix."""
    for key in ("image", "img", "ocr", "captioning"):
        if isinstance(values.get(key), str):
            return read_path(values[key])
    texts = [value for value in values.values() if isinstance(value, str)]
    named = [
        t for t in texts if read_path(t).lower().endswith((".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif"))
    ]
    return read_path(named[0]) if named else ""


def find_text(values: Mapping[str, Any]) -> str:
    """The text that a task shows."""
    if isinstance(values.get("text"), str):
        return values["text"]
    return max((value for value in values.values() if isinstance(value, str)), key=len, default="")


def _read_results(values: Mapping[str, Any], results: Any) -> StudioTask:
    if results is None:
        return StudioTask(values)
    label, shapes, spans, problems = None, [], [], []
    for number, result in enumerate(results if isinstance(results, list) else (), start=1):
        try:
            found = _read_region(result)
        except Damage as damage:
            problems.append(f"region {number} {damage}")
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
            problems.append(f"region {number} cannot be read")
        else:
            if isinstance(found, str):
                label = found
            elif isinstance(found, Shape):
                shapes.append(found)
            elif isinstance(found, Span):
                spans.append(found)
    return StudioTask(values, label, shapes, spans, problems)


def _read_region(result: Mapping[str, Any]) -> str | Shape | Span | None:
    kind, value = result["type"], result["value"]
    if kind == "choices":
        return clean_name(value["choices"][0])
    if kind == "number":
        return str(value["number"])
    if kind == "labels":
        return Span(clean_name(value["labels"][0]), int(value["start"]), int(value["end"]))
    if kind not in SHAPES:
        return None  # relations, ratings, free text: nothing that an item's label could be
    label = clean_name(value[kind][0])
    if kind == "polygonlabels":
        return Shape("polygon", label, tuple((float(x), float(y)) for x, y in value["points"]), PERCENT)
    x, y = float(value["x"]), float(value["y"])
    if kind == "keypointlabels":
        return Shape("keypoint", label, ((x, y),), PERCENT)
    corners = ((x, y), (x + float(value["width"]), y + float(value["height"])))
    return Shape("box", label, corners, PERCENT, float(value.get("rotation") or 0))


def _unflatten(region: Mapping[str, Any]) -> dict[str, Any]:
    """A region of JSON_MIN as JSON has it: its type is the key that holds the names."""
    kinds = [kind for kind in (*SHAPES, "labels", "choices") if kind in region]
    return {"type": kinds[0] if kinds else "", "value": region}


def read_path(text: str) -> str:
    """The path in an address, without server, query and escapes."""
    try:
        parts = urlsplit(text)
    except ValueError:  # a bracket without its pair
        return text
    if parts.query.startswith("d="):  # /data/local-files/?d=folder/picture.jpg
        return unquote(parts.query[2:])
    return unquote(parts.path)
