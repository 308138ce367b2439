"""Talks to a Label Studio ML backend: is it up, what is it to know, what does it say of each open task."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from lifecycle.annotations import suggestion_selectors as selectors
from lifecycle.annotations.models import SuggestionSource
from lifecycle.annotations.services import backends, suggestions
from lifecycle.contracts.engine import Canceled
from workers.engines.suggest.backend import Backend, BackendBusy, BackendError
from workers.runtime import JobContext, RetryLater, job_task

BATCH = 50
PAUSE_SECONDS = 20


@job_task("ml_backend", queue="io")
def ml_backend(context: JobContext) -> dict[str, Any]:
    source = selectors.load_source(context.spec["source_id"])
    place = backends.describe_place(source)
    backend = Backend(place.url, place.username, place.password, settings.ALLOW_PRIVATE_ADDRESSES)
    if context.spec["action"] == "interact":
        return _interact(context, backend, place, source)
    if context.spec["action"] == "open":
        return _predict_opened(context, backend, place, source)
    try:
        backend.health()
        version = backend.setup(project=place.project, config=place.config, hostname=place.hostname)
        if context.spec["action"] == "train":
            _train(backend, place, source)
        return _predict(context, backend, place, source, version)
    except BackendBusy as busy:
        if context.job.attempt < context.job.max_attempts:
            raise RetryLater(PAUSE_SECONDS * context.job.attempt, str(busy)) from None
        raise BackendError(f"The backend was asked {context.job.attempt} times. {busy}") from None


def _interact(context: JobContext, backend: Backend, place: backends.Place, source: SuggestionSource) -> dict[str, Any]:
    """One task with what is drawn on it: somebody waits for the answer, so it is asked once."""
    task, drawn = backends.load_task(source, context.spec["task_id"]), context.spec["context"]
    try:
        [said], version = backend.predict([task], project=place.project, config=place.config, version="", context=drawn)
    except BackendBusy as busy:
        raise BackendError(str(busy)) from None
    if said is None:
        return {"result": [], "score": None, "model_version": version}
    try:
        answer = backends.read_drawn(source, said)
    except ValueError as error:
        raise BackendError(f"What it answered does not fit the questions: {error}") from None
    return answer | {"model_version": answer["model_version"] or version}


def _predict_opened(
    context: JobContext, backend: Backend, place: backends.Place, source: SuggestionSource
) -> dict[str, Any]:
    """Tasks that somebody has open: the answer is of use while they do, so it is asked once."""
    tasks = backends.build_tasks(source, context.spec["task_ids"])
    try:
        said, version = backend.predict(tasks, project=place.project, config=place.config, version="")
    except BackendBusy as busy:
        raise BackendError(str(busy)) from None
    with context.recording():
        written, refused = backends.write_predictions(
            source=source, task_ids=[task["id"] for task in tasks], predictions=said, version=version
        )
    return {"source": source.pk, "written": written, "refused": len(refused)}


def _train(backend: Backend, place: backends.Place, source: SuggestionSource) -> None:
    backend.train(
        project=place.project,
        details=backends.describe_project(source),
        config=place.config,
        annotations=backends.list_annotated(source),
    )


def _predict(
    context: JobContext, backend: Backend, place: backends.Place, source: SuggestionSource, version: str
) -> dict[str, Any]:
    """Every open task, batch by committed batch; a later attempt asks for those that have nothing yet."""
    since, written, seen = context.spec["since"], 0, 0
    refused: list[str] = []
    total = selectors.count_open(source.project)
    for batch in selectors.iterate_open(source, since=since, batch=BATCH):
        if context.should_stop():
            raise Canceled
        tasks = backends.build_tasks(source, [one.task_id for one in batch])
        said, named = backend.predict(tasks, project=place.project, config=place.config, version="")
        with context.recording():
            count, bad = backends.write_predictions(
                source=source, task_ids=[task["id"] for task in tasks], predictions=said, version=named or version
            )
        written, refused, seen = written + count, refused + bad, seen + len(batch)
        context.report.progress(min(1.0, seen / total) if total else 1.0, f"{written:,} of {total:,} tasks")
    with context.recording():
        suggestions.retire_older(source=source, before_id=since)
        suggestions.start_version(source=source, version=source.version)
        suggestions.record_run(source=source, written=written, unmatched=len(refused), said=refused)
    return {"source": source.pk, "written": written, "refused": len(refused), "model_version": source.version}
