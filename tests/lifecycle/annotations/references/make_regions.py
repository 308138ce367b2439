"""Writes regions.json: random shapes and spans, and what the reference packages say of how far they agree.

Run by hand, with shapely and seqeval installed; tests read the file only.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2
from shapely import affinity
from shapely.geometry import Polygon, box

PACKAGES = ("shapely", "seqeval")
WIDTH, HEIGHT = 640, 480
CLASSES = ("place", "name")


def make_box(rng):
    """(entry, its outline): a box turned about its upper left corner, in percent of a picture that is not square."""
    x, y, width, height = rng.uniform(30, 45), rng.uniform(30, 45), rng.uniform(10, 40), rng.uniform(10, 40)
    turn = float(rng.choice([0.0, rng.uniform(0, 360)]))
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": turn, "rectanglelabels": ["car"]}
    left, top = x * WIDTH / 100, y * HEIGHT / 100
    straight = box(left, top, left + width * WIDTH / 100, top + height * HEIGHT / 100)
    return entry("rectanglelabels", value), affinity.rotate(straight, turn, origin=(left, top))


def make_star(rng, corners: int):
    """(entry, its outline): a polygon that is bent inward here and there and never crosses itself."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = rng.uniform(14, 42, corners)
    points = np.stack([50 + rng.uniform(-8, 8) + reach * np.cos(angles), 50 + reach * np.sin(angles)], axis=1)
    value = {"points": points.tolist(), "closed": True, "polygonlabels": ["car"]}
    return entry("polygonlabels", value), Polygon(points * [WIDTH / 100, HEIGHT / 100])


def entry(kind: str, value: dict) -> dict:
    return {"type": kind, "original_width": WIDTH, "original_height": HEIGHT, "value": value}


def make_overlaps(rng) -> list[dict]:
    found = []
    for number in range(16):
        pair = [make_box(rng) if (number >> place) % 2 else make_star(rng, 5 + number) for place in (0, 1)]
        (first, a), (second, b) = pair
        assert a.is_valid and b.is_valid
        value = a.intersection(b).area / a.union(b).area
        found.append({"statistic": "iou", "pair": [first, second], "value": float(value)})
    return found


def make_tags(rng, length: int) -> list[str]:
    tags: list[str] = []
    while len(tags) < length:
        if rng.random() < 0.5:
            tags.append("O")
            continue
        name = str(rng.choice(CLASSES))
        tags += [f"B-{name}", *[f"I-{name}"] * int(rng.integers(0, 3))]
    return tags[:length]


def change_some(rng, tags: list[str]) -> list[str]:
    """Another reading of the same text, well formed: some parts by somebody else."""
    other, cut = make_tags(rng, len(tags)), int(rng.integers(len(tags) // 2, len(tags) - 1))
    mixed = [*tags[:cut], *other[cut:]]
    return [f"B{tag[1:]}" if tag[0] == "I" and (at == 0 or mixed[at - 1][1:] != tag[1:]) else tag
            for at, tag in enumerate(mixed)]  # fmt: skip


def make_spans(rng) -> list[dict]:
    found = []
    for length in (12, 30, 60, 90, 140, 200):
        first = make_tags(rng, length)
        second = change_some(rng, first)
        value = f1_score([first], [second], mode="strict", scheme=IOB2)
        found.append({"statistic": "span_f1", "tags": [first, second], "value": float(value)})
    return found


if __name__ == "__main__":
    rng = np.random.default_rng(7)
    body = {
        "packages": {name: version(name) for name in PACKAGES},
        "fixtures": [*make_overlaps(rng), *make_spans(rng)],
    }
    Path(__file__).with_name("regions.json").write_text(json.dumps(body, separators=(",", ":")) + "\n")
