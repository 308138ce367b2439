"""Label Studio's run-length code of brush masks (rle-pack), both ways, and COCO's.

The code is a stream of bits: 32 for the number of values, 5 for the word size less one, 4 × 4 for the sizes of run
lengths less one; then runs: 1 bit run or literal, 2 bits size, the length less one, the word or words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SIZES = (3, 4, 8, 16)
MAX_VALUES = 4 * 200_000_000


def decode(rle: Sequence[int], width: int, height: int) -> np.ndarray:
    """(height, width) bool. ValueError where the code is not one of a picture of this size."""
    content = bytes(rle)
    bits = bin(int.from_bytes(b"\1" + content, "big"))[3:]
    count = int(bits[:32] or "0", 2)
    if count != 4 * width * height or count > MAX_VALUES:
        raise ValueError("a mask does not fit its picture")
    word = int(bits[32:37], 2) + 1
    sizes = [int(bits[at : at + 4], 2) + 1 for at in (37, 41, 45, 49)]
    out, place, at = np.zeros(count, np.uint8), 0, 53
    try:
        while place < count:
            is_run, size = bits[at] == "1", sizes[int(bits[at + 1 : at + 3], 2)]
            at += 3
            length = int(bits[at : at + size], 2) + 1
            at += size
            words = 1 if is_run else length
            values = [int(bits[at + n * word : at + (n + 1) * word], 2) for n in range(words)]
            out[place : place + length] = values[0] if is_run else np.array(values, np.uint8)[: count - place]
            at += words * word
            place += length
    except (IndexError, ValueError):
        raise ValueError("a mask is cut off") from None
    return out.reshape(height, width, 4)[:, :, 3] > 0


def encode(mask: np.ndarray) -> list[int]:
    """A (height, width) mask as Label Studio's page reads it: four equal channels, 0 or 255."""
    flat = np.asarray(mask, bool).ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    starts = np.concatenate(([0], edges, [flat.size]))
    parts = [f"{4 * flat.size:032b}", f"{7:05b}", *(f"{size - 1:04b}" for size in SIZES)]
    for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        value, left = "11111111" if flat[start] else "00000000", 4 * (end - start)
        while left > 0:
            length = min(left, 1 << SIZES[-1])
            index = next(n for n, size in enumerate(SIZES) if length <= 1 << size)
            parts.append(f"1{index:02b}{length - 1:0{SIZES[index]}b}{value}")
            left -= length
    bits = "".join(parts)
    bits += "0" * (-len(bits) % 8)
    return list(int(bits, 2).to_bytes(len(bits) // 8, "big"))


def count_runs(mask: np.ndarray) -> list[int]:
    """COCO's uncompressed counts: lengths of runs down the columns, the first one of zeros."""
    flat = np.asarray(mask, bool).ravel(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff(np.concatenate(([0], edges, [flat.size]))).tolist()
    return [0, *lengths] if flat[0] else lengths


def draw_runs(counts: Sequence[int], width: int, height: int) -> np.ndarray:
    """The mask behind COCO's uncompressed counts. ValueError where they do not fit the size."""
    if sum(counts) != width * height or any(count < 0 for count in counts):
        raise ValueError("a mask does not fit its picture")
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape((height, width), order="F")
