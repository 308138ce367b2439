"""Columns that look too good or say too little: what each alone predicts of the label, identifiers, clocks, constants.

The score of a column alone is that of a small tree on it, out of fold: accuracy over guessing, or R². Where items have
several classes, each of the commonest is a question of its own, and the score is that of the one told best.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from lifecycle.contracts.label_interface.names import NameReader
from lifecycle.contracts.moments import choose_formats, read_moment
from workers.engines.profile.cells import Column

SAMPLE_ROWS = 20_000
LEAST_ROWS = 60
LEAKS_CLASS, LEAKS_NUMBER = 0.97, 0.995  # skill of one column alone above which it is named a leak
MISSING_TELLS = 0.5
IDENTIFIES = 0.98  # share of distinct values
FOLLOWS_TIME = 0.95  # rank correlation with the order in which items came in
FOLDS = 3
CLASSES_ASKED = 6  # of several classes: each costs a tree for every column


@dataclass(frozen=True)
class Target:
    """What a column alone shall tell. `guess`: accuracy of always saying the commonest; `of`: the class whose presence
    is asked, where items have several."""

    values: np.ndarray  # (rows,) codes, or numbers
    guess: float = 0.0
    of: str = ""
    is_number: bool = False

    @property
    def title(self) -> str:
        return f"whether “{self.of}” is there" if self.of else "the label"


def judge_columns(
    sample: pd.DataFrame, columns: Sequence[Column], label_kind: str, several: tuple[str, ...] | None = None
) -> tuple[dict[str, float], list]:
    """(name -> skill of each column alone, suspects worst first: {"column", "kind", "score", "reason"}). `several` as
    in `ProfileSpec.label_names`."""
    labeled = sample[sample["target" if label_kind == "number" else "label"].notna()]
    targets = _read_targets(labeled, label_kind, several) if len(labeled) >= LEAST_ROWS else []
    skills: dict[str, float] = {}
    suspects: list[dict[str, Any]] = []
    for column in columns:
        suspects += _judge_values(sample, column)
        absent = labeled[column.key].isna().to_numpy(np.float64)
        suspects += _judge_missing(column, absent, *_find_best(absent, targets))  # also of a column with a single value
        skill, target = _find_best(_encode(labeled[column.key], column.kind), targets)
        if target is None:
            continue
        skills[column.name] = round(skill, 4)
        suspects += _judge_skill(column, skill, target)
    return skills, sorted(suspects, key=lambda s: -s["score"])


def _read_targets(labeled: pd.DataFrame, label_kind: str, several: tuple[str, ...] | None) -> list[Target]:
    if several is not None:
        return _read_classes(labeled["label"], NameReader(several))
    if label_kind == "number":
        numbers = labeled["target"].to_numpy(np.float64)
        scaled = numbers / (np.abs(numbers).max() or 1.0)  # squares of very large numbers are infinite
        return [Target(scaled, is_number=True)] if np.ptp(scaled) > 0 else []
    if label_kind != "class":
        return []
    codes, names = pd.factorize(labeled["label"])
    return [Target(codes, float(np.bincount(codes).max() / len(codes)))] if len(names) > 1 else []


def _read_classes(labels: pd.Series, reader: NameReader) -> list[Target]:
    """A yes or no for each of the commonest classes that is neither everywhere nor nearly nowhere."""
    codes, distinct = pd.factorize(labels)
    named = [set(reader.read(label)) for label in distinct]
    counts = Counter(name for code in codes for name in named[code])
    targets: list[Target] = []
    for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        if 0.01 < count / len(codes) < 0.99 and len(targets) < CLASSES_ASKED:
            is_there = np.array([name in one for one in named])[codes].astype(np.int64)
            targets.append(Target(is_there, max(count, len(codes) - count) / len(codes), of=name))
    return targets


def _find_best(values: np.ndarray, targets: Sequence[Target]) -> tuple[float, Target | None]:
    """The target that these values tell best, and how well; None where nothing can be said."""
    scored = [(measure_skill(values, one.values, "number" if one.is_number else "class"), one) for one in targets]
    known = [(skill, one) for skill, one in scored if skill is not None]
    return max(known, key=lambda pair: pair[0], default=(0.0, None))


def _encode(values: pd.Series, kind: str) -> np.ndarray:
    """One number a row: the number itself, seconds of a date, or the code of a category."""
    if kind == "number":
        return pd.to_numeric(values, errors="coerce").to_numpy(np.float64)
    if kind == "date":
        return read_moments(values)
    codes, _ = pd.factorize(values)
    return np.where(codes < 0, np.nan, codes.astype(np.float64))


def read_moments(values: pd.Series) -> np.ndarray:
    """Seconds since 1970, in UTC; NaN for what is no moment of the calendar."""
    codes, cells = pd.factorize(values.astype("string"))
    formats = choose_formats(cells)
    moments = [read_moment(cell, formats) for cell in cells]
    return np.array([*(np.nan if moment is None else moment for moment in moments), np.nan])[codes]  # -1: missing


def measure_skill(values: np.ndarray, target: np.ndarray, label_kind: str) -> float | None:
    """Accuracy over guessing, (accuracy - guess) / (1 - guess), or R², out of fold; None where nothing can be said."""
    known = np.isfinite(values)
    if known.sum() < LEAST_ROWS or np.ptp(values[known]) == 0:
        return None
    column = np.zeros((len(values), 1))  # 0: unknown
    column[known, 0] = 1 + np.unique(values[known], return_inverse=True)[1]  # ranks: a tree's numbers are 32 bits wide
    predicted = np.empty(len(target), dtype=np.float64)
    leaf = max(5, len(target) // 500)
    tree_type = DecisionTreeRegressor if label_kind == "number" else DecisionTreeClassifier
    for train, test in KFold(FOLDS, shuffle=True, random_state=0).split(column):
        tree = tree_type(max_leaf_nodes=256, min_samples_leaf=leaf, random_state=0).fit(column[train], target[train])
        predicted[test] = tree.predict(column[test])
    if label_kind == "number":
        return max(0.0, float(r2_score(target, predicted)))
    guess = np.bincount(target).max() / len(target)
    return max(0.0, float(((predicted == target).mean() - guess) / (1 - guess))) if guess < 1 else None


def _judge_skill(column: Column, skill: float, target: Target) -> list[dict[str, Any]]:
    copied = "Unless it is known before the label is, the model would learn to copy it: leave it out."
    if target.is_number and skill >= LEAKS_NUMBER:
        reason = f"“{column.title}” alone explains {skill:.1%} of the label's spread. {copied}"
    elif not target.is_number and skill >= LEAKS_CLASS:
        accuracy = target.guess + skill * (1 - target.guess)
        reason = (
            f"“{column.title}” alone gives {target.title} in {accuracy:.1%} of the rows, where guessing gets "
            f"{target.guess:.0%}. {copied}"
        )
    else:
        return []
    return [{"column": column.name, "kind": "leak", "score": round(min(1.0, skill), 4), "reason": reason}]


def _judge_missing(column: Column, absent: np.ndarray, skill: float, target: Target | None) -> list[dict[str, Any]]:
    if target is None or skill < MISSING_TELLS or not 0.01 < absent.mean() < 0.99:
        return []
    reason = (
        f"Whether “{column.title}” is filled in already tells much of {target.title} ({skill:.0%} of the way from "
        "guessing to certain): it may be filled in afterwards."
    )
    return [{"column": column.name, "kind": "missing", "score": round(0.9 * skill, 4), "reason": reason}]


def _judge_values(sample: pd.DataFrame, column: Column) -> list[dict[str, Any]]:
    """Constants, identifiers and clocks, whatever the label."""
    values = sample[column.key]
    present = values.dropna()
    if column.is_measure:
        return []
    if present.empty:
        return [_suspect(column, "empty", 0.3, f"“{column.title}” is empty in every row looked at: it says nothing.")]
    distinct = present.nunique()
    if distinct == 1 and len(present) == len(values):
        return [_suspect(column, "constant", 0.25, f"“{column.title}” is the same in every row: it says nothing.")]
    if len(present) < LEAST_ROWS:
        return []
    found = []
    is_whole = column.kind == "number" and bool((present == np.floor(present)).all())
    if distinct >= IDENTIFIES * len(present) and (column.kind == "category" or is_whole):
        reason = (
            f"“{column.title}” is different in nearly every row, as an identifier is: a model can only memorize it."
        )
        found.append(_suspect(column, "identifier", 0.6, reason))
    order = _rank_correlation(sample, column)
    if order is not None and abs(order) >= FOLLOWS_TIME and distinct > 20:
        reason = (
            f"“{column.title}” rises or falls with the order in which the rows came in, as a clock or a counter does: "
            "live data lies beyond all that was seen in training."
        )
        found.append(_suspect(column, "clock", 0.5, reason))
    return found


def _rank_correlation(sample: pd.DataFrame, column: Column) -> float | None:
    if column.kind not in ("number", "date"):
        return None
    values = pd.Series(_encode(sample[column.key], column.kind), index=sample.index)
    pair = pd.DataFrame({"order": sample["item_id"], "value": values}).dropna()
    if len(pair) < LEAST_ROWS or pair["value"].nunique() < 2:
        return None
    return float(pair["order"].rank().corr(pair["value"].rank()))


def _suspect(column: Column, kind: str, score: float, reason: str) -> dict[str, Any]:
    return {"column": column.name, "kind": kind, "score": score, "reason": reason}
