"""The crowds on a map, and names for them: the label most of them have, or the words that set them apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from sklearn.neighbors import NearestNeighbors

from lifecycle.contracts.embeddings import Cluster

FITTED_ON = 10_000  # points clusters are looked for in; the others join their nearest one
SMALLEST_SHARE = 0.01  # of the points, that make a cluster
SMALLEST = 8
MOST_OUTSIDE = 0.5  # of the points in no cluster: then the map has no crowds, and is cut into regions
MOST_CLUSTERS = 60
NAMING_SHARE = 0.5  # of the labeled ones that must agree for a label to be the name
WORDS_SHOWN = 3
_WORD = re.compile(r"[^\W\d_][\w'-]{2,}")


def find_clusters(positions: np.ndarray, seed: int) -> np.ndarray:
    """int16 [n]: clusters from 0, the largest first; -1 outside every one (Campello et al. 2013)."""
    count = len(positions)
    if count < 3 * SMALLEST:
        return np.full(count, -1, dtype=np.int16)
    random = np.random.default_rng(seed)
    chosen = np.arange(count) if count <= FITTED_ON else np.sort(random.choice(count, FITTED_ON, replace=False))
    smallest = max(SMALLEST, round(SMALLEST_SHARE * len(chosen)))
    labels = HDBSCAN(min_cluster_size=smallest, copy=True).fit(positions[chosen]).labels_
    found = len(set(labels) - {-1})
    if found < 2 or (labels < 0).mean() > MOST_OUTSIDE or found > MOST_CLUSTERS:
        regions = int(np.clip(np.sqrt(count) / 4, 4, 20))
        labels = KMeans(regions, random_state=seed, n_init=3).fit(positions[chosen]).labels_
    if len(chosen) < count:
        nearest = NearestNeighbors(n_neighbors=1).fit(positions[chosen])
        labels = labels[nearest.kneighbors(positions, return_distance=False)[:, 0]]
    return _number_by_size(labels)


def _number_by_size(labels: np.ndarray) -> np.ndarray:
    ranked = [label for label, _ in Counter(labels[labels >= 0].tolist()).most_common()]
    numbers = {label: number for number, label in enumerate(ranked)}
    return np.array([numbers.get(label, -1) for label in labels.tolist()], dtype=np.int16)


def describe_clusters(
    positions: np.ndarray, numbers: np.ndarray, labels: Sequence[str | None], words: Sequence[str]
) -> tuple[Cluster, ...]:
    """One line a cluster, the largest first."""
    names = name_clusters(numbers, labels, words)
    clusters = []
    for number in range(int(numbers.max(initial=-1)) + 1):
        inside = positions[numbers == number]
        x, y = np.median(inside, axis=0)
        clusters.append(Cluster(number, names[number], len(inside), round(float(x), 5), round(float(y), 5)))
    return tuple(clusters)


def name_clusters(numbers: np.ndarray, labels: Sequence[str | None], words: Sequence[str]) -> list[str]:
    """The label at least half of a cluster's labeled items have, else its words, else a number; no name twice."""
    total = int(numbers.max(initial=-1)) + 1
    members = [np.flatnonzero(numbers == number) for number in range(total)]
    distinct = _find_words(members, words) if words else [""] * total
    names: list[str] = []
    for number, places in enumerate(members):
        name = _find_label([labels[place] for place in places] if labels else []) or distinct[number]
        name = name or f"Cluster {number + 1}"
        taken = sum(1 for other in names if other == name or other.startswith(f"{name} ("))
        names.append(f"{name} ({taken + 1})" if taken else name)
    return names


def _find_label(labels: Sequence[str | None]) -> str:
    counts = Counter(label for label in labels if label)
    if not counts:
        return ""
    label, count = counts.most_common(1)[0]
    return label[:60] if count >= NAMING_SHARE * counts.total() else ""


def _find_words(members: Sequence[np.ndarray], texts: Sequence[str]) -> list[str]:
    """The words that occur in much more of a cluster's texts than in the others'."""
    seen = [Counter(word for place in places for word in _list_words(texts[place])) for places in members]
    everywhere = sum(seen, Counter())
    total = max(sum(len(places) for places in members), 1)
    found = []
    for places, counts in zip(members, seen, strict=True):
        rest = max(total - len(places), 1)

        def score(word: str, counts: Counter = counts, size: int = max(len(places), 1), rest: int = rest) -> float:
            inside, outside = counts[word] / size, (everywhere[word] - counts[word] + 1) / rest
            return inside * float(np.log(inside / outside))

        usual = [word for word, count in counts.items() if count >= 2]
        found.append(", ".join(sorted(usual, key=lambda word: (-score(word), word))[:WORDS_SHOWN]))
    return found


def _list_words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text[:2_000].lower()) if word not in ENGLISH_STOP_WORDS}
