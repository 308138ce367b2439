"""Keep suggestions and who makes them; decide which are shown; record what came of each, and switch off what harms."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa
from django.db import connection, transaction
from django.utils import timezone

from lifecycle.annotations import assistance_rules as rules
from lifecycle.annotations import suggestion_selectors as selectors
from lifecycle.annotations.distances import compare
from lifecycle.annotations.models import (
    Annotation,
    AssistanceSettings,
    Suggestion,
    SuggestionOutcome,
    SuggestionSource,
    Task,
)
from lifecycle.annotations.services.ordering import FROM_SUGGESTIONS, note_change
from lifecycle.common import bulk
from lifecycle.common.errors import DomainError
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

MAX_HIDDEN, MIN_HIDDEN = 0.9, 0.05
KEPT_SENTENCES = 20
MAX_CLIENT_SOURCES = 20  # of a project: some programs give every prediction a version of its own
KIND = SuggestionSource.Kind
Verdict = SuggestionOutcome.Verdict


@dataclass(frozen=True)
class Draft:
    """A suggestion on its way in; `result` has the project's own names."""

    task_id: int
    result: list[dict[str, Any]]
    value: str | None
    score: float | None = None
    uncertainty: float | None = None
    version: str = ""  # of the model, as the source names it; the source's own when empty


def create_source(*, project: Project, actor, kind: str, title: str, **details: Any) -> SuggestionSource:
    """A new maker of suggestions. The first one of a project is the one that is shown."""
    title = " ".join(title.split())[:200]
    if not title:
        raise DomainError("Give the source a name.", fields={"title": "A name, please."})
    with transaction.atomic():
        source = SuggestionSource.objects.create(project=project, kind=kind, title=title, created_by=actor, **details)
        settings = _lock_settings(project)
        if settings.source_id is None:
            settings.source, settings.counted_since = source, timezone.now()
            settings.save()
        _note(project, actor, "suggestions.source", f"Suggestions can come from {title}")
    return source


def adopt_clients(*, project: Project, actor, version: str = "") -> SuggestionSource:
    """Make a source of what programs sent through the Label Studio door, so that it can be shown: of one version of
    a model, or of the newest of any.
    """
    known = selectors.list_sources(project).filter(kind=KIND.CLIENT, version=version).first()
    title = version or "Label Studio clients"
    return known or create_source(project=project, actor=actor, kind=KIND.CLIENT, title=title, version=version)


def adopt_versions(*, project: Project, actor, versions: Iterable[str]) -> None:
    """A source for each version that programs sent suggestions of; where there are many, one stands for the others."""
    known = set(selectors.list_sources(project).filter(kind=KIND.CLIENT).values_list("version", flat=True))
    for version in sorted(set(versions) - known):
        named = version if version.strip() and len(known) < MAX_CLIENT_SOURCES else ""
        if named not in known:
            known.add(adopt_clients(project=project, actor=actor, version=named).version)


def delete_source(*, source: SuggestionSource, actor) -> None:
    """Take a source away with all it suggested; what came of its suggestions stays in the report."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM annotations_suggestion WHERE source_id = %s", [source.pk])
        note_change(project_id=source.project_id, orders=FROM_SUGGESTIONS)
        _note(source.project, actor, "suggestions.source_deleted", f"Suggestions of {source.title} are deleted")
        if source.webhook is not None:
            source.webhook.delete()
        source.delete()


def start_version(*, source: SuggestionSource, version: str) -> SuggestionSource:
    """What this source suggests from now on carries `version`."""
    source.version = version[:200]
    source.save(update_fields=["version", "updated_at"])
    return source


def write(*, source: SuggestionSource, rows: Sequence[Draft]) -> int:
    """Store suggestions of one source by COPY. Call within a transaction."""
    now = timezone.now().isoformat()
    with connection.cursor() as cursor:
        bulk.copy_rows(cursor, "annotations_suggestion", {
            "task_id": pa.array([row.task_id for row in rows], pa.int64()),
            "source_id": source.pk,
            "model_version": pa.array([(row.version or source.version)[:200] for row in rows], pa.string()),
            "score": pa.array([row.score for row in rows], pa.float64()),
            "uncertainty": pa.array([row.uncertainty for row in rows], pa.float64()),
            "result": pa.array([json.dumps(row.result) for row in rows], pa.string()),
            "value": pa.array([row.value for row in rows], pa.string()),
            "created_by_id": source.created_by_id,
            "created_at": now,
            "updated_at": now,
        }, len(rows))  # fmt: skip
    note_change(project_id=source.project_id, orders=FROM_SUGGESTIONS)
    return len(rows)


def retire_older(*, source: SuggestionSource, before_id: int) -> int:
    """Drop what this source suggested before; not where somebody has the task in hands and may be looking at it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM annotations_suggestion s WHERE s.source_id = %s AND s.id <= %s AND NOT EXISTS (
                   SELECT 1 FROM annotations_lease l WHERE l.task_id = s.task_id AND l.expires_at > now())""",
            [source.pk, before_id],
        )
        return cursor.rowcount


def record_run(
    *, source: SuggestionSource, written: int, unmatched: int = 0, said: Sequence[str] = ()
) -> SuggestionSource:
    """What came of asking a source once."""
    source.written, source.unmatched = written, unmatched
    source.said, source.written_at = list(said)[:KEPT_SENTENCES], timezone.now()
    source.save(update_fields=["written", "unmatched", "said", "written_at", "updated_at"])
    return source


def change_assistance(
    *,
    project: Project,
    actor,
    source: SuggestionSource | None = None,
    is_on: bool | None = None,
    hidden_share: float | None = None,
) -> AssistanceSettings:
    """Choose whose suggestions are shown, to which share of the tasks not, and whether at all.

    Another source, or switching on again, starts the comparison of the two arms anew.
    """
    if hidden_share is not None and not MIN_HIDDEN <= hidden_share <= MAX_HIDDEN:
        sentence = f"Between {MIN_HIDDEN:.0%} and {MAX_HIDDEN:.0%} of the tasks must stay without suggestions."
        raise DomainError(sentence, fields={"hidden_share": sentence})
    with transaction.atomic():
        settings = _lock_settings(project)
        is_new_source = source is not None and source.pk != settings.source_id
        is_new_start = is_on is True and not settings.is_on
        settings.source = source or settings.source
        settings.is_on = settings.is_on if is_on is None else is_on
        settings.hidden_share = settings.hidden_share if hidden_share is None else hidden_share
        if is_new_source or is_new_start:
            settings.counted_since = timezone.now()
            settings.switched_off_at, settings.switched_off_reason = None, ""
        settings.save()
        state = f"from {settings.source.title}" if settings.is_on and settings.source else "off"
        _note(project, actor, "suggestions.changed", f"Suggestions: {state}, {settings.hidden_share:.0%} without")
    return settings


def record_outcome(
    *, project: Project, user, annotation: Annotation, said: Mapping[str, Any] | None = None
) -> SuggestionOutcome | None:
    """What came of a task's suggestion, at a person's first answer to it; a repeat changes nothing.

    `said` is {"id", "outcome"} of the suggestion that the page showed. Tasks of the hidden arm are recorded too.
    """
    if annotation.kind not in (Annotation.Kind.ANSWER, Annotation.Kind.GOLD) or annotation.previous_id is not None:
        return None
    settings = selectors.find_active(project) if annotation.is_assisted else None
    suggestion = _find_meant(settings, annotation.task_id, said) if settings else None
    if settings is None or suggestion is None:
        return None
    is_hidden = not said and rules.is_hidden(settings.seed, annotation.task_id, settings.hidden_share)
    text = Task.objects.filter(pk=annotation.task_id).values_list("item__text", flat=True)[0]
    difference = compare(suggestion.result, annotation.result, text=text)
    attempt = getattr(annotation, "gold_attempt", None)
    outcome, is_new = SuggestionOutcome.objects.get_or_create(
        task_id=annotation.task_id,
        user=user,
        defaults={
            "project": project,
            "annotation": annotation,
            "source_id": settings.source_id,
            "suggestion_id": suggestion.pk,
            "model_version": suggestion.model_version,
            "score": suggestion.score,
            "arm": SuggestionOutcome.Arm.HIDDEN if is_hidden else SuggestionOutcome.Arm.SHOWN,
            "verdict": _find_verdict(is_hidden, difference.distance, said),
            "distance": difference.distance,
            "is_agreed": difference.is_agreed,
            "is_correct": attempt.is_right if attempt else None,
            "lead_time_ms": annotation.lead_time_ms,
        },
    )
    if is_new and outcome.pk % rules.LOOK_EVERY == 0:
        is_proof_due = outcome.pk % rules.PROVE_EVERY == 0
        transaction.on_commit(partial(review, project=project, is_proof_due=is_proof_due))
    return outcome


def review(*, project: Project, is_proof_due: bool = True) -> str:
    """Switch assistance off when the newest answers show that it does not help; returns why, or nothing.

    `is_proof_due` looks so far back that a model which merely does no harm is found out, too.
    """
    settings = selectors.find_active(project)
    if settings is None:
        return ""
    window = selectors.read_window(project, settings, rules.PROOF if is_proof_due else rules.WINDOW)
    reason = rules.find_harm(window) or rules.find_no_help(window)
    if not reason:
        return ""
    with transaction.atomic():
        locked = _lock_settings(project)
        if not locked.is_on or locked.counted_since != settings.counted_since:
            return ""
        locked.is_on, locked.switched_off_at, locked.switched_off_reason = False, timezone.now(), reason[:500]
        locked.save()
        _note(project, None, "suggestions.switched_off", f"Suggestions were switched off: {reason}")
    return reason


def _find_meant(settings: AssistanceSettings, task_id: int, said: Mapping[str, Any] | None) -> Suggestion | None:
    """The suggestion that the page showed; else the one that it would have shown."""
    assert settings.source is not None
    found = selectors.list_suggestions(settings.source).filter(task=task_id).order_by("-pk")
    if said and said.get("id"):
        found = found.filter(pk=said["id"])
    return found.first()


def _find_verdict(is_hidden: bool, distance: float, said: Mapping[str, Any] | None) -> str:
    """The distance decides what was accepted; only a person can say that they rejected it."""
    if is_hidden:
        return Verdict.UNSEEN
    if distance == 0:
        return Verdict.ACCEPTED
    return Verdict.REJECTED if said and said.get("outcome") == Verdict.REJECTED else Verdict.CORRECTED


def _lock_settings(project: Project) -> AssistanceSettings:
    defaults = {"counted_since": timezone.now(), "seed": project.pk}
    AssistanceSettings.objects.get_or_create(project=project, defaults=defaults)
    return AssistanceSettings.objects.select_for_update(of=("self",)).select_related("source").get(project=project)


def _note(project: Project, actor, verb: str, summary: str) -> None:
    record_event(project=project, actor=actor, verb=verb, summary=summary, object_type="suggestions")
