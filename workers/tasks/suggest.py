"""A model's answers to every open task, batch by committed batch; a killed job goes on with the tasks it lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lifecycle.annotations import rules, selectors, suggestion_selectors
from lifecycle.annotations.models import SuggestionSource
from lifecycle.annotations.services import suggestions
from lifecycle.contracts.problems import get_problem_type
from lifecycle.experiments.models import Artifact
from workers.runtime import JobContext, job_task
from workers.tasks.files import fetch_files

BATCH = 256


@job_task("suggest", queue="cpu")
def suggest(context: JobContext) -> dict[str, Any]:
    from workers.engines import suggest as engine  # onnxruntime: only where something is predicted

    source = suggestion_selectors.load_source(context.spec["source_id"])
    since = context.spec["since"]
    folder = context.workdir / "artifact"
    fetch_files(_find_artifact(context).files, folder, blobs=context.blobs, cache=context.blob_dir)
    result = engine.run(
        engine.load(folder),
        _read_batches(context, source, since),
        total=suggestion_selectors.count_open(source.project),
        write=_writer(context, source),
        report=context.report,
        should_stop=context.should_stop,
    )
    with context.recording():
        suggestions.retire_older(source=source, before_id=since)
        said = [f"{result.unreadable:,} items cannot be read by this model."] if result.unreadable else []
        suggestions.record_run(source=source, written=result.written, unmatched=result.unreadable, said=said)
    return {"source": source.pk, "written": result.written, "unreadable": result.unreadable}


def _find_artifact(context: JobContext) -> Artifact:
    return Artifact.objects.get(pk=context.spec["artifact_id"])


def _read_batches(context: JobContext, source: SuggestionSource, since: int) -> Iterator[list[Any]]:
    from workers.engines.suggest import Asked

    for batch in suggestion_selectors.iterate_open(source, since=since, batch=BATCH):
        yield [
            Asked(one.task_id, one.row or (context.blobs.fetch(one.blob, context.blob_dir) if one.blob else one.text))
            for one in batch
        ]


def _writer(context: JobContext, source: SuggestionSource) -> Callable[[Sequence[Any]], None]:
    """Answers as suggestions; a class that the schema does not have is not suggested."""
    kind = get_problem_type(source.project.problem_type).label_kind
    classes = set(selectors.get_schema(source.project).classes)

    def write(answers: Sequence[Any]) -> None:
        drafts = [
            suggestions.Draft(one.key, rules.build_result(kind, one.value), one.value, one.score, one.uncertainty)
            for one in answers
            if one.score is None or one.value in classes
        ]
        with context.recording():
            suggestions.write(source=source, rows=drafts)

    return write
