"""Reads on the queue: what waits and why, who was given what, skips, and how good people are on gold items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Avg, Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from lifecycle.annotations.models import (
    URGENT,
    Annotation,
    Assignment,
    AssignmentRule,
    GoldAttempt,
    GoldItem,
    QueueSettings,
    Suggestion,
    Task,
    TaskComment,
)
from lifecycle.annotations.ordering_rules import Waiting, compute_draw
from lifecycle.annotations.rules import SkipPolicy
from lifecycle.common.errors import NotFound
from lifecycle.common.rows import Columns, read_one
from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors import list_selected_ids
from lifecycle.projects.models import Project

COUNT_LIMIT = 10_000  # exact up to here
PAGE_SIZE = 50
MAX_MATCHING = 10_000
_MAX_ID = 1 << 62

_SETTINGS = Columns(QueueSettings, "q")
_SETTINGS_READ = f"SELECT {_SETTINGS.sql} FROM annotations_queuesettings q WHERE q.project_id = %s"

_BY_UNCERTAINTY = f"""
SELECT task_id FROM (
    SELECT DISTINCT ON (s.task_id) s.task_id, coalesce(s.uncertainty, 1 - s.score) AS doubt
    FROM annotations_suggestion s
    JOIN annotations_task t ON t.id = s.task_id JOIN datasets_dataset d ON d.id = t.dataset_id
    WHERE d.project_id = %s AND t.state = 'open' AND t.priority < {URGENT}
    ORDER BY s.task_id, s.id DESC) newest
WHERE doubt IS NOT NULL ORDER BY doubt DESC, task_id
"""


@dataclass(frozen=True)
class TaskFilters:
    """Which tasks a person wants to see, as the URL says it. Empty means: no condition."""

    state: str = ""  # Task.State
    assignee: int = 0
    reason: str = ""  # why it was skipped
    arm: str = ""  # random | order
    comments: str = ""  # any | open
    gold: str = ""  # yes
    answers: str = ""  # differ: those people differ most on first | agree
    selection: int = 0

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> TaskFilters:
        """Nonsense in a URL is no error: what cannot be read is left out."""
        words = {
            "arm": ("random", "order"),
            "comments": ("any", "open"),
            "gold": ("yes",),
            "answers": ("differ", "agree"),
            "state": Task.State.values,
        }
        read: dict[str, Any] = {name: query.get(name, "") for name in words}
        read = {name: value if value in words[name] else "" for name, value in read.items()}
        read["reason"] = query.get("reason", "").replace("\0", "")[:200]
        for name in ("assignee", "selection"):
            given = query.get(name, "")
            read[name] = int(given) if given.isdecimal() and len(given) <= 18 else 0
        return cls(**read)

    def to_query(self, **changes: Any) -> str:
        """The same filters as a query string, with some changed; what is empty is left out."""
        wanted = replace(self, **changes)
        return urlencode([(f.name, getattr(wanted, f.name)) for f in fields(self) if getattr(wanted, f.name)])

    @property
    def is_narrowed(self) -> bool:
        return self != TaskFilters()


@dataclass(frozen=True)
class TaskPage:
    """One page of tasks; `next_at` and `previous_at` go into the URL as ``at=``, empty at the ends."""

    tasks: list[Task]
    next_at: str
    previous_at: str


@dataclass(frozen=True)
class Workload:
    """What was given to one person."""

    user_id: int
    username: str
    waiting: int
    finished: int


@dataclass(frozen=True)
class GoldAccuracy:
    """How one person does on gold items."""

    user_id: int
    username: str
    attempts: int
    right: int
    mean_score: float

    @property
    def accuracy(self) -> float:
        return self.right / self.attempts if self.attempts else 0.0


def list_held(project: Project, user, task_ids: Sequence[int]) -> list[Task]:
    """Those of these tasks that are lent to this person now."""
    held = Task.objects.filter(pk__in=task_ids, dataset__project=project)
    return list(held.filter(leases__user=user, leases__expires_at__gt=timezone.now()))


def find_settings(project: Project) -> QueueSettings:
    """The queue's settings; the defaults, unsaved, while nobody changed them."""
    found = read_one(_SETTINGS_READ, [project.pk], _SETTINGS)
    return found[0] if found else QueueSettings(project=project)


def find_skip_policy(project: Project) -> SkipPolicy:
    """When skips take an item of this project out of the queue."""
    settings = find_settings(project)
    return SkipPolicy(settings.skips_to_leave, frozenset(settings.final_skip_reasons))


def find_order(project: Project) -> str:
    """The order the project wants (a value of QueueSettings.Order)."""
    return find_settings(project).order


def list_waiting(project: Project) -> list[Waiting]:
    """All open tasks that take part in the order, in the order of their making."""
    tasks = Task.objects.filter(dataset__project=project, state=Task.State.OPEN, priority__lt=URGENT).order_by("pk")
    rows = tasks.values_list("pk", "item_id", "item__content_hash", "is_random")
    return [Waiting(pk, item, compute_draw(digest), is_random) for pk, item, digest, is_random in rows.iterator()]


def list_by_uncertainty(project: Project) -> list[int]:
    """Open tasks with a suggestion, what its maker is least sure of first."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_UNCERTAINTY, [project.pk])
        return [row[0] for row in cursor.fetchall()]


def list_labeled_items(project: Project) -> list[int]:
    """Ids of the items that have a label."""
    labeled = Item.objects.filter(dataset__project=project, label__isnull=False)
    return list(labeled.values_list("pk", flat=True))


def list_unassigned(project: Project, *, items: QuerySet[Item] | None = None, guess: str = "") -> list[int]:
    """Open tasks that nobody was assigned to, in queue order; of these items and with this guess, where given."""
    tasks = Task.objects.filter(dataset__project=project, state=Task.State.OPEN)
    tasks = tasks.filter(~Exists(Assignment.objects.filter(task=OuterRef("pk"))))
    if items is not None:
        tasks = tasks.filter(item__in=items.values("pk"))
    if guess:
        newest = Suggestion.objects.filter(task=OuterRef("pk")).order_by("-pk").values("value")[:1]
        tasks = tasks.annotate(guess=newest).filter(guess=guess)
    return list(tasks.order_by("answers", "-priority", "pk").values_list("pk", flat=True))


def filter_tasks(project: Project, filters: TaskFilters) -> QuerySet[Task]:
    """The tasks that match, in no order."""
    tasks = Task.objects.filter(dataset__in=list(project.datasets.values_list("pk", flat=True)))
    if filters.state:
        tasks = tasks.filter(state=filters.state)
    if filters.reason:
        tasks = tasks.filter(state=Task.State.SKIPPED, skip_reason=filters.reason)
    if filters.arm:
        tasks = tasks.filter(is_random=filters.arm == "random")
    if filters.assignee:
        given = Assignment.objects.filter(dataset__project=project, user=filters.assignee)
        tasks = tasks.filter(pk__in=given.values("task"))
    if filters.comments:
        said = TaskComment.objects.filter(task__dataset__project=project)
        said = said.filter(resolved_at=None) if filters.comments == "open" else said
        tasks = tasks.filter(pk__in=said.values("task"))
    if filters.gold:
        tasks = tasks.filter(pk__in=GoldItem.objects.filter(is_active=True).values("task"))
    if filters.answers:
        tasks = tasks.filter(disagreement__gt=0) if filters.answers == "differ" else tasks.filter(disagreement=0)
    if filters.selection:
        tasks = tasks.filter(item__in=list_selected_ids(project, filters.selection))
    return tasks


def list_task_page(project: Project, filters: TaskFilters, *, at: str = "", size: int = PAGE_SIZE) -> TaskPage:
    """One page of tasks with their items, newest first, or those that people differ most on where these are asked for.
    `at` is from the page before or after it.
    """
    is_back, is_by_share = at.startswith("-"), filters.answers == "differ"
    share, bound = _read_place(at.lstrip("-"))
    tasks = filter_tasks(project, filters).select_related("item")
    beyond, before = ("gt", "lt") if is_back else ("lt", "gt")
    if is_by_share:
        order: tuple[str, ...] = ("disagreement", "-pk") if is_back else ("-disagreement", "pk")
        after = Q(**{f"disagreement__{beyond}": share}) | Q(**{"disagreement": share, f"pk__{before}": bound})
    else:
        order, after = ("pk" if is_back else "-pk",), Q(**{f"pk__{beyond}": bound})
    tasks = tasks.order_by(*order)
    if bound:
        tasks = tasks.filter(after)
    found = list(_describe(tasks)[: size + 1])
    has_more = len(found) > size
    found = found[:size]
    if is_back:
        found.reverse()
    if not found:
        return TaskPage([], "", "")
    has_next, has_previous = (True, has_more) if is_back else (has_more, bool(bound))
    first, last = (f"{task.disagreement}~{task.pk}" if is_by_share else f"{task.pk}" for task in (found[0], found[-1]))
    return TaskPage(found, last if has_next else "", f"-{first}" if has_previous else "")


def _read_place(at: str) -> tuple[float, int]:
    """(share of pairs that differ, task) behind ``at=``; 0 for what is not there."""
    share, _, given = at.rpartition("~")
    bound = int(given) if given.isdecimal() and len(given) <= 18 else 0
    try:
        return min(max(float(share or 0), 0.0), 1.0), bound
    except ValueError:
        return 0.0, 0


def _describe(tasks: QuerySet[Task]) -> QuerySet[Task]:
    """With what the list says beside each task."""
    said = TaskComment.objects.filter(task=OuterRef("pk"), resolved_at=None)
    return tasks.annotate(
        has_comments=Exists(said), is_gold=Exists(GoldItem.objects.filter(task=OuterRef("pk"), is_active=True))
    ).prefetch_related("assignments__user")


def count_tasks(project: Project, filters: TaskFilters) -> tuple[int, bool]:
    """(how many match, whether that is exact); beyond COUNT_LIMIT only "at least"."""
    found = filter_tasks(project, filters).order_by()[: COUNT_LIMIT + 1].count()
    return min(found, COUNT_LIMIT), found <= COUNT_LIMIT


def list_matching_ids(project: Project, filters: TaskFilters) -> list[int]:
    """Ids of everything that matches, in queue order, up to MAX_MATCHING."""
    tasks = filter_tasks(project, filters).order_by("answers", "-priority", "pk")
    return list(tasks.values_list("pk", flat=True)[:MAX_MATCHING])


def count_skip_reasons(project: Project) -> list[tuple[str, int]]:
    """(reason, skipped tasks), the most frequent first; an empty reason where nobody gave one."""
    skipped = Task.objects.filter(dataset__project=project, state=Task.State.SKIPPED)
    rows = skipped.values_list("skip_reason").order_by().annotate(n=Count("pk"))
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def count_passed_on(project: Project) -> int:
    """Open tasks that somebody skipped and that go on to other people."""
    skips = Annotation.objects.filter(is_current=True, kind="skip", task__dataset__project=project)
    return skips.filter(task__state=Task.State.OPEN).values("task").distinct().count()


def list_workloads(project: Project) -> list[Workload]:
    """Everybody who was assigned something here, by name."""
    rows = Assignment.objects.filter(dataset__project=project).values("user_id", "user__username").order_by()
    rows = rows.annotate(waiting=Count("pk", filter=Q(is_open=True)), finished=Count("pk", filter=Q(is_open=False)))
    return [
        Workload(row["user_id"], row["user__username"], row["waiting"], row["finished"])
        for row in rows.order_by("user__username")
    ]


def list_rules(project: Project) -> QuerySet[AssignmentRule]:
    return AssignmentRule.objects.filter(project=project).select_related("created_by", "job")


def get_rule(project: Project, rule_id: int) -> AssignmentRule:
    found = AssignmentRule.objects.filter(project=project, pk=rule_id).select_related("project", "created_by").first()
    if found is None:
        raise NotFound("There is no such assignment rule in this project.")
    return found


def load_rule(rule_id: int) -> AssignmentRule:
    """For a task, which was handed the id."""
    return AssignmentRule.objects.select_related("project", "created_by").get(pk=rule_id)


def find_task_row(project: Project, task_id: int) -> Task:
    """Any task of the project with its item, gold answer and assignments; for reviewers."""
    tasks = _describe(Task.objects.filter(dataset__project=project).select_related("item", "dataset"))
    found = tasks.filter(pk=task_id).first() if task_id < _MAX_ID else None
    if found is None:
        raise NotFound("There is no such task in this project.")
    return found


def list_gold(project: Project, *, is_active: bool | None = None) -> QuerySet[GoldItem]:
    """Gold items, newest first, with how often they were answered (`tries`) and how often right (`rights`)."""
    found = GoldItem.objects.filter(task__dataset__project=project).select_related("task__item", "created_by")
    if is_active is not None:
        found = found.filter(is_active=is_active)
    right = Count("attempts", filter=Q(attempts__is_right=True))
    return found.annotate(tries=Count("attempts"), rights=right).order_by("-pk")


def get_gold(project: Project, task_id: int) -> GoldItem:
    """The gold answer of a task; NotFound when it has none."""
    found = GoldItem.objects.filter(task__dataset__project=project, task_id=task_id).first()
    if found is None:
        raise NotFound("This task is no gold item.")
    return found


def measure_gold_accuracy(project: Project, *, user_ids: Sequence[int] | None = None) -> list[GoldAccuracy]:
    """Everybody's first answers to gold items, the worst first."""
    attempts = GoldAttempt.objects.filter(gold__task__dataset__project=project)
    if user_ids is not None:
        attempts = attempts.filter(user__in=user_ids)
    rows = attempts.values("user_id", "user__username").order_by()
    rows = rows.annotate(n=Count("pk"), right=Count("pk", filter=Q(is_right=True)), score=Avg("score"))
    found = [GoldAccuracy(r["user_id"], r["user__username"], r["n"], r["right"], r["score"]) for r in rows]
    return sorted(found, key=lambda person: (person.accuracy, person.username))
