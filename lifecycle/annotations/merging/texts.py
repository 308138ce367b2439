"""Which of several texts stands for all of them: the one that most wrote, else the one nearest to the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MAX_LETTERS = 4_000  # longer texts are compared word by word


def simplify(texts: Sequence[str]) -> tuple[str, ...]:
    """The same for texts that differ in nothing but blanks."""
    return tuple(" ".join(text.split()) for text in texts)


def choose_text(texts: Sequence[tuple[str, ...]], weights: Sequence[float]) -> int:
    """The place of the text that the most weight wrote; where several have the most, of the one of these with the
    smallest sum of edit distances to all (the medoid); of equals the last."""
    shared = [sum(w for other, w in zip(texts, weights, strict=True) if other == text) for text in texts]
    most = max(shared)
    best = [place for place, weight in enumerate(shared) if weight >= most - 1e-9]
    if len({texts[place] for place in best}) == 1:
        return best[-1]
    known: dict[tuple[tuple[str, ...], tuple[str, ...]], float] = {}
    sums = {place: _sum_distances(texts[place], texts, weights, known) for place in best}
    return min(best, key=lambda place: (round(sums[place], 9), -place))


def _sum_distances(text: tuple[str, ...], texts: Sequence[tuple[str, ...]], weights: Sequence[float], known) -> float:
    total = 0.0
    for other, weight in zip(texts, weights, strict=True):
        first, second = sorted((text, other))
        if (first, second) not in known:
            known[first, second] = measure_distance("\n".join(first), "\n".join(second))
        total += weight * known[first, second]
    return total


def measure_distance(first: str, second: str) -> float:
    """Levenshtein's distance over the longer one's length, 0 to 1; by letters, or by words where a text is long."""
    if first == second:
        return 0.0
    if max(len(first), len(second)) <= MAX_LETTERS:
        return count_edits(first, second) / max(len(first), len(second))
    a, b = first.split(), second.split()
    return count_edits(a, b) / max(len(a), len(b), 1)


def count_edits(first: Sequence[str], second: Sequence[str]) -> int:
    """Levenshtein's distance (1965): insertions, deletions and substitutions from one to the other."""
    codes: dict[str, int] = {}
    a, b = (np.array([codes.setdefault(one, len(codes)) for one in side], np.int64) for side in (first, second))
    steps = np.arange(len(b) + 1)
    row = steps.copy()
    for one in a:
        changed = np.minimum(row[1:] + 1, row[:-1] + (b != one))
        # what is inserted from the left: the smallest of all before, a step more each
        row = np.minimum.accumulate(np.concatenate([[row[0] + 1], changed]) - steps) + steps
    return int(row[-1])
