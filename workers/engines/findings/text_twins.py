"""Texts that are the same but for case and punctuation, and texts that were edited: MinHash over character shingles."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence

import numpy as np
from datasketch import MinHash, MinHashLSH

from workers.engines.findings.twins import Pair, pair_equal

SHINGLE = 5  # characters
PERMUTATIONS = 128
BANDS = (32, 4)  # pairs with half of their shingles in common meet with probability 0.87, with two thirds 0.999
LEAST_JACCARD = 0.5
LEAST_CHARS = 24  # below that a likeness says nothing
MAX_CANDIDATES = 50
_NOISE = re.compile(r"[\W_]+")


def normalize(text: str) -> str:
    """Lower case, letters and digits only, single spaces."""
    return _NOISE.sub(" ", text.casefold()).strip()


def find_equal(texts: Sequence[str]) -> list[Pair]:
    return pair_equal([normalize(text) or None for text in texts], "Same text, but for case and punctuation,")


def find_edited(texts: Sequence[str], skip: set[int], check: Callable[[], None]) -> list[Pair]:
    """Pairs whose shingle sets overlap by at least half (Jaccard), as MinHash finds them and a count confirms.

    `skip` are places left out; `check` is called now and then and may raise.
    """
    index = MinHashLSH(num_perm=PERMUTATIONS, params=BANDS)
    shingles: dict[int, frozenset[str]] = {}
    pairs = []
    for place, text in enumerate(texts):
        if place % 500 == 0:
            check()
        clean = normalize(text)
        if place in skip or len(clean) < LEAST_CHARS:
            continue
        grams = frozenset(clean[i : i + SHINGLE] for i in range(len(clean) - SHINGLE + 1))
        sketch = _sketch(grams)
        for other in index.query(sketch)[:MAX_CANDIDATES]:
            known = shingles[other]
            common = len(known & grams)
            likeness = common / (len(known) + len(grams) - common)
            if likeness >= LEAST_JACCARD:
                pairs.append(Pair(other, place, likeness, f"{likeness:.0%} the same text"))
        index.insert(place, sketch, check_duplication=False)
        shingles[place] = grams
    return pairs


def _sketch(grams: frozenset[str]) -> MinHash:
    sketch = MinHash(num_perm=PERMUTATIONS, hashfunc=zlib.crc32, seed=1)
    sketch.update_batch([gram.encode() for gram in grams])
    return sketch


def count_words(texts: Sequence[str]) -> np.ndarray:
    return np.array([len(text.split()) for text in texts])
