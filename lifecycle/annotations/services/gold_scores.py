"""Scores of answers to gold items follow what they are measured by: the gold answer, and the rule of comparing."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle.annotations import gold_rules
from lifecycle.annotations.models import GoldAttempt, GoldItem
from lifecycle.annotations.selectors import find_schema
from lifecycle.contracts.problems import get_problem_type
from lifecycle.projects.models import Project

BATCH = 200  # answers that are read at once: masks are large
AT_ONCE = 2_000  # of one call
_CHANGED = ["is_right", "score", "rule"]


def rescore_item(project: Project, gold: GoldItem) -> int:
    """Score all answers to a gold item by its answer of now; returns how many came out otherwise."""
    return _rescore(project, list(gold.attempts.select_related("annotation", "gold")))


def rescore_due() -> int:
    """Score answers anew that were scored by an older rule of comparing; the clock calls it. Returns how many."""
    due = GoldAttempt.objects.exclude(rule=gold_rules.RULE).order_by("pk")
    projects = due.values_list("gold__task__dataset__project", flat=True).order_by().distinct()
    done = 0
    for project in Project.objects.filter(pk__in=projects):
        mine = due.filter(gold__task__dataset__project=project).select_related("annotation", "gold")
        while done < AT_ONCE and (batch := list(mine[:BATCH])):
            _rescore(project, batch)
            done += len(batch)
    return done


def _rescore(project: Project, attempts: Sequence[GoldAttempt]) -> int:
    """Answers of an earlier schema keep their score: its names may not be those of the gold answer any more."""
    schema, kind = find_schema(project), get_problem_type(project.problem_type).label_kind
    changed = 0
    for one in attempts:
        one.rule = gold_rules.RULE
        given, gold = one.annotation, one.gold
        if schema is None or given.schema_version != schema.version:
            continue
        score = gold_rules.score_answer(kind, (gold.value, gold.result), (given.value, given.result))
        changed += score != one.score
        one.score, one.is_right = score, score >= gold_rules.RIGHT_FROM
    GoldAttempt.objects.bulk_update(attempts, _CHANGED, batch_size=BATCH)
    return changed
