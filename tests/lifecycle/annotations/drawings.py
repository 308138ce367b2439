"""One region of every tag that draws, moved by a share of the item."""

from __future__ import annotations

from typing import Any

import numpy as np

SIZE = 100


def _shape(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "original_width": SIZE, "original_height": SIZE, "value": value}


def box(at: float) -> dict[str, Any]:
    return _shape("rectanglelabels", {"x": at, "y": 10, "width": 20, "height": 20, "rotation": 0})


def polygon(at: float) -> dict[str, Any]:
    return _shape("polygonlabels", {"points": [[at, 10], [at + 20, 10], [at + 20, 30], [at, 30]]})


def ellipse(at: float) -> dict[str, Any]:
    return _shape("ellipselabels", {"x": at + 10, "y": 20, "radiusX": 10, "radiusY": 10, "rotation": 0})


def key_point(at: float) -> dict[str, Any]:
    return _shape("keypointlabels", {"x": at, "y": 10, "width": 1})


def mask(at: float) -> dict[str, Any]:
    from label_studio_sdk.converter.brush import mask2rle

    picture = np.zeros((SIZE, SIZE), np.uint8)
    picture[10:50, round(at) : round(at) + 20] = 255
    return _shape("brushlabels", {"format": "rle", "rle": mask2rle(picture)})


def span(at: float) -> dict[str, Any]:
    return {"type": "labels", "value": {"start": round(at), "end": round(at) + 20}}


def page_span(at: float) -> dict[str, Any]:
    start = round(at)
    places = {
        "startOffset": start % 7,
        "endOffset": start % 7 + 2,
        "start": "/p[1]/text()[1]",
        "end": "/p[9]/text()[1]",
    }
    return {
        "type": "hypertextlabels",
        "value": {**places, "globalOffsets": {"start": start, "end": start + 20}},
    }


def path_span(at: float) -> dict[str, Any]:
    path = "/p[1]/text()[1]"
    value = {"start": path, "end": path, "startOffset": round(at), "endOffset": round(at) + 20}
    return {"type": "hypertextlabels", "value": value}


def paragraph_span(at: float) -> dict[str, Any]:
    value = {"start": "1", "end": "1", "startOffset": round(at), "endOffset": round(at) + 20}
    return {"type": "paragraphlabels", "value": value}


def passage(at: float) -> dict[str, Any]:
    return {"type": "labels", "value": {"start": at / 100, "end": (at + 20) / 100, "channel": 0}}


def stretch(at: float) -> dict[str, Any]:
    return {"type": "timeserieslabels", "value": {"start": at, "end": at + 20.0, "instant": False}}


DRAWN = (box, polygon, ellipse, key_point, mask, span, page_span, path_span, paragraph_span, passage, stretch)


def draw(kind: Any, at: float, *, label: str = "car", region: str = "r") -> list[dict[str, Any]]:
    """An answer with one region at `at` percent of the item (characters, hundredths of a second …)."""
    entry = kind(at)
    entry["value"][entry["type"]] = [label]
    return [{"id": region, "from_name": "label", "to_name": "item", **entry}]


def lead(source: str, target: str, *labels: str) -> dict[str, Any]:
    return {"type": "relation", "from_id": source, "to_id": target, "direction": "right", "labels": list(labels)}
