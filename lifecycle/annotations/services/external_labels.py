"""Annotations and predictions in bulk, as the Label Studio door brings them; nothing comes twice."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from django.db import connection
from django.utils import timezone

from lifecycle.annotations import rules, selectors
from lifecycle.annotations.assistance_rules import measure_uncertainty
from lifecycle.annotations.authors import AUTHOR
from lifecycle.annotations.label_studio import Interface, read_result
from lifecycle.annotations.models import Annotation, Suggestion, Task
from lifecycle.annotations.queue_selectors import find_skip_policy
from lifecycle.annotations.services import suggestions
from lifecycle.annotations.services.imported_authors import find_authors, read_author
from lifecycle.annotations.services.ordering import FROM_SUGGESTIONS, note_change
from lifecycle.common import bulk
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets.models import Dataset
from lifecycle.datasets.services import record_labels
from lifecycle.projects.models import Project

KEPT = ("ground_truth", "unique_id", "completed_by", "parent_prediction", "parent_annotation", "import_id")
MAX_VERSION_CHARS = 200
MAX_EXTRA_CHARS = 10_000
MAX_LEAD_SECONDS = 24 * 3_600


@dataclass(frozen=True)
class Answer:
    """An annotation of a client, read: `result` has the project's names.

    `author` is who gave it in the client's words, empty where it does not say so; `at` is when.
    """

    kind: str
    result: list[Any]
    value: str | None
    lead_time_ms: int | None
    external: dict[str, Any] | None
    author: str = ""
    at: datetime | None = None

    @property
    def source_id(self) -> str:
        """What the annotation is called where it comes from."""
        return _find_source_id(self.external)


@dataclass(frozen=True)
class Proposal:
    """A prediction of a client, read."""

    model_version: str
    score: float | None
    result: list[Any]
    value: str | None
    uncertainty: float | None = None  # 0 is sure


Answers = list[Answer]
Proposals = list[Proposal]


@dataclass(frozen=True)
class LabelReader:
    """Reads what clients send, against one configuration; ValueError says what is wrong with it."""

    interface: Interface

    def read_answer(self, raw: Any) -> Answer:
        if not isinstance(raw, Mapping):
            raise ValueError("An annotation must be an object.")
        is_skip = raw.get("was_cancelled") is True
        result, value = read_result(self.interface, raw.get("result") or [])
        kept = {name: raw[name] for name in KEPT if raw.get(name) not in (None, False, "")}
        if len(str(kept)) > MAX_EXTRA_CHARS:
            raise ValueError("An annotation says too much beside its result.")
        kind = Annotation.Kind.SKIP if is_skip else Annotation.Kind.ANSWER
        lead = _read_seconds(raw.get("lead_time"))
        author, at = read_author(raw.get("completed_by")), _read_time(raw.get("created_at"))
        return Answer(str(kind), result, None if is_skip else value, lead, kept or None, author, at)

    def read_proposal(self, raw: Any) -> Proposal:
        if not isinstance(raw, Mapping):
            raise ValueError("A prediction must be an object.")
        result, value = read_result(self.interface, raw.get("result") or [])
        version = str(raw.get("model_version") or "")[:MAX_VERSION_CHARS]
        score = _read_score(raw.get("score"))
        return Proposal(version, score, result, value, measure_uncertainty(score, raw.get("result")))


def _read_seconds(seconds: Any) -> int | None:
    if seconds is None or isinstance(seconds, bool):
        return None
    if not isinstance(seconds, int | float) or not 0 <= seconds < 1e9:
        raise ValueError("lead_time must be a number of seconds.")
    return round(min(seconds, MAX_LEAD_SECONDS) * 1_000)


def _read_time(said: Any) -> datetime | None:
    """A time of the past; without a zone it is in UTC."""
    if said in (None, ""):
        return None
    try:
        at = said if isinstance(said, datetime) else datetime.fromisoformat(str(said))
        return min((at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC), timezone.now())
    except (ValueError, OverflowError):
        raise ValueError("created_at must be a date and time such as 2024-05-31T12:00:00Z.") from None


def _find_source_id(external: Mapping[str, Any] | None) -> str:
    kept = external or {}
    return str(kept.get("unique_id") or kept.get("import_id") or "")


def _read_score(score: Any) -> float | None:
    if score is None:
        return None
    if isinstance(score, bool) or not isinstance(score, int | float) or score != score or abs(score) > 1e300:
        raise ValueError("score must be a number.")
    return float(score)


def write_answers(
    *, project: Project, user, rows: Sequence[tuple[int, Answer]], new_tasks: Set[int] = frozenset()
) -> int:
    """Record answers as imported, each of whom it names or else of this user, and settle their tasks; returns how
    many were not there already. What one call brings is kept, also where two of its answers say the same.

    Call within a transaction. `new_tasks` were made in it, so that nothing is known of them. Forbidden where somebody
    speaks for others who may not.
    """
    if not rows:
        return 0
    task_ids = sorted({task_id for task_id, _ in rows})
    tasks = lock_tasks(project, task_ids)
    authors = find_authors(project, user, {answer.author for _, answer in rows if answer.author})
    signed = [(task_id, authors.get(one.author, user.pk), _sign(one)) for task_id, one in rows]
    asked = [task_id for task_id in task_ids if task_id not in new_tasks]
    imported, own = _list_known_answers(asked, {user_id for _, user_id, _ in signed})
    sent: Counter[tuple[Any, ...]] = Counter()
    fresh = []
    for task_id, user_id, answer in signed:
        words = (task_id, user_id, answer.kind, json.dumps(answer.result, sort_keys=True))
        signature = (*words, answer.source_id)
        sent[signature] += 1
        if sent[signature] > imported[signature] and not (answer.author and words in own):
            fresh.append((task_id, user_id, answer))
    if fresh:
        _copy_answers(project, tasks, fresh)
        settle_tasks(project, tasks, sorted({task_id for task_id, _, _ in fresh}))
    return len(fresh)


def _sign(answer: Answer) -> Answer:
    """Marked as of a known author where it names one."""
    return replace(answer, external=(answer.external or {}) | {AUTHOR: answer.author}) if answer.author else answer


def _list_known_answers(task_ids: list[int], user_ids: Set[int]) -> tuple[Counter[Any], set[Any]]:
    """(how often each answer was imported, what these people answered here themselves)."""
    imported: Counter[tuple[Any, ...]] = Counter()
    own = set()
    rows = Annotation.objects.filter(task__in=task_ids, user__in=user_ids, is_current=True)
    for *head, result, origin, external in rows.values_list(
        "task_id", "user_id", "kind", "result", "origin", "external"
    ):
        words = (*head, json.dumps(result, sort_keys=True))
        if origin == Annotation.Origin.IMPORT:
            imported[(*words, _find_source_id(external))] += 1
        elif origin == Annotation.Origin.HUMAN:
            own.add(words)
    return imported, own


def lock_tasks(project: Project, task_ids: list[int]) -> dict[int, Task]:
    """{id: task} of the project, with their items, under a row lock each."""
    found = Task.objects.select_for_update(of=("self",), no_key=True).select_related("item")
    return {task.pk: task for task in found.filter(pk__in=task_ids, dataset__project=project).order_by("pk")}


def _copy_answers(project: Project, tasks: dict[int, Task], rows: Sequence[tuple[int, int, Answer]]) -> None:
    answers, now = [answer for _, _, answer in rows], timezone.now()
    with connection.cursor() as cursor:
        ids = bulk.reserve_ids(cursor, "annotations_annotation", len(rows))
        people = sorted({user_id for _, user_id, _ in rows})
        cursor.execute("SELECT 1 FROM accounts_user WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE", [people])
        with bulk.trusted_references(cursor):  # the tasks are locked, and keep their items
            bulk.copy_rows(cursor, "annotations_annotation", {
                "id": pa.array(ids, pa.int64()),
                "task_id": pa.array([task_id for task_id, _, _ in rows], pa.int64()),
                "item_id": pa.array([tasks[task_id].item_id for task_id, _, _ in rows], pa.int64()),
                "user_id": pa.array([user_id for _, user_id, _ in rows], pa.int64()),
                "origin": "import",
                "kind": pa.array([answer.kind for answer in answers], pa.string()),
                "result": pa.array([json.dumps(answer.result) for answer in answers], pa.string()),
                "value": pa.array([answer.value for answer in answers], pa.string()),
                "reason": "",
                "is_current": True,
                "schema_version": selectors.get_schema(project).version,
                "lead_time_ms": pa.array([answer.lead_time_ms for answer in answers], pa.int64()),
                "external": pa.array([_dump(answer.external) for answer in answers], pa.string()),
                "created_at": pa.array([(answer.at or now).isoformat() for answer in answers], pa.string()),
            }, len(rows))  # fmt: skip


def settle_tasks(project: Project, tasks: Mapping[int, Task], task_ids: Sequence[int]) -> None:
    """Bring counts, states and item labels of locked tasks in line with their current answers, all at once.

    A task that only an import answered is done, as after every other import.
    """
    kind = get_problem_type(project.problem_type).label_kind
    current: dict[int, list[rules.Current]] = defaultdict(list)
    rows = Annotation.objects.filter(task__in=list(task_ids), is_current=True).order_by("pk")
    for row in rows.values_list("task_id", "pk", "user_id", "kind", "origin", "value", "reason"):
        current[row[0]].append(rules.Current(*row[1:]))
    policy = find_skip_policy(project)
    outcomes = {pk: rules.compute_outcome(kind, tasks[pk].overlap, current[pk], policy) for pk in task_ids}
    states = {pk: _find_state(outcomes[pk], current[pk]) for pk in task_ids}
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE annotations_task t
               SET answers = new.answers, state = new.state, skip_reason = new.reason, updated_at = now(),
                   disagreement = new.disagreement, is_disagreement_due = new.disagreement IS NOT NULL
               FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::float8[])
                   AS new (id, answers, state, reason, disagreement)
               WHERE t.id = new.id""",
            [
                list(task_ids),
                [outcomes[pk].answers for pk in task_ids],
                [states[pk] for pk in task_ids],
                [outcomes[pk].skip_reason for pk in task_ids],
                [outcomes[pk].disagreement for pk in task_ids],
            ],
        )
    labels: dict[int, list[Any]] = defaultdict(list)
    for pk in task_ids:
        task, outcome = tasks[pk], outcomes[pk]
        if (task.item.label, task.item.label_annotation_id) != (outcome.label, outcome.annotation_id):
            labels[task.dataset_id].append((task.item_id, outcome.label, outcome.annotation_id))
    for dataset in Dataset.objects.filter(pk__in=labels):
        record_labels(dataset=dataset, labels=labels[dataset.pk])


def _find_state(outcome: rules.Outcome, current: Sequence[rules.Current]) -> str:
    is_imported = any(version.origin == "import" and version.kind == "answer" for version in current)
    return "done" if outcome.answers == 0 and is_imported else outcome.state


def write_proposals(
    *, project: Project, user, rows: Sequence[tuple[int, Proposal]], new_tasks: Set[int] = frozenset()
) -> int:
    """Store predictions, whose versions are sources of suggestions then; those that are there word for word are not
    stored twice. Call within a transaction.
    """
    if not rows:
        return 0
    known = _list_known_proposals({task_id for task_id, _ in rows} - new_tasks)
    fresh = []
    for task_id, one in rows:
        signature = (task_id, one.model_version, json.dumps(one.result, sort_keys=True))
        if signature not in known:
            known.add(signature)
            fresh.append((task_id, one))
    proposals, now = [one for _, one in fresh], timezone.now().isoformat()
    with connection.cursor() as cursor:
        bulk.copy_rows(cursor, "annotations_suggestion", {
            "task_id": pa.array([task_id for task_id, _ in fresh], pa.int64()),
            "model_version": pa.array([one.model_version for one in proposals], pa.string()),
            "score": pa.array([one.score for one in proposals], pa.float64()),
            "uncertainty": pa.array([one.uncertainty for one in proposals], pa.float64()),
            "result": pa.array([json.dumps(one.result) for one in proposals], pa.string()),
            "value": pa.array([one.value for one in proposals], pa.string()),
            "created_by_id": user.pk,
            "created_at": now,
            "updated_at": now,
        }, len(fresh))  # fmt: skip
    note_change(project_id=project.pk, orders=FROM_SUGGESTIONS)
    suggestions.adopt_versions(project=project, actor=user, versions={one.model_version for one in proposals})
    return len(fresh)


def _list_known_proposals(task_ids: Set[int]) -> set[tuple[int, str, str]]:
    rows = Suggestion.objects.filter(task__in=sorted(task_ids)).values_list("task_id", "model_version", "result")
    return {(task_id, version, json.dumps(result, sort_keys=True)) for task_id, version, result in rows}


def _dump(value: Any) -> str | None:
    return None if value is None else json.dumps(value)
