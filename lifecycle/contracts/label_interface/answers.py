"""What a valid answer of each type looks like; ValueError, with a sentence, for everything else."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from lifecycle.contracts.label_interface.model import Control
from lifecycle.contracts.label_interface.tags import CONTROLS, find_tag

MAX_TEXT_CHARS = 100_000
MAX_TEXTS = 1_000
MAX_POINTS = 20_000
MAX_RLE = 6_000_000
LARGEST = 2**1_000
LONGEST = 2**31  # characters of a text
WHOLE, SLACK = 100.0, 1.0  # percent; drawing tools round
FAR = 200.0  # how far a turned shape may reach out
Value = Mapping[str, Any]
Entry = Mapping[str, Any]


def check_value(control: Control, object_tag: str, entry: Entry, value: Value) -> None:
    """One entry's value against the control it answers and the kind of object it is about."""
    tag = find_tag(control.tag, entry.get("type"))
    rule = CONTROLS[tag]
    if rule.draws:
        _check_names(control, value.get(rule.key))
        _GEOMETRY[tag](object_tag, entry, value)
    else:
        _PLAIN[control.tag](control, value.get(rule.key))


def _check_names(control: Control, names: Any) -> None:
    if not isinstance(names, list) or not names or any(not isinstance(name, str) for name in names):
        raise ValueError(f"A region of “{control.name}” needs a label.")
    if len(names) > 1 and not control.multiple:
        raise ValueError(f"A region of “{control.name}” has exactly one label.")
    if len(set(names)) < len(names):
        raise ValueError(f"A region of “{control.name}” has a label twice.")
    for name in names:
        if name not in control.values:
            raise ValueError(f"“{name[:60]}” is not a class of this project's label schema.")


def _check_choices(control: Control, chosen: Any) -> None:
    if not isinstance(chosen, list) or not chosen or (len(chosen) > 1 and not control.multiple):
        raise ValueError("The answer must be exactly one class." if not control.multiple else "Nothing is chosen.")
    for one in chosen:
        path = tuple(one) if isinstance(one, list) and all(isinstance(step, str) for step in one) else None
        is_known = path in control.paths if path else isinstance(one, str) and one in control.values
        if not is_known:
            raise ValueError(f"“{str(one)[:60]}” is not a class of this project's label schema.")
    if len({str(one) for one in chosen}) < len(chosen):
        raise ValueError(f"“{control.name}” has a choice twice.")


def _check_taxonomy(control: Control, chosen: Any) -> None:
    if not isinstance(chosen, list) or not chosen or (len(chosen) > 1 and not control.multiple):
        raise ValueError(f"“{control.name}” takes a list of paths" + ("." if control.multiple else ", exactly one."))
    for path in chosen:
        if not isinstance(path, list) or any(not isinstance(step, str) for step in path):
            raise ValueError(f"A path of “{control.name}” is a list of texts.")
        if tuple(path) not in control.paths:
            raise ValueError(f"“{' / '.join(path)[:120]}” is not in the taxonomy “{control.name}”.")
    if len({tuple(path) for path in chosen}) < len(chosen):
        raise ValueError(f"“{control.name}” has a path twice.")


def _check_rating(control: Control, rating: Any) -> None:
    if isinstance(rating, bool) or not isinstance(rating, int) or not 1 <= rating <= len(control.labels):
        raise ValueError(f"The rating “{control.name}” is a whole number from 1 to {len(control.labels)}.")


def _is_finite(number: Any) -> bool:
    """Whether it is a number that a float can hold."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        return False
    return math.isfinite(number) if isinstance(number, float) else abs(number) < LARGEST


def _check_number(control: Control, number: Any) -> None:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError("The answer must be a number.")
    if not _is_finite(number):
        raise ValueError("The answer must be a finite number.")
    low, high = _read_limit(control, "min"), _read_limit(control, "max")
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(f"The number “{control.name}” lies outside what is allowed ({_show(low)} to {_show(high)}).")


def _read_limit(control: Control, name: str) -> float | None:
    try:
        return float(control.attrs[name])
    except (KeyError, ValueError):
        return None


def _show(limit: float | None) -> str:
    return "any" if limit is None else f"{limit:g}"


def _check_text(control: Control, text: Any) -> None:
    texts = [text] if isinstance(text, str) else text
    if not isinstance(texts, list) or not texts or any(not isinstance(one, str) for one in texts):
        raise ValueError(f"“{control.name}” takes a text, or a list of texts.")
    if len(texts) > MAX_TEXTS or sum(map(len, texts)) > MAX_TEXT_CHARS:
        raise ValueError(f"“{control.name}” takes at most {MAX_TEXT_CHARS:,} characters.")
    most = control.attrs.get("maxSubmissions", "")
    if most.isdecimal() and len(texts) > int(most):
        raise ValueError(f"“{control.name}” takes at most {most} texts.")


def _check_pair(control: Control, selected: Any) -> None:
    if selected not in ("left", "right"):
        raise ValueError(f"The answer of “{control.name}” is left or right.")


def _read_numbers(value: Value, *names: str, what: str) -> list[float]:
    numbers = [value.get(name) for name in names]
    for name, number in zip(names, numbers, strict=True):
        if not _is_finite(number):
            raise ValueError(f"A {what} needs a number “{name}”.")
    return numbers  # type: ignore[return-value]


def _check_inside(points: list[tuple[float, float]], what: str, is_turned: bool = False) -> None:
    low, high = (-FAR, WHOLE + FAR) if is_turned else (-SLACK, WHOLE + SLACK)
    if any(not low <= number <= high for point in points for number in point):
        raise ValueError(f"A {what} lies outside the picture: positions are percents of its sides, 0 to 100.")


def _read_rotation(value: Value, what: str) -> float:
    if value.get("rotation") is None:
        return 0.0
    (rotation,) = _read_numbers(value, "rotation", what=what)
    if not -360 <= rotation <= 360:
        raise ValueError(f"The rotation of a {what} is an angle in degrees, -360 to 360.")
    return rotation


def _check_rectangle(object_tag: str, entry: Entry, value: Value) -> None:
    x, y, width, height = _read_numbers(value, "x", "y", "width", "height", what="box")
    if width <= 0 or height <= 0:
        raise ValueError("A box has no area.")
    _check_inside([(x, y), (x + width, y + height)], "box", bool(_read_rotation(value, "box")))


def _check_ellipse(object_tag: str, entry: Entry, value: Value) -> None:
    x, y, across, down = _read_numbers(value, "x", "y", "radiusX", "radiusY", what="ellipse")
    if not 0 < across <= WHOLE or not 0 < down <= WHOLE:
        raise ValueError("The radius of an ellipse lies between 0 and 100 percent.")
    _read_rotation(value, "ellipse")
    _check_inside([(x, y)], "ellipse")


def _check_keypoint(object_tag: str, entry: Entry, value: Value) -> None:
    x, y = _read_numbers(value, "x", "y", what="point")
    _check_inside([(x, y)], "point")
    if value.get("width") is not None and not 0 < _read_numbers(value, "width", what="point")[0] <= WHOLE:
        raise ValueError("The width of a point lies between 0 and 100 percent.")


def _check_polygon(object_tag: str, entry: Entry, value: Value) -> None:
    points = value.get("points")
    if not isinstance(points, list) or not 3 <= len(points) <= MAX_POINTS:
        raise ValueError(f"A polygon has 3 to {MAX_POINTS:,} corners.")
    for point in points:
        if not isinstance(point, list) or len(point) != 2 or not all(_is_finite(number) for number in point):
            raise ValueError("A corner of a polygon is a pair of finite numbers.")
    _check_inside([(x, y) for x, y in points], "polygon")
    if value.get("closed") not in (None, True):
        raise ValueError("A polygon is not closed.")


def _check_brush(object_tag: str, entry: Entry, value: Value) -> None:
    if value.get("format") != "rle":
        raise ValueError("A mask has the format “rle”.")
    rle = value.get("rle")
    if not isinstance(rle, list) or not 8 <= len(rle) <= MAX_RLE:
        raise ValueError("A mask needs its run lengths, a list of bytes.")
    if any(type(byte) is not int or not 0 <= byte <= 255 for byte in rle):
        raise ValueError("The run lengths of a mask are bytes, 0 to 255.")
    width, height = entry.get("original_width"), entry.get("original_height")
    if type(width) is int and type(height) is int and int.from_bytes(bytes(rle[:4]), "big") != width * height * 4:
        raise ValueError("The mask is of another size than its picture.")


def _check_span(object_tag: str, entry: Entry, value: Value) -> None:
    if object_tag == "Audio":
        _check_sound(value)
    elif object_tag == "Text":
        _check_offsets(value, "start", "end")
    else:
        _check_marked(value)


def _check_sound(value: Value) -> None:
    start, end = _read_numbers(value, "start", "end", what="stretch of sound")
    if not 0 <= start < end:
        raise ValueError("A stretch of sound begins at 0 or later and ends after its beginning.")
    channel = value.get("channel")
    if channel is not None and (type(channel) is not int or not 0 <= channel < 64):
        raise ValueError("The channel of a stretch of sound is a whole number.")


def _check_offsets(value: Value, first: str, last: str) -> None:
    start, end = value.get(first), value.get(last)
    if type(start) is not int or type(end) is not int or not 0 <= start < end < LONGEST:
        raise ValueError("A span begins at character 0 or later and ends after its beginning.")
    if not isinstance(value.get("text", ""), str):
        raise ValueError("The text of a span is a text.")


def _check_marked(value: Value) -> None:
    """A span of a marked-up text: global offsets, or places in its elements with offsets in these."""
    whole = value.get("globalOffsets")
    if whole is not None:
        if not isinstance(whole, Mapping):
            raise ValueError("The globalOffsets of a span are an object with start and end.")
        _check_offsets(whole, "start", "end")
        return
    if type(value.get("start")) is int:
        _check_offsets(value, "start", "end")
        return
    places = [value.get("start"), value.get("end")]
    offsets = [value.get("startOffset"), value.get("endOffset")]
    if any(not isinstance(place, str) or len(place) > 2_000 for place in places):
        raise ValueError("A span needs start and end.")
    if any(type(offset) is not int or offset < 0 for offset in offsets):
        raise ValueError("A span needs startOffset and endOffset, whole numbers.")


def _check_period(object_tag: str, entry: Entry, value: Value) -> None:
    start, end = value.get("start"), value.get("end")
    for moment in (start, end):
        if not _is_finite(moment) and not (isinstance(moment, str) and 0 < len(moment) <= 100):
            raise ValueError("A stretch of a time series needs start and end.")
    if isinstance(start, str) != isinstance(end, str):
        raise ValueError("Start and end of a stretch of a time series are written the same way.")
    if not isinstance(start, str) and start > end:  # type: ignore[operator]
        raise ValueError("A stretch of a time series ends after its beginning.")


_GEOMETRY: dict[str, Callable[[str, Entry, Value], None]] = {
    "RectangleLabels": _check_rectangle,
    "PolygonLabels": _check_polygon,
    "KeyPointLabels": _check_keypoint,
    "EllipseLabels": _check_ellipse,
    "BrushLabels": _check_brush,
    "Labels": _check_span,
    "HyperTextLabels": _check_span,
    "ParagraphLabels": _check_span,
    "TimeSeriesLabels": _check_period,
}
_PLAIN: dict[str, Callable[[Control, Any], None]] = {
    "Choices": _check_choices,
    "Taxonomy": _check_taxonomy,
    "Rating": _check_rating,
    "Number": _check_number,
    "TextArea": _check_text,
    "Pairwise": _check_pair,
}
