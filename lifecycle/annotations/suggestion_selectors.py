"""Reads on suggestions: what is shown with a task, what is still to be suggested, what the two arms say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from django.db import connection
from django.db.models import Max, QuerySet
from django.db.models.functions import TruncDate

from lifecycle.annotations import assistance_rules as rules
from lifecycle.annotations.models import AssistanceSettings, Suggestion, SuggestionOutcome, SuggestionSource, Task
from lifecycle.common.errors import NotFound
from lifecycle.common.rows import Columns, read_one
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project

MAX_READ = 20_000  # outcomes in one report, the newest
SHOWN_PEOPLE = 50
FIELDS = ("arm", "verdict", "distance", "is_agreed", "lead_time_ms", "is_correct")

_WAITING = """
SELECT t.id, i.id AS item_id, i.blob, i.text, i.row
FROM annotations_task t JOIN datasets_item i ON i.id = t.item_id {gold}
WHERE t.dataset_id = ANY(%(datasets)s) AND {state} AND t.id > %(after)s AND i.excluded_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM annotations_suggestion s
                  WHERE s.task_id = t.id AND s.source_id = %(source)s AND s.id > %(since)s)
ORDER BY t.id LIMIT %(count)s
"""
# gold items too, which would be told by having no suggestion; two statements, so that each finds its index
_OPEN = f"""
SELECT * FROM (({_WAITING.format(gold="", state="t.state = 'open'")})
UNION ALL ({
    _WAITING.format(gold="JOIN annotations_golditem g ON g.task_id = t.id AND g.is_active", state="t.state <> 'open'")
})) waiting ORDER BY id LIMIT %(count)s
"""

_SETTINGS, _SOURCE = Columns(AssistanceSettings, "a"), Columns(SuggestionSource, "s")
_ACTIVE = f"""
SELECT {_SETTINGS.sql}, {_SOURCE.sql} FROM annotations_assistancesettings a
JOIN annotations_suggestionsource s ON s.id = a.source_id WHERE a.project_id = %s AND a.is_on
"""


@dataclass(frozen=True)
class Candidate:
    """An open task that a source has not spoken about yet; one of blob, text and row."""

    task_id: int
    item_id: int
    blob: str
    text: str
    row: dict[str, Any] | None


@dataclass(frozen=True)
class PersonReport:
    """One annotator's two arms."""

    user_id: int
    username: str
    report: rules.Report


@dataclass(frozen=True)
class DayReport:
    """One day's two arms."""

    day: date
    report: rules.Report


def find_assistance(project: Project) -> AssistanceSettings | None:
    """The settings; None while the project never had a source."""
    return AssistanceSettings.objects.filter(project=project).select_related("source").first()


def find_active(project: Project) -> AssistanceSettings | None:
    """The settings, when suggestions are shown here now."""
    found = read_one(_ACTIVE, [project.pk], _SETTINGS, _SOURCE)
    if found is None:
        return None
    settings: AssistanceSettings = found[0]
    settings.project, settings.source = project, found[1]
    return settings


def is_asked_when_opened(project: Project) -> bool:
    """Whether a backend is shown here, which is asked about opened tasks that it said nothing of."""
    active = find_active(project)
    return active is not None and active.source is not None and active.source.kind == SuggestionSource.Kind.BACKEND


def list_suggestions(source: SuggestionSource) -> QuerySet[Suggestion]:
    """What a source suggests; what clients of the Label Studio door bring has no source of its own."""
    if source.kind == SuggestionSource.Kind.CLIENT:
        found = Suggestion.objects.filter(source=None)
        return found.filter(model_version=source.version) if source.version else found
    return Suggestion.objects.filter(source=source)


def has_client_suggestions(project: Project) -> bool:
    """Whether a client of the Label Studio door brought any, and nobody made a source of them."""
    if SuggestionSource.objects.filter(project=project, kind=SuggestionSource.Kind.CLIENT).exists():
        return False
    return Suggestion.objects.filter(source=None, task__dataset__project=project).exists()


def list_sources(project: Project) -> QuerySet[SuggestionSource]:
    return SuggestionSource.objects.filter(project=project).select_related("job", "created_by")


def get_source(project: Project, source_id: int) -> SuggestionSource:
    found = list_sources(project).filter(pk=source_id).first()
    if found is None:
        raise NotFound("There is no such source of suggestions in this project.")
    return found


def list_backends(project: Project) -> QuerySet[SuggestionSource]:
    """The Label Studio ML backends among the sources, oldest first."""
    return list_sources(project).filter(kind=SuggestionSource.Kind.BACKEND).order_by("pk")


def find_interactive(project: Project) -> SuggestionSource | None:
    """The backend that is asked while somebody draws: the oldest of those that may be."""
    return list_backends(project).filter(is_interactive=True).first()


def list_opened(source: SuggestionSource, *, since: datetime) -> QuerySet[Job]:
    """What a backend was asked since about tasks that somebody opened."""
    of_source = Job.objects.filter(subject_type="suggestion_source", subject_id=source.pk, kind="ml_backend")
    return of_source.filter(spec__action="open", created_at__gt=since)


def get_question(project: Project, user, task: Task, job_id: int) -> Job:
    """What this person had a backend asked about a task while they drew."""
    asked = Job.objects.filter(project=project, kind="ml_backend", created_by=user, pk=job_id)
    found = asked.filter(spec__action="interact", spec__task_id=task.pk).first()
    if found is None:
        raise NotFound("You asked no backend this.")
    return found


def get_backend(project: Project, source_id: int) -> SuggestionSource:
    found = list_backends(project).filter(pk=source_id).first()
    if found is None:
        raise NotFound("There is no such ML backend in this project.")
    return found


def list_versions(source: SuggestionSource) -> list[str]:
    """The versions of a source's model that suggested something, newest first; what it suggests with now is first."""
    said = list_suggestions(source).exclude(model_version="").order_by()
    known = said.values("model_version").annotate(newest=Max("pk")).order_by("-newest")
    versions = [source.version, *known.values_list("model_version", flat=True)]
    return [one for one in dict.fromkeys(versions) if one]


def load_source(source_id: int) -> SuggestionSource:
    """By primary key, for the worker."""
    return SuggestionSource.objects.select_related("project", "created_by").get(pk=source_id)


def list_shown(settings: AssistanceSettings | None, tasks: Sequence[Task]) -> dict[int, list[dict[str, Any]]]:
    """{task id: [{id, result, score, model}]} of what annotators see; nothing for the hidden arm. `settings` are those
    of `find_active`.
    """
    if settings is None or settings.source is None or not tasks:
        return {}
    wanted = [task.pk for task in tasks if not rules.is_hidden(settings.seed, task.pk, settings.hidden_share)]
    newest = list_suggestions(settings.source).filter(task__in=wanted).order_by("task_id", "-pk")
    rows = newest.distinct("task_id").values_list("task_id", "pk", "result", "score", "model_version")
    return {
        task_id: [{"id": pk, "result": result, "score": score, "model": model}]
        for task_id, pk, result, score, model in rows
    }


def find_newest_id() -> int:
    """The last suggestion there is, of any source: what is written from now on comes after it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM annotations_suggestion")
        return cursor.fetchone()[0]


def iterate_open(source: SuggestionSource, *, since: int, batch: int) -> Iterator[list[Candidate]]:
    """Tasks that people are handed (open ones and gold items) without a suggestion of this source newer than `since`,
    in batches: a killed job goes on.
    """
    datasets, after = list(source.project.datasets.values_list("pk", flat=True)), 0
    while True:
        where: dict[str, Any] = {
            "datasets": datasets,
            "after": after,
            "source": source.pk,
            "since": since,
            "count": batch,
        }
        with connection.cursor() as cursor:
            cursor.execute(_OPEN, where)
            found = [Candidate(pk, item, blob, text, _read_row(row)) for pk, item, blob, text, row in cursor.fetchall()]
        if not found:
            return
        yield found
        after = found[-1].task_id


def _read_row(row: Any) -> dict[str, Any] | None:
    return orjson.loads(row) if isinstance(row, str | bytes) else row


def count_open(project: Project) -> int:
    """How many tasks people are handed: open ones and gold items."""
    tasks = Task.objects.filter(dataset__project=project)
    gold = tasks.filter(gold__is_active=True).exclude(state=Task.State.OPEN)
    return tasks.filter(state=Task.State.OPEN).count() + gold.count()


def read_window(project: Project, settings: AssistanceSettings, size: int) -> list[rules.Outcome]:
    """The newest outcomes, as many as the switch looks at, oldest first."""
    found = _count_since(project, settings).order_by("-pk").values_list(*FIELDS)[:size]
    return [_read(row) for row in reversed(found)]


def list_outcomes(project: Project) -> QuerySet[SuggestionOutcome]:
    return SuggestionOutcome.objects.filter(project=project).select_related("user").order_by("-pk")


def report(project: Project, settings: AssistanceSettings) -> rules.Report:
    """The two arms since the comparison began."""
    found = _count_since(project, settings).order_by("-pk").values_list(*FIELDS)[:MAX_READ]
    return rules.summarize([_read(row) for row in found])


def report_people(project: Project, settings: AssistanceSettings) -> list[PersonReport]:
    """The two arms of each annotator, busiest first."""
    rows = _count_since(project, settings).order_by("-pk").values_list("user_id", "user__username", *FIELDS)[:MAX_READ]
    people: dict[tuple[int, str], list[rules.Outcome]] = {}
    for user_id, username, *fields in rows:
        people.setdefault((user_id, username), []).append(_read(fields))
    busiest = sorted(people.items(), key=lambda pair: -len(pair[1]))[:SHOWN_PEOPLE]
    return [PersonReport(*who, rules.summarize(found, bootstraps=0)) for who, found in busiest]


def report_days(project: Project, settings: AssistanceSettings) -> list[DayReport]:
    """The two arms day by day, oldest first."""
    rows = _count_since(project, settings).annotate(day=TruncDate("created_at")).order_by("-pk")
    days: dict[date, list[rules.Outcome]] = {}
    for day, *fields in rows.values_list("day", *FIELDS)[:MAX_READ]:
        days.setdefault(day, []).append(_read(fields))
    return [DayReport(day, rules.summarize(found, bootstraps=0)) for day, found in sorted(days.items())]


def _count_since(project: Project, settings: AssistanceSettings) -> QuerySet[SuggestionOutcome]:
    return SuggestionOutcome.objects.filter(project=project, created_at__gte=settings.counted_since)


def _read(row: Sequence[Any]) -> rules.Outcome:
    arm, verdict, distance, is_agreed, lead, is_correct = row
    seconds = None if lead is None else lead / 1_000
    return rules.Outcome(arm == SuggestionOutcome.Arm.SHOWN, verdict, distance, is_agreed, seconds, is_correct)
