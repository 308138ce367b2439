"""Writes agreement.json: random answers, and what the reference packages say about them.

Run by hand, with scikit-learn, statsmodels, krippendorff, nltk and crowd-kit installed; tests read the file only.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene
from nltk.metrics import jaccard_distance
from nltk.metrics.agreement import AnnotationTask
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

PACKAGES = ("scikit-learn", "statsmodels", "krippendorff", "nltk", "crowd-kit")


def make_answers(rng, units, raters, classes, missing):
    """Noisy answers around a truth; None for a missing one; every unit keeps at least one."""
    truth = rng.integers(0, classes, units)
    said = np.where(rng.random((units, raters)) < 0.7, truth[:, None], rng.integers(0, classes, (units, raters)))
    gone = rng.random((units, raters)) < missing
    gone[np.arange(units), rng.integers(0, raters, units)] = False
    return [[None if gone[u, r] else int(said[u, r]) for r in range(raters)] for u in range(units)]


def compute_alpha(rows, level, values=None):
    table = np.array([[np.nan if x is None else (values[x] if values else x) for x in row] for row in rows]).T
    return float(krippendorff.alpha(reliability_data=table, level_of_measurement=level))


def make_all():
    rng = np.random.default_rng(4)
    found = []
    for number, weights in enumerate([None, None, "linear", "quadratic", "linear"]):
        rows = make_answers(rng, 60 + 40 * number, 2, 3 + number, 0.0)
        first, second = zip(*rows, strict=True)
        value = cohen_kappa_score(first, second, weights=weights)
        found.append({"statistic": "cohen", "weights": weights or "", "rows": rows, "value": float(value)})
    for units, raters, classes in [(30, 3, 2), (50, 5, 4), (12, 14, 5)]:
        rows = make_answers(rng, units, raters, classes, 0.0)
        table = [[row.count(c) for c in range(classes)] for row in rows]
        found.append({"statistic": "fleiss", "rows": rows, "value": float(fleiss_kappa(np.array(table)))})
    for level in ("nominal", "ordinal", "interval"):
        for units, raters, classes, missing in [(20, 3, 4, 0.0), (40, 5, 5, 0.4), (80, 8, 6, 0.7)]:
            values = sorted(float(v) for v in np.round(rng.normal(0, 50, classes), 3)) if level == "interval" else None
            rows = make_answers(rng, units, raters, classes, missing)
            value = compute_alpha(rows, level, values)
            found.append({"statistic": "alpha", "level": level, "values": values, "rows": rows, "value": value})
    names = "abcd"
    for units in (15, 40, 60):
        rows = [
            [sorted(rng.choice(list(names), rng.integers(1, 4), replace=False).tolist()) for _ in range(3)]
            for _ in range(units)
        ]
        triples = [(r, u, frozenset(chosen)) for u, row in enumerate(rows) for r, chosen in enumerate(row)]
        value = AnnotationTask(triples, distance=jaccard_distance).alpha()
        found.append({"statistic": "jaccard_alpha", "rows": rows, "value": float(value)})
    for units, raters, missing in [(60, 5, 0.0), (150, 8, 0.5)]:
        rows = make_answers(rng, units, raters, 4, missing)
        triples = [(u, r, x) for u, row in enumerate(rows) for r, x in enumerate(row) if x is not None]
        frame = pd.DataFrame(triples, columns=["task", "worker", "label"])
        model = DawidSkene(n_iter=5_000, tol=0).fit(frame)
        posterior = model.probas_.reindex(columns=range(4), fill_value=0.0).sort_index().to_numpy()
        found.append({"statistic": "dawid_skene", "rows": rows, "value": posterior.round(12).tolist()})
    return found


if __name__ == "__main__":
    body = {"packages": {name: version(name) for name in PACKAGES}, "fixtures": make_all()}
    Path(__file__).with_name("agreement.json").write_text(json.dumps(body, separators=(",", ":")) + "\n")
