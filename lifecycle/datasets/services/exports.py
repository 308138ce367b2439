"""Versions in other tools' layouts: asked for, made by a job, kept as a blob to download."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import DomainError
from lifecycle.contracts.exports import LAYOUTS, ExportResult, ExportSpec, list_layouts
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.datasets.models import DatasetVersion, VersionExport
from lifecycle.datasets.selectors.versions import fetch_chunks
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job


def start_export(*, version: DatasetVersion, user, layout: str) -> VersionExport:
    """Have a worker write the version; one that was written before, or is being written, is given back."""
    fitting = {found.key for found in list_fitting_layouts(version)}
    if layout not in fitting:
        named = LAYOUTS[layout].title if layout in LAYOUTS else layout[:40]
        raise DomainError(f"This version cannot be written as {named}.", fields={"layout": "Choose another one."})
    with transaction.atomic():
        DatasetVersion.objects.select_for_update().get(pk=version.pk)
        made = version.exports.filter(layout=layout).select_related("job").first()
        if made and (made.blob or (made.job and made.job.state not in (Job.State.FAILED, Job.State.CANCELED))):
            return made
        export = VersionExport.objects.create(version=version, layout=layout, created_by=user)
        export.job = jobs.enqueue(
            kind="export",
            title=f"Export {version} as {LAYOUTS[layout].title}",
            spec={"export_id": export.pk},
            project=version.dataset.project,
            created_by=user,
            subject_type="version",
            subject_id=version.pk,
        )
        export.save(update_fields=["job", "updated_at"])
    return export


def list_fitting_layouts(version: DatasetVersion):
    """The layouts that can hold the version's items and labels."""
    problem = get_problem_type(version.dataset.project.problem_type)
    has_regions = problem.label_kind not in (LabelKind.CLASS, LabelKind.NUMBER)
    return list_layouts(problem.item_kind, has_regions=has_regions)


def describe_export(*, export: VersionExport, card: str) -> ExportSpec:
    """What the engine is given: local chunks, classes and columns."""
    version = export.version
    columns = tuple((column["name"], column["kind"]) for column in version.dataset.columns)
    return ExportSpec(
        layout=export.layout,
        item_kind=str(get_problem_type(version.dataset.project.problem_type).item_kind),
        classes=tuple(version.classes),
        columns=columns,
        chunks=tuple(str(path) for path in fetch_chunks(version)),
        card=card,
    )


def record_export(*, export: VersionExport, result: ExportResult, blob: str, byte_size: int) -> VersionExport:
    """Keep what the engine wrote. Call within the job's transaction."""
    export.blob, export.byte_size, export.notes = blob, byte_size, list(result.notes)
    export.save(update_fields=["blob", "byte_size", "notes", "updated_at"])
    return export


def store_export(path: str) -> str:
    """The file as a blob."""
    return open_blobs(settings.STORAGE_URL).put_file(path)
