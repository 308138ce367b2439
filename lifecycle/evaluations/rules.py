"""Pure rules of evaluation: which split to judge on, and what scores say beside a reference and the charter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lifecycle.contracts.problems import MetricDefinition
from lifecycle.experiments.rules import measure_gain

SPLITS = ("test", "validation", "train")  # in the order one would rather judge on


class Outcome(StrEnum):
    """What happened to one item from a first evaluation to a second."""

    FIXED = "fixed"
    BROKE = "broke"
    BOTH_WRONG = "both_wrong"
    BOTH_RIGHT = "both_right"


@dataclass(frozen=True)
class Comparison:
    """One score beside the same score of a reference; `gain` is positive when better, None when unknown."""

    metric: MetricDefinition
    value: float | None
    reference: float | None
    gain: float | None


@dataclass(frozen=True)
class Verdict:
    """What a person needs to read first."""

    tone: str  # good | bad | neutral
    sentence: str


def count_labeled(summary: Mapping[str, Any], split: str) -> int:
    """Labeled items of a split, by a dataset version's summary; numbers have no class balance, only counts."""
    if "labeled" in summary:
        return summary["labeled"].get(split, 0)
    return sum(count for label, count in summary.get("balance", {}).get(split, {}).items() if label)


def choose_split(summary: Mapping[str, Any]) -> str:
    """test when it has labels, else validation; empty when neither has."""
    return next((split for split in SPLITS[:2] if count_labeled(summary, split)), "")


def compare_scores(
    metrics: Mapping[str, float], reference: Mapping[str, float], definitions: Sequence[MetricDefinition]
) -> list[Comparison]:
    """Each known score beside the reference's."""
    rows = []
    for metric in definitions:
        value, other = metrics.get(metric.key), reference.get(metric.key)
        if value is not None or other is not None:
            gain = measure_gain(value, other, higher_is_better=metric.higher_is_better)
            rows.append(Comparison(metric, value, other, gain))
    return rows


def judge(*, key: Comparison | None, failed_gates: Sequence[str], has_gates: bool) -> Verdict:
    """One sentence on an evaluation: the charter first, then the baseline."""
    beats = key is not None and key.gain is not None and key.gain > 0
    loses = key is not None and key.gain is not None and key.gain <= 0
    title = key.metric.title if key else "the baseline"
    if failed_gates:
        return Verdict("bad", f"Misses the charter: {'; '.join(failed_gates)}")
    if loses:
        return Verdict("bad", f"Not better than the baseline by {title}.")
    if has_gates and beats:
        return Verdict("good", "Meets the charter and beats the baseline.")
    if has_gates:
        return Verdict("good", "Meets the charter. There is no baseline on this version and split to compare with.")
    if beats:
        return Verdict("good", f"Beats the baseline by {title}. The charter sets no limits.")
    return Verdict("neutral", "There is no baseline and no charter limit to judge these scores by.")
