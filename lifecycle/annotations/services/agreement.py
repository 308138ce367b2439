"""How far people agree, worked out by a job over all items that several answered, and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from itertools import groupby
from typing import Any

import orjson
from django.db import connection, transaction

from lifecycle.accounts.models import User
from lifecycle.annotations.agreement_report import KINDS, CodedAnswers, Said
from lifecycle.annotations.models import AgreementReport
from lifecycle.annotations.region_report import DrawnAnswers
from lifecycle.contracts.engine import Canceled
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project

FETCHED_AT_ONCE = 5_000
KEPT_REPORTS = 50
_EPOCH_MONDAY = date(1970, 1, 5).toordinal()

# what everybody said themselves: of each person the newest answer to each item, be it replaced by a reviewer's since
_OWN_ANSWERS = """
SELECT DISTINCT ON (a.task_id, a.user_id)
    a.task_id, a.item_id, a.user_id, a.id, a.value, a.result::text, a.created_at
FROM annotations_annotation a
JOIN annotations_task t ON t.id = a.task_id
JOIN datasets_dataset d ON d.id = t.dataset_id
JOIN datasets_item i ON i.id = a.item_id
WHERE d.project_id = %s AND i.excluded_at IS NULL AND a.kind = 'answer' AND a.origin = 'human'
  AND (a.is_current OR EXISTS (
      SELECT 1 FROM annotations_review r WHERE r.annotation_id = a.id AND r.verdict IN ('fixed', 'rejected')))
  AND NOT EXISTS (SELECT 1 FROM annotations_review r WHERE r.fixed_by_id = a.id)
ORDER BY a.task_id, a.user_id, a.id DESC
"""


def start(*, project: Project, user) -> Job:
    """Have a worker compare all answers; a comparison that waits or runs already is the one returned."""
    running = Job.objects.filter(project=project, kind="agreement", state__in=("queued", "running")).first()
    return running or jobs.enqueue(
        kind="agreement",
        title="Compare the answers of annotators",
        spec={"project_id": project.pk},
        project=project,
        created_by=user,
    )


def iterate_own_answers(project: Project) -> Iterator[list[tuple]]:
    """For each item, in the order of their tasks, what everybody said themselves:
    (task, item, user, annotation, value, result as JSON, when)."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_OWN_ANSWERS, [project.pk])
        rows = iter(lambda: cursor.fetchmany(FETCHED_AT_ONCE), [])
        for _, of_task in groupby((row for batch in rows for row in batch), key=lambda row: row[0]):
            yield list(of_task)


def compare_answers(
    project: Project,
    *,
    advance: Callable[[int], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """{"controls": {name: report}, "items", "answers", "people": {id: name}}; agreement_report says what is in one."""
    questions: dict[str, CodedAnswers | DrawnAnswers] = {}
    items = answers = 0
    for rows in iterate_own_answers(project):
        if len(rows) < 2:
            continue
        items += 1
        answers += len(rows)
        _add_item(questions, rows)
        if items % FETCHED_AT_ONCE == 0:
            advance(items)
            if should_stop():
                raise Canceled()
    reports = {name: report for name, one in questions.items() if (report := one.summarize())}
    asked = {person["user"] for report in reports.values() for person in report["people"]}
    people = dict(User.objects.filter(pk__in=asked).values_list("pk", "username"))
    named = {str(pk): name for pk, name in people.items()}
    return {"controls": reports, "items": items, "answers": answers, "people": named}


def record(*, project: Project, job: Job, result: dict[str, Any]) -> AgreementReport:
    """Keep what was found; the oldest reports go."""
    report = AgreementReport.objects.create(
        project=project,
        job=job,
        item_count=result["items"],
        answer_count=result["answers"],
        result=result,
        created_by=job.created_by,
    )
    kept = AgreementReport.objects.filter(project=project).order_by("-pk").values_list("pk", flat=True)[:KEPT_REPORTS]
    AgreementReport.objects.filter(project=project, pk__lt=min(kept)).delete()
    return report


def _add_item(questions: dict[str, CodedAnswers | DrawnAnswers], rows: list[tuple]) -> None:
    item = rows[0][1]
    week = (max(row[6] for row in rows).date().toordinal() - _EPOCH_MONDAY) // 7
    by_control: dict[str, dict[int, list[dict]]] = {}
    kinds: dict[str, str] = {}
    for row in rows:
        for name, kind, entry in _read_entries(row[5]):
            kinds.setdefault(name, kind)
            by_control.setdefault(name, {}).setdefault(row[2], []).append(entry)
    people = [row[2] for row in rows]
    for name in questions.keys() | kinds.keys():
        said = by_control.get(name, {})
        question = questions.get(name)
        if question is None:
            kind = kinds[name]
            question = DrawnAnswers(kind) if kind in ("regions", "spans") else CodedAnswers(kind)
            questions[name] = question
        question.add(item, week, [Said(user, said.get(user, ())) for user in people])


def _read_entries(result: str) -> list[tuple[str, str, dict]]:
    """(control, how it is compared, entry); entries said of a region are left to the region."""
    return _parse(result) if len(result) <= 400 else _parse.__wrapped__(result)


@lru_cache(maxsize=20_000)
def _parse(result: str) -> list[tuple[str, str, dict]]:
    entries = [entry for entry in orjson.loads(result) if isinstance(entry, dict)]
    drawn = {entry.get("id") for entry in entries if KINDS.get(entry.get("type", "")) in ("regions", "spans")} - {None}
    found = []
    for entry in entries:
        kind = KINDS.get(str(entry.get("type", "")))
        if kind and (kind in ("regions", "spans") or entry.get("id") not in drawn):
            found.append((str(entry.get("from_name", "")), kind, entry))
    return found
