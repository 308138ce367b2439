"""Pure rules of the Label Studio door: what a configuration asks, and how its words map to a project's.

Results are stored with the project's own names for the one question it asks (control `label` on object `item`) and
served with the configuration's names. The two names trade places, so that nothing is lost in either direction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
from defusedxml.ElementTree import fromstring

from lifecycle.annotations import rules
from lifecycle.contracts.problems import get_problem_type, list_problem_types

TEXT_TAGS = {"Text", "HyperText", "Paragraphs"}
ROW_TAGS = {"Table"}
REGION_TAGS = {"RectangleLabels", "PolygonLabels", "KeyPointLabels", "EllipseLabels"}
SPAN_TAGS = {"Labels", "HyperTextLabels", "ParagraphLabels"}
CLASS_TAGS = {"Choice", "Label"}
UNTIED_TYPES = {"relation"}  # entries of a result that belong to no control
NOTHING = "(nothing)"  # the label of an item on which somebody found nothing to mark
MAX_TEXT_CHARS = 1_000_000
MAX_ROW_BYTES = 1_000_000
MAX_RESULT_BYTES = 4_000_000


@dataclass(frozen=True)
class Tag:
    """A control or an object of a configuration."""

    kind: str
    name: str
    target: str = ""  # of a control: the object it asks about
    variable: str = ""  # of an object: the key of a task's data that it shows
    classes: tuple[str, ...] = ()
    is_single: bool = True


@dataclass(frozen=True)
class Interface:
    """What a configuration asks. `problem_type` is empty where Gristmill has none for it; `complaint` says why."""

    problem_type: str
    control: Tag
    target: Tag
    controls: Mapping[str, Tag] = field(default_factory=dict)
    objects: Mapping[str, Tag] = field(default_factory=dict)
    complaint: str = ""

    @property
    def label_kind(self) -> str:
        return get_problem_type(self.problem_type).label_kind

    @property
    def item_kind(self) -> str:
        return get_problem_type(self.problem_type).item_kind


@dataclass(frozen=True)
class Content:
    """What makes a task's item: exactly one of text, row and address."""

    digest: str
    text: str = ""
    row: str | None = None  # canonical JSON
    address: str = ""  # of a picture
    byte_size: int = 0


@lru_cache(maxsize=256)
def read_interface(config: str) -> Interface:
    """The question in a configuration that Label Studio can read. Entities are off; ParseError and the like go up."""
    root = fromstring(config, forbid_dtd=True)
    controls: dict[str, Tag] = {}
    objects: dict[str, Tag] = {}
    for element in root.iter():
        name, target = element.get("name"), element.get("toName")
        if name and target:
            controls[name] = _read_control(element, name, target)
        elif name and (element.get("value") or "").startswith("$"):
            objects[name] = Tag(element.tag, name, variable=element.get("value", "")[1:])
    return _choose(controls, objects)


def _read_control(element: Any, name: str, target: str) -> Tag:
    classes = [one.get("alias") or one.get("value") or "" for one in element.iter() if one.tag in CLASS_TAGS]
    is_single = element.get("choice", "single") in {"single", "single-radio"} and element.get("perRegion") != "true"
    is_dynamic = (element.get("value") or "").startswith("$")
    return Tag(element.tag, name, target.split(",")[0], "", tuple(filter(None, classes)), is_single and not is_dynamic)


def _choose(controls: dict[str, Tag], objects: dict[str, Tag]) -> Interface:
    """The first control that one of the problem types answers is the question; the others ride along."""
    known = {problem.key for problem in list_problem_types()}
    for control in controls.values():
        target = objects.get(control.target)
        key = _find_problem_type(control, target, len(objects)) if target else ""
        if target and key in known:
            return Interface(key, control, target, controls, objects)
    nothing = Tag("", "")
    if not controls:
        return Interface("", nothing, nothing, controls, objects, "The configuration asks nothing yet.")
    tags = ", ".join(f"<{tag}>" for tag in dict.fromkeys(control.kind for control in controls.values()))
    shown = ", ".join(f"<{tag}>" for tag in dict.fromkeys(one.kind for one in objects.values())) or "nothing"
    complaint = (
        f"Gristmill cannot label {shown} with {tags} yet. It takes a single <Choices> on <Text>, <Image> or a row, "
        "<Number> on a row, boxes and polygons on <Image>, and <Labels> on <Text>."
    )
    return Interface("", nothing, nothing, controls, objects, complaint)


def _find_problem_type(control: Tag, target: Tag, object_count: int) -> str:
    is_row = target.kind in ROW_TAGS or (target.kind in TEXT_TAGS and object_count > 1)
    if control.kind == "Choices" and control.is_single:
        if is_row:
            return "tabular_classification"
        if target.kind == "Image":
            return "image_classification"
        return "text_classification" if target.kind in TEXT_TAGS else ""
    if control.kind == "Number" and (is_row or target.kind in TEXT_TAGS):
        return "tabular_regression"
    if control.kind in REGION_TAGS and target.kind == "Image":
        return "object_detection"
    if control.kind in SPAN_TAGS and target.kind in TEXT_TAGS:
        return "span_labelling"
    return ""


def swap_names(interface: Interface, result: Iterable[Any]) -> list[Any]:
    """From the configuration's names to the project's, and from those back: it is its own inverse."""
    controls = _trade(interface.control.name, rules.CONTROL_NAME)
    targets = _trade(interface.target.name, rules.OBJECT_NAME)
    if not controls and not targets:
        return list(result)
    return [_swap_region(region, controls, targets) for region in result]


def _trade(ours: str, theirs: str) -> dict[str, str]:
    return {} if ours == theirs or not ours else {ours: theirs, theirs: ours}


def _swap_region(region: Any, controls: Mapping[str, str], targets: Mapping[str, str]) -> Any:
    if not isinstance(region, Mapping) or "from_name" not in region:
        return region
    changed = dict(region)
    changed["from_name"] = controls.get(region["from_name"], region["from_name"])
    if "to_name" in region:
        changed["to_name"] = targets.get(region["to_name"], region["to_name"])
    return changed


def check_result(interface: Interface, result: Any) -> list[dict[str, Any]]:
    """The result list of a client, with its own names. ValueError says which entry is not one."""
    if not isinstance(result, list):
        raise ValueError("The result must be a list of regions.")
    for region in result:
        if not isinstance(region, Mapping):
            raise ValueError("Every entry of a result must be an object.")
        if region.get("type") in UNTIED_TYPES:
            continue
        name = region.get("from_name")
        if not isinstance(name, str) or name not in interface.controls:
            raise ValueError(f"“{str(name)[:60]}” is not the name of a control in the labelling configuration.")
        if not isinstance(region.get("value"), Mapping):
            raise ValueError("A region has no value.")
    try:
        size = len(orjson.dumps(result))
    except TypeError as error:
        raise ValueError(f"The result cannot be stored: {error}.") from None
    if size > MAX_RESULT_BYTES or _has_nul(result):
        raise ValueError("The result is too large, or holds a NUL character.")
    return result


def read_result(interface: Interface, classes: Sequence[str], result: Sequence[Mapping[str, Any]]) -> str | None:
    """The value inside a checked result, None for an empty one. ValueError where the schema does not know it."""
    mine = [region for region in result if region.get("from_name") == interface.control.name]
    kind = interface.label_kind
    if kind in rules.DRAWN_KINDS:
        return _read_drawn(interface, classes, mine) or NOTHING
    if not mine:
        return None
    if kind != "number" and not any((region["value"].get("choices") or []) for region in mine):
        return None
    return rules.read_value(kind, classes, swap_names(interface, mine))


def _read_drawn(interface: Interface, classes: Sequence[str], regions: Sequence[Mapping[str, Any]]) -> str:
    """The classes of all regions, in the order of the alphabet: what an item's label says of a drawn answer."""
    key = interface.control.kind.lower()
    found: set[str] = set()
    for region in regions:
        names = region["value"].get(region.get("type") or key) or region["value"].get(key) or []
        if not isinstance(names, list):
            raise ValueError("The labels of a region must be a list.")
        found.update(str(name) for name in names)
    unknown = sorted(found - set(classes))
    if unknown:
        raise ValueError(f"“{unknown[0][:60]}” is not a class of this project's label schema.")
    return ", ".join(sorted(found))


def read_content(interface: Interface, data: Any) -> Content:
    """What of a task's data is the item. ValueError, with a sentence, where it has none."""
    if not isinstance(data, Mapping) or not data:
        raise ValueError("Task is missing or empty data: it must be an object such as {“text”: …}.")
    if _has_nul(data):
        raise ValueError("The data hold a NUL character.")
    if interface.item_kind == "row":
        return _read_row(interface, data)
    variable = interface.target.variable
    value = data.get(variable)
    if value is None:
        raise ValueError(f"“{variable}” key is expected in task data.")
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"“{variable}” in task data must be a text that is not empty.")
    if interface.item_kind == "image":
        return Content("", address=value)
    if len(value) > MAX_TEXT_CHARS:
        raise ValueError(f"“{variable}” has more than {MAX_TEXT_CHARS:,} characters.")
    encoded = _encode(value)
    return Content(hashlib.sha256(encoded).hexdigest(), text=value, byte_size=len(encoded))


def _read_row(interface: Interface, data: Mapping[str, Any]) -> Content:
    source = data.get(interface.target.variable) if interface.target.kind in ROW_TAGS else data
    if not isinstance(source, Mapping):
        raise ValueError(f"“{interface.target.variable}” key is expected in task data, and must be an object.")
    row = {str(k): v for k, v in source.items() if v is not None and v != "" and isinstance(v, str | int | float)}
    row = {name: _clean_cell(value) for name, value in row.items()}
    if not row:
        raise ValueError("The row has no cell with a value.")
    try:
        content = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise ValueError(f"The row cannot be stored: {error}.") from None
    if len(content) > MAX_ROW_BYTES:
        raise ValueError(f"A row has at most {MAX_ROW_BYTES:,} bytes.")
    return Content(hashlib.sha256(content).hexdigest(), row=content.decode(), byte_size=len(content))


def _clean_cell(value: Any) -> Any:
    """A cell as an import from a file would have it: no booleans, 1 for 1.0."""
    if isinstance(value, bool):
        return str(value).lower()
    return int(value) if isinstance(value, float) and value.is_integer() else value


def build_data(interface: Interface, *, text: str, row: Any, address: str) -> dict[str, Any]:
    """A task's data from its item, for a task that brought none of its own."""
    if interface.item_kind == "row":
        return {interface.target.variable: row} if interface.target.kind in ROW_TAGS else dict(row or {})
    return {interface.target.variable: address if interface.item_kind == "image" else text}


def describe_columns(rows: Iterable[str | None]) -> tuple[tuple[str, str], ...]:
    """(name, kind) of the columns of rows in canonical JSON: number where every cell is one."""
    is_number: dict[str, bool] = {}
    for row in rows:
        for name, value in orjson.loads(row).items() if row else ():
            is_number[name] = is_number.get(name, True) and isinstance(value, int | float)
    return tuple((name, "number" if yes else "category") for name, yes in is_number.items())


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError("A text holds characters that cannot be stored.") from None


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_has_nul(key) or _has_nul(inner) for key, inner in value.items())
    return isinstance(value, list | tuple) and any(_has_nul(inner) for inner in value)
