"""Say who shall answer what: by hand, from a selection, or by a rule that also takes what comes in later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from lifecycle.accounts.models import User
from lifecycle.annotations.assignment_rules import choose_people
from lifecycle.annotations.models import Assignment, AssignmentRule
from lifecycle.common.errors import DomainError
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Membership, Project
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.services import record_event

BATCH = 5_000
MAX_BY_HAND = 10_000
MAX_TITLE = 200

# who answered a task already has nothing more to do there
_INSERT = """
INSERT INTO annotations_assignment (dataset_id, task_id, user_id, rule_id, is_open, created_by_id, created_at)
SELECT t.dataset_id, t.id, w.user_id, %(rule)s, true, %(actor)s, now()
FROM unnest(%(tasks)s::bigint[], %(users)s::bigint[]) WITH ORDINALITY w (task_id, user_id, place)
JOIN annotations_task t ON t.id = w.task_id
JOIN datasets_dataset d ON d.id = t.dataset_id
WHERE d.project_id = %(project)s AND t.state = 'open'
  AND NOT EXISTS (
      SELECT 1 FROM annotations_annotation a
      WHERE a.task_id = t.id AND a.user_id = w.user_id AND a.is_current AND a.origin = 'human'
        AND a.kind <> 'withdrawn')
ORDER BY w.place
ON CONFLICT (task_id, user_id) DO NOTHING
"""

# nobody else gets a task whose missing answers are all assigned
_REFRESH = """
WITH stale AS (
    SELECT t.id, NOT t.is_reserved AS is_reserved FROM annotations_task t
    LEFT JOIN LATERAL (
        SELECT count(*) AS n FROM annotations_assignment s WHERE s.task_id = t.id AND s.is_open) expected ON true
    WHERE t.id IN ({tasks}) AND t.is_reserved <> (expected.n > 0 AND expected.n + t.answers >= t.overlap)
    ORDER BY t.id FOR NO KEY UPDATE OF t
)
UPDATE annotations_task t SET is_reserved = s.is_reserved FROM stale s WHERE s.id = t.id
"""
_ALL_ASSIGNED = """
SELECT s.task_id FROM annotations_assignment s JOIN datasets_dataset d ON d.id = s.dataset_id
WHERE d.project_id = %(project)s
"""


def assign(*, project: Project, actor, task_ids: Sequence[int], user_ids: Sequence[int]) -> int:
    """Give each of these open tasks to each of these people; returns how many assignments are new."""
    if len(task_ids) > MAX_BY_HAND:
        raise DomainError(f"Assign at most {MAX_BY_HAND:,} tasks at once by hand; use a rule for more.")
    people = check_people(project, user_ids)
    pairs = [(task, user.pk) for task in task_ids for user in people]
    made = write_assignments(project=project, actor=actor, pairs=pairs)
    names = ", ".join(user.username for user in people)
    record_event(
        project=project,
        actor=actor,
        verb="tasks.assigned",
        summary=f"{len(task_ids):,} tasks assigned to {names} ({made:,} of them new)",
    )
    return made


def unassign(*, project: Project, actor, user_id: int, task_ids: Sequence[int] | None = None) -> int:
    """Take open assignments of a person back (all of them, or of these tasks); returns how many."""
    open_ones = Assignment.objects.filter(dataset__project=project, user_id=user_id, is_open=True)
    if task_ids is not None:
        open_ones = open_ones.filter(task_id__in=task_ids)
    with transaction.atomic():
        tasks = list(open_ones.values_list("task_id", flat=True))
        removed = open_ones.delete()[0]
        for batch in _slices(tasks, BATCH):
            refresh_reserved(project=project, task_ids=batch)
        if removed:
            name = User.objects.filter(pk=user_id).values_list("username", flat=True).first() or str(user_id)
            summary = f"{removed:,} tasks are not assigned to {name} any more"
            record_event(project=project, actor=actor, verb="tasks.unassigned", summary=summary)
    return removed


def create_rule(
    *,
    project: Project,
    actor,
    title: str,
    query: str = "",
    guess: str = "",
    shares: Mapping[Any, Any],
    people_per_task: int = 1,
    is_active: bool = False,
) -> AssignmentRule:
    """Keep a rule and have it applied by a job to the open tasks nobody was assigned to."""
    title = " ".join(title.split())[:MAX_TITLE]
    if not title:
        raise DomainError("Give the rule a name.", fields={"title": "a name"})
    weights = _clean_shares(shares)
    check_people(project, list(weights))
    if not 1 <= people_per_task <= len(weights):
        words = f"1 to {len(weights)}, as many people as have a share"
        raise DomainError(f"People per task: {words}.", fields={"people_per_task": words})
    with transaction.atomic():
        rule = AssignmentRule.objects.create(
            project=project,
            title=title,
            query=query[:2_000],
            guess=guess.strip(),
            shares={str(user): weight for user, weight in weights.items()},
            people_per_task=people_per_task,
            is_active=is_active,
            created_by=actor,
        )
        record_event(project=project, actor=actor, verb="rule.created", summary=f"Assignment rule “{title}”")
        return apply_rule(rule=rule, actor=actor)


def apply_rule(*, rule: AssignmentRule, actor) -> AssignmentRule:
    """Have a rule applied to the open tasks that fit and that nobody was assigned to."""
    rule.job = jobs.enqueue(
        kind="assign",
        title=f"Assign tasks: {rule.title}",
        spec={"rule_id": rule.pk},
        project=rule.project,
        created_by=actor,
    )
    rule.save(update_fields=["job", "updated_at"])
    return rule


def apply_active_rules(*, project: Project) -> int:
    """Have every rule that takes later items applied again; called when tasks were made."""
    rules = AssignmentRule.objects.filter(project=project, is_active=True).select_related("created_by", "project")
    for rule in rules:
        apply_rule(rule=rule, actor=rule.created_by)
    return len(rules)


def note_new_tasks(*, project_id: int) -> None:
    """Rules that take later items have new ones to look at; the clock has them applied. Marked after the commit."""
    rules = AssignmentRule.objects.filter(project=project_id, is_active=True, stale_since=None)
    transaction.on_commit(lambda: rules.update(stale_since=timezone.now()))


def apply_due_rules() -> int:
    """Apply the rules that have items to look at; the clock calls it. Returns how many."""
    due = AssignmentRule.objects.filter(is_active=True, project__archived_at=None).exclude(stale_since=None)
    applied = 0
    for rule in due.select_related("created_by", "project", "job"):
        if rule.job is None or rule.job.state not in (Job.State.QUEUED, Job.State.RUNNING):
            AssignmentRule.objects.filter(pk=rule.pk).update(stale_since=None)
            apply_rule(rule=rule, actor=rule.created_by)
            applied += 1
    return applied


def set_rule_active(*, rule: AssignmentRule, actor, is_active: bool) -> AssignmentRule:
    """Whether the rule also takes items that come in later."""
    rule.is_active = is_active
    rule.save(update_fields=["is_active", "updated_at"])
    says = "takes" if is_active else "does not take"
    summary = f"Assignment rule “{rule.title}” {says} items that come in later"
    record_event(project=rule.project, actor=actor, verb="rule.changed", summary=summary)
    return rule


def delete_rule(*, rule: AssignmentRule, actor) -> None:
    """Forget a rule; what it assigned stays assigned."""
    summary = f"Assignment rule “{rule.title}” deleted"
    record_event(project=rule.project, actor=actor, verb="rule.deleted", summary=summary)
    rule.delete()


def record_rule(*, rule: AssignmentRule, task_ids: Iterable[int]) -> int:
    """Assign these tasks by the rule's shares; returns how many assignments are new. Each batch is committed."""
    shares = {int(user): float(weight) for user, weight in rule.shares.items()}
    made = 0
    for batch in _slices(list(task_ids), BATCH):
        pairs = [(task, user) for task in batch for user in choose_people(task, shares, rule.people_per_task)]
        made += write_assignments(project=rule.project, actor=rule.created_by, pairs=pairs, rule=rule)
    AssignmentRule.objects.filter(pk=rule.pk).update(assigned_count=rule.assigned_count + made)
    return made


def write_assignments(
    *, project: Project, actor, pairs: Sequence[tuple[int, int]], rule: AssignmentRule | None = None
) -> int:
    """(task id, user id) pairs as assignments, in their order; what cannot be assigned any more is left out."""
    made = 0
    for batch in _slices(list(pairs), BATCH):
        tasks, users = [task for task, _ in batch], [user for _, user in batch]
        where = {"project": project.pk, "actor": actor.pk, "rule": rule.pk if rule else None}
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_INSERT, {**where, "tasks": tasks, "users": users})
            made += cursor.rowcount
            refresh_reserved(project=project, task_ids=tasks)
    return made


def refresh_reserved(*, project: Project, task_ids: Sequence[int] | None = None) -> None:
    """Bring Task.is_reserved in line with assignments, for these tasks or for all that anybody was assigned to."""
    tasks = _ALL_ASSIGNED if task_ids is None else "SELECT unnest(%(tasks)s::bigint[])"
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH.format(tasks=tasks), {"project": project.pk, "tasks": list(task_ids or ())})


def check_people(project: Project, user_ids: Sequence[int]) -> list[User]:
    """The people, who all are members that may label; DomainError otherwise."""
    wanted = set(user_ids)
    if not wanted:
        raise DomainError("Choose at least one person.", fields={"people": "at least one person"})
    members = Membership.objects.filter(project=project, user__in=wanted, user__is_active=True).select_related("user")
    people = [member.user for member in members.order_by("user__username") if is_allowed(member.role, "annotator")]
    if len(people) < len(wanted):
        words = "only members of this project who may label"
        raise DomainError("Tasks can be assigned to " + words + ".", fields={"people": words})
    return people


def _clean_shares(shares: Mapping[Any, Any]) -> dict[int, float]:
    try:
        weights = {int(user): float(weight) for user, weight in shares.items()}
    except (TypeError, ValueError):
        raise DomainError("A share is a number.", fields={"shares": "numbers"}) from None
    if any(not 0 <= weight <= 1_000_000 for weight in weights.values()):
        raise DomainError("A share is not below zero.", fields={"shares": "not below zero"})
    return {user: weight for user, weight in weights.items() if weight > 0}


def _slices(rows: list, size: int) -> list[list]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
