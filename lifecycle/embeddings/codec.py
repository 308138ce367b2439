"""The binary form in which points and their colors travel to the browser; static/js/modules/map-codec.js reads it.

All numbers are little-endian, every array starts at a multiple of eight bytes.
Points: ``GMP1``, uint32 n, float64 item ids[n], float32 x[n], float32 y[n], int16 clusters[n].
Colors: ``GMC1``, uint32 bytes of legend, legend (JSON, padded), then uint16 codes[n] or float32 values[n].
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

POINTS, COLORS = b"GMP1", b"GMC1"
MOST_CLUSTERS = 1 << 15
NO_CODE = 0xFFFF  # an item that has no value of this kind


class BadPoints(ValueError):
    """These bytes are no points."""


@dataclass(frozen=True)
class Points:
    """Aligned arrays, sorted by item id: int64 [n], float32 [n, 2], int16 [n] (-1: in no cluster)."""

    item_ids: np.ndarray
    positions: np.ndarray
    clusters: np.ndarray


def encode_points(points: Points) -> bytes:
    """Raises BadPoints for ids that a browser's numbers cannot hold exactly."""
    ids = points.item_ids
    if len(ids) and (ids.min() < 0 or ids.max() >= 1 << 53):
        raise BadPoints("An item's id does not fit.")
    parts = [POINTS + struct.pack("<I", len(ids)), ids.astype("<f8").tobytes()]
    parts += [_pad(points.positions[:, axis].astype("<f4").tobytes()) for axis in (0, 1)]
    parts.append(_pad(points.clusters.astype("<i2").tobytes()))
    return b"".join(parts)


def decode_points(content: bytes) -> Points:
    """The inverse of `encode_points`; raises BadPoints."""
    if content[:4] != POINTS or len(content) < 8:
        raise BadPoints("These are no points.")
    count = struct.unpack_from("<I", content, 4)[0]
    place, arrays = 8, []
    for kind in ("<f8", "<f4", "<f4", "<i2"):
        width = np.dtype(kind).itemsize * count
        if place + width > len(content):
            raise BadPoints("The points are cut off.")
        arrays.append(np.frombuffer(content, kind, count, place))
        place += width + -width % 8
    ids, x, y, clusters = arrays
    return Points(ids.astype(np.int64), np.stack([x, y], axis=1), clusters.astype(np.int16))


def encode_colors(legend: Mapping[str, Any], values: np.ndarray) -> bytes:
    """`values` are uint16 codes into ``legend["entries"]``, or float32 numbers (NaN: none)."""
    kind = "<u2" if values.dtype == np.uint16 else "<f4"
    head = json.dumps({**legend, "kind": "codes" if kind == "<u2" else "values", "count": len(values)}).encode()
    head += b" " * (-len(head) % 8)
    return COLORS + struct.pack("<I", len(head)) + head + values.astype(kind).tobytes()


def decode_colors(content: bytes) -> tuple[dict[str, Any], np.ndarray]:
    """The inverse of `encode_colors`; raises BadPoints."""
    if content[:4] != COLORS or len(content) < 8:
        raise BadPoints("These are no colors.")
    size = struct.unpack_from("<I", content, 4)[0]
    legend = json.loads(content[8 : 8 + size])
    kind = "<u2" if legend["kind"] == "codes" else "<f4"
    return legend, np.frombuffer(content, kind, legend["count"], 8 + size)


def _pad(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % 8)
