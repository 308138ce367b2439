"""What a charter may say, how its versions differ, how far and how well a project is."""

from types import SimpleNamespace

import pytest

from lifecycle.common.errors import DomainError
from lifecycle.projects import rules

GOOD = {"problem_statement": "Sort pictures.", "target_metric": "accuracy", "target_threshold": 0.9}


def clean(**changes):
    return rules.clean_charter("image_classification", GOOD | changes)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("problem_statement", "  "),
        ("target_metric", "r2"),
        ("target_threshold", float("nan")),
        ("target_threshold", "much"),
        ("max_latency_ms", -1),
        ("max_model_bytes", 0),
        ("references", [{"url": "https://example.org"}]),
        ("references", [{"title": "Paper", "url": "javascript:alert(1)"}]),
        ("references", [{"title": "Paper", "value": "high"}]),
        ("stakeholders", [{"role": "pays"}]),
    ],
)
def test_a_charter_that_makes_no_sense_is_refused_by_field(field, value):
    with pytest.raises(DomainError) as caught:
        clean(**{field: value})

    assert field in caught.value.fields


@pytest.mark.parametrize(
    ("needed", "held"),
    [
        ("member", {"viewer", "annotator", "reviewer", "engineer", "owner"}),
        ("viewer", {"viewer", "reviewer", "engineer", "owner"}),  # others' labels are not for who labels
        ("annotator", {"annotator", "reviewer", "engineer", "owner"}),
        ("reviewer", {"reviewer", "engineer", "owner"}),
        ("owner", {"owner"}),
    ],
)
def test_a_role_may_do_what_it_is_there_for(needed, held):
    assert {role for role in rules.ROLE_RANKS if rules.is_allowed(role, needed)} == held


def test_empty_rows_and_spaces_are_tidied_away():
    charter = clean(stakeholders=[{"name": " Mara ", "role": ""}, {"name": "", "role": ""}], references=None)

    assert charter["stakeholders"] == [{"name": "Mara", "role": ""}]
    assert charter["references"] == []


def test_two_versions_differ_by_named_fields():
    before = SimpleNamespace(**clean())
    after = SimpleNamespace(**clean(target_threshold=0.95, max_latency_ms=20))

    changes = rules.compare_charters(before, after)

    assert [(c.field, c.before, c.after) for c in changes] == [
        ("target_threshold", 0.9, 0.95),
        ("max_latency_ms", None, 20.0),
    ]
    assert rules.compare_charters(None, after) == []


def test_an_unmeasured_limit_does_not_pass():
    answers = clean(max_latency_ms=20, max_model_bytes=1_000_000)
    charter = SimpleNamespace(**answers, project=SimpleNamespace(problem_type="image_classification"))

    gates = rules.check_charter(charter, {"accuracy": 0.95}, {}, 2_000_000)

    assert [(gate.name, gate.passed) for gate in gates] == [
        ("accuracy", True),
        ("p95_latency", False),
        ("model_size", False),
    ]


@pytest.mark.parametrize(("reached", "stage"), [((), "a"), (("a",), "b"), (("a", "c"), "b"), (("a", "b", "c"), "c")])
def test_the_stage_is_the_first_without_a_result(reached, stage):
    assert rules.compute_stage(reached, ["a", "b", "c"]) == stage


def test_live_trouble_outweighs_a_late_plan():
    assert rules.compute_health(open_alerts=1, failed_jobs=2, overdue=3) == ("attention", "1 open alert")
    assert rules.compute_health(open_alerts=0, failed_jobs=0, overdue=2)[1] == "2 milestones are overdue"
    assert rules.compute_health(open_alerts=0, failed_jobs=0, overdue=0)[0] == "healthy"
