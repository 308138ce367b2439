"""One answer as a page can show it: shapes over the picture, spans in the text, the rest in words. Text stays text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from lifecycle.annotations.answer_words import say
from lifecycle.annotations.region_agreement import Region, read_regions
from lifecycle.contracts.label_interface import Interface

TONES = 8
MAX_QUOTED = 60  # characters of what a span marks
_DRAWN = ("rectanglelabels", "polygonlabels", "ellipselabels", "keypointlabels", "brushlabels")
_KEYS = ("choices", "taxonomy", "rating", "number", "text", "selected")


@dataclass(frozen=True)
class Shape:
    """A closed line over a picture, in pixels; a point has none."""

    label: str
    tone: int
    points: str = ""
    x: float = 0
    y: float = 0


@dataclass(frozen=True)
class Stretch:
    """A stretch of the text under the same labels; none where it is plain."""

    text: str
    label: str = ""
    tone: int = 0


@dataclass(frozen=True)
class Mask:
    """A painted area as Label Studio stores it: run lengths over the bytes of an RGBA picture of this size."""

    label: str
    tone: int
    rle: list[int]
    width: int
    height: int


@dataclass(frozen=True)
class Passage:
    """A part of a sound that has labels, in seconds."""

    label: str
    tone: int
    start: float
    end: float


@dataclass(frozen=True)
class AnswerView:
    """What is drawn and what is said. `size` is the picture's, in pixels."""

    size: tuple[int, int]
    shapes: list[Shape] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    masks: list[Mask] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)

    @property
    def letter_size(self) -> int:
        """Of labels over the picture, in its pixels."""
        return max(max(self.size) // 45, 5)


@dataclass(frozen=True)
class Other:
    """What another person says of the same item, to be laid over an answer in a color of their own."""

    answer: Any
    view: AnswerView
    tone: int
    regions: list[Mapping[str, Any]]

    @property
    def is_drawn(self) -> bool:
        return bool(self.regions)

    def to_json(self) -> dict[str, Any]:
        """What scripts draw: regions of texts and series, painted areas."""
        masks = [asdict(mask) | {"tone": self.tone} for mask in self.view.masks]
        regions = [] if self.view.shapes or masks else self.regions
        who = {"id": self.answer.pk, "person": self.answer.user.username, "tone": self.tone}
        return who | {"regions": regions, "masks": masks}


def list_others(beside: Sequence[Any], item: Any, names: Mapping[str, str] | None = None) -> list[Other]:
    """`beside` are answers of other people to this item; each has a tone; classes take them from the other end."""
    others = []
    for number, answer in enumerate(beside):
        answer.item = item
        entries = [entry for entry in answer.result if isinstance(entry, Mapping) and _is_drawn(entry)]
        others.append(Other(answer, build_view(answer, names=names), TONES - 1 - number % TONES, entries))
    return others


def build_view(answer: Any, classes: Sequence[str] = (), names: Mapping[str, str] | None = None) -> AnswerView:
    """`answer` is an annotation with its item; `names` are what the configuration calls its controls."""
    item, entries = answer.item, [entry for entry in answer.result if isinstance(entry, Mapping)]
    tones = {name: number % TONES for number, name in enumerate(classes)}
    size = _find_size(item, entries)
    whole = {"original_width": size[0], "original_height": size[1]}
    shapes = [{**entry, **whole} for entry in entries if _is_shape(entry)]
    drawn = [_draw(region, tones) for region in read_regions(shapes)] if item.is_picture else []
    masks = [_read_mask(entry, tones) for entry in entries if _is_mask(entry)] if item.is_picture else []
    stretches = _cut(item.text, entries, tones) if item.text else []
    passages = _list_passages(entries, tones) if item.row and item.is_sound else []
    return AnswerView(size, drawn, stretches, _list_said(entries, item.text, names or {}), masks, passages)


def _is_shape(entry: Mapping[str, Any]) -> bool:
    return entry.get("type") in _DRAWN[:-1] and isinstance(entry.get("value"), Mapping)


def _is_mask(entry: Mapping[str, Any]) -> bool:
    value = entry.get("value")
    if entry.get("type") != "brushlabels" or not isinstance(value, Mapping) or not isinstance(value.get("rle"), list):
        return False
    return all(isinstance(entry.get(size), int) for size in ("original_width", "original_height"))


def _read_mask(entry: Mapping[str, Any], tones: Mapping[str, int]) -> Mask:
    labels = entry["value"].get("brushlabels") or [""]
    tone = tones.get(str(labels[0]), 0)
    return Mask(str(labels[0]), tone, entry["value"]["rle"], entry["original_width"], entry["original_height"])


def _list_passages(entries: Sequence[Mapping[str, Any]], tones: Mapping[str, int]) -> list[Passage]:
    """In the order of the sound."""
    found = []
    for entry in entries:
        value = entry["value"] if isinstance(entry.get("value"), Mapping) else {}
        labels = value.get(str(entry.get("type")))
        if not isinstance(labels, list) or not all(isinstance(value.get(end), int | float) for end in ("start", "end")):
            continue
        names = [str(label) for label in labels]
        tone = tones.get(names[0], 0) if names else 0
        found.append(Passage(", ".join(names), tone, float(value["start"]), float(value["end"])))
    return sorted(found, key=lambda one: (one.start, one.end))


def _find_size(item: Any, entries: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    if item.width and item.height:
        return item.width, item.height
    given = next((e for e in entries if e.get("original_width") and e.get("original_height")), {})
    return int(given.get("original_width") or 100), int(given.get("original_height") or 100)


def _draw(region: Region, tones: Mapping[str, int]) -> Shape:
    tone = tones.get(region.label, 0)
    if region.outline is not None:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in region.outline)
        left, top = region.outline.min(axis=0)
        return Shape(region.label, tone, points, round(float(left), 1), round(float(top), 1))
    x, y, _ = region.point or (0, 0, 0)
    return Shape(region.label, tone, "", round(x, 1), round(y, 1))


def _cut(text: str, entries: Sequence[Mapping[str, Any]], tones: Mapping[str, int]) -> list[Stretch]:
    """The text cut wherever a span begins or ends."""
    spans = [(r.interval, r.label) for r in read_regions([e for e in entries if e.get("type") == "labels"])]
    inside = [(int(max(i[0], 0)), int(min(i[1], len(text))), label) for i, label in spans if i]
    cuts = sorted({0, len(text), *(edge for start, end, _ in inside for edge in (start, end) if edge <= len(text))})
    found = []
    for start, end in pairwise(cuts):
        names = [label for low, high, label in inside if low <= start and end <= high]
        found.append(Stretch(text[start:end], " + ".join(names), tones.get(names[0], 0) if names else 0))
    return found


def _list_said(entries: Sequence[Mapping[str, Any]], text: str, called: Mapping[str, str]) -> list[tuple[str, str]]:
    """(control, what it says) for what is not drawn, with the region that it is said of; relations with their ends.

    Drawn things are counted by class.
    """
    said: list[tuple[str, str]] = []
    counts: dict[tuple[str, str], int] = {}
    names = _name_regions(entries, text)
    for entry in entries:
        name, value = str(entry.get("from_name", "")), entry.get("value")
        name = called.get(name, name)
        if entry.get("type") == "relation":
            said.append(_say_relation(entry, names))
        if not isinstance(value, Mapping):
            continue
        if _is_drawn(entry):
            key = name, ", ".join(map(str, value[str(entry["type"])]))
            counts[key] = counts.get(key, 0) + 1
            continue
        region = names.get(str(entry.get("id", "")))
        said += [(f"{name} of {region}" if region else name, say(value[key])) for key in _KEYS if key in value]
    return said + [(name, f"{label} × {count}") for (name, label), count in sorted(counts.items())]


def _is_drawn(entry: Mapping[str, Any]) -> bool:
    value = entry.get("value")
    if not isinstance(value, Mapping) or not isinstance(value.get(str(entry.get("type", ""))), list):
        return False
    is_placed = any(key in value for key in ("x", "points", "start", "rle", "globalOffsets"))
    return is_placed and str(entry.get("type")) not in _KEYS


def _name_regions(entries: Sequence[Mapping[str, Any]], text: str) -> dict[str, str]:
    """{id: the words that it marks, else its label and which one of these it is}."""
    names: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for entry in entries:
        if not _is_drawn(entry) or not entry.get("id") or str(entry["id"]) in names:
            continue
        value = entry["value"]
        label = ", ".join(map(str, value[str(entry["type"])]))
        numbers[label] = numbers.get(label, 0) + 1
        quoted = value.get("text") if isinstance(value.get("text"), str) else ""
        if (
            not quoted
            and entry["type"] == "labels"
            and all(isinstance(value.get(end), int) for end in ("start", "end"))
        ):
            quoted = text[value["start"] : value["end"]]
        names[str(entry["id"])] = f"{label} “{quoted[:MAX_QUOTED]}”" if quoted else f"{label} {numbers[label]}"
    return names


def _say_relation(entry: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, str]:
    source, target = (names.get(str(entry.get(end, "")), "something missing") for end in ("from_id", "to_id"))
    arrow = {"left": "←", "bi": "↔"}.get(str(entry.get("direction", "")), "→")
    labels = entry.get("labels")
    called = ", ".join(map(str, labels)) if isinstance(labels, list) and labels else "relation"
    return called, f"{source} {arrow} {target}"


def list_surfaces(answer: Any, interface: Interface, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the page draws by the labelling page's own means: HyperText and series with their regions; {} for none.

    `fields` is what the labelling page would show of the item, HTML sanitized.
    """
    objects = [one for one in interface.objects if one.tag in ("HyperText", "TimeSeries") and one.field in fields]
    if not objects:
        return {}
    names = {one.name for one in objects}
    entries = [entry for entry in answer.result if isinstance(entry, Mapping) and entry.get("to_name") in names]
    return {
        "interface": interface.to_json(),
        "objects": sorted(names),
        "data": {one.field: fields[one.field] for one in objects},
        "regions": [entry for entry in entries if _is_drawn(entry)],
    }
