"""Labels that a model which never saw them would not give: cleanlab on out-of-fold predictions."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.contracts.profile import FindingKind, FoundItem
from workers.engines.findings.features import read_number
from workers.engines.findings.folds import FOLDS, TREES, build_classifier, take
from workers.engines.findings.label_names import doubt_names
from workers.engines.findings.loading import Look

LEAST_LABELED = 50
LEAST_PER_CLASS = FOLDS
LARGEST = 1e37  # LightGBM's numbers are 32 bits wide
NUMBER_SUSPICION = 4.0  # times the error that is usual for like items: then it is likely wrong


def find_label_errors(look: Look, features: Any) -> list[FoundItem]:
    """What is likely wrong, most doubtful first; then, ranked too, what else a model would label otherwise."""
    search = doubt_names if look.spec.label_names is not None else SEARCHES.get(look.spec.label_kind)
    if search is None:
        look.notes[FindingKind.LABEL_ERRORS] = "Only classes and numbers are checked, not texts."
        return []
    places = np.array([n for n, label in enumerate(look.items.labels) if label is not None], dtype=np.int64)
    if len(places) < LEAST_LABELED:
        look.notes[FindingKind.LABEL_ERRORS] = f"Needs at least {LEAST_LABELED} labeled items; there are {len(places)}."
        return []
    if features is None:
        look.notes[FindingKind.LABEL_ERRORS] = "The items have too little in common to learn anything from."
        return []
    if isinstance(features, pd.DataFrame):  # LightGBM takes no name with a character of JSON in it
        features = features.set_axis([f"c{n}" for n in range(len(features.columns))], axis=1)
    found = search(look, features, places)
    return sorted(found, key=lambda f: (not f.is_likely, -f.score))


def _doubt_classes(look: Look, features: Any, places: np.ndarray) -> list[FoundItem]:
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    counts = Counter(look.items.labels[place] for place in places)
    names = sorted(name for name, count in counts.items() if name is not None and count >= LEAST_PER_CLASS)
    rare = len(counts) - len(names)
    if len(names) < 2:
        look.notes[FindingKind.LABEL_ERRORS] = f"Needs two classes with at least {LEAST_PER_CLASS} items each."
        return []
    index = {name: n for n, name in enumerate(names)}
    places = np.array([place for place in places if look.items.labels[place] in index])
    given = np.array([index[look.items.labels[place]] for place in places])
    shares = predict_classes(take(features, places), given, look)
    accuracy = (shares.argmax(1) == given).mean()
    note = f"A model that never saw the label agrees with {accuracy:.0%} of {len(places):,} labels."
    look.notes[FindingKind.LABEL_ERRORS] = note + (f" {rare} rare classes were left out." if rare else "")
    quality = get_label_quality_scores(given, shares, method="normalized_margin")
    likely = shares.argmax(1)
    is_issue = find_label_issues(given, shares, n_jobs=1)  # its own cut, of confident learning
    return [
        FoundItem(
            FindingKind.LABEL_ERRORS,
            int(look.items.ids[places[n]]),
            round(float(1 - quality[n]), 4),
            f"Labeled “{names[given[n]]}”; by the others it would be “{names[likely[n]]}” "
            f"({shares[n, likely[n]]:.0%}, “{names[given[n]]}” {shares[n, given[n]]:.0%})",
            suggestion=names[likely[n]],
            is_likely=bool(is_issue[n]),
        )
        for n in np.flatnonzero(likely != given)
    ]


def predict_classes(features: Any, given: np.ndarray, look: Look) -> np.ndarray:
    """[n, classes]: for each item what a model trained on the other folds says."""
    from sklearn.model_selection import StratifiedKFold

    shares = np.zeros((len(given), given.max() + 1))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=look.spec.seed)
    for train, test in folds.split(np.zeros(len(given)), given):
        look.check()
        model = build_classifier(features, look.spec.seed)
        model.fit(take(features, train), given[train])
        shares[test] = model.predict_proba(take(features, test))
    return shares


def _doubt_numbers(look: Look, features: Any, places: np.ndarray) -> list[FoundItem]:
    """An error counts in units of what is usual for items like this one, as a second model has learned."""
    given = np.array([read_number(look.items.labels[place]) for place in places])
    places, given = places[np.isfinite(given)], given[np.isfinite(given)]
    if len(places) < LEAST_LABELED:
        look.notes[FindingKind.LABEL_ERRORS] = f"Needs at least {LEAST_LABELED} numbers; there are {len(places)}."
        return []
    given = np.clip(given, -LARGEST, LARGEST)
    chosen = take(features, places)
    predicted = predict_numbers(chosen, given, look)
    errors = np.abs(given - predicted)
    usual = np.maximum(predict_numbers(chosen, errors, look), np.median(errors) * 0.5 + 1e-12)
    doubts = errors / usual
    spread = float(np.var(given)) or 1.0
    agreement = 1 - float(np.mean((given - predicted) ** 2)) / spread
    look.notes[FindingKind.LABEL_ERRORS] = (
        f"A model that never saw the label explains {max(agreement, 0):.0%} of the spread of {len(places):,} labels. "
        f"Likely wrong is what differs by {NUMBER_SUSPICION:g} times what is usual for items like it."
    )
    return [
        FoundItem(
            FindingKind.LABEL_ERRORS,
            int(look.items.ids[places[n]]),
            round(float(doubts[n] / (doubts[n] + NUMBER_SUSPICION)), 4),
            f"Labeled {given[n]:,.6g}; items like it are at about {predicted[n]:,.6g}, "
            f"which is {doubts[n]:.1f} times the usual difference",
            suggestion=f"{predicted[n]:.6g}",
            is_likely=bool(doubts[n] >= NUMBER_SUSPICION),
        )
        for n in np.argsort(-doubts)
    ]


def predict_numbers(features: Any, given: np.ndarray, look: Look) -> np.ndarray:
    """For each item what a model trained on the other folds says."""
    from lightgbm import LGBMRegressor
    from sklearn.model_selection import KFold

    predicted = np.zeros(len(given))
    for train, test in KFold(FOLDS, shuffle=True, random_state=look.spec.seed).split(given):
        look.check()
        model = LGBMRegressor(
            n_estimators=TREES,
            objective="l1",
            num_leaves=15,
            min_child_samples=10,
            verbose=-1,
            random_state=look.spec.seed,
        )
        model.fit(take(features, train), given[train])
        predicted[test] = model.predict(take(features, test))
    return predicted


SEARCHES = {"class": _doubt_classes, "number": _doubt_numbers}
