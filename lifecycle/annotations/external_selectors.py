"""Reads of the Label Studio door: what a caller's role may see, in pages, with ids that stay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from lifecycle.accounts.models import User
from lifecycle.annotations import selectors
from lifecycle.annotations.external_counts import count_project_tasks, count_projects
from lifecycle.annotations.external_payloads import build_annotation, build_prediction, build_project, build_task
from lifecycle.annotations.first_versions import find_first_versions
from lifecycle.annotations.models import (
    Annotation,
    ExternalProject,
    LabelExport,
    Lease,
    QueueSettings,
    Suggestion,
    SuggestionSource,
    Task,
    Webhook,
)
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services.external import get_interface, serve_configs
from lifecycle.common.errors import NotFound
from lifecycle.projects.models import Membership, Project
from lifecycle.projects.rules import is_allowed

EXPORT_BATCH = 1_000

_NEWEST = """
WITH RECURSIVE line AS (
    SELECT a.id, a.kind FROM annotations_annotation a WHERE a.id = %s
    UNION ALL
    SELECT a.id, a.kind FROM line JOIN annotations_annotation a ON a.previous_id = line.id
    WHERE line.kind <> 'withdrawn')
SELECT max(id) FROM line
"""


def find_slug(kind: str, pk: int) -> str:
    """The slug of the project that a project, task, annotation, prediction, webhook or source of suggestions is in."""
    paths: dict[str, tuple[Any, str]] = {
        "project": (Project, "slug"),
        "task": (Task, "dataset__project__slug"),
        "annotation": (Annotation, "task__dataset__project__slug"),
        "prediction": (Suggestion, "task__dataset__project__slug"),
        "webhook": (Webhook, "project__slug"),
        "maker": (SuggestionSource, "project__slug"),
    }
    model, path = paths[kind]
    slug = model.objects.filter(pk=pk).values_list(path, flat=True).first() if 0 < pk < 1 << 62 else None
    if slug is None:
        raise NotFound(f"There is no such {kind}, or you may not see it.")
    return slug


def describe_projects(projects: Sequence[Project], user, *, roles: Mapping[int, str]) -> list[dict[str, Any]]:
    """Projects in Label Studio's words, with their counts: below a reviewer those of one's own answers. As many
    statements for a hundred as for one; `created_by` is loaded with each.
    """
    pks = [project.pk for project in projects]
    kept = {one.project_id: one.settings for one in ExternalProject.objects.filter(project__in=pks)}
    queues = {one.project_id: one for one in QueueSettings.objects.filter(project__in=pks)}
    counts, configs = count_projects(projects, user, roles), serve_configs(pks)
    return [
        build_project(
            project,
            config=configs[project.pk],
            settings=kept.get(project.pk, {}),
            queue=queues.get(project.pk) or QueueSettings(project=project),
            counts=counts[project.pk],
        )
        for project in projects
    ]


def describe_project(project: Project, user, *, role: str) -> dict[str, Any]:
    """`describe_projects` of one."""
    return describe_projects([project], user, roles={project.pk: role})[0]


def list_colleagues(user) -> QuerySet[User]:
    """A person and everybody they share a project with; every account for site admins."""
    people = User.objects.filter(is_active=True)
    if not user.is_superuser:
        mine = Membership.objects.filter(user=user).values("project")
        people = people.filter(Q(pk=user.pk) | Q(pk__in=Membership.objects.filter(project__in=mine).values("user")))
    return people.order_by("pk")


def list_tasks(project: Project, user, *, role: str) -> QuerySet[Task]:
    """Tasks with their items: every one for a reviewer, below that those that were lent to or answered by the user."""
    tasks = Task.objects.filter(dataset__project=project, item__excluded_at=None).select_related("item")
    if not is_allowed(role, "reviewer"):
        own = Annotation.objects.filter(task=OuterRef("pk"), user=user, origin="human")
        tasks = tasks.filter(Exists(Lease.objects.filter(task=OuterRef("pk"), user=user)) | Exists(own))
    return tasks.order_by("pk")


def count_tasks(project: Project, user, *, role: str) -> int:
    """How many `list_tasks` gives."""
    if not is_allowed(role, "reviewer"):
        return list_tasks(project, user, role=role).count()
    return count_project_tasks(project)[0]


def get_task(project: Project, user, task_id: int, *, role: str) -> Task:
    task = list_tasks(project, user, role=role).filter(pk=task_id).first()
    if task is None:
        raise NotFound("There is no such task, or it is not in your hands.")
    return task


def list_annotated(tasks: QuerySet[Task], user, *, role: str) -> QuerySet[Task]:
    """Those that somebody answered or skipped: below a reviewer, that this person did."""
    current = Annotation.objects.filter(task=OuterRef("pk"), is_current=True).exclude(kind="withdrawn")
    return tasks.filter(Exists(current if is_allowed(role, "reviewer") else current.filter(user=user)))


def count_labels(tasks: QuerySet[Task], user, *, role: str) -> dict[str, int]:
    """Of the `answers` and `suggestions` of these tasks those that the role may see; skips are no answers."""
    chosen = tasks.order_by().values("pk")
    given = Annotation.objects.filter(task__in=chosen, is_current=True, kind__in=("answer", "gold"))
    if not is_allowed(role, "reviewer"):
        return {"answers": given.filter(user=user).count(), "suggestions": 0}
    return {"answers": given.count(), "suggestions": Suggestion.objects.filter(task__in=chosen).count()}


def describe_tasks(project: Project, user, tasks: Sequence[Task], *, role: str) -> list[dict[str, Any]]:
    """Tasks with their annotations and predictions, as far as the role may see them. Four queries for any number."""
    interface = get_interface(project)
    ids = [task.pk for task in tasks]
    annotations = describe_annotations(project, list_annotations(project, user, role=role, task_ids=ids))
    suggestions: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for suggestion in list_suggestions(project, role=role).filter(task__in=ids):
        suggestions[suggestion.task_id].append(build_prediction(project, interface, suggestion))
    answered: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for annotation in annotations:
        answered[annotation["task"]].append(annotation)
    if not is_allowed(role, "reviewer"):
        _veil(project, tasks, answered)
    return [
        build_task(
            project,
            interface,
            task,
            annotations=answered[task.pk],
            predictions=suggestions[task.pk],
            counts=_count(answered[task.pk], suggestions[task.pk]),
        )
        for task in tasks
    ]


def _veil(project: Project, tasks: Sequence[Task], answered: Mapping[int, Sequence[Mapping[str, Any]]]) -> None:
    """Have tasks say nothing of what others did, so that a gold item is like every other. In memory only."""
    overlap = find_settings(project).overlap
    for task in tasks:
        own = answered.get(task.pk, ())
        is_answered = any(not annotation["was_cancelled"] for annotation in own)
        task.state = Task.State.DONE if is_answered else Task.State.OPEN
        task.overlap = overlap
        task.updated_at = max((annotation["updated_at"] for annotation in own), default=task.item.created_at)


def _count(annotations: Sequence[Mapping[str, Any]], predictions: Sequence[Any]) -> dict[str, int]:
    skips = sum(1 for annotation in annotations if annotation["was_cancelled"])
    return {"answers": len(annotations) - skips, "skips": skips, "suggestions": len(predictions)}


def list_annotations(project: Project, user, *, role: str, task_ids: Iterable[int]) -> QuerySet[Annotation]:
    """Current answers and skips, oldest first: everybody's for a reviewer, one's own below that."""
    found = selectors.list_annotations(project, user, role=role, current_only=True).filter(task__in=list(task_ids))
    return found.exclude(kind=Annotation.Kind.WITHDRAWN).order_by("task_id", "pk")


def describe_annotations(project: Project, annotations: Iterable[Annotation]) -> list[dict[str, Any]]:
    """Annotations under the ids of their first versions."""
    interface, rows = get_interface(project), list(annotations)
    changed = [row.pk for row in rows if row.previous_id is not None]
    first = find_first_versions(changed)
    described = []
    for row in rows:
        pk, at = first.get(row.pk, (row.pk, row.created_at))
        described.append(build_annotation(project, interface, row, id=pk, created_at=at))
    return described


def get_annotation(project: Project, user, annotation_id: int, *, role: str) -> Annotation:
    """The newest version of the answer that a client knows by the id of an earlier one."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [annotation_id])
        newest = cursor.fetchone()[0]
    found = selectors.get_annotation(project, user, newest or 0, role=role)
    if found.kind == Annotation.Kind.WITHDRAWN or not found.is_current:
        raise NotFound("There is no such annotation, or it is not yours to see.")
    return found


def list_suggestions(project: Project, *, role: str) -> QuerySet[Suggestion]:
    """A project's predictions, for reviewers: an annotator sees a suggestion where the queue shows it, not here."""
    found = Suggestion.objects.filter(task__dataset__project=project, task__item__excluded_at=None)
    return (found if is_allowed(role, "reviewer") else found.none()).order_by("pk")


def get_suggestion(project: Project, suggestion_id: int, *, role: str) -> Suggestion:
    found = list_suggestions(project, role=role).filter(pk=suggestion_id).first()
    if found is None:
        raise NotFound("There is no such prediction.")
    return found


def count_model_versions(project: Project) -> dict[str, int]:
    """{version of a model: how many suggestions there are of it}, most first; those without a version are left out."""
    named = list_suggestions(project, role="owner").exclude(model_version="").order_by()
    counted = named.values("model_version").annotate(n=Count("pk")).order_by("-n", "model_version")
    return dict(counted.values_list("model_version", "n"))


def describe_suggestions(project: Project, suggestions: Iterable[Suggestion]) -> list[dict[str, Any]]:
    interface = get_interface(project)
    return [build_prediction(project, interface, suggestion) for suggestion in suggestions]


def list_views(project: Project) -> list[dict[str, Any] | None]:
    """Saved views of the task list; None where one was deleted."""
    kept = ExternalProject.objects.filter(project=project).first()
    return list((kept.settings if kept else {}).get("views", []))


def stream_export(
    project: Project, user, *, role: str, only_annotated: bool = False, task_ids: Sequence[int] = ()
) -> Iterator[dict[str, Any]]:
    """Every task with its labels, a batch in memory at a time."""
    tasks = list_tasks(project, user, role=role)
    if only_annotated:
        tasks = list_annotated(tasks, user, role=role)
    if task_ids:
        tasks = tasks.filter(pk__in=list(task_ids))
    after = 0
    while batch := list(tasks.filter(pk__gt=after)[:EXPORT_BATCH]):
        yield from describe_tasks(project, user, batch, role=role)
        after = batch[-1].pk


def list_exports(project: Project) -> QuerySet[LabelExport]:
    return LabelExport.objects.filter(project=project, parent=None).select_related("created_by", "job")


def get_export(project: Project, export_id: int) -> LabelExport:
    found = list_exports(project).filter(pk=export_id).first()
    if found is None:
        raise NotFound("There is no such export.")
    return found
