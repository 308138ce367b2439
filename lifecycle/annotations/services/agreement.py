"""How far people agree, worked out by a job over all items that several answered, and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import combinations, groupby
from typing import Any

import orjson
from django.db import connection, transaction

from lifecycle.accounts.models import User
from lifecycle.annotations.agreement_report import KINDS, CodedAnswers, NotedAnswers, Said
from lifecycle.annotations.authors import SAID
from lifecycle.annotations.models import AgreementReport
from lifecycle.annotations.region_links import is_drawn, is_relation, match_places, read_places
from lifecycle.annotations.region_report import DrawnAnswers, RelatedAnswers
from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.label_interface import MAIN_CONTROL
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project

FETCHED_AT_ONCE = 5_000
KEPT_REPORTS = 50
RELATIONS = "(relations)"  # the name of no control
Questions = dict[str, CodedAnswers | DrawnAnswers]
_EPOCH_MONDAY = date(1970, 1, 5).toordinal()

# what everybody said themselves: of each person the newest answer to each item, be it replaced by a reviewer's since
_OWN_ANSWERS = f"""
SELECT DISTINCT ON (a.task_id, a.user_id)
    a.task_id, a.item_id, a.user_id, a.id, a.value, a.result::text, a.created_at
FROM annotations_annotation a
JOIN annotations_task t ON t.id = a.task_id
JOIN datasets_dataset d ON d.id = t.dataset_id
JOIN datasets_item i ON i.id = a.item_id
WHERE d.project_id = %s AND i.excluded_at IS NULL AND a.kind = 'answer' AND {SAID}
  AND (a.is_current OR EXISTS (
      SELECT 1 FROM annotations_review r WHERE r.annotation_id = a.id AND r.verdict IN ('fixed', 'rejected')))
  AND NOT EXISTS (SELECT 1 FROM annotations_review r WHERE r.fixed_by_id = a.id)
ORDER BY a.task_id, a.user_id, a.id DESC
"""


@dataclass(frozen=True)
class _Answer:
    """One answer taken apart."""

    entries: list[tuple[str, str, dict]]  # (control, how it is compared, entry) but for what is said of a region
    drawn: list[dict]
    notes: dict[str, dict[str, list[dict]]]  # region -> control -> what is said of it
    relations: list[dict]


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
    """{"controls": {name: report}, "items", "answers", "people": {id: name}}; agreement_report says what is in one.

    What is said of regions is compared where two people drew the same thing; relations are told of under RELATIONS.
    """
    questions: Questions = {}
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
    reports = {name: report for name in sorted(questions, key=_rank) if (report := questions[name].summarize())}
    asked = {person["user"] for report in reports.values() for person in report["people"]}
    people = dict(User.objects.filter(pk__in=asked).values_list("pk", "username"))
    named = {str(pk): name for pk, name in people.items()}
    return {"controls": reports, "items": items, "answers": answers, "people": named}


def _rank(name: str) -> tuple[bool, bool, str]:
    """The project's own question first, relations last."""
    return name != MAIN_CONTROL, name == RELATIONS, name


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


def _add_item(questions: Questions, rows: list[tuple]) -> None:
    item = rows[0][1]
    week = (max(row[6] for row in rows).date().toordinal() - _EPOCH_MONDAY) // 7
    answers = [(row[2], _read_answer(row[5])) for row in rows]
    by_control: dict[str, dict[int, list[dict]]] = {}
    kinds: dict[str, str] = {}
    for user, answer in answers:
        for name, kind, entry in answer.entries:
            kinds.setdefault(name, kind)
            by_control.setdefault(name, {}).setdefault(user, []).append(entry)
    for name in questions.keys() | kinds.keys():
        if name == RELATIONS or isinstance(questions.get(name), NotedAnswers):
            continue
        said = by_control.get(name, {})
        question = questions.get(name)
        if question is None:
            kind = kinds[name]
            question = questions[name] = DrawnAnswers(kind) if kind in ("regions", "spans") else CodedAnswers(kind)
        question.add(item, week, [Said(user, said.get(user, ())) for user, _ in answers])
    if RELATIONS in questions or any(answer.relations for _, answer in answers):
        whole = [Said(user, [*answer.drawn, *answer.relations]) for user, answer in answers]
        questions.setdefault(RELATIONS, RelatedAnswers()).add(item, week, whole)
    if any(answer.notes for _, answer in answers):
        _add_notes(questions, week, answers)


def _add_notes(questions: Questions, week: int, answers: Sequence[tuple[int, _Answer]]) -> None:
    """What two people say of one thing that both drew: each matched pair of regions is a unit of its own."""
    places = [(user, answer, read_places(answer.drawn)) for user, answer in sorted(answers, key=lambda one: one[0])]
    for (user, mine, drawn), (other, theirs, other_drawn) in combinations(places, 2):
        if not (mine.notes and theirs.notes):
            continue
        for region, match in match_places(drawn, other_drawn).items():
            said, heard = mine.notes.get(region, {}), theirs.notes.get(match, {})
            for name in said.keys() & heard.keys():
                kind = KINDS[said[name][0]["type"]]
                question = questions.setdefault(name, NotedAnswers(kind))
                if isinstance(question, NotedAnswers):
                    question.add_pair(week, Said(user, said[name]), Said(other, heard[name]))


def _read_answer(result: str) -> _Answer:
    return _parse(result) if len(result) <= 400 else _parse.__wrapped__(result)


@lru_cache(maxsize=20_000)
def _parse(result: str) -> _Answer:
    entries = [entry for entry in orjson.loads(result) if isinstance(entry, dict)]
    drawn = [entry for entry in entries if is_drawn(entry)]
    regions = {entry.get("id") for entry in drawn} - {None}
    found: list[tuple[str, str, dict]] = []
    notes: dict[str, dict[str, list[dict]]] = {}
    for entry in entries:
        kind, name = KINDS.get(str(entry.get("type", ""))), str(entry.get("from_name", ""))
        if kind is None:
            continue
        if kind in ("regions", "spans") or entry.get("id") not in regions:
            found.append((name, kind, entry))
        else:
            notes.setdefault(str(entry["id"]), {}).setdefault(name, []).append(entry)
    return _Answer(found, drawn, notes, [entry for entry in entries if is_relation(entry)])
