"""Shorthand for answers and what comes of them."""

from __future__ import annotations

from lifecycle.annotations.merging import Answer, Majority, Merged, merge
from lifecycle.contracts.label_interface import Interface, parse_interface

CELLS = parse_interface(
    '<View><Image name="item" value="$image"/><RectangleLabels name="label" toName="item">'
    '<Label value="red"/><Label value="white"/><Label value="platelet"/></RectangleLabels></View>',
    "object_detection",
)


def ask(control: str, shown: str = '<Text name="item" value="$text"/>') -> Interface:
    return parse_interface(f"<View>{shown}{control}</View>")


def say(interface: Interface, value: dict, name: str = "", **more) -> list[dict]:
    """An answer to one question."""
    control = interface.by_name[name] if name else interface.controls[0]
    return [{"from_name": control.name, "to_name": ",".join(control.to), "type": control.type, "value": value, **more}]


def box(label: str, x: float, y: float, width: float = 10, height: float = 10, id: str = "", **more) -> dict:
    return {
        "id": id or f"{label}{x}{y}", "from_name": "label", "to_name": "item", "type": "rectanglelabels",
        "original_width": 200, "original_height": 100,
        "value": {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [label]}, **more,
    }  # fmt: skip


def combine(interface: Interface, *results: list[dict], judge=None) -> Merged:
    """Answers 11, 12, … of the people 1, 2, …; the checker takes what comes out."""
    answers = [Answer(10 + n, n, interface.check_result(result)) for n, result in enumerate(results, start=1)]
    merged = merge(interface, answers, judge or Majority())
    assert interface.check_result(merged.result) is merged.result
    return merged


def values(merged: Merged) -> list[dict]:
    return [entry["value"] for entry in merged.result]
