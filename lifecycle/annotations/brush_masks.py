"""Label Studio's packed masks as boolean pictures, fast enough for a request; numpy only.

The packing is thi.ng/rle-pack's of the RGBA bytes: 32 bits say how many, 5 the size of a word, four times 4 those of
run lengths; then runs, a word that repeats or so many words one after the other. Only what is painted is asked for,
which is every fourth byte: a picture of 4000 by 3000 pixels is never laid out byte by byte.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CHANNELS = 4


def decode_mask(packed: Sequence[int], width: int, height: int) -> NDArray[np.bool_]:
    """(height, width), true where something is painted. ValueError for what is no mask of this size."""
    bits = bin(int.from_bytes(b"\1" + bytes(packed), "big"))[3:]  # the leading one keeps zeros in front
    count, word, lengths = int(bits[:32], 2), int(bits[32:37], 2) + 1, [int(bits[n : n + 4], 2) + 1 for n in _LENGTHS]
    if count != width * height * CHANNELS:
        raise ValueError("The mask is of another size than its picture.")
    values, ends = _read_runs(bits, count, word, lengths)
    pixels = np.diff(np.minimum(np.array(ends, np.int64), count) // CHANNELS, prepend=0)
    return np.repeat(np.array(values, np.int64) > 0, pixels).reshape(height, width)


_LENGTHS = range(37, 53, 4)


def _read_runs(bits: str, count: int, word: int, lengths: Sequence[int]) -> tuple[list[int], list[int]]:
    """(values, ends in bytes) of all runs; ValueError where the bits end before the picture does."""
    values: list[int] = []
    ends: list[int] = []
    at, done = 53, 0
    while done < count:
        size = lengths[int(bits[at + 1 : at + 3], 2)]
        length = int(bits[at + 3 : at + 3 + size], 2) + 1
        is_repeated, at = bits[at] == "1", at + 3 + size
        if is_repeated:
            done += length
            values.append(int(bits[at : at + word], 2))
            ends.append(done)
            at += word
        else:
            values += [int(bits[n : n + word], 2) for n in range(at, at + length * word, word)]
            ends += range(done + 1, done + length + 1)
            done, at = done + length, at + length * word
    return values, ends
