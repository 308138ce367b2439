"""Reads on schemas, guides, tasks and answers. What of other people's work one may see depends on the role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from lifecycle.annotations.authors import IS_SAID
from lifecycle.annotations.models import Annotation, GuideVersion, LabelSchema, Lease, QuizAttempt, Task
from lifecycle.common.errors import NotFound
from lifecycle.common.rows import Columns, read_one
from lifecycle.contracts.label_interface import CONTROLS, Interface, parse_interface
from lifecycle.contracts.loop import Figure, StageState, StageSummary
from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed

RECENT_LEADS = 50

_SCHEMA = Columns(LabelSchema, "s")
_NEWEST_SCHEMA = f"""
SELECT {_SCHEMA.sql} FROM annotations_labelschema s WHERE s.project_id = %s ORDER BY s.version DESC LIMIT 1
"""
# of each person by itself, so that an index ends the search with their newest
_PACES = """
SELECT person.id, percentile_cont(0.5) WITHIN GROUP (ORDER BY newest.lead_time_ms) / 1000.0
FROM unnest(%(people)s::bigint[]) person (id), LATERAL (
    SELECT a.lead_time_ms FROM annotations_annotation a JOIN annotations_task t ON t.id = a.task_id
    WHERE a.user_id = person.id AND a.is_current AND a.lead_time_ms IS NOT NULL AND (
        a.origin = 'human' OR a.external ? 'author' AND a.origin = 'import')
        AND t.dataset_id IN (SELECT d.id FROM datasets_dataset d WHERE d.project_id = %(project)s)
    ORDER BY a.created_at DESC LIMIT %(most)s) newest
GROUP BY person.id
"""


@dataclass(frozen=True)
class Progress:
    """How far labelling is, in items."""

    total: int = 0
    open: int = 0
    done: int = 0
    skipped: int = 0

    @property
    def fraction(self) -> float:
        return (self.done + self.skipped) / self.total if self.total else 0.0


@dataclass(frozen=True)
class PersonStatistics:
    """One person's share of the work."""

    user_id: int
    username: str
    answers: int
    skips: int
    last_at: datetime | None
    seconds_per_label: float | None  # median of their newest answers


def find_schema(project: Project) -> LabelSchema | None:
    """The schema that counts now."""
    found = read_one(_NEWEST_SCHEMA, [project.pk], _SCHEMA)
    if found is None:
        return None
    schema: LabelSchema = found[0]
    schema.project = project  # known, so nobody has to ask for it again
    return schema


def find_schema_version(project: Project) -> int | None:
    """The version of the schema that counts now."""
    return LabelSchema.objects.filter(project=project).aggregate(newest=Max("version"))["newest"]


def get_schema(project: Project) -> LabelSchema:
    """The schema that counts now; NotFound while there is none."""
    schema = find_schema(project)
    if schema is None:
        raise NotFound("This project has no label schema yet. Set its classes first.")
    return schema


def read_config(schema: LabelSchema) -> str:
    """The configuration as whoever set it gave it."""
    return schema.external_config or schema.config


def read_interface(project: Project, schema: LabelSchema) -> Interface:
    """What a version of the schema asks, in the project's own names."""
    try:
        return parse_interface(read_config(schema), project.problem_type)
    except ValueError:  # taken by an earlier release, which let tags ride along that nobody could answer
        return parse_interface(schema.config, project.problem_type)


def read_given_names(project: Project, schema: LabelSchema | None) -> Mapping[str, str]:
    """{name under which a control is stored: what the configuration calls it}, where these differ."""
    return read_interface(project, schema).given_controls if schema else {}


def get_interface(project: Project) -> Interface:
    """What the project asks now, in its own names; NotFound while there is no schema."""
    return read_interface(project, get_schema(project))


def find_interface(project: Project) -> Interface | None:
    """What the project asks now; None while there is no schema."""
    schema = find_schema(project)
    return read_interface(project, schema) if schema else None


def list_schemas(project: Project) -> QuerySet[LabelSchema]:
    return LabelSchema.objects.filter(project=project).select_related("created_by").order_by("-version")


def find_guide(project: Project) -> GuideVersion | None:
    """The guide that counts now."""
    return GuideVersion.objects.filter(project=project).order_by("-version").first()


def list_guides(project: Project) -> QuerySet[GuideVersion]:
    return GuideVersion.objects.filter(project=project).select_related("created_by").order_by("-version")


def can_answer(project: Project, schema: LabelSchema | None) -> bool:
    """Whether there is a question that can be answered here: one with labels, or one that needs none."""
    if schema is None:
        return False
    main = read_interface(project, schema).main_control
    return main is not None and bool(main.labels or not CONTROLS[main.tag].part)


def count_class_uses(project: Project, names: Sequence[str]) -> dict[str, int]:
    """How many current answers say each of these classes."""
    if not names:
        return {}
    answers = Annotation.objects.filter(is_current=True, value__in=list(names), task__dataset__project=project)
    return dict(answers.values_list("value").annotate(uses=Count("pk")))


def count_progress(project: Project) -> Progress:
    """Tasks by state, in one scan of an index: without a join, and without a look at the rows."""
    datasets = list(project.datasets.values_list("pk", flat=True))
    counts = dict(Task.objects.filter(dataset__in=datasets).values_list("state").annotate(n=Count("*")).order_by())
    return Progress(
        total=sum(counts.values()),
        open=counts.get(Task.State.OPEN, 0),
        done=counts.get(Task.State.DONE, 0),
        skipped=counts.get(Task.State.SKIPPED, 0),
    )


def count_elsewhere(project: Project, user) -> int:
    """Open tasks that other people have in hand at this moment and this one has not answered."""
    held = Lease.objects.filter(expires_at__gt=Now(), task__dataset__project=project, task__state=Task.State.OPEN)
    answered = Annotation.objects.filter(user=user, task=OuterRef("task"), is_current=True)
    return held.exclude(user=user).exclude(Exists(answered)).values("task").distinct().count()


def list_own_leases(project: Project, user) -> list[int]:
    """Open tasks that this person has in hand at this moment, on whatever page."""
    held = Lease.objects.filter(user=user, expires_at__gt=Now(), task__dataset__project=project)
    return list(held.filter(task__state=Task.State.OPEN).order_by("task").values_list("task", flat=True)[:1_000])


def count_answers_since(project: Project, user, since: datetime) -> int:
    """Items this person has answered or skipped since then, each counted once."""
    mine = Annotation.objects.filter(user=user, created_at__gte=since, origin=Annotation.Origin.HUMAN)
    current = mine.filter(is_current=True, task__dataset__project=project)
    return current.exclude(kind=Annotation.Kind.WITHDRAWN).count()


def measure_seconds_per_label(project: Project, user) -> float | None:
    """Median time of a person's newest answers; None before the first timed one."""
    return _measure_paces(project, [user.pk]).get(user.pk)


def _measure_paces(project: Project, people: Sequence[int]) -> dict[int, float]:
    """{user id: median seconds of their newest answers} of those who have a timed one."""
    with connection.cursor() as cursor:
        cursor.execute(_PACES, {"people": list(people), "project": project.pk, "most": RECENT_LEADS})
        return {user: round(seconds, 1) for user, seconds in cursor.fetchall()}


def list_people(project: Project) -> list[PersonStatistics]:
    """Everybody who labeled here, busiest first."""
    answer, skip = Q(kind=Annotation.Kind.ANSWER), Q(kind=Annotation.Kind.SKIP)
    datasets = list(project.datasets.values_list("pk", flat=True))
    rows = Annotation.objects.filter(IS_SAID, is_current=True, task__dataset__in=datasets).values("user_id")
    counts = rows.annotate(
        answers=Count("pk", filter=answer), skips=Count("pk", filter=skip), last_at=Max("created_at")
    ).order_by()
    found = list(counts.values_list("user_id", "answers", "skips", "last_at"))
    ids = [pk for pk, *_ in found]
    names = dict(get_user_model().objects.filter(pk__in=ids).values_list("pk", "username"))
    paces = _measure_paces(project, ids)
    people = [
        PersonStatistics(pk, names[pk], answers, skips, last_at, paces.get(pk)) for pk, answers, skips, last_at in found
    ]
    return sorted(people, key=lambda person: (-person.answers, person.username))


def list_annotations(
    project: Project,
    user,
    *,
    role: str,
    task_id: int | None = None,
    person_id: int | None = None,
    value: str = "",
    kind: str = "",
    origin: str = "",
    current_only: bool = False,
) -> QuerySet[Annotation]:
    """Answers, newest first: everybody's for a reviewer, one's own below that."""
    found = Annotation.objects.filter(task__dataset__project=project).select_related("user", "task", "item")
    if not is_allowed(role, "reviewer"):
        found = found.filter(user=user)
    wanted = {"task_id": task_id, "user_id": person_id, "value": value, "kind": kind, "origin": origin}
    if not is_allowed(role, "reviewer") and kind in (Annotation.Kind.ANSWER, Annotation.Kind.GOLD):
        del wanted["kind"]  # nobody learns from a filter which items were gold ones
        found = found.filter(kind__in=[Annotation.Kind.ANSWER, Annotation.Kind.GOLD])
    found = found.filter(**{name: given for name, given in wanted.items() if given not in (None, "")})
    if current_only:
        found = found.filter(is_current=True)
    return found.order_by("-created_at", "-pk")


def get_annotation(project: Project, user, annotation_id: int, *, role: str) -> Annotation:
    """One answer that this person may see; NotFound otherwise."""
    found = list_annotations(project, user, role=role).filter(pk=annotation_id).first()
    if found is None:
        raise NotFound("There is no such annotation, or it is not yours to see.")
    return found


def list_history(project: Project, user, *, limit: int = 20) -> list[Annotation]:
    """A person's newest current answers and skips with their items, newest first: the history strip."""
    mine = Annotation.objects.filter(
        user=user, is_current=True, origin=Annotation.Origin.HUMAN, task__dataset__project=project
    ).exclude(kind=Annotation.Kind.WITHDRAWN)
    return list(mine.select_related("task__item").order_by("-created_at", "-pk")[:limit])


def list_tasks(
    project: Project, *, state: str = "", min_answers: int | None = None, search: str = "", label: str = ""
) -> QuerySet[Task]:
    """Tasks with their items, in the order of their making."""
    tasks = Task.objects.filter(dataset__project=project).select_related("item")
    if state:
        tasks = tasks.filter(state=state)
    if min_answers is not None:
        tasks = tasks.filter(answers__gte=min_answers)
    if label:
        tasks = tasks.filter(item__label=label)
    if search:
        tasks = tasks.filter(Q(item__text__icontains=search) | Q(item__source_uri__icontains=search))
    return tasks.order_by("pk")


def get_task(project: Project, user, task_id: int, *, role: str) -> Task:
    """A task with its item: any for a reviewer, below that only one that was lent to or answered by this person, or
    that their quiz asked about.
    """
    tasks = Task.objects.filter(dataset__project=project, pk=task_id).select_related("item")
    task = tasks.first()
    if task is not None and (is_allowed(role, "reviewer") or _was_given(task, user) or _was_asked(project, task, user)):
        return task
    raise NotFound("There is no such task, or it is not in your hands.")


def _was_given(task: Task, user) -> bool:
    own = Annotation.objects.filter(task=task, user=user, origin__in=Annotation.OWN)
    return Lease.objects.filter(task=task, user=user).exists() or own.exists()


def _was_asked(project: Project, task: Task, user) -> bool:
    attempts = QuizAttempt.objects.filter(project=project, user=user)
    return attempts.filter(questions__contains=[{"task": task.pk}]).exists()


def count_live_leases(project: Project) -> int:
    """Items that somebody has in their hands right now."""
    return Lease.objects.filter(expires_at__gt=timezone.now(), task__dataset__project=project).count()


def summarize_label(project: Project) -> StageSummary:
    """The label stage of the loop, in three queries."""
    progress, schema = count_progress(project), find_schema(project)
    figures = (
        Figure("labeled", f"{progress.done:,}"),
        Figure("to label", f"{progress.open:,}"),
        Figure("classes", str(len(schema.classes) if schema else 0)),
    )
    if not can_answer(project, schema):
        return StageSummary(
            "label", StageState.READY, "No classes yet", figures, action="schema", action_label="Set the classes"
        )
    if not progress.total:
        return StageSummary("label", StageState.EMPTY, "Nothing to label yet", figures)
    if progress.open:
        share = f"{progress.fraction:.0%} of {progress.total:,} items labeled"
        return StageSummary("label", StageState.READY, share, figures, action="label", action_label="Label items")
    skipped = f", {progress.skipped:,} skipped" if progress.skipped else ""
    headline = f"All {progress.total:,} items labeled{skipped}"
    return StageSummary(
        "label", StageState.DONE, headline, figures, action="label_overview", action_label="Look at labels"
    )


def list_classes_with_keys(schema: LabelSchema) -> list[tuple[str, str]]:
    """(class, key) of the main control in order; the key is empty for classes past the last free one."""
    main = read_interface(schema.project, schema).main_control
    labels = {label.value: label.key for label in main.labels} if main else {}
    return [(name, labels.get(name, "")) for name in schema.classes]
