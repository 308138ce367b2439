"""The steps of a pipeline and its gate; pure functions on plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lifecycle.contracts.problems import MetricDefinition
from lifecycle.projects.rules import GateResult

STEPS = ("version", "train", "evaluate", "champion", "gate", "register", "promote", "release")
LEARNING_STEPS = ("version", "train", "evaluate", "score", "rank", "random_train", "random_evaluate", "curve")
STEP_TITLES = {
    "version": "Commit a dataset version",
    "train": "Train",
    "evaluate": "Evaluate",
    "champion": "Evaluate the champion on the same items",
    "gate": "Hold it against the charter and the champion",
    "register": "Register the model version",
    "promote": "Promote",
    "release": "Release to the deployments",
    "score": "Suggest answers to the open tasks",
    "rank": "Put what the model is least sure of first",
    "random_train": "Train on the random arm alone",
    "random_evaluate": "Evaluate that on the same items",
    "curve": "Draw the curves",
}


@dataclass(frozen=True)
class Verdict:
    """What the gate found. `alias` is champion, candidate, or empty for a model that is not promoted."""

    alias: str
    reasons: list[str]


def decide(
    *,
    gates: Sequence[GateResult],
    metric: MetricDefinition,
    value: float | None,
    champion_value: float | None,
    has_champion: bool,
    requires_approval: bool,
    may_promote: bool,
) -> Verdict:
    """Champion when every limit holds and it beats the champion; candidate when a person still has to say yes.

    A model that misses the charter is not promoted at all. One that keeps it without beating the champion stays a
    candidate, so that a person can look at what it does better.
    """
    reasons = [gate.sentence for gate in gates]
    if any(not gate.passed for gate in gates):
        return Verdict("", [*reasons, "It misses the charter, so it is not promoted."])
    is_better, sentence = _compare(metric, value, champion_value, has_champion)
    reasons.append(sentence)
    if not is_better:
        return Verdict("candidate", [*reasons, "It stays a candidate."])
    if requires_approval:
        return Verdict("candidate", [*reasons, "The charter asks for a reviewer's approval before promotion."])
    if not may_promote:
        return Verdict("candidate", [*reasons, "This pipeline was asked not to promote by itself."])
    return Verdict("champion", reasons)


def _compare(
    metric: MetricDefinition, value: float | None, champion_value: float | None, has_champion: bool
) -> tuple[bool, str]:
    if value is None:
        return False, f"{metric.title} was not measured."
    if not has_champion:
        return True, f"There is no champion yet; {metric.title} is {value:.4g}."
    if champion_value is None:
        return False, f"The champion's {metric.title} could not be measured on the same items."
    gain = value - champion_value if metric.higher_is_better else champion_value - value
    word = "better than" if gain > 0 else "not better than"
    return gain > 0, f"{metric.title} is {value:.4g}, {word} the champion's {champion_value:.4g} on the same items."
