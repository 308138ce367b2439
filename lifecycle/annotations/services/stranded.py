"""End what waits for people who are not there: open tasks that everybody in the project answered or skipped."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from lifecycle.annotations.models import Task
from lifecycle.annotations.rules import SkipPolicy
from lifecycle.annotations.services.answers import settle
from lifecycle.annotations.stranded_selectors import list_stranded
from lifecycle.contracts.problems import get_problem_type
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

AT_ONCE = 1_000  # each is counted anew: about a second


@dataclass(frozen=True)
class Settled:
    """What became of them."""

    done: int  # ended with the answers they have
    skipped: int  # out of the queue: nobody answered
    has_more: bool


@transaction.atomic
def settle_stranded(*, project: Project, actor) -> Settled:
    """Let those end with the answers they have; those without any leave the queue as skipped. `reopen` asks again."""
    ids = list_stranded(project)
    locked = Task.objects.select_for_update(of=("self",), no_key=True).select_related("item", "dataset__project")
    tasks = list(locked.filter(pk__in=ids[:AT_ONCE], state=Task.State.OPEN).order_by("pk"))
    still = set(list_stranded(project))  # somebody may have taken a skip back before the rows were locked
    states = [_settle(task, get_problem_type(project.problem_type).label_kind) for task in tasks if task.pk in still]
    settled = Settled(states.count(Task.State.DONE), states.count(Task.State.SKIPPED), len(ids) > AT_ONCE)
    if states:
        summary = (
            f"{settled.done:,} tasks that nobody was left for ended with the answers they had, "
            f"{settled.skipped:,} left the queue as skipped"
        )
        record_event(project=project, actor=actor, verb="tasks.settled", summary=summary)
    return settled


def _settle(task: Task, label_kind: str) -> str:
    """The state it has afterwards; its row is locked."""
    if task.answers:
        task.overlap = task.answers
        task.save(update_fields=["overlap"])
    settle(task, label_kind, SkipPolicy(people=1))
    return task.state
