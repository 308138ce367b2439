"""The gate: what becomes champion, candidate, or nothing."""

import pytest

from lifecycle.contracts.problems import MetricDefinition
from lifecycle.pipelines.rules import decide
from lifecycle.projects.rules import GateResult

ACCURACY = MetricDefinition("accuracy", "Accuracy", True, "")
ERROR = MetricDefinition("rmse", "RMSE", False, "")
KEPT = GateResult("accuracy", 0.9, 0.95, True, "Accuracy is 0.95; the charter asks for at least 0.9.")
MISSED = GateResult("accuracy", 0.9, 0.5, False, "Accuracy is 0.5; the charter asks for at least 0.9.")


def gate(**changes):
    usual = {
        "gates": [KEPT],
        "metric": ACCURACY,
        "value": 0.95,
        "champion_value": 0.9,
        "has_champion": True,
        "requires_approval": False,
        "may_promote": True,
    }
    return decide(**{**usual, **changes})


@pytest.mark.parametrize(
    ("changes", "alias", "reason"),
    [
        ({}, "champion", "better than the champion's 0.9"),
        ({"champion_value": None, "has_champion": False}, "champion", "There is no champion yet"),
        ({"value": 0.9}, "candidate", "not better than"),
        ({"value": 0.8}, "candidate", "stays a candidate"),
        ({"gates": [MISSED]}, "", "misses the charter"),
        ({"requires_approval": True}, "candidate", "reviewer's approval"),
        ({"may_promote": False}, "candidate", "asked not to promote"),
        ({"value": None}, "candidate", "was not measured"),
        ({"metric": ERROR, "value": 1.0, "champion_value": 2.0}, "champion", "RMSE is 1, better"),
        ({"metric": ERROR, "value": 3.0, "champion_value": 2.0}, "candidate", "not better"),
        ({"champion_value": None}, "candidate", "could not be measured"),
    ],
)
def test_the_gate_decides_with_reasons(changes, alias, reason):
    verdict = gate(**changes)

    assert verdict.alias == alias
    assert any(reason in sentence for sentence in verdict.reasons)
