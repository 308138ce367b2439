"""Who may do what in a project, and whether a model keeps what the charter promises; pure functions."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.contracts.problems import get_problem_type

ROLE_RANKS = {"viewer": 10, "annotator": 20, "reviewer": 30, "engineer": 40, "owner": 50}


def is_allowed(held: str, needed: str) -> bool:
    """Whether a member with role `held` may do what asks for role `needed`."""
    return ROLE_RANKS[held] >= ROLE_RANKS[needed]


@dataclass(frozen=True)
class GateResult:
    """One limit of the charter beside what was measured; `value` is None when nothing was measured."""

    name: str
    limit: float
    value: float | None
    passed: bool
    sentence: str


def check_charter(
    charter: Any, metrics: Mapping[str, float | None], latency_ms: Mapping[str, float], model_bytes: int
) -> list[GateResult]:
    """Every limit that the charter sets, checked; an unmeasured value does not pass.

    `charter` is a projects.Charter (its project's problem type says which direction of the target metric is better).
    """
    gates = []
    if charter.target_threshold is not None:
        gates.append(_check_target(charter, metrics.get(charter.target_metric)))
    if charter.max_latency_ms is not None:
        gates.append(_check_limit("p95 latency", charter.max_latency_ms, latency_ms.get("p95"), "ms", 1))
    if charter.max_model_bytes is not None:
        gates.append(_check_limit("model size", charter.max_model_bytes, model_bytes or None, "MB", 1e6))
    return gates


def _check_target(charter: Any, value: float | None) -> GateResult:
    metric = get_problem_type(charter.project.problem_type).get_metric(charter.target_metric)
    limit = charter.target_threshold
    compare, word = (operator.ge, "at least") if metric.higher_is_better else (operator.le, "at most")
    passed = value is not None and compare(value, limit)
    measured = "was not measured" if value is None else f"is {value:.4g}"
    return GateResult(metric.key, limit, value, passed, f"{metric.title} {measured}; the charter asks for {word} {limit:.4g}.")


def _check_limit(name: str, limit: float, value: float | None, unit: str, scale: float) -> GateResult:
    passed = value is not None and value <= limit
    measured = "was not measured" if value is None else f"is {value / scale:.3g} {unit}"
    sentence = f"The {name} {measured}; the charter allows at most {limit / scale:.3g} {unit}."
    return GateResult(name.replace(" ", "_"), limit, value, passed, sentence)
