"""Exports that take a while: a snapshot of all labels, made by a job and kept, and its conversions."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from lifecycle.annotations import conversion
from lifecycle.annotations import external_selectors as selectors
from lifecycle.annotations.models import LabelExport
from lifecycle.annotations.services.external import get_interface, serve_config
from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import Conflict
from lifecycle.jobs import services as jobs
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

MAX_EXPORTS = 100


@transaction.atomic
def start_export(*, project: Project, user, title: str = "", only_annotated: bool = False) -> LabelExport:
    """Have a worker write all labels of now to a file."""
    get_interface(project)
    if selectors.list_exports(project).count() >= MAX_EXPORTS:
        raise Conflict(f"A project keeps at most {MAX_EXPORTS} exports. Delete some first.")
    name = title.strip()[:200] or f"{project.slug}-{timezone.now():%Y-%m-%d-%H-%M}"
    export = LabelExport.objects.create(project=project, title=name, only_annotated=only_annotated, created_by=user)
    record_event(
        project=project,
        actor=user,
        verb="labels.exported",
        summary=f"{user.username} exported the labels as “{name}”",
        object_type="label_export",
        object_id=export.pk,
    )
    return _enqueue(export, user)


@transaction.atomic
def start_conversion(*, export: LabelExport, user, layout: str) -> LabelExport:
    """Have a worker write a finished export in another layout; one that is there or on its way is not made twice."""
    name = conversion.check_layout(layout, get_interface(export.project).label_kind)
    locked = LabelExport.objects.select_for_update().get(pk=export.pk)
    if not locked.blob:
        raise Conflict("This export is not finished yet.")
    found = locked.conversions.filter(layout=name).exclude(job__state="failed").first()
    if found is not None:
        return found
    made = LabelExport.objects.create(
        project=export.project, parent=locked, title=locked.title, layout=name, created_by=user
    )
    return _enqueue(made, user)


def _enqueue(export: LabelExport, user) -> LabelExport:
    export.job = jobs.enqueue(
        kind="label_export",
        title=f"Export labels as {export.layout}",
        spec={"export_id": export.pk},
        project=export.project,
        created_by=user,
        subject_type="label_export",
        subject_id=export.pk,
    )
    export.save(update_fields=["job", "updated_at"])
    return export


def delete_export(*, export: LabelExport) -> None:
    export.delete()


def write_file(*, export: LabelExport, folder: Path) -> tuple[Path, int]:
    """The file of an export and how many tasks are in it; takes as long as it takes."""
    source = folder / "labels.json"
    if export.parent is None:
        project = export.project
        tasks = selectors.stream_export(project, export.created_by, role="owner", only_annotated=export.only_annotated)
        return source, conversion.write_json(tasks, source)
    with open_blobs(settings.STORAGE_URL).open(export.parent.blob) as stored, open(source, "wb") as file:
        while block := stored.read(1 << 20):
            file.write(block)
    config = serve_config(export.project)
    path = conversion.convert(config=config, source=source, layout=export.layout, folder=folder)
    return path, export.parent.task_count


def record_export(*, export: LabelExport, path: Path, blob: str, count: int) -> LabelExport:
    """The file is stored; call within the job's transaction."""
    export.blob, export.byte_size, export.task_count = blob, path.stat().st_size, count
    export.file_name = f"{export.project.slug}-{export.layout.lower()}{path.suffix}"
    export.finished_at = timezone.now()
    export.save()
    return export
