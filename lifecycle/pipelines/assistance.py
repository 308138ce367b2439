"""Suggestions of what was trained here: a registered model version, or the newest model of the active learning."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from lifecycle.annotations import suggestion_selectors as selectors
from lifecycle.annotations.models import AssistanceSettings, SuggestionSource
from lifecycle.annotations.selectors import find_schema
from lifecycle.annotations.services import backends, suggestions
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.datasets.models import Item
from lifecycle.experiments.models import Artifact
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project
from lifecycle.registry.models import ModelVersion

KIND = SuggestionSource.Kind
SUGGESTED_KINDS = (LabelKind.CLASS, LabelKind.NUMBER)
ASKED_AGAIN = (KIND.MODEL, KIND.LOOP, KIND.BACKEND)
ACTIVE = (Job.State.QUEUED, Job.State.RUNNING)
ASK_EVERY = timedelta(minutes=5)
LOOP_TITLE = "Active learning"


def add_model(*, project: Project, user, version: ModelVersion) -> SuggestionSource:
    """Have a registered model version suggest answers to every open task, and to later ones while it is shown."""
    check_kind(project)
    with transaction.atomic():
        known = selectors.list_sources(project).filter(kind=KIND.MODEL, artifact_id=version.artifact_id).first()
        source = known or suggestions.create_source(
            project=project, actor=user, kind=KIND.MODEL, title=str(version), artifact_id=version.artifact_id
        )
        run_model(source=source, user=user, artifact=version.artifact, version=str(version))
    return source


def ask_model(*, source: SuggestionSource, user) -> Job:
    """The same model once more, about the tasks that are open now."""
    artifact = Artifact.objects.filter(pk=source.artifact_id or 0).first()
    if artifact is None:
        raise DomainError("The model of this source is gone. Choose another model version.")
    return run_model(source=source, user=user, artifact=artifact, version=source.version or source.title)


def ask_about_new() -> int:
    """Ask the models and backends whose suggestions are shown about tasks that came since they were asked last; the
    clock calls it. Returns how many were asked.
    """
    asked = 0
    shown = AssistanceSettings.objects.filter(is_on=True, source__kind__in=ASKED_AGAIN, project__archived_at=None)
    for settings in shown.select_related("source__project", "source__job", "source__created_by"):
        source = settings.source
        if source is None or not _has_new(source):
            continue
        if source.kind == KIND.BACKEND:
            backends.ask(source=source, user=source.created_by, action="predict", since=0)
        elif artifact := Artifact.objects.filter(pk=source.artifact_id or 0).first():
            version = source.version or source.title
            run_model(source=source, user=source.created_by, artifact=artifact, version=version, since=0)
        else:
            continue
        asked += 1
    return asked


def _has_new(source: SuggestionSource) -> bool:
    """Whether items came after the source was asked last. One that is at work, or was a moment ago, waits."""
    job, now = source.job, timezone.now()
    if job is None or job.state in ACTIVE or job.created_at > now - ASK_EVERY:
        return False
    newest = Item.objects.filter(dataset__project=source.project).order_by("dataset", "-pk")
    return any(at > job.created_at for at in newest.distinct("dataset").values_list("created_at", flat=True))


def run_model(*, source: SuggestionSource, user, artifact: Artifact, version: str, since: int | None = None) -> Job:
    """Ask a model about every open task; its older suggestions go when the new ones are in. With `since` 0 it is asked
    about those only that it suggested nothing for.
    """
    if source.job is not None and source.job.state in (Job.State.QUEUED, Job.State.RUNNING):
        raise Conflict(f"{source.title} is making suggestions already. Wait until it has ended.")
    with transaction.atomic():
        source.artifact_id = artifact.pk
        source.job = jobs.enqueue(
            kind="suggest",
            title=f"Suggestions of {version}",
            spec={
                "source_id": source.pk,
                "artifact_id": artifact.pk,
                "since": selectors.find_newest_id() if since is None else since,
            },
            project=source.project,
            created_by=user,
            subject_type="suggestion_source",
            subject_id=source.pk,
        )
        source.save(update_fields=["job", "artifact_id", "updated_at"])
        suggestions.start_version(source=source, version=version)
    return source.job


def find_loop_source(project: Project, user) -> SuggestionSource:
    """The source that stands for the active learning; made when it is first needed."""
    known = selectors.list_sources(project).filter(kind=KIND.LOOP).first()
    return known or suggestions.create_source(project=project, actor=user, kind=KIND.LOOP, title=LOOP_TITLE)


def check_kind(project: Project) -> None:
    """Models trained here answer with a class or a number; DomainError for projects that ask something else."""
    kind = get_problem_type(project.problem_type).label_kind
    if kind not in SUGGESTED_KINDS:
        raise DomainError(
            "Models trained here suggest classes and numbers. For boxes, masks and spans import predictions or "
            "connect a Label Studio ML backend: it is trained after every so many labels, and a queue that is ordered "
            "by uncertainty follows what it suggests."
        )
    if find_schema(project) is None:
        raise DomainError("Set the label schema first: a suggestion needs classes to choose from.")
