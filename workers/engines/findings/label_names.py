"""Doubtful labels where an item has any number of classes: cleanlab's multi-label scores on out-of-fold predictions.

Of regions and spans it is the classes that they name that are checked here; where they are is `regions`' part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from lifecycle.contracts.label_interface.names import NameReader, is_cut
from lifecycle.contracts.label_interface.values import join_names
from lifecycle.contracts.profile import FindingKind, FoundItem
from workers.engines.findings.folds import FOLDS, build_classifier, take
from workers.engines.findings.loading import Look

LEAST_PER_CLASS = FOLDS  # items with it, and items without
MAX_NAMES = 60  # the most frequent ones; each has a model of its own
SHOWN_CHARS = 60
PLACED = ("boxes", "regions", "spans")  # label kinds that say where something is
UNCHECKED = "Checked here is which classes an item names; where they are is what “Regions worth a look” is about."


def doubt_names(look: Look, features: Any, places: np.ndarray) -> list[FoundItem]:
    """Items of which a model that never saw their label would name other classes, in no order."""
    from cleanlab.multilabel_classification.filter import find_label_issues
    from cleanlab.multilabel_classification.rank import get_label_quality_scores

    reader = NameReader(look.spec.label_names or ())
    labels = [look.items.labels[place] or "" for place in places]
    kept = [n for n, label in enumerate(labels) if not is_cut(label)]
    places, said = places[kept], [reader.read(labels[n]) for n in kept]
    names = _choose_names(said)
    if not names:
        look.notes[FindingKind.LABEL_ERRORS] = f"Needs a class that {LEAST_PER_CLASS} items have and as many have not."
        return []
    given = np.array([[name in one for name in names] for one in said])  # [items, classes]
    shares = predict_names(take(features, places), given, look)
    agrees = ((shares > 0.5) == given).mean()
    look.notes[FindingKind.LABEL_ERRORS] = (
        f"Models that never saw the labels agree with {agrees:.0%} of what {len(places):,} items say of "
        f"{len(names)} classes, each class by itself."
    )
    if look.spec.label_kind in PLACED:
        look.notes[FindingKind.LABEL_ERRORS] += f" {UNCHECKED}"
    told = [list(np.flatnonzero(row)) for row in given]
    quality = get_label_quality_scores(told, shares)
    is_issue = find_label_issues(told, shares, n_jobs=1)  # cleanlab's own cut
    doubtful = np.flatnonzero(((shares > 0.5) != given).any(axis=1))
    return [
        FoundItem(
            FindingKind.LABEL_ERRORS,
            int(look.items.ids[places[n]]),
            round(float(1 - quality[n]), 4),
            _say_why(names, given[n], shares[n]),
            suggestion=_suggest(look.spec.label_names or (), names, said[n], shares[n]),
            is_likely=bool(is_issue[n]),
        )
        for n in doubtful
    ]


def _choose_names(said: Sequence[tuple[str, ...]]) -> list[str]:
    """The most frequent names of which there is enough on both sides."""
    counts = Counter(name for one in said for name in one)
    usable = [(name, n) for name, n in counts.items() if LEAST_PER_CLASS <= n <= len(said) - LEAST_PER_CLASS]
    return [name for name, _ in sorted(usable, key=lambda pair: (-pair[1], pair[0]))[:MAX_NAMES]]


def predict_names(features: Any, given: np.ndarray, look: Look) -> np.ndarray:
    """[items, classes]: how likely each class is, by models of the other folds. The folds are the same for all
    classes; where a fold's others are all on one side, their share is what can be said."""
    from sklearn.model_selection import KFold

    shares = np.zeros(given.shape)
    for train, test in KFold(FOLDS, shuffle=True, random_state=look.spec.seed).split(given):
        known, asked = take(features, train), take(features, test)
        for k in range(given.shape[1]):
            look.check()
            truth = given[train, k]
            if truth.all() or not truth.any():
                shares[test, k] = truth.mean()
                continue
            model = build_classifier(features, look.spec.seed).fit(known, truth)
            shares[test, k] = model.predict_proba(asked)[:, 1]
    return shares


def _say_why(names: Sequence[str], given: np.ndarray, shares: np.ndarray) -> str:
    """The two classes that are doubted most."""
    doubts = np.where(given, 1 - shares, shares)
    parts = []
    for k in np.argsort(-doubts)[:2]:
        if doubts[k] <= 0.5:
            break
        name = names[k] if len(names[k]) <= SHOWN_CHARS else names[k][: SHOWN_CHARS - 1] + "…"
        parts.append(f"“{name}” is {'named' if given[k] else 'not named'}, by the others it is {shares[k]:.0%} likely")
    return "; ".join(parts)


def _suggest(known: Sequence[str], names: Sequence[str], said: Sequence[str], shares: np.ndarray) -> str:
    """The label with the doubted classes changed; names that were not looked at stay."""
    likely = {name for name, share in zip(names, shares, strict=True) if share > 0.5}
    wanted = likely | (set(said) - set(names))
    return join_names([name for name in dict.fromkeys([*known, *said]) if name in wanted])
