"""Exports of labels: made by a job and kept; and conversions of what was exported before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import BoundedSemaphore

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from lifecycle.annotations import conversion, exports
from lifecycle.annotations import external_selectors as selectors
from lifecycle.annotations.models import LabelExport
from lifecycle.annotations.services.external import get_interface
from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import Conflict
from lifecycle.contracts.label_exports import LabeledTask
from lifecycle.jobs import services as jobs
from lifecycle.jobs.waiting import wait_until_ended
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

MAX_EXPORTS = 100
WAIT_SECONDS = 240.0  # a million tasks take one; who asks through the door waits with one request open
_waiting = BoundedSemaphore(2)  # of this process: a request that waits holds a thread that others need


@transaction.atomic
def start_export(
    *, project: Project, user, title: str = "", only_annotated: bool = False, only_final: bool = False,
    layout: str = "JSON",
) -> LabelExport:  # fmt: skip
    """Have a worker write all labels of now to a file, or with `only_final` of each item the one that counts.
    DomainError for a layout that does not fit them.
    """
    get_interface(project)
    layout = conversion.check_layout(layout, exports.list_project_layouts(project))
    if selectors.list_exports(project).count() >= MAX_EXPORTS:
        raise Conflict(f"A project keeps at most {MAX_EXPORTS} exports. Delete some first.")
    name = title.strip()[:200] or f"{project.slug}-{timezone.now():%Y-%m-%d-%H-%M}"
    export = LabelExport.objects.create(
        project=project,
        title=name,
        layout=layout,
        only_annotated=only_annotated,
        only_final=only_final,
        created_by=user,
    )
    record_event(
        project=project,
        actor=user,
        verb="labels.exported",
        summary=f"{user.username} exported the labels as “{name}”",
        object_type="label_export",
        object_id=export.pk,
    )
    return _enqueue(export, user)


def make_at_once(*, project: Project, user, layout: str, only_annotated: bool = False) -> LabelExport:
    """An export by a job, and a wait until it is finished, for callers that know no other way than one request.

    Conflict when it takes too long (it goes on, and stays in the list), when it failed, or when others wait already.
    """
    if not _waiting.acquire(blocking=False):
        raise Conflict("Other exports are being written at this moment. Ask again in a minute.")
    try:
        export = start_export(project=project, user=user, layout=layout, only_annotated=only_annotated)
        return _wait(export)
    finally:
        _waiting.release()


def _wait(export: LabelExport) -> LabelExport:
    assert export.job is not None
    if not wait_until_ended(export.job, seconds=WAIT_SECONDS):
        raise Conflict(
            f"This export takes longer than {WAIT_SECONDS:.0f} seconds. It goes on: download export {export.pk} when "
            "it is finished (projects.exports.get, projects.exports.download)."
        )
    found = LabelExport.objects.select_related("job").filter(pk=export.pk).exclude(blob="").first()
    if found is None:
        raise Conflict(f"The export was not finished. {export.job.error}".strip())
    return found


@transaction.atomic
def start_conversion(*, export: LabelExport, user, layout: str) -> LabelExport:
    """Have a worker write a finished export in another layout; one that is there or on its way is not made twice."""
    name = conversion.check_layout(layout, exports.list_project_layouts(export.project))
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
        title=f"Export labels as {exports.find_title(export.layout)}",
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


def read_tasks(*, export: LabelExport, folder: Path) -> Iterator[LabeledTask]:
    """What goes into an export: the labels of now, or those of the snapshot that it converts."""
    if export.parent is None:
        layout, _ = exports.split_layout(export.layout)
        asked = {"only_annotated": export.only_annotated, "only_final": export.only_final}
        return exports.stream_tasks(export.project, layout=layout, **asked)
    source = folder / "snapshot.json"
    with open_blobs(settings.STORAGE_URL).open(export.parent.blob) as stored, open(source, "wb") as file:
        while block := stored.read(1 << 20):
            file.write(block)
    return exports.stream_snapshot(export.project, source)


def record_export(*, export: LabelExport, path: Path, blob: str, count: int) -> LabelExport:
    """The file is stored; call within the job's transaction."""
    export.blob, export.byte_size, export.task_count = blob, path.stat().st_size, count
    export.file_name = f"{export.project.slug}-{export.layout.lower()}{path.suffix}"
    export.finished_at = timezone.now()
    export.save()
    return export
