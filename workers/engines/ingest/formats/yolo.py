"""YOLO: class names in data.yaml, and beside each picture a text file of "class x y width height" in fractions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from workers.engines.ingest.formats.regions import Damage, Shape, clean_name

MAX_CLASSES = 10_000


def read_classes(text: str) -> list[str]:
    """The class names of a data.yaml, by number. ValueError with a sentence when it names none."""
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ValueError(f"the YAML cannot be read ({str(error).splitlines()[0][:120]})") from None
    names = content.get("names") if isinstance(content, Mapping) else None
    if isinstance(names, Mapping):
        names = _order(names)
    if not isinstance(names, Sequence) or isinstance(names, str) or not names:
        raise ValueError("the YAML has no list of class names under “names”")
    try:
        return [clean_name(name) for name in names[:MAX_CLASSES]]
    except Damage as damage:
        raise ValueError(f"a class {damage}") from None


def read_class_lines(text: str) -> list[str]:
    """The class names of a classes.txt or obj.names: one a line."""
    return [line.strip() for line in text.splitlines()[:MAX_CLASSES] if line.strip()]


def read_boxes(text: str, classes: Sequence[str]) -> Iterator[Shape | tuple[int, str]]:
    """A shape for each line, or (line, what is wrong with it)."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield _read_line(line.split(), classes)
        except Damage as damage:
            yield number, str(damage)
        except (ValueError, OverflowError):
            yield number, "the line is not “class x y width height”"


def _read_line(cells: Sequence[str], classes: Sequence[str]) -> Shape:
    number = int(cells[0])
    if not 0 <= number < len(classes):
        raise Damage(f"class {number} is not in the list of {len(classes)} names")
    values = [float(cell) for cell in cells[1:]]
    if len(values) in (4, 5):  # a fifth is a model's confidence
        x, y, width, height = values[:4]
        corners = ((x - width / 2, y - height / 2), (x + width / 2, y + height / 2))
        return Shape("box", classes[number], corners, (1.0, 1.0))
    if len(values) >= 6 and len(values) % 2 == 0:
        points = tuple(zip(values[::2], values[1::2], strict=True))
        return Shape("polygon", classes[number], points, (1.0, 1.0))
    raise Damage("the line is not “class x y width height”")


def _order(names: Mapping[Any, Any]) -> list[Any]:
    try:
        last = max(int(key) for key in names)
        numbered = {int(key): name for key, name in names.items()}
    except (TypeError, ValueError):
        raise ValueError("the class names in the YAML are not numbered") from None
    if not 0 <= last < MAX_CLASSES:
        raise ValueError("the class names in the YAML are not numbered from 0")
    return [numbered.get(number, f"class {number}") for number in range(last + 1)]
