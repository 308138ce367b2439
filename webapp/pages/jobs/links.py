"""Where the thing that a job works on can be looked at."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import NoReverseMatch, reverse

SUBJECTS: dict[str, tuple[str, str]] = {
    # subject_type: (URL name, name of its id argument)
    "collection": ("datasets:collection", "collection_id"),
    "source": ("sources:source", "source_id"),
    "version": ("datasets:versions", ""),
    "dataset": ("datasets:versions", ""),
    "run": ("experiments:run-by-id", "run_id"),
    "evaluation": ("evaluations:detail", "evaluation_id"),
    "pipeline": ("pipelines:detail", "number"),
}


def find_subject_url(project, job, reverse_url: Callable[..., str] = reverse) -> str:
    """The page of the job's subject; empty when it has none."""
    known = SUBJECTS.get(job.subject_type)
    if known is None:
        return ""
    name, argument = known
    arguments = {"slug": project.slug} | ({argument: job.subject_id} if argument else {})
    try:
        return reverse_url(name, kwargs=arguments)
    except NoReverseMatch:
        return ""
