"""Who may do what in a project, what a charter may say and whether a model keeps it, how far a project is; pure."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lifecycle.common.errors import DomainError
from lifecycle.contracts.problems import get_problem_type

CHARTER_FIELDS = {
    "problem_statement": "Problem statement",
    "target_metric": "Target metric",
    "target_threshold": "Threshold",
    "baseline_value": "Value today",
    "max_latency_ms": "Latency limit",
    "max_model_bytes": "Size limit",
    "max_cost_per_1k": "Cost limit",
    "requires_approval": "Approval",
    "stakeholders": "Stakeholders",
    "references": "References",
    "constraints_note": "Other constraints",
}
LIMITS = ("max_latency_ms", "max_model_bytes", "max_cost_per_1k")
MAX_TEXT = 20_000
MAX_ROWS = 50
RESERVED_SLUGS = {"new"}
ROLE_RANKS = {"viewer": 10, "annotator": 20, "reviewer": 30, "engineer": 40, "owner": 50}
MEMBER = "member"  # what shows neither items nor labels asks for this: every role has it


def is_allowed(held: str, needed: str) -> bool:
    """Whether a member with role `held` may do what asks for `needed`, a role or MEMBER.

    Items, and all that is made of labels, ask for a viewer at least. An annotator is none: who labels sees the items
    that were lent to them and their own answers, so that nobody's answer is swayed by another's.
    """
    if needed == MEMBER:
        return True
    if needed == "viewer":
        return held != "annotator"
    return ROLE_RANKS[held] >= ROLE_RANKS[needed]


def is_open_when_archived(needed: str) -> bool:
    """Whether what asks for `needed` only looks, so that an archived project still lets it."""
    return needed in (MEMBER, "viewer")


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
    return GateResult(
        metric.key, limit, value, passed, f"{metric.title} {measured}; the charter asks for {word} {limit:.4g}."
    )


def _check_limit(name: str, limit: float, value: float | None, unit: str, scale: float) -> GateResult:
    passed = value is not None and value <= limit
    measured = "was not measured" if value is None else f"is {value / scale:.3g} {unit}"
    sentence = f"The {name} {measured}; the charter allows at most {limit / scale:.3g} {unit}."
    return GateResult(name.replace(" ", "_"), limit, value, passed, sentence)


def clean_charter(problem_type: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Every field of CHARTER_FIELDS, checked and tidied; a DomainError names what is wrong, by field."""
    wrong: dict[str, str] = {}
    problem = get_problem_type(problem_type)
    statement = _clean_text(answers.get("problem_statement"))
    if not statement:
        wrong["problem_statement"] = "Say in a sentence or two what the product must do."
    elif len(statement) > MAX_TEXT:
        wrong["problem_statement"] = f"At most {MAX_TEXT:,} characters."
    metric = answers.get("target_metric") or problem.metrics[0].key
    if metric not in {m.key for m in problem.metrics}:
        wrong["target_metric"] = f"{problem.title} is not measured by this metric."
    numbers = {name: _clean_number(answers.get(name), name, wrong) for name in ("target_threshold", "baseline_value")}
    for name in LIMITS:
        numbers[name] = limit = _clean_number(answers.get(name), name, wrong)
        if limit is not None and limit <= 0:
            wrong[name] = "This must be more than zero."
    note = _clean_text(answers.get("constraints_note"))
    if len(note) > MAX_TEXT:
        wrong["constraints_note"] = f"At most {MAX_TEXT:,} characters."
    stakeholders = _clean_rows(answers.get("stakeholders"), ("name", "role"), "name", "stakeholders", wrong)
    references = _clean_references(answers.get("references"), wrong)
    if wrong:
        raise DomainError("The charter is not complete yet: " + " ".join(dict.fromkeys(wrong.values())), fields=wrong)
    size = numbers.pop("max_model_bytes")
    return {
        "problem_statement": statement,
        "target_metric": metric,
        **numbers,
        "max_model_bytes": None if size is None else round(size),
        "requires_approval": bool(answers.get("requires_approval")),
        "stakeholders": stakeholders,
        "references": references,
        "constraints_note": note,
    }


def _clean_text(value: Any) -> str:
    return str(value or "").replace("\x00", "").replace("\r\n", "\n").strip()


def _clean_number(value: Any, name: str, wrong: dict[str, str]) -> float | None:
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e15:
        wrong[name] = "This must be a number."
        return None
    return number


def _clean_rows(
    rows: Any, names: tuple[str, ...], needed: str, field: str, wrong: dict[str, str]
) -> list[dict[str, Any]]:
    """Rows with these texts; rows that say nothing are left out."""
    cleaned = []
    for row in rows or []:
        values = {name: _clean_text(row.get(name)) for name in names}
        if not any(values.values()):
            continue
        if not values[needed]:
            wrong[field] = f"Each of the {field} needs a {needed}."
        elif any(len(value) > 500 for value in values.values()):
            wrong[field] = "At most 500 characters a field."
        cleaned.append(values)
    if len(cleaned) > MAX_ROWS:
        wrong[field] = f"At most {MAX_ROWS} {field}."
    return cleaned


def _clean_references(rows: Any, wrong: dict[str, str]) -> list[dict[str, Any]]:
    """Papers and published results: title, metric, value (a number or None), url (http or https only)."""
    cleaned = _clean_rows(rows, ("title", "metric", "value", "url"), "title", "references", wrong)
    for row in cleaned:
        row["value"] = _clean_number(row["value"], "references", wrong)
        if row["url"] and not _is_web_address(row["url"]):
            wrong["references"] = "A link starts with http:// or https://."
    return cleaned


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


@dataclass(frozen=True)
class CharterChange:
    """One field that differs between two versions of a charter."""

    field: str
    title: str
    before: Any
    after: Any


def compare_charters(before: Any, after: Any) -> list[CharterChange]:
    """What the second version changed; empty when `before` is None."""
    if before is None:
        return []
    pairs = ((name, title, getattr(before, name), getattr(after, name)) for name, title in CHARTER_FIELDS.items())
    return [CharterChange(name, title, old, new) for name, title, old, new in pairs if old != new]


def compute_stage(reached: Iterable[str], order: Iterable[str]) -> str:
    """The stage a project works on: the first, in order, whose result is not there; the last when all are."""
    have, stage = set(reached), ""
    for stage in order:
        if stage not in have:
            break
    return stage


def compute_health(*, open_alerts: int, failed_jobs: int, overdue: int) -> tuple[str, str]:
    """(state, sentence): "attention" with the most pressing reason, else "healthy"."""
    if open_alerts:
        return "attention", f"{open_alerts} open {'alert' if open_alerts == 1 else 'alerts'}"
    if failed_jobs:
        return "attention", f"{failed_jobs} {'job' if failed_jobs == 1 else 'jobs'} failed in the last day"
    if overdue:
        return "attention", f"{overdue} {'milestone is' if overdue == 1 else 'milestones are'} overdue"
    return "healthy", "Nothing is wrong"
